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
	// source is what the machine at the end sees, of a packet that was walked for
	// itself alone.
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
	// number is that of the stop among all of the trip, 0 where only one leg comes
	// from there: of those that come from one stop, who does not pass it goes one way.
	number int
	count  int // of the leg so far
}

// walker walks one packet for many. What package path does not fold, it does.
type walker struct {
	walk.Walker
	c      *Chart
	fold   bool
	groups [][]span  // of first nodes that fare alike; nil: each by itself
	record *recorder // notes checks instead of ending at them
	judged int       // stops so far
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
	w.out = append(w.out, leg{fate: fate, seen: seen, first: p.First, source: p.Tuple.Src.Addr(), count: n.count, checks: n.checks})
}

// Judged leaves open, where checks are noted, what depends on the sender.
func (w *walker) Judged(p *walk.Packet, s *model.Stop, found []model.Judgement) []model.Judgement {
	if w.record == nil {
		return found
	}
	n := notesOf(p)
	n.stops++
	w.judged++
	before := len(n.checks)
	var rest []model.Judgement
	denied := false
	for i := range found {
		j := &found[i]
		switch {
		case !j.Exempt.IsZero():
		case w.record.about(&j.Question):
			n.checks = append(n.checks, check{Question: j.Question, stop: n.stops, number: w.judged, count: n.count})
		case !j.Passes():
			rest = append(rest, *j) // one at most: of two ends the other is not the sender
			denied = j.Decision.Verdict == policy.Denied
		}
	}
	if denied {
		n.checks = n.checks[:before]
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
		for _, b := range d.Backends {
			w.Through(p.Fork(), d, b, 0)
		}
		return
	}
	var few [8]alike
	kinds := w.kinds(few[:0], p, d)
	for i := range kinds {
		k := &kinds[i]
		if k.target != nil && w.fill(p, d, k) {
			continue
		}
		q := p.Fork()
		notesOf(q).count *= k.count
		w.Through(q, d, k.shown, 0)
	}
}

// alike is endpoints that fare alike on a node.
type alike struct {
	shown  *service.Backend
	count  int
	target *target // of a pod like most that is not the sender
	fare
}

// fare is equal for endpoints that fare alike.
type fare struct {
	kind  int32            // of the target
	local bool             // so is the target
	key   model.BackendKey // where there is no target
}

func (w *walker) kinds(out []alike, p *walk.Packet, d *walk.Draw) []alike {
	var targets []target
	if w.c.hasWays() {
		targets = w.c.targetsOf(d.Front.Backends, w.Protocol)
	}
	src := p.Tuple.Src.Addr()
	for _, b := range d.Backends {
		k := alike{shown: b, count: 1}
		if targets != nil && targets[b.Number].plain && b.Addr.Addr() != src {
			k.target = &targets[b.Number]
			k.kind, k.local = k.target.kind, k.target.node == d.Node
		} else {
			k.key = w.AlikeBackend(b, d.Node, src, w.Protocol)
		}
		at := slices.IndexFunc(out, func(o alike) bool { return o.fare == k.fare })
		if at < 0 {
			out = append(out, k)
		} else {
			out[at].count++
		}
	}
	return out
}
