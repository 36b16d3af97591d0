package path

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
	"github.com/portolan-net/portolan/walk"
)

// Walked is one Trace with what explaining it needs beside.
type Walked struct {
	flow.Trace
	// From is the start as people call it.
	From string
	// Target is what was asked.
	Target Target
	// Denied are the judgements that ended the trace, or left it Unknown.
	Denied []model.Judgement
	// Judged are all judgements the packet met.
	Judged []model.Judgement
	// Stands is what else the trace stands for; see Ask.
	Stands
}

// Stands is how many paths one trace stands for, and in what they differ. A
// trace of Walk stands for itself.
type Stands struct {
	Count     int
	Endpoints []flow.Endpoint // whom the packet was meant for

	nodes       model.Nodes // first nodes, if they are several
	first       string
	source      netip.Addr
	masquerades bool // each of the nodes has a source of its own
	toward      cluster.Toward
}

// Firsts are the first nodes.
func (s *Stands) Firsts() []string {
	switch {
	case s.nodes.Len() > 0:
		return s.nodes.Names()
	case s.first != "":
		return []string{s.first}
	default:
		return nil
	}
}

// Sources are what the server sees, where something arrives.
func (s *Stands) Sources() []netip.Addr {
	switch {
	case !s.source.IsValid():
		return nil
	case s.masquerades:
		return s.nodes.Sources(s.toward)
	default:
		return []netip.Addr{s.source}
	}
}

// Masqueraded reports whether some node rewrote the source on the way.
func (t *Walked) Masqueraded() bool {
	for _, h := range t.Hops {
		for _, s := range h.Steps {
			if s.Action == flow.SNAT {
				return true
			}
		}
	}
	return false
}

// Answer is all traces of one question.
type Answer struct {
	Question Question
	Targets  []Target
	Traces   []Walked
	Verdict  flow.Verdict
	// Assumptions and Deviations are those of the traces, of the profile and of the
	// reading that matter here, without repetition.
	Assumptions []flow.Reason
	Deviations  []flow.Reason
}

// Walk answers a question with every trace that reality may choose, one by one.
// The error is a *QuestionError: the question names what the cluster does not
// have.
func Walk(m *model.Model, q Question) (*Answer, error) { return answer(m, q, false) }

// Ask is Walk where one trace stands for all that are alike: next hops and
// endpoints that no table of the Model tells apart are walked once. Verdict,
// fates, endpoints and sources are the same.
func Ask(m *model.Model, q Question) (*Answer, error) { return answer(m, q, true) }

func answer(m *model.Model, q Question, fold bool) (*Answer, error) {
	to, err := parseTo(q.To, namespaceOf(q))
	if err != nil {
		return nil, err
	}
	from, err := starts(m, q.From, namespaceOf(q))
	if err != nil {
		return nil, err
	}
	a := &Answer{Question: q}
	for i := range from {
		s := &from[i]
		if err := checkVia(m, q, s); err != nil {
			return nil, err
		}
		ts, err := targets(m, to, s, q.Via)
		if err != nil {
			return nil, err
		}
		for _, t := range ts {
			if !slices.ContainsFunc(a.Targets, func(o Target) bool { return o.Addr == t.Addr }) {
				a.Targets = append(a.Targets, t)
			}
			if err := canAsk(m, q, s, t); err != nil {
				return nil, err
			}
			a.Traces = walkOne(a.Traces, m, q, s, t, fold)
		}
	}
	a.sum(m)
	return a, nil
}

func namespaceOf(q Question) string {
	if q.Namespace == "" {
		return "default"
	}
	return q.Namespace
}

func checkVia(m *model.Model, q Question, s *start) error {
	if q.Via == "" {
		return nil
	}
	if s.Kind != flow.MachineClient {
		return wrong(q.Via, "leave --via out", "only a client outside chooses a first node; %s is inside the cluster", s.name)
	}
	if m.Index.Node(q.Via) == nil {
		return missing("Node", "", q.Via, known("nodes are", nodeNames(m)))
	}
	return nil
}

// canAsk refuses a packet that no network carries so.
func canAsk(m *model.Model, q Question, s *start, t Target) error {
	dst := t.Addr.Addr()
	if s.Kind != flow.MachineClient || t.Pending != nil || !s.Addr(dst.Is6()).IsValid() {
		return nil
	}
	if dst.IsLoopback() {
		return wrong(t.Addr.String(), "ask from node/NAME or pod/NAMESPACE/NAME", "a loopback address never leaves its own host")
	}
	if owner := m.Index.NodeByIP(dst); owner != nil && q.Via != "" && owner.Name != q.Via {
		return wrong(q.Via, "use --via "+owner.Name+" or leave it out",
			"%s is an address of node %s, a packet to it cannot enter elsewhere", dst, owner.Name)
	}
	return nil
}

func (a *Answer) sum(m *model.Model) {
	fates := make([]flow.Fate, 0, len(a.Traces))
	a.Assumptions = flow.Merge(flow.Merge(a.Assumptions, m.Profile.Assumed), m.Snapshot.Notes)
	for i := range a.Traces {
		t := &a.Traces[i]
		fates = append(fates, t.Fate)
		a.Assumptions = flow.Merge(a.Assumptions, t.Assumptions)
		a.Deviations = flow.Merge(a.Deviations, t.Deviations)
	}
	a.Verdict = flow.Sum(fates)
}

