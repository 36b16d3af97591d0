package upstream

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/path"
)

// wrong is a cluster in which the kernel did not do what was predicted, or did
// one thing with kube-proxy's rules and another with ours.
type wrong struct {
	*random
	state    int // 0 as built, 1 after the change
	question path.Question
	differs  []string
	err      error
}

// report prints the seed and the smallest cluster that still disagrees.
func (w *wrong) report(t *testing.T) {
	t.Helper()
	if w.err != nil {
		t.Errorf("seed %d: %v", w.seed, w.err)
		return
	}
	until := time.Now().Add(*mayShrink)
	s := w.before
	if w.state > 0 {
		s = w.after
	}
	small, tried := s, 0
	holds := func(s *cluster.Snapshot) bool {
		if time.Now().After(until) {
			return false
		}
		tried++
		return len(w.again(t.Context(), s)) > 0
	}
	alone := holds(s)
	if alone {
		small = generate.Shrink(s, holds)
	}
	if differs := w.again(t.Context(), small); len(differs) > 0 {
		w.differs = differs
	}
	t.Errorf("seed %d, %s, state %d: %+v\n\tdiffers %s\n\tthis question and state alone: %v; made smaller with %d labs; after SNAT %v, rejects %v\n%s\n%+v\n%s",
		w.seed, w.mode, w.state, w.question, strings.Join(w.differs, "\n\t"), alone, tried, w.afterSNAT, w.rejects,
		w.traces(small), *small, w.rules(t.Context(), small))
}

// again asks the question of a cluster alone.
func (w *wrong) again(ctx context.Context, s *cluster.Snapshot) []string {
	r := *w.random
	r.before, r.after, r.questions = s, nil, []path.Question{w.question}
	theirs, err := r.theirs(ctx)
	if err != nil {
		return nil
	}
	differs := theirs[0][0].Differs
	if r.mode == NFTables {
		ours, err := r.ours(ctx)
		if err != nil {
			return nil
		}
		differs = append(differs, (&counts{}).compare(&theirs[0][0], &ours[0][0])...)
	}
	return differs
}

// traces are the steps of every trace that is predicted.
func (w *wrong) traces(s *cluster.Snapshot) string {
	m, err := w.modelOf(s, "kube-proxy-"+string(w.mode))
	if err != nil {
		return err.Error()
	}
	a, err := path.Walk(m, w.question)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for i := range a.Traces {
		tr := &a.Traces[i]
		fmt.Fprintf(&b, "predicted: %v %v %v source %v\n", tr.Fate, tr.Seen, tr.Endpoint, tr.Source)
		for _, h := range tr.Hops {
			fmt.Fprintf(&b, "  at %v\n", h.Machine)
			for _, st := range h.Steps {
				fmt.Fprintf(&b, "    %v %v %v %v -> %v\n", st.Hook, st.Action, st.Reason, st.Before, st.After)
			}
		}
	}
	return first(b.String(), 80)
}

// rules are what every node's kernel holds.
func (w *wrong) rules(ctx context.Context, s *cluster.Snapshot) string {
	m, err := w.modelOf(s, "kube-proxy-"+string(w.mode))
	if err != nil {
		return err.Error()
	}
	d, err := NewDataplane(m)
	if err != nil {
		return err.Error()
	}
	defer d.Close() //nolint:errcheck // only to look at
	l, err := lab.Up(ctx, m, lab.Options{})
	if err != nil {
		return err.Error()
	}
	defer l.Close() //nolint:errcheck // likewise
	if err := l.Install(ctx, d); err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, n := range l.Nodes() {
		err := n.Do(func() error {
			text, err := exec.Command("nft", "-s", "list", "ruleset").CombinedOutput()
			fmt.Fprintf(&b, "rules of %s:\n%s", n.Name, first(string(text), 400))
			return err
		})
		if err != nil {
			return err.Error()
		}
	}
	return b.String()
}

// first is so much of a text.
func first(text string, most int) string {
	lines := strings.Split(text, "\n")
	if len(lines) > most {
		lines = append(lines[:most:most], "...")
	}
	return strings.Join(lines, "\n")
}
