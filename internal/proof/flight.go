package proof

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Outcome is how one connection ends for the client. The zero Endpoint and
// Source: not connected, or not known.
type Outcome struct {
	Seen     flow.Seen
	Endpoint string
	Source   string
}

// String prints "connected to test/ssh-0 as 10.0.0.11", or "timeout".
func (o Outcome) String() string {
	s := o.Seen.String()
	if o.Endpoint != "" {
		s += " to " + o.Endpoint
	}
	if o.Source != "" {
		s += " as " + o.Source
	}
	return s
}

// flight is one way the packets of a question may go before any node chooses
// anything: from whom, to which address, by which first node.
type flight struct {
	from   string // a place: external/NAME, node/NAME, pod/NAMESPACE/NAME
	target path.Target
	router string // of a client
	first  string // of a client: the node its packets enter by; "" where the router keeps them
	// predicted are the outcomes, with one more for each further trace that ends so.
	predicted map[Outcome]int
	// sticky: a client keeps its endpoint, so one client sees one of them.
	sticky bool
	// claimed: several Services claim the address, and who has it is the
	// dataplane's to say.
	claimed bool
	// loops: packets go round until their time is up, and whether anybody hears of
	// it is chance: the error goes round as well.
	loops bool

	// denied is where policy is predicted to end packets.
	denied []Drop

	observed map[Outcome]int
	tries    int
	drops    []Drop           // that the log tells of
	strange  []netip.AddrPort // own addresses of connections that ended as not predicted
}

// flights takes an answer apart. Every trace of it must be known.
func flights(a *path.Answer) []*flight {
	var all []*flight
	byKey := map[string]*flight{}
	for i := range a.Traces {
		t := &a.Traces[i]
		router := ""
		for _, h := range t.Hops {
			if h.Machine.Kind == flow.MachineRouter {
				router = h.Machine.Name
				break
			}
		}
		first := t.First
		if !isClient(t) {
			router, first = "", ""
		}
		key := strings.Join([]string{t.From, t.Target.String(), router, first}, " ")
		f := byKey[key]
		if f == nil {
			f = &flight{from: t.From, target: t.Target, router: router, first: first, predicted: map[Outcome]int{}, observed: map[Outcome]int{}}
			byKey[key] = f
			all = append(all, f)
		}
		f.predicted[outcome(t)]++
		f.denied = merge(f.denied, denials(t))
		f.sticky = f.sticky || assumes(t, flow.CodeAssumedAffinity)
		f.claimed = f.claimed || assumes(t, flow.CodeAssumedOwner)
		f.loops = f.loops || t.Fate == flow.Loop
	}
	return all
}

func assumes(t *path.Walked, code flow.Code) bool {
	return slices.ContainsFunc(t.Assumptions, func(r flow.Reason) bool { return r.Code == code })
}

// loose reports whether not every predicted outcome must occur.
func (f *flight) loose() bool { return f.sticky || f.claimed }

func isClient(t *path.Walked) bool {
	return len(t.Hops) > 0 && t.Hops[0].Machine.Kind == flow.MachineClient
}

// outcome is what a client notices of a trace.
func outcome(t *path.Walked) Outcome {
	o := Outcome{Seen: t.Seen}
	if t.Fate != flow.Delivered {
		return o
	}
	o.Endpoint = t.Endpoint.String()
	if t.Source.IsValid() {
		o.Source = t.Source.String()
	}
	return o
}

// client is the address of the flight's client, where nobody but the answer
// knows it: without a Fabric clients are stand-ins.
func client(t *path.Walked) (netip.Addr, bool) {
	if !isClient(t) || len(t.Hops[0].Steps) == 0 {
		return netip.Addr{}, false
	}
	src := t.Hops[0].Steps[0].Before.Src.Addr()
	return src, src.IsValid()
}

// least is how often a flight is asked at least, most how often at most: of k
// equally likely outcomes one is missed in most tries with a probability below
// one in a million.
func (f *flight) least() int {
	if k := f.draws(); k > 1 {
		return 3 * k
	}
	return 1
}

func (f *flight) most() int {
	k := f.draws()
	if k <= 1 {
		return 1
	}
	return int(math.Ceil(float64(k) * (math.Log(float64(k)) + 14)))
}

// draws is among how many traces a node chooses.
func (f *flight) draws() int {
	n := 0
	for _, c := range f.predicted {
		n += c
	}
	return n
}

// missing reports whether some predicted outcome was not observed.
func (f *flight) missing() bool {
	for o := range f.predicted {
		if !f.saw(o) {
			return true
		}
	}
	return false
}

// saw reports whether the outcome was observed. A source that is not known
// matches any.
func (f *flight) saw(o Outcome) bool {
	if f.observed[o] > 0 {
		return true
	}
	if f.lost(o) {
		return f.observed[Outcome{Seen: flow.Timeout}]+f.observed[Outcome{Seen: flow.Unreachable}] > 0
	}
	if o.Source != "" {
		return false
	}
	for seen := range f.observed {
		if seen.Seen == o.Seen && seen.Endpoint == o.Endpoint {
			return true
		}
	}
	return false
}

// lost reports whether an outcome may be that of a packet that goes round.
func (f *flight) lost(o Outcome) bool {
	return f.loops && (o.Seen == flow.Timeout || o.Seen == flow.Unreachable)
}

