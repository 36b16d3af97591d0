package oracle_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/oracle"
)

// small is a cluster of two nodes that the cases below change: web runs on n1,
// ssh on n2, and both Services share the VIP 198.51.100.17.
func small() *cluster.Snapshot {
	s := &cluster.Snapshot{}
	for _, n := range []string{"1", "2"} {
		node := cluster.Node{InternalIPs: addrs("10.0.0.1" + n), PodCIDRs: prefixes("10.244." + n + ".0/24"), Ready: true}
		node.Name = "n" + n
		s.Nodes = append(s.Nodes, node)
	}
	for _, name := range []string{"app", "other"} {
		ns := cluster.Namespace{}
		ns.Name, ns.Labels = name, cluster.Labels{"project": name}
		s.Namespaces = append(s.Namespaces, ns)
	}
	addPod(s, "app", "web", "n1", "10.244.1.10")
	addPod(s, "app", "ssh", "n2", "10.244.2.10")
	addPod(s, "app", "peer", "n1", "10.244.1.11")
	addPod(s, "other", "stranger", "n1", "10.244.1.12")
	addService(s, "web", 80, 8080, 30080, "10.96.0.80", "10.244.1.10", "n1")
	addService(s, "ssh", 22, 2222, 30022, "10.96.0.22", "10.244.2.10", "n2")
	s.Fabric.Clients = []cluster.Client{{Name: "branch", Addresses: addrs("203.0.113.10")}}
	s.Fabric.Routers = []cluster.Router{{Name: "dcgw", Multipath: true}}
	s.Fabric.Dataplane.ServiceCIDRs = prefixes("10.96.0.0/16")
	return s
}

func addrs(words ...string) (out []netip.Addr) {
	for _, w := range words {
		out = append(out, netip.MustParseAddr(w))
	}
	return out
}

func addPod(s *cluster.Snapshot, namespace, name, node, ip string) {
	p := cluster.Pod{Node: node, IPs: addrs(ip), Phase: cluster.PodRunning}
	p.Namespace, p.Name, p.Labels = namespace, name, cluster.Labels{"app": name}
	s.Pods = append(s.Pods, p)
}

func addService(s *cluster.Snapshot, name string, port, target, nodePort uint16, clusterIP, endpoint, node string) {
	svc := cluster.Service{
		Type: cluster.ServiceLoadBalancer, ClusterIPs: addrs(clusterIP), Ingress: []cluster.Ingress{{IP: netip.MustParseAddr("198.51.100.17")}},
		Ports: []cluster.ServicePort{{Protocol: flow.TCP, Port: port, NodePort: nodePort}},
	}
	svc.Namespace, svc.Name = "app", name
	s.Services = append(s.Services, svc)
	slice := cluster.EndpointSlice{
		Service: name, Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: target}},
		Endpoints: []cluster.Endpoint{{Addresses: addrs(endpoint), Ready: true, Serving: true, Node: node}},
	}
	slice.Namespace = "app"
	s.EndpointSlices = append(s.EndpointSlices, slice)
}

// isolate adds a policy to namespace app for the pods of that name, or for all.
func isolate(s *cluster.Snapshot, name string, ingress ...cluster.PolicyRule) {
	np := cluster.NetworkPolicy{IsolatesIngress: true, Ingress: ingress}
	np.Namespace = "app"
	if name != "" {
		np.PodSelector.MatchLabels = cluster.Labels{"app": name}
	}
	s.NetworkPolicies = append(s.NetworkPolicies, np)
}

// incident is the cluster of examples/shared-vip: web is open, everything else
// in the namespace only to the namespace.
func incident(s *cluster.Snapshot) {
	isolate(s, "web", cluster.PolicyRule{})
	isolate(s, "", cluster.PolicyRule{Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{}}}})
}

func local(s *cluster.Snapshot) {
	for i := range s.Services {
		s.Services[i].ExternalTrafficPolicy = cluster.PolicyLocal
	}
}

