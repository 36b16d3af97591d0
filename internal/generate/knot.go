package generate

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Knot makes a small cluster of two nodes in which every field of a
// NetworkPolicy occurs, and so few values that things meet: blocks that nest and
// hold pods and nodes, names that mean different ports, namespaces without an
// object, pods that share the node's network, have finished, or whose addresses
// were made up or lie in another node's range.
func Knot(r *rand.Rand) *cluster.Snapshot {
	c := chance{r}
	s := &cluster.Snapshot{Nodes: c.nodes()}
	for i := range 4 {
		name := fmt.Sprintf("ns%d", i)
		ns := cluster.Namespace{Meta: cluster.Meta{Name: name, Labels: c.labels("team", "env")}, Implied: c.IntN(4) == 0}
		if ns.Labels[metadataName] = name; i < 3 {
			s.Namespaces = append(s.Namespaces, ns) // ns3 has no object
		}
	}
	for i := range 4 + c.IntN(10) {
		s.Pods = append(s.Pods, c.pod(i))
	}
	for i := range 1 + c.IntN(5) {
		p := cluster.NetworkPolicy{
			Meta: cluster.Meta{Namespace: pick(c, "ns0", "ns0", "ns1", "ns3"), Name: fmt.Sprintf("p%d", i)}, PodSelector: *c.selector("app", "tier"),
			Ingress: c.rules(), Egress: c.rules(),
		}
		p.IsolatesIngress, p.IsolatesEgress = c.IntN(3) > 0, c.IntN(2) == 0
		s.NetworkPolicies = append(s.NetworkPolicies, p)
	}
	return s
}

const metadataName = "kubernetes.io/metadata.name"

type chance struct{ *rand.Rand }

func pick[T any](c chance, list ...T) T { return list[c.IntN(len(list))] }

func (c chance) labels(keys ...string) cluster.Labels {
	l := cluster.Labels{}
	for _, k := range keys {
		if c.IntN(3) > 0 {
			l[k] = pick(c, "a", "b", "c")
		}
	}
	return l
}

func (c chance) selector(keys ...string) *cluster.LabelSelector {
	s := &cluster.LabelSelector{}
	if c.IntN(2) == 0 {
		s.MatchLabels = cluster.Labels{pick(c, keys...): pick(c, "a", "b", "c")}
	}
	if c.IntN(3) == 0 {
		s.MatchExpressions = []cluster.Requirement{{
			Key: pick(c, keys...), Operator: pick(c, cluster.OpIn, cluster.OpNotIn, cluster.OpExists, cluster.OpDoesNotExist),
			Values: []string{pick(c, "a", "b", "c"), "a"},
		}}
	}
	return s
}

func (c chance) spaceSelector() *cluster.LabelSelector {
	if c.IntN(3) == 0 {
		return &cluster.LabelSelector{MatchLabels: cluster.Labels{metadataName: pick(c, "ns0", "ns1", "ns2", "ns3")}}
	}
	if c.IntN(4) == 0 {
		return &cluster.LabelSelector{MatchExpressions: []cluster.Requirement{{
			Key: metadataName, Operator: pick(c, cluster.OpNotIn, cluster.OpIn), Values: []string{"ns1", "ns3"},
		}}}
	}
	return c.selector("team", "env")
}

// The blocks nest and touch, and hold the addresses of pods and nodes.
var blocks = []string{
	"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.0/28", "10.0.1.16/28", "10.0.1.3/32", "172.16.0.0/12", "172.16.0.1/32",
	"192.168.0.0/24", "192.168.0.128/25", "255.255.255.255/32",
	"::/0", "fd00::/8", "fd00:0:0:1::/64", "fd00:0:0:1::3/128", "2001:db8::/32", "2001:db8:8000::/33",
}

