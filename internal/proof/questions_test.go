package proof

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/path"
)

// One question of each part, never the same target all the time.
func TestSampleSpreads(t *testing.T) {
	const starts, goals, most = 100, 50, 100
	var all []path.Question
	for i := range starts {
		for k := range goals {
			all = append(all, path.Question{From: string(rune('A' + i)), To: string(rune('a' + k))})
		}
	}
	some := Sample(all, most)
	if len(some) != most {
		t.Fatalf("%d questions, want %d", len(some), most)
	}
	seen := map[string]int{}
	last := -1
	for _, q := range some {
		i := slices.Index(all, q)
		if i <= last {
			t.Fatalf("question %d behind %d", i, last)
		}
		last = i
		seen[q.To]++
	}
	for to, n := range seen {
		if n > 10 {
			t.Errorf("target %s is asked %d times", to, n)
		}
	}
	if len(seen) < goals/2 {
		t.Errorf("only %d of %d targets are asked", len(seen), goals)
	}
	if got := Sample(all, len(all)); len(got) != len(all) {
		t.Errorf("%d of %d where all are wanted", len(got), len(all))
	}
}