// cases are sentences of the documentation with what they mean for one packet.
var cases = []struct {
	says          string
	change        func(*cluster.Snapshot)
	from, via, to string
	want          string
}{
	{"Cluster: another node forwards, with its own address", nil, "external/branch", "n1", "198.51.100.17:22", "Delivered connected app/ssh from 10.0.0.11"},
	{"Cluster: the router may take either node", nil, "external/branch", "", "198.51.100.17:22", "Delivered connected app/ssh from 10.0.0.11; Delivered connected app/ssh from 10.0.0.12"},
	{"the incident, from outside", incident, "external/branch", "", "198.51.100.17:22", "DeniedByPolicy timeout app/ssh"},
	{"the incident, from another node", incident, "node/n1", "", "198.51.100.17:22", "DeniedByPolicy timeout app/ssh"},
	{"the incident, from the pod's own node: always allowed", incident, "node/n2", "", "198.51.100.17:22", "Delivered connected app/ssh from 10.0.0.12"},
	{"the incident, http", incident, "external/branch", "n2", "198.51.100.17:80", "Delivered connected app/web from 10.0.0.12"},
	{"the incident: a peer by ClusterIP keeps its identity", incident, "pod/app/peer", "", "10.96.0.22:22", "Delivered connected app/ssh from 10.244.1.11"},
	{"the incident: a peer by VIP loses it", incident, "pod/app/peer", "", "198.51.100.17:22", "DeniedByPolicy timeout app/ssh"},
	{"the incident: a stranger", incident, "pod/other/stranger", "", "10.244.2.10:2222", "DeniedByPolicy timeout"},
	{"Local: node-local endpoints, without masquerading", local, "external/branch", "n2", "198.51.100.17:22", "Delivered connected app/ssh from 203.0.113.10"},
	{"Local: a node with no endpoints drops", local, "external/branch", "n1", "198.51.100.17:22", "NoLocalEndpoint timeout"},
	{"Local: from within the cluster always Cluster semantics", local, "pod/other/stranger", "", "198.51.100.17:22", "Delivered connected app/ssh from 10.244.1.12"},
	{"Local: the node's own process is masqueraded", local, "node/n1", "", "198.51.100.17:22", "Delivered connected app/ssh from 10.0.0.11"},
	{"another node's NodePort, Local: the reply bypasses that node", func(s *cluster.Snapshot) {
		local(s)
		s.EndpointSlices[1].Endpoints[0].Addresses, s.EndpointSlices[1].Endpoints[0].Node = addrs("10.244.1.11"), "n1"
		addPod(s, "other", "far", "n2", "10.244.2.12")
		n3 := cluster.Node{InternalIPs: addrs("10.0.0.13"), Ready: true}
		n3.Name = "n3"
		s.Nodes = append(s.Nodes, n3)
	}, "pod/other/far", "", "10.0.0.13:30022", "ReplyLost timeout app/peer from 10.244.2.12"},
	{"no endpoint anywhere is rejected", func(s *cluster.Snapshot) { s.EndpointSlices[1].Endpoints = nil }, "external/branch", "n1", "198.51.100.17:22", "NoEndpoints refused"},
	{"terminating endpoints serve when there is nothing else", func(s *cluster.Snapshot) {
		s.EndpointSlices[1].Endpoints[0].Ready, s.EndpointSlices[1].Endpoints[0].Terminating = false, true
	}, "external/branch", "n2", "198.51.100.17:22", "Delivered connected app/ssh from 10.0.0.12"},
	{"internalTrafficPolicy Local drops without local endpoints", func(s *cluster.Snapshot) {
		s.Services[1].InternalTrafficPolicy = cluster.PolicyLocal
	}, "pod/app/peer", "", "10.96.0.22:22", "NoLocalEndpoint timeout"},
	{"a process asking a ClusterIP is masqueraded", nil, "node/n1", "", "10.96.0.22:22", "Delivered connected app/ssh from 10.0.0.11"},
	{"a pod reaches itself through its Service", nil, "pod/app/web", "", "10.96.0.80:80", "Delivered connected app/web from 10.0.0.11"},
	{"but not over a bridge", func(s *cluster.Snapshot) { s.Fabric.Dataplane.PodNetwork = cluster.PodNetworkBridge }, "pod/app/web", "", "10.96.0.80:80", "NoRoute timeout app/web"},
	{"on an overlay the other node's address is the tunnel's", func(s *cluster.Snapshot) { s.Fabric.Dataplane.PodNetwork = cluster.PodNetworkVXLAN }, "external/branch", "n1", "198.51.100.17:22", "Delivered connected app/ssh from 10.244.1.0"},
	{"source ranges drop others", func(s *cluster.Snapshot) { s.Services[1].SourceRanges = prefixes("192.0.2.0/24") }, "external/branch", "n1", "198.51.100.17:22", "DeniedBySourceRanges timeout"},
	{"source ranges do not guard the NodePort", func(s *cluster.Snapshot) { s.Services[1].SourceRanges = prefixes("192.0.2.0/24") }, "external/branch", "n1", "10.0.0.11:30022", "Delivered connected app/ssh from 10.0.0.11"},
	{"ipMode Proxy is not captured", func(s *cluster.Snapshot) { s.Services[1].Ingress[0].Proxy = true }, "external/branch", "n1", "198.51.100.17:22", "Loop unreachable"},
	{"nftables rejects unused ports of a ClusterIP", nil, "pod/app/peer", "", "10.96.0.22:23", "NotCaptured refused"},
	{"and drops unallocated ClusterIPs", nil, "pod/app/peer", "", "10.96.0.99:22", "NotCaptured timeout"},
	{"excluded nodes get nothing from the router", func(s *cluster.Snapshot) {
		s.Nodes[0].Labels = cluster.Labels{"node.kubernetes.io/exclude-from-external-load-balancers": ""}
	}, "external/branch", "", "198.51.100.17:22", "Delivered connected app/ssh from 10.0.0.12"},
	{"ports declared, and not this one", func(s *cluster.Snapshot) {
		s.Pods[1].Ports = []cluster.ContainerPort{{Port: 22, Protocol: flow.TCP}}
	}, "pod/app/peer", "", "10.96.0.22:22", "NotListening refused app/ssh from 10.244.1.11"},
	{"a pod cannot block access to itself", func(s *cluster.Snapshot) { isolate(s, "") }, "pod/app/ssh", "", "10.244.2.10:2222", "Delivered connected app/ssh from 10.244.2.10"},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		s := small()
		if c.change != nil {
			c.change(s)
		}
		got, err := oracle.Ask(s, c.from, c.via, netip.MustParseAddrPort(c.to), flow.TCP)
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
			continue
		}
		if s := join(got); s != c.want {
			t.Errorf("%s: %s to %s\n  got  %s\n  want %s", c.says, c.from, c.to, s, c.want)
		}
	}
}

