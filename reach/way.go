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
	v6         bool
	masquerade bool
	local      bool // the endpoint is on the node
	listens    cluster.Listening
	source     bool // the packet has a source
	own        bool // it is masqueraded, and the node's address toward the endpoint is known
	same       bool // that is the packet's source already
}

// way is a leg of which only the two ends are missing.
type way struct {
	fate   flow.Fate
	seen   flow.Seen
	checks []wayCheck
}

// wayCheck is a question about the two ends.
type wayCheck struct {
	direction   policy.Direction
	sender      senderKind
	node, world bool
	stop        int
	denied      flow.Seen
}

// ways are what is known of them, and of the endpoints they lead to.
type ways struct {
	ways    map[wayKey]*way
	targets map[*service.Backends][]target
}

func newWays() ways {
	return ways{map[wayKey]*way{}, map[*service.Backends][]target{}}
}

// senderKind is whom an enforcer takes for the sender.
type senderKind uint8

const (
	thePod    senderKind = iota // the sender, a pod
	theSource                   // the packet's source before the masquerade
	theNode                     // the node's own address
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

// targetOf: a pod like most has an address of its own, that is no node's either and
// of which no front, range or table says something else, on the node that its slice
// says.
func (c *Chart) targetOf(t *target, e *service.Backend, proto flow.Protocol) {
	addr := e.Addr.Addr()
	p := e.Target
	t.node, t.pod, t.unit = e.Node, p, c.unitAt(p)
	t.plain = t.unit >= 0 && p.Node == e.Node && c.isOf(addr, p, "") && !c.m.OfService(addr)
	if t.plain {
		t.listens = p.Listens(proto, e.Addr.Port())
	}
}

// ways: whether enforcers look at all of them may not depend on who is selected.
func (c *Chart) hasWays() bool { return !c.mustWalk() && !c.minds() }

// fill goes the way of a packet that chose an endpoint, a pod like most and not the
// sender, if it is known. It reports false if it must be walked.
func (w *walker) fill(p *walk.Packet, d *walk.Draw, e *alike) bool {
	addr, src := e.shown.Addr.Addr(), p.Tuple.Src.Addr()
	if len(p.NATs) > 0 || p.First != d.Node || !w.plainSource(src, d.Node) {
		return false
	}
	k := wayKey{
		from: w.From.Kind, v6: addr.Is6(), masquerade: w.Masquerades(d.Trip, d.Node, addr),
		local: e.local, listens: e.target.listens, source: src.IsValid(),
	}
	var own netip.Addr
	if k.masquerade {
		toward := cluster.TowardRemotePods
		if k.local {
			toward = cluster.TowardLocalPods
		}
		own = w.Profile.SourceOf(d.Node, toward, k.v6)
		if k.own, k.same = own.IsValid(), own == src; k.own && !w.c.isOf(own, nil, d.Node) {
			return false
		}
	}
	known, ok := w.c.ways.ways[k]
	if !ok {
		known = w.learn(p, d, e.shown, src)
		w.c.ways.ways[k] = known
	}
	w.follow(p, known, e, own)
	return true
}

// plainSource reports whether the packet's source is the sender's alone.
func (w *walker) plainSource(src netip.Addr, node string) bool {
	switch w.From.Kind {
	case flow.MachinePod:
		return w.c.isOf(src, w.From.Pod, "")
	case flow.MachineNode:
		return !src.IsValid() || w.c.isOf(src, nil, node)
	default:
		return w.c.isOf(src, nil, "")
	}
}

// isOf reports whether an address is the pod's, nil for none, and the node's, "" for
// none, and not every host's own.
func (c *Chart) isOf(a netip.Addr, pod *cluster.Pod, node string) bool {
	return c.m.Index.PodByIP(a) == pod && c.m.NodeOf(a) == node && !a.IsLoopback()
}

// learn walks the rest of the way once, leaving every question open.
func (w *walker) learn(p *walk.Packet, d *walk.Draw, b *service.Backend, src netip.Addr) *way {
	r := w.c.recordingOf()
	r.all = true
	l := &walker{record: &r.recorder}
	l.Walker = walk.Walker{Model: r.m, Question: w.Question, Guide: l}
	l.Through(p.Fork(), d, b, 0)
	r.all = false
	found := &way{fate: l.out[0].fate, seen: l.out[0].seen}
	for _, ch := range l.out[0].checks {
		x := wayCheck{direction: ch.Direction, node: ch.Peer.Node, world: ch.Peer.World, stop: ch.stop, denied: ch.denied}
		switch {
		case ch.Direction == policy.Egress, ch.Peer.Pod != nil: // thePod
		case ch.Peer.Addr == src:
			x.sender = theSource
		default:
			x.sender = theNode
		}
		found.checks = append(found.checks, x)
	}
	return found
}

// follow fills in a way.
func (w *walker) follow(p *walk.Packet, known *way, e *alike, own netip.Addr) {
	l := leg{fate: known.fate, seen: known.seen, first: p.First, count: e.count * notesOf(p).count}
	for i := 0; i < len(known.checks); {
		stop, before, worst := known.checks[i].stop, len(l.checks), yes
		denied := known.checks[i].denied
		for ; i < len(known.checks) && known.checks[i].stop == stop; i++ {
			x := &known.checks[i]
			q := w.question(p, x, e, own)
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
	w.out = append(w.out, l)
}

func (w *walker) question(p *walk.Packet, x *wayCheck, e *alike, own netip.Addr) policy.Question {
	to := ofPod(e.shown.Addr.Addr(), e.target.pod)
	from := policy.Party{Addr: p.Tuple.Src.Addr(), Node: x.node, World: x.world}
	switch x.sender {
	case thePod:
		from = ofPod(from.Addr, w.From.Pod)
	case theNode:
		from.Addr = own
	default:
	}
	q := policy.Question{Direction: x.direction, Subject: to, Peer: from, Protocol: w.Protocol, Port: e.shown.Addr.Port()}
	if x.direction == policy.Egress {
		q.Subject, q.Peer = from, to
	}
	return q
}

// ofPod: an invented address is no ground for a policy.
func ofPod(a netip.Addr, p *cluster.Pod) policy.Party {
	if p.Invented {
		a = netip.Addr{}
	}
	return policy.Party{Addr: a, Pod: p}
}

// answer is what the enforcer makes of a question, with what other engines may
// do to it.
func (c *Chart) answer(q *policy.Question) match {
	d := doubtOf(c.m, q.Subject.Pod)
	if !c.profile.Enforces {
		return d.of(yes)
	}
	return d.of([...]match{policy.Undecided: perhaps, policy.NotIsolated: yes, policy.Admitted: yes, policy.Denied: no}[c.Judge(*q).Verdict])
}
