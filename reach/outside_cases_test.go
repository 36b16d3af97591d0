package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// entry is a cluster of nodes behind one load balancer, whose Service has a pod on
// some of them: one for each list of clients that its policy lets in.
type entryCase struct {
	name   string
	nodes  int
	local  bool
	pods   []int      // the node of each
	lets   [][]string // the clients that each lets in; nil: anybody
	ranges []string
	shared []string // of a second Service at the same address and port, with the same pods
	others []string // pods on no node, and no endpoints
	// foreign: another engine's object may change what policies say.
	foreign bool
}

func (e *entryCase) snapshot() *cluster.Snapshot {
	s := &cluster.Snapshot{Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "a", Labels: cluster.Labels{"kubernetes.io/metadata.name": "a"}}}}}
	for i := range e.nodes {
		s.Nodes = append(s.Nodes, cluster.Node{
			Meta: cluster.Meta{Name: fmt.Sprint("n", i)}, InternalIPs: []netip.Addr{netip.AddrFrom4([4]byte{172, 16, 0, byte(15 - i)})}, Ready: true,
		})
	}
	pod := func(name, node string, addr netip.Addr) *cluster.Pod {
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: "a", Name: name, Labels: cluster.Labels{"app": name}}, Node: node, Phase: cluster.PodRunning, Ready: true, IPs: []netip.Addr{addr},
		})
		return &s.Pods[len(s.Pods)-1]
	}
	slice := cluster.EndpointSlice{Meta: cluster.Meta{Namespace: "a", Name: "web-1"}, Service: "web", Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: 8080}}}
	for i, n := range e.pods {
		p := pod(fmt.Sprint("p", i), fmt.Sprint("n", n), netip.AddrFrom4([4]byte{10, 244, byte(n), byte(10 + i)}))
		slice.Endpoints = append(slice.Endpoints, cluster.Endpoint{Addresses: p.IPs, Ready: true, Serving: true, Node: p.Node, Target: p.Object()})
		if e.lets == nil {
			continue
		}
		rule := cluster.PolicyRule{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("192.0.2.1/32")}}, {PodSelector: selector("app", "friend")}}}
		for _, c := range e.lets[i] {
			rule.Peers = append(rule.Peers, cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix(c)}})
		}
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
			Meta: cluster.Meta{Namespace: "a", Name: p.Name}, PodSelector: selects("app", p.Name), IsolatesIngress: true, Ingress: []cluster.PolicyRule{rule},
		})
	}
	for _, a := range e.others {
		pod("friend"+a, "", netip.MustParseAddr(a)).Labels = cluster.Labels{"app": "friend"}
	}
	svc := cluster.Service{
		Meta: cluster.Meta{Namespace: "a", Name: "web"}, Type: cluster.ServiceLoadBalancer, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.10")},
		Ingress: []cluster.Ingress{{IP: netip.MustParseAddr("198.51.100.1")}}, Ports: []cluster.ServicePort{{Port: 80, Protocol: flow.TCP, NodePort: 30080}},
	}
	if e.local {
		svc.ExternalTrafficPolicy = cluster.PolicyLocal
	}
	s.Services, s.EndpointSlices = []cluster.Service{svc}, []cluster.EndpointSlice{slice}
	if e.shared != nil {
		svc.Name, slice.Name, slice.Service = "more", "more-1", "more"
		svc.ClusterIPs, svc.Ports = []netip.Addr{netip.MustParseAddr("10.96.0.11")}, []cluster.ServicePort{{Port: 80, Protocol: flow.TCP, NodePort: 30081}}
		s.Services, s.EndpointSlices = append(s.Services, svc), append(s.EndpointSlices, slice)
	}
	for i, ranges := range [][]string{e.ranges, e.shared} {
		for _, r := range ranges {
			s.Services[i].SourceRanges = append(s.Services[i].SourceRanges, netip.MustParsePrefix(r))
		}
	}
	if e.foreign {
		s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: "a"}}
	}
	s.Fabric.Routers = []cluster.Router{{Name: "r", Multipath: true, Routes: cluster.RoutesStatic}}
	s.Fabric.Dataplane = cluster.Dataplane{Proxy: "kube-proxy-nftables", Policy: "generic"}
	return s
}