// walker walks one start to one target.
type walker struct {
	walk.Walker
	from   *start
	target Target
	fold   bool
	out    []Walked
	// seen are the endpoints that were looked at last: see stances.
	seen struct {
		of  *service.Backends
		src netip.Addr
		all []stance
	}
}

// walkOne adds the traces of one start and target to out.
func walkOne(out []Walked, m *model.Model, q Question, from *start, t Target, fold bool) []Walked {
	w := &walker{from: from, target: t, fold: fold, out: slices.Grow(out, usualTraces)}
	w.Walker = walk.Walker{
		Model: m, Guide: w, Scribe: w,
		Question: walk.Question{From: &from.Start, Protocol: t.Protocol, To: t.Addr, Pod: t.Pod, Via: q.Via},
	}
	if t.Pending != nil {
		w.pending()
	} else {
		w.Walk(&notes{steps: make([]flow.Step, 0, usualSteps)})
	}
	return w.out
}

// How much room is made at once: for endpoints here and elsewhere, and for a packet
// that one node translates and another delivers.
const (
	usualTraces = 2
	usualSteps  = 9
)

// notes are what is written down about a packet on its way. They are only ever
// added to, so branches share what was written before them.
type notes struct {
	entered  []entered
	steps    []flow.Step
	assumed  []flow.Reason
	deviates []flow.Reason
	judged   []model.Judgement
	stands   fold
}

// entered is a machine, and how many steps there were before it.
type entered struct {
	at    flow.Machine
	steps int
}

// Fork leaves the spare room to one of the two branches.
func (n *notes) Fork() walk.Notes {
	c := *n
	c.entered = slices.Clip(n.entered)
	c.steps = slices.Grow(slices.Clip(n.steps), usualSteps)
	c.assumed = slices.Clip(n.assumed)
	c.deviates = slices.Clip(n.deviates)
	c.judged = slices.Clip(n.judged)
	return &c
}

// notesOf are the packet's: those that Walk was given.
func notesOf(p *walk.Packet) *notes {
	n, _ := p.Notes.(*notes)
	return n
}

func (n *notes) enter(at flow.Machine) { n.entered = append(n.entered, entered{at, len(n.steps)}) }

func (n *notes) step(s flow.Step) { n.steps = append(n.steps, s) }

// hops are the machines with the steps of each.
func (n *notes) hops() []flow.Hop {
	all := make([]flow.Hop, len(n.entered))
	end := len(n.steps)
	for i := len(all) - 1; i >= 0; i-- {
		e := &n.entered[i]
		all[i].Machine = e.at
		if e.steps < end {
			all[i].Steps = n.steps[e.steps:end:end]
		}
		end = e.steps
	}
	return all
}

func (n *notes) assume(code flow.Code, args ...string) {
	n.assumed = append(n.assumed, flow.Because(code, args...))
}

// End keeps a finished trace.
func (w *walker) End(p *walk.Packet, fate flow.Fate, seen flow.Seen) {
	n := notesOf(p)
	t := Walked{From: w.from.name, Target: w.target, Judged: n.judged}
	t.Trace = flow.Trace{
		Hops: n.hops(), Fate: fate, Seen: seen, First: p.First,
		Assumptions: n.assumed, Deviations: n.deviates,
	}
	if p.Backend != nil {
		t.Endpoint = p.Backend.Endpoint
	}
	if arrives(fate) {
		t.Source = p.Tuple.Src.Addr()
		if p.Backend != nil {
			t.Endpoint = w.answering(p.Backend)
		}
		if t.Endpoint.Addr != p.Tuple.Dst {
			t.Endpoint = w.endpointAt(p.Tuple.Dst)
		}
	}
	t.Stands = w.stand(p, n, &t)
	if fate == flow.DeniedByPolicy || fate == flow.Unknown {
		for _, j := range n.judged {
			if !j.Passes() {
				t.Denied = append(t.Denied, j)
			}
		}
	}
	w.out = append(w.out, t)
}

// arrives reports whether a trace that ends so met a socket, open or closed.
func arrives(fate flow.Fate) bool {
	return fate == flow.Delivered || fate == flow.ReplyLost || fate == flow.NotListening
}

// answering is an endpoint with who has its port there: of the hostNetwork pods of
// a node the one that declares it, whatever the slice says.
func (w *walker) answering(b *service.Backend) flow.Endpoint {
	e := b.Endpoint
	n := w.Index.NodeByIP(b.Addr.Addr())
	if n == nil || b.Target != nil && b.Target.HostNetwork && b.Target.Declares(w.Protocol, b.Addr.Port()) {
		return e
	}
	if p := w.HostListener(n.Name, b.Addr.Port()); p != nil {
		e.Pod, e.Node = p.Object(), n.Name
	}
	return e
}

// endpointAt names who stands at an address.
func (w *walker) endpointAt(dst netip.AddrPort) flow.Endpoint {
	e := flow.Endpoint{Addr: dst}
	if p := w.Index.PodByIP(dst.Addr()); p != nil {
		e.Pod, e.Node = p.Object(), p.Node
	} else if n := w.Index.NodeByIP(dst.Addr()); n != nil {
		e.Node = n.Name
		if p := w.HostListener(n.Name, dst.Port()); p != nil {
			e.Pod = p.Object()
		}
	}
	return e
}
