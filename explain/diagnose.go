package explain

import (
	"cmp"
	"errors"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Diagnosis is what may stand behind some observations, the likeliest first.
type Diagnosis struct {
	Target      string
	Seen        []Checked
	Causes      []Cause
	Outcome     Outcome
	Assumptions []flow.Reason
	Deviations  []flow.Reason
	Ignored     []Ignored
}

// Outcome is how far the observations could be explained.
type Outcome uint8

// The outcomes. The zero value is the careful one.
const (
	// Unexplained: nothing explains all of them.
	Unexplained Outcome = iota
	// Explained: the objects of the input do.
	Explained
	// Suspected: no object of the input does, something it does not show may.
	Suspected
	// Expected: nothing failed, and nothing should have.
	Expected
)

var outcomes = [...]string{"unexplained", "explained", "suspected", "expected"}

// String is the outcome's name in JSON.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return "outcome?"
}

// Checked is an observation beside what the Model predicts.
type Checked struct {
	Observation
	Predicted []flow.Seen
	Reached   int
	Of        int
	Unknown   bool // the prediction is UNKNOWN
	NoAddress bool // the target has no address to ask from there
	Fits      bool
	// Proofless: it worked because policies never judge a node's own processes
	// toward its own pods, which says nothing about other places.
	Proofless bool
}

// Cause is one explanation.
type Cause struct {
	Kind CauseKind
	// Objects are what the cause is about, the first one to look at first: several
	// only where none alone is the cause.
	Objects []flow.Object
	// Accused: taking the objects away, and nothing else, makes the predictions
	// change at exactly the places that failed.
	Accused bool
	Reason  flow.Reason
	Because []flow.Reason
	Origins []flow.Origin
	// Under is what the dataplane would have to be; zero: as it is known.
	Under flow.Reason
	// Explains and Contradicts are indices into Diagnosis.Seen.
	Explains    []int
	Contradicts []int
	// Next is what tells it from the cause after it.
	Next flow.Reason

	expects func(*Observation) expectation
}

// expectation is what a cause says about a place nobody asked from yet.
type expectation uint8

const (
	eitherWay expectation = iota
	expectsConnected
	expectsFailure
)

// diagnosing is a diagnosis in progress.
type diagnosing struct {
	full    *model.Model
	slice   *cluster.Snapshot
	ns      string
	obs     []Observation // To is filled in
	failing []int
	d       *Diagnosis
}

// world is the cluster under some changes, and what it predicts.
type world struct {
	edits []undo
	m     *model.Model
	looks []outlook
}

// Diagnose ranks what may stand behind observations about a target. The error is
// a *path.QuestionError where one of them cannot be asked.
func Diagnose(m *model.Model, target, namespace string, seen []Observation) (*Diagnosis, error) {
	g := &diagnosing{full: m, ns: cmp.Or(namespace, "default"), d: &Diagnosis{Target: target, Ignored: Unused(m.Snapshot)}}
	var namespaces []string
	for i, o := range seen {
		o.To, o.ns = cmp.Or(o.To, target), g.ns
		k, err := g.foresee(m, &o)
		if err != nil {
			return nil, err
		}
		namespaces = append(append(namespaces, touched(&k)...), o.namespace())
		g.obs = append(g.obs, o)
		if o.Failed() {
			g.failing = append(g.failing, i)
		}
		g.note(&k)
	}
	if svc := g.service(); svc != nil {
		namespaces = append(namespaces, svc.Namespace)
	}
	g.slice = slice(m, namespaces)
	base, err := g.world()
	if err != nil {
		return nil, err
	}
	for i := range g.obs {
		g.d.Seen = append(g.d.Seen, check(seen[i], &base.looks[i]))
	}
	g.search(base)
	return g.d, nil
}

// service is what the diagnosis is about, where that is a Service.
func (g *diagnosing) service() *cluster.Service {
	if len(g.obs) == 0 {
		return nil
	}
	s, err := path.Subjects(g.full, g.obs[0].To, g.ns)
	if err != nil || len(s) == 0 {
		return nil
	}
	return s[0].Service
}

// foresee asks a Model; that the target has no address for the place is an
// answer, not an error.
func (g *diagnosing) foresee(m *model.Model, o *Observation) (outlook, error) {
	k, err := foresee(m, o, o.To, g.ns)
	var q *path.QuestionError
	if err == nil || !errors.As(err, &q) || q.Part != o.To {
		return k, err
	}
	s, wrong := path.Subjects(m, o.To, g.ns)
	if wrong != nil {
		return k, wrong
	}
	if len(s) != 1 || s[0].Service == nil || s[0].Service.Type == cluster.ServiceExternalName {
		return k, err
	}
	return outlook{noFront: s[0].Service.ProxyName == "", unknown: s[0].Service.ProxyName != ""}, nil
}

