package cluster

import (
	"net/netip"
	"slices"
)

// Prefixes finds the longest of many ranges that holds an address, by trying
// each length in use instead of each range: there may be one for every node. The
// zero value holds nothing.
type Prefixes struct {
	ids     map[netip.Prefix]int32
	ids4    map[uint64]int32 // those of IPv4 again, found sooner
	lengths [2][]int         // in use, longest first; IPv4, IPv6
}

// Add adds a range; host bits do not count. The first range is number 1.
func (s *Prefixes) Add(p netip.Prefix) {
	p = p.Masked()
	if _, known := s.ids[p]; known {
		return
	}
	if s.ids == nil {
		s.ids, s.ids4 = map[netip.Prefix]int32{}, map[uint64]int32{}
	}
	s.ids[p] = int32(len(s.ids) + 1)
	if p.Addr().Is4() {
		s.ids4[key4(number4(p.Addr()), p.Bits())] = s.ids[p]
	}
	f := familyIndex(p.Addr())
	at, known := slices.BinarySearchFunc(s.lengths[f], p.Bits(), func(have, bits int) int { return bits - have })
	if !known {
		s.lengths[f] = slices.Insert(s.lengths[f], at, p.Bits())
	}
}

// Longest returns the number of the longest range that holds the address, 0 if
// none does.
func (s *Prefixes) Longest(a netip.Addr) int32 {
	if a.Is4() {
		return s.longest4(number4(a))
	}
	for _, bits := range s.lengths[familyIndex(a)] {
		if p, err := a.Prefix(bits); err == nil {
			if id := s.ids[p]; id != 0 {
				return id
			}
		}
	}
	return 0
}

func (s *Prefixes) longest4(a uint32) int32 {
	for _, bits := range s.lengths[0] {
		if id := s.ids4[key4(a, bits)]; id != 0 {
			return id
		}
	}
	return 0
}

// key4 is the range of so many bits that holds an address.
func key4(a uint32, bits int) uint64 {
	return uint64(a>>(32-bits)<<(32-bits))<<6 | uint64(bits)
}

// All returns the ranges by number: the first is number 1.
func (s *Prefixes) All() []netip.Prefix {
	all := make([]netip.Prefix, len(s.ids))
	for p, id := range s.ids {
		all[id-1] = p
	}
	return all
}

func familyIndex(a netip.Addr) int {
	if a.Is6() {
		return 1
	}
	return 0
}

// LastAddr returns the last address of a range.
func LastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
