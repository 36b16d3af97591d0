package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// start is where packets begin: a client outside, a process of a node, or a pod
// with a network of its own.
type start struct {
	kind  flow.MachineKind
	addrs []netip.Addr // of a client or pod
	node  string       // of a process or pod
	pod   *cluster.Pod
}

func (s *start) addr(v6 bool) netip.Addr {
	for _, a := range s.addrs {
		if a.Is6() == v6 {
			return a
		}
	}
	return netip.Addr{}
}

// leg is one way a packet may take: from its start to an end, with what must let
// it pass in between.
type leg struct {
	fate  flow.Fate
	seen  flow.Seen
	first string
	// backend is the endpoint chosen, nil where none was.
	backend *service.Backend
	// dst and source are what the machine at the end sees.
	dst    netip.AddrPort
	source netip.Addr
	// count is how many endpoints, alike, it stands for.
	count int
	// checks are in order; only trips have any, whose packets pass them all.
	checks []check
}

// check is a question that an enforcer asks on the way. Those of one stop are
// asked together: a denial there counts before a doubt.
type check struct {
	policy.Question
	stop   int
	denied flow.Seen // what the client notices of a denial
}

// walker walks the tables as package path does, without writing down the steps.
// It has one function for each of path's, in the same order.
type walker struct {
	m      *model.Model
	c      *Chart
	from   *start
	proto  flow.Protocol
	to     netip.AddrPort
	asked  flow.Object // the pod asked for by name
	fold   bool
	groups [][]span  // of first nodes that fare alike; nil: each by itself
	record *recorder // notes checks instead of ending at them
	out    []leg
}

type packet struct {
	tuple   flow.Tuple
	hops    int
	nats    []model.NAT
	first   string
	backend *service.Backend
	visited []visit
	checks  []check
	stops   int
	count   int
}

type visit struct {
	kind  flow.MachineKind
	name  string
	first bool
	dst   netip.AddrPort
	src   netip.Addr
}

func (p *packet) fork() *packet {
	c := *p
	c.nats = slices.Clone(p.nats)
	c.visited = slices.Clip(p.visited)
	c.checks = slices.Clip(p.checks)
	return &c
}

func (p *packet) enter(kind flow.MachineKind, name string) bool {
	v := visit{kind, name, p.hops == 0, p.tuple.Dst, p.tuple.Src.Addr()}
	if slices.Contains(p.visited, v) {
		return false
	}
	p.visited = append(p.visited, v)
	p.hops++
	return true
}

func (p *packet) nat(node string, dnat bool, after flow.Tuple) {
	n := len(p.nats)
	if n == 0 || p.nats[n-1].Node != node {
		p.nats = append(p.nats, model.NAT{Node: node, Src: p.tuple.Src.Addr(), Dst: p.tuple.Dst})
		n++
	}
	if dnat {
		p.nats[n-1].DNAT = true
	} else {
		p.nats[n-1].SNAT = true
	}
	p.tuple = after
}

func (w *walker) end(p *packet, fate flow.Fate, errorFrom string) {
	w.endAs(p, fate, w.m.SeenFor(fate, w.proto, w.errorReturns(p, errorFrom)))
}

func (w *walker) errorReturns(p *packet, from string) bool {
	ok, _ := w.m.Returns(p.nats, from)
	return ok
}

func (w *walker) endAs(p *packet, fate flow.Fate, seen flow.Seen) {
	if seen == flow.SeenUnknown && fate != flow.Unknown {
		seen = flow.Timeout
	}
	w.out = append(w.out, leg{
		fate: fate, seen: seen, first: p.first, backend: p.backend, dst: p.tuple.Dst, source: p.tuple.Src.Addr(),
		count: max(1, p.count), checks: p.checks,
	})
}

// police lets a node's enforcer look. It reports false when the packet ended.
func (w *walker) police(p *packet, s model.Stop) bool {
	s.NATs = p.nats
	judged := w.m.Police(s)
	if w.record != nil {
		return w.note(p, &s, judged)
	}
	undecided := false
	for i := range judged {
		j := &judged[i]
		switch {
		case j.Passes():
		case j.Decision.Verdict == policy.Undecided:
			undecided = true
		default:
			w.end(p, flow.DeniedByPolicy, s.Node)
			return false
		}
	}
	if undecided {
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	}
	return !undecided
}

