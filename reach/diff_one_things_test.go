package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

var oneThings = []oneThing{
	{name: "nothing", same: true, edit: func(*cluster.Snapshot) {}},

	// what nodes and routers are
	{name: "a node is gone, not its pods", edit: func(s *cluster.Snapshot) { s.Nodes = s.Nodes[:2] }},
	{name: "a node is gone with its pods", edit: func(s *cluster.Snapshot) {
		s.Nodes = s.Nodes[:2]
		s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool { return p.Node == "n3" })
	}},
	{name: "nodes in another order", same: true, edit: func(s *cluster.Snapshot) { slices.Reverse(s.Nodes) }},
	{name: "a node that is not ready", edit: func(s *cluster.Snapshot) { s.Nodes[0].Ready = false }},
	{
		name: "a node that is not ready, of all next hops", edit: func(s *cluster.Snapshot) { s.Nodes[2].Ready = false },
		first: func(s *cluster.Snapshot) { s.Fabric.Routers = []cluster.Router{{Name: "r", Multipath: true}} },
	},
	{
		name: "the zone of a node", edit: func(s *cluster.Snapshot) { s.Nodes[0].Labels["topology.kubernetes.io/zone"] = "zb" },
		first: func(s *cluster.Snapshot) {
			for i, zone := range []string{"za", "zb", "zb"} {
				s.Nodes[i].Labels = cluster.Labels{"topology.kubernetes.io/zone": zone}
			}
			e := *endpointsOf(s, "api")
			e[0].HintZones, e[1].HintZones = []string{"za"}, []string{"zb"}
			listensElsewhere(s, "api2")
		},
	},
	{name: "the next hops of a static route", edit: func(s *cluster.Snapshot) { s.Fabric.Routers[0].Nodes = []string{"n3"} }},
	{name: "what a router knows", edit: func(s *cluster.Snapshot) {
		s.Fabric.Routers[0].Prefixes = []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")}
	}},

	// what is not known
	{name: "objects that are not modelled", edit: func(s *cluster.Snapshot) {
		s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: "a"}}
	}},
	{name: "nodes that are not in the dump", edit: func(s *cluster.Snapshot) { s.Absent = []string{"Node"} }},
	{
		name: "a namespace of which slices were read", edit: func(s *cluster.Snapshot) { s.Unread[0].Except = []string{"a"} },
		first: func(s *cluster.Snapshot) {
			s.Absent, s.Unread, s.EndpointSlices = []string{"EndpointSlice"}, []cluster.Unread{{Kind: "EndpointSlice"}}, nil
		},
	},

	// what policies say
	{name: "ingress of the first workload", edit: func(s *cluster.Snapshot) { deny(s, false, "api") }},
	{name: "ingress of the second workload", edit: func(s *cluster.Snapshot) { deny(s, false, "db") }},
	{name: "ingress of the last workload", edit: func(s *cluster.Snapshot) { deny(s, false, "web") }},
	{name: "ingress of two workloads", edit: func(s *cluster.Snapshot) { deny(s, false, "api", "web") }},
	{name: "egress of a workload", edit: func(s *cluster.Snapshot) { deny(s, true, "far") }},
	{
		name: "a proxy that masquerades", first: admitAPI,
		edit: func(s *cluster.Snapshot) {
			s.Clues = []cluster.Clue{{Agent: cluster.AgentKubeProxy, Config: true, Settings: map[string]string{"iptables.masqueradeAll": "true"}}}
		},
	},

	// who asks
	{
		name: "a pod at another address", edit: func(s *cluster.Snapshot) { podOf(s, "far1").IPs = addrsOf("10.244.3.99") },
		first: func(s *cluster.Snapshot) {
			svcOf(s, "mixed").SourceRanges = []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24")}
		},
	},
	{
		name: "two pods of one address", edit: func(s *cluster.Snapshot) { slices.Reverse(s.Pods) },
		first: func(s *cluster.Snapshot) {
			deny(s, true, "far")
			podOf(s, "far1").IPs, podOf(s, "far1").Node = podOf(s, "api3").IPs, "n3"
		},
	},

	{
		name: "who looks at both ends", policy: "kube-network-policies", edit: func(s *cluster.Snapshot) { admit(s, "far") },
		first: func(s *cluster.Snapshot) {
			yes := true
			s.Fabric.Dataplane.MasqueradeAll = &yes
			deny(s, false, "db")
			s.NetworkPolicies[0].Ingress = []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("10.0.0.0/24")}}}}}
			for _, name := range []string{"far1", "far2", "far3"} {
				podOf(s, name).Node = "n1"
			}
		},
	},

	// Services
	{name: "the second Service is gone", edit: func(s *cluster.Snapshot) { s.Services = slices.Delete(s.Services, 1, 2) }},
	{name: "a Service is gone", edit: func(s *cluster.Snapshot) { s.Services = s.Services[1:] }},
	{name: "a port is gone", edit: func(s *cluster.Snapshot) { svcOf(s, "web").Ports = svcOf(s, "web").Ports[:1] }},
	{name: "another port", edit: func(s *cluster.Snapshot) { svcOf(s, "web").Ports[1].Port++ }},
	{name: "another node port", same: true, edit: func(s *cluster.Snapshot) { svcOf(s, "web").Ports[1].NodePort++ }},
	{name: "another address", same: true, edit: func(s *cluster.Snapshot) { svcOf(s, "web").ClusterIPs = addrsOf("10.96.0.99") }},
	{name: "written elsewhere", same: true, edit: func(s *cluster.Snapshot) {
		svc := svcOf(s, "web")
		svc.Position.Line, svc.Ports[0].Position.Line, svc.Ports[1].Position.Line, svc.Created, svc.Manager = 7, 8, 9, "2026-01-01", "me"
	}},
	{name: "source ranges", edit: func(s *cluster.Snapshot) {
		svcOf(s, "web").SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/25")}
	}},
	{name: "endpoints of every node", edit: func(s *cluster.Snapshot) { svcOf(s, "web").InternalTrafficPolicy = cluster.PolicyCluster }},

	// endpoints
	{name: "an endpoint that is not ready", edit: func(s *cluster.Snapshot) { (*endpointsOf(s, "web"))[0].Ready = false }},
	{name: "the last endpoint is not ready", edit: func(s *cluster.Snapshot) { (*endpointsOf(s, "web"))[1].Ready = false }},
	{name: "an endpoint less", edit: func(s *cluster.Snapshot) { *endpointsOf(s, "web") = (*endpointsOf(s, "web"))[:1] }},
	{name: "no endpoint", edit: func(s *cluster.Snapshot) { *endpointsOf(s, "web") = nil }},
	{
		name: "no endpoint on most nodes", edit: func(s *cluster.Snapshot) { *endpointsOf(s, "web") = nil },
		first: func(s *cluster.Snapshot) {
			s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool { return p.Node == "n9" })
		},
	},
	{
		name: "endpoints that fare alike no more", first: func(s *cluster.Snapshot) { listensElsewhere(s, "db2") },
		edit: func(s *cluster.Snapshot) {
			e := endpointsOf(s, "web")
			(*e)[0].Ready = false
			*e = append(*e, sliceOf(s, "web", "db2").Endpoints...)
		},
	},
	{name: "an endpoint without an address", edit: func(s *cluster.Snapshot) {
		podOf(s, "web1").IPs = nil
		*endpointsOf(s, "web") = (*endpointsOf(s, "web"))[1:]
	}},
	{name: "an endpoint that listens elsewhere", edit: func(s *cluster.Snapshot) { listensElsewhere(s, "web1") }},
	{name: "a process of a node that listens elsewhere", edit: func(s *cluster.Snapshot) { listensElsewhere(s, "host1") }},
	{
		name: "where the endpoint is another Service's node port", edit: func(s *cluster.Snapshot) { *endpointsOf(s, "db") = nil },
		first: func(s *cluster.Snapshot) {
			svcOf(s, "db").ExternalTrafficPolicy = cluster.PolicyCluster
			s.EndpointSlices[2].Ports[0].Port = 30011
			unnamedHost(s)
		},
	},
	{
		name: "where the endpoint is another Service's address", first: func(s *cluster.Snapshot) { *endpointsOf(s, "api") = nil },
		edit: func(s *cluster.Snapshot) {
			svcOf(s, "api").ExternalIPs, svcOf(s, "api").Ports[0].Port = podOf(s, "db3").IPs, 8080
		},
	},
	{
		name: "where the endpoint is another load balancer's second address", first: func(s *cluster.Snapshot) { *endpointsOf(s, "web") = nil },
		edit: func(s *cluster.Snapshot) {
			web := svcOf(s, "web")
			web.Ingress, web.Ports[0].Port = append(web.Ingress, cluster.Ingress{IP: podOf(s, "db3").IPs[0]}), 8080
		},
	},
	{name: "an endpoint whose pod is gone", first: func(s *cluster.Snapshot) { deny(s, false, "db") }, edit: func(s *cluster.Snapshot) {
		s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool { return p.Name == "db3" })
	}},
	{name: "an endpoint whose pod is at another address", first: func(s *cluster.Snapshot) { deny(s, false, "db") }, edit: func(s *cluster.Snapshot) {
		podOf(s, "db3").IPs = addrsOf("10.244.3.99")
	}},
	{
		name: "an endpoint whose pod is elsewhere", edit: func(s *cluster.Snapshot) { podOf(s, "db3").Node = "n9" },
	},
	{
		name: "an endpoint whose address another pod has", edit: func(s *cluster.Snapshot) { deny(s, false, "api") },
		first: func(s *cluster.Snapshot) { podOf(s, "api3").IPs = podOf(s, "db3").IPs },
	},
	{
		name: "the pod at an endpoint that names another", edit: func(s *cluster.Snapshot) { deny(s, false, "db") },
		first: func(s *cluster.Snapshot) { (*endpointsOf(s, "db"))[0].Target.Name = "ghost" },
	},

	// other Services of an address
	{
		name: "a port that two have", edit: func(s *cluster.Snapshot) { s.Services = s.Services[1:] },
		first: func(s *cluster.Snapshot) {
			svcOf(s, "api").Ports[0].Port = svcOf(s, "db").Ports[0].Port
			*endpointsOf(s, "api") = nil
		},
	},
	{
		name: "a node port that two have", edit: func(s *cluster.Snapshot) { s.Services = s.Services[1:] },
		first: func(s *cluster.Snapshot) {
			svcOf(s, "api").Ports[0].NodePort = svcOf(s, "db").Ports[0].NodePort
			*endpointsOf(s, "api") = nil
		},
	},
	{name: "who draws the address for another", edit: func(s *cluster.Snapshot) { *endpointsOf(s, "db") = nil }},
	{
		name: "an address that a load balancer keeps for another", edit: func(s *cluster.Snapshot) { svcOf(s, "api").Ingress[0].Proxy = true },
		first: func(s *cluster.Snapshot) { s.Fabric.Routers = nil },
	},
	{
		name: "an address that MetalLB came to give another", edit: func(s *cluster.Snapshot) {
			svcOf(s, "mixed").Ingress = append(svcOf(s, "mixed").Ingress, cluster.Ingress{IP: addrsOf("198.51.100.99")[0]})
		},
		first: func(s *cluster.Snapshot) {
			s.Fabric.Routers, svcOf(s, "db").ExternalIPs = nil, addrsOf("198.51.100.99")
			s.MetalLB.L2Advertisements = []cluster.L2Advertisement{{Meta: cluster.Meta{Name: "ad"}}}
			metalLB(s)
		},
	},
	{
		name: "who may share an address that nobody draws", edit: func(s *cluster.Snapshot) {
			svcOf(s, "api").Annotations = cluster.Labels{"metallb.io/allow-shared-ip": "x"}
		},
		first: func(s *cluster.Snapshot) {
			s.Absent, s.EndpointSlices = []string{"Service"}, nil
			s.Fabric.Routers = s.Fabric.Routers[1:]
			s.MetalLB.BGPAdvertisements = []cluster.BGPAdvertisement{{Meta: cluster.Meta{Name: "ad"}}}
			metalLB(s)
		},
	},
	{
		name: "a cluster address that another wants, and nobody draws", edit: func(s *cluster.Snapshot) {
			svcOf(s, "api").ExternalIPs = svcOf(s, "web").ClusterIPs
		},
		first: func(s *cluster.Snapshot) {
			s.Absent, s.Fabric.Routers = []string{"Service"}, s.Fabric.Routers[1:]
			*endpointsOf(s, "api") = nil
		},
	},
	{
		name: "the pool of an address", edit: metalLB,
		first: func(s *cluster.Snapshot) { s.Fabric.Routers = nil },
	},
}

