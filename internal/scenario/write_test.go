package scenario_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// What Write prints of a random cluster, Parse reads as a cluster in which
// everything fares as before.
func TestWrite(t *testing.T) {
	refused := 0
	for seed := range uint64(200) {
		g := generate.Tangle(generate.Runnable, seed)
		before, err := model.Compile(g.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		var asked []scenario.Question
		for range 20 {
			q := g.Question()
			e := cluster.Expectation{From: q.From, Via: q.Via, To: q.Target(), HasVerdict: true}
			e.Verdict = check.Assert(before, &e, "").Verdict
			asked = append(asked, scenario.Question{Expectation: e})
		}
		text := scenario.Write(fmt.Sprint("seed ", seed), g.Snapshot, asked)
		s, err := scenario.Parse("random.txtar", []byte(text))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		in, err := s.Snapshot(labs)
		if err != nil {
			// The API would not have taken it: an exception outside of its block, say.
			if refused++; refused > 20 {
				t.Fatalf("seed %d: %v\n%s", seed, err, text)
			}
			continue
		}
		after, err := model.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range s.Blocks[0].Questions {
			if a, b := ways(t, before, &q), ways(t, after, &q); !slices.Equal(a, b) {
				t.Fatalf("seed %d: %s: %v, was %v\n%s", seed, &q, b, a, text)
			}
		}
	}
}

// ways are the ways in which a question ends.
func ways(t *testing.T, m *model.Model, q *scenario.Question) []string {
	t.Helper()
	a, err := path.Walk(m, path.Question{From: q.From, Via: q.Via, To: q.To})
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for i := range a.Traces {
		w := &a.Traces[i]
		all = append(all, fmt.Sprint(w.Fate, w.Seen, w.First, w.Endpoint, w.Source))
	}
	slices.Sort(all)
	return all
}
