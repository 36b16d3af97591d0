package proof

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/service"
)

// Everything is every question that is worth asking of a cluster: each client
// through each first node, each node and each pod, to each address of every
// Service, to each node's NodePorts and to each pod. from and to, where they are
// not empty, are globs (path.Match) over places and targets as questions write
// them; a target is also matched by the Service's or pod's name.
func Everything(m *model.Model, from, to string) []path.Question {
	var all []path.Question
	goals := goals(m)
	for _, f := range starts(m) {
		if !matches(from, f.name) {
			continue
		}
		for _, g := range goals {
			if !matches(to, g.to, g.name) || f.outside && g.inside || f.name == g.self {
				continue
			}
			if !f.outside || g.owner != "" {
				all = append(all, path.Question{From: f.name, To: g.to})
				continue
			}
			for _, n := range nodesOf(m) {
				all = append(all, path.Question{From: f.name, To: g.to, Via: n})
			}
		}
	}
	return all
}

// Sample thins questions out evenly until at most so many are left.
func Sample(all []path.Question, most int) []path.Question {
	if most <= 0 || len(all) <= most {
		return all
	}
	out := make([]path.Question, 0, most)
	for i := range most {
		out = append(out, all[i*len(all)/most])
	}
	return out
}

type start struct {
	name    string
	outside bool
}

// starts are all places a packet can come from.
func starts(m *model.Model) []start {
	var all []start
	for _, c := range m.Snapshot.Fabric.Clients {
		all = append(all, start{"external/" + c.Name, true})
	}
	if len(all) == 0 {
		all = append(all, start{"external", true})
	}
	for _, n := range nodesOf(m) {
		all = append(all, start{name: "node/" + n})
	}
	for i := range m.Snapshot.Pods {
		if p := &m.Snapshot.Pods[i]; living(p) && !p.HostNetwork {
			all = append(all, start{name: "pod/" + p.Namespace + "/" + p.Name})
		}
	}
	return all
}

func living(p *cluster.Pod) bool {
	return !p.Finished() && p.Node != "" && len(p.IPs) > 0 && !p.Invented
}

func nodesOf(m *model.Model) []string {
	var all []string
	for i := range m.Snapshot.Nodes {
		all = append(all, m.Snapshot.Nodes[i].Name)
	}
	return all
}

// goal is something to ask for.
type goal struct {
	to, name string
	inside   bool   // not to be asked from outside
	owner    string // the node that has the address: there is no choice of a first node
	self     string // the start that would talk to itself without any network
}

func goals(m *model.Model) []goal {
	var all []goal
	for i := range m.Snapshot.Services {
		svc := &m.Snapshot.Services[i]
		name := "svc/" + svc.Namespace + "/" + svc.Name
		for _, f := range m.Services.Of(svc) {
			if f.Kind == service.NodePort {
				for j := range m.Snapshot.Nodes {
					n := &m.Snapshot.Nodes[j]
					if ip := n.IP(f.IPv6); ip.IsValid() {
						all = append(all, goal{to: address(ip, f.Port, f.Protocol), name: name, owner: n.Name})
					}
				}
				continue
			}
			all = append(all, goal{to: address(f.Addr, f.Port, f.Protocol), name: name, inside: f.Kind == service.ClusterIP})
		}
	}
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		if !living(p) || p.HostNetwork {
			continue
		}
		for _, port := range p.Ports {
			for _, ip := range p.IPs {
				all = append(all, goal{to: address(ip, port.Port, port.Protocol), name: "pod/" + p.Namespace + "/" + p.Name, inside: true, self: "pod/" + p.Namespace + "/" + p.Name})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b goal) int { return strings.Compare(a.to, b.to) })
	return slices.CompactFunc(all, func(a, b goal) bool { return a.to == b.to })
}

func address(ip netip.Addr, port uint16, proto flow.Protocol) string {
	s := netip.AddrPortFrom(ip, port).String()
	if proto != flow.TCP {
		s += "/" + strings.ToLower(proto.String())
	}
	return s
}

// matches reports whether the glob is empty or matches one of the names. "*"
// stands for anything, slashes too.
func matches(glob string, names ...string) bool {
	return glob == "" || slices.ContainsFunc(names, func(n string) bool { return like(glob, n) })
}

// like matches a glob whose only special sign is "*".
func like(glob, name string) bool {
	parts := strings.Split(glob, "*")
	if len(parts) == 1 {
		return glob == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}
