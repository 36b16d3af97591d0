package model

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
)

// Under is the same cluster under another dataplane. What does not depend on it,
// nearly everything, is shared with m.
func (m *Model) Under(d cluster.Dataplane) (*Model, error) {
	s := *m.Snapshot
	s.Fabric.Dataplane = d
	profile, err := cluster.Resolve(&s)
	if err != nil {
		return nil, inFabric(&s, err)
	}
	other := m.WithProfile(profile)
	other.Snapshot = &s
	return other, nil
}

// WithProfile is the same cluster with a profile made by hand.
func (m *Model) WithProfile(p *cluster.Profile) *Model {
	other := *m
	other.Profile = p
	other.devices = deviceAddresses(p, m.Snapshot)
	other.Policies = m.Policies.Under(&p.Policy)
	other.judges = other.Policies
	other.trips = compileTrips(p)
	other.eligible = [2]eligible{other.compileEligible(false), other.compileEligible(true)}
	return &other
}

// Judges answers for the policies: who is isolated, what passes, and what no
// policy tells apart. policy.Tables do.
type Judges interface {
	Judge(q policy.Question) policy.Decision
	Isolates(pod *cluster.Pod, d policy.Direction) bool
	Selected(pod *cluster.Pod) bool
	Atom(addr netip.Addr) int32
	ClassOf(pod *cluster.Pod) int
}

// JudgedBy is the same Model with the policies asked of somebody else, who has
// them in another form, or has others. Policies, and the groups of Everyone,
// stay as they are.
func (m *Model) JudgedBy(j Judges) *Model {
	other := *m
	other.judges = j
	for i := range other.eligible {
		other.eligible[i].keys = nil
	}
	return &other
}
