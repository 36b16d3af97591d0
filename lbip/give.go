package lbip

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// give finds addresses for a Service that has none, or says why there are none.
func (t *Table) give(svc *cluster.Service) {
	r := t.results[svc]
	addrs, why := t.find(svc)
	switch {
	case len(addrs) > 0:
		t.take(svc, r, addrs)
		if len(r.Had) == 0 {
			r.Why = t.wouldGet(svc, r)
		}
	case len(r.Had) == 0:
		r.Why = why
	}
	if len(r.Had) == 0 {
		r.Why = append(r.Why, typos(svc)...)
		if !t.overlaps.IsZero() {
			r.Why = append(r.Why, t.overlaps)
		}
	}
}

// wouldGet: by the rules nothing is in the way, so the reason is none of them.
func (t *Table) wouldGet(svc *cluster.Service, r *Result) []flow.Reason {
	if r.Pool == "" {
		return []flow.Reason{flow.Because(flow.CodePendingNoPools, name(svc))}
	}
	return []flow.Reason{flow.Because(flow.CodePendingAllocatable, name(svc), words(r.Addresses), r.Pool)}
}

// find is allocateIPs: the addresses asked for, else the pool asked for, else
// pinned pools, else those for everybody.
func (t *Table) find(svc *cluster.Service) ([]netip.Addr, []flow.Reason) {
	if ForeignClass(svc) {
		return nil, []flow.Reason{flow.Because(flow.CodePendingOtherClass, name(svc), svc.LoadBalancerClass)}
	}
	req, wrong := requestOf(svc)
	switch {
	case !wrong.IsZero():
		return nil, []flow.Reason{wrong}
	case len(req.addrs) > 0:
		if why := req.misfits(svc); !why.IsZero() {
			return nil, []flow.Reason{why}
		}
		if why := t.refuses(svc, req.addrs, req); len(why) > 0 {
			return nil, why
		}
		return req.addrs, nil
	case len(t.pools) == 0:
		return nil, []flow.Reason{flow.Because(flow.CodePendingNoPools, name(svc))}
	case req.pool != "":
		return t.fromNamed(svc, req.pool)
	}
	return t.fromAny(svc)
}

func (t *Table) fromNamed(svc *cluster.Service, asked string) ([]netip.Addr, []flow.Reason) {
	i := slices.IndexFunc(t.pools, func(p *pool) bool { return p.Name == asked })
	if i < 0 {
		return nil, []flow.Reason{flow.Because(flow.CodePendingUnknownPool, asked, t.poolWords())}
	}
	p := t.pools[i]
	if why := p.suits(svc); !why.IsZero() {
		return nil, []flow.Reason{why}
	}
	if addrs := t.best([]*pool{p}, svc); len(addrs) > 0 {
		return addrs, nil
	}
	return nil, t.exhausted(p, svc)
}

func (t *Table) fromAny(svc *cluster.Service) ([]netip.Addr, []flow.Reason) {
	var why []flow.Reason
	var pinned, others []*pool
	for _, p := range t.pools {
		switch reason := p.offers(svc); {
		case !reason.IsZero():
			why = append(why, reason)
		case p.Allocation != nil:
			pinned = append(pinned, p)
		default:
			others = append(others, p)
		}
	}
	order(pinned)
	for _, pools := range [][]*pool{pinned, others} {
		if addrs := t.best(pools, svc); len(addrs) > 0 {
			return addrs, nil
		}
	}
	var full []flow.Reason
	for _, p := range append(pinned, others...) {
		full = append(full, t.exhausted(p, svc)...)
	}
	return nil, append(full, why...)
}

// best is findBestPoolForService: the first pool with an address of every
// family the Service has; with two families and no need of both, the first with
// one of them.
func (t *Table) best(pools []*pool, svc *cluster.Service) []netip.Addr {
	want := families(svc)
	var second []netip.Addr
	for _, p := range pools {
		var got []netip.Addr
		for _, v6 := range want {
			if a := t.first(p, v6, svc); a.IsValid() {
				got = append(got, a)
			}
		}
		if len(got) == len(want) {
			return got
		}
		if len(got) > 0 && (second == nil || preferred(got[0], svc) && !preferred(second[0], svc)) {
			second = got
		}
	}
	if svc.RequireDualStack {
		return nil
	}
	return second
}

// preferred: the Service's first family decides, IPv4 where it names none.
func preferred(a netip.Addr, svc *cluster.Service) bool {
	return a.Is6() == (len(svc.Families) > 0 && svc.Families[0])
}

// first is the first address of the pool that the Service may have: a free one,
// or an earlier one whose holders let it in.
func (t *Table) first(p *pool, v6 bool, svc *cluster.Service) netip.Addr {
	for i, r := range p.Addresses {
		if r.First.Is6() != v6 {
			continue
		}
		found := p.free(i, t.used)
		for _, a := range t.byKey[Key(svc)] {
			if r.Contains(a) && !p.avoids(a) && (!found.IsValid() || a.Less(found)) && len(t.sharersRefuse(svc, a)) == 0 {
				found = a
			}
		}
		if found.IsValid() {
			return found
		}
	}
	return netip.Addr{}
}

// exhausted says that a pool has nothing left, and where the Service has a
// sharing key why none of those with the same key let it in.
func (t *Table) exhausted(p *pool, svc *cluster.Service) []flow.Reason {
	var why []flow.Reason
	for _, v6 := range families(svc) {
		if !t.first(p, v6, svc).IsValid() {
			why = append(why, p.why(v6))
		}
	}
	for _, a := range t.byKey[Key(svc)] {
		if p.gives(a) && len(why) < 1+mostSharers {
			why = append(why, t.sharersRefuse(svc, a)...)
		}
	}
	return why
}
