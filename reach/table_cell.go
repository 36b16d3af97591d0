package reach

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// edge is where a count changes.
type edge struct {
	at int32
	n  int
}

// What is counted in a cell: pairs there are, that pass, and that may.
const (
	counted = iota
	passing
	unsure
)

// rowPart is the pods of a row that are in a source.
type rowPart struct {
	source int
	pods   int
}

// sheet is the counts of one cell, between the keys at which any count of its
// column changes.
type sheet struct {
	points []int32
	n      [][3]int
}

// newSheet takes the keys from whatever counts in a column.
func newSheet(c *column, profiles [][]span) *sheet {
	s := &sheet{}
	for i := range c.listeners {
		s.note(profiles[c.listeners[i].profile])
	}
	for i := range c.sources {
		for _, list := range [][]pairs{c.sources[i].sure, c.sources[i].unsure} {
			for _, p := range list {
				s.points = append(s.points, p.from, p.to)
			}
		}
	}
	for i := range c.denied {
		s.note(c.denied[i].keys)
	}
	slices.Sort(s.points)
	s.points = slices.Compact(s.points)
	s.n = make([][3]int, len(s.points))
	return s
}

func (s *sheet) note(list []span) {
	for _, k := range list {
		s.points = append(s.points, k.from, k.to)
	}
}

// places are runs of keys as places in the sheet, with what they count.
func (s *sheet) places(list []span, n int) []pairs {
	out := make([]pairs, 0, len(list))
	for _, k := range list {
		from, _ := slices.BinarySearch(s.points, k.from)
		to, _ := slices.BinarySearch(s.points, k.to)
		out = append(out, pairs{span{int32(from), int32(to)}, n})
	}
	return out
}

func (s *sheet) add(list []pairs, kind, factor int) {
	for _, p := range list {
		s.n[p.from][kind] += p.n * factor
		s.n[p.to][kind] -= p.n * factor
	}
}

// lists are the keys there are, those that pass for all, for some, and perhaps.
func (s *sheet) lists() [4][]span {
	var out [4][]span
	n := [3]int{}
	for i := range s.n {
		for k := range n {
			n[k] += s.n[i][k]
		}
		s.n[i] = [3]int{}
		for k, in := range []bool{n[counted] > 0, n[passing] > 0 && n[passing] == n[counted], n[passing] > 0, n[unsure] > 0} {
			if in {
				out[k] = appendSpan(out[k], span{s.points[i], s.points[i+1]})
			}
		}
	}
	return out
}

// counts are a column's, as places in its sheet.
type counts struct {
	*sheet
	listeners [][]pairs
	sources   [][2][]pairs // sure, unsure
	selves    map[int32][]selfPlaces
}

type selfPlaces struct {
	kind   int
	places []pairs
}

func (x *table) countsOf(c *column) *counts {
	for i := range c.sources {
		s := &c.sources[i]
		s.sure, s.unsure = steps(s.sure), steps(s.unsure)
	}
	k := &counts{sheet: newSheet(c, x.profiles), selves: map[int32][]selfPlaces{}}
	for i := range c.listeners {
		k.listeners = append(k.listeners, k.places(x.profiles[c.listeners[i].profile], 1))
	}
	for i := range c.sources {
		var both [2][]pairs
		for j, list := range [][]pairs{c.sources[i].sure, c.sources[i].unsure} {
			for _, p := range list {
				both[j] = append(both[j], k.places([]span{p.span}, p.n)...)
			}
		}
		k.sources = append(k.sources, both)
	}
	for i := range c.selves {
		s := &c.selves[i]
		k.selves[s.row] = append(k.selves[s.row], selfPlaces{counted, k.places(s.keys, s.n)})
	}
	for i := range c.denied {
		s, kind := &c.denied[i], unsure
		if s.sure {
			kind = passing
		}
		k.selves[s.row] = append(k.selves[s.row], selfPlaces{kind, k.places(s.keys, s.n)})
	}
	return k
}

// finish sums up a column, row by row.
func (x *table) finish(n int32) {
	c := &x.columns[n]
	k := x.countsOf(c)
	parts := make([][]rowPart, x.rows)
	for i := range c.sources {
		for _, sh := range x.shares[c.sources[i].set] {
			parts[sh.group] = append(parts[sh.group], rowPart{i, sh.pods})
		}
	}
	byLabel := map[int32]int{}
	known := map[string]int32{}
	for row := range parts {
		label := x.cellOf(c, k, int32(row), parts[row], known)
		if len(x.parts[label].Asked) == 0 {
			continue
		}
		at, ok := byLabel[label]
		if !ok {
			at = len(x.results)
			byLabel[label] = at
			x.results = append(x.results, result{label: label, column: int(n)})
		}
		x.results[at].rows = append(x.results[at].rows, row)
	}
	*c = column{}
}

// steps are counts by key, runs that do not overlap.
func steps(list []pairs) []pairs {
	if len(list) < 2 {
		return list
	}
	edges := make([]edge, 0, 2*len(list))
	for _, p := range list {
		edges = append(edges, edge{p.from, p.n}, edge{p.to, -p.n})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	var out []pairs
	from, n := int32(0), 0
	for _, e := range edges {
		if e.at > from && n > 0 {
			out = appendPairs(out, pairs{span{from, e.at}, n})
		}
		from, n = e.at, n+e.n
	}
	return out
}

// appendPairs adds a run behind the others, and to the last one if it goes on there.
func appendPairs(list []pairs, p pairs) []pairs {
	if last := len(list) - 1; last >= 0 && list[last].to == p.from && list[last].n == p.n {
		list[last].to = p.to
		return list
	}
	return append(list, p)
}

// cellOf is the label of a cell. Rows that are alike to the column, and not in it,
// have it from each other.
func (x *table) cellOf(c *column, k *counts, row int32, parts []rowPart, known map[string]int32) int32 {
	key, alike := x.kindOf(c, row, parts)
	alike = alike && len(k.selves[row]) == 0
	if alike {
		if label, ok := known[string(key)]; ok {
			return label
		}
	}
	for i := range c.listeners {
		l := &c.listeners[i]
		k.add(k.listeners[i], counted, l.pods[0]*x.rowPods[0][row]+l.pods[1]*x.rowPods[1][row])
	}
	for _, p := range parts {
		k.add(k.sources[p.source][0], passing, p.pods)
		k.add(k.sources[p.source][1], unsure, p.pods)
	}
	for _, s := range k.selves[row] {
		k.add(s.places, s.kind, -1) // a pod and itself are taken off again
	}
	label := x.label(k.lists())
	if alike {
		known[string(key)] = label
	}
	return label
}

// kindOf is what a cell follows from, whatever the number of pods: which sources
// hold pods of the row, and that they hold all of them, or too few for any port to
// be open from every pod.
func (x *table) kindOf(c *column, row int32, parts []rowPart) (key []byte, ok bool) {
	all, held := true, [2]int{}
	for _, p := range parts {
		f := c.sources[p.source].family
		held[f] += p.pods
		all = all && p.pods == x.rowPods[f][row]
		key = binary.LittleEndian.AppendUint32(key, uint32(p.source))
	}
	few := true
	for f := range x.rowPods {
		pods := x.rowPods[f][row]
		few = few && (pods == 0 || held[f] < pods)
		key = append(key, byte(min(pods, 1)))
	}
	if few {
		key = append(key, 0)
	}
	return key, all || few
}