// Clients fare as Walk says by every first node, whoever stands for them.
func TestOutsideCases(t *testing.T) {
	for _, tt := range []entryCase{
		{name: "each is let in on the other's node only", nodes: 2, local: true, pods: []int{0, 1}, lets: [][]string{{"203.0.113.1/32"}, {"203.0.113.2/32"}}},
		{name: "the halves of the nodes are others", nodes: 4, local: true, pods: []int{0, 1, 2, 3}, lets: [][]string{{"203.0.113.1/32", "203.0.113.2/32"}, {"203.0.113.1/32"}, {"203.0.113.2/32"}, {}}},
		{name: "half of the ways, by one pod or the other", nodes: 1, local: true, pods: []int{0, 0}, lets: [][]string{{"203.0.113.1/32", "203.0.113.3/32"}, {"203.0.113.2/32", "203.0.113.4/32"}}},
		{name: "half of the ways, whoever asks", nodes: 1, local: true, pods: []int{0, 0}, lets: [][]string{{"0.0.0.0/1"}, {"128.0.0.0/1"}}},
		{name: "two Services that are open to others", nodes: 2, pods: []int{0, 1}, ranges: []string{"203.0.113.0/30"}, shared: []string{"203.0.113.2/31", "192.168.0.0/24"}},
		{name: "another engine may let in whom policies do not", nodes: 2, local: true, pods: []int{0, 1}, lets: [][]string{{"203.0.113.1/32"}, {}}, foreign: true},
		{name: "nodes that fare alike", nodes: 3, pods: []int{0, 0}},
		{name: "a range that ends with nodes", nodes: 3, local: true, pods: []int{0, 1}, lets: [][]string{{}, {}}, ranges: []string{"172.16.0.0/28"}},
		{name: "a range of nodes before another", nodes: 2, local: true, pods: []int{0, 1}, ranges: []string{"172.16.0.14/31", "203.0.113.0/24"}},
		{name: "a range that ends with a pod on no node", nodes: 2, local: true, pods: []int{0, 1}, lets: [][]string{{}, {}}, ranges: []string{"192.168.0.0/28"}, others: []string{"192.168.0.15"}},
		{name: "a range with hundreds of pods at its end", nodes: 2, local: true, pods: []int{0, 1}, lets: [][]string{{}, {}}, ranges: []string{"192.168.0.0/23"}, others: addressesFrom("192.168.0.200", 312)},
		{name: "a range that ends with a loopback", nodes: 2, local: true, pods: []int{0}, ranges: []string{"126.0.0.0/7", "0.0.0.0/32", "203.0.113.0/24"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := outside{fronts: fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, tt.snapshot())}}
			o.c = Compile(o.m)
			o.addresses()
			for _, a := range []string{"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5", "192.168.0.2", "172.16.0.2", "126.0.0.1"} {
				o.addrs = append(o.addrs, netip.MustParseAddr(a))
			}
			for _, f := range o.m.Services.Of(&o.m.Snapshot.Services[0]) {
				front := Front{Front: f, Outside: o.c.asked(f).fromOutside()}
				o.front(&front)
			}
		})
	}
}

// addressesFrom are so many, one behind the other.
func addressesFrom(first string, n int) []string {
	var out []string
	for a := netip.MustParseAddr(first); len(out) < n; a = a.Next() {
		out = append(out, a.String())
	}
	return out
}

// Nobody outside has a loopback address, so that a range of these is nobody's.
func TestOutsideRangeOfNobody(t *testing.T) {
	for _, r := range []string{"127.0.0.0/8", "127.0.0.1/32", "0.0.0.0/32", "172.16.0.14/31"} {
		e := entryCase{nodes: 2, pods: []int{0}, ranges: []string{r}}
		c := Compile(compileSnapshot(t, e.snapshot()))
		for _, f := range c.m.Services.Of(&c.m.Snapshot.Services[0]) {
			for _, p := range c.Front(f).Outside {
				if f.Kind == service.LoadBalancer && p.Delivered > 0 {
					t.Errorf("%s: somebody is let in: %v", r, p.Ranges)
				}
			}
		}
	}
}

// Endpoints count each, first nodes that fare alike once: two pods by the node they
// run on, and by the two others that are alike.
func TestOutsideCountsWays(t *testing.T) {
	e := entryCase{nodes: 3, pods: []int{0, 0}}
	c := Compile(compileSnapshot(t, e.snapshot()))
	for _, f := range c.m.Services.Of(&c.m.Snapshot.Services[0]) {
		out := c.Front(f).Outside
		if f.Kind == service.ClusterIP {
			continue
		}
		if len(out) != 1 || out[0].Delivered != 4 || out[0].Legs != 4 || len(out[0].Via) != 1 || out[0].Via[0].Nodes.Len() != 3 {
			t.Errorf("%v: %+v", f.Kind, out)
		}
	}
}

// Clients are one part if they fare alike in all and by every first node.
func TestOutsideEqual(t *testing.T) {
	passes, halves := Answer{Delivered: 2, Legs: 2}, Answer{Delivered: 1, Legs: 2}
	nodes := func(numbers ...int32) Nodes { return Nodes{spans: runs(numbers)} }
	one := FromOutside{Answer: halves, Via: []Via{{nodes(0, 1), passes}, {nodes(2), halves}}}
	change := func(f func(*FromOutside)) FromOutside {
		o := one
		o.Via = slices.Clone(one.Via)
		f(&o)
		return o
	}
	for _, tt := range []struct {
		name  string
		other FromOutside
		want  bool
	}{
		{"the same", change(func(*FromOutside) {}), true},
		{"as many of twice the ways", change(func(o *FromOutside) { o.Delivered, o.Legs = 2, 4 }), true},
		{"more of the ways", change(func(o *FromOutside) { o.Delivered = 2 }), false},
		{"more by one node", change(func(o *FromOutside) { o.Via[1].Answer = passes }), false},
		{"by another node", change(func(o *FromOutside) { o.Via[1].Nodes = nodes(3) }), false},
		{"by fewer nodes", change(func(o *FromOutside) { o.Via = o.Via[:1] }), false},
	} {
		if got := one.equal(&tt.other); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
