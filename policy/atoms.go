package policy

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
)

// atoms are the sets of addresses that no ipBlock of the cluster tells apart:
// every ipBlock, and every exception, holds all of an atom or none of it. The
// longest prefix that holds an address decides all the others, so it names the
// address's atom.
type atoms struct{ cluster.Prefixes }

func newAtoms(s *cluster.Snapshot) atoms {
	var a atoms
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		for _, rules := range [][]cluster.PolicyRule{p.Ingress, p.Egress} {
			for j := range rules {
				a.addPeers(rules[j].Peers)
			}
		}
	}
	return a
}

func (a *atoms) addPeers(peers []cluster.PolicyPeer) {
	for i := range peers {
		b := peers[i].IPBlock
		if b == nil {
			continue
		}
		a.Add(b.CIDR)
		for _, e := range b.Except {
			a.Add(e)
		}
	}
}

// Atom numbers the set of addresses that no ipBlock tells from addr: 0 for
// those in no ipBlock, -1 for an address that is not known.
func (t *Tables) Atom(addr netip.Addr) int32 {
	if !addr.IsValid() {
		return -1
	}
	return t.atoms.Longest(addr)
}
