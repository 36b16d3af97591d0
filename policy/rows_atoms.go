package policy

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// AtomRange is a range of addresses of one atom.
type AtomRange struct {
	Range
	Atom int32
}

// atomIndex holds the atoms' prefixes in order, so that those inside a prefix
// stand together behind it. It is filled when it is needed.
type atomIndex struct {
	all    []netip.Prefix // by atom, from 1
	sorted []numberedPrefix
	atoms  map[netip.Prefix][]int32 // known answers of within
}

type numberedPrefix struct {
	netip.Prefix
	atom int32
}

// AtomPrefix is the prefix that names an atom: its addresses are those of the
// prefix that no longer one holds. Atom 0, the addresses in no ipBlock, has none.
func (r *Rows) AtomPrefix(atom int32) netip.Prefix {
	if r.sortedAtoms(); atom <= 0 || int(atom) > len(r.atom.all) {
		return netip.Prefix{}
	}
	return r.atom.all[atom-1]
}

func (r *Rows) sortedAtoms() []numberedPrefix {
	if r.atom.atoms != nil {
		return r.atom.sorted
	}
	r.atom.all = r.t.atoms.All()
	for i, p := range r.atom.all {
		if p.IsValid() {
			r.atom.sorted = append(r.atom.sorted, numberedPrefix{p, int32(i + 1)})
		}
	}
	slices.SortFunc(r.atom.sorted, func(a, b numberedPrefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), a.Bits()-b.Bits())
	})
	r.atom.atoms = map[netip.Prefix][]int32{}
	return r.atom.sorted
}

// within are the atoms inside a prefix, in order of their numbers. They must not
// be changed.
func (r *Rows) within(p netip.Prefix) []int32 {
	p = p.Masked()
	sorted := r.sortedAtoms()
	if known, ok := r.atom.atoms[p]; ok {
		return known
	}
	at, _ := slices.BinarySearchFunc(sorted, p, func(n numberedPrefix, p netip.Prefix) int {
		return cmp.Or(n.Addr().Compare(p.Addr()), n.Bits()-p.Bits())
	})
	var found []int32
	for _, n := range sorted[at:] {
		if !p.Contains(n.Addr()) {
			break
		}
		found = append(found, n.atom)
	}
	slices.Sort(found)
	r.atom.atoms[p] = found
	return found
}

// blockAtoms are the atoms of an ipBlock: those inside its range and inside no
// exception.
func (r *Rows) blockAtoms(b *cluster.IPBlock) []int32 {
	all := r.within(b.CIDR)
	for _, e := range b.Except {
		out := r.within(e)
		all = slices.DeleteFunc(slices.Clone(all), func(a int32) bool { return in(out, a) })
	}
	return all
}

// AtomRanges are the addresses of every atom but 0, in order and without
// overlap.
//
//	10.0.0.0/8       1 |------------------------------------|
//	10.1.0.0/16      2      |------------|
//	10.1.2.0/24      3          |---|
//	ranges             |1--||2-||3--||2--||1----------------|
func (r *Rows) AtomRanges() []AtomRange {
	var out []AtomRange
	var open []numberedPrefix // the prefixes around the next address, widest first
	var next netip.Addr       // the first address not yet given out
	upTo := func(last netip.Addr) {
		if next.IsValid() && next.Compare(last) <= 0 {
			out = append(out, AtomRange{Range{next, last}, open[len(open)-1].atom})
			next = last.Next()
		}
	}
	closeBefore := func(a netip.Addr) {
		for len(open) > 0 && !open[len(open)-1].Contains(a) {
			upTo(cluster.LastAddr(open[len(open)-1].Prefix))
			open = open[:len(open)-1]
		}
	}
	for _, p := range r.sortedAtoms() {
		closeBefore(p.Addr())
		if len(open) > 0 {
			upTo(p.Addr().Prev())
		}
		open = append(open, p)
		next = p.Addr()
	}
	closeBefore(netip.Addr{}) // which nothing contains
	return out
}
