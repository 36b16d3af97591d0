package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

// askew gives a cluster what tells nodes, pods and their addresses apart where
// they mostly are alike, a few of it at a time.
func askew(g *generate.Tangled) {
	s := g.Snapshot
	s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool { return len(p.IPs) == 0 })
	s.Fabric.Nodes = nil
	d := &s.Fabric.Dataplane
	d.Proxy = []string{"kube-proxy-nftables", "kube-proxy-iptables", "kube-proxy-ipvs", "cilium", "antrea"}[g.IntN(5)]
	d.Policy = []string{"generic", "kube-router", "kube-network-policies", "cilium", "aws", "antrea", "forward-only", "portolan", "none"}[g.IntN(9)]
	if len(s.Pods) == 0 {
		return
	}
	if g.IntN(3) == 0 { // policies see what nodes masquerade
		d.Proxy, d.Policy = "kube-proxy-iptables", "antrea"
		switch g.IntN(3) {
		case 0:
			d.Policy = "cilium"
		case 1:
			d.Proxy, d.Policy, d.PodNetwork = "cilium", "cilium", cluster.PodNetworkVXLAN
		}
		oddSources(g)
		g.MorePolicies()
		g.MorePolicies()
	}
	for _, odd := range []func(*generate.Tangled){oddSources, oddNodes, oddPods, oddServices, oddSlices, oddChains, elsewhereOf, strangers} {
		if g.IntN(4) == 0 {
			odd(g)
		}
	}
	ownSources(s)
}

// ownSources takes from nodes the addresses of others, which no Fabric may give them.
func ownSources(s *cluster.Snapshot) {
	for i := range s.Fabric.Nodes {
		f := &s.Fabric.Nodes[i]
		others := func(a netip.Addr) bool {
			return slices.ContainsFunc(s.Nodes, func(n cluster.Node) bool {
				return n.Name != f.Name && (slices.Contains(n.InternalIPs, a) || slices.Contains(n.OtherIPs, a))
			})
		}
		for _, list := range []*[]netip.Addr{&f.Masquerade.ToLocalPods, &f.Masquerade.ToPodsOnOtherNodes, &f.Masquerade.ToOtherNodes} {
			*list = slices.DeleteFunc(*list, others)
		}
	}
}

// anAddress of a pod.
func anAddress(g *generate.Tangled) netip.Addr {
	p := &g.Snapshot.Pods[g.IntN(len(g.Snapshot.Pods))]
	return p.IPs[g.IntN(len(p.IPs))]
}

// oddSources: nodes masquerade by addresses of their own, of pods, or by none that is
// known.
func oddSources(g *generate.Tangled) {
	s := g.Snapshot
	some := func(i int) (out []netip.Addr) {
		for _, v6 := range []bool{false, true} {
			switch g.IntN(8) {
			case 0, 1, 2:
				if a := s.Nodes[i].IP(v6); a.IsValid() {
					out = append(out, a)
				}
			case 3, 4, 5:
				a := netip.MustParseAddr(fmt.Sprintf("10.244.%d.1", i+1))
				if v6 {
					a = netip.MustParseAddr(fmt.Sprintf("fd00:244:%d::1", i+1))
				}
				out = append(out, a)
			case 6:
				out = append(out, anAddress(g))
			}
		}
		return out
	}
	s.Fabric.Nodes = nil
	for i := range s.Nodes {
		if g.IntN(3) > 0 {
			s.Fabric.Nodes = append(s.Fabric.Nodes, cluster.FabricNode{Name: s.Nodes[i].Name, Masquerade: cluster.Masquerade{
				ToLocalPods: some(i), ToPodsOnOtherNodes: some(i), ToOtherNodes: some(i),
			}})
		}
	}
}

// oddNodes have no address of a family, or one that is a pod's too.
func oddNodes(g *generate.Tangled) {
	for i := range g.Snapshot.Nodes {
		n := &g.Snapshot.Nodes[i]
		switch g.IntN(3) {
		case 0:
			n.InternalIPs = n.InternalIPs[:1]
		case 1:
			n.OtherIPs = append(n.OtherIPs, anAddress(g))
		}
	}
}

// oddPods have an address that is another's, of the Services' range, or a host's own.
func oddPods(g *generate.Tangled) {
	for i := range g.Snapshot.Pods {
		p := &g.Snapshot.Pods[i]
		if p.HostNetwork || g.IntN(3) > 0 {
			continue
		}
		p.IPs = slices.Clone(p.IPs)
		a := &p.IPs[g.IntN(len(p.IPs))]
		words := []string{"10.96.0.200", "10.96.0.10", "127.0.0.2"}
		if a.Is6() {
			words = []string{"fd00:96::c8", "fd00:96::10", "::1"}
		}
		was := *a
		now := netip.MustParseAddr(words[g.IntN(3)])
		if other := anAddress(g); other.Is6() == was.Is6() {
			now = other
		}
		*a = now
		listed(g, was, now)
	}
}

// listed: slices go with a pod to its new address.
func listed(g *generate.Tangled, was, now netip.Addr) {
	for i := range g.Snapshot.EndpointSlices {
		for j := range g.Snapshot.EndpointSlices[i].Endpoints {
			e := &g.Snapshot.EndpointSlices[i].Endpoints[j]
			if at := slices.Index(e.Addresses, was); at >= 0 {
				e.Addresses = slices.Clone(e.Addresses)
				e.Addresses[at] = now
			}
		}
	}
}

// oddServices have a pod's address, or are another proxy's.
func oddServices(g *generate.Tangled) {
	for i := range g.Snapshot.Services {
		svc := &g.Snapshot.Services[i]
		if svc.Type == cluster.ServiceExternalName || g.IntN(2) == 0 {
			continue
		}
		svc.ExternalIPs = append(slices.Clone(svc.ExternalIPs), anAddress(g))
		if g.IntN(3) == 0 {
			svc.Ports = slices.Clone(svc.Ports)
			svc.Ports[0].Port = []uint16{8080, 53, 5000}[g.IntN(3)]
		}
		if g.IntN(4) == 0 {
			svc.ProxyName = "another"
		}
	}
}

// oddSlices say of pods that they are on other nodes.
func oddSlices(g *generate.Tangled) {
	for i := range g.Snapshot.EndpointSlices {
		for j := range g.Snapshot.EndpointSlices[i].Endpoints {
			if e := &g.Snapshot.EndpointSlices[i].Endpoints[j]; g.IntN(3) == 0 {
				e.Node = []string{"", "n1", "n2", "n9"}[g.IntN(4)]
			}
		}
	}
}

// oddChains: endpoints that are Services.
func oddChains(g *generate.Tangled) {
	for i := range g.Snapshot.EndpointSlices {
		slice := &g.Snapshot.EndpointSlices[i]
		for j := range slice.Endpoints {
			if g.IntN(3) > 0 {
				continue
			}
			a := netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", 1+g.IntN(3)))
			if slice.IPv6 {
				a = netip.MustParseAddr(fmt.Sprintf("2001:db8:100::%d", 1+g.IntN(3)))
			}
			slice.Endpoints[j] = cluster.Endpoint{Addresses: []netip.Addr{a}, Ready: true, Serving: true}
		}
		for j := range slice.Ports {
			slice.Ports[j].Port = []uint16{80, 81, slice.Ports[j].Port}[g.IntN(3)]
		}
	}
}

// strangers are objects of other engines.
func strangers(g *generate.Tangled) {
	g.Snapshot.Foreign = append(g.Snapshot.Foreign, cluster.Foreign{
		Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: g.Snapshot.Namespaces[0].Name, DenyOnly: g.IntN(2) == 0,
	})
}
