package explain

import (
	"fmt"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// contrast is one way in which dataplanes differ.
type contrast struct {
	// reason is what it means that the other has what this one has not; the zero
	// Reason where they agree.
	reason func(here, there *cluster.Profile) flow.Reason
	// take makes the difference, and nothing else.
	take func(p, there *cluster.Profile)
}

func flag(code flow.Code, of func(*cluster.Profile) *bool) contrast {
	return contrast{
		reason: func(here, there *cluster.Profile) flow.Reason {
			if *of(there) && !*of(here) {
				return flow.Because(code)
			}
			return flow.Reason{}
		},
		take: func(p, there *cluster.Profile) { *of(p) = *of(there) },
	}
}

// contrasts are tried in this order, the most telling first.
var contrasts = []contrast{
	{
		reason: func(here, there *cluster.Profile) flow.Reason {
			switch {
			case here.Policy.Enforces == there.Policy.Enforces:
				return flow.Reason{}
			case there.Policy.Enforces:
				return flow.Because(flow.CodeSinceEnforced)
			}
			return flow.Because(flow.CodeSinceNotEnforced)
		},
		take: func(p, there *cluster.Profile) { p.Policy.Enforces = there.Policy.Enforces },
	},
	{
		reason: func(here, there *cluster.Profile) flow.Reason {
			switch {
			case here.Policy.AfterSNAT == there.Policy.AfterSNAT && here.Policy.ExemptsProcessesOnly == there.Policy.ExemptsProcessesOnly:
				return flow.Reason{}
			case there.Policy.AfterSNAT:
				return flow.Because(flow.CodeSinceAfterSNAT)
			}
			return flow.Because(flow.CodeSinceBeforeSNAT)
		},
		take: func(p, there *cluster.Profile) {
			p.Policy.AfterSNAT, p.Policy.ExemptsProcessesOnly = there.Policy.AfterSNAT, there.Policy.ExemptsProcessesOnly
		},
	},
	flag(flow.CodeSinceIdentities, func(p *cluster.Profile) *bool { return &p.Policy.Identities }),
	flag(flow.CodeSinceBeforeDNAT, func(p *cluster.Profile) *bool { return &p.Policy.EgressBeforeDNAT }),
	{
		reason: differs(flow.CodeSinceSelf, func(p *cluster.Profile) string { return fmt.Sprint(p.Policy.Self) }),
		take: func(p, there *cluster.Profile) {
			p.Policy.Self, p.Policy.SelfOpen = there.Policy.Self, there.Policy.SelfOpen
		},
	},
	{
		reason: differs(flow.CodeSinceDeny, func(p *cluster.Profile) string { return fmt.Sprint(p.Policy.Deny) }),
		take:   func(p, there *cluster.Profile) { p.Policy.Deny = there.Policy.Deny },
	},
	flag(flow.CodeSinceLocalBackends, func(p *cluster.Profile) *bool { return &p.Proxy.LocalBackendsKeepSource }),
	flag(flow.CodeSincePodsKeep, func(p *cluster.Profile) *bool { return &p.Proxy.PodsKeepSource }),
	flag(flow.CodeSinceSocket, func(p *cluster.Profile) *bool { return &p.Proxy.AtSocket }),
	flag(flow.CodeSinceFallsBack, func(p *cluster.Profile) *bool { return &p.Proxy.LocalFallsBack }),
	flag(flow.CodeSinceClusterIPs, func(p *cluster.Profile) *bool { return &p.Proxy.ClusterIPsInsideOnly }),
	{
		reason: func(_, there *cluster.Profile) flow.Reason {
			if there.Policy.ForwardOnly && there.Proxy.SkipsForward {
				return flow.Because(flow.CodeSinceForwardOnly)
			}
			return flow.Reason{}
		},
		take: func(p, there *cluster.Profile) {
			p.Policy.ForwardOnly, p.Proxy.SkipsForward = there.Policy.ForwardOnly, there.Proxy.SkipsForward
		},
	},
	{
		reason: differs(flow.CodeSincePolicy, func(p *cluster.Profile) string { return p.Policy.Name }),
		take:   func(p, there *cluster.Profile) { p.Policy = there.Policy },
	},
	{
		reason: differs(flow.CodeSinceProxy, func(p *cluster.Profile) string { return p.Proxy.Name }),
		take:   func(p, there *cluster.Profile) { p.Proxy = there.Proxy },
	},
	{
		reason: differs(flow.CodeSinceNetwork, func(p *cluster.Profile) string { return string(p.PodNetwork) }),
		take:   func(p, there *cluster.Profile) { p.PodNetwork, p.Nodes = there.PodNetwork, there.Nodes },
	},
	{
		reason: differs(flow.CodeSinceEgress, func(p *cluster.Profile) string { return string(p.PodEgressMasquerade) }),
		take:   func(p, there *cluster.Profile) { p.PodEgressMasquerade = there.PodEgressMasquerade },
	},
}

func differs(code flow.Code, word func(*cluster.Profile) string) func(here, there *cluster.Profile) flow.Reason {
	return func(here, there *cluster.Profile) flow.Reason {
		if word(here) == word(there) {
			return flow.Reason{}
		}
		return flow.Because(code, word(there))
	}
}

// since finds the first difference that alone makes the other answer.
func since(m *model.Model, there *cluster.Profile, same func(*model.Model) bool) flow.Reason {
	for _, d := range contrasts {
		why := d.reason(m.Profile, there)
		if why.IsZero() {
			continue
		}
		p := *m.Profile
		d.take(&p, there)
		if same(m.WithProfile(&p)) {
			return why
		}
	}
	return flow.Because(flow.CodeSinceTogether, there.Proxy.Name, there.Policy.Name, string(there.PodNetwork))
}
