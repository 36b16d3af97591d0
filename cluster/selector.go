package cluster

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Matches reports whether labels satisfy every requirement. The rule is
// metav1.LabelSelector's: "The result of matchLabels and matchExpressions are
// ANDed. An empty label selector matches all objects." An absent key satisfies
// NotIn ("operator NotIn ... also selects resources with no labels with the
// key", concepts/overview/working-with-objects/labels) and DoesNotExist. An
// unknown operator matches nothing; the loader refuses it before.
func (s *LabelSelector) Matches(labels Labels) bool {
	for k, v := range s.MatchLabels {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	for i := range s.MatchExpressions {
		if !s.MatchExpressions[i].Matches(labels) {
			return false
		}
	}
	return true
}

// Matches reports whether labels satisfy this one requirement.
func (r *Requirement) Matches(labels Labels) bool {
	value, has := labels[r.Key]
	switch r.Operator {
	case OpIn:
		return has && slices.Contains(r.Values, value)
	case OpNotIn:
		return !has || !slices.Contains(r.Values, value)
	case OpExists:
		return has
	case OpDoesNotExist:
		return !has
	}
	return false
}

// IsEmpty reports whether the selector has no requirement: it selects all.
func (s *LabelSelector) IsEmpty() bool {
	return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// String prints the selector as kubectl does ("app=ssh,tier in (a,b),!old");
// the empty selector prints as "<all>".
func (s *LabelSelector) String() string {
	if s.IsEmpty() {
		return "<all>"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		parts = append(parts, k+"="+s.MatchLabels[k])
	}
	for _, r := range s.MatchExpressions {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, ",")
}

// String prints the requirement in kubectl's set notation.
func (r *Requirement) String() string {
	switch r.Operator {
	case OpIn:
		return r.Key + " in (" + strings.Join(r.Values, ",") + ")"
	case OpNotIn:
		return r.Key + " notin (" + strings.Join(r.Values, ",") + ")"
	case OpExists:
		return r.Key
	case OpDoesNotExist:
		return "!" + r.Key
	}
	return r.Key + " " + string(r.Operator)
}

// Contains reports whether addr is in the block and in none of its exceptions.
// An address of the other family never is.
func (b *IPBlock) Contains(addr netip.Addr) bool {
	if !b.CIDR.Contains(addr) {
		return false
	}
	for _, e := range b.Except {
		if e.Contains(addr) {
			return false
		}
	}
	return true
}