// metalLB has a pool of all addresses of load balancers.
func metalLB(s *cluster.Snapshot) {
	s.MetalLB.Pools = []cluster.IPAddressPool{{Meta: cluster.Meta{Name: "pool"}, Addresses: []cluster.AddressRange{{First: addrsOf("198.51.100.0")[0], Last: addrsOf("198.51.100.255")[0]}}}}
}

// admit isolates the pods of a workload and lets everybody in.
func admit(s *cluster.Snapshot, app string) {
	deny(s, false, app)
	s.NetworkPolicies[len(s.NetworkPolicies)-1].Ingress = []cluster.PolicyRule{{}}
}

// Pods that are endpoints in one version alone, of a Service that admits everybody,
// or the pods of api.
func init() {
	for _, first := range []func(*cluster.Snapshot){func(*cluster.Snapshot) {}, admitAPI} {
		for _, pod := range []string{"api1", "api3", "db1", "db3", "web1", "web3", "web4", "far1"} {
			for _, policy := range []string{"generic", "kube-router"} {
				oneThings = append(oneThings, oneThing{
					name: pod + " is the endpoint, under " + policy, policy: policy, first: first,
					edit: func(s *cluster.Snapshot) { *endpointsOf(s, "web") = sliceOf(s, "web", pod).Endpoints },
				})
			}
		}
	}
}

// listensElsewhere has a pod listen on another port than its Service asks for.
func listensElsewhere(s *cluster.Snapshot, pod string) {
	podOf(s, pod).Ports = []cluster.ContainerPort{{Port: 9090, Protocol: flow.TCP}}
}

// unnamedHost makes the endpoint of mixed one that no pod is named for.
func unnamedHost(s *cluster.Snapshot) { (*endpointsOf(s, "mixed"))[0].Target = flow.Object{} }

// admitAPI admits to web and db the pods of api.
func admitAPI(s *cluster.Snapshot) {
	deny(s, false, "web", "db")
	for i := range s.NetworkPolicies {
		s.NetworkPolicies[i].Ingress = []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{MatchLabels: cluster.Labels{"app": "api"}}}}}}
	}
}
