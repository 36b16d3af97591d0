package proof

import (
	"errors"
	"fmt"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
)

// Choice is what a proof is to assume of the dataplane, whatever the input says
// of it. The zero value leaves all to the input.
type Choice struct {
	// Hook is BeforeSNAT or AfterSNAT: what source ingress policy sees.
	Hook string
	// Deny is Drop or Reject.
	Deny          string
	PodNetwork    cluster.PodNetwork
	MasqueradeAll bool
}

// The words of a Choice.
const (
	BeforeSNAT = "before-snat"
	AfterSNAT  = "after-snat"
	Drops      = "drop"
	Rejects    = "reject"
)

// Ground is the cluster as it can be proved: under the dataplane of the input, or
// of the choice, as far as our rules do what it does. A proxy or enforcer of which
// they do not is replaced by our own, which keeps its hook and its way to deny;
// what was in the way is returned. The network stays the cluster's own.
func Ground(m *model.Model, c Choice) (*model.Model, []*model.UnprintableError, error) {
	d := m.Snapshot.Fabric.Dataplane
	var err error
	if c.PodNetwork != "" || c.MasqueradeAll {
		if c.PodNetwork != "" {
			d.PodNetwork = c.PodNetwork
		}
		if c.MasqueradeAll {
			d.MasqueradeAll = &c.MasqueradeAll
		}
		if m, err = m.Under(d); err != nil {
			return nil, nil, err
		}
	}
	told := m.Profile.Policy
	d.PodNetwork, d.PodEgressMasquerade = m.Profile.PodNetwork, m.Profile.PodEgressMasquerade
	var replaced []*model.UnprintableError
	for _, part := range []struct {
		name *string
		err  error
	}{{&d.Proxy, m.PrintableProxy()}, {&d.Policy, m.PrintablePolicy()}} {
		var not *model.UnprintableError
		if errors.As(part.err, &not) {
			*part.name = "portolan"
			replaced = append(replaced, not)
		}
	}
	if len(replaced) > 0 {
		if m, err = m.Under(d); err != nil {
			return nil, nil, err
		}
	}
	return withPolicy(m, &told, c, replaced)
}

// withPolicy sets the enforcer's hook and its way to deny.
func withPolicy(m *model.Model, told *cluster.PolicyProfile, c Choice, replaced []*model.UnprintableError) (*model.Model, []*model.UnprintableError, error) {
	if !m.Enforces() {
		if c.Hook != "" || c.Deny != "" {
			return nil, nil, errors.New("nobody enforces NetworkPolicies under this dataplane, so there is no hook and no denial to choose")
		}
		return m, replaced, nil
	}
	p := *m.Profile
	p.Policy.AfterSNAT, p.Policy.Deny = told.AfterSNAT, told.Deny
	switch c.Hook {
	case "":
	case BeforeSNAT, AfterSNAT:
		p.Policy.AfterSNAT = c.Hook == AfterSNAT
	default:
		return nil, nil, fmt.Errorf("policy hook %q is not %s or %s", c.Hook, BeforeSNAT, AfterSNAT)
	}
	switch c.Deny {
	case "":
	case Drops:
		p.Policy.Deny = cluster.DenyDrop
	case Rejects:
		p.Policy.Deny = cluster.DenyReject
	default:
		return nil, nil, fmt.Errorf("denial %q is not %s or %s", c.Deny, Drops, Rejects)
	}
	if p.Policy == m.Profile.Policy {
		return m, replaced, nil
	}
	changed := m.WithProfile(&p)
	var not *model.UnprintableError
	if err := changed.PrintablePolicy(); !errors.As(err, &not) {
		return changed, replaced, err
	}
	if c.Hook != "" || c.Deny != "" {
		return nil, nil, errors.New("no rules of ours reject behind the masquerade: choose before-snat, or drop")
	}
	p.Policy.Deny = cluster.DenyDrop
	return m.WithProfile(&p), replaced, nil
}
