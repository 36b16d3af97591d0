package generate

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Kind is what a tangled cluster is for.
type Kind uint8

// The kinds.
const (
	// Whole: everything that the answer depends on is there.
	Whole Kind = iota
	// Runnable: whole, and our own rules on a kernel can be its dataplane.
	Runnable
	// Unclear: namespaces without an object, pods without an address, with an
	// invented one or one in nobody's range, exceptions beside their block.
	Unclear
)

// Tangled is a small random cluster in which every field occurs, with so few
// values that things meet: blocks that nest and hold pods and nodes, names that
// mean different ports, addresses that Services share, pods that share their
// node's network, have finished or are about to.
type Tangled struct {
	*rand.Rand
	Snapshot *cluster.Snapshot
	// AfterSNAT and Rejects are how the enforcer of a Runnable cluster works: what
	// no built-in profile of our rules has.
	AfterSNAT, Rejects bool

	kind   Kind
	v4, v6 bool
	bgp    bool
	// taken are the virtual address, port and protocol triples in use: two
	// Services may share an address, not a port of it.
	taken map[string]bool
}

// Tangle makes a small cluster. The same kind and seed make the same cluster,
// which is asked the same questions.
func Tangle(kind Kind, seed uint64) *Tangled {
	g := &Tangled{Rand: rand.New(rand.NewPCG(seed, 0x706f72746f6c616e)), Snapshot: &cluster.Snapshot{}, kind: kind, taken: map[string]bool{}}
	families := g.IntN(4)
	g.v4, g.v6 = families != 1, families != 0
	g.bgp = g.oneIn(3)
	g.nodes()
	g.namespaces()
	g.pods()
	g.services()
	g.MorePolicies()
	g.fabric()
	if kind == Runnable {
		g.MorePolicies()
		g.AfterSNAT = g.oneIn(2)
		g.Rejects = !g.AfterSNAT && g.oneIn(2) // netfilter rejects nothing behind routing
	}
	return g
}

// oneIn is true once in n times.
func (g *Tangled) oneIn(n int) bool { return g.IntN(n) == 0 }

// pick returns one of the words.
func oneOf[T any](g *Tangled, words ...T) T { return words[g.IntN(len(words))] }

// some returns each word with even chance, in order; nil when none.
func some[T any](g *Tangled, words ...T) (out []T) {
	for _, w := range words {
		if g.oneIn(2) {
			out = append(out, w)
		}
	}
	return out
}

