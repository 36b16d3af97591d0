package reach

import (
	"slices"
	"sort"
)

// splitSet is units by their row of egress: those of open rows, and the others.
type splitSet struct {
	open  []span
	parts []splitPart
}

type splitPart struct {
	row   int32
	units []span
}

// splitBy parts units by the rows of a side.
func (r *rows) splitBy(f family, list []span) splitSet {
	var out splitSet
	var closed []span
	closedRuns := r.closed[f]
	at := map[int32]int{}
	for _, s := range list {
		i := sort.Search(len(closedRuns), func(i int) bool { return closedRuns[i].to > s.from })
		for ; i < len(closedRuns) && closedRuns[i].from < s.to; i++ {
			part := span{max(s.from, closedRuns[i].from), min(s.to, closedRuns[i].to)}
			closed = appendSpan(closed, part)
			n, ok := at[closedRuns[i].row]
			if !ok {
				n = len(out.parts)
				at[closedRuns[i].row] = n
				out.parts = append(out.parts, splitPart{row: closedRuns[i].row})
			}
			out.parts[n].units = appendSpan(out.parts[n].units, part)
		}
	}
	out.open = minus(list, closed)
	return out
}

// rectangles calls each with the connections of sources to targets by keys that
// the sources' egress lets pass. level is what the targets' ingress says of them,
// who are somebody.
func (c *Chart) rectangles(f family, from *splitSet, targets, keys []span, level match, each func(from, to, keys []span, m match)) {
	if len(from.open) > 0 {
		each(from.open, targets, keys, level)
	}
	rows := c.rows[egress]
	all := span{targets[0].from, targets[len(targets)-1].to}
	for i := range from.parts {
		p := &from.parts[i]
		if h := c.hull(rows, f, p.row); h.from < all.to && all.from < h.to {
			c.throughRow(f, rows.list[f][p.row], p.units, targets, keys, level, each)
		}
	}
}

// throughRow is the part of one row.
func (c *Chart) throughRow(f family, r *row, units, targets, keys []span, level match, each func(from, to, keys []span, m match)) {
	for _, k := range keys {
		at := segmentAt(r.segments, k.from)
		for from := k.from; from < k.to; at++ {
			to := min(k.to, r.segments[at].to)
			if set := r.segments[at].set; set != nobody || r.doubt == maybeAny {
				s := c.peersAt(r, set, f)
				if t := intersect2(s.yes, targets); len(t) > 0 {
					each(units, t, []span{{from, to}}, level)
				}
				if t := intersect2(s.perhaps, targets); len(t) > 0 {
					each(units, t, []span{{from, to}}, min(level, perhaps))
				}
			}
			from = to
		}
	}
}

// segmentAt is the place of the segment that holds a key.
func segmentAt(list []segment, k int32) int {
	return sort.Search(len(list), func(i int) bool { return list[i].to > k })
}

// intersect2 is intersect where one of the lists may be much the longer one. The
// answer may be a part of a list that was given.
func intersect2(a, b []span) []span {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(b) == 1 {
		return within(a, b[0])
	}
	if len(b) > 8 || len(a) < 16 {
		return intersect(a, b)
	}
	var out []span
	for _, s := range b {
		out = append(out, within(a, s)...)
	}
	return out
}

// within are the runs inside one.
func within(list []span, s span) []span {
	i := sort.Search(len(list), func(i int) bool { return list[i].to > s.from })
	j := i + sort.Search(len(list)-i, func(j int) bool { return list[i+j].from >= s.to })
	if i == j {
		return nil
	}
	part := list[i:j:j]
	if part[0].from < s.from || part[len(part)-1].to > s.to {
		part = slices.Clone(part)
		part[0].from = max(part[0].from, s.from)
		part[len(part)-1].to = min(part[len(part)-1].to, s.to)
	}
	return part
}

// splitOf is a set of sources by their rows of egress, kept.
func (c *Chart) splitOf(f family, set int32) *splitSet {
	r := c.rows[egress]
	r.split[f] = grown(r.split[f], len(c.kept))
	if r.split[f][set] == nil {
		s := r.splitBy(f, c.expand(set, f).yes)
		r.split[f][set] = &s
	}
	return r.split[f][set]
}

