package policy

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// Range is every address from First to Last, both included and of one family.
type Range struct{ First, Last netip.Addr }

// String prints "172.17.0.0-172.17.0.255", or the address where there is but
// one.
func (r Range) String() string {
	if r.First == r.Last {
		return r.First.String()
	}
	return r.First.String() + "-" + r.Last.String()
}

// Contains reports whether the address lies in the range.
func (r Range) Contains(a netip.Addr) bool {
	return a.BitLen() == r.First.BitLen() && r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0
}

// RangeOf is a prefix from its first to its last address.
func RangeOf(p netip.Prefix) Range {
	return Range{p.Masked().Addr(), cluster.LastAddr(p)}
}

// BlockRanges works out an ipBlock: what of its range no exception takes, in
// order, as few ranges as possible.
//
//	cidr     |----------------------------|
//	except        |---|    |--------|
//	                          |---|          (inside another: takes nothing more)
//	left     |---|     |--|          |----|
func BlockRanges(b *cluster.IPBlock) []Range {
	if !b.CIDR.IsValid() {
		return nil
	}
	whole := RangeOf(b.CIDR)
	var holes []Range
	for _, e := range b.Except {
		if e.IsValid() && e.Overlaps(b.CIDR) {
			holes = append(holes, RangeOf(e))
		}
	}
	var left []Range
	next := whole.First // the first address not yet decided
	for _, h := range MergeRanges(holes) {
		if next.Less(h.First) {
			left = append(left, Range{next, h.First.Prev()})
		}
		if !h.Last.Less(whole.Last) {
			return left
		}
		next = h.Last.Next()
	}
	return append(left, Range{next, whole.Last})
}

// MergeRanges is the union of ranges of any families, in order (IPv4 first):
// those that overlap or touch become one.
func MergeRanges(rs []Range) []Range {
	sorted := slices.Clone(rs)
	slices.SortFunc(sorted, func(a, b Range) int {
		return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last))
	})
	var out []Range
	for _, r := range sorted {
		if n := len(out); n > 0 && touches(out[n-1], r) {
			if out[n-1].Last.Less(r.Last) {
				out[n-1].Last = r.Last
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// touches reports whether b, which does not begin before a, overlaps a or
// begins right behind it.
func touches(a, b Range) bool {
	if a.First.BitLen() != b.First.BitLen() {
		return false
	}
	return !a.Last.Less(b.First) || a.Last.Next() == b.First
}