func (g *diagnosing) note(k *outlook) {
	for _, a := range k.answers {
		g.d.Assumptions = flow.Merge(g.d.Assumptions, a.Assumptions)
		g.d.Deviations = flow.Merge(g.d.Deviations, a.Deviations)
	}
}

// world compiles the slice with changes and asks every observation of it.
func (g *diagnosing) world(edits ...undo) (*world, error) {
	m, err := without(g.slice, edits...)
	if err != nil {
		return nil, err
	}
	w := &world{edits: edits, m: m, looks: make([]outlook, len(g.obs))}
	for i := range g.obs {
		k, err := g.foresee(m, &g.obs[i])
		if err != nil {
			k = outlook{unknown: true}
		}
		w.looks[i] = k
	}
	return w, nil
}

func check(o Observation, k *outlook) Checked {
	c := Checked{
		Observation: o, Predicted: k.seen, Reached: k.reached, Of: k.of,
		Unknown: k.unknown, NoAddress: k.noFront, Fits: k.fits(&o, false),
	}
	for t := range k.traces {
		for i := range t.Judged {
			j := &t.Judged[i]
			code := j.Exempt.Code
			if o.Worked() && (code == flow.CodeExemptNode || code == flow.CodeExemptRoot) && !j.Decision.Verdict.Allowed() {
				c.Proofless = true
			}
		}
	}
	return c
}

// search collects the causes in their order: what the objects do, what they do
// where only the way of failing differs, what the input does not show, what
// would have to be otherwise about the dataplane, what explains a part.
func (g *diagnosing) search(base *world) {
	fits := func(i int) bool { return base.looks[i].fits(&g.obs[i], false) }
	all := g.every(fits)
	if len(g.failing) == 0 && all {
		g.d.Outcome = Expected
		return
	}
	found, open := g.causesIn(base)
	var whole, part []Cause
	for _, c := range found {
		if all && len(c.Explains) == len(g.obs) {
			c.Accused = len(c.Objects) > 0 && c.Kind != CausePath
			whole = append(whole, c)
		} else {
			part = append(part, c)
		}
	}
	var manner, others []Cause
	if !all {
		manner, others = g.otherWorlds(base)
	}
	unknown := g.unknowns(base)
	suspects, rest := g.suspicions(base, open)
	if len(whole) > 0 {
		// What is told anyway is the one suspicion to rule out first.
		suspects, rest = suspects[:min(1, len(suspects))], nil
	}
	if len(suspects) > 1 {
		rest = nil
	}
	g.d.Causes = slices.Concat(whole, unknown, manner, suspects, others, part, rest)
	if n := len(g.d.Causes); n > mostCauses {
		g.d.Causes = g.d.Causes[:mostCauses]
	}
	g.d.Outcome = g.outcome()
	g.nextSteps(open)
}

// mostCauses bounds what is listed: behind the first few nobody looks.
const mostCauses = 6

func (g *diagnosing) every(ok func(int) bool) bool {
	for i := range g.obs {
		if !ok(i) {
			return false
		}
	}
	return true
}

func (g *diagnosing) outcome() Outcome {
	if len(g.d.Causes) == 0 {
		return Unexplained
	}
	first := &g.d.Causes[0]
	switch {
	case len(first.Explains) < len(g.obs) || first.Kind == CauseUnknown:
		return Unexplained
	case first.Reason.Code == flow.CodeSuspectUnseen || first.Reason.Code == flow.CodeSuspectStale:
		return Unexplained
	case first.Kind == CauseSuspicion, first.Under.Code != "" && !first.Accused:
		return Suspected
	}
	return Explained
}

// Accused are the objects of the causes that are accused, the first one to
// blame first.
func (d *Diagnosis) Accused() []flow.Object {
	var out []flow.Object
	for i := range d.Causes {
		if d.Causes[i].Accused {
			out = append(out, d.Causes[i].Objects...)
		}
	}
	return out
}

// NoObjectInvolved reports whether the Model predicts success wherever a failure
// was seen.
func (d *Diagnosis) NoObjectInvolved() bool {
	failed := 0
	for i := range d.Seen {
		s := &d.Seen[i]
		if !s.Failed() {
			continue
		}
		if s.Unknown || s.NoAddress || s.Reached < s.Of {
			return false
		}
		failed++
	}
	return failed > 0
}
