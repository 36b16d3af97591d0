package policy

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// atoms are the sets of addresses that no ipBlock of the cluster tells apart:
// every ipBlock, and every exception, holds all of an atom or none of it. The
// longest prefix that holds an address decides all the others, so it names the
// address's atom.
type atoms struct {
	ids     map[netip.Prefix]int32
	lengths [2][]int // prefix lengths in use, longest first; IPv4, IPv6
}

func newAtoms(s *cluster.Snapshot) atoms {
	a := atoms{ids: map[netip.Prefix]int32{}}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		for _, rules := range [][]cluster.PolicyRule{p.Ingress, p.Egress} {
			for j := range rules {
				a.addPeers(rules[j].Peers)
			}
		}
	}
	for f := range a.lengths {
		slices.SortFunc(a.lengths[f], func(x, y int) int { return y - x })
	}
	return a
}

func (a *atoms) addPeers(peers []cluster.PolicyPeer) {
	for i := range peers {
		b := peers[i].IPBlock
		if b == nil {
			continue
		}
		a.add(b.CIDR)
		for _, e := range b.Except {
			a.add(e)
		}
	}
}

func (a *atoms) add(p netip.Prefix) {
	p = p.Masked()
	if _, known := a.ids[p]; known {
		return
	}
	a.ids[p] = int32(len(a.ids) + 1)
	f := familyIndex(p.Addr())
	if !slices.Contains(a.lengths[f], p.Bits()) {
		a.lengths[f] = append(a.lengths[f], p.Bits())
	}
}

func familyIndex(a netip.Addr) int {
	if a.Is6() {
		return 1
	}
	return 0
}

// Atom numbers the set of addresses that no ipBlock tells from addr: 0 for
// those in no ipBlock, -1 for an address that is not known.
func (t *Tables) Atom(addr netip.Addr) int32 {
	if !addr.IsValid() {
		return -1
	}
	for _, bits := range t.atoms.lengths[familyIndex(addr)] {
		p, err := addr.Prefix(bits)
		if err != nil {
			continue
		}
		if id, ok := t.atoms.ids[p]; ok {
			return id
		}
	}
	return 0
}
