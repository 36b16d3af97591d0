package reach

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// edges are ports at which something changes in generated clusters.
var edges = []uint16{0, 1, 2, 22, 53, 80, 81, 101, 102, 2222, 5000, 5353, 8080, 8081, 8082, 8180, 8181, 30022, 65535}

// Every pair of pods, every port at which something may change: the rectangles
// hold it if and only if Walk's packet meets the pod, and only once.
func TestFlowsEqualWalk(t *testing.T) {
	t.Parallel()
	pairs, odd, sure, unsure := 0, 0, 0, 0
	for seed := *firstSeed; pairs < max(6000, questions(t)/3); seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		if seed%3 == 0 {
			twins(g)
		}
		if seed%7 == 0 {
			g.Snapshot.Foreign = append(g.Snapshot.Foreign, cluster.Foreign{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: "a", DenyOnly: seed%2 == 0})
		}
		m := compile(t, g)
		c := Compile(m)
		flows := slices.Collect(c.Flows)
		noOverlap(t, seed, flows)
		for i := range g.Snapshot.Pods {
			for j := range g.Snapshot.Pods {
				p, q := &g.Snapshot.Pods[i], &g.Snapshot.Pods[j]
				u, v := c.UnitOf(p), c.UnitOf(q)
				if u < 0 || v < 0 || i == j {
					continue
				}
				for _, in := range []Families{IPv4, IPv6} {
					to := q.IP(in == IPv6)
					if !to.IsValid() || !p.IP(in == IPv6).IsValid() {
						continue
					}
					pairs++
					proto, port := flow.Protocol(1+g.IntN(3)), edges[g.IntN(len(edges))]
					want := directFate(t, m, c, p, netip.AddrPortFrom(to, port), proto)
					got := lookUp(flows, u, v, in, proto, port)
					switch {
					case want == flow.Unknown && got == no: // at two nodes: the second denies for certain
					case want == flow.Unknown && got == perhaps:
						unsure++
					case want == flow.DeniedByPolicy && got == no, want == flow.DeniedByPolicy && got == perhaps && p.Node == q.Node:
					case (want == flow.Delivered || want == flow.NotListening) && got == yes:
						sure++
						if listens := c.Listens(v).Contains(proto, port); listens != (want == flow.Delivered) {
							t.Fatalf("seed %d: %s listens on %v %d: %v", seed, q.Name, proto, port, listens)
						}
					case want != flow.Delivered && want != flow.NotListening && want != flow.DeniedByPolicy && want != flow.Unknown:
						odd++ // an address that is somebody else's too
					case c.m.Index.PodByIP(to) != q || c.m.Index.PodByIP(p.IP(in == IPv6)) != p:
						odd++
					default:
						t.Fatalf("seed %d (%s): %s to %s %v %d is %v, the rectangles say %v", seed, m.Profile.Policy.Name, p.Name, q.Name, proto, port, want, got)
					}
					s, x := c.Between(u, v, in)
					if b := max(map[bool]match{true: yes}[s.Contains(proto, port)], map[bool]match{true: perhaps}[x.Contains(proto, port)]); b != got {
						t.Fatalf("seed %d: between %s and %s: %v, the rectangles say %v", seed, p.Name, q.Name, b, got)
					}
				}
			}
		}
	}
	if odd > pairs/20 || sure < pairs/20 || unsure < pairs/2400 {
		t.Errorf("%d pairs: %d odd, %d sure, %d unsure", pairs, odd, sure, unsure)
	}
	t.Logf("%d pairs: %d odd, %d sure, %d unsure", pairs, odd, sure, unsure)
}

func directFate(t *testing.T, m *model.Model, c *Chart, p *cluster.Pod, to netip.AddrPort, proto flow.Protocol) flow.Fate {
	t.Helper()
	q := generate.Question{From: "pod/" + p.Namespace + "/" + p.Name, To: to, Protocol: proto}
	a, err := path.Walk(m, path.Question{From: q.From, To: q.Target()})
	if to.Port() == 0 { // nobody can write it down
		from, _ := FromPod(p)
		return c.legs(&from.start, Target{Protocol: proto, Addr: to}, false)[0].fate
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.Traces[0].Fate
}

func lookUp(flows []Flow, u, v Unit, in Families, proto flow.Protocol, port uint16) match {
	answer := no
	for _, f := range flows {
		if f.Families&in != 0 && f.From.Contains(u) && f.To.Contains(v) && f.Ports.Contains(proto, port) {
			if f.Sure {
				return yes
			}
			answer = perhaps
		}
	}
	return answer
}

func noOverlap(t *testing.T, seed uint64, flows []Flow) {
	t.Helper()
	for i := range flows {
		if f := &flows[i]; len(f.From.spans) == 0 || len(f.To.spans) == 0 || len(f.Ports) == 0 {
			t.Fatalf("seed %d: %+v: from nobody, to nobody or by nothing", seed, f)
		}
		for j := range i {
			a, b := &flows[i], &flows[j]
			if a.Families&b.Families != 0 && len(intersect(a.From.spans, b.From.spans)) > 0 && len(intersect(a.To.spans, b.To.spans)) > 0 && len(a.Ports.And(b.Ports)) > 0 {
				t.Fatalf("seed %d: %+v and %+v overlap", seed, a, b)
			}
		}
	}
}
