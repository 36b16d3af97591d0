package model

import "github.com/portolan-net/portolan/cluster"

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
	other.trips = compileTrips(p)
	other.eligible = [2]eligible{other.compileEligible(false), other.compileEligible(true)}
	return &other
}
