package reach

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

// A Chart that follows a Model is what a new one would be; it is compiled anew
// only where it must.
func TestFollow(t *testing.T) {
	t.Parallel()
	fronts, shared := 0, 0
	for seed := *firstSeed; fronts < questions(t)/24; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
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
	n := c.Follow(compileSnapshot(t, &other))
	if n.join == c.join {
		t.Error("pods changed, and the Chart kept what it knew of them")
	}
}
