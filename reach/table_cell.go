package reach

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// edge is where counts change: of pairs there are, that pass, and that may.
type edge struct {
	at int32
	n  [3]int
}

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

// finish sums up a column, row by row.
func (x *table) finish(n int32) {
	c := &x.columns[n]
	parts := make([][]rowPart, x.rows)
	for i := range c.sources {
		s := &c.sources[i]
		s.sure, s.unsure = steps(s.sure), steps(s.unsure)
		for _, sh := range x.shares[s.set] {
			parts[sh.group] = append(parts[sh.group], rowPart{i, sh.pods})
		}
	}
	selves := map[int32][]edge{}
	for i := range c.selves {
		selves[c.selves[i].row] = append(selves[c.selves[i].row], c.selves[i].edges(counted)...)
	}
	for i := range c.denied {
		k := unsure
		if c.denied[i].sure {
			k = passing
		}
		selves[c.denied[i].row] = append(selves[c.denied[i].row], c.denied[i].edges(k)...)
	}
	byLabel := map[int32]int{}
	known := map[string]int32{}
	for row := range parts {
		label := x.cellOf(c, int32(row), parts[row], selves[int32(row)], known)
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

// edges are the pods and themselves, taken off again.
func (s *self) edges(kind int) []edge {
	var out []edge
	for _, k := range s.keys {
		out = append(out, edgesOf(k, kind, -s.n)...)
	}
	return out
}

func edgesOf(s span, kind, n int) []edge {
	a, b := edge{at: s.from}, edge{at: s.to}
	a.n[kind], b.n[kind] = n, -n
	return []edge{a, b}
}

// steps are counts by key, runs that do not overlap.
func steps(list []pairs) []pairs {
	if len(list) < 2 {
		return list
	}
	var edges []edge
	for _, p := range list {
		edges = append(edges, edgesOf(p.span, counted, p.n)...)
	}
	var out []pairs
	sweep(edges, func(s span, n [3]int) {
		if n[counted] == 0 {
			return
		}
		if last := len(out) - 1; last >= 0 && out[last].to == s.from && out[last].n == n[counted] {
			out[last].to = s.to
			return
		}
		out = append(out, pairs{s, n[counted]})
	})
	return out
}

// sweep calls each with every run of keys between two edges.
func sweep(edges []edge, each func(span, [3]int)) {
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	from, n := int32(0), [3]int{}
	for _, e := range edges {
		if e.at > from {
			each(span{from, e.at}, n)
		}
		from = e.at
		for k := range n {
			n[k] += e.n[k]
		}
	}
}

// cellOf is the label of a cell. Rows that are alike to the column, and not in it,
// have it from each other.
func (x *table) cellOf(c *column, row int32, parts []rowPart, selves []edge, known map[string]int32) int32 {
	key, alike := x.kindOf(c, row, parts)
	alike = alike && len(selves) == 0
	if alike {
		if label, ok := known[string(key)]; ok {
			return label
		}
	}
	edges := slices.Clone(selves)
	for i := range c.listeners {
		l := &c.listeners[i]
		if n := l.pods[0]*x.rowPods[0][row] + l.pods[1]*x.rowPods[1][row]; n > 0 {
			for _, k := range x.profiles[l.profile] {
				edges = append(edges, edgesOf(k, counted, n)...)
			}
		}
	}
	for _, p := range parts {
		for _, s := range c.sources[p.source].sure {
			edges = append(edges, edgesOf(s.span, passing, s.n*p.pods)...)
		}
		for _, s := range c.sources[p.source].unsure {
			edges = append(edges, edgesOf(s.span, unsure, s.n*p.pods)...)
		}
	}
	var lists [4][]span
	sweep(edges, func(s span, n [3]int) {
		for i, in := range []bool{n[counted] > 0, n[passing] > 0 && n[passing] == n[counted], n[passing] > 0, n[unsure] > 0} {
			if in {
				lists[i] = appendSpan(lists[i], s)
			}
		}
	})
	label := x.label(lists)
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
