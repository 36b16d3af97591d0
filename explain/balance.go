package explain

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/lbip"
	"github.com/portolan-net/portolan/model"
)

// Pair is two Services on one load balancer address, and whether MetalLB lets
// them share it.
type Pair struct {
	A, B *cluster.Service
	OK   bool
	Why  flow.Reason
}

// Loser is a Service that has an address which MetalLB takes away the next time
// it looks.
type Loser struct {
	Service   *cluster.Service
	Addresses []netip.Addr // that it loses
	Why       []flow.Reason
}

// balance works out Pairs and Losers, for those whose address MetalLB gave.
func (s *Sharing) balance(m *model.Model) {
	var ours []*cluster.Service
	for i := range s.Services {
		svc := s.Services[i].Service
		given := slices.ContainsFunc(svc.Ingress, func(in cluster.Ingress) bool { return in.IP == s.Addr })
		if given && svc.Type == cluster.ServiceLoadBalancer && !lbip.ForeignClass(svc) {
			ours = append(ours, svc)
		}
	}
	if len(m.Snapshot.MetalLB.Pools) == 0 && !slices.ContainsFunc(ours, lbip.Annotated) {
		return // another load balancer, with rules of its own
	}
	for i, a := range ours {
		for _, b := range ours[i+1:] {
			ok, why := lbip.Share(a, b)
			s.Pairs = append(s.Pairs, Pair{A: a, B: b, OK: ok, Why: at(why, s.Addr)})
		}
		if r := m.Balancers.Of(a); r != nil && r.Loses() {
			s.Losers = append(s.Losers, Loser{Service: a, Addresses: r.Had, Why: r.Why})
		}
	}
}

// at puts the address into a reason that is about any.
func at(why flow.Reason, addr netip.Addr) flow.Reason {
	why.Args = slices.Clone(why.Args)
	why.Args[0] = addr.String()
	return why
}
