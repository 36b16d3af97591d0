package explain

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// undo takes one cause out of a Snapshot. It replaces the lists it changes and
// leaves the old ones alone.
type undo func(*cluster.Snapshot)

// without compiles the cluster without some causes.
func without(s *cluster.Snapshot, undos ...undo) (*model.Model, error) {
	c := *s
	for _, u := range undos {
		u(&c)
	}
	return model.Compile(&c)
}

// slice is the part of a Snapshot that some questions touch, small enough to be
// compiled again and again: pods and policies of the namespaces concerned, the
// nodes' own pods, everything else whole. The clients outside are pinned, since
// which ones stand for "external" would change with the policies.
func slice(m *model.Model, namespaces []string) *cluster.Snapshot {
	s := *m.Snapshot
	s.Fabric.Clients = path.Outside(m)
	s.Pods = nil
	for i := range m.Snapshot.Pods {
		if p := &m.Snapshot.Pods[i]; p.HostNetwork || slices.Contains(namespaces, p.Namespace) {
			s.Pods = append(s.Pods, *p)
		}
	}
	if len(s.Pods) == 0 {
		s.Pods = m.Snapshot.Pods[:min(1, len(m.Snapshot.Pods))]
	}
	s.NetworkPolicies = nil
	for i := range m.Snapshot.NetworkPolicies {
		if p := &m.Snapshot.NetworkPolicies[i]; slices.Contains(namespaces, p.Namespace) {
			s.NetworkPolicies = append(s.NetworkPolicies, *p)
		}
	}
	return &s
}

// touched are the namespaces that an outlook's packets met: of pods on the way,
// of everyone behind the Services asked.
func touched(k *outlook) []string {
	var out []string
	for t := range k.traces {
		if f := t.Target.Front; f != nil {
			out = append(out, f.Service.Namespace)
			all := f.Backends.All()
			for i := range all {
				out = append(out, all[i].Pod.Namespace)
			}
		}
		out = append(out, t.Target.Pod.Namespace)
		for _, e := range t.Endpoints {
			out = append(out, e.Pod.Namespace)
		}
		for i := range t.Hops {
			out = append(out, t.Hops[i].Machine.Namespace)
		}
		for i := range t.Judged {
			out = append(out, t.Judged[i].Subject.Namespace)
		}
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

func dropPolicy(o flow.Object) undo {
	return func(s *cluster.Snapshot) {
		s.NetworkPolicies = slices.DeleteFunc(slices.Clone(s.NetworkPolicies), func(p cluster.NetworkPolicy) bool { return p.Object() == o })
	}
}

// changeService replaces one Service.
func changeService(o flow.Object, change func(*cluster.Service)) undo {
	return func(s *cluster.Snapshot) {
		s.Services = slices.Clone(s.Services)
		for i := range s.Services {
			if s.Services[i].Object() == o {
				change(&s.Services[i])
			}
		}
	}
}

// hear makes the pods listen on the port, declared or not.
func hear(pods []flow.Object, proto flow.Protocol, port uint16) undo {
	return func(s *cluster.Snapshot) {
		s.Pods = slices.Clone(s.Pods)
		for i := range s.Pods {
			p := &s.Pods[i]
			if slices.Contains(pods, p.Object()) && !p.Declares(proto, port) {
				p.Ports = append(slices.Clip(p.Ports), cluster.ContainerPort{Port: port, Protocol: proto})
			}
		}
	}
}

// announceEverywhere lets every router send everything to every node.
func announceEverywhere(s *cluster.Snapshot) {
	s.Nodes = slices.Clone(s.Nodes)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.Ready, n.NetworkUnavailable, n.Labels = true, false, maps.Clone(n.Labels)
		delete(n.Labels, "node.kubernetes.io/exclude-from-external-load-balancers")
	}
	s.MetalLB = cluster.MetalLB{}
	s.Fabric.Routers = slices.Clone(s.Fabric.Routers)
	if len(s.Fabric.Routers) == 0 {
		s.Fabric.Routers = []cluster.Router{{Name: "gateway", Multipath: true}}
	}
	for i := range s.Fabric.Routers {
		s.Fabric.Routers[i].Routes, s.Fabric.Routers[i].Nodes = cluster.RoutesStatic, nil
	}
}

// serve gives a Service endpoints: those it has become ready, and where it has
// none one stands on each node, with the labels that the selector wants.
func serve(svc *cluster.Service) undo {
	return func(s *cluster.Snapshot) {
		s.EndpointSlices = slices.Clone(s.EndpointSlices)
		some := false
		for i := range s.EndpointSlices {
			e := &s.EndpointSlices[i]
			if e.Namespace != svc.Namespace || e.Service != svc.Name {
				continue
			}
			e.Endpoints = slices.Clone(e.Endpoints)
			for j := range e.Endpoints {
				e.Endpoints[j].Ready, some = true, some || len(e.Ports) > 0
			}
		}
		if !some {
			standIn(s, svc)
		}
	}
}

func standIn(s *cluster.Snapshot, svc *cluster.Service) {
	slice := cluster.EndpointSlice{Meta: cluster.Meta{Namespace: svc.Namespace, Name: svc.Name + "-stand-in"}, Service: svc.Name, Derived: true}
	for i := range svc.Ports {
		p := &svc.Ports[i]
		n := p.TargetPort.Number
		if p.TargetPort.Name != "" || n == 0 {
			n = p.Port
		}
		slice.Ports = append(slice.Ports, cluster.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: n})
	}
	s.Pods = slices.Clip(s.Pods)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		ip := unusedIP(s, n)
		if !ip.IsValid() {
			continue
		}
		pod := cluster.Pod{
			Meta: cluster.Meta{Namespace: svc.Namespace, Name: svc.Name + "-stand-in-" + n.Name, Labels: svc.Selector},
			Node: n.Name, IPs: []netip.Addr{ip}, Phase: cluster.PodRunning, Ready: true, Invented: true,
		}
		s.Pods = append(s.Pods, pod)
		slice.IPv6 = ip.Is6()
		slice.Endpoints = append(slice.Endpoints, cluster.Endpoint{
			Addresses: []netip.Addr{ip}, Ready: true, Serving: true, Node: n.Name, Target: pod.Object(),
		})
	}
	s.EndpointSlices = append(s.EndpointSlices, slice)
}

// unusedIP is an address of the node's first pod range that no pod has.
func unusedIP(s *cluster.Snapshot, n *cluster.Node) netip.Addr {
	if len(n.PodCIDRs) == 0 {
		return netip.Addr{}
	}
	ip := n.PodCIDRs[0].Masked().Addr().Next().Next()
	for tries := 0; tries < 512 && n.PodCIDRs[0].Contains(ip); tries++ {
		if !slices.ContainsFunc(s.Pods, func(p cluster.Pod) bool { return slices.Contains(p.IPs, ip) }) {
			return ip
		}
		ip = ip.Next()
	}
	return netip.Addr{}
}
