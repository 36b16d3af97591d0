package reach

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Line is cells of a Table that are alike: what the pods of each group of From
// reach in each group of To.
type Line struct {
	From, To []int // places in the lists of groups, in order
	// Asked are the ports that pods of To answer on. Of these All are open from
	// every pod to every pod that answers there, Some from at least one to one,
	// and of Perhaps it is not known for some.
	Asked, All, Some, Perhaps Ports
}

// Whole reports whether nothing that is answered is closed to anybody.
func (l *Line) Whole() bool { return l.All.Equal(l.Asked) }

// None reports whether nothing passes, for certain.
func (l *Line) None() bool { return len(l.Some)+len(l.Perhaps) == 0 }

// SetOf is a set of units.
func SetOf(list []Unit) Set {
	numbers := make([]int32, len(list))
	for i, n := range list {
		numbers[i] = int32(n)
	}
	slices.Sort(numbers)
	return Set{runs(slices.Compact(numbers))}
}

// Runs calls yield with each run of units, in order: the first and the last.
func (s Set) Runs(yield func(first, last Unit) bool) {
	for _, r := range s.spans {
		if !yield(Unit(r.from), Unit(r.to-1)) {
			return
		}
	}
}

// Table is what the pods of each row reach in each column, by the ports that
// answers gives the pods of a Unit (Listens, or fewer). A pod and itself are not
// counted; cells in which nobody answers anybody are left out. No Unit is in two
// rows, or in two columns. Time goes with rows times columns, and not with pods.
func (c *Chart) Table(rows, columns []Group, answers func(Unit) Ports) []Line {
	x := newTable(c, rows, columns, answers)
	for f := range c.Flows {
		x.add(&f)
	}
	for i := range x.columns {
		x.finish(int32(i))
	}
	return x.lines()
}

// table counts pairs of pods by column, and there by the set they come from.
type table struct {
	c        *Chart
	rowOf    []int32 // by unit, -1: in none
	columnOf []int32
	rows     int
	rowPods  [2][]int // by family and row

	profileOf []int32  // by unit
	profiles  [][]span // ports that are answered
	columns   []column
	sets      map[setID]int32
	shares    [][]share // by set: how many of its pods are in which rows

	labels  map[string]int32
	parts   []Line // by label, without From and To
	merged  map[string]int
	results []result
}

// setID is a list of runs that many Flows share.
type setID struct {
	first *span
	size  int
}

type column struct {
	listeners []listener
	selves    []self
	added     map[[2]int32]int // by family and set
	sources   []source
	denied    []self // selves that Flows count
}

// listener is how many pods of a column answer by a profile, in each family.
type listener struct {
	profile int32
	pods    [2]int
}

// self is pods that are in a row and in the column; n counts them in each family.
type self struct {
	row  int32
	keys []span
	n    int
	sure bool
}

// source is what a column admits from a set, with the number of pods it is to.
type source struct {
	family       int32
	set          int32
	sure, unsure []pairs
}

// result is a run of cells of one column that are alike.
type result struct {
	label  int32
	rows   []int
	column int
}

func newTable(c *Chart, rows, columns []Group, answers func(Unit) Ports) *table {
	u := c.unitsOf()
	x := &table{
		c: c, rows: len(rows), rowOf: placesIn(rows, len(u.list)), columnOf: placesIn(columns, len(u.list)),
		profileOf: make([]int32, len(u.list)), columns: make([]column, len(columns)),
		sets: map[setID]int32{}, labels: map[string]int32{}, merged: map[string]int{},
	}
	for f := range x.rowPods {
		x.rowPods[f] = make([]int, len(rows))
	}
	for i := range x.columns {
		x.columns[i].added = map[[2]int32]int{}
	}
	profiles := map[string]int32{}
	for n := range u.list {
		x.addUnit(int32(n), profiles, answers)
	}
	return x
}

func placesIn(groups []Group, units int) []int32 {
	out := make([]int32, units)
	for i := range out {
		out[i] = -1
	}
	for g := range groups {
		for n := range groups[g].Units.All {
			out[n] = int32(g)
		}
	}
	return out
}

