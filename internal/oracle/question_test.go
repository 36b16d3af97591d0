package oracle_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/oracle"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// question is one connection attempt, and what both opinions are asked.
type question struct {
	from, via string
	to        netip.AddrPort
	proto     flow.Protocol
}

func (q question) String() string {
	s := fmt.Sprintf("from %s to %s", q.from, q.target())
	if q.via != "" {
		s += " via " + q.via
	}
	return s
}

func (q question) target() string {
	if q.proto == flow.TCP {
		return q.to.String()
	}
	return q.to.String() + "/" + strings.ToLower(q.proto.String())
}

// question asks for something that exists, more or less.
func (g *generator) question() question {
	q := question{from: g.start(), proto: pick(g, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
	switch g.IntN(10) {
	case 0, 1:
		g.toPod(&q, &g.s.Pods[g.IntN(len(g.s.Pods))])
	case 2:
		g.toNode(&q)
	case 3:
		q.to = netip.AddrPortFrom(g.nowhere(), pick[uint16](g, 80, 8080, 22))
	default:
		g.toService(&q)
	}
	if strings.HasPrefix(q.from, "external/") && g.oneIn(2) {
		q.via = g.s.Nodes[g.IntN(len(g.s.Nodes))].Name
		if n := ownerOf(g.s, q.to.Addr()); n != "" {
			q.via = n
		}
	}
	return q
}

// pair is from one pod to another's address, which is policy and little else.
func (g *generator) pair(from, to *cluster.Pod) question {
	q := question{from: "pod/" + from.Namespace + "/" + from.Name, proto: pick(g, flow.TCP, flow.TCP, flow.UDP, flow.SCTP)}
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

func (g *generator) start() string {
	switch g.IntN(5) {
	case 0, 1:
		return "external/" + pick(g, "c1", "c2", "c1", "203.0.113.77")
	case 2:
		return "node/" + g.s.Nodes[g.IntN(len(g.s.Nodes))].Name
	}
	for range 20 {
		if p := &g.s.Pods[g.IntN(len(g.s.Pods))]; !p.Finished() && len(p.IPs) > 0 {
			return "pod/" + p.Namespace + "/" + p.Name
		}
	}
	return "node/n1"
}

func (g *generator) toPod(q *question, p *cluster.Pod) {
	q.to = netip.AddrPortFrom(pick(g, p.IPs...), pick[uint16](g, 8080, 8081, 22, 53, 5000))
	if len(p.Ports) > 0 && !g.oneIn(3) {
		c := pick(g, p.Ports...)
		q.to, q.proto = netip.AddrPortFrom(q.to.Addr(), c.Port), c.Protocol
	}
}

func (g *generator) toNode(q *question) {
	n := &g.s.Nodes[g.IntN(len(g.s.Nodes))]
	a := pick(g, append(slices.Clone(n.InternalIPs), n.OtherIPs...)...)
	q.to = netip.AddrPortFrom(a, pick[uint16](g, 8080, 22, 30000, 30001, 30010, 32000))
}

func (g *generator) nowhere() netip.Addr {
	words := []string{"198.51.100.3", "198.51.100.9", "10.96.0.10", "10.96.0.99", "10.244.1.200"}
	if g.v6 && g.oneIn(2) || !g.v4 {
		words = []string{"2001:db8:100::3", "2001:db8:100::9", "fd00:96::10", "fd00:96::99", "fd00:244:1::200"}
	}
	return netip.MustParseAddr(pick(g, words...))
}

func (g *generator) toService(q *question) {
	svc := &g.s.Services[g.IntN(len(g.s.Services))]
	addrs := append(slices.Clone(svc.ClusterIPs), svc.ExternalIPs...)
	for _, in := range svc.Ingress {
		if in.IP.IsValid() {
			addrs = append(addrs, in.IP, in.IP)
		}
	}
	p := pick(g, svc.Ports...)
	port := p.Port
	if p.NodePort != 0 && g.oneIn(3) || len(addrs) == 0 {
		n := &g.s.Nodes[g.IntN(len(g.s.Nodes))]
		addrs = append(slices.Clone(n.InternalIPs), n.OtherIPs...)
		port = max(p.NodePort, 1)
	}
	q.to = netip.AddrPortFrom(pick(g, addrs...), port)
	if !g.oneIn(8) {
		q.proto = p.Protocol
	}
}

// answers asks both. The words are sorted and without repetition.
func answers(s *cluster.Snapshot, m *model.Model, q question) (engine, naive []string, err error) {
	a, err := path.Walk(m, path.Question{From: q.from, To: q.target(), Via: q.via})
	if err != nil {
		return nil, nil, fmt.Errorf("engine: %w", err)
	}
	for _, t := range a.Traces {
		if t.Fate == flow.Loop {
			t.Seen = flow.Unreachable // silence and time exceeded are one, see testdata/truth
		}
		engine = append(engine, oracle.Outcome{Fate: t.Fate, Seen: t.Seen, Endpoint: t.Endpoint.String(), Source: t.Source}.String())
	}
	outcomes, err := oracle.Ask(s, q.from, q.via, q.to, q.proto)
	if err != nil {
		return nil, nil, fmt.Errorf("oracle: %w", err)
	}
	for _, o := range outcomes {
		if o.Fate == flow.Loop {
			o.Seen = flow.Unreachable
		}
		naive = append(naive, o.String())
	}
	return words(engine), words(naive), nil
}

func words(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
