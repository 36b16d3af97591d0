package scenario

import (
	"context"
	"errors"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Kernel is the engine that sends packets through a lab: our rules on every
// node, or another dataplane.
type Kernel struct {
	// Dataplane makes what is installed on the nodes; nil: our rules. An error says
	// why it cannot stand for the profile.
	Dataplane func(*model.Model) (lab.Dataplane, error)
}

// Name is "kernel".
func (Kernel) Name() string { return "kernel" }

// Ask builds the cluster once and asks every question. What a kernel does not
// say, fates and culprits, is not compared.
func (k Kernel) Ask(s *cluster.Snapshot, questions []Question) ([]Answer, error) {
	m, err := model.Compile(s)
	if err != nil {
		return nil, err
	}
	stand := k.Dataplane
	if stand == nil {
		stand = ours
	}
	plane, err := stand(m)
	if err != nil {
		return nil, &Unrunnable{Why: err.Error()}
	}
	ask := []path.Question{}
	for i := range questions {
		q := &questions[i]
		ask = append(ask, path.Question{From: q.From, To: q.To, Via: q.Via})
	}
	session, err := proof.Open(context.Background(), m, ask, proof.Options{Dataplane: plane})
	var not *lab.Unbuildable
	switch {
	case errors.As(err, &not):
		return nil, &Unrunnable{Why: not.Error()}
	case err != nil:
		return nil, err
	}
	lines, err := session.Run(context.Background())
	if err := errors.Join(err, session.Close()); err != nil {
		return nil, err
	}
	answers := []Answer{}
	for i := range lines {
		answers = append(answers, answerOf(&questions[i], &lines[i]))
	}
	return answers, nil
}

// ours are our rules, where they do what the profile does.
func ours(m *model.Model) (lab.Dataplane, error) {
	if m.Proxies() {
		if err := m.PrintableProxy(); err != nil {
			return nil, err
		}
	}
	if m.Enforces() {
		if err := m.PrintablePolicy(); err != nil {
			return nil, err
		}
	}
	return proof.Ours(m), nil
}

// answerOf is what the kernel said, beside what the scenario expects and what was
// predicted.
func answerOf(q *Question, l *proof.Line) Answer {
	if l.Unprovable != "" {
		return Answer{Skipped: string(l.Unprovable)}
	}
	expected := q.Expectation
	expected.Fates, expected.Culprit = nil, ""
	if l.Loose {
		expected.HasVerdict, expected.Seen, expected.Endpoints, expected.Sources = false, nil, nil, nil
	}
	if l.Sourceless {
		expected.Sources = nil
	}
	a := Answer{Also: l.Differs, Result: check.Result{
		Expectation: &expected, Err: l.Err, Verdict: l.Observed.Verdict, Seen: l.Observed.Seen,
		Endpoints: l.Observed.Endpoints, Sources: l.Observed.Sources,
	}}
	if l.Err == nil {
		a.Compare()
	}
	return a
}