func (c chance) block() *cluster.IPBlock {
	b := &cluster.IPBlock{CIDR: netip.MustParsePrefix(pick(c, blocks...))}
	for range c.IntN(3) {
		b.Except = append(b.Except, netip.MustParsePrefix(pick(c, blocks...)))
	}
	return b
}

func (c chance) peer() cluster.PolicyPeer {
	switch c.IntN(5) {
	case 0, 1:
		return cluster.PolicyPeer{IPBlock: c.block()}
	case 2:
		return cluster.PolicyPeer{PodSelector: c.selector("app", "tier")}
	case 3:
		return cluster.PolicyPeer{NamespaceSelector: c.spaceSelector()}
	}
	return cluster.PolicyPeer{PodSelector: c.selector("app", "tier"), NamespaceSelector: c.spaceSelector()}
}

func (c chance) port() cluster.PolicyPort {
	p := cluster.PolicyPort{Protocol: pick(c, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
	switch c.IntN(5) {
	case 0:
	case 1, 2:
		p.Port.Name = pick(c, "http", "dns", "nobody")
	case 3:
		p.Port.Number = pick[uint16](c, 1, 53, 80, 8080)
		p.EndPort = pick[uint16](c, 53, 8080, 8081, 65535)
	default:
		p.Port.Number = pick[uint16](c, 53, 80, 8080, 65535)
	}
	return p
}

func (c chance) rules() []cluster.PolicyRule {
	var rules []cluster.PolicyRule
	for range c.IntN(4) {
		var r cluster.PolicyRule
		for range c.IntN(3) {
			r.Peers = append(r.Peers, c.peer())
		}
		for range c.IntN(3) {
			r.Ports = append(r.Ports, c.port())
		}
		rules = append(rules, r)
	}
	return rules
}

// nodes have a primary address inside a block, and pod ranges next to each other.
func (c chance) nodes() []cluster.Node {
	var all []cluster.Node
	for i, name := range []string{"n1", "n2"} {
		all = append(all, cluster.Node{
			Meta:        cluster.Meta{Name: name},
			InternalIPs: []netip.Addr{netip.MustParseAddr(fmt.Sprintf("172.16.0.%d", i+1)), netip.MustParseAddr(fmt.Sprintf("fd01::%d", i+1))},
			PodCIDRs:    []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", i+1)), netip.MustParsePrefix(fmt.Sprintf("fd00:0:0:%d::/64", i+1))},
			Ready:       true,
		})
	}
	return all
}

func (c chance) pod(i int) cluster.Pod {
	at := c.IntN(2) + 1
	p := cluster.Pod{
		Meta: cluster.Meta{Namespace: pick(c, "ns0", "ns0", "ns1", "ns2", "ns3"), Name: fmt.Sprintf("pod%d", i), Labels: c.labels("app", "tier")},
		Node: fmt.Sprintf("n%d", at), Phase: pick(c, cluster.PodRunning, cluster.PodRunning, cluster.PodRunning, cluster.PodSucceeded), Ready: true,
	}
	for range c.IntN(3) {
		p.Ports = append(p.Ports, cluster.ContainerPort{
			Name: pick(c, "http", "dns", ""), Port: pick[uint16](c, 53, 80, 8080), Protocol: pick(c, flow.TCP, flow.TCP, flow.UDP),
		})
	}
	p.IPs = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("10.0.%d.%d", at, i+1)), netip.MustParseAddr(fmt.Sprintf("fd00:0:0:%d::%d", at, i+1))}
	switch c.IntN(8) {
	case 0:
		p.HostNetwork, p.IPs = true, []netip.Addr{netip.MustParseAddr(fmt.Sprintf("172.16.0.%d", at))}
	case 1:
		p.Invented = true
	case 2:
		p.IPs = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("192.168.0.%d", 120+i))} // outside every node's range
	case 3:
		p.IPs = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("10.0.%d.%d", 3-at, 200+i))} // in the other node's range
	case 4:
		p.IPs = nil
	}
	return p
}
