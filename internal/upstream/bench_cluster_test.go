package upstream

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// The addresses of the clusters that benchmarks load. Node n1 stands between the
// client, a pod of n2, and a server that answers for every endpoint.
const (
	clusterIPBase = "172.20.0.0"
	balancerBase  = "198.18.0.0"
	endpointBase  = "10.1.0.0"
	clientBase    = "10.2.0.0"
	podRange      = "10.0.0.0/14"
	serviceRange  = "172.20.0.0/16"
	targetPort    = 8080
	namespaceName = "app"
)

// count is the address so many behind the first.
func count(first string, n int) netip.Addr {
	b := netip.MustParseAddr(first).As4()
	v := (uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])) + uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// kind is what the Services of a benchmark are.
type kind struct {
	name string
	// balancer: with a virtual IP and a NodePort besides the cluster IP.
	balancer bool
}

// nodes are n1 and n2, under our proxy and the enforcer.
func nodes(policy string) *cluster.Snapshot {
	s := &cluster.Snapshot{}
	for i, name := range []string{"n1", "n2"} {
		s.Nodes = append(s.Nodes, cluster.Node{
			Meta: cluster.Meta{Name: name}, Ready: true,
			InternalIPs: []netip.Addr{count("172.16.0.1", i)},
			PodCIDRs:    []netip.Prefix{netip.PrefixFrom(count(endpointBase, i<<16), 16)},
		})
	}
	s.Namespaces = []cluster.Namespace{{Meta: cluster.Meta{Name: namespaceName}}}
	s.Fabric.Dataplane = cluster.Dataplane{
		Proxy: "portolan", Policy: policy, PodNetwork: cluster.PodNetworkRouted, PodEgressMasquerade: cluster.EgressMasqueradeNone,
		ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix(podRange)}, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix(serviceRange)},
	}
	return s
}

// loaded is a cluster of so many Services with two endpoints each, one on either
// node.
func loaded(n int, k kind) *cluster.Snapshot {
	s := nodes("none")
	for i := range n {
		s.Services = append(s.Services, serviceNumber(i, k))
		s.EndpointSlices = append(s.EndpointSlices, sliceNumber(i, 2))
	}
	return s
}

func serviceNumber(i int, k kind) cluster.Service {
	name := fmt.Sprintf("svc-%d", i)
	s := cluster.Service{
		Meta: cluster.Meta{Namespace: namespaceName, Name: name}, Type: cluster.ServiceClusterIP,
		ClusterIPs: []netip.Addr{count(clusterIPBase, i)}, Families: []bool{false}, Selector: cluster.Labels{"app": name},
		Ports:                 []cluster.ServicePort{{Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: targetPort}}},
		InternalTrafficPolicy: cluster.PolicyCluster,
	}
	if k.balancer {
		s.Type, s.ExternalTrafficPolicy = cluster.ServiceLoadBalancer, cluster.PolicyCluster
		s.Ports[0].NodePort = uint16(10000 + i)
		s.Ingress = []cluster.Ingress{{IP: count(balancerBase, i)}}
	}
	return s
}

// sliceNumber has the first so many endpoints of the Service, of at most four.
func sliceNumber(i, endpoints int) cluster.EndpointSlice {
	name := fmt.Sprintf("svc-%d", i)
	s := cluster.EndpointSlice{
		Meta: cluster.Meta{Namespace: namespaceName, Name: name}, Service: name,
		Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: targetPort}},
	}
	for j := range endpoints {
		s.Endpoints = append(s.Endpoints, cluster.Endpoint{
			Addresses: []netip.Addr{count(endpointBase, 4*i+j)}, Ready: true, Serving: true, Node: []string{"n1", "n2"}[j%2],
		})
	}
	return s
}

// step is one change to a loaded cluster.
type step struct {
	name    string
	after   *cluster.Snapshot
	changed flow.Object
	told    Change
}

// steps change one Service and one endpoint, and change them back.
func steps(s *cluster.Snapshot, k kind) []step {
	n := len(s.Services)
	x := n / 2
	more := *s
	more.Services = append(slices.Clone(s.Services), serviceNumber(n, k))
	more.EndpointSlices = append(slices.Clone(s.EndpointSlices), sliceNumber(n, 2))
	grown := *s
	grown.EndpointSlices = slices.Clone(s.EndpointSlices)
	grown.EndpointSlices[x] = sliceNumber(x, 3)
	alone := func(services []cluster.Service, endpoints ...cluster.EndpointSlice) Objects {
		return Convert(&cluster.Snapshot{Services: services, EndpointSlices: endpoints})
	}
	added := alone(more.Services[n:], more.EndpointSlices[n])
	return []step{
		{"one Service more", &more, more.Services[n].Object(), Change{Set: added}},
		{"one Service less", s, more.Services[n].Object(), Change{Gone: added}},
		{"one endpoint more", &grown, s.Services[x].Object(), Change{Set: alone(nil, grown.EndpointSlices[x])}},
		{"one endpoint less", s, s.Services[x].Object(), Change{Set: alone(nil, s.EndpointSlices[x])}},
	}
}

// servers is how many pods of n1 the policies of guarded select.
const servers = 100

// guarded is a cluster of so many policies that all select the servers: each
// admits one of as many clients. The client of that number is admitted by none.
func guarded(n int) *cluster.Snapshot {
	s := nodes("portolan")
	pod := func(name, node string, ip netip.Addr, labels cluster.Labels) {
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: namespaceName, Name: name, Labels: labels}, Node: node,
			IPs: []netip.Addr{ip}, Phase: cluster.PodRunning, Ready: true,
		})
	}
	for i := range servers {
		pod(fmt.Sprintf("server-%d", i), "n1", count(endpointBase, i), cluster.Labels{"role": "server"})
	}
	for i := range n + 1 {
		app := cluster.Labels{"app": fmt.Sprintf("client-%d", i)}
		pod(app["app"], "n2", count(clientBase, i), app)
		if i == n {
			break
		}
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
			Meta:        cluster.Meta{Namespace: namespaceName, Name: "allow-" + app["app"]},
			PodSelector: cluster.LabelSelector{MatchLabels: cluster.Labels{"role": "server"}}, IsolatesIngress: true,
			Ingress: []cluster.PolicyRule{{
				Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{MatchLabels: app}}},
				Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: targetPort}}},
			}},
		})
	}
	return s
}
