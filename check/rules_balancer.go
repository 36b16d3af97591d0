package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/lbip"
	"github.com/portolan-net/portolan/policy"
)

// balancers looks at load balancer addresses, with the reasons of package lbip.
func (l *linter) balancers() {
	byKey, byAddr := map[string][]*cluster.Service{}, map[netip.Addr][]*cluster.Service{}
	some := false
	l.pools()
	for i := range l.s.Services {
		svc := &l.s.Services[i]
		for _, r := range lbip.Typos(svc) {
			l.found(UnknownAnnotation, serviceAt(svc, "metadata.annotations"), r)
		}
		if svc.Type != cluster.ServiceLoadBalancer || lbip.ForeignClass(svc) {
			continue
		}
		some = true
		l.balancer(svc)
		if k := lbip.Key(svc); k != "" {
			byKey[k] = append(byKey[k], svc)
			if svc.ExternalTrafficPolicy == cluster.PolicyLocal && len(svc.Selector) == 0 {
				l.found(SharingNoSelector, serviceAt(svc, "spec.externalTrafficPolicy"), flow.Because(flow.CodeLintSharingNoSelector, svc.Namespace+"/"+svc.Name))
			}
		}
		for _, a := range lbip.Wanted(svc) {
			byAddr[a] = append(byAddr[a], svc)
		}
	}
	for k, all := range byKey {
		l.sharers(all)
		l.keyAcross(k, all)
	}
	for _, all := range byAddr {
		l.sharers(all)
		l.sharedRanges(all)
	}
	if some {
		l.eligible()
	}
}

// requests are the reasons that the Service itself is to blame for; the others
// are the pools'.
var requests = []flow.Code{
	flow.CodePendingTwice, flow.CodePendingInvalid, flow.CodePendingFamily, flow.CodePendingNoPool, flow.CodePendingAvoided,
	flow.CodePendingOtherPool, flow.CodePendingUnknownPool,
}

var exhausted = []flow.Code{
	flow.CodePoolFull, flow.CodePoolNoFamily, flow.CodePoolNamespaces, flow.CodePoolServices, flow.CodePoolNotAuto, flow.CodePoolNobody,
}

// balancer looks at what becomes of one Service's address.
func (l *linter) balancer(svc *cluster.Service) {
	r := l.m.Balancers.Of(svc)
	if r == nil {
		return
	}
	for _, why := range r.Why {
		switch where := serviceAt(svc, "metadata"); {
		case r.Loses():
			l.found(LosesAddress, where, why)
		case slices.Contains(requests, why.Code):
			l.found(RequestRefused, where, why)
		case slices.Contains(exhausted, why.Code) && len(r.Addresses) == 0:
			l.found(BalancerPending, where, why)
		}
	}
	if len(r.Had) > 0 && !r.Loses() {
		l.announced(svc, r.Had)
	}
}

// announced asks who announces the address that a Service has.
func (l *linter) announced(svc *cluster.Service, had []netip.Addr) {
	routers := l.m.Announce.Routers()
	for _, a := range had {
		for i := range routers {
			c := l.m.Announce.NextHops(&routers[i], a)
			switch c.Why.Code {
			case flow.CodeNoAdvertisement:
				if len(c.Origins) == 0 || !l.dark[c.Origins[0].Object] { // else the pool's finding says it
					l.found(NotAnnounced, serviceAt(svc, "status.loadBalancer"), c.Why, c.Origins...)
				}
			case flow.CodeAdNotForService, flow.CodeAdNotForNodes, flow.CodeNoPeerOnNodes, flow.CodeSharedAndSelected, flow.CodeNoPoolHolds:
				l.found(NotAnnounced, serviceAt(svc, "status.loadBalancer"), c.Why, c.Origins...)
			default:
			}
		}
	}
}

// sharers looks at Services that are meant to share, by one key or one address:
// each against the one that has it, or would get it first.
func (l *linter) sharers(all []*cluster.Service) {
	first := all[0]
	for _, s := range all {
		if len(s.Ingress) > len(first.Ingress) || len(s.Ingress) == len(first.Ingress) && s.Created != "" && s.Created < first.Created {
			first = s
		}
	}
	for _, s := range all {
		if s == first {
			continue
		}
		ok, why := lbip.Share(s, first)
		if ok {
			continue
		}
		together := slices.ContainsFunc(lbip.Wanted(s), func(x netip.Addr) bool { return slices.Contains(lbip.Wanted(first), x) })
		where, other := serviceAt(s, "metadata.annotations"), serviceAt(first, "")
		switch why.Code {
		case flow.CodeSharePolicies:
			l.found(SharingPolicies, where, why, other)
		case flow.CodeShareSelectors:
			l.found(SharingSelectors, where, why, other)
		case flow.CodeSharePort:
			if together {
				l.found(SharingPorts, where, why, other)
			}
		case flow.CodeShareNoKey, flow.CodeShareKeys:
			if together && l.metallb(s) {
				l.found(SharingKeyMissing, where, why, other)
			}
		default:
		}
	}
}