func (w *walker) walk() []leg {
	p := &packet{tuple: flow.Tuple{Protocol: w.proto, Dst: w.to}}
	switch w.from.kind {
	case flow.MachineClient:
		w.fromClient(p, "")
	case flow.MachineNode:
		w.fromProcess(p)
	default:
		w.fromPod(p)
	}
	return w.out
}

// via walks a client's packet that enters at a node.
func (w *walker) via(node string) []leg {
	w.fromClient(&packet{tuple: flow.Tuple{Protocol: w.proto, Dst: w.to}}, node)
	return w.out
}

func (w *walker) fromClient(p *packet, via string) {
	p.tuple = p.tuple.WithSrc(w.from.addr(w.to.Addr().Is6()))
	p.enter(flow.MachineClient, "")
	if !p.tuple.Src.Addr().IsValid() {
		w.end(p, flow.NoRoute, "")
		return
	}
	w.routers(p, via)
}

func (w *walker) fromProcess(p *packet) {
	p.first = w.from.node
	dst := p.tuple.Dst.Addr()
	loc := w.m.Locate(w.from.node, dst)
	src := dst
	if loc.Place != model.Here && !w.m.Bound(dst) {
		src = w.m.Profile.SourceOf(w.from.node, loc.Toward(), dst.Is6())
	}
	p.tuple = p.tuple.WithSrc(src)
	w.node(p, w.from.node, true)
}

func (w *walker) fromPod(p *packet) {
	p.first = w.from.node
	src := w.from.addr(p.tuple.Dst.Addr().Is6())
	p.tuple = p.tuple.WithSrc(src)
	p.enter(flow.MachinePod, "")
	switch {
	case !src.IsValid():
		w.end(p, flow.NoRoute, w.from.node)
	case p.tuple.Dst.Addr() == src || p.tuple.Dst.Addr().IsLoopback():
		p.tuple = p.tuple.WithSrc(p.tuple.Dst.Addr())
		w.listen(p, w.from.pod, w.from.node)
	default:
		w.node(p, w.from.node, false)
	}
}

func (w *walker) routers(p *packet, via string) {
	routers := w.m.Announce.Routers()
	for i := range routers {
		w.router(p.fork(), &routers[i], via)
	}
}

func (w *walker) router(p *packet, r *cluster.Router, via string) {
	if !p.enter(flow.MachineRouter, r.Name) {
		w.end(p, flow.Loop, "")
		return
	}
	if via != "" {
		w.reach(p, via)
		return
	}
	choice := w.m.Announce.NextHops(r, p.tuple.Dst.Addr())
	switch {
	case w.m.Lacks("Node"):
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	case !choice.Known:
		w.outside(p)
	case len(choice.Nodes) == 0:
		w.end(p, flow.NotAnnounced, "")
	case w.foreignBalancer(p.tuple.Dst.Addr()):
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	case w.groups != nil && p.first == "":
		w.throughGroups(p, &choice)
	default:
		for _, n := range choice.Nodes {
			w.reach(p.fork(), n)
		}
	}
}

// throughGroups enters by one node of each group among the next hops.
func (w *walker) throughGroups(p *packet, choice *announce.Choice) {
	for _, g := range w.groups {
		if n := w.oneOf(g, choice); n != "" {
			w.reach(p.fork(), n)
		}
	}
}

func (w *walker) oneOf(g []span, choice *announce.Choice) string {
	nodes := w.m.Snapshot.Nodes
	if !choice.Everyone {
		for _, n := range choice.Nodes {
			if has(g, w.record.placesOf().number[n]) {
				return n
			}
		}
		return ""
	}
	for _, s := range g {
		for i := s.from; i < s.to; i++ {
			if w.m.IsEligible(nodes[i].Name) {
				return nodes[i].Name
			}
		}
	}
	return ""
}

func (w *walker) reach(p *packet, node string) {
	if p.first == "" {
		p.first = node
	}
	w.node(p, node, false)
}

func (w *walker) foreignBalancer(addr netip.Addr) bool {
	return w.m.Services.ProxyMode(addr) != nil && w.m.Announce.Assumed()
}

func (w *walker) outside(p *packet) {
	if p.first == "" {
		w.end(p, flow.NoRoute, "")
		return
	}
	if w.m.ServiceAddress(p.tuple.Dst.Addr()) {
		w.end(p, flow.NotCaptured, "")
		return
	}
	p.enter(flow.MachineOutside, p.tuple.Dst.Addr().String())
	w.accept(p, "")
}
