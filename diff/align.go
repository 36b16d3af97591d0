package diff

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// align gives pods that have not run yet the addresses in the new version that they
// have in the old one: both were made up, and no difference.
func align(old, young *cluster.Snapshot) *cluster.Snapshot {
	if !slices.ContainsFunc(young.Pods, func(p cluster.Pod) bool { return p.Invented }) {
		return young
	}
	x := cluster.NewIndex(old)
	used := map[netip.Addr]bool{}
	for i := range old.Pods {
		for _, ip := range old.Pods[i].IPs {
			used[ip] = true
		}
	}
	for i := range young.Pods {
		if p := &young.Pods[i]; !p.Invented {
			for _, ip := range p.IPs {
				used[ip] = true
			}
		}
	}
	s := *young
	s.Pods = slices.Clone(s.Pods)
	moved := map[flow.Object]map[netip.Addr]netip.Addr{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if !p.Invented {
			continue
		}
		was := p.IPs
		if o := x.Pod(p.Namespace, p.Name); o != nil && o.Invented && sameFamilies(o.IPs, p.IPs) {
			p.IPs = o.IPs
		} else {
			p.IPs = unused(p.IPs, used)
		}
		if !slices.Equal(was, p.IPs) {
			to := map[netip.Addr]netip.Addr{}
			for j := range was {
				to[was[j]] = p.IPs[j]
			}
			moved[p.Object()] = to
		}
	}
	s.EndpointSlices = readdressed(s.EndpointSlices, moved)
	return &s
}

func sameFamilies(a, b []netip.Addr) bool {
	return slices.EqualFunc(a, b, func(a, b netip.Addr) bool { return a.Is6() == b.Is6() })
}

// unused are the addresses themselves, or the next ones that nobody has.
func unused(ips []netip.Addr, used map[netip.Addr]bool) []netip.Addr {
	out := slices.Clone(ips)
	for i := range out {
		for used[out[i]] {
			out[i] = out[i].Next()
		}
		used[out[i]] = true
	}
	return out
}

func readdressed(list []cluster.EndpointSlice, moved map[flow.Object]map[netip.Addr]netip.Addr) []cluster.EndpointSlice {
	if len(moved) == 0 {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Endpoints = slices.Clone(list[i].Endpoints)
		for j := range list[i].Endpoints {
			e := &list[i].Endpoints[j]
			to := moved[e.Target]
			if to == nil {
				continue
			}
			e.Addresses = slices.Clone(e.Addresses)
			for k, a := range e.Addresses {
				if b, ok := to[a]; ok {
					e.Addresses[k] = b
				}
			}
		}
	}
	return list
}
