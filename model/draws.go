package model

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// DrawsUnderLocal reports whether a router would still send an address to the
// node if the Service's external traffic policy were Local. Static routes do not
// change; announcers withdraw a node that no Service on the address wants.
func (m *Model) DrawsUnderLocal(svc *cluster.Service, addr netip.Addr, node string) bool {
	announced := true
	routers := m.Announce.Routers()
	for i := range routers {
		announced = announced && m.Announce.Announced(&routers[i], addr)
	}
	if !announced {
		return true
	}
	return slices.ContainsFunc(m.Services.Owners(addr), func(o *cluster.Service) bool {
		serving := m.Services.Serving(o)
		local := o == svc || o.ExternalTrafficPolicy == cluster.PolicyLocal
		return len(serving) > 0 && (!local || slices.Contains(serving, node))
	})
}
