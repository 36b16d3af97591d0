//go:build linux

package proof_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/path"
)

// wrong is a cluster in which the kernel did not do what was predicted.
type wrong struct {
	seed     uint64
	snapshot *cluster.Snapshot
	enforcer enforcer
	question path.Question
	differs  []string
	kind     string
	err      error
}

// kindOf is in which ways a question differs, without the names: what is made
// smaller must stay the same mistake.
func kindOf(l *proof.Line) string {
	var kinds []string
	for _, w := range l.Ways {
		for _, d := range w.Differences {
			kinds = append(kinds, fmt.Sprint(d.Kind, d.Outcome.Seen, " "))
		}
	}
	slices.Sort(kinds)
	return strings.Join(slices.Compact(kinds), "")
}

// report prints the seed and the smallest cluster that still disagrees, as a
// scenario to keep, as far as the time goes.
func (w *wrong) report(t *testing.T, until time.Time) {
	t.Helper()
	if w.err != nil {
		t.Errorf("seed %d: %v", w.seed, w.err)
		return
	}
	const asked = 3
	again := 0
	for range asked {
		if len(w.differences(t, w.snapshot)) > 0 {
			again++
		}
	}
	small, labs := w.snapshot, 0
	if again > 0 {
		small = generate.Shrink(w.snapshot, func(s *cluster.Snapshot) bool {
			labs++
			return time.Now().Before(until) && len(w.differences(t, s)) > 0
		})
	}
	differs := w.differences(t, small)
	if len(differs) == 0 {
		differs = w.differs
	}
	t.Errorf("seed %d: the kernel differs; so it did in %d of %d more labs of this question alone, and in one made smaller with %d labs\n\t%s\n%s\n%s",
		w.seed, again, asked, labs, strings.Join(differs, "\n\t"), w.traces(small), w.scenario(small))
}

// differences asks the one question of a cluster, which may be one that cannot be
// built, and says what differs if it does in the same way.
func (w *wrong) differences(t *testing.T, s *cluster.Snapshot) []string {
	_, lines, err := prove(t.Context(), s, w.enforcer, []path.Question{w.question})
	if err != nil || kindOf(&lines[0]) != w.kind {
		return nil
	}
	return lines[0].Differs
}

// scenario is what could be kept below testdata/scenarios. What no Fabric says of
// the enforcer stands in its title.
func (w *wrong) scenario(s *cluster.Snapshot) string {
	title := fmt.Sprintf("Seed %d", w.seed)
	if w.enforcer.afterSNAT {
		title += ", judged behind the masquerade"
	}
	if w.enforcer.rejects {
		title += ", denied packets rejected"
	}
	q := scenario.Question{Expectation: cluster.Expectation{From: w.question.From, Via: w.question.Via, To: w.question.To, HasVerdict: true}}
	if m, err := modelOf(s, w.enforcer); err == nil {
		if a, err := path.Walk(m, w.question); err == nil {
			q.Verdict = a.Verdict
		}
	}
	return scenario.Write(title, s, []scenario.Question{q})
}

// traces are the steps of every trace that is predicted.
func (w *wrong) traces(s *cluster.Snapshot) string {
	m, err := modelOf(s, w.enforcer)
	if err != nil {
		return err.Error()
	}
	a, err := path.Walk(m, w.question)
	if err != nil {
		return err.Error()
	}
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := range a.Traces {
		t := &a.Traces[i]
		say("predicted: %v, seen %v, endpoint %v, source %v", t.Fate, t.Seen, t.Endpoint, t.Source)
		for _, h := range t.Hops {
			say("  at %v", h.Machine)
			for _, s := range h.Steps {
				say("    %v %v %v: %v -> %v", s.Hook, s.Action, s.Reason, s.Before, s.After)
			}
		}
	}
	const most = 60
	if n := len(lines); n > most {
		lines = append(slices.Clip(lines[:most]), fmt.Sprintf("and %d more lines", n-most))
	}
	return strings.Join(lines, "\n")
}
