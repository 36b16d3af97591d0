package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
	"github.com/portolan-net/portolan/walk"
)

// From a node to an endpoint that is a pod like most, all packets of one kind
// take the same way, whichever node, Service and pod it is. So the way is walked
// once for each kind, with every question left open, and filled in for the rest.

// wayKey is equal for packets that take the same way from the node that chose
// the endpoint on.
type wayKey struct {
	from       flow.MachineKind
	proto      flow.Protocol
	v6         bool
	masquerade bool
	local      bool // the endpoint is on the node
	listens    cluster.Listening
	source     bool // the packet has a source
	own        bool // the node's address toward the endpoint is known
	same       bool // and is the packet's source already
}

// way is a leg of which only the two ends are missing. Nil: it cannot be filled
// in.
type way struct {
	fate   flow.Fate
	seen   flow.Seen
	checks []wayCheck
}

// wayCheck is a question about the two ends.
type wayCheck struct {
	direction   policy.Direction
	peer        peerKind
	node, world bool
	stop        int
	denied      flow.Seen
}

// ways are what is known of them, and of the nodes and endpoints they join.
type ways struct {
	ways    map[wayKey]*way
	plain   map[string]bool // nodes
	targets map[*service.Backends][]target
}

func newWays() ways {
	return ways{map[wayKey]*way{}, map[string]bool{}, map[*service.Backends][]target{}}
}

// peerKind is who the other end is.
type peerKind uint8

const (
	thePod    peerKind = iota // the sender, a pod
	theTarget                 // the endpoint
	theSource                 // the packet's source before the masquerade
	theNode                   // the node's own address
)

// target is what a way needs to know of an endpoint.
type target struct {
	plain   bool // it is a pod like most
	node    string
	pod     *cluster.Pod
	unit    int32
	listens cluster.Listening
	kind    int32 // equal where no table tells two of the list apart
}

// targetsOf looks at the endpoints of a Service port; each is at its Number.
func (c *Chart) targetsOf(b *service.Backends, proto flow.Protocol) []target {
	if known := c.targets[b]; known != nil {
		return known
	}
	all := b.All()
	list := make([]target, len(all))
	type kind struct {
		unit int32
		port uint16
	}
	var few [16]kind
	kinds := few[:0]
	for i := range all {
		e, t := &all[i], &list[i]
		if c.targetOf(t, e, proto); t.plain {
			k := kind{t.unit, e.Addr.Port()}
			if t.kind = int32(slices.Index(kinds, k)); t.kind < 0 {
				t.kind = int32(len(kinds))
				kinds = append(kinds, k)
			}
		}
	}
	c.targets[b] = list
	return list
}

// targetOf: a pod like most has an address of its own, that no front, range or
// table says something else about, on the node that its slice says.
func (c *Chart) targetOf(t *target, e *service.Backend, proto flow.Protocol) {
	addr := e.Addr.Addr()
	p := e.Target
	t.node, t.pod = e.Node, p
	if p == nil || p.Node != e.Node || e.Node == "" || e.Host || p.Invented || p.HostNetwork || !slices.Contains(p.IPs, addr) {
		return
	}
	if t.unit = c.unitAt(p); t.unit < 0 || c.units.list[t.unit].contested || c.m.LocalAddress(e.Node, addr) || c.m.ServiceAddress(addr) || c.m.Bound(addr) ||
		len(c.m.Services.At(e.Addr, proto)) > 0 || c.m.Services.ForeignProxy(e.Addr, false) != nil {
		return
	}
	t.plain = true
	t.listens = p.Listens(proto, e.Addr.Port())
}

// plainNode reports whether the node's addresses are the node's alone.
func (c *Chart) plainNode(node string) bool {
	known, ok := c.plain[node]
	if ok {
		return known
	}
	known = c.m.Index.Node(node) != nil
	for _, v6 := range []bool{false, true} {
		for _, t := range []cluster.Toward{cluster.TowardOtherNodes, cluster.TowardLocalPods, cluster.TowardRemotePods} {
			if a := c.m.Profile.SourceOf(node, t, v6); a.IsValid() && (!c.m.LocalAddress(node, a) || c.m.Index.PodByIP(a) != nil) {
				known = false
			}
		}
	}
	c.plain[node] = known
	return known
}

// ways: whether enforcers look at all of them may not depend on who is selected.
func (c *Chart) hasWays() bool { return !c.mustWalk() && !c.minds() }

// fill goes the way of a packet that chose an endpoint, if it is known. It
// reports false if it must be walked.
func (w *walker) fill(p *walk.Packet, d *walk.Draw, t *target, b *service.Backend) bool {
	node := d.Node
	if !t.plain || len(p.NATs) > 0 || p.First != node || p.Tuple.Src.Addr() == b.Addr.Addr() || !w.c.plainNode(node) || !w.plainSource(p, node) {
		return false
	}
	v6 := b.Addr.Addr().Is6()
	k := wayKey{
		from: w.From.Kind, proto: w.Protocol, v6: v6, masquerade: w.Masquerades(d.Trip, node, b.Addr.Addr()),
		local: t.node == node, listens: t.listens, source: p.Tuple.Src.IsValid() && p.Tuple.Src.Addr().IsValid(),
	}
	toward := cluster.TowardRemotePods
	if k.local {
		toward = cluster.TowardLocalPods
	}
	own := w.Profile.SourceOf(node, toward, v6)
	k.own, k.same = own.IsValid(), own == p.Tuple.Src.Addr()
	known, ok := w.c.ways.ways[k]
	if !ok {
		known = w.learn(p, d, t, b, own)
		w.c.ways.ways[k] = known
	}
	if known == nil {
		return false
	}
	w.follow(p, known, t, b, own)
	return true
}

