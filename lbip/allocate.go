package lbip

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Result is what becomes of one Service of type LoadBalancer.
type Result struct {
	// Addresses are those it has and keeps, or would be given; empty: none.
	Addresses []netip.Addr
	// Pool they are from, "" when that is not known.
	Pool string
	// Had are the addresses in its status.
	Had []netip.Addr
	// Why it has none. Where Had is not empty: why it does not keep them.
	Why []flow.Reason
}

// Loses reports whether the rules take from the Service what its status shows.
func (r *Result) Loses() bool { return len(r.Had) > 0 && !slices.Equal(r.Had, r.Addresses) }

// Table is the end of the state machine over one Snapshot. Immutable.
type Table struct {
	pools    []*pool
	overlaps flow.Reason
	used     map[netip.Addr][]*cluster.Service
	byKey    map[string][]netip.Addr // addresses that are shared under a key
	results  map[*cluster.Service]*Result
}

// Allocate runs the machine: first every Service that has an address keeps it
// if the rules let it ("process the already assigned services first",
// controllers/service_controller_reload.go), then the others ask, the oldest
// first.
func Allocate(s *cluster.Snapshot) *Table { return allocate(s, balancers(s)) }

// AllocateAfter is Allocate where it is known what was before: of Services that may
// not share an address any more, those keep it that ask for nothing else than they did,
// for MetalLB looks again at the one that changed, and takes the address from that one
// (internal/allocator/allocator.go, Assign: "address also in use by"). was is a Service
// as it was, nil for one that was not there.
func AllocateAfter(s *cluster.Snapshot, was func(*cluster.Service) *cluster.Service) *Table {
	all := balancers(s)
	var first, then []*cluster.Service
	for _, svc := range all {
		if asksAnew(was(svc), svc) {
			then = append(then, svc)
		} else {
			first = append(first, svc)
		}
	}
	return allocate(s, append(first, then...))
}

// asksAnew: what decides about sharing is not as it was.
func asksAnew(was, now *cluster.Service) bool {
	return was == nil || was.Type != now.Type || Key(was) != Key(now) || backend(was) != backend(now) ||
		!slices.EqualFunc(was.Ports, now.Ports, func(p, q cluster.ServicePort) bool { return p.Port == q.Port && p.Protocol == q.Protocol }) ||
		!slices.EqualFunc(was.Ingress, now.Ingress, func(p, q cluster.Ingress) bool { return p.IP == q.IP })
}

func allocate(s *cluster.Snapshot, all []*cluster.Service) *Table {
	t := &Table{
		used: map[netip.Addr][]*cluster.Service{}, byKey: map[string][]netip.Addr{},
		results: map[*cluster.Service]*Result{},
	}
	for i := range s.MetalLB.Pools {
		t.pools = append(t.pools, newPool(&s.MetalLB.Pools[i], s))
	}
	t.overlaps = overlap(t.pools)
	why := unread(s)
	var waiting []*cluster.Service
	for _, svc := range all {
		if !why.IsZero() && !ForeignClass(svc) {
			t.leave(svc, why)
			continue
		}
		if !t.keep(svc) {
			waiting = append(waiting, svc)
		}
	}
	for _, svc := range waiting {
		t.give(svc)
	}
	return t
}

// balancers are the Services of type LoadBalancer, the oldest first. Those
// without a time come last, and among equals the order of the input stays.
func balancers(s *cluster.Snapshot) []*cluster.Service {
	var all []*cluster.Service
	for i := range s.Services {
		if svc := &s.Services[i]; svc.Type == cluster.ServiceLoadBalancer {
			all = append(all, svc)
		}
	}
	slices.SortStableFunc(all, func(a, b *cluster.Service) int {
		switch {
		case a.Created == b.Created:
			return 0
		case a.Created == "":
			return 1
		case b.Created == "":
			return -1
		}
		return strings.Compare(a.Created, b.Created) // RFC 3339 in UTC sorts as text
	})
	return all
}

// Of returns what becomes of a Service, or nil for one that is no LoadBalancer.
func (t *Table) Of(svc *cluster.Service) *Result { return t.results[svc] }

// Pending reports whether a Service of type LoadBalancer has no address in its
// status, and no name either.
func Pending(svc *cluster.Service) bool {
	return svc.Type == cluster.ServiceLoadBalancer && len(svc.Ingress) == 0
}

// WhyPending says why a Service has no load balancer address: the conditions
// that fail, with the Services and pools they fail for, or where none does what
// MetalLB would give it. It is nil for a Service that has one.
func (t *Table) WhyPending(svc *cluster.Service) []flow.Reason {
	if r := t.results[svc]; r != nil && Pending(svc) {
		return r.Why
	}
	return nil
}