// expected reports whether an observed outcome was predicted.
func (f *flight) expected(o Outcome) bool {
	if f.predicted[o] > 0 || f.lost(o) {
		return true
	}
	for p := range f.predicted {
		if p.Seen == o.Seen && p.Endpoint == o.Endpoint && p.Source == "" {
			return true
		}
	}
	return false
}

// surprised reports whether anything was observed that was not predicted.
func (f *flight) surprised() bool {
	for o := range f.observed {
		if !f.expected(o) {
			return true
		}
	}
	return false
}

// done reports whether more tries would tell nothing new.
func (f *flight) done() bool {
	switch {
	case f.tries >= f.most(), f.surprised():
		return true
	case f.tries < f.least():
		return false
	}
	return f.loose() || !f.missing()
}

// differences are what was seen and not predicted, and the other way round.
func (f *flight) differences() []Difference {
	var out []Difference
	for _, o := range sorted(f.observed) {
		if !f.expected(o) {
			out = append(out, Difference{Kind: Unpredicted, Outcome: o, Tries: f.tries})
		}
	}
	for _, o := range sorted(f.predicted) {
		if !f.saw(o) && !f.loose() {
			out = append(out, Difference{Kind: Unseen, Outcome: o, Tries: f.tries})
		}
	}
	if f.sticky && len(f.observed) > 1 {
		out = append(out, Difference{Kind: Unsticky, Outcome: sorted(f.observed)[0], Tries: f.tries})
	}
	for i := range f.drops {
		if d := &f.drops[i]; f.denies(d, (*Drop).samePlace) && !f.denies(d, (*Drop).same) {
			out = append(out, Difference{Kind: OtherPolicies, Tries: f.tries, Drop: *d})
		}
	}
	return out
}

// denies reports whether a drop is like one that is predicted.
func (f *flight) denies(d *Drop, like func(*Drop, *Drop) bool) bool {
	return slices.ContainsFunc(f.denied, func(o Drop) bool { return like(d, &o) })
}

// differs puts a difference into words.
func (f *flight) differs(d *Difference) string {
	switch d.Kind {
	case Unpredicted:
		return fmt.Sprintf("%s: seen, not predicted: %s", f.words(), d.Outcome)
	case Unseen:
		return fmt.Sprintf("%s: predicted, not seen in %d tries: %s", f.words(), d.Tries, d.Outcome)
	case OtherPolicies:
		return fmt.Sprintf("%s: denied on %s by other policies than predicted: %v", f.words(), d.Drop.Node, objects(d.Drop.By))
	case Unsticky:
	}
	return fmt.Sprintf("%s: session affinity, yet several outcomes: %v", f.words(), sorted(f.observed))
}

func (f *flight) words() string {
	s := f.from + " -> " + f.target.String()
	if f.first != "" {
		s = f.from + " via " + f.first + " -> " + f.target.String()
	}
	return s
}

func sorted(set map[Outcome]int) []Outcome {
	var out []Outcome
	for o := range set {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Outcome) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// Unprovable is why a question cannot be held against this kernel.
type Unprovable string

// The reasons.
const (
	UnprovableUnknown  Unprovable = "the prediction is UNKNOWN"
	UnprovableSCTP     Unprovable = "this kernel makes no SCTP sockets"
	UnprovablePending  Unprovable = "the address does not exist"
	UnprovableUnread   Unprovable = "a pod behind the Service is not in the input"
	UnprovableDetour   Unprovable = "nobody sends packets to the rest of the world by way of a node"
	UnprovableNoSender Unprovable = "nobody there can send: no address of the family, or no node"
)

// provable says why an answer cannot be proved, "" where it can.
func provable(m *model.Model, a *path.Answer) Unprovable {
	for i := range a.Traces {
		t := &a.Traces[i]
		switch {
		case t.Target.Pending != nil:
			return UnprovablePending
		case t.Target.Protocol == flow.SCTP:
			return UnprovableSCTP
		case t.Fate == flow.Unknown || t.Seen == flow.SeenUnknown:
			return UnprovableUnknown
		case t.Endpoint.Pod.Kind == "Pod" && m.Index.Pod(t.Endpoint.Pod.Namespace, t.Endpoint.Pod.Name) == nil:
			return UnprovableUnread
		case a.Question.Via != "" && detour(m, t):
			return UnprovableDetour
		case !sends(m, t):
			return UnprovableNoSender
		}
	}
	return ""
}

// detour reports whether a node gave a client's packet back to a router that would
// never have sent it there.
func detour(m *model.Model, t *path.Walked) bool {
	routers := m.Announce.Routers()
	last := t.Hops[len(t.Hops)-1].Machine
	return (t.Fate == flow.Loop || last.Kind == flow.MachineOutside) && slices.ContainsFunc(routers, func(r cluster.Router) bool {
		return !m.Announce.NextHops(&r, t.Target.Addr.Addr()).Known
	})
}

// sends reports whether the trace begins at somebody that the lab can build.
func sends(m *model.Model, t *path.Walked) bool {
	v6 := t.Target.Addr.Addr().Is6()
	kind, name, _ := strings.Cut(t.From, "/")
	if kind != "pod" {
		if kind == "node" {
			n := m.Index.Node(name)
			return n != nil && n.IP(v6).IsValid()
		}
		_, ok := client(t)
		return ok
	}
	ns, pod, _ := strings.Cut(name, "/")
	p := m.Index.Pod(ns, pod)
	return p != nil && p.Node != "" && (p.HostNetwork || p.IP(v6).IsValid())
}
