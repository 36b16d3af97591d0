package diff

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// align gives pods that have not run yet, and Services that were not applied yet, the
// addresses in the new version that they have in the old one: both were made up, and no
// difference.
func align(old, young *cluster.Snapshot) *cluster.Snapshot {
	return alignServices(old, alignPods(old, young), true)
}

// alignBoth also gives the old version's Services what the API server gave them since.
func alignBoth(old, young *cluster.Snapshot) [2]*cluster.Snapshot {
	old = alignServices(young, old, false)
	return [2]*cluster.Snapshot{old, align(old, young)}
}

// alignServices gives Services whose cluster IPs were made up those of another version,
// made up or not; and others than anybody has there, if it has no such Service.
func alignServices(from, s *cluster.Snapshot, invented bool) *cluster.Snapshot {
	if !slices.ContainsFunc(s.Services, func(svc cluster.Service) bool { return svc.Invented }) {
		return s
	}
	x := cluster.NewIndex(from)
	used := map[netip.Addr]bool{}
	for _, services := range [2][]cluster.Service{from.Services, s.Services} {
		for i := range services {
			for _, ip := range services[i].ClusterIPs {
				used[ip] = true
			}
		}
	}
	out := *s
	out.Services = slices.Clone(s.Services)
	for i := range out.Services {
		svc := &out.Services[i]
		if !svc.Invented {
			continue
		}
		was := x.Service(svc.Namespace, svc.Name)
		switch {
		case was != nil && len(was.ClusterIPs) > 0 && !was.Invented:
			svc.ClusterIPs, svc.Invented = was.ClusterIPs, false
		case invented:
			svc.ClusterIPs = sameOrUnused(svc.ClusterIPs, was, used)
		}
	}
	return &out
}

// sameOrUnused are the addresses that a Service had, by family, or others that nobody
// has.
func sameOrUnused(ips []netip.Addr, was *cluster.Service, used map[netip.Addr]bool) []netip.Addr {
	out := slices.Clone(ips)
	for i, a := range out {
		at := -1
		if was != nil {
			at = slices.IndexFunc(was.ClusterIPs, func(o netip.Addr) bool { return o.Is6() == a.Is6() })
		}
		if at >= 0 {
			out[i] = was.ClusterIPs[at]
			continue
		}
		for used[out[i]] {
			out[i] = out[i].Prev()
		}
		used[out[i]] = true
	}
	return out
}

func alignPods(old, young *cluster.Snapshot) *cluster.Snapshot {
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
