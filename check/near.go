package check

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// alike reports whether two words are most likely meant to be one: a letter or
// two apart, or one without the other's ending.
func alike(a, b string) bool {
	if a == b {
		return true
	}
	short := min(len(a), len(b))
	switch {
	case short < 4:
		return false
	case strings.EqualFold(a, b):
		return true
	case digitsApart(a, b):
		return false // web-1 and web-2 are two
	}
	return cluster.Distance(a, b) <= min(2, short/4)
}

// digitsApart reports whether two words differ in their digits only.
func digitsApart(a, b string) bool {
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, s)
	}
	return letters(a) == letters(b)
}

// nearly returns the kin whose labels differ from what the selector demands in
// one label only, and there most likely by a slip: another spelling of the
// value or the key.
func nearly(from []*kin, s *cluster.LabelSelector) *kin {
	if s == nil || len(s.MatchLabels) == 0 || len(s.MatchExpressions) > 0 {
		return nil
	}
	i := slices.IndexFunc(from, func(g *kin) bool { return slip(s.MatchLabels, g.pod.Labels) })
	if i < 0 {
		return nil
	}
	return from[i]
}

// slip reports whether labels have all that is wanted but one, and that one in
// another spelling.
func slip(want, have cluster.Labels) bool {
	off := 0
	for k, v := range want {
		got, ok := have[k]
		switch {
		case ok && got == v:
			continue
		case ok && alike(got, v), !ok && otherKey(k, v, have):
			off++
		default:
			return false
		}
	}
	return off == 1
}

// otherKey reports whether the value stands under a key that is spelled alike,
// or under the same name with another prefix.
func otherKey(key, value string, have cluster.Labels) bool {
	for k, v := range have {
		if v == value && (alike(k, key) || base(k) == base(key)) {
			return true
		}
	}
	return false
}

func base(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }
