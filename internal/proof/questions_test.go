package proof

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
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

// Every kind of place and target gets its share, and what a kind has no use for
// goes to the others.
func TestShares(t *testing.T) {
	nodes, clients, pods := kind{"node", "vip"}, kind{"external", "vip"}, kind{"pod", "nodeport"}
	counts := map[kind]int{nodes: 3, clients: 40, pods: 100000}
	for most, want := range map[int][3]int{3: {1, 1, 1}, 10: {3, 4, 3}, 100: {3, 40, 57}, 100043: {3, 40, 100000}} {
		got := shares(counts, most)
		if have := [3]int{got[nodes], got[clients], got[pods]}; have != want {
			t.Errorf("of %d: %v, want %v", most, have, want)
		}
	}
}

// So many questions as are wanted, each once, and all of them where that is no
// fewer.
func TestFew(t *testing.T) {
	m := example(t, cluster.Dataplane{})
	every := Everything(m, "", "")
	for _, most := range []int{1, 7, 50, len(every) - 1, len(every), len(every) + 5, 0} {
		some, all := Few(m, Filter{}, most)
		want := most
		if most == 0 || most > len(every) {
			want = len(every)
		}
		seen := map[path.Question]bool{}
		for _, q := range some {
			if seen[q] || !slices.Contains(every, q) {
				t.Errorf("of %d: %v is there twice, or none of all", most, q)
			}
			seen[q] = true
		}
		if len(some) != want || all != len(every) {
			t.Errorf("of %d: %d of %d questions, want %d", most, len(some), all, want)
		}
	}
	for _, c := range []struct {
		filter Filter
		want   int
	}{
		{Filter{To: "svc/test/ssh:22@vip"}, 11},
		{Filter{To: "svc/test/ssh@vip", From: "node/*"}, 3},
		{Filter{To: "198.51.100.17:22", Via: "n1"}, 1},
		{Filter{From: "pod/test/ssh-0", To: "pod/test/ssh-0"}, 0},
		{Filter{From: "moon"}, 0},
	} {
		if _, all := Few(m, c.filter, 0); all != c.want {
			t.Errorf("%+v: %d questions, want %d", c.filter, all, c.want)
		}
	}
}
