package scenario

import (
	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Walk is the engine that walks the compiled tables.
type Walk struct{}

// Name is "walk".
func (Walk) Name() string { return "walk" }

// Ask compiles the cluster once and answers every question. What is explained
// comes from both ways to walk: every trace by itself, and one for all that are
// alike.
func (Walk) Ask(s *cluster.Snapshot, questions []Question) ([]Answer, error) {
	m, err := model.Compile(s)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(questions))
	for i := range questions {
		q := &questions[i]
		answers[i] = Answer{Result: check.Assert(m, &q.Expectation, ""), Explained: &Explained{}}
		for _, walk := range []func(*model.Model, path.Question) (*path.Answer, error){path.Walk, path.Ask} {
			if a, err := walk(m, path.Question{From: q.From, To: q.To, Via: q.Via}); err == nil {
				answers[i].Explained.read(m, a)
			}
		}
	}
	return answers, nil
}

func (x *Explained) read(m *model.Model, a *path.Answer) {
	x.Assumes = append(x.Assumes, codes(a.Assumptions)...)
	x.Deviates = append(x.Deviates, codes(a.Deviations)...)
	for i := range a.Traces {
		for _, h := range a.Traces[i].Hops {
			for _, s := range h.Steps {
				x.Says = append(x.Says, s.Reason.Code)
				x.Steps = append(x.Steps, s.Action)
			}
		}
		for j := range a.Traces[i].Denied {
			x.denied(m, &a.Traces[i].Denied[j])
		}
	}
}

// denied reads why the rules of a judgement did not admit.
func (x *Explained) denied(m *model.Model, j *model.Judgement) {
	if j.Decision.Verdict != policy.Denied {
		return
	}
	for _, miss := range m.Policies.Explain(j.Question) {
		x.Misses = append(x.Misses, codes(miss.Peers)...)
		x.Misses = append(x.Misses, codes(miss.Ports)...)
	}
}

func codes(reasons []flow.Reason) []flow.Code {
	out := []flow.Code{}
	for _, r := range reasons {
		out = append(out, r.Code)
	}
	return out
}
