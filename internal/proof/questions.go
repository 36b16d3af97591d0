package proof

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strconv"
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
// them; a target is also matched by the Service's or pod's name, with or without
// port and kind of address.
func Everything(m *model.Model, from, to string) []path.Question {
	all, _ := Few(m, Filter{From: from, To: to}, 0)
	return all
}

// Filter says which of all questions are meant; see Everything. The zero value
// means all of them.
type Filter struct {
	From, To string // globs
	Via      string // a client's first node; nobody else is meant where it is given
}

// Everywhere asks for one target, which need not be a Service's or pod's, from
// each client through each first node, each node and each pod.
func Everywhere(m *model.Model, f Filter, to, namespace string) []path.Question {
	var all []path.Question
	for _, s := range starts(m) {
		if !matches(f.From, s.name) || f.Via != "" && !s.outside {
			continue
		}
		all = append(all, path.Question{From: s.name, To: to, Via: f.Via, Namespace: namespace})
	}
	return all
}

// each yields the questions of a filter, place by place, and what kind each is
// of: who asks, and what for.
func each(m *model.Model, only Filter) iter.Seq2[path.Question, kind] {
	return func(yield func(path.Question, kind) bool) {
		goals := slices.DeleteFunc(goals(m), func(g goal) bool { return !matches(only.To, append(g.names, g.to)...) })
		for _, f := range starts(m) {
			if !matches(only.From, f.name) || only.Via != "" && !f.outside {
				continue
			}
			for _, g := range goals {
				if f.outside && g.inside || f.name == g.self {
					continue
				}
				for _, via := range firsts(m, &f, &g) {
					if only.Via != "" && via != only.Via && g.owner != only.Via {
						continue
					}
					if !yield(path.Question{From: f.name, To: g.to, Via: via}, kind{f.kind(), g.kind}) {
						return
					}
				}
			}
		}
	}
}

// firsts are the first nodes by which a question is asked; "" leaves it open.
func firsts(m *model.Model, f *start, g *goal) []string {
	if !f.outside || g.owner != "" {
		return []string{""}
	}
	return nodesOf(m)
}

// kind is who asks ("external", "node", "pod") and what for (a kind of front, or
// "pod").
type kind [2]string

type start struct {
	name    string
	outside bool
}

func (s *start) kind() string {
	k, _, _ := strings.Cut(s.name, "/")
	return k
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
	to     string
	kind   string   // "vip", "nodeport", ..., "pod"
	names  []string // as people call it, with more and with less
	inside bool     // not to be asked from outside
	owner  string   // the node that has the address: there is no choice of a first node
	self   string   // the start that would talk to itself without any network
}

func goals(m *model.Model) []goal {
	var all []goal
	for i := range m.Snapshot.Services {
		svc := &m.Snapshot.Services[i]
		for _, f := range m.Services.Of(svc) {
			if f.Kind == service.NodePort {
				names := frontNames(f)
				for j := range m.Snapshot.Nodes {
					n := &m.Snapshot.Nodes[j]
					if ip := n.IP(f.IPv6); ip.IsValid() {
						all = append(all, goal{to: address(ip, f.Port, f.Protocol), kind: f.Kind.String(), names: names, owner: n.Name})
					}
				}
				continue
			}
			all = append(all, goal{to: address(f.Addr, f.Port, f.Protocol), kind: f.Kind.String(), names: frontNames(f), inside: f.Kind == service.ClusterIP})
		}
	}
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		if !living(p) || p.HostNetwork {
			continue
		}
		name := "pod/" + p.Namespace + "/" + p.Name
		for _, port := range p.Ports {
			names := []string{name, name + ":" + strconv.Itoa(int(port.Port)), name + ":" + strconv.Itoa(int(port.Port)) + suffix(port.Protocol)}
			for _, ip := range p.IPs {
				all = append(all, goal{to: address(ip, port.Port, port.Protocol), kind: "pod", names: names, inside: true, self: name})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b goal) int { return strings.Compare(a.to, b.to) })
	return slices.CompactFunc(all, func(a, b goal) bool { return a.to == b.to })
}

func address(ip netip.Addr, port uint16, proto flow.Protocol) string {
	return netip.AddrPortFrom(ip, port).String() + suffix(proto)
}

// frontNames are a front's names, the longest last.
func frontNames(f *service.Front) []string {
	name := "svc/" + f.Service.Namespace + "/" + f.Service.Name
	port := name + ":" + strconv.Itoa(int(f.Named.Port))
	kind := "@" + f.Kind.String()
	return []string{name, name + kind, port, port + kind, port + suffix(f.Protocol), port + suffix(f.Protocol) + kind}
}

// suffix is the protocol behind a target; none for TCP.
func suffix(p flow.Protocol) string {
	if p == flow.TCP {
		return ""
	}
	return "/" + strings.ToLower(p.String())
}

// called is a target as people call it.
func called(m *model.Model, t *path.Target) string {
	proto := suffix(t.Protocol)
	if f := t.Front; f != nil {
		names := frontNames(f)
		return names[len(names)-1]
	}
	if p := m.Index.PodByIP(t.Addr.Addr()); p != nil {
		return fmt.Sprintf("pod/%s/%s:%d%s", p.Namespace, p.Name, t.Addr.Port(), proto)
	}
	return t.Addr.String() + proto
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
