package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Engine answers the questions of a block, in their order: by walking the
// compiled tables, or by sending packets through a kernel.
type Engine interface {
	// Name is the word of the key engine.
	Name() string
	// Ask answers each question of one cluster.
	Ask(s *cluster.Snapshot, questions []Question) ([]Answer, error)
}

// Answer is what an engine says to one question.
type Answer struct {
	// Result is compared field by field with the expectation.
	check.Result
	// Explained is set by engines that know why: the codes of what they found.
	Explained *Explained
	// Skipped is why the engine cannot answer the question; "" otherwise.
	Skipped string
	// Also is what else is wrong with the answer.
	Also []string
}

// Unrunnable is the error of an engine that cannot ask anything of a cluster
// under its dataplane.
type Unrunnable struct{ Why string }

// Error says why.
func (e *Unrunnable) Error() string { return e.Why }

// Explained is what stands behind an answer.
type Explained struct {
	Assumes, Deviates, Says, Misses []flow.Code
	Steps                           []flow.Action
}

// Run asks a scenario's questions and returns what differs, each with its
// position. seen, if not nil, gets every answer.
func Run(s *Scenario, e Engine, labs string, seen func(*Question, *Answer)) ([]string, error) {
	var all []string
	for i := range s.Blocks {
		b := &s.Blocks[i]
		clusters, err := s.Under(b, labs)
		if err != nil {
			return nil, err
		}
		for _, under := range clusters {
			answers, err := e.Ask(&under.Snapshot, b.Questions)
			var not *Unrunnable
			if errors.As(err, &not) {
				answers = skipped(b.Questions, not.Why)
			} else if err != nil {
				return nil, fmt.Errorf("%s: [%s]: %w", b.Questions[0].Position, under.Name, err)
			}
			for j := range answers {
				q, a := &b.Questions[j], &answers[j]
				if seen != nil {
					seen(q, a)
				}
				if a.Skipped != "" {
					continue
				}
				if d := Differences(q, a); len(d) > 0 {
					all = append(all, fmt.Sprintf("%s: [%s] %s\n\t%s", q.Position, under.Name, q, strings.Join(d, "\n\t")))
				}
			}
		}
	}
	return all, nil
}

func skipped(questions []Question, why string) []Answer {
	answers := make([]Answer, len(questions))
	for i := range answers {
		answers[i].Skipped = why
	}
	return answers
}

// Differences compares an answer with what is expected.
func Differences(q *Question, a *Answer) []string {
	var all []string
	if a.Err != nil && (q.Wrong == "" || !strings.Contains(a.Err.Error(), q.Wrong)) {
		all = append(all, "error: "+a.Err.Error())
	}
	if q.Wrong != "" && a.Err == nil {
		all = append(all, "the question was answered, not refused with "+q.Wrong)
	}
	got := map[string]any{
		"verdict": a.Verdict, "seen": a.Seen, "fates": a.Fates, "endpoints": a.Endpoints, "sources": a.Sources, "culprit": a.Culprits,
	}
	want := map[string]any{
		"verdict": q.Verdict, "seen": q.Seen, "fates": q.Fates, "endpoints": q.Endpoints, "sources": q.Sources, "culprit": q.Culprit,
	}
	for _, field := range a.Differs {
		all = append(all, fmt.Sprintf("%s is %v, expected %v", field, got[field], want[field]))
	}
	all = append(all, a.Also...)
	if x := a.Explained; x != nil {
		all = append(all, lacking("assumes", q.Assumes, x.Assumes)...)
		all = append(all, lacking("deviates", q.Deviates, x.Deviates)...)
		all = append(all, lacking("says", q.Says, x.Says)...)
		all = append(all, lacking("misses", q.Misses, x.Misses)...)
		all = append(all, lacking("step", q.Steps, x.Steps)...)
	}
	return all
}

func lacking[T comparable](key string, want, got []T) []string {
	if want != nil && len(want) == 0 && len(got) > 0 {
		return []string{fmt.Sprintf("%s are %v, expected none", key, got)}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			return []string{fmt.Sprintf("%s are %v, expected %v among them", key, got, w)}
		}
	}
	return nil
}
