package explain

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// Sharing is who has an external address together, and what a Local traffic
// policy would do to it.
type Sharing struct {
	Addr     netip.Addr
	Services []Sharer
	// Entries are the nodes a router sends the address to.
	Entries []string
	// Missing says why those are not known, where they are not.
	Missing flow.Reason
	// Pairs and Losers are what MetalLB makes of it, where it gave the address.
	Pairs  []Pair
	Losers []Loser
}

// Sharer is one Service on a shared address.
type Sharer struct {
	Service *cluster.Service
	Ports   []string
	// Nodes are where it has usable endpoints.
	Nodes []string
	// Dead are the entry nodes on which it would be silent under Local: those
	// without an endpoint of its own.
	Dead []string
}

// Local reports whether the Service's external traffic policy is Local.
func (s *Sharer) Local() bool { return s.Service.ExternalTrafficPolicy == cluster.PolicyLocal }

// sharing looks at the Service's first external address.
func sharing(m *model.Model, svc *cluster.Service) *Sharing {
	if svc == nil {
		return nil
	}
	for _, f := range m.Services.Of(svc) {
		if !f.Addr.IsValid() || !f.Kind.External() {
			continue
		}
		s := &Sharing{Addr: f.Addr}
		routers := m.Announce.Routers()
		for i := range routers {
			c := m.Announce.NextHops(&routers[i], f.Addr)
			s.Entries = append(s.Entries, c.Nodes...)
			if m.EntryUnknown(f.Addr) {
				s.Missing = m.Missing(cmp.Or(c.Unread, "Node"))
			}
		}
		slices.Sort(s.Entries)
		s.Entries = slices.Compact(s.Entries)
		for _, o := range m.Services.Owners(f.Addr) {
			s.Services = append(s.Services, sharer(m, o, f.Addr, s.Entries))
		}
		s.balance(m)
		return s
	}
	return nil
}

func sharer(m *model.Model, svc *cluster.Service, addr netip.Addr, entries []string) Sharer {
	out := Sharer{Service: svc}
	for _, f := range m.Services.Of(svc) {
		if f.Addr.IsValid() && f.Kind.External() {
			out.Ports = append(out.Ports, f.Words())
		}
		for _, b := range f.Backends.Cluster(nil) {
			out.Nodes = append(out.Nodes, b.Node)
		}
	}
	slices.Sort(out.Nodes)
	out.Nodes = slices.Compact(out.Nodes)
	slices.Sort(out.Ports)
	out.Ports = slices.Compact(out.Ports)
	for _, n := range entries {
		if !slices.Contains(out.Nodes, n) && m.DrawsUnderLocal(svc, addr, n) {
			out.Dead = append(out.Dead, n)
		}
	}
	return out
}
