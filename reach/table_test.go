package reach

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

// A Table says of every cell what its pods say, one pair after the other.
func TestTable(t *testing.T) {
	cells, part, perhaps := 0, 0, 0
	for seed := uint64(1); cells < questions(t)/4; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		for i := range g.Snapshot.Pods {
			if p := &g.Snapshot.Pods[i]; i%2 == 0 {
				p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: "d"}
			}
		}
		c := Compile(compile(t, g))
		w, n := c.Workloads(), c.Namespaces()
		if len(n) == 0 {
			continue
		}
		for _, sides := range [][2][]Group{{w, w}, {n, n}, {w, n[:1]}, {n[:1], w}} {
			got := cellsOf(t, c.Table(sides[0], sides[1], c.Listens))
			for i := range sides[0] {
				for j := range sides[1] {
					cells++
					want := everyPair(c, &sides[0][i], &sides[1][j])
					if len(want.Perhaps) > 0 {
						perhaps++
					}
					if !want.None() && !want.Whole() {
						part++
					}
					if have := got[[2]int{i, j}]; fmt.Sprint(have) != fmt.Sprint(want) {
						t.Fatalf("seed %d: %s to %s:\n%+v, want\n%+v", seed, sides[0][i].Name, sides[1][j].Name, have, want)
					}
				}
			}
		}
	}
	if part < cells/200 || perhaps < cells/200 {
		t.Errorf("of %d cells only %d are partly open, and %d in doubt", cells, part, perhaps)
	}
}

// cellsOf are the cells of lines, each once.
func cellsOf(t *testing.T, lines []Line) map[[2]int]Line {
	out := map[[2]int]Line{}
	for _, l := range lines {
		if len(l.From) == 0 || len(l.To) == 0 || len(l.Asked) == 0 {
			t.Fatalf("nothing is told: %+v", l)
		}
		for _, i := range l.From {
			for _, j := range l.To {
				if _, twice := out[[2]int{i, j}]; twice {
					t.Fatalf("the cell %d, %d is in two lines", i, j)
				}
				out[[2]int{i, j}] = Line{Asked: l.Asked, All: l.All, Some: l.Some, Perhaps: l.Perhaps}
			}
		}
	}
	return out
}

// everyPair asks about every two pods.
func everyPair(c *Chart, a, b *Group) Line {
	var l Line
	closed := Ports(nil)
	for u := range a.Units.All {
		for v := range b.Units.All {
			if u == v && len(c.Pods(u)) == 1 {
				continue
			}
			answered := c.Listens(v)
			for _, in := range []Families{IPv4, IPv6} {
				if c.units.list[u].families&c.units.list[v].families&in == 0 {
					continue
				}
				sure, perhaps := c.Between(u, v, in)
				l.Asked = l.Asked.Union(answered)
				l.Some = l.Some.Union(sure.And(answered))
				l.Perhaps = l.Perhaps.Union(perhaps.And(answered))
				closed = closed.Union(answered.Minus(sure))
			}
		}
	}
	l.All = l.Some.Minus(closed)
	return l
}

// A pod and itself is not counted, by the port that it could, and counts of others
// go on beside: every pod has one port open to all, next to those of others.
func TestTableOfItself(t *testing.T) {
	var w worstCase
	ports := []uint16{80, 83, 81, 84, 82, 85}
	w.pods(len(ports), func(i int, p *cluster.Pod) { p.Labels = cluster.Labels{"app": fmt.Sprint(i)} })
	for i, port := range ports {
		w.policy("a", selects("app", fmt.Sprint(i)), &cluster.LabelSelector{}, port)
	}
	w.s.NetworkPolicies = w.policies
	c := Compile(compileSnapshot(t, &w.s))
	var rows []Group
	for i := range w.s.Pods {
		rows = append(rows, Group{Units: SetOf([]Unit{c.UnitOf(&w.s.Pods[i])})})
	}
	got := cellsOf(t, c.Table(rows, c.Namespaces(), func(Unit) Ports { return AllPorts() }))
	for i, port := range ports {
		open := Ports{{flow.TCP, 80, 85}}.Minus(Ports{{flow.TCP, port, port}})
		if l := got[[2]int{i, 0}]; !l.Asked.IsAll() || !l.Some.Equal(open) || len(l.All)+len(l.Perhaps) > 0 {
			t.Errorf("from pod %d: %+v", i, l)
		}
	}
}

// The order of lines, and of what is in them, is the same each time.
func TestTableOrder(t *testing.T) {
	g := generate.Tangle(generate.Whole, 7)
	for range 5 {
		c, d := Compile(compile(t, g)), Compile(compile(t, g))
		a, b := c.Table(c.Workloads(), c.Workloads(), c.Listens), d.Table(d.Workloads(), d.Workloads(), d.Listens)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("%v\n%v", a, b)
		}
		for _, l := range a {
			if !slices.IsSorted(l.From) || !slices.IsSorted(l.To) {
				t.Errorf("%v", l)
			}
		}
	}
}

func BenchmarkTable(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		lines, spent := 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			c := Compile(m)
			b.StartTimer()
			since := cpu()
			n := c.Namespaces()
			lines = len(c.Table(n, n, c.Listens))
			spent += cpu() - since
		}
		b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(lines), "lines")
	})
}
