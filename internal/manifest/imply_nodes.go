package manifest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// ImplyNodes lets pods stand in for Nodes that could not be read: who may read one
// namespace sees on which nodes its pods run, and which addresses those have. Their
// labels, conditions and pod ranges stay unknown.
func (b *Builder) ImplyNodes() { b.implied = true }

// implyNodes makes the Nodes that pods name.
func (b *Builder) implyNodes() []flow.Reason {
	unread := func(r *reading) bool {
		return slices.ContainsFunc(r.Lists, func(u cluster.Unread) bool { return u.Kind == "Node" })
	}
	if len(b.nodes) > 0 || !b.implied && !slices.ContainsFunc(b.readings, unread) {
		return nil
	}
	known := map[string]bool{}
	for _, p := range b.pods {
		ips := p.HostIPs
		if p.HostNetwork {
			ips = p.IPs
		}
		if p.Node == "" || len(ips) == 0 || known[p.Node] {
			continue
		}
		known[p.Node] = true
		b.nodes = append(b.nodes, &cluster.Node{
			Meta: cluster.Meta{Name: p.Node, Position: p.Position}, InternalIPs: slices.Clone(ips), Implied: true,
		})
	}
	if len(b.nodes) == 0 {
		return nil
	}
	return []flow.Reason{flow.Because(flow.CodeNodesImplied, strconv.Itoa(len(b.nodes)), few(slices.Sorted(maps.Keys(known))))}
}
