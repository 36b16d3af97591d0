package prober

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Verdict is whether reality did as predicted.
type Verdict uint8

// The verdicts. The zero value says that it could not be found out.
const (
	Undecided Verdict = iota
	Agrees
	Differs
)

var verdictNames = [...]string{"undecided", "agrees", "differs"}

// String is the verdict's name in JSON.
func (v Verdict) String() string { return verdictNames[min(int(v), len(verdictNames)-1)] }

// Expected is what is predicted of one address.
type Expected struct {
	Verdict flow.Verdict
	Seen    []flow.Seen
	Reached int
	Paths   int
	Unknown bool
	// Sources and Endpoints are what the servers see and who they are, over the paths
	// that deliver.
	Sources   []netip.Addr
	Endpoints []string
}

// expect sums up the traces that go to one target.
func expect(a *path.Answer, to path.Target) Expected {
	var e Expected
	var fates []flow.Fate
	for i := range a.Traces {
		t := &a.Traces[i]
		if t.Target.Addr != to.Addr || t.Target.Protocol != to.Protocol {
			continue
		}
		e.Paths += t.Count
		fates = append(fates, t.Fate)
		if t.Fate == flow.Unknown {
			e.Unknown = true
			continue
		}
		e.Seen = append(e.Seen, t.Seen)
		if t.Fate != flow.Delivered {
			continue
		}
		e.Reached += t.Count
		e.Sources = append(e.Sources, t.Sources()...)
		for _, p := range t.Stands.Endpoints {
			e.Endpoints = append(e.Endpoints, p.String())
		}
	}
	slices.Sort(e.Seen)
	e.Seen = slices.Compact(e.Seen)
	slices.SortFunc(e.Sources, netip.Addr.Compare)
	e.Sources = slices.Compact(e.Sources)
	slices.Sort(e.Endpoints)
	e.Endpoints = slices.Compact(e.Endpoints)
	e.Verdict = flow.Sum(fates)
	return e
}

// chance reports whether several outcomes are predicted.
func (e *Expected) chance() bool { return len(e.Seen) > 1 || len(e.Endpoints) > 1 }

// allows reports whether a client may notice this. An unreachable destination is
// silence where nobody says so.
func (e *Expected) allows(s flow.Seen) bool {
	return slices.Contains(e.Seen, s) || s == flow.Timeout && slices.Contains(e.Seen, flow.Unreachable)
}

// judge compares what happened with what is predicted.
func (a *Answered) judge(p *Plan) {
	e := &a.Expected
	if e.Unknown {
		a.Why = append(a.Why, flow.Because(flow.CodeProbeUnknown))
		return
	}
	silent := 0
	for _, o := range a.Outcomes {
		switch {
		case o.Seen == flow.SeenUnknown:
			a.differs(false, flow.Because(flow.CodeProbeFailed, o.Detail))
			silent++
			continue
		case a.Target.Protocol == flow.UDP && o.Seen == flow.Timeout:
			a.differs(false, flow.Because(flow.CodeProbeSilence))
			silent++
			continue
		case !e.allows(o.Seen):
			a.differs(true, flow.Because(flow.CodeProbeUnpredicted, o.Seen.String()))
		}
		a.judgeServer(&o)
		if o.Source.IsValid() && len(p.Addrs) > 0 && p.stays() && !slices.Contains(p.Addrs, o.Source) {
			a.differs(true, flow.Because(flow.CodeProbeOtherSource, o.Source.String(), p.From, addrs(p.Addrs)))
		}
	}
	if a.Verdict == Undecided && len(a.Outcomes) > silent {
		a.Verdict = Agrees
	}
	if a.Verdict != Agrees {
		return
	}
	for _, s := range e.Seen {
		if !slices.ContainsFunc(a.Outcomes, func(o Outcome) bool { return o.Seen == s }) {
			a.Why = append(a.Why, flow.Because(flow.CodeProbeUnseen, s.String(), itoa(len(a.Outcomes))))
		}
	}
	if !slices.ContainsFunc(a.Outcomes, func(o Outcome) bool { return o.Server != "" }) {
		return
	}
	for _, name := range e.Endpoints {
		if !slices.ContainsFunc(a.Outcomes, func(o Outcome) bool { return o.Server == name }) {
			a.Why = append(a.Why, flow.Because(flow.CodeProbeMissed, name, itoa(len(a.Outcomes))))
		}
	}
}

// stays reports whether who asks has the addresses of the input: a pod that stands
// for another has its own.
func (p *Plan) stays() bool { return p.Means[0] != NewPod || p.Pod.Name == "" }

func (a *Answered) judgeServer(o *Outcome) {
	e := &a.Expected
	if o.Server != "" && len(e.Endpoints) > 0 && !slices.Contains(e.Endpoints, o.Server) {
		a.differs(true, flow.Because(flow.CodeProbeOtherServer, o.Server))
	}
	if o.Peer.IsValid() && len(e.Sources) > 0 && !slices.Contains(e.Sources, o.Peer) {
		a.differs(true, flow.Because(flow.CodeProbeOtherPeer, o.Peer.String(), addrs(e.Sources)))
	}
}