// plainSource reports whether the packet's source is the sender's alone.
func (w *walker) plainSource(p *walk.Packet, node string) bool {
	src := p.Tuple.Src.Addr()
	switch w.From.Kind {
	case flow.MachinePod:
		return w.From.Pod.Node == node && w.Index.PodByIP(src) == w.From.Pod && !w.LocalAddress(node, src)
	case flow.MachineNode:
		return !src.IsValid() || w.LocalAddress(node, src)
	default:
		return w.Home(src) == ""
	}
}

// learn walks the rest of the way once, leaving every question open.
func (w *walker) learn(p *walk.Packet, d *walk.Draw, t *target, b *service.Backend, own netip.Addr) *way {
	r := w.c.recordingOf()
	was := r.recorder
	r.pod, r.addr, r.all = w.From.Pod, netip.Addr{}, true
	if w.From.Kind != flow.MachinePod {
		r.pod = nil
	}
	l := &walker{c: w.c, record: &r.recorder}
	l.Walker = walk.Walker{Model: r.m, Question: walk.Question{From: w.From, Protocol: w.Protocol, To: w.To}, Guide: l}
	l.Through(p.Fork(), d, b, 1)
	r.recorder = was
	if len(l.out) != 1 {
		return nil
	}
	found := &way{fate: l.out[0].fate, seen: l.out[0].seen}
	for _, ch := range l.out[0].checks {
		x := wayCheck{direction: ch.Direction, node: ch.Peer.Node, world: ch.Peer.World, stop: ch.stop, denied: ch.denied}
		subject, other := t.pod, w.From.Pod
		if ch.Direction == policy.Egress {
			subject, other = other, subject
		}
		sender := w.From.Kind == flow.MachinePod && other == ch.Peer.Pod
		switch {
		case ch.Subject.Pod != subject || ch.Peer.NoBlocks:
			return nil
		case ch.Direction == policy.Egress && ch.Peer.Pod == t.pod:
			x.peer = theTarget
		case ch.Direction == policy.Ingress && ch.Peer.Pod != nil && sender:
			x.peer = thePod
		case ch.Direction == policy.Ingress && ch.Peer.Pod == nil && ch.Peer.Addr == p.Tuple.Src.Addr():
			x.peer = theSource
		case ch.Direction == policy.Ingress && ch.Peer.Pod == nil && ch.Peer.Addr == own:
			x.peer = theNode
		default:
			return nil
		}
		found.checks = append(found.checks, x)
	}
	return found
}

// follow fills in a way.
func (w *walker) follow(p *walk.Packet, known *way, t *target, b *service.Backend, own netip.Addr) {
	l := leg{fate: known.fate, seen: known.seen, first: p.First, backend: b, dst: b.Addr, source: p.Tuple.Src.Addr(), count: notesOf(p).count}
	for i := 0; i < len(known.checks); {
		stop, before, worst := known.checks[i].stop, len(l.checks), yes
		denied := known.checks[i].denied
		for ; i < len(known.checks) && known.checks[i].stop == stop; i++ {
			x := &known.checks[i]
			q := w.question(p, x, t, b, own)
			if w.record != nil && w.record.about(&q) {
				l.checks = append(l.checks, check{Question: q, stop: stop, denied: x.denied})
				continue
			}
			worst = min(worst, w.c.answer(&q))
		}
		if worst == no {
			l.checks = l.checks[:before]
			l.fate, l.seen = flow.DeniedByPolicy, denied
			break
		}
		if worst == perhaps {
			l.fate, l.seen = flow.Unknown, flow.SeenUnknown
			break
		}
	}
	if l.seen == flow.SeenUnknown && l.fate != flow.Unknown {
		l.seen = flow.Timeout
	}
	w.out = append(w.out, l)
}

func (w *walker) question(p *walk.Packet, x *wayCheck, t *target, b *service.Backend, own netip.Addr) policy.Question {
	end := policy.Party{Addr: b.Addr.Addr(), Pod: t.pod}
	q := policy.Question{Direction: x.direction, Subject: end, Protocol: w.Protocol, Port: b.Addr.Port()}
	src := policy.Party{Addr: p.Tuple.Src.Addr(), Node: x.node, World: x.world}
	switch x.peer {
	case thePod:
		src.Pod = w.From.Pod
	case theNode:
		src.Addr = own
	case theTarget:
		src.Pod = w.From.Pod
	default:
	}
	if src.Pod != nil && src.Pod.Invented {
		src.Addr = netip.Addr{}
	}
	if q.Peer = src; x.direction == policy.Egress {
		src.Node, src.World = false, false
		end.Node, end.World = x.node, x.world
		q.Subject, q.Peer = src, end
	}
	return q
}

// answer is what the enforcer makes of a question, with what other engines may
// do to it.
func (c *Chart) answer(q *policy.Question) match {
	d := c.doubtAt(q.Subject.Pod)
	if !c.profile.Enforces {
		return d.of(yes)
	}
	return d.of([...]match{policy.Undecided: perhaps, policy.NotIsolated: yes, policy.Admitted: yes, policy.Denied: no}[c.Judge(*q).Verdict])
}

func (c *Chart) doubtAt(p *cluster.Pod) doubt {
	if n := c.unitAt(p); n >= 0 {
		return c.units.list[n].doubt
	}
	return doubtOf(c.m, p)
}