// keep lets a Service have what its status shows. It reports false for one that
// has nothing, or may not keep it, and now asks anew.
func (t *Table) keep(svc *cluster.Service) bool {
	r := &Result{}
	t.results[svc] = r
	for _, in := range svc.Ingress {
		if in.IP.IsValid() {
			r.Had = append(r.Had, in.IP)
		}
	}
	if ForeignClass(svc) || len(r.Had) == 0 && !Pending(svc) {
		r.Addresses = r.Had // another controller's, or known by name only
		return len(svc.Ingress) > 0
	}
	if len(r.Had) == 0 {
		return false
	}
	r.Why = t.mayKeep(svc, r.Had)
	if len(r.Why) > 0 {
		return false
	}
	t.take(svc, r, r.Had)
	return true
}

// mayKeep is what convergeBalancer asks of addresses already given.
func (t *Table) mayKeep(svc *cluster.Service, had []netip.Addr) []flow.Reason {
	req, wrong := requestOf(svc)
	if why := t.refuses(svc, had, request{pool: req.pool}); len(why) > 0 {
		return why
	}
	if !wrong.IsZero() {
		return nil // "invalid requested loadbalancer IPs": it stays as it is
	}
	if len(req.addrs) > 0 && !sameAddresses(req.addrs, had) {
		return []flow.Reason{flow.Because(flow.CodeRequestChanged, name(svc), words(req.addrs), words(had))}
	}
	return nil
}

func sameAddresses(a, b []netip.Addr) bool {
	if len(a) != len(b) {
		return false
	}
	return !slices.ContainsFunc(a, func(x netip.Addr) bool { return !slices.Contains(b, x) })
}

// refuses says why a Service may not have these addresses; nil: it may.
func (t *Table) refuses(svc *cluster.Service, addrs []netip.Addr, req request) []flow.Reason {
	if len(t.pools) > 0 {
		if why := t.poolRefuses(svc, addrs, req.pool); !why.IsZero() {
			return []flow.Reason{why}
		}
	}
	var why []flow.Reason
	for _, a := range addrs {
		why = append(why, t.sharersRefuse(svc, a)...)
	}
	return why
}

func (t *Table) poolRefuses(svc *cluster.Service, addrs []netip.Addr, asked string) flow.Reason {
	p := t.poolOf(addrs)
	if p == nil {
		for _, a := range addrs {
			for _, q := range t.pools {
				if q.Holds(a) && q.avoids(a) {
					return flow.Because(flow.CodePendingAvoided, a.String(), q.Name)
				}
			}
		}
		return flow.Because(flow.CodePendingNoPool, words(addrs), t.poolWords())
	}
	if why := p.suits(svc); !why.IsZero() {
		return why
	}
	if asked != "" && asked != p.Name {
		return flow.Because(flow.CodePendingOtherPool, words(addrs), p.Name, asked)
	}
	return flow.Reason{}
}

// poolOf is the pool that gives all the addresses, or nil.
func (t *Table) poolOf(addrs []netip.Addr) *pool {
	for _, p := range t.pools {
		if !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !p.gives(a) }) {
			return p
		}
	}
	return nil
}

// poolWords names the pools with their ranges.
func (t *Table) poolWords() string {
	var all []string
	for _, p := range t.pools {
		var ranges []string
		for _, r := range p.Addresses {
			ranges = append(ranges, r.String())
		}
		all = append(all, p.Name+" "+few(ranges))
	}
	return few(all)
}

// mostSharers bounds the Services named for one address.
const mostSharers = 3

// sharersRefuse says which holders of the address do not let the Service in:
// those that have it by their status, else those that would be given it.
func (t *Table) sharersRefuse(svc *cluster.Service, a netip.Addr) []flow.Reason {
	var have, would []flow.Reason
	for _, holder := range t.used[a] {
		ok, reason := share(svc, holder, a.String())
		switch {
		case ok || holder == svc || len(have) == mostSharers:
		case Pending(holder):
			would = append(would, reason)
		default:
			have = append(have, reason)
		}
	}
	if len(have) > 0 {
		return have
	}
	return would[:min(len(would), mostSharers)]
}

// take notes that the Service has the addresses.
func (t *Table) take(svc *cluster.Service, r *Result, addrs []netip.Addr) {
	r.Addresses = addrs
	p := t.poolOf(addrs)
	if p != nil {
		r.Pool = p.Name
	}
	key := Key(svc)
	for _, a := range addrs {
		if p != nil {
			if len(t.used[a]) == 0 {
				p.used[a.Is6()]++
			}
			p.holders[a.Is6()] = append(p.holders[a.Is6()], svc)
		}
		if key != "" && len(t.used[a]) == 0 {
			t.byKey[key] = append(t.byKey[key], a)
		}
		t.used[a] = append(t.used[a], svc)
	}
}
