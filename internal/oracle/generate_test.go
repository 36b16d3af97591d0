package oracle_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// generator makes a small random cluster. The same seed makes the same cluster.
type generator struct {
	*rand.Rand
	s      *cluster.Snapshot
	v4, v6 bool
	bgp    bool
	// taken are the virtual address, port and protocol triples in use: two
	// Services may share an address, not a port of it.
	taken map[string]bool
}

func generate(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x706f72746f6c616e)), s: &cluster.Snapshot{}, taken: map[string]bool{}}
	families := g.IntN(4)
	g.v4, g.v6 = families != 1, families != 0
	g.bgp = g.oneIn(3)
	g.nodes()
	g.namespaces()
	g.pods()
	g.services()
	g.policies()
	g.fabric()
	return g
}

// oneIn is true once in n times.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// pick returns one of the words.
func pick[T any](g *generator, words ...T) T { return words[g.IntN(len(words))] }

// some returns each word with even chance, in order; nil when none.
func some[T any](g *generator, words ...T) (out []T) {
	for _, w := range words {
		if g.oneIn(2) {
			out = append(out, w)
		}
	}
	return out
}

// addrs formats one address per family of the cluster, in either order.
func (g *generator) addrs(v4, v6 string, args ...any) (out []netip.Addr) {
	if g.v4 {
		out = append(out, netip.MustParseAddr(fmt.Sprintf(v4, args...)))
	}
	if g.v6 {
		out = append(out, netip.MustParseAddr(fmt.Sprintf(v6, args...)))
	}
	if len(out) == 2 && g.oneIn(3) {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

func prefixes(words ...string) (out []netip.Prefix) {
	for _, w := range words {
		out = append(out, netip.MustParsePrefix(w))
	}
	return out
}

func (g *generator) nodes() {
	for i := range 2 + g.IntN(3) {
		n := cluster.Node{Ready: !g.oneIn(12), NetworkUnavailable: g.oneIn(15), InternalIPs: g.addrs("10.0.0.%d", "fd00::%d", 11+i)}
		n.Name, n.Labels = fmt.Sprintf("n%d", i+1), cluster.Labels{}
		if !g.oneIn(4) {
			n.Labels["topology.kubernetes.io/zone"] = pick(g, "za", "zb")
		}
		if g.oneIn(8) {
			n.Labels["node.kubernetes.io/exclude-from-external-load-balancers"] = pick(g, "", "true", "false")
		}
		if g.oneIn(4) {
			n.InternalIPs = append(n.InternalIPs, g.addrs("10.9.0.%d", "fd09::%d", 11+i)...)
		}
		if g.oneIn(4) {
			n.OtherIPs = g.addrs("192.0.2.%d", "2001:db8:2::%d", 11+i)
		}
		for _, a := range g.addrs("10.244.%d.0", "fd00:244:%d::", i+1) {
			bits := 24
			if a.Is6() {
				bits = 64
			}
			n.PodCIDRs = append(n.PodCIDRs, netip.PrefixFrom(a, bits))
		}
		g.s.Nodes = append(g.s.Nodes, n)
	}
}

func (g *generator) namespaces() {
	for i := range 2 + g.IntN(3) {
		ns := cluster.Namespace{}
		ns.Name = string(rune('a' + i))
		ns.Labels = cluster.Labels{"kubernetes.io/metadata.name": ns.Name}
		if !g.oneIn(3) {
			ns.Labels["team"] = pick(g, "red", "blue", "")
		}
		g.s.Namespaces = append(g.s.Namespaces, ns)
	}
}

func (g *generator) namespace() string { return g.s.Namespaces[g.IntN(len(g.s.Namespaces))].Name }

func (g *generator) labels() cluster.Labels {
	l := cluster.Labels{}
	for _, k := range some(g, "app", "tier", "role") {
		l[k] = pick(g, "x", "y", "z", "")
	}
	return l
}

// containerPorts: the names mean different numbers from pod to pod.
func (g *generator) containerPorts() []cluster.ContainerPort {
	return some(g,
		cluster.ContainerPort{Name: "web", Port: pick[uint16](g, 8080, 8081), Protocol: flow.TCP},
		cluster.ContainerPort{Name: "web", Port: 8082, Protocol: pick(g, flow.TCP, flow.UDP)},
		cluster.ContainerPort{Name: "ssh", Port: pick[uint16](g, 22, 2222, 30022), Protocol: flow.TCP},
		cluster.ContainerPort{Name: "dns", Port: pick[uint16](g, 53, 5353), Protocol: flow.UDP},
		cluster.ContainerPort{Port: 5000, Protocol: pick(g, flow.TCP, flow.SCTP)},
	)
}

func (g *generator) pods() {
	for i := range 2 + g.IntN(11) {
		at := g.IntN(len(g.s.Nodes))
		n := &g.s.Nodes[at]
		p := cluster.Pod{Node: n.Name, HostIPs: n.InternalIPs, Phase: cluster.PodRunning, Ready: !g.oneIn(5), Ports: g.containerPorts()}
		p.Namespace, p.Name, p.Labels = g.namespace(), fmt.Sprintf("p%d", i), g.labels()
		p.IPs = g.addrs("10.244.%d.%d", "fd00:244:%d::%d", at+1, 10+i)
		if g.v4 && g.v6 && g.oneIn(6) {
			p.IPs = p.IPs[:1]
		}
		switch g.IntN(12) {
		case 0, 1:
			p.HostNetwork, p.IPs = true, []netip.Addr{n.InternalIPs[0]}
			if g.v4 && g.v6 {
				p.IPs = []netip.Addr{n.IP(false), n.IP(true)}
			}
		case 2:
			p.Phase = pick(g, cluster.PodSucceeded, cluster.PodFailed)
			if len(g.s.Pods) > 0 && g.oneIn(2) {
				p.IPs = g.s.Pods[g.IntN(len(g.s.Pods))].IPs // given back, and taken again
			}
		case 3:
			p.Phase = cluster.PodPending
		case 4:
			p.Terminating = true
		}
		g.s.Pods = append(g.s.Pods, p)
	}
}

func (g *generator) fabric() {
	f := &g.s.Fabric
	f.Clients = []cluster.Client{
		{Name: "c1", Addresses: g.addrs("203.0.113.10", "2001:db8:113::10")},
		{Name: "c2", Addresses: g.addrs("203.0.113.200", "2001:db8:113::200")[:1]},
	}
	r := cluster.Router{Name: "r", Multipath: !g.oneIn(6), Routes: cluster.RoutesStatic}
	if g.bgp {
		r.Routes = cluster.RoutesBGP
	} else if g.oneIn(4) {
		for _, n := range g.Perm(len(g.s.Nodes))[:1+g.IntN(len(g.s.Nodes))] {
			r.Nodes = append(r.Nodes, g.s.Nodes[n].Name)
		}
	}
	if g.oneIn(4) {
		r.Prefixes = some(g, prefixes("10.96.0.0/16", "fd00:96::/112", "10.244.0.0/16", "fd00:244::/32")...)
	}
	f.Routers = []cluster.Router{r}
	d := &f.Dataplane
	d.Proxy = pick(g, "kube-proxy-nftables", "kube-proxy-iptables", "kube-proxy-ipvs", "cilium", "antrea")
	d.Policy = pick(g, "generic", "calico", "kube-router", "kube-network-policies", "cilium", "aws", "antrea", "forward-only", "portolan", "none")
	if g.oneIn(2) { // what was measured
		d.Proxy = pick(g, "kube-proxy-nftables", "kube-proxy-iptables")
		d.Policy = pick(g, "generic", "generic", "kube-router", "kube-network-policies", "none")
	}
	d.PodNetwork = pick(g, cluster.PodNetworkRouted, cluster.PodNetworkBridge, cluster.PodNetworkVXLAN, cluster.PodNetworkGateway)
	d.PodEgressMasquerade = pick(g, "", cluster.EgressMasqueradeNone, cluster.EgressMasqueradeOffCluster, cluster.EgressMasqueradeNodesToo)
	if g.oneIn(5) {
		yes := true
		d.MasqueradeAll = &yes
	}
	if g.oneIn(2) {
		d.ClusterCIDRs = prefixes("10.244.0.0/16", "fd00:244::/32")
	}
	if !g.oneIn(4) {
		d.ServiceCIDRs = prefixes("10.96.0.0/16", "fd00:96::/112")
	}
	if g.oneIn(6) {
		n := &g.s.Nodes[g.IntN(len(g.s.Nodes))]
		f.Nodes = []cluster.FabricNode{{Name: n.Name, Masquerade: cluster.Masquerade{ToLocalPods: n.InternalIPs}}}
	}
}
