package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
	"github.com/portolan-net/portolan/walk"
)

// start is where packets begin.
type start = walk.Start

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

// walker walks one packet for many. What package path does not fold, it does.
type walker struct {
	walk.Walker
	c      *Chart
	fold   bool
	groups [][]span  // of first nodes that fare alike; nil: each by itself
	record *recorder // notes checks instead of ending at them
	out    []leg
}

// notes are what a leg has of its packet.
type notes struct {
	checks []check
	stops  int
	count  int
}

// Fork copies what two branches would both write into.
func (n *notes) Fork() walk.Notes {
	c := *n
	c.checks = slices.Clip(n.checks)
	return &c
}

// notesOf are the packet's: those that Walk was given.
func notesOf(p *walk.Packet) *notes {
	n, _ := p.Notes.(*notes)
	return n
}

// legs walks everything.
func (w *walker) legs() []leg {
	w.Guide = w
	w.Walk(&notes{count: 1})
	return w.out
}

// End keeps a leg.
func (w *walker) End(p *walk.Packet, fate flow.Fate, seen flow.Seen) {
	n := notesOf(p)
	w.out = append(w.out, leg{
		fate: fate, seen: seen, first: p.First, backend: p.Backend, dst: p.Tuple.Dst, source: p.Tuple.Src.Addr(),
		count: n.count, checks: n.checks,
	})
}

// Judged leaves open, where checks are noted, what depends on the sender.
func (w *walker) Judged(p *walk.Packet, s *model.Stop, found []model.Judgement) []model.Judgement {
	if w.record == nil {
		return found
	}
	n := notesOf(p)
	n.stops++
	before := len(n.checks)
	var rest []model.Judgement
	denied := false
	for i := range found {
		j := &found[i]
		switch {
		case !j.Exempt.IsZero():
		case w.record.about(&j.Question):
			n.checks = append(n.checks, check{Question: j.Question, stop: n.stops})
		case !j.Passes():
			rest = append(rest, *j)
			denied = denied || j.Decision.Verdict != policy.Undecided
		}
	}
	if denied {
		n.checks = n.checks[:before]
		return rest
	}
	seen := w.SeenFor(flow.DeniedByPolicy, w.Protocol, w.ErrorReturns(p, s.Node))
	for i := before; i < len(n.checks); i++ {
		n.checks[i].denied = seen
	}
	return rest
}

// Firsts enters by every next hop, or by one node of each group among them.
func (w *walker) Firsts(p *walk.Packet, choice *announce.Choice) {
	if w.groups == nil || p.First != "" {
		for _, n := range choice.Nodes {
			w.Enter(p.Fork(), n)
		}
		return
	}
	for _, g := range w.groups {
		if n := w.oneOf(g, choice); n != "" {
			w.Enter(p.Fork(), n)
		}
	}
}

func (w *walker) oneOf(g []span, choice *announce.Choice) string {
	nodes := w.Snapshot.Nodes
	if !choice.Everyone {
		for _, n := range choice.Nodes {
			if has(g, w.record.placesOf().number[n]) {
				return n
			}
		}
		return ""
	}
	for _, s := range g {
		// Nodes that only pods name are behind the others, and nobody's first.
		for i := s.from; i < min(s.to, int32(len(nodes))); i++ {
			if w.IsEligible(nodes[i].Name) {
				return nodes[i].Name
			}
		}
	}
	return ""
}

// Endpoints goes on with every endpoint, or one of each kind that fares alike.
func (w *walker) Endpoints(p *walk.Packet, d *walk.Draw) {
	if !w.fold {
		for i, b := range d.Backends {
			w.Through(p.Fork(), d, b, i+1)
		}
		return
	}
	var targets []target
	if w.c.hasWays() {
		targets = w.c.targetsOf(d.Front.Backends, w.Protocol)
	}
	var few [8]alike
	kinds := few[:0]
	for i, b := range d.Backends {
		k := alike{shown: b, number: i + 1, count: 1}
		if targets != nil && targets[b.Number].plain && b.Addr.Addr() != p.Tuple.Src.Addr() {
			k.target = &targets[b.Number]
			k.local = k.target.node == d.Node
		} else {
			k.key = w.AlikeBackend(b, d.Node, p.Tuple.Src.Addr(), w.Protocol)
		}
		at := slices.IndexFunc(kinds, k.same)
		if at < 0 {
			kinds = append(kinds, k)
		} else {
			kinds[at].count++
		}
	}
	for i := range kinds {
		k := &kinds[i]
		notesOf(p).count = k.count
		if k.target != nil && w.fill(p, d, k.target, k.shown) {
			continue
		}
		q := p
		if i < len(kinds)-1 {
			q = p.Fork()
		}
		w.Through(q, d, k.shown, k.number)
	}
}

// alike is endpoints that fare alike on a node.
type alike struct {
	shown  *service.Backend
	number int // of shown, among those chosen
	count  int
	key    model.BackendKey
	target *target // instead of key, for a pod like most
	local  bool
}

func (k alike) same(o alike) bool {
	if k.target != nil && o.target != nil {
		return k.target.kind == o.target.kind && k.local == o.local
	}
	return k.target == nil && o.target == nil && k.key == o.key
}
