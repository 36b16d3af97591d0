package generate

import (
	"fmt"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func (g *Tangled) services() {
	for i := range 1 + g.IntN(5) {
		svc := cluster.Service{Type: oneOf(g, cluster.ServiceClusterIP, cluster.ServiceNodePort, cluster.ServiceLoadBalancer, cluster.ServiceLoadBalancer)}
		svc.Namespace, svc.Name = g.namespace(), fmt.Sprintf("s%d", i)
		svc.ExternalTrafficPolicy = oneOf(g, "", cluster.PolicyCluster, cluster.PolicyLocal)
		svc.InternalTrafficPolicy = oneOf(g, "", cluster.PolicyCluster, cluster.PolicyCluster, cluster.PolicyLocal)
		svc.SessionAffinity, svc.AffinitySeconds = g.oneIn(6), 10800
		svc.ClusterIPs = g.addrs("10.96.0.%d", "fd00:96::%d", 10+i)
		if len(svc.ClusterIPs) == 2 && g.oneIn(3) {
			svc.ClusterIPs = svc.ClusterIPs[:1] // SingleStack
		}
		switch g.IntN(20) {
		case 0:
			svc.Headless, svc.ClusterIPs, svc.Type = true, nil, cluster.ServiceClusterIP
		case 1:
			svc.Type, svc.ClusterIPs = cluster.ServiceExternalName, nil
		}
		g.servicePorts(&svc, i)
		if g.oneIn(4) && svc.Type != cluster.ServiceExternalName {
			svc.ExternalIPs = g.virtual(&svc, "198.51.100.%d", "2001:db8:100::%d")
		}
		if svc.Type == cluster.ServiceLoadBalancer {
			g.loadBalancer(&svc)
		}
		if g.kind == Runnable {
			g.runnable(&svc, i)
		}
		g.Snapshot.Services = append(g.Snapshot.Services, svc)
		if !g.oneIn(10) {
			g.slices(&svc)
		}
	}
}

// runnable adds what only a cluster that runs is asked for.
func (g *Tangled) runnable(svc *cluster.Service, i int) {
	svc.AffinitySeconds = oneOf(g, 60, 10800)
	if svc.Type == cluster.ServiceLoadBalancer && svc.ExternalTrafficPolicy == cluster.PolicyLocal {
		svc.HealthCheckNodePort = uint16(30500 + i)
	}
}

func (g *Tangled) servicePorts(svc *cluster.Service, i int) {
	for j := range 1 + g.IntN(2) {
		p := cluster.ServicePort{Name: fmt.Sprintf("port%d", j), Port: uint16(80 + j), Protocol: oneOf(g, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
		if g.oneIn(3) {
			p.Port = oneOf[uint16](g, 22, 443, 8080)
		}
		if j == 1 && (p.Port == svc.Ports[0].Port) {
			p.Port++
		}
		if svc.Type == cluster.ServiceNodePort || svc.Type == cluster.ServiceLoadBalancer && !g.oneIn(5) {
			p.NodePort = uint16(30000 + 10*i + j)
		}
		svc.Ports = append(svc.Ports, p)
	}
}

// virtual draws virtual addresses from a small range, so that Services share
// them, and mostly leaves out those on which a port is taken.
func (g *Tangled) virtual(svc *cluster.Service, v4, v6 string) (free []netip.Addr) {
	contest := g.kind == Runnable && g.oneIn(4)
	for _, a := range g.addrs(v4, v6, 1+g.IntN(3)) {
		clash := false
		for _, p := range svc.Ports {
			clash = clash || g.taken[fmt.Sprint(a, p.Port, p.Protocol)]
		}
		if clash && !contest {
			continue
		}
		for _, p := range svc.Ports {
			g.taken[fmt.Sprint(a, p.Port, p.Protocol)] = true
		}
		free = append(free, a)
	}
	return free
}

func (g *Tangled) loadBalancer(svc *cluster.Service) {
	proxy := g.oneIn(8)
	for _, a := range g.virtual(svc, "198.51.100.%d", "2001:db8:100::%d") {
		svc.Ingress = append(svc.Ingress, cluster.Ingress{IP: a, Proxy: proxy})
	}
	if g.oneIn(10) {
		svc.Ingress = append(svc.Ingress, cluster.Ingress{Hostname: "lb.example.org"})
	}
	if g.oneIn(3) {
		svc.SourceRanges = some(g, prefixes("203.0.113.0/25", "203.0.113.128/25", "10.0.0.0/30", "10.244.0.0/16", "2001:db8:113::/120", "fd00:244:1::/64")...)
		if g.oneIn(5) {
			svc.SourceRanges = append(svc.SourceRanges, prefixes(oneOf(g, "0.0.0.0/0", "::/0"))...)
		}
	}
}

// slices make the Service's EndpointSlices: of any pods at all, since a Service
// may be without a selector and its slices anybody's work. An address may be
// listed twice, but not where speakers read the slices: what they make of two
// conditions of one address is not computed.
func (g *Tangled) slices(svc *cluster.Service) {
	hints := g.IntN(4)
	listed := map[netip.Addr]bool{}
	for _, v6 := range []bool{false, true} {
		if v6 && !g.v6 || !v6 && !g.v4 {
			continue
		}
		for k := range 1 + g.IntN(2) {
			slice := cluster.EndpointSlice{Service: svc.Name, IPv6: v6, FQDN: g.oneIn(40)}
			slice.Namespace, slice.Name = svc.Namespace, fmt.Sprintf("%s-%v-%d", svc.Name, v6, k)
			for _, p := range svc.Ports {
				slice.Ports = append(slice.Ports, g.slicePort(p))
			}
			n := g.IntN(4)
			if g.kind == Runnable {
				n = max(n, g.IntN(3))
			}
			for range n {
				e := g.endpoint(v6, hints)
				if len(e.Addresses) == 0 || g.bgp && listed[e.Addresses[0]] {
					continue
				}
				listed[e.Addresses[0]] = true
				slice.Endpoints = append(slice.Endpoints, e)
			}
			g.Snapshot.EndpointSlices = append(g.Snapshot.EndpointSlices, slice)
		}
	}
}

func (g *Tangled) slicePort(p cluster.ServicePort) cluster.EndpointPort {
	ep := cluster.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: oneOf[uint16](g, 8080, 8080, 8081, 22, 53, 5000, 30022)}
	if g.kind == Runnable && g.oneIn(2) {
		ep.Port = map[flow.Protocol]uint16{flow.TCP: 8080, flow.UDP: 53, flow.SCTP: 5000}[p.Protocol]
	}
	switch g.IntN(20) {
	case 0:
		ep.Name = "another"
	case 1:
		ep.Protocol = oneOf(g, flow.TCP, flow.UDP, flow.SCTP)
	case 2:
		ep.Port = 0
	}
	return ep
}

func (g *Tangled) endpoint(v6 bool, hints int) cluster.Endpoint {
	e := cluster.Endpoint{Ready: true, Serving: true}
	switch g.IntN(10) {
	case 0:
		e.Ready, e.Serving = false, false
	case 1, 2:
		e.Ready, e.Terminating = false, true
	case 3:
		e.Ready, e.Serving, e.Terminating = false, false, true
	case 4:
		e.Terminating = true // publishNotReadyAddresses
	}
	p := &g.Snapshot.Pods[g.IntN(len(g.Snapshot.Pods))]
	if a := p.IP(v6); a.IsValid() && !p.Finished() {
		e.Addresses, e.Node = []netip.Addr{a}, p.Node
		if g.oneIn(3) {
			e.Addresses = append(e.Addresses, a.Next())
		}
		if !g.oneIn(5) || g.kind == Runnable && p.HostNetwork {
			e.Target = p.Object()
		}
	}
	if g.oneIn(25) { // somebody outside the cluster
		e.Addresses, e.Node, e.Target = []netip.Addr{netip.MustParseAddr("192.0.2.77")}, "", flow.Object{}
		if v6 {
			e.Addresses[0] = netip.MustParseAddr("2001:db8:2::77")
		}
	}
	if hints&1 != 0 && !g.oneIn(12) {
		e.HintZones = append(some(g, "za"), some(g, "zb")...)
	}
	if hints&2 != 0 && !g.oneIn(12) {
		e.HintNodes = []string{oneOf(g, "n1", "n2", "n3")}
	}
	return e
}
