package oracle_test

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

var questions = flag.Int("oracle.n", 24000, "how many random questions TestWalkAgainstOracle asks")

// perCluster is how many questions one random cluster is asked.
const perCluster = 24

// TestWalkAgainstOracle asks the engine and the oracle the same questions about
// random clusters and wants the same set of outcomes. Of each kind of
// disagreement it prints the first, and how many there were.
func TestWalkAgainstOracle(t *testing.T) {
	r := &run{t: t, kinds: map[string]int{}, fates: map[flow.Fate]int{}}
	for seed := uint64(1); r.asked < *questions; seed++ {
		r.cluster(seed)
	}
	r.sum()
	for _, f := range flow.Fates() {
		if f != flow.Unknown && r.fates[f] < r.asked/2000 {
			t.Errorf("%v occurs %d times in %d answers: the generator tests too little", f, r.fates[f], r.asked)
		}
	}
}

// TestPolicyAgainstOracle asks every ordered pair of pods, by address, in
// clusters full of policies.
func TestPolicyAgainstOracle(t *testing.T) {
	r := &run{t: t, kinds: map[string]int{}, fates: map[flow.Fate]int{}}
	for seed := uint64(1); r.asked < *questions; seed++ {
		g := generate.Tangle(generate.Whole, seed)
		g.Snapshot.Services, g.Snapshot.EndpointSlices = nil, nil
		g.MorePolicies()
		m := r.compile(seed, g)
		for i := range g.Snapshot.Pods {
			for j := range g.Snapshot.Pods {
				if from := &g.Snapshot.Pods[i]; !from.Finished() {
					r.ask(seed, g, m, g.Pair(from, &g.Snapshot.Pods[j]))
				}
			}
		}
	}
	r.sum()
	if r.asked < *questions {
		t.Errorf("asked %d of %d questions", r.asked, *questions)
	}
}

// FuzzWalkAgainstOracle does the same with the fuzzer's seeds, for as long as it
// is let.
func FuzzWalkAgainstOracle(f *testing.F) {
	f.Add(uint64(0))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := &run{t: t, kinds: map[string]int{}, fates: map[flow.Fate]int{}}
		r.cluster(seed)
		if len(r.kinds) > 0 {
			t.Errorf("seed %d: the engine and the oracle differ", seed)
		}
	})
}

// run counts what was asked, how it ended, and how often the two differed.
type run struct {
	t     *testing.T
	asked int
	kinds map[string]int
	fates map[flow.Fate]int
}

func (r *run) sum() {
	r.t.Helper()
	r.t.Logf("%d questions", r.asked)
	for _, k := range slices.Sorted(maps.Keys(r.kinds)) {
		r.t.Errorf("%d of %d questions: %s", r.kinds[k], r.asked, k)
	}
}

// cluster asks about one random cluster.
func (r *run) cluster(seed uint64) {
	r.t.Helper()
	g := generate.Tangle(generate.Whole, seed)
	m := r.compile(seed, g)
	for range perCluster {
		r.ask(seed, g, m, g.Question())
	}
}

func (r *run) compile(seed uint64, g *generate.Tangled) *model.Model {
	r.t.Helper()
	m, err := model.Compile(g.Snapshot)
	if err != nil {
		r.t.Fatalf("seed %d: %v", seed, err)
	}
	return m
}

func (r *run) ask(seed uint64, g *generate.Tangled, m *model.Model, q generate.Question) {
	r.t.Helper()
	engine, naive, err := answers(g.Snapshot, m, q)
	if err != nil {
		r.t.Fatalf("seed %d: %v: %v", seed, q, err)
	}
	r.asked++
	for _, o := range naive {
		if f, err := flow.ParseFate(strings.Fields(o)[0]); err == nil {
			r.fates[f]++
		}
	}
	if slices.Equal(engine, naive) {
		return
	}
	k := kindOf(engine, naive)
	if r.kinds[k]++; r.kinds[k] == 1 {
		report(r.t, seed, g.Snapshot, q)
	}
}
