package generate

import (
	"fmt"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// MorePolicies adds up to five NetworkPolicies.
func (g *Tangled) MorePolicies() {
	for range g.IntN(6) {
		np := cluster.NetworkPolicy{PodSelector: g.selector("app", "tier", "role")}
		np.Namespace, np.Name = g.namespace(), fmt.Sprintf("np%d", len(g.Snapshot.NetworkPolicies))
		types := 1 + g.IntN(3)
		np.IsolatesIngress, np.IsolatesEgress = types&1 != 0, types&2 != 0
		if np.IsolatesIngress || g.oneIn(8) {
			np.Ingress = g.rules()
		}
		if np.IsolatesEgress || g.oneIn(8) {
			np.Egress = g.rules()
		}
		g.Snapshot.NetworkPolicies = append(g.Snapshot.NetworkPolicies, np)
	}
}

// selector uses every operator, over keys that an object may not have at all.
func (g *Tangled) selector(keys ...string) cluster.LabelSelector {
	s := cluster.LabelSelector{}
	if g.oneIn(3) {
		return s
	}
	if g.kind == Runnable && g.oneIn(2) {
		s.MatchLabels = cluster.Labels{keys[0]: map[bool]string{true: "x", false: "red"}[keys[0] == "app"]}
		return s
	}
	if g.oneIn(2) {
		s.MatchLabels = cluster.Labels{oneOf(g, keys...): oneOf(g, "x", "y", "red", "")}
	}
	for range g.IntN(2) {
		r := cluster.Requirement{Key: oneOf(g, keys...), Operator: oneOf(g, cluster.OpIn, cluster.OpNotIn, cluster.OpExists, cluster.OpDoesNotExist)}
		if r.Operator == cluster.OpIn || r.Operator == cluster.OpNotIn {
			r.Values = append(some(g, "x", "y", "red"), oneOf(g, "z", "", "blue"))
		}
		s.MatchExpressions = append(s.MatchExpressions, r)
	}
	return s
}

// list makes nil, empty and filled lists alike likely.
func list[T any](g *Tangled, most int, one func() T) (out []T) {
	n := g.IntN(most+2) - 1
	if n < 0 {
		return nil
	}
	out = []T{}
	for range n {
		out = append(out, one())
	}
	return out
}

func (g *Tangled) rules() []cluster.PolicyRule {
	most := 2
	if g.kind == Runnable {
		most = 4
	}
	return list(g, most, func() cluster.PolicyRule {
		return cluster.PolicyRule{Peers: list(g, 2, g.peer), Ports: list(g, 2, g.policyPort)}
	})
}

func (g *Tangled) peer() cluster.PolicyPeer {
	p := cluster.PolicyPeer{}
	kind := g.IntN(5)
	if kind == 0 || kind == 2 {
		s := g.selector("app", "tier", "role")
		p.PodSelector = &s
	}
	if kind == 1 || kind == 2 {
		s := g.selector("team", "kubernetes.io/metadata.name")
		if g.oneIn(3) {
			s = cluster.LabelSelector{MatchLabels: cluster.Labels{"kubernetes.io/metadata.name": g.namespace()}}
		}
		p.NamespaceSelector = &s
	}
	if kind > 2 {
		p.IPBlock = g.block()
	}
	return p
}

// nests are blocks, a list each: what comes later lies in the first.
var nests = [][]string{
	{"0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24"},
	{"10.244.0.0/16", "10.244.1.0/24", "10.244.1.10/31"},
	{"10.0.0.0/24", "10.0.0.11/32"},
	{"203.0.113.0/24", "203.0.113.128/25"},
	{"198.51.100.0/24", "198.51.100.2/32"},
	{"10.96.0.0/16", "10.96.0.10/31"},
	{"192.168.0.0/24", "192.168.0.128/25"},
	{"::/0", "fd00::/16", "2001:db8:113::/64"},
	{"fd00:244::/32", "fd00:244:1::/64"},
	{"fd00::/64", "fd00::11/128"},
	{"2001:db8:113::/64", "2001:db8:113::200/128"},
}

func (g *Tangled) block() *cluster.IPBlock {
	if g.kind == Unclear {
		one := func() netip.Prefix { return oneOf(g, prefixes(oneOf(g, nests...)...)...) }
		return &cluster.IPBlock{CIDR: one(), Except: list(g, 2, one)}
	}
	words := prefixes(oneOf(g, nests...)...)
	return &cluster.IPBlock{CIDR: words[0], Except: list(g, 1, func() netip.Prefix { return oneOf(g, words[1:]...) })}
}

func (g *Tangled) policyPort() cluster.PolicyPort {
	p := cluster.PolicyPort{Protocol: oneOf(g, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
	switch g.IntN(6) {
	case 0: // the protocol alone
	case 1, 2:
		p.Port.Name = oneOf(g, "web", "ssh", "dns", "nobody")
		if g.kind == Runnable && g.oneIn(2) {
			p.Port.Name = map[flow.Protocol]string{flow.TCP: "web", flow.UDP: "dns"}[p.Protocol]
		}
	case 3:
		p.Port.Number = oneOf[uint16](g, 1, 80, 8080)
		p.EndPort = p.Port.Number + oneOf[uint16](g, 0, 1, 100)
		if g.kind == Runnable && g.oneIn(2) {
			p.EndPort = 65535 // so that something is in it
		}
	default:
		p.Port.Number = oneOf[uint16](g, 8080, 8081, 22, 53, 80, 5000, 30022)
	}
	return p
}
