package reach

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

// A Chart that follows a Model is what a new one would be; it is compiled anew
// only where it must.
func TestFollow(t *testing.T) {
	t.Parallel()
	fronts, shared := 0, 0
	for seed := *firstSeed; fronts < max(4000, questions(t)/12); seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		if seed%3 == 0 {
			twins(g)
		}
		c := Compile(compile(t, g))
		for range 4 {
			s := *c.m.Snapshot
			s.Services, s.EndpointSlices = slices.Clone(s.Services), slices.Clone(s.EndpointSlices)
			s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
			mutateServices(g, &s)
			more := generate.Tangle(generate.Whole, g.Uint64())
			for i := range more.Snapshot.NetworkPolicies {
				switch p := more.Snapshot.NetworkPolicies[i]; g.IntN(3) {
				case 0:
					s.NetworkPolicies = append(s.NetworkPolicies, p)
				case 1:
					if n := len(s.NetworkPolicies); n > 0 {
						s.NetworkPolicies[g.IntN(n)] = p
					}
				default:
				}
			}
			elsewhere(g, &s)
			m, err := model.Compile(&s)
			if err != nil {
				t.Fatal(err)
			}
			n, fresh := c.Follow(m), Compile(m)
			if n.join == c.join {
				shared++
			}
			fronts += sameFronts(t, seed, n, fresh)
			for u := range n.Units() {
				for v := range n.Units() {
					for _, in := range []Families{IPv4, IPv6} {
						p, q := n.Unit(Unit(u)).Example, n.Unit(Unit(v)).Example
						a, x := n.Between(Unit(u), Unit(v), in)
						b, y := fresh.Between(fresh.UnitOf(p), fresh.UnitOf(q), in)
						if !a.Equal(b) || !x.Equal(y) {
							t.Fatalf("seed %d: %s to %s: %v %v, made anew %v %v", seed, p.Name, q.Name, a, x, b, y)
						}
					}
				}
			}
			c = n
		}
	}
	if shared < questions(t)/2400 {
		t.Errorf("shared %d times", shared)
	}
}

// Lists of another place in memory are compiled anew.
func TestFollowAnew(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	c := Compile(compileSnapshot(t, s))
	other := *s
	other.Pods = slices.Clone(s.Pods)
	other.Pods[0].Labels = cluster.Labels{"moved": "yes"}
	if c.Follow(compileSnapshot(t, &other)).join == c.join {
		t.Error("pods changed, and the Chart kept what it knew of them")
	}
	fewer := *s
	fewer.Pods = s.Pods[:len(s.Pods)-1]
	if n := c.Follow(compileSnapshot(t, &fewer)); n.join == c.join || n.UnitOf(&s.Pods[len(s.Pods)-1]) >= 0 {
		t.Error("a pod is gone, and the Chart kept what it knew of it")
	}
	empty := *s
	empty.Pods, empty.Services, empty.EndpointSlices = nil, nil, nil
	e := Compile(compileSnapshot(t, &empty))
	if n := e.Follow(compileSnapshot(t, &empty)); n.join != e.join {
		t.Error("no pods, as before, and the Chart was made anew")
	}
}

// elsewhere changes now and then what a Chart cannot follow.
func elsewhere(g *generate.Tangled, s *cluster.Snapshot) {
	switch g.IntN(10) {
	case 0:
		s.Nodes = slices.Clone(s.Nodes)
		n := &s.Nodes[g.IntN(len(s.Nodes))]
		n.Ready = !n.Ready
		n.Labels = cluster.Labels{"topology.kubernetes.io/zone": "za"}
	case 1:
		s.Namespaces = slices.Clone(s.Namespaces)
		ns := &s.Namespaces[g.IntN(len(s.Namespaces))]
		ns.Labels = cluster.Labels{"kubernetes.io/metadata.name": ns.Name, "team": "blue"}
	case 2:
		s.Foreign = append(slices.Clone(s.Foreign), cluster.Foreign{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: "a", DenyOnly: g.IntN(2) == 0})
	case 3:
		s.Fabric.Dataplane.Policy = []string{"generic", "none", "kube-router", "portolan"}[g.IntN(4)]
	case 4:
		if len(s.Services) > 0 {
			s.Services = slices.Clone(s.Services)
			svc := &s.Services[g.IntN(len(s.Services))]
			svc.SourceRanges = append(slices.Clone(svc.SourceRanges), netip.MustParsePrefix("10.244.1.0/28"))
		}
	case 5:
		if n := len(s.NetworkPolicies); n > 0 { // another of that name
			at := g.IntN(n)
			p := s.NetworkPolicies[at]
			switch g.IntN(4) {
			case 0:
				p.IsolatesIngress = !p.IsolatesIngress
			case 1:
				p.IsolatesEgress = !p.IsolatesEgress
			case 2:
				p.PodSelector = cluster.LabelSelector{MatchLabels: cluster.Labels{"app": "x"}}
			default:
				p.Egress, p.Ingress = p.Ingress, p.Egress
			}
			s.NetworkPolicies[at] = p
		}
	default:
	}
}
