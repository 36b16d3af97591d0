package lbip

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// unread says which objects that decide who gets an address could not be read, the
// zero Reason where all could: pools, the Services that have addresses of them, and
// the namespaces that pools select by label.
func unread(s *cluster.Snapshot) flow.Reason {
	kinds := []string{"IPAddressPool", "Service"}
	if slices.ContainsFunc(s.MetalLB.Pools, func(p cluster.IPAddressPool) bool {
		return p.Allocation != nil && len(p.Allocation.NamespaceSelectors) > 0
	}) {
		kinds = append(kinds, "Namespace")
	}
	for _, kind := range kinds {
		if u := s.UnreadOf(kind); u != nil {
			return flow.Because(flow.CodeUnreadKind, kind, u.Words())
		}
	}
	return flow.Reason{}
}

// leave lets every Service have what it has, and says why nothing more is known.
func (t *Table) leave(svc *cluster.Service, why flow.Reason) {
	r := &Result{}
	t.results[svc] = r
	for _, in := range svc.Ingress {
		if in.IP.IsValid() {
			r.Had = append(r.Had, in.IP)
		}
	}
	if r.Addresses = r.Had; len(r.Had) == 0 && Pending(svc) {
		r.Why = []flow.Reason{why}
	}
}
