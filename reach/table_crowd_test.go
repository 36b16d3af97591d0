package reach

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// Rows of a Table that many pods are in, and that are alike to a column, alike but
// for a pod or a family, or nearly, are told as one pair after the other says.
func TestTableOfCrowds(t *testing.T) {
	t.Parallel()
	x := tableCrowd{T: t}
	for seed := *firstSeed; x.cells < questions(t)*2; seed++ {
		g, _ := crowded(seed)
		x.seed, x.c = seed, Compile(compile(t, g))
		if x.c.Units() == 0 {
			continue
		}
		x.everyPair()
		for range 12 {
			x.table(g.Rand)
		}
	}
	if x.part < x.cells/100 || x.perhaps < x.cells/100 {
		t.Errorf("of %d cells only %d are partly open, and %d in doubt", x.cells, x.part, x.perhaps)
	}
	t.Logf("%d cells, %d partly open, %d in doubt", x.cells, x.part, x.perhaps)
}

type tableCrowd struct {
	*testing.T
	seed                 uint64
	c                    *Chart
	sure, unsure         [2]map[[2]Unit]Ports // by family
	cells, part, perhaps int
}

// everyPair asks about every two units.
func (x *tableCrowd) everyPair() {
	list := x.c.unitsOf().list
	for f := range x.sure {
		x.sure[f], x.unsure[f] = map[[2]Unit]Ports{}, map[[2]Unit]Ports{}
		for u := range list {
			for v := range list {
				if k := [2]Unit{Unit(u), Unit(v)}; list[u].families&list[v].families&(1<<f) != 0 {
					x.sure[f][k], x.unsure[f][k] = x.c.Between(k[0], k[1], 1<<f)
				}
			}
		}
	}
}

// table compares a table of groups drawn by lot: a few units in each, some in none;
// of some tables no pod is in a row and in a column.
func (x *tableCrowd) table(r *rand.Rand) {
	x.Helper()
	apart, few := r.IntN(3) > 0, 1+r.IntN(4)
	draw := func(side int) []Group {
		groups := make([]Group, 2+r.IntN(12))
		lists := make([][]Unit, len(groups))
		for u := range x.c.Units() {
			if n := r.IntN(len(groups) + 1); n < len(groups) && len(lists[n]) < few && (!apart || u%2 == side) {
				lists[n] = append(lists[n], Unit(u))
			}
		}
		for i := range groups {
			groups[i] = Group{Name: fmt.Sprint(i), Units: SetOf(lists[i])}
		}
		return groups
	}
	rows, columns := draw(0), draw(1)
	answers := x.c.Listens
	switch r.IntN(3) {
	case 0:
		answers = func(Unit) Ports { return AllPorts() }
	case 1:
		answers = func(n Unit) Ports { return []Ports{nil, {{flow.TCP, 22, 90}}, {{flow.TCP, 80, 80}}, AllPorts()}[n%4] }
	}
	got := cellsOf(x.T, x.c.Table(rows, columns, answers))
	for i := range rows {
		for j := range columns {
			want := x.cell(&rows[i], &columns[j], answers)
			have := got[[2]int{i, j}]
			if fmt.Sprint(have) != fmt.Sprint(want) {
				x.Fatalf("seed %d: %v to %v:\n%+v, want\n%+v", x.seed, rows[i].Units, columns[j].Units, have, want)
			}
			x.cells++
			if len(want.Perhaps) > 0 {
				x.perhaps++
			}
			if !want.None() && !want.Whole() {
				x.part++
			}
		}
	}
}

// cell asks about every pod of one group and every other of the other.
func (x *tableCrowd) cell(a, b *Group, answers func(Unit) Ports) Line {
	var l Line
	closed := Ports(nil)
	for u := range a.Units.All {
		for v := range b.Units.All {
			if u == v && len(x.c.Pods(u)) == 1 {
				continue
			}
			answered := answers(v)
			for f := range x.sure {
				sure, ok := x.sure[f][[2]Unit{u, v}]
				if !ok {
					continue
				}
				l.Asked = l.Asked.Union(answered)
				l.Some = l.Some.Union(sure.And(answered))
				l.Perhaps = l.Perhaps.Union(x.unsure[f][[2]Unit{u, v}].And(answered))
				closed = closed.Union(answered.Minus(sure))
			}
		}
	}
	l.All = l.Some.Minus(closed)
	return l
}
