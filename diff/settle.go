package diff

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/lbip"
	"github.com/portolan-net/portolan/model"
)

// losers notes whom the rules would take an address from in the old version, and who
// shares it with them: evidently nobody does.
func (x *comparison) losers(old *model.Model) {
	x.loses = map[flow.Object]bool{}
	at := map[netip.Addr]bool{}
	for i := range old.Snapshot.Services {
		svc := &old.Snapshot.Services[i]
		if r := old.Balancers.Of(svc); r != nil && r.Loses() {
			x.loses[svc.Object()] = true
			for _, a := range r.Had {
				at[a] = true
			}
		}
	}
	if len(at) == 0 {
		return
	}
	for i := range old.Snapshot.Services {
		svc := &old.Snapshot.Services[i]
		if slices.ContainsFunc(svc.Ingress, func(in cluster.Ingress) bool { return at[in.IP] }) {
			x.loses[svc.Object()] = true
		}
	}
}

// settle is the Snapshot without the addresses that Services lose, and who has which
// then; nil where nobody loses any. Of sharers that do not go together any more it is
// the one that changed.
func (x *comparison) settle(m *model.Model) (*cluster.Snapshot, *lbip.Table) {
	s := m.Snapshot
	if !x.anyLoses(s, m.Balancers) {
		return nil, nil
	}
	after := lbip.AllocateAfter(s, func(svc *cluster.Service) *cluster.Service {
		return x.index[0].Service(svc.Namespace, svc.Name)
	})
	out := *s
	out.Services = slices.Clone(s.Services)
	for i := range s.Services {
		r := after.Of(&s.Services[i])
		if r == nil || !r.Loses() || x.loses[s.Services[i].Object()] {
			continue
		}
		out.Services[i].Ingress = nil
		for _, a := range r.Addresses {
			out.Services[i].Ingress = append(out.Services[i].Ingress, cluster.Ingress{IP: a})
		}
	}
	return &out, after
}

func (x *comparison) anyLoses(s *cluster.Snapshot, t *lbip.Table) bool {
	for i := range s.Services {
		svc := &s.Services[i]
		if r := t.Of(svc); r != nil && r.Loses() && !x.loses[svc.Object()] {
			return true
		}
	}
	return false
}
