package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

// mutateServices changes what Services depend on, besides policies and pods.
func mutateServices(g *generate.Tangled, s *cluster.Snapshot) {
	for range g.IntN(3) {
		if len(s.Services) == 0 {
			return
		}
		i := g.IntN(len(s.Services))
		svc := s.Services[i]
		switch g.IntN(8) {
		case 0:
			svc.ExternalTrafficPolicy = []cluster.TrafficPolicy{cluster.PolicyLocal, cluster.PolicyCluster}[g.IntN(2)]
		case 1:
			svc.SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/25")}
		case 2:
			svc.Ingress = nil
		case 3:
			s.Services = slices.Delete(s.Services, i, i+1)
			continue
		case 4:
			if n := len(s.EndpointSlices); n > 0 {
				s.EndpointSlices = slices.Delete(s.EndpointSlices, n-1, n)
			}
		case 5:
			if n := len(s.EndpointSlices); n > 0 {
				e := s.EndpointSlices[g.IntN(n)]
				e.Endpoints = slices.Clone(e.Endpoints)
				for j := range e.Endpoints {
					e.Endpoints[j].Ready = g.IntN(2) == 0
				}
				s.EndpointSlices[g.IntN(n)] = e
			}
		case 6:
			svc.InternalTrafficPolicy = cluster.PolicyLocal
		case 7:
			svc.Position.Line++ // moved in its file
			svc.Ports = slices.Clone(svc.Ports)
			svc.Ports[len(svc.Ports)-1].Position.Line++
		}
		s.Services[i] = svc
	}
}

// slightly changes one thing, so that most of what fronts depend on is as it was.
func slightly(g *generate.Tangled) *cluster.Snapshot {
	s := *g.Snapshot
	s.Pods, s.Nodes, s.NetworkPolicies = slices.Clone(s.Pods), slices.Clone(s.Nodes), slices.Clone(s.NetworkPolicies)
	s.Services, s.EndpointSlices = slices.Clone(s.Services), slices.Clone(s.EndpointSlices)
	s.Fabric.Routers = slices.Clone(s.Fabric.Routers)
	p, n := &s.Pods[g.IntN(len(s.Pods))], &s.Nodes[g.IntN(len(s.Nodes))]
	svc := &s.Services[g.IntN(len(s.Services))]
	switch g.IntN(20) {
	case 14: // isolated, by nothing that denies anything
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
			Meta: cluster.Meta{Namespace: p.Namespace, Name: "admit"}, IsolatesIngress: true, PodSelector: cluster.LabelSelector{MatchLabels: p.Labels}, Ingress: []cluster.PolicyRule{{}},
		})
	case 15: // made anew, at another address
		for i, a := range p.IPs {
			if !p.HostNetwork {
				p.IPs = slices.Clone(p.IPs)
				b := a.AsSlice()
				b[len(b)-1] += 100
				p.IPs[i], _ = netip.AddrFromSlice(b)
			}
		}
	case 16:
		if len(svc.Ingress) > 0 {
			svc.Ingress = slices.Clone(svc.Ingress)
			svc.Ingress[0].Proxy = !svc.Ingress[0].Proxy
		}
	case 17:
		s.EndpointSlices = slices.DeleteFunc(s.EndpointSlices, func(e cluster.EndpointSlice) bool { return e.Service == svc.Name })
	case 18:
		for i := range s.EndpointSlices {
			if e := &s.EndpointSlices[i]; e.Service == svc.Name {
				e.Endpoints = slices.Clone(e.Endpoints)
				for j := range e.Endpoints {
					e.Endpoints[j].Ready = !e.Endpoints[j].Ready
				}
			}
		}
	case 19:
		svc.ExternalIPs = addrsOf("10.96.0.10", "fd00:96::10")
	case 0:
		p.Ports = []cluster.ContainerPort{{Name: "web", Port: 8080, Protocol: flow.TCP}}
	case 1:
		if !p.HostNetwork {
			p.Node = n.Name
		}
	case 2:
		n.Ready = !n.Ready
	case 3:
		n.Labels = cluster.Labels{"topology.kubernetes.io/zone": "zb"}
	case 4:
		s.Fabric.Routers = []cluster.Router{{Name: "r", Multipath: true, Nodes: []string{n.Name}}}
	case 5:
		s.Fabric.Routers = append(s.Fabric.Routers, cluster.Router{Name: "q", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")}})
	case 6:
		s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: p.Namespace, DenyOnly: g.IntN(2) == 0}}
	case 7:
		if len(s.NetworkPolicies) > 0 {
			np := &s.NetworkPolicies[g.IntN(len(s.NetworkPolicies))]
			np.Ingress = nil
		}
	case 8:
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: p.Namespace, Name: "deny"}, IsolatesIngress: true, PodSelector: cluster.LabelSelector{MatchLabels: p.Labels}})
	case 9:
		for i, a := range svc.ClusterIPs { // made anew, at another address
			svc.ClusterIPs = slices.Clone(svc.ClusterIPs)
			b := a.AsSlice()
			b[len(b)-1] += 50
			svc.ClusterIPs[i], _ = netip.AddrFromSlice(b)
		}
	case 10:
		svc.Ports = slices.Clone(svc.Ports)
		svc.Ports[0].Port += 7
	case 11:
		mutateServices(g, &s)
	case 13:
		more := *svc
		more.Name, more.ClusterIPs, more.Ingress, more.ExternalIPs = "new", nil, nil, nil
		s.Services = append(s.Services, more)
	case 12:
		i := g.IntN(len(s.Services))
		s.Services = slices.Delete(s.Services, i, i+1)
	}
	return &s
}

// oddEnds are endpoints that lead to other Services, or to a pod that nobody names,
// pods on nodes that are not there, and enforcers that look at both ends.
func oddEnds(g *generate.Tangled, seed uint64) {
	if seed%4 == 0 {
		elsewhereOf(g)
	}
	if seed%5 == 0 {
		g.Snapshot.Fabric.Dataplane.Policy = "kube-network-policies"
	}
	if seed%7 == 0 {
		g.Snapshot.Fabric.Routers = nil
	}
	for i := range g.Snapshot.EndpointSlices {
		e := &g.Snapshot.EndpointSlices[i]
		for j := range e.Endpoints {
			switch o := &e.Endpoints[j]; g.IntN(12) {
			case 0:
				o.Target.Name = "ghost"
			case 1:
				n := &g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))]
				if a := n.IP(e.IPv6); a.IsValid() {
					o.Addresses, o.Node, o.Target = []netip.Addr{a}, n.Name, flow.Object{}
					for k := range e.Ports {
						e.Ports[k].Port = uint16(30000 + 10*g.IntN(len(g.Snapshot.Services)))
					}
				}
			}
		}
	}
}