// addUnit counts the pods of a unit in its row and its column.
func (x *table) addUnit(n int32, profiles map[string]int32, answers func(Unit) Ports) {
	u := x.c.units
	row, col, pods := x.rowOf[n], x.columnOf[n], int(u.starts[n+1]-u.starts[n])
	of := [2]int{}
	for f := range of {
		if u.list[n].families&(1<<f) != 0 {
			of[f] = pods
			if row >= 0 {
				x.rowPods[f][row] += pods
			}
		}
	}
	if col < 0 {
		return
	}
	keys := answers(Unit(n)).spans()
	id := string(appendSpans(nil, keys))
	p, ok := profiles[id]
	if !ok {
		p = int32(len(x.profiles))
		profiles[id] = p
		x.profiles = append(x.profiles, keys)
	}
	x.profileOf[n] = p
	c := &x.columns[col]
	at := slices.IndexFunc(c.listeners, func(l listener) bool { return l.profile == p })
	if at < 0 {
		at = len(c.listeners)
		c.listeners = append(c.listeners, listener{profile: p})
	}
	for f := range of {
		c.listeners[at].pods[f] += of[f]
	}
	if row >= 0 {
		c.selves = append(c.selves, self{row: row, keys: keys, n: of[0] + of[1]})
	}
}

func appendSpans(b []byte, list []span) []byte {
	for _, s := range list {
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(s.from)), uint32(s.to))
	}
	return b
}

// add counts a rectangle: for each column whose pods it reaches, and each profile
// of what they answer.
func (x *table) add(f *Flow) {
	set := x.setOf(f.From.spans)
	if len(x.shares[set]) == 0 {
		return
	}
	keys, u := f.Ports.spans(), x.c.units
	var profile int32
	var pods int
	last := int32(-1)
	flush := func() {
		if last >= 0 {
			x.columns[last].add(set, int32(f.Families>>1), intersect(keys, x.profiles[profile]), pods, f.Sure)
		}
		pods = 0
	}
	for n := range f.To.All {
		if x.columnOf[n] != last || x.profileOf[n] != profile {
			flush()
			last, profile = x.columnOf[n], x.profileOf[n]
		}
		pods += int(u.starts[n+1] - u.starts[n])
	}
	flush()
	for _, s := range intersect2(f.From.spans, f.To.spans) {
		for n := s.from; n < s.to; n++ {
			if row, col := x.rowOf[n], x.columnOf[n]; row >= 0 && col >= 0 {
				c := &x.columns[col]
				c.denied = append(c.denied, self{row, intersect(keys, x.profiles[x.profileOf[n]]), int(u.starts[n+1] - u.starts[n]), f.Sure})
			}
		}
	}
}

func (c *column) add(set, family int32, keys []span, pods int, sure bool) {
	if len(keys) == 0 {
		return
	}
	at, ok := c.added[[2]int32{family, set}]
	if !ok {
		at = len(c.sources)
		c.added[[2]int32{family, set}] = at
		c.sources = append(c.sources, source{family: family, set: set})
	}
	list := &c.sources[at].unsure
	if sure {
		list = &c.sources[at].sure
	}
	for _, k := range keys {
		*list = append(*list, pairs{k, pods})
	}
}

// setOf numbers a list of runs, and counts its pods by row.
func (x *table) setOf(list []span) int32 {
	id := setID{&list[0], len(list)}
	if n, ok := x.sets[id]; ok {
		return n
	}
	n := int32(len(x.shares))
	x.sets[id] = n
	m := matrix{c: x.c, groupOf: x.rowOf}
	x.shares = append(x.shares, m.shares(Set{list}))
	return n
}

// lines are the results, columns that are alike as one.
func (x *table) lines() []Line {
	var out []Line
	for i := range x.results {
		r := &x.results[i]
		key := binary.LittleEndian.AppendUint32(nil, uint32(r.label))
		for _, row := range r.rows {
			key = binary.LittleEndian.AppendUint32(key, uint32(row))
		}
		at, ok := x.merged[string(key)]
		if !ok {
			at = len(out)
			x.merged[string(key)] = at
			l := x.parts[r.label]
			l.From = r.rows
			out = append(out, l)
		}
		out[at].To = append(out[at].To, r.column)
	}
	return out
}

// label numbers what cells may be.
func (x *table) label(lists [4][]span) int32 {
	var b []byte
	for _, l := range lists {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(l))), appendSpans(nil, l)...)
	}
	n, ok := x.labels[string(b)]
	if !ok {
		n = int32(len(x.parts))
		x.labels[strings.Clone(string(b))] = n
		x.parts = append(x.parts, Line{Asked: portsOf(lists[0]), All: portsOf(lists[1]), Some: portsOf(lists[2]), Perhaps: portsOf(lists[3])})
	}
	return n
}
