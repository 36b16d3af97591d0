package reach

import (
	"net/netip"

	"github.com/portolan-net/portolan/policy"
)

// space is every address of a family.
func space(f family) policy.Range {
	if f == 1 {
		return policy.RangeOf(netip.MustParsePrefix("::/0"))
	}
	return policy.RangeOf(netip.MustParsePrefix("0.0.0.0/0"))
}

// commonRanges are the addresses in both lists, which are in order.
func commonRanges(a, b []policy.Range) []policy.Range {
	var out []policy.Range
	for len(a) > 0 && len(b) > 0 {
		first, last := a[0].First, a[0].Last
		if first.Less(b[0].First) {
			first = b[0].First
		}
		if b[0].Last.Less(last) {
			last = b[0].Last
		}
		if !last.Less(first) { // nor are they of two families
			out = append(out, policy.Range{First: first, Last: last})
		}
		if a[0].Last.Less(b[0].Last) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

// withoutRanges are the addresses of a that are not in b; both are in order.
func withoutRanges(a, b []policy.Range) []policy.Range {
	var out []policy.Range
	for _, r := range a {
		next := r.First
		for _, h := range b {
			if h.Last.Less(next) {
				continue
			}
			if r.Last.Less(h.First) {
				break
			}
			if next.Less(h.First) {
				out = append(out, policy.Range{First: next, Last: h.First.Prev()})
			}
			if next = h.Last.Next(); !h.Last.Less(r.Last) {
				next = netip.Addr{} // and what follows begins behind r
			}
		}
		if next.IsValid() {
			out = append(out, policy.Range{First: next, Last: r.Last})
		}
	}
	return out
}

// rangesOf are prefixes of a family as ranges.
func rangesOf(prefixes []netip.Prefix, f family) []policy.Range {
	var out []policy.Range
	for _, p := range prefixes {
		if familyOf(p.Addr()) == f {
			out = append(out, policy.RangeOf(p))
		}
	}
	return policy.MergeRanges(out)
}

// ofFamilyRanges keeps the ranges of a family.
func ofFamilyRanges(list []policy.Range, f family) []policy.Range {
	var out []policy.Range
	for _, r := range list {
		if familyOf(r.First) == f {
			out = append(out, r)
		}
	}
	return out
}
