package reach

import (
	"slices"
	"sort"
)

// span is a run of numbers, from included, to not.
type span struct{ from, to int32 }

// has reports whether a run of keys holds one.
func (s span) has(k key) bool { return s.from <= int32(k) && int32(k) < s.to }

// appendSpan adds a run that begins at or behind the last one's end, or in it.
func appendSpan(list []span, s span) []span {
	if s.from >= s.to {
		return list
	}
	if n := len(list); n > 0 && list[n-1].to >= s.from {
		list[n-1].to = max(list[n-1].to, s.to)
		return list
	}
	return append(list, s)
}

// runs makes runs of numbers in order.
func runs(numbers []int32) []span {
	var out []span
	for _, n := range numbers {
		out = appendSpan(out, span{n, n + 1})
	}
	return out
}

// has reports whether a run holds the number.
func has(list []span, n int32) bool {
	at := sort.Search(len(list), func(i int) bool { return list[i].to > n })
	return at < len(list) && list[at].from <= n
}

// count is how many numbers there are.
func count(list []span) int {
	n := 0
	for _, s := range list {
		n += int(s.to - s.from)
	}
	return n
}

// combine walks two lists of runs and keeps the numbers for which keep is true;
// keep(false, false) must be false.
func combine(a, b []span, keep func(inA, inB bool) bool) []span {
	out := make([]span, 0, len(a)+len(b))
	at := int32(-1 << 31)
	for len(a) > 0 || len(b) > 0 {
		next := int32(1<<31 - 1)
		inA, inB := false, false
		if len(a) > 0 {
			if inA = a[0].from <= at; inA {
				next = min(next, a[0].to)
			} else {
				next = min(next, a[0].from)
			}
		}
		if len(b) > 0 {
			if inB = b[0].from <= at; inB {
				next = min(next, b[0].to)
			} else {
				next = min(next, b[0].from)
			}
		}
		if keep(inA, inB) {
			out = appendSpan(out, span{at, next})
		}
		at = next
		if len(a) > 0 && a[0].to <= at {
			a = a[1:]
		}
		if len(b) > 0 && b[0].to <= at {
			b = b[1:]
		}
	}
	return out
}

func union(a, b []span) []span {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return combine(a, b, func(a, b bool) bool { return a || b })
}

// unionAll is the union of many lists; the list of lists is used up.
func unionAll(lists [][]span) []span {
	slices.SortFunc(lists, func(a, b []span) int { return len(a) - len(b) })
	for len(lists) > 1 {
		half := lists[:0]
		for i := 0; i+1 < len(lists); i += 2 {
			half = append(half, union(lists[i], lists[i+1]))
		}
		if len(lists)%2 == 1 {
			half = append(half, lists[len(lists)-1])
		}
		lists = half
	}
	if len(lists) == 0 {
		return nil
	}
	return lists[0]
}

func intersect(a, b []span) []span {
	var out []span
	for len(a) > 0 && len(b) > 0 {
		if from, to := max(a[0].from, b[0].from), min(a[0].to, b[0].to); from < to {
			out = append(out, span{from, to})
		}
		if a[0].to < b[0].to {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

func minus(a, b []span) []span {
	if len(a) == 0 || len(b) == 0 {
		return a
	}
	return combine(a, b, func(a, b bool) bool { return a && !b })
}
