package generate

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Size is how many objects of each kind there will be. Namespaces 0 means one
// for every 150 pods.
type Size struct {
	Nodes, Pods, Services, Policies, Namespaces int
}

// The sizes benchmarks name.
var (
	Small  = Size{Nodes: 10, Pods: 100, Services: 20, Policies: 20}
	Medium = Size{Nodes: 50, Pods: 1000, Services: 150, Policies: 150}
	Large  = Size{Nodes: 400, Pods: 10000, Services: 1000, Policies: 1000}
	// Limits is Kubernetes' own: 5,000 nodes, 150,000 pods, 10,000 Services.
	Limits = Size{Nodes: 5000, Pods: 150000, Services: 10000, Policies: 10000}
)

// app is a Deployment: a set of replicas with equal labels.
type app struct {
	name      string
	namespace string
	labels    cluster.Labels
	ports     []cluster.ContainerPort
	pods      []int
}

type maker struct {
	*rand.Rand
	size Size
	s    *cluster.Snapshot
	apps []app
}

// Cluster makes a Snapshot.
func Cluster(size Size, seed uint64) *cluster.Snapshot {
	if size.Namespaces == 0 {
		size.Namespaces = max(2, size.Pods/150)
	}
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 1)), size: size, s: &cluster.Snapshot{}}
	m.nodes()
	m.namespaces()
	m.pods()
	m.services()
	m.policies()
	m.s.Fabric.Clients = []cluster.Client{{Name: "client", Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10")}}}
	m.s.Fabric.Routers = []cluster.Router{{Name: "router", Multipath: true, Routes: cluster.RoutesStatic}}
	return m.s
}

// addr counts addresses up from a base.
func addr(base string, n int) netip.Addr {
	b := netip.MustParseAddr(base).As4()
	v := (uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])) + uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// podsPerNode is the room of a node's pod CIDR, a /25.
const podsPerNode = 128

func (m *maker) nodes() {
	for i := range m.size.Nodes {
		m.s.Nodes = append(m.s.Nodes, cluster.Node{
			Meta: cluster.Meta{
				Name:   fmt.Sprintf("node-%d", i),
				Labels: cluster.Labels{"topology.kubernetes.io/zone": fmt.Sprintf("zone-%d", i%3)},
			},
			InternalIPs: []netip.Addr{addr("172.16.0.1", i)},
			PodCIDRs:    []netip.Prefix{netip.PrefixFrom(addr("10.0.0.0", i*podsPerNode), 25)},
			Ready:       true,
		})
	}
}

func (m *maker) namespaces() {
	for i := range m.size.Namespaces {
		name := fmt.Sprintf("ns-%d", i)
		m.s.Namespaces = append(m.s.Namespaces, cluster.Namespace{Meta: cluster.Meta{
			Name:   name,
			Labels: cluster.Labels{"kubernetes.io/metadata.name": name, "team": fmt.Sprintf("team-%d", i%40), "env": []string{"prod", "stage", "dev"}[i%3]},
		}})
	}
}

// namespace prefers the first ones: big namespaces are few.
func (m *maker) namespace() string {
	n := m.size.Namespaces
	if m.IntN(3) == 0 {
		n = max(1, n/20)
	}
	return m.s.Namespaces[m.IntN(n)].Name
}

func (m *maker) pods() {
	onNode := make([]int, m.size.Nodes)
	for i := 0; i < m.size.Pods; {
		a := m.app(len(m.apps))
		for range min(m.size.Pods-i, 1+m.IntN(3)+m.IntN(2)*m.IntN(30)) {
			node := m.IntN(m.size.Nodes)
			for onNode[node] >= podsPerNode-2 {
				node = (node + 1) % m.size.Nodes
			}
			onNode[node]++
			a.pods = append(a.pods, i)
			m.s.Pods = append(m.s.Pods, m.pod(&a, i, node, addr("10.0.0.1", node*podsPerNode+onNode[node])))
			i++
		}
		m.apps = append(m.apps, a)
	}
}

func (m *maker) app(n int) app {
	name := fmt.Sprintf("app-%d", n)
	return app{
		name:      name,
		namespace: m.namespace(),
		labels:    cluster.Labels{"app.kubernetes.io/name": name, "tier": []string{"web", "api", "db", "cache"}[n%4]},
		ports:     []cluster.ContainerPort{{Name: "http", Port: uint16(8000 + n%100), Protocol: flow.TCP}, {Name: "metrics", Port: 9090, Protocol: flow.TCP}},
	}
}

