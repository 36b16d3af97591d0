package generate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Question is one connection attempt.
type Question struct {
	From string // a place: external/c1, node/n1, pod/a/p0
	Via  string // the first node, for clients; "" is left to the router
	To   netip.AddrPort
	flow.Protocol
}

// String is the question in words.
func (q Question) String() string {
	s := fmt.Sprintf("from %s to %s", q.From, q.Target())
	if q.Via != "" {
		s += " via " + q.Via
	}
	return s
}

// Target is what is asked for, as questions write it.
func (q Question) Target() string {
	if q.Protocol == flow.TCP {
		return q.To.String()
	}
	return q.To.String() + "/" + strings.ToLower(q.Protocol.String())
}

// Question asks for something that exists, more or less.
func (g *Tangled) Question() Question {
	q := Question{From: g.start(), Protocol: oneOf(g, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
	if g.kind == Runnable && q.Protocol == flow.SCTP {
		q.Protocol = flow.UDP
	}
	what := g.IntN(10)
	if g.kind == Runnable && what == 3 && !g.oneIn(4) {
		what = 0
	}
	for tries := 0; g.kind == Runnable && what < 2 && strings.HasPrefix(q.From, "external/") && tries < 3; tries++ {
		q.From = g.start() // pods are seldom asked from outside
	}
	switch what {
	case 0, 1:
		g.toPod(&q, &g.Snapshot.Pods[g.IntN(len(g.Snapshot.Pods))])
	case 2:
		g.toNode(&q)
	case 3:
		q.To = netip.AddrPortFrom(g.nowhere(), oneOf[uint16](g, 80, 8080, 22))
	default:
		g.toService(&q)
	}
	if strings.HasPrefix(q.From, "external/") && g.oneIn(2) {
		q.Via = g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))].Name
		if n := ownerOf(g.Snapshot, q.To.Addr()); n != "" {
			q.Via = n
		}
	}
	if g.kind == Runnable {
		q.From = g.sender(q.From, q.To.Addr().Is6())
	}
	return q
}

// sender is the start, or one like it that can send in the family.
func (g *Tangled) sender(from string, v6 bool) string {
	switch {
	case from == "external/203.0.113.77" && v6:
		return "external/2001:db8:113::77"
	case from == "external/c2" && g.Snapshot.Fabric.Clients[1].Addresses[0].Is6() != v6:
		return "external/c1"
	}
	return from
}

// Pair is from one pod to another's address, which is policy and little else.
func (g *Tangled) Pair(from, to *cluster.Pod) Question {
	q := Question{From: "pod/" + from.Namespace + "/" + from.Name, Protocol: oneOf(g, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
	g.toPod(&q, to)
	return q
}

func ownerOf(s *cluster.Snapshot, a netip.Addr) string {
	for i := range s.Nodes {
		if slices.Contains(s.Nodes[i].InternalIPs, a) || slices.Contains(s.Nodes[i].OtherIPs, a) {
			return s.Nodes[i].Name
		}
	}
	return ""
}

func (g *Tangled) start() string {
	switch g.IntN(5) {
	case 0, 1:
		return "external/" + oneOf(g, "c1", "c2", "c1", "203.0.113.77")
	case 2:
		return "node/" + g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))].Name
	}
	for range 20 {
		if p := &g.Snapshot.Pods[g.IntN(len(g.Snapshot.Pods))]; !p.Finished() && len(p.IPs) > 0 {
			return "pod/" + p.Namespace + "/" + p.Name
		}
	}
	return "node/n1"
}

func (g *Tangled) toPod(q *Question, p *cluster.Pod) {
	q.To = netip.AddrPortFrom(oneOf(g, p.IPs...), oneOf[uint16](g, 8080, 8081, 22, 53, 5000))
	if g.kind == Runnable && ownerOf(g.Snapshot, q.To.Addr()) != "" {
		q.To = netip.AddrPortFrom(q.To.Addr(), nodePort(g))
		if p.Finished() {
			return
		}
	}
	if len(p.Ports) > 0 && !g.oneIn(3) {
		c := oneOf(g, p.Ports...)
		q.To, q.Protocol = netip.AddrPortFrom(q.To.Addr(), c.Port), c.Protocol
	}
}

func (g *Tangled) toNode(q *Question) {
	n := &g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))]
	a := oneOf(g, append(slices.Clone(n.InternalIPs), n.OtherIPs...)...)
	q.To = netip.AddrPortFrom(a, oneOf[uint16](g, 8080, 22, 30000, 30001, 30010, 32000))
	if g.kind == Runnable {
		q.To = netip.AddrPortFrom(a, nodePort(g))
	}
}

// nodePort is a port of a node at which no Service's endpoint can be: whether a
// process listens there that no pod declares depends on how one asks, and on a
// kernel it cannot.
func nodePort(g *Tangled) uint16 { return oneOf[uint16](g, 9100, 30000, 30001, 30010, 30500, 32000) }

func (g *Tangled) nowhere() netip.Addr {
	words := []string{"198.51.100.3", "198.51.100.9", "10.96.0.10", "10.96.0.99", "10.244.1.200"}
	if g.v6 && g.oneIn(2) || !g.v4 {
		words = []string{"2001:db8:100::3", "2001:db8:100::9", "fd00:96::10", "fd00:96::99", "fd00:244:1::200"}
	}
	return netip.MustParseAddr(oneOf(g, words...))
}

func (g *Tangled) toService(q *Question) {
	svc := &g.Snapshot.Services[g.IntN(len(g.Snapshot.Services))]
	addrs := append(slices.Clone(svc.ClusterIPs), svc.ExternalIPs...)
	for _, in := range svc.Ingress {
		if in.IP.IsValid() {
			addrs = append(addrs, in.IP, in.IP)
		}
	}
	p := oneOf(g, svc.Ports...)
	port := p.Port
	if p.NodePort != 0 && g.oneIn(3) || len(addrs) == 0 {
		n := &g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))]
		addrs = append(slices.Clone(n.InternalIPs), n.OtherIPs...)
		port = max(p.NodePort, 1)
	}
	q.To = netip.AddrPortFrom(oneOf(g, addrs...), port)
	if !g.oneIn(8) {
		q.Protocol = p.Protocol
	}
}
