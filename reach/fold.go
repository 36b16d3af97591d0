package reach

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Workloads are the units by namespace and workload, in that order; bare pods of
// a namespace are one Group without a Workload.
func (c *Chart) Workloads() []Group {
	return c.groupBy(func(p *unit) (string, flow.Object) { return p.pod.Namespace, p.pod.Owner })
}

// Namespaces are the units by namespace.
func (c *Chart) Namespaces() []Group {
	return c.groupBy(func(p *unit) (string, flow.Object) { return p.pod.Namespace, flow.Object{} })
}

func (c *Chart) groupBy(name func(*unit) (string, flow.Object)) []Group {
	type key struct {
		namespace string
		workload  flow.Object
	}
	u := c.unitsOf()
	at := map[key]int{}
	var out []Group
	for i := range u.list {
		ns, w := name(&u.list[i])
		n, ok := at[key{ns, w}]
		if !ok {
			n = len(out)
			at[key{ns, w}] = n
			out = append(out, Group{Name: ns, Namespace: ns, Workload: w})
			if !w.IsZero() {
				out[n].Name = ns + "/" + w.Name
			}
		}
		out[n].Units.spans = appendSpan(out[n].Units.spans, span{int32(i), int32(i) + 1})
		out[n].Pods += int(u.starts[i+1] - u.starts[i])
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), a.Workload.Compare(b.Workload))
	})
	return out
}

// Matrix is what each of the groups reaches in each, row by row; cells without
// any connection are left out. It takes time and room for all pairs of groups:
// fold thousands of workloads to namespaces first.
func (c *Chart) Matrix(groups []Group) []Cell {
	x := newMatrix(c, groups)
	for f := range c.Flows {
		x.add(&f)
	}
	var out []Cell
	for i := range x.cells {
		if cell, ok := x.cell(i); ok {
			out = append(out, cell)
		}
	}
	return out
}

// matrix counts pairs of pods by cell and key.
type matrix struct {
	c       *Chart
	size    int
	groupOf []int32
	pods    [2][]int // by family and group
	cells   []tally
}

// tally is how many pairs have which keys.
type tally struct {
	pairs   []pairs
	perhaps []span
}

type pairs struct {
	span
	n int
}

func newMatrix(c *Chart, groups []Group) *matrix {
	u := c.unitsOf()
	x := &matrix{c: c, size: len(groups), groupOf: make([]int32, len(u.list)), cells: make([]tally, len(groups)*len(groups))}
	for i := range x.groupOf {
		x.groupOf[i] = -1
	}
	for f := range x.pods {
		x.pods[f] = make([]int, len(groups))
	}
	for g := range groups {
		for n := range groups[g].Units.All {
			x.groupOf[n] = int32(g)
			for f := range x.pods {
				if u.list[n].families&(1<<f) != 0 {
					x.pods[f][g] += int(u.starts[n+1] - u.starts[n])
				}
			}
		}
	}
	return x
}

// share is how many pods of a group are in a set.
type share struct {
	group int32
	pods  int
}

func (x *matrix) shares(s Set) []share {
	var out []share
	at := map[int32]int{}
	last := -1
	for n := range s.All {
		g := x.groupOf[n]
		if g < 0 {
			continue
		}
		if last < 0 || out[last].group != g {
			var ok bool
			if last, ok = at[g]; !ok {
				last = len(out)
				at[g] = last
				out = append(out, share{group: g})
			}
		}
		out[last].pods += int(x.c.units.starts[n+1] - x.c.units.starts[n])
	}
	return out
}

func (x *matrix) add(f *Flow) {
	from, to := x.shares(f.From), x.shares(f.To)
	keys := f.Ports.spans()
	for _, a := range from {
		for _, b := range to {
			t := &x.cells[int(a.group)*x.size+int(b.group)]
			if !f.Sure {
				t.perhaps = union(t.perhaps, keys)
				continue
			}
			for _, k := range keys {
				t.pairs = append(t.pairs, pairs{k, a.pods * b.pods})
			}
		}
	}
}

// cell sums up a place; ok is false where nothing passes.
func (x *matrix) cell(i int) (cell Cell, ok bool) {
	t := &x.cells[i]
	if len(t.pairs)+len(t.perhaps) == 0 {
		return cell, false
	}
	cell = Cell{From: i / x.size, To: i % x.size, Perhaps: portsOf(t.perhaps)}
	all := 0
	for f := range x.pods {
		all += x.pods[f][cell.From] * x.pods[f][cell.To]
	}
	type edge struct {
		at int32
		n  int
	}
	var edges []edge
	for _, p := range t.pairs {
		edges = append(edges, edge{p.from, p.n}, edge{p.to, -p.n})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	var some, every []span
	n, from := 0, int32(0)
	for _, e := range edges {
		if e.at > from {
			if n > 0 {
				some = appendSpan(some, span{from, e.at})
			}
			if n == all {
				every = appendSpan(every, span{from, e.at})
			}
		}
		n, from = n+e.n, e.at
	}
	cell.Some, cell.All = portsOf(some), portsOf(every)
	return cell, true
}
