package oracle_test

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/model"
)

var questions = flag.Int("oracle.n", 24000, "how many random questions TestWalkAgainstOracle asks")

// perCluster is how many questions one random cluster is asked.
const perCluster = 24

// TestWalkAgainstOracle asks the engine and the oracle the same questions about
// random clusters and wants the same set of outcomes. Of each kind of
// disagreement it prints the first, and how many there were.
func TestWalkAgainstOracle(t *testing.T) {
	asked, kinds := 0, map[string]int{}
	for seed := uint64(1); asked < *questions; seed++ {
		asked += perCluster
		compareCluster(t, seed, kinds)
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		t.Errorf("%d of %d questions: %s", kinds[k], asked, k)
	}
}

// FuzzWalkAgainstOracle does the same with the fuzzer's seeds, for as long as it
// is let.
func FuzzWalkAgainstOracle(f *testing.F) {
	f.Add(uint64(0))
	f.Fuzz(func(t *testing.T, seed uint64) { compareCluster(t, seed, map[string]int{}) })
}

// compareCluster asks about one cluster and counts the disagreements.
func compareCluster(t *testing.T, seed uint64, kinds map[string]int) {
	t.Helper()
	g := generate(seed)
	m, err := model.Compile(g.s)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for i := range perCluster {
		q := g.question()
		if i%3 == 0 {
			q = g.podQuestion()
		}
		engine, naive, err := answers(g.s, m, q)
		if err != nil {
			t.Fatalf("seed %d: %v: %v", seed, q, err)
		}
		if slices.Equal(engine, naive) {
			continue
		}
		k := kindOf(engine, naive)
		if kinds[k]++; kinds[k] == 1 {
			report(t, seed, g.s, q)
		}
	}
}
