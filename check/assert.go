package check

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Result is one line of Expectations with its answer. Lists are sorted, without
// repetition, and never nil.
type Result struct {
	Expectation *cluster.Expectation
	Verdict     flow.Verdict
	Seen        []flow.Seen
	Fates       []flow.Fate
	Endpoints   []string // whom a connection may reach, over delivered traces
	Sources     []string // which addresses the server may see, over delivered traces
	Culprits    []flow.Object
	Assumptions []flow.Reason
	// Err is set when the question could not be asked; the verdict is UNKNOWN.
	Err error
	// Differs names the expected fields that the answer does not have.
	Differs []string
}

// Held reports whether the answer is as expected.
func (r *Result) Held() bool { return len(r.Differs) == 0 }

// Assert answers one Expectation.
func Assert(m *model.Model, e *cluster.Expectation, namespace string) Result {
	r := Result{
		Expectation: e, Seen: []flow.Seen{}, Fates: []flow.Fate{}, Endpoints: []string{}, Sources: []string{},
		Culprits: []flow.Object{}, Assumptions: []flow.Reason{}, Differs: []string{},
	}
	a, err := path.Ask(m, path.Question{From: e.From, To: e.To, Via: e.Via, Namespace: namespace})
	if err != nil {
		r.Err = err
	} else {
		r.read(m, a)
	}
	r.Compare()
	return r
}

func (r *Result) read(m *model.Model, a *path.Answer) {
	r.Verdict = a.Verdict
	r.Assumptions = append(r.Assumptions, a.Assumptions...)
	for i := range a.Traces {
		t := &a.Traces[i]
		r.Seen = append(r.Seen, t.Seen)
		r.Fates = append(r.Fates, t.Fate)
		if t.Fate != flow.Delivered {
			continue
		}
		for _, e := range t.Endpoints {
			r.Endpoints = append(r.Endpoints, e.String())
		}
		for _, a := range t.Sources() {
			if a.IsValid() {
				r.Sources = append(r.Sources, a.String())
			}
		}
	}
	r.Seen, r.Fates = set(r.Seen), set(r.Fates)
	r.Endpoints, r.Sources = set(r.Endpoints), set(r.Sources)
	r.Culprits = append(r.Culprits, explain.Culprits(m, a)...)
}

func set[T interface{ ~uint8 | ~string }](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// Compare notes in Differs which fields are not as expected.
func (r *Result) Compare() {
	e := r.Expectation
	r.Differs = []string{}
	differ := func(field string, expected, equal bool) {
		if expected && !equal {
			r.Differs = append(r.Differs, field)
		}
	}
	differ("verdict", e.HasVerdict, e.Verdict == r.Verdict)
	differ("seen", e.Seen != nil, slices.Equal(set(slices.Clone(e.Seen)), r.Seen))
	differ("fates", e.Fates != nil, slices.Equal(set(slices.Clone(e.Fates)), r.Fates))
	differ("endpoints", e.Endpoints != nil, slices.Equal(set(slices.Clone(e.Endpoints)), r.Endpoints))
	differ("sources", e.Sources != nil, slices.Equal(set(slices.Clone(e.Sources)), r.Sources))
	differ("culprit", e.Culprit != "", len(r.Culprits) > 0 && r.Culprits[0].String() == e.Culprit)
}