func (a *Answered) differs(really bool, why flow.Reason) {
	if really {
		a.Verdict = Differs
	}
	a.Why = flow.Merge(a.Why, []flow.Reason{why})
}

func addrs(all []netip.Addr) string {
	s := ""
	for i, a := range all {
		if i > 0 {
			s += ", "
		}
		s += a.String()
	}
	return s
}

// Verdict sums up: one that differs makes the whole differ, else one that is
// undecided leaves it so.
func (r *Result) Verdict() Verdict {
	v := Agrees
	for i := range r.Answers {
		switch r.Answers[i].Verdict {
		case Differs:
			return Differs
		case Undecided:
			v = Undecided
		case Agrees:
		}
	}
	if len(r.Answers) == 0 {
		return Undecided
	}
	return v
}

// Reading is what the address in question and the pods behind it say together; zero
// where they were not both asked.
func (r *Result) Reading() flow.Reason {
	asked, direct := r.works(Asked), r.works(Direct)
	switch {
	case asked == 0 || direct == 0:
		return flow.Reason{}
	case asked > 0 && direct > 0:
		return flow.Because(flow.CodeProbeBothWork)
	case direct > 0:
		return flow.Because(flow.CodeProbeWay)
	case asked > 0:
		return flow.Because(flow.CodeProbeOnlyService)
	}
	return flow.Because(flow.CodeProbeEnd)
}

// works is 1 where all connections of a stage were made, -1 where none was, 0 where
// it was some, or is not known.
func (r *Result) works(stage Stage) int {
	good, bad := 0, 0
	for i := range r.Answers {
		if r.Answers[i].Stage != stage {
			continue
		}
		for _, o := range r.Answers[i].Outcomes {
			switch {
			case o.Seen == flow.Connected:
				good++
			case o.Seen == flow.SeenUnknown, o.Seen == flow.Timeout && r.Answers[i].Target.Protocol == flow.UDP:
				return 0
			default:
				bad++
			}
		}
	}
	switch {
	case good > 0 && bad == 0:
		return 1
	case bad > 0 && good == 0:
		return -1
	}
	return 0
}

// Explanation is what would explain that reality differs.
type Explanation struct {
	Diagnosis *explain.Diagnosis
	// Others are dataplanes that fit the cluster as well, and predict what was seen.
	Others []explain.Other
	// Assumptions are what the predictions that failed rest on.
	Assumptions []flow.Reason
}

var sightings = map[flow.Seen]explain.Sighting{
	flow.Connected: explain.SawConnected, flow.Refused: explain.SawRefused,
	flow.Timeout: explain.SawTimeout, flow.Unreachable: explain.SawUnreachable,
}

// Explain looks for the assumption that is wrong. nil where nothing differs.
func (r *Result) Explain(m *model.Model) *Explanation {
	if r.Verdict() != Differs {
		return nil
	}
	x := &Explanation{}
	var seen []explain.Observation
	for i := range r.Answers {
		a := &r.Answers[i]
		if o, ok := a.observation(); ok {
			seen = append(seen, o)
		}
		if a.Verdict != Differs {
			continue
		}
		x.Assumptions = flow.Merge(x.Assumptions, a.Answer.Assumptions)
		if len(x.Others) == 0 {
			x.Others = slices.DeleteFunc(explain.Others(m, a.Answer), func(o explain.Other) bool { return !a.fits(o.Seen) })
		}
	}
	if d, err := explain.Diagnose(m, r.Plan.Asks[0].Question.To, r.Plan.Options.Question.Namespace, seen); err == nil && len(seen) > 0 {
		x.Diagnosis = d
	}
	return x
}

// observation is what was seen, as somebody would note it down.
func (a *Answered) observation() (explain.Observation, bool) {
	o := explain.Observation{From: a.Question.From, Via: a.Question.Via}
	if a.Stage != Asked {
		o.To = a.Question.To
	}
	words := ""
	for _, c := range a.Outcomes {
		s, ok := sightings[c.Seen]
		if !ok || a.Target.Protocol == flow.UDP && c.Seen == flow.Timeout || slices.Contains(o.Seen, s) {
			continue
		}
		o.Seen = append(o.Seen, s)
		if words != "" {
			words += ","
		}
		words += s.String()
	}
	o.Text = o.From
	if o.Via != "" {
		o.Text += " via " + o.Via
	}
	if o.To != "" {
		o.Text += " to " + o.To
	}
	o.Text += " " + words
	return o, len(o.Seen) > 0
}

// fits reports whether everything that was seen is among what others predict.
func (a *Answered) fits(seen []flow.Seen) bool {
	e := Expected{Seen: seen}
	for _, o := range a.Outcomes {
		if o.Seen != flow.SeenUnknown && !e.allows(o.Seen) {
			return false
		}
	}
	return true
}
