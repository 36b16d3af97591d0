package reach

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/policy"
)

// A cell's ports are those of all, or some, of the pairs of pods in it.
func TestMatrix(t *testing.T) {
	cells, part := 0, 0
	for seed := uint64(1); cells < 3000; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		for i := range g.Snapshot.Pods {
			if p := &g.Snapshot.Pods[i]; i%2 == 0 {
				p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: "d"}
			}
		}
		c := Compile(compile(t, g))
		for _, groups := range [][]Group{c.Workloads(), c.Namespaces(), c.Workloads()[:len(c.Workloads())/2]} {
			matrix := c.Matrix(groups)
			if at := slices.IndexFunc(matrix, func(c Cell) bool { return len(c.Some)+len(c.Perhaps) == 0 }); at >= 0 {
				t.Fatalf("seed %d: nothing is told: %+v", seed, matrix[at])
			}
			for i := range groups {
				for j := range groups {
					cells++
					want := pairwise(c, &groups[i], &groups[j])
					got := Cell{}
					if n := slices.IndexFunc(matrix, func(c Cell) bool { return c.From == i && c.To == j }); n >= 0 {
						got = matrix[n]
					}
					if len(want.Some) > 0 && !want.Some.Equal(want.All) {
						part++
					}
					if !got.All.Equal(want.All) || !got.Some.Equal(want.Some) || !got.Perhaps.Equal(want.Perhaps) {
						t.Fatalf("seed %d: %s to %s: %+v, want %+v", seed, groups[i].Name, groups[j].Name, got, want)
					}
				}
			}
		}
	}
	if part < 100 {
		t.Errorf("only %d of %d cells differ by pod", part, cells)
	}
}

// Groups are in order, and hold every pod that has a Unit, once.
func TestGroups(t *testing.T) {
	for seed := uint64(1); seed < 40; seed++ {
		g, _ := crowded(seed)
		c := Compile(compile(t, g))
		byNamespace, byWorkload := map[string]int{}, map[flow.Object]int{}
		for i := range g.Snapshot.Pods {
			p := &g.Snapshot.Pods[i]
			if c.UnitOf(p) < 0 {
				continue
			}
			byNamespace[p.Namespace]++
			byWorkload[flow.Object{Kind: p.Owner.Kind, Namespace: p.Namespace, Name: p.Owner.Name}]++
		}
		spaces, workloads := c.Namespaces(), c.Workloads()
		if len(spaces) != len(byNamespace) || len(workloads) != len(byWorkload) {
			t.Fatalf("seed %d: %d namespaces, want %d; %d workloads, want %d", seed, len(spaces), len(byNamespace), len(workloads), len(byWorkload))
		}
		for i, w := range spaces {
			if w.Pods != byNamespace[w.Namespace] || w.Pods != c.PodsIn(w.Units) || w.Name != w.Namespace || !w.Workload.IsZero() || i > 0 && spaces[i-1].Name >= w.Name {
				t.Fatalf("seed %d: %+v, %d pods", seed, w, byNamespace[w.Namespace])
			}
		}
		for i, w := range workloads {
			k, name := w.Workload, w.Namespace
			if k.Namespace = w.Namespace; !w.Workload.IsZero() {
				name += "/" + k.Name
			}
			if w.Pods != byWorkload[k] || w.Pods != c.PodsIn(w.Units) || w.Name != name || i > 0 && workloads[i-1].Name >= name {
				t.Fatalf("seed %d: %+v, %d pods", seed, w, byWorkload[k])
			}
			for u := range w.Units.All {
				if p := c.Unit(u).Example; p.Namespace != w.Namespace || p.Owner != w.Workload || c.Unit(u).Pods != len(c.Pods(u)) {
					t.Fatalf("seed %d: %s is of %s", seed, p.Name, w.Name)
				}
			}
		}
	}
}

func pairwise(c *Chart, a, b *Group) Cell {
	cell, first := Cell{}, true
	for u := range a.Units.All {
		for v := range b.Units.All {
			for _, in := range []Families{IPv4, IPv6} {
				if c.units.list[u].families&c.units.list[v].families&in == 0 {
					continue
				}
				sure, perhaps := c.Between(u, v, in)
				if cell.Some, cell.Perhaps = cell.Some.Union(sure), cell.Perhaps.Union(perhaps); first {
					cell.All, first = sure, false
				}
				cell.All = cell.All.And(sure)
			}
		}
	}
	return cell
}

// A pod that does not exist is isolated, and admitted, by its labels alone.
func TestImagine(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	frontend := &cluster.LabelSelector{MatchLabels: cluster.Labels{"role": "frontend"}}
	ns := s.Pods[0].Namespace
	s.NetworkPolicies = []cluster.NetworkPolicy{{
		Meta: cluster.Meta{Namespace: ns, Name: "p"}, IsolatesIngress: true,
		Ingress: []cluster.PolicyRule{{
			Peers: []cluster.PolicyPeer{{PodSelector: frontend}, {IPBlock: &cluster.IPBlock{CIDR: space4}}},
			Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}}},
		}},
	}}
	c := Compile(compileSnapshot(t, s))
	n, err := c.With(c.Imagine(ns, "new", cluster.Labels{"role": "frontend"}), c.Imagine(ns, "other", nil))
	if err != nil {
		t.Fatal(err)
	}
	old := n.UnitOf(n.m.Index.Pod(ns, s.Pods[0].Name))
	for name, want := range map[string]string{"new": "80", "other": "none"} {
		u := n.UnitOf(n.m.Index.Pod(ns, name))
		if sure, _ := n.Between(u, old, IPv4); sure.String() != want {
			t.Errorf("%s reaches %v, want %s", name, sure, want)
		}
	}
	// Whether the block holds the address it will have is not known.
	if _, perhaps := n.Between(n.UnitOf(n.m.Index.Pod(ns, "other")), old, IPv4); perhaps.String() != "80" {
		t.Errorf("by its address it may reach %v", perhaps)
	}
	if got := n.OpenToAll(old).String(); got != "80" {
		t.Errorf("open to all: %v", got)
	}
	if got := n.FromAddresses(old); len(got) != 1 || !slices.Equal(got[0].Ranges, []policy.Range{space(0)}) {
		t.Errorf("%+v", got)
	}
}
