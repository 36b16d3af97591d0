package path

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
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
	Firsts    []string        // first nodes
	Endpoints []flow.Endpoint // whom the packet was meant for
	Sources   []netip.Addr    // what the server sees, where something arrives
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
	// Assumptions and Deviations are those of the traces and of the profile that
	// matter here, without repetition.
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
			w := walker{m: m, q: q, from: s, target: t, fold: fold}
			if err := w.start(); err != nil {
				return nil, err
			}
			a.Traces = append(a.Traces, w.out...)
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
	if s.kind != flow.MachineClient {
		return wrong(q.Via, "leave --via out", "only a client outside chooses a first node; %s is inside the cluster", s.name)
	}
	if m.Index.Node(q.Via) == nil {
		return wrong(q.Via, known("nodes are", nodeNames(m)), "no such Node in the input")
	}
	return nil
}

func (a *Answer) sum(m *model.Model) {
	fates := make([]flow.Fate, 0, len(a.Traces))
	a.Assumptions = flow.Merge(a.Assumptions, m.Profile.Assumed)
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
	m      *model.Model
	q      Question
	from   *start
	target Target
	fold   bool
	out    []Walked
}

// packet is a walk in progress. It is copied where the walk branches.
type packet struct {
	tuple    flow.Tuple
	hops     []flow.Hop
	nats     []model.NAT
	first    string
	backend  *service.Backend
	visited  []visit
	assumed  []flow.Reason
	deviates []flow.Reason
	judged   []model.Judgement
	stands   fold
}

type visit struct {
	machine flow.Machine
	first   bool // where the packet started: it may come back as a stranger
	dst     netip.AddrPort
	src     netip.Addr
}

// fork copies the packet so that two branches do not write into one history.
func (p *packet) fork() *packet {
	c := *p
	c.hops = slices.Clone(p.hops)
	if n := len(c.hops); n > 0 {
		c.hops[n-1].Steps = slices.Clone(c.hops[n-1].Steps)
	}
	c.nats = slices.Clone(p.nats)
	c.visited = slices.Clip(p.visited)
	c.assumed = slices.Clip(p.assumed)
	c.deviates = slices.Clip(p.deviates)
	c.judged = slices.Clip(p.judged)
	return &c
}

// enter begins a hop at a machine. It reports false when the packet has been
// there before as it is now: it would go round for ever.
func (p *packet) enter(at flow.Machine) bool {
	v := visit{machine: at, first: len(p.hops) == 0, dst: p.tuple.Dst, src: p.tuple.Src.Addr()}
	if slices.Contains(p.visited, v) {
		return false
	}
	p.visited = append(p.visited, v)
	p.hops = append(p.hops, flow.Hop{Machine: at})
	return true
}

func (p *packet) step(hook flow.Hook, action flow.Action, reason flow.Reason, origins ...flow.Origin) {
	p.note(flow.Step{Hook: hook, Action: action, Reason: reason, Before: p.tuple, After: p.tuple, Origins: origins})
}

func (p *packet) note(s flow.Step) {
	h := &p.hops[len(p.hops)-1]
	h.Steps = append(h.Steps, s)
}

func (p *packet) assume(code flow.Code, args ...string) {
	p.assumed = append(p.assumed, flow.Because(code, args...))
}

// nat records that a node translated, and lets the packet go on as after.
func (p *packet) nat(node string, hook flow.Hook, action flow.Action, after flow.Tuple, reason flow.Reason, origins ...flow.Origin) {
	p.note(flow.Step{Hook: hook, Action: action, Reason: reason, Before: p.tuple, After: after, Origins: origins})
	n := len(p.nats)
	if n == 0 || p.nats[n-1].Node != node {
		p.nats = append(p.nats, model.NAT{Node: node, Src: p.tuple.Src.Addr(), Dst: p.tuple.Dst})
		n++
	}
	if action == flow.DNAT {
		p.nats[n-1].DNAT = true
	} else {
		p.nats[n-1].SNAT = true
	}
	p.tuple = after
}

// end closes a trace. errorFrom is the node a refusal starts from; it matters
// only where the fate comes with one.
func (w *walker) end(p *packet, fate flow.Fate, errorFrom string) {
	returns, lost := w.m.Returns(p.nats, errorFrom)
	seen := w.m.SeenFor(fate, p.tuple.Protocol, returns)
	if !returns && seen != w.m.SeenFor(fate, p.tuple.Protocol, true) {
		p.step(flow.Reply, flow.Lose, flow.Because(flow.CodeErrorLost, lost))
	}
	w.endAs(p, fate, seen)
}

