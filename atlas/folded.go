package atlas

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/reach"
)

// Folded are the Lines as people read them: that a pod alone has nobody of its like
// to ask parts no line, so that "all of a namespace" may stand on either side.
func (m *Map) Folded() []reach.Line {
	alone := m.alone()
	best := m.widest()
	at := map[string]int{}
	var out []reach.Line
	for n := range m.Lines {
		l := &m.Lines[n]
		label := fmt.Sprint(l.Asked, l.All, l.Some, l.Perhaps)
		for _, j := range l.To {
			from := l.From
			i, single := alone[j]
			if line, ok := best[j]; ok && single && line == n {
				from = slices.Insert(slices.Clone(from), first(from, i), i)
			}
			key := []byte(label)
			for _, i := range from {
				key = binary.AppendUvarint(key, uint64(i))
			}
			k, ok := at[string(key)]
			if !ok {
				k = len(out)
				at[string(key)] = k
				o := *l
				o.From, o.To = from, nil
				out = append(out, o)
			}
			out[k].To = append(out[k].To, j)
		}
	}
	for i := range out {
		slices.Sort(out[i].To)
	}
	slices.SortStableFunc(out, func(a, b reach.Line) int {
		return cmp.Or(cmp.Compare(a.To[0], b.To[0]), cmp.Compare(LevelOf(&b), LevelOf(&a)), cmp.Compare(a.From[0], b.From[0]))
	})
	return out
}

// first is where a number stands, or would, among others in order.
func first(list []int, n int) int {
	at, _ := slices.BinarySearch(list, n)
	return at
}

// alone is the row of each column that is the same single pod.
func (m *Map) alone() map[int]int {
	row, out := map[string]int{}, map[int]int{}
	for i := range m.Rows {
		row[m.Rows[i].Name] = i
	}
	for j := range m.Columns {
		if i, ok := row[m.Columns[j].Name]; ok && m.Rows[i].Pods == 1 && m.Columns[j].Pods == 1 && m.About(j) {
			out[j] = i
		}
	}
	return out
}

// widest is the Line of each column with the most rows, of those with something
// open.
func (m *Map) widest() map[int]int {
	out := map[int]int{}
	for n := range m.Lines {
		l := &m.Lines[n]
		for _, j := range l.To {
			if o, ok := out[j]; !l.None() && (!ok || len(l.From) > len(m.Lines[o].From)) {
				out[j] = n
			}
		}
	}
	return out
}