// grown is the list with room for so many.
func grown[T any](list []T, n int) []T {
	if len(list) < n {
		list = append(list, make([]T, n-len(list))...)
	}
	return list
}

// setKeys is one set of a row with all the keys it is given.
type setKeys struct {
	set  int32
	keys []span
}

// bySet are a row's sets, each with its keys.
func (r *row) bySet() []setKeys {
	var out []setKeys
	from := int32(0)
	for _, s := range r.segments {
		at := slices.IndexFunc(out, func(k setKeys) bool { return k.set == s.set })
		if len(out) > few {
			at = -1 // not worth looking for
		}
		if at < 0 {
			at = len(out)
			out = append(out, setKeys{set: s.set})
		}
		out[at].keys = appendSpan(out[at].keys, span{from, s.to})
		from = s.to
	}
	return out
}

// rowFlows calls each with the connections to the units of a row, or some of
// them.
func (c *Chart) rowFlows(f family, r *row, targets []span, each func(from, to, keys []span, m match)) {
	for _, sk := range r.bySet() {
		if sk.set == nobody && r.doubt != maybeAny {
			continue
		}
		if r.doubt == certain {
			c.rectangles(f, c.splitOf(f, sk.set), targets, sk.keys, yes, each)
		}
		if unsure := c.peersAt(r, sk.set, f).perhaps; len(unsure) > 0 {
			s := c.rows[egress].splitBy(f, unsure)
			c.rectangles(f, &s, targets, sk.keys, perhaps, each)
		}
	}
}

// Flows calls yield with every connection that policies admit between pods, as
// rectangles that do not overlap but in families. Whether the pod answers is
// another question (Listens), and so is a pod and itself.
func (c *Chart) Flows(yield func(Flow) bool) {
	c.unitsOf()
	stop := false
	for _, in := range []Families{IPv4, IPv6} {
		f := family(in >> 1)
		for i, r := range c.rows[ingress].list[f] {
			members := c.rows[ingress].members[f][i]
			if len(members) == 0 {
				continue
			}
			c.rowFlows(f, r, members, func(from, to, keys []span, m match) {
				if !stop {
					stop = !yield(Flow{From: Set{from}, To: Set{to}, Ports: portsOf(keys), Sure: m == yes, Families: in})
				}
			})
			if stop {
				return
			}
		}
	}
}

// Certain reports whether nothing in the cluster is left open between pods: all
// Flows are Sure.
func (c *Chart) Certain() bool {
	c.onlyUnits()
	return !c.units.unclear && !c.unclear
}

// Between are the ports by which the pods of one Unit reach those of another, in
// a family, and those of which it is not known.
func (c *Chart) Between(from, to Unit, in Families) (sure, unsure Ports) {
	c.unitsOf()
	f := family(in >> 1)
	if c.rows[ingress].ofUnit[f][to] < 0 || c.rows[egress].ofUnit[f][from] < 0 {
		return nil, nil
	}
	ins := c.keysFor(c.rows[ingress].list[f][c.rows[ingress].ofUnit[f][to]], int32(from), f)
	outs := c.keysFor(c.rows[egress].list[f][c.rows[egress].ofUnit[f][from]], int32(to), f)
	both := intersect(ins[1], outs[1])
	maybe := minus(intersect(union(ins[0], ins[1]), union(outs[0], outs[1])), both)
	return portsOf(both), portsOf(maybe)
}

// keysFor are the keys a row gives a unit: perhaps, and for certain.
func (c *Chart) keysFor(r *row, n int32, f family) [2][]span {
	var out [2][]span
	from := int32(0)
	for _, s := range r.segments {
		set := c.peersAt(r, s.set, f)
		switch {
		case has(set.yes, n):
			out[1] = appendSpan(out[1], span{from, s.to})
		case has(set.perhaps, n):
			out[0] = appendSpan(out[0], span{from, s.to})
		}
		from = s.to
	}
	return out
}