// metallb reports whether something shows that MetalLB gives addresses here:
// other controllers have rules of their own.
func (l *linter) metallb(svc *cluster.Service) bool {
	if len(l.s.MetalLB.Pools) > 0 || svc.LoadBalancerClass != "" {
		return true
	}
	return slices.ContainsFunc(l.s.Services, func(s cluster.Service) bool {
		for k := range s.Annotations {
			if strings.HasPrefix(k, "metallb.") {
				return true
			}
		}
		return false
	})
}

// keyAcross: a key knows no namespaces.
func (l *linter) keyAcross(key string, all []*cluster.Service) {
	var spaces []string
	for _, s := range all {
		if !slices.Contains(spaces, s.Namespace) {
			spaces = append(spaces, s.Namespace)
		}
	}
	if len(spaces) > 1 {
		slices.Sort(spaces)
		l.found(SharingNamespaces, serviceAt(all[0], "metadata.annotations"), flow.Because(flow.CodeLintKeyAcross, key, names(spaces)))
	}
}

// sharedRanges: of Services on one address some are restricted and others not.
func (l *linter) sharedRanges(all []*cluster.Service) {
	var with, without *cluster.Service
	for _, s := range all {
		if len(s.SourceRanges) > 0 {
			with = s
		} else {
			without = s
		}
	}
	if with != nil && without != nil {
		l.found(RangesOnOne, serviceAt(with, "spec.loadBalancerSourceRanges"),
			flow.Because(flow.CodeLintRangesOnOne, with.Namespace+"/"+with.Name, without.Namespace+"/"+without.Name), serviceAt(without, ""))
	}
}

// pools looks at MetalLB's pools themselves.
func (l *linter) pools() {
	mlb := &l.s.MetalLB
	for i := range mlb.Pools {
		p := &mlb.Pools[i]
		where := at(p.Object(), "spec", p.Position)
		if !slices.ContainsFunc(mlb.BGPAdvertisements, func(a cluster.BGPAdvertisement) bool { return cluster.SelectsPool(a.Pools, a.PoolSelectors, p) }) &&
			!slices.ContainsFunc(mlb.L2Advertisements, func(a cluster.L2Advertisement) bool { return cluster.SelectsPool(a.Pools, a.PoolSelectors, p) }) {
			l.dark[p.Object()] = !l.off[PoolNotAnnounced]
			l.found(PoolNotAnnounced, where, flow.Because(flow.CodeLintPoolNotAnnounced, p.Name))
		}
		for j := range mlb.Pools[:i] {
			if q := &mlb.Pools[j]; poolsOverlap(p, q) {
				l.found(PoolsOverlap, where, flow.Because(flow.CodePoolsOverlap, q.Name, p.Name, rangeOf(p)), at(q.Object(), "", q.Position))
			}
		}
	}
}

func poolsOverlap(p, q *cluster.IPAddressPool) bool {
	for _, a := range p.Addresses {
		for _, b := range q.Addresses {
			if len(policy.MergeRanges([]policy.Range{{First: a.First, Last: a.Last}, {First: b.First, Last: b.Last}})) == 1 &&
				(a.Contains(b.First) || b.Contains(a.First)) {
				return true
			}
		}
	}
	return false
}

func rangeOf(p *cluster.IPAddressPool) string {
	var out []string
	for _, r := range p.Addresses {
		out = append(out, r.String())
	}
	return names(out)
}

// eligible: there are load balancers and no node that they may use.
func (l *linter) eligible() {
	var why []string
	for i := range l.s.Nodes {
		reason := announce.Eligible(&l.s.Nodes[i])
		if reason == "" {
			return
		}
		why = append(why, l.s.Nodes[i].Name+" ("+reason+")")
	}
	if len(l.s.Nodes) > 0 {
		n := &l.s.Nodes[0]
		l.found(NoNodeForBalancers, at(flow.Object{Kind: "Node", Name: n.Name}, "", n.Position), flow.Because(flow.CodeLintNoNode, names(why)))
	}
}
