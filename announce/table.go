package announce

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Want is one Service's wish that an address be drawn to nodes.
type Want struct {
	// Local: only nodes with an endpoint should draw it.
	Local bool
	// Serving are the nodes with an endpoint that serves, ready or terminating.
	Serving []string
	// Assigned: a load balancer controller gave the Service the address; an
	// externalIP is nobody's to announce.
	Assigned bool
}

// Table answers for the routers of one Snapshot. Immutable.
type Table struct {
	nodes    []cluster.Node
	index    *cluster.Index
	eligible []string
	wants    map[netip.Addr][]Want
	routers  []cluster.Router
	assumed  bool
}

// excludeLabel: "The label indicates that the node should be excluded from load
// balancers" (reference/labels-annotations-taints).
const excludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers"

// Compile builds the table. Without a router in the Fabric one is assumed, with
// static ECMP routes to every eligible node.
func Compile(s *cluster.Snapshot, x *cluster.Index, wants map[netip.Addr][]Want) *Table {
	t := &Table{nodes: s.Nodes, index: x, wants: wants, routers: s.Fabric.Routers}
	if len(t.routers) == 0 {
		t.assumed = true
		t.routers = []cluster.Router{{Name: "gateway", Multipath: true, Routes: cluster.RoutesStatic}}
	}
	for i := range s.Nodes {
		if n := &s.Nodes[i]; Eligible(n) == "" {
			t.eligible = append(t.eligible, n.Name)
		}
	}
	return t
}

// Eligible returns "" when load balancers may use the node, else why not.
func Eligible(n *cluster.Node) string {
	if _, excluded := n.Labels[excludeLabel]; excluded {
		return "labelled " + excludeLabel
	}
	switch {
	case !n.Ready:
		return "not Ready"
	case n.NetworkUnavailable:
		return "NetworkUnavailable"
	}
	return ""
}

// Eligible returns the nodes that load balancers may use.
func (t *Table) Eligible() []string { return t.eligible }

// Routers returns the routers between clients and nodes.
func (t *Table) Routers() []cluster.Router { return t.routers }

// Assumed reports whether the router is an assumption.
func (t *Table) Assumed() bool { return t.assumed }

// Choice is where a router sends packets for one address.
type Choice struct {
	// Nodes are the next hops; several mean ECMP. Empty: nobody draws it.
	Nodes []string
	// Everyone is true when Nodes are all eligible nodes.
	Everyone bool
	// Known is false when the address is none of the cluster's: the router has
	// its own routes for it.
	Known bool
	Why   flow.Reason
	// Assumption, if any, that Why rests on.
	Assumption flow.Reason
}

// NextHops returns where the router sends packets for addr: to the node that
// owns it, to whom draws it if it is some Service's, or by a prefix.
func (t *Table) NextHops(r *cluster.Router, addr netip.Addr) Choice {
	if n := t.index.NodeByIP(addr); n != nil {
		return Choice{Nodes: []string{n.Name}, Known: true, Why: flow.Because(flow.CodeRoutedToOwner, n.Name)}
	}
	if wants, ok := t.wants[addr]; ok {
		return t.draw(r, addr, wants)
	}
	if slices.ContainsFunc(r.Prefixes, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return t.prefix(r, addr)
	}
	return Choice{}
}

func (t *Table) prefix(r *cluster.Router, addr netip.Addr) Choice {
	if p := t.index.PodByIP(addr); p != nil && p.Node != "" {
		return Choice{Nodes: []string{p.Node}, Known: true, Why: flow.Because(flow.CodeRoutedToOwner, p.Node)}
	}
	return t.static(r, addr)
}

func (t *Table) draw(r *cluster.Router, addr netip.Addr, wants []Want) Choice {
	switch r.Routes {
	case cluster.RoutesBGP:
		nodes := t.announcers(wants)
		slices.SortFunc(nodes, func(a, b string) int { return t.byAddress(a, b, addr.Is6()) })
		return t.limit(r, addr, nodes, "bgp")
	case cluster.RoutesL2:
		return t.leader(addr, t.announcers(wants))
	default:
		return t.static(r, addr)
	}
}

func (t *Table) static(r *cluster.Router, addr netip.Addr) Choice {
	nodes := r.Nodes
	if len(nodes) == 0 {
		c := t.limit(r, addr, t.eligible, "static")
		c.Everyone = len(c.Nodes) == len(t.eligible)
		return c
	}
	return t.limit(r, addr, nodes, "static")
}

// limit applies multipath: a router without ECMP uses one next hop only.
func (t *Table) limit(r *cluster.Router, addr netip.Addr, nodes []string, how string) Choice {
	c := Choice{Nodes: nodes, Known: true}
	switch {
	case len(nodes) == 0:
		c.Why = flow.Because(flow.CodeNotAnnounced, addr.String(), how)
	case !r.Multipath:
		c.Nodes = nodes[:1]
		c.Why = flow.Because(flow.CodeRoutedOne, nodes[0], how, strconv.Itoa(len(nodes)))
		c.Assumption = flow.Because(flow.CodeAssumedNextHop, r.Name, nodes[0])
	default:
		c.Why = flow.Because(flow.CodeRouted, strconv.Itoa(len(nodes)), how)
	}
	return c
}

// announcers returns the nodes that announce an address by BGP or may lead it
// on a segment, as MetalLB decides (speaker/bgp_controller.go,
// layer2_controller.go): for Cluster every eligible node once anything serves,
// for Local the eligible nodes where something serves; for a shared address the
// union, since a route is the address's, not the Service's.
func (t *Table) announcers(wants []Want) []string {
	var nodes []string
	for _, n := range t.eligible {
		if slices.ContainsFunc(wants, func(w Want) bool {
			return w.Assigned && len(w.Serving) > 0 && (!w.Local || slices.Contains(w.Serving, n))
		}) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// leader picks the node with the lowest sha256 of "node#address", which is how
// MetalLB's speakers agree without talking.
func (t *Table) leader(addr netip.Addr, candidates []string) Choice {
	if len(candidates) == 0 {
		return Choice{Known: true, Why: flow.Because(flow.CodeNotAnnounced, addr.String(), "l2")}
	}
	lowest := slices.MinFunc(candidates, func(a, b string) int {
		ha, hb := sha256.Sum256([]byte(a+"#"+addr.String())), sha256.Sum256([]byte(b+"#"+addr.String()))
		return bytes.Compare(ha[:], hb[:])
	})
	return Choice{
		Nodes: []string{lowest}, Known: true,
		Why:        flow.Because(flow.CodeRoutedLeader, lowest, strconv.Itoa(len(candidates))),
		Assumption: flow.Because(flow.CodeAssumedLeader, lowest),
	}
}

// byAddress orders nodes by their address, the last tie-break of BGP's decision
// process (RFC 4271 9.1.2.2).
func (t *Table) byAddress(a, b string, v6 bool) int {
	return cmp.Or(t.index.Node(a).IP(v6).Compare(t.index.Node(b).IP(v6)), strings.Compare(a, b))
}
