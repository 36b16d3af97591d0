package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// asked is a front with what its answers have in common.
type asked struct {
	*service.Front
	c      *Chart
	family family
	groups [][]span // of nodes
	self   []int32  // pods that are endpoints, places in Snapshot.Pods, in order
}

func (c *Chart) asked(f *service.Front) *asked {
	c.unitsOf()
	a := &asked{Front: f, c: c}
	if f.IPv6 {
		a.family = 1
	}
	a.groups = c.placesOf().groups[a.family]
	for _, o := range c.together(f) {
		a.groups = refine(a.groups, c.ownNodes(o.Backends, a.family, f.Protocol))
		all := o.Backends.All()
		for i := range all {
			if n := c.m.Index.PodNumberByIP(all[i].Addr.Addr()); n >= 0 {
				a.self = append(a.self, int32(n))
			}
		}
	}
	slices.Sort(a.self)
	a.self = slices.Compact(a.self)
	return a
}

// byNextHop are the groups, the nodes apart to which routers send the address: what
// a proxy leaves alone, as some do with a process that asks a Service without
// endpoints, leaves the node and may come back.
func (a *asked) byNextHop() [][]span {
	groups := a.groups
	if !slices.ContainsFunc(a.c.together(a.Front), func(o *service.Front) bool { return !o.Backends.Any() }) {
		return groups
	}
	routers := a.c.m.Announce.Routers()
	for i := range routers {
		choice := a.c.m.Announce.NextHops(&routers[i], a.Addr)
		groups = refine(groups, []ownNodes{{nodes: a.c.spansOf(&choice)}})
	}
	return groups
}