func (m *maker) pod(a *app, i, node int, ip netip.Addr) cluster.Pod {
	labels := cluster.Labels{"pod-template-hash": fmt.Sprintf("%x", len(m.apps)*7919)}
	for k, v := range a.labels {
		labels[k] = v
	}
	return cluster.Pod{
		Meta: cluster.Meta{Namespace: a.namespace, Name: fmt.Sprintf("pod-%d", i), Labels: labels},
		Node: m.s.Nodes[node].Name, IPs: []netip.Addr{ip}, Ports: a.ports, Phase: cluster.PodRunning, Ready: true,
		Owner: flow.Object{Kind: "Deployment", Namespace: a.namespace, Name: a.name},
	}
}

func (m *maker) services() {
	for i := range m.size.Services {
		a := &m.apps[i%len(m.apps)]
		svc := cluster.Service{
			Meta:       cluster.Meta{Namespace: a.namespace, Name: fmt.Sprintf("svc-%d", i)},
			Type:       cluster.ServiceClusterIP,
			ClusterIPs: []netip.Addr{addr("10.128.0.1", i)},
			Selector:   cluster.Labels{"app.kubernetes.io/name": a.labels["app.kubernetes.io/name"]},
			Ports:      []cluster.ServicePort{{Name: "http", Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Name: "http"}}},
		}
		if i%10 == 0 {
			svc.Type = cluster.ServiceLoadBalancer
			svc.Ingress = []cluster.Ingress{{IP: addr("198.18.0.1", i)}}
			if i < 27000 {
				svc.Ports[0].NodePort = uint16(30000 + i/10)
			}
			if i%30 == 0 {
				svc.ExternalTrafficPolicy = cluster.PolicyLocal
			}
		}
		m.s.Services = append(m.s.Services, svc)
		m.s.EndpointSlices = append(m.s.EndpointSlices, m.slice(&svc, a))
	}
}

func (m *maker) slice(svc *cluster.Service, a *app) cluster.EndpointSlice {
	e := cluster.EndpointSlice{
		Meta: cluster.Meta{Namespace: svc.Namespace, Name: svc.Name + "-x"}, Service: svc.Name,
		Ports: []cluster.EndpointPort{{Name: "http", Protocol: flow.TCP, Port: a.ports[0].Port}},
	}
	for _, i := range a.pods {
		p := &m.s.Pods[i]
		e.Endpoints = append(e.Endpoints, cluster.Endpoint{
			Addresses: p.IPs, Ready: true, Serving: true, Node: p.Node, Target: p.Object(),
		})
	}
	return e
}

func (m *maker) policies() {
	for i := range m.size.Policies {
		a := &m.apps[m.IntN(len(m.apps))]
		p := cluster.NetworkPolicy{
			Meta:            cluster.Meta{Namespace: a.namespace, Name: fmt.Sprintf("policy-%d", i)},
			PodSelector:     cluster.LabelSelector{MatchLabels: cluster.Labels{"app.kubernetes.io/name": a.labels["app.kubernetes.io/name"]}},
			IsolatesIngress: true,
			Ingress:         []cluster.PolicyRule{m.rule(a)},
		}
		switch {
		case i%50 == 49:
			p.PodSelector = cluster.LabelSelector{}
			p.Ingress = []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{}}}}}
		case i%10 == 1:
			p.IsolatesEgress = true
			p.Egress = []cluster.PolicyRule{m.rule(a)}
		}
		m.s.NetworkPolicies = append(m.s.NetworkPolicies, p)
	}
}

// rule is one peer and one port, as most are.
func (m *maker) rule(a *app) cluster.PolicyRule {
	other := &m.apps[m.IntN(len(m.apps))]
	r := cluster.PolicyRule{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: a.ports[0].Port}}}}
	if m.IntN(3) == 0 {
		r.Ports[0].Port = cluster.PortRef{Name: "http"}
	}
	peer := cluster.PolicyPeer{PodSelector: &cluster.LabelSelector{MatchLabels: other.labels}}
	switch m.IntN(10) {
	case 0, 1, 2:
		peer.NamespaceSelector = &cluster.LabelSelector{MatchLabels: cluster.Labels{"kubernetes.io/metadata.name": other.namespace}}
	case 3:
		peer = cluster.PolicyPeer{NamespaceSelector: &cluster.LabelSelector{MatchLabels: cluster.Labels{"env": "prod"}}}
	case 4:
		cidr := netip.PrefixFrom(addr("192.168.0.0", m.IntN(250)*256), 24)
		peer = cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: cidr, Except: []netip.Prefix{netip.PrefixFrom(cidr.Addr(), 28)}}}
	case 5, 6:
		return r // from everywhere
	}
	r.Peers = []cluster.PolicyPeer{peer}
	return r
}
