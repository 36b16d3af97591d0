package manifest

import "strings"

// nearest is the name of known that a writer most likely meant: equal but for
// case, or one or two letters away. "" when none is near.
func nearest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, bound := "", 3
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < bound && d*3 <= len(k) {
			best, bound = k, d
		}
	}
	return best
}

// distance is the least number of letters to insert, delete, replace or swap
// with their neighbour (optimal string alignment).
func distance(a, b string) int {
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