// refine cuts groups of nodes by those with endpoints of their own.
func refine(groups [][]span, own []ownNodes) [][]span {
	if len(own) == 0 {
		return groups
	}
	var all []span
	for i := range own {
		all = union(all, own[i].nodes)
	}
	var out [][]span
	for _, g := range groups {
		if rest := minus(g, all); len(rest) > 0 {
			out = append(out, rest)
		}
		for i := range own {
			if p := intersect(g, own[i].nodes); len(p) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// to is what a client on a node, or of a node, asks.
func (a *asked) to(node int32) (Target, bool) {
	t := Target{Protocol: a.Protocol, Addr: netip.AddrPortFrom(a.Addr, a.Port)}
	if a.Kind == service.NodePort {
		nodes := a.c.m.Snapshot.Nodes
		if int(node) >= len(nodes) || !nodes[node].IP(a.IPv6).IsValid() {
			return Target{}, false
		}
		t.Addr = netip.AddrPortFrom(nodes[node].IP(a.IPv6), a.Port)
	}
	return t, true
}

// Front answers for one front from everywhere.
func (c *Chart) Front(f *service.Front) Front {
	a := c.asked(f)
	return Front{Front: f, Outside: a.fromOutside(), Nodes: a.fromNodes(), Pods: a.fromPods()}
}

// Fronts calls yield with every front of every Service, in the order of the
// Snapshot.
func (c *Chart) Fronts(yield func(*Front) bool) {
	for i := range c.m.Snapshot.Services {
		for _, f := range c.m.Services.Of(&c.m.Snapshot.Services[i]) {
			front := c.Front(f)
			if !yield(&front) {
				return
			}
		}
	}
}

// Service answers for every front of one Service.
func (c *Chart) Service(svc *cluster.Service) []Front {
	var out []Front
	for _, f := range c.m.Services.Of(svc) {
		out = append(out, c.Front(f))
	}
	return out
}

func (a *asked) fromNodes() []FromNodes {
	var out []FromNodes
	nodes := a.c.m.Snapshot.Nodes
	for _, g := range a.byNextHop() {
		if int(g[0].from) >= len(nodes) {
			continue // pods without a node
		}
		to, ok := a.to(g[0].from)
		if !ok {
			continue
		}
		answer := answerOf(a.c.legs(&start{Kind: flow.MachineNode, Node: nodes[g[0].from].Name}, to, true))
		n := slices.IndexFunc(out, func(o FromNodes) bool { return o.Answer.equal(&answer) })
		if n < 0 {
			n = len(out)
			out = append(out, FromNodes{Answer: answer, Nodes: Nodes{all: nodes}})
		}
		out[n].Nodes.spans = union(out[n].Nodes.spans, g)
	}
	return out
}

// fromPods asks from one pod of each kind on each group of nodes.
func (a *asked) fromPods() []FromPods {
	var found []kindParts
	pl := a.c.placesOf()
	for k := range pl.kinds {
		if pl.kinds[k].families&(1<<a.family) == 0 {
			continue
		}
		for _, g := range a.groups {
			found = a.addKind(found, int32(k), g)
		}
	}
	var out []FromPods
	for i := range found {
		out = append(out, a.parts(&found[i])...)
	}
	return append(out, a.fromSelf()...)
}

// kindParts is how units of a kind fare on some nodes.
type kindParts struct {
	kind  int32
	nodes []span
	parts []part
}

func (a *asked) addKind(found []kindParts, kind int32, g []span) []kindParts {
	p := a.stranger(kind, g)
	if p == nil {
		return found
	}
	to, ok := a.to(a.c.placesOf().number[p.Node])
	if !ok {
		return found
	}
	parts := a.partsOf(p, to, kind, g)
	for i := range found {
		if f := &found[i]; sameParts(f.parts, parts) {
			f.nodes = union(f.nodes, g)
			return found
		}
	}
	return append(found, kindParts{kind, g, parts})
}

// sameParts is false for those of two kinds, which have no unit in common.
func sameParts(a, b []part) bool {
	return slices.EqualFunc(a, b, func(a, b part) bool { return a.answer.equal(&b.answer) && slices.Equal(a.units, b.units) })
}

// partsOf is how the pods of a kind fare, by one that stands for all.
func (a *asked) partsOf(p *cluster.Pod, to Target, kind int32, g []span) []part {
	c := a.c
	if c.mustWalk() {
		return a.walkEach(kind, g)
	}
	from := start{Kind: flow.MachinePod, Addrs: p.IPs, Node: p.Node, Pod: p}
	legs := c.trip(&from, to, nil)
	return c.partition(legs, p, a.family, kind)
}

// mustWalk: what policies say of the sender changes the way of its packets, so
// that nobody can stand for all.
func (c *Chart) mustWalk() bool {
	p := c.profile
	return p.EgressBeforeDNAT || p.ForwardOnly && c.m.Profile.Proxy.SkipsForward
}

// walkEach asks from a pod of every unit on the nodes.
func (a *asked) walkEach(kind int32, g []span) []part {
	c := a.c
	var out []part
	for _, s := range c.placesOf().units[kind] {
		for n := s.from; n < s.to; n++ {
			pod := a.onNode(n, g)
			if pod == nil {
				continue
			}
			to, _ := a.to(c.placesOf().number[pod.Node])
			from := start{Kind: flow.MachinePod, Addrs: pod.IPs, Node: pod.Node, Pod: pod}
			answer := answerOf(c.legs(&from, to, true))
			at := slices.IndexFunc(out, func(o part) bool { return o.answer.equal(&answer) })
			if at < 0 {
				at = len(out)
				out = append(out, part{answer: answer})
			}
			out[at].units = appendSpan(out[at].units, span{n, n + 1})
		}
	}
	return out
}

// stranger is a pod of the kind on one of the nodes that is no endpoint, or nil.
func (a *asked) stranger(kind int32, g []span) *cluster.Pod {
	pl := a.c.placesOf()
	for _, s := range intersect(g, pl.where[kind]) {
		for n := s.from; n < s.to; n++ {
			for _, p := range pl.pods[n] {
				if pl.kindOf[a.c.units.ofPod[p]] != kind {
					continue
				}
				if _, self := slices.BinarySearch(a.self, p); !self {
					return &a.c.m.Snapshot.Pods[p]
				}
			}
		}
	}
	return nil
}

// parts are the answers for units of a kind on nodes.
func (a *asked) parts(k *kindParts) []FromPods {
	pl := a.c.placesOf()
	everywhere := len(minus(pl.where[k.kind], k.nodes)) == 0
	var out []FromPods
	for _, p := range k.parts {
		f := FromPods{Units: Set{p.units}, Answer: p.answer, Nodes: Nodes{all: a.c.m.Snapshot.Nodes}}
		f.Pods = a.c.PodsIn(f.Units)
		for _, s := range a.self {
			if has(p.units, a.c.units.ofPod[s]) {
				f.Pods--
			}
		}
		if f.All = everywhere; !everywhere {
			f.Nodes.spans = k.nodes
			if rest := minus(pl.where[k.kind], k.nodes); count(rest) < count(k.nodes) {
				// Nearly everywhere: who is elsewhere is found sooner.
				_, elsewhere := a.onNodes(p.units, rest)
				f.Pods -= elsewhere
			} else {
				f.Units, f.Pods = a.onNodes(p.units, k.nodes)
			}
		}
		if f.Pods > 0 {
			out = append(out, f)
		}
	}
	return out
}

// onNodes are the units with pods on the nodes that are no endpoints, and how
// many such pods.
func (a *asked) onNodes(units, nodes []span) (Set, int) {
	pl, c := a.c.placesOf(), a.c
	var some []int32
	n := 0
	for _, s := range nodes {
		for node := s.from; node < s.to; node++ {
			for _, p := range pl.pods[node] {
				u := c.units.ofPod[p]
				if _, self := slices.BinarySearch(a.self, p); !self && has(units, u) {
					some = append(some, u)
					n++
				}
			}
		}
	}
	slices.Sort(some)
	return Set{runs(slices.Compact(some))}, n
}

// fromSelf are the endpoints as clients: one of the answers is their own.
func (a *asked) fromSelf() []FromPods {
	c := a.c
	pl := c.placesOf()
	type key struct {
		unit, group int32
		as          string
	}
	answers := map[key]int{}
	var out []FromPods
	var units, nodes [][]int32 // of each
	for _, s := range a.self {
		p := &c.m.Snapshot.Pods[s]
		node, unit := pl.ofPod[s], c.units.ofPod[s]
		to, ok := a.to(node)
		if !ok {
			continue
		}
		k := key{unit, int32(slices.IndexFunc(a.groups, func(g []span) bool { return has(g, node) })), a.as(p)}
		at, known := answers[k]
		if !known {
			from := start{Kind: flow.MachinePod, Addrs: p.IPs, Node: p.Node, Pod: p}
			answer := answerOf(c.legs(&from, to, true))
			at = slices.IndexFunc(out, func(o FromPods) bool { return o.Answer.equal(&answer) })
			if at < 0 {
				at = len(out)
				out = append(out, FromPods{Answer: answer, Nodes: Nodes{all: c.m.Snapshot.Nodes}})
				units, nodes = append(units, nil), append(nodes, nil)
			}
			answers[k] = at
		}
		o := &out[at]
		o.Self = append(o.Self, p)
		o.Pods++
		units[at], nodes[at] = append(units[at], unit), append(nodes[at], node)
	}
	for i := range out {
		out[i].Units, out[i].Nodes.spans = setOf(units[i]), setOf(nodes[i]).spans
	}
	return out
}

// as is how a pod is listed among the endpoints.
func (a *asked) as(p *cluster.Pod) string {
	var b []byte
	for _, f := range a.c.together(a.Front) {
		all := f.Backends.All()
		for i := range all {
			e := &all[i]
			if !slices.Contains(p.IPs, e.Addr.Addr()) {
				continue
			}
			b = append(b, readiness(e), byte(e.Addr.Port()), byte(e.Addr.Port()>>8))
			if e.Node != p.Node {
				b = append(b, '!')
				if a.c.m.Services.ServedOn(p.Node, e.Addr) { // another Service lists it aright
					b = append(b, '+')
				}
			}
			for _, hint := range [][]string{e.Zones(), e.Nodes()} {
				for _, h := range hint {
					b = append(append(b, h...), ',')
				}
			}
		}
		b = append(b, ';')
	}
	return string(b)
}

// onNode is a pod of the unit on one of the nodes that is no endpoint, or nil.
func (a *asked) onNode(unit int32, nodes []span) *cluster.Pod {
	u, number := a.c.units, a.c.placesOf().number
	for _, p := range u.pods[u.starts[unit]:u.starts[unit+1]] {
		pod := &a.c.m.Snapshot.Pods[p]
		if _, self := slices.BinarySearch(a.self, p); !self && has(nodes, number[pod.Node]) {
			return pod
		}
	}
	return nil
}