func (w *walker) errorReturns(p *packet, from string) bool {
	ok, _ := w.m.Returns(p.nats, from)
	return ok
}

func (w *walker) endAs(p *packet, fate flow.Fate, seen flow.Seen) {
	t := Walked{From: w.from.name, Target: w.target, Judged: p.judged}
	t.Trace = flow.Trace{
		Hops: p.hops, Fate: fate, Seen: seen, First: p.first,
		Assumptions: p.assumed, Deviations: p.deviates,
	}
	if p.backend != nil {
		t.Endpoint = p.backend.Endpoint
	}
	if arrives(fate) {
		t.Source = p.tuple.Src.Addr()
		if p.backend != nil {
			t.Endpoint = w.answering(p.backend)
		}
		if t.Endpoint.Addr != p.tuple.Dst {
			t.Endpoint = w.endpointAt(p.tuple.Dst)
		}
	}
	t.Stands = w.stand(p, &t)
	if fate == flow.DeniedByPolicy || fate == flow.Unknown {
		for _, j := range p.judged {
			if !j.Passes() {
				t.Denied = append(t.Denied, j)
			}
		}
	}
	if seen == flow.SeenUnknown && fate != flow.Unknown {
		t.Seen = flow.Timeout
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
	n := w.m.Index.NodeByIP(b.Addr.Addr())
	if n == nil || b.Target != nil && b.Target.HostNetwork && b.Target.Declares(w.target.Protocol, b.Addr.Port()) {
		return e
	}
	if p := w.hostListener(n.Name, b.Addr.Port()); p != nil {
		e.Pod, e.Node = p.Object(), n.Name
	}
	return e
}

// endpointAt names who stands at an address.
func (w *walker) endpointAt(dst netip.AddrPort) flow.Endpoint {
	e := flow.Endpoint{Addr: dst}
	if p := w.m.Index.PodByIP(dst.Addr()); p != nil {
		e.Pod, e.Node = p.Object(), p.Node
	} else if n := w.m.Index.NodeByIP(dst.Addr()); n != nil {
		e.Node = n.Name
		if p := w.hostListener(n.Name, dst.Port()); p != nil {
			e.Pod = p.Object()
		}
	}
	return e
}

// hostListener is the hostNetwork pod behind a node's port: the one asked for
// by name, else one that declares the port.
func (w *walker) hostListener(node string, port uint16) *cluster.Pod {
	if w.target.Pod.Kind != "" && w.target.Addr.Port() == port {
		if p := w.m.Index.Pod(w.target.Pod.Namespace, w.target.Pod.Name); p != nil && p.HostNetwork && p.Node == node {
			return p
		}
	}
	return w.m.Index.HostListener(node, w.target.Protocol, port)
}

// police lets a node's enforcer look. It reports false when the trace ended.
func (w *walker) police(p *packet, s model.Stop) bool {
	s.NATs = p.nats
	judged := w.m.Police(s)
	hookOf := func(j *model.Judgement) flow.Hook {
		if j.Question.Direction == policy.Egress {
			return flow.Egress
		}
		return s.Hook
	}
	undecided := false
	for i := range judged {
		j := &judged[i]
		p.judged = append(p.judged, *j)
		if !j.Deviation.IsZero() {
			p.deviates = append(p.deviates, j.Deviation)
		}
		if !j.Assumption.IsZero() {
			p.assumed = append(p.assumed, j.Assumption)
		}
		words := judgementWords(j)
		switch {
		case !j.Exempt.IsZero():
			p.step(hookOf(j), flow.Exempt, j.Exempt)
		case j.Decision.Verdict == policy.NotIsolated:
			p.step(hookOf(j), flow.Pass, flow.Because(flow.CodeNotIsolated, words[0], words[1]))
		case j.Decision.Verdict == policy.Admitted:
			p.step(hookOf(j), flow.Admit, flow.Because(flow.CodeAdmitted, words...), j.Decision.By)
		case j.Decision.Verdict == policy.Undecided:
			p.step(hookOf(j), flow.Doubt, j.Decision.Missing, origins(j)...)
			undecided = true
		default:
			p.step(hookOf(j), w.m.Denial(), flow.Because(flow.CodeDenied, words...), origins(j)...)
			w.end(p, flow.DeniedByPolicy, s.Node)
			return false
		}
	}
	if undecided {
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return false
	}
	return true
}
