package proof

import (
	"cmp"
	"maps"
	"slices"

	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Few are questions of the filter, no more than so many, and how many there are
// in all. Of each kind of place and target as many are taken, as far as there are
// so many, lest pods and NodePorts crowd out the rest; within a kind they are
// spread evenly. Most of 0 takes all.
func Few(m *model.Model, f Filter, most int) ([]path.Question, int) {
	counts, all := map[kind]int{}, 0
	for _, k := range each(m, f) {
		counts[k]++
		all++
	}
	if most <= 0 || all < most {
		most = all
	}
	quotas := shares(counts, most)
	out := make([]path.Question, 0, most)
	seen, taken := map[kind]int{}, map[kind]int{}
	for q, k := range each(m, f) {
		if n := taken[k]; n < quotas[k] && seen[k] == spread(n, quotas[k], counts[k]) {
			out = append(out, q)
			taken[k]++
		}
		seen[k]++
	}
	return out, all
}

// shares parts so many evenly; what a kind has no use for goes to the others.
func shares(counts map[kind]int, most int) map[kind]int {
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b kind) int {
		return cmp.Or(counts[a]-counts[b], cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	quotas := map[kind]int{}
	for i, k := range kinds {
		left := len(kinds) - i
		quotas[k] = min(counts[k], (most+left-1)/left)
		most -= quotas[k]
	}
	return quotas
}

// Sample thins questions out evenly until at most so many are left.
func Sample(all []path.Question, most int) []path.Question {
	if most <= 0 || len(all) <= most {
		return all
	}
	out := make([]path.Question, 0, most)
	for k := range most {
		out = append(out, all[spread(k, most, len(all))])
	}
	return out
}

// spread is which of all is the k-th of so many: one out of each k-th part, by a
// number that repeats no pattern, since every so many questions have the same
// target.
func spread(k, most, all int) int {
	first, next := k*all/most, (k+1)*all/most
	h := uint64(k+1) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	return first + int(h%uint64(next-first))
}