func join(outcomes []oracle.Outcome) string {
	s := ""
	for i, o := range outcomes {
		if i > 0 {
			s += "; "
		}
		s += o.String()
	}
	return s
}

// TestExamplePolicy reads the documentation's test-network-policy: who may
// connect to the db pod on TCP 6379, and where it may go.
func TestExamplePolicy(t *testing.T) {
	s := small()
	addPod(s, "app", "db", "n2", "10.244.2.20")
	s.Pods[len(s.Pods)-1].Labels = cluster.Labels{"role": "db"}
	s.Pods[2].Labels = cluster.Labels{"role": "frontend"} // app/peer
	np := cluster.NetworkPolicy{
		PodSelector: cluster.LabelSelector{MatchLabels: cluster.Labels{"role": "db"}}, IsolatesIngress: true, IsolatesEgress: true,
		Ingress: []cluster.PolicyRule{{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 6379}}}, Peers: []cluster.PolicyPeer{
			{IPBlock: &cluster.IPBlock{CIDR: prefixes("172.17.0.0/16")[0], Except: prefixes("172.17.1.0/24")}},
			{NamespaceSelector: &cluster.LabelSelector{MatchLabels: cluster.Labels{"project": "myproject"}}},
			{PodSelector: &cluster.LabelSelector{MatchLabels: cluster.Labels{"role": "frontend"}}},
		}}},
		Egress: []cluster.PolicyRule{{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 5978}}}, Peers: []cluster.PolicyPeer{
			{IPBlock: &cluster.IPBlock{CIDR: prefixes("10.0.0.0/24")[0]}},
		}}},
	}
	np.Namespace = "app"
	s.NetworkPolicies = []cluster.NetworkPolicy{np}
	allowed := map[[2]string]bool{
		{"external/172.17.0.255", "10.244.2.20:6379"}: true, {"external/172.17.2.0", "10.244.2.20:6379"}: true,
		{"external/172.17.1.1", "10.244.2.20:6379"}: false, {"external/172.18.0.1", "10.244.2.20:6379"}: false,
		{"pod/app/peer", "10.244.2.20:6379"}: true, {"pod/app/peer", "10.244.2.20:6380"}: false,
		{"pod/other/stranger", "10.244.2.20:6379"}: false, {"node/n2", "10.244.2.20:1"}: true, {"node/n1", "10.244.2.20:6379"}: false,
		{"pod/app/db", "10.0.0.11:5978"}: true, {"pod/app/db", "10.0.0.11:5979"}: false, {"pod/app/db", "10.244.1.11:5978"}: false,
	}
	for q, want := range allowed {
		via := ""
		if q[0][0] == 'e' {
			via = "n1"
		}
		got, err := oracle.Ask(s, q[0], via, netip.MustParseAddrPort(q[1]), flow.TCP)
		if err != nil {
			t.Fatal(err)
		}
		if is := slices.ContainsFunc(got, func(o oracle.Outcome) bool { return o.Fate == flow.Delivered }); is != want {
			t.Errorf("%s to %s: %v, allowed %v", q[0], q[1], got, want)
		}
	}
}

func prefixes(words ...string) (out []netip.Prefix) {
	for _, w := range words {
		out = append(out, netip.MustParsePrefix(w))
	}
	return out
}
