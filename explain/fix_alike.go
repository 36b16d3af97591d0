package explain

import (
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// alikeValues reports whether one label value is likely the other misspelt, cut short
// or written out: "api-svc" and "api-service", "frontend" and "fronted". Two
// values that merely share a word ("web-a" and "web-b" of two tiers) are not.
func alikeValues(a, b string) bool {
	if a == b || strings.EqualFold(a, b) {
		return true
	}
	short, long := a, b
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(short) < 3 {
		return false
	}
	if short[0] == long[0] && subsequence(short, long) {
		return true
	}
	return len(short) >= 5 && cluster.Distance(a, b) <= 2
}

// subsequence reports whether the letters of short stand in long, in their order, and
// are at least half of it.
func subsequence(short, long string) bool {
	i := 0
	for j := 0; j < len(long) && i < len(short); j++ {
		if short[i] == long[j] {
			i++
		}
	}
	return i == len(short) && 2*len(short) >= len(long)
}