// addrs formats one address per family of the cluster, in either order.
func (g *Tangled) addrs(v4, v6 string, args ...any) (out []netip.Addr) {
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

func (g *Tangled) nodes() {
	for i := range 2 + g.IntN(3) {
		n := cluster.Node{Ready: !g.oneIn(12), NetworkUnavailable: g.oneIn(15), InternalIPs: g.addrs("10.0.0.%d", "fd00::%d", 11+i)}
		n.Name, n.Labels = fmt.Sprintf("n%d", i+1), cluster.Labels{}
		if !g.oneIn(4) {
			n.Labels["topology.kubernetes.io/zone"] = oneOf(g, "za", "zb")
		}
		if g.oneIn(8) {
			n.Labels["node.kubernetes.io/exclude-from-external-load-balancers"] = oneOf(g, "", "true", "false")
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
		g.Snapshot.Nodes = append(g.Snapshot.Nodes, n)
	}
}

func (g *Tangled) namespaces() {
	for i := range 2 + g.IntN(3) {
		ns := cluster.Namespace{}
		ns.Name = string(rune('a' + i))
		ns.Labels = cluster.Labels{"kubernetes.io/metadata.name": ns.Name}
		if !g.oneIn(3) {
			ns.Labels["team"] = oneOf(g, "red", "blue", "")
		}
		if g.kind == Unclear {
			ns.Implied = g.oneIn(4)
		}
		g.Snapshot.Namespaces = append(g.Snapshot.Namespaces, ns)
	}
}

// namespace is one that there is, and in unclear clusters one without an object.
func (g *Tangled) namespace() string {
	if g.kind == Unclear && g.oneIn(6) {
		return "nowhere"
	}
	return g.Snapshot.Namespaces[g.IntN(len(g.Snapshot.Namespaces))].Name
}

func (g *Tangled) labels() cluster.Labels {
	l := cluster.Labels{}
	for _, k := range some(g, "app", "tier", "role") {
		l[k] = oneOf(g, "x", "y", "z", "")
		if g.kind == Runnable && !g.oneIn(3) {
			l[k] = "x" // so that policies and pods meet
		}
	}
	return l
}

// containerPorts: the names mean different numbers from pod to pod.
func (g *Tangled) containerPorts() []cluster.ContainerPort {
	if g.kind == Runnable && g.oneIn(2) {
		return nil // assumed to listen wherever it is asked
	}
	return some(g,
		cluster.ContainerPort{Name: "web", Port: oneOf[uint16](g, 8080, 8081), Protocol: flow.TCP},
		cluster.ContainerPort{Name: "web", Port: 8082, Protocol: oneOf(g, flow.TCP, flow.UDP)},
		cluster.ContainerPort{Name: "ssh", Port: oneOf[uint16](g, 22, 2222, 30022), Protocol: flow.TCP},
		cluster.ContainerPort{Name: "dns", Port: oneOf[uint16](g, 53, 5353), Protocol: flow.UDP},
		cluster.ContainerPort{Port: 5000, Protocol: oneOf(g, flow.TCP, flow.SCTP)},
	)
}

func (g *Tangled) pods() {
	for i := range 2 + g.IntN(11) {
		at := g.IntN(len(g.Snapshot.Nodes))
		n := &g.Snapshot.Nodes[at]
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
			if g.kind == Runnable {
				g.apart(&p)
			}
		case 2:
			p.Phase = oneOf(g, cluster.PodSucceeded, cluster.PodFailed)
			if len(g.Snapshot.Pods) > 0 && g.oneIn(2) {
				p.IPs = g.Snapshot.Pods[g.IntN(len(g.Snapshot.Pods))].IPs // given back, and taken again
			}
		case 3:
			p.Phase = cluster.PodPending
		case 4:
			p.Terminating = true
		}
		if g.kind == Unclear && !p.HostNetwork {
			g.unclear(&p, at, i)
		}
		g.Snapshot.Pods = append(g.Snapshot.Pods, p)
	}
}

// apart gives a pod that shares its node's network ports of its own, of either
// protocol: on a kernel a port is one socket, and a pod that declares none is
// assumed to have whichever it is asked for.
func (g *Tangled) apart(p *cluster.Pod) {
	for _, proto := range []flow.Protocol{flow.TCP, flow.UDP} {
		if !slices.ContainsFunc(p.Ports, func(c cluster.ContainerPort) bool { return c.Protocol == proto }) {
			p.Ports = append(p.Ports, cluster.ContainerPort{Port: oneOf[uint16](g, 8080, 53), Protocol: proto})
		}
	}
	for i := range g.Snapshot.Pods {
		if o := &g.Snapshot.Pods[i]; o.HostNetwork && o.Node == p.Node {
			n := uint16(9080 + len(g.Snapshot.Pods))
			p.Ports = []cluster.ContainerPort{{Name: "web", Port: n, Protocol: flow.TCP}, {Name: "dns", Port: n, Protocol: flow.UDP}}
		}
	}
}

// unclear puts a pod's address where it does not belong.
func (g *Tangled) unclear(p *cluster.Pod, at, i int) {
	switch g.IntN(7) {
	case 0:
		p.Invented = true
	case 1:
		p.IPs = g.addrs("192.168.0.%d", "fd00:168::%d", 120+i) // in no node's range
	case 2:
		p.IPs = append(p.IPs[:0:0], g.addrs("10.244.%d.%d", "fd00:244:%d::%d", (at+1)%len(g.Snapshot.Nodes)+1, 200+i)...) // in another's
	case 3:
		p.IPs = nil
	}
}

func (g *Tangled) fabric() {
	f := &g.Snapshot.Fabric
	f.Clients = []cluster.Client{
		{Name: "c1", Addresses: g.addrs("203.0.113.10", "2001:db8:113::10")},
		{Name: "c2", Addresses: g.addrs("203.0.113.200", "2001:db8:113::200")[:1]},
	}
	r := cluster.Router{Name: "r", Multipath: !g.oneIn(6), Routes: cluster.RoutesStatic}
	if g.bgp {
		r.Routes = cluster.RoutesBGP
	} else if g.oneIn(4) {
		for _, n := range g.Perm(len(g.Snapshot.Nodes))[:1+g.IntN(len(g.Snapshot.Nodes))] {
			r.Nodes = append(r.Nodes, g.Snapshot.Nodes[n].Name)
		}
	}
	if g.oneIn(4) {
		r.Prefixes = some(g, prefixes("10.96.0.0/16", "fd00:96::/112", "10.244.0.0/16", "fd00:244::/32")...)
	}
	f.Routers = []cluster.Router{r}
	if g.kind == Runnable {
		g.routers(r)
	}
	d := &f.Dataplane
	g.dataplane(d)
	d.PodNetwork = oneOf(g, cluster.PodNetworkRouted, cluster.PodNetworkBridge, cluster.PodNetworkVXLAN, cluster.PodNetworkGateway)
	d.PodEgressMasquerade = oneOf(g, "", cluster.EgressMasqueradeNone, cluster.EgressMasqueradeOffCluster, cluster.EgressMasqueradeNodesToo)
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
		n := &g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))]
		f.Nodes = []cluster.FabricNode{{Name: n.Name, Masquerade: cluster.Masquerade{ToLocalPods: n.InternalIPs}}}
	}
}

func (g *Tangled) dataplane(d *cluster.Dataplane) {
	if g.kind == Runnable {
		d.Proxy = oneOf(g, "portolan", "portolan", "kube-proxy-nftables")
		d.Policy = oneOf(g, "portolan", "portolan", "portolan", "portolan", "portolan", "generic", "generic", "none")
		return
	}
	d.Proxy = oneOf(g, "kube-proxy-nftables", "kube-proxy-iptables", "kube-proxy-ipvs", "cilium", "antrea")
	d.Policy = oneOf(g, "generic", "calico", "kube-router", "kube-network-policies", "cilium", "aws", "antrea", "forward-only", "portolan", "none")
	if g.oneIn(2) { // what was measured
		d.Proxy = oneOf(g, "kube-proxy-nftables", "kube-proxy-iptables")
		d.Policy = oneOf(g, "generic", "generic", "kube-router", "kube-network-policies", "none")
	}
}

// routers gives a router addresses, and perhaps a second one beside it that knows
// the same or something else.
func (g *Tangled) routers(r cluster.Router) {
	if !g.bgp && g.oneIn(4) {
		r.Routes = cluster.RoutesL2
	}
	r.Addresses = g.addrs("192.0.2.1", "2001:db8:2::1")
	g.Snapshot.Fabric.Routers = []cluster.Router{r}
	if g.oneIn(5) {
		r.Name, r.Addresses, r.Multipath = "q", g.addrs("192.0.2.2", "2001:db8:2::2"), true
		if g.oneIn(2) {
			r.Nodes, r.Prefixes = nil, nil
		}
		g.Snapshot.Fabric.Routers = append(g.Snapshot.Fabric.Routers, r)
	}
}
