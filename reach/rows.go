package reach

import "net/netip"

// row is what the policies of some units give in one direction and family: by
// port, who may be at the other end.
type row struct {
	segments []segment
	doubt    doubt
	open     bool // nothing isolates them, and nothing is in doubt
}

// rows are those of a side, by family. Row 0 is open; nil is one that no unit has.
type rows struct {
	list    [2][]*row
	members [2][][]span
	ofUnit  [2][]int32
	known   [2]map[rowKey]int32
	// closed are the units whose row is not open, in order.
	closed [2][]closedRun
	split  [2][]*splitSet // of egress, by set: the units in it
	hulls  [2][]span      // by row; {}: not known yet
}

type closedRun struct {
	span
	row int32
}

// rowKey is equal for units with equal rows.
type rowKey struct {
	group int32
	doubt doubt
	whens string // which of the group's whens count
}

// rowName finds a row whatever Chart it is in.
type rowName struct {
	side   side
	family family
	rowKey
}

func newRows(c *Chart, u *units, s side) *rows {
	r := &rows{}
	for f := range r.list {
		r.ofUnit[f] = make([]int32, len(u.list))
		r.known[f] = map[rowKey]int32{{}: 0}
		for i := range u.list {
			un := &u.list[i]
			if r.ofUnit[f][i] = -1; un.families&(1<<f) == 0 {
				continue
			}
			id := r.number(c, un, s, family(f))
			r.ofUnit[f][i] = id
			r.members[f][id] = appendSpan(r.members[f][id], span{int32(i), int32(i) + 1})
		}
		r.close(f)
	}
	return r
}

// number finds or adds the unit's row.
func (r *rows) number(c *Chart, un *unit, s side, f family) int32 {
	key := c.rowKey(un, s, f)
	id, ok := r.known[f][key]
	if !ok {
		id = int32(len(r.known[f]))
		r.known[f][key] = id
	}
	for int(id) >= len(r.list[f]) {
		r.list[f] = append(r.list[f], nil)
		r.members[f] = append(r.members[f], nil)
	}
	if r.list[f][id] == nil {
		r.list[f][id] = c.rowFor(un, key, s, f)
	}
	return id
}

// close lists the units that are not open.
func (r *rows) close(f int) {
	r.closed[f] = nil
	for i, id := range r.ofUnit[f] {
		if id <= 0 {
			continue
		}
		n := len(r.closed[f]) - 1
		if n >= 0 && r.closed[f][n].row == id && r.closed[f][n].to == int32(i) {
			r.closed[f][n].to++
		} else {
			r.closed[f] = append(r.closed[f], closedRun{span{int32(i), int32(i) + 1}, id})
		}
	}
}

// with are the rows after the policies of some units changed. r stays as it is.
func (r *rows) with(c *Chart, s side, changed []span) *rows {
	n := &rows{known: r.known}
	for f := range r.list {
		n.list[f] = append([]*row(nil), r.list[f]...)
		n.members[f] = append([][]span(nil), r.members[f]...)
		n.ofUnit[f] = append([]int32(nil), r.ofUnit[f]...)
		left, joined := map[int32][]span{}, map[int32][]span{}
		for _, run := range changed {
			for i := run.from; i < run.to; i++ {
				was := r.ofUnit[f][i]
				if was < 0 {
					continue
				}
				now := n.number(c, &c.units.list[i], s, family(f))
				if n.ofUnit[f][i] = now; now != was {
					left[was] = appendSpan(left[was], span{i, i + 1})
					joined[now] = appendSpan(joined[now], span{i, i + 1})
				}
			}
		}
		for id, units := range left {
			n.members[f][id] = minus(n.members[f][id], units)
		}
		for id, units := range joined {
			n.members[f][id] = union(n.members[f][id], units)
		}
		if n.closed[f] = r.closed[f]; len(left) > 0 {
			n.close(f)
		}
	}
	return n
}

func (c *Chart) rowKey(un *unit, s side, f family) rowKey {
	k := rowKey{doubt: un.doubt}
	if !c.profile.Enforces {
		return k
	}
	k.group = c.groupOf[s][un.class]
	whens := c.groups[s][k.group].whens
	b := make([]byte, len(whens))
	for i := range whens {
		b[i] = byte(whens[i].holds(un, f))
	}
	k.whens = string(b)
	return k
}

func (w *when) holds(un *unit, f family) match {
	switch {
	case un.pod.Invented:
		return perhaps
	case inRanges(w.ranges, un.addr[f]):
		return yes
	}
	return no
}

// rowFor is the row of a key, which is the unit's.
func (c *Chart) rowFor(un *unit, k rowKey, s side, f family) *row {
	name := rowName{s, f, k}
	r := c.rowsKept[name]
	if r == nil {
		r = c.newRow(un, k, s, f)
		c.rowsKept[name] = r
	}
	return r
}

func (c *Chart) newRow(un *unit, k rowKey, s side, f family) *row {
	r := &row{doubt: k.doubt, segments: []segment{{int32(allKeys), everybody}}, open: k == rowKey{}}
	if k.group == 0 {
		return r
	}
	g := c.groups[s][k.group]
	r.segments = g.segments
	if len(g.whens) == 0 {
		return r
	}
	var all []given
	from := int32(0)
	for _, seg := range g.segments {
		all = append(all, given{span{from, seg.to}, seg.set})
		from = seg.to
	}
	for i := range g.whens {
		switch w := &g.whens[i]; w.holds(un, f) {
		case yes:
			all = append(all, given{w.keys, w.set})
		case perhaps:
			all = append(all, given{w.keys, c.keep(c.set(w.set).unsure())})
		default:
		}
	}
	r.segments = c.sweep(all)
	return r
}

// peersAt is who a row gives a key to, as units.
func (c *Chart) peersAt(r *row, set int32, f family) *unitSet {
	s := c.expand(set, f)
	switch r.doubt {
	case maybeNot:
		return &unitSet{perhaps: union(s.yes, s.perhaps)}
	case maybeAny:
		return &unitSet{perhaps: c.units.members[f]}
	default:
		return s
	}
}

// hull is a run that holds every unit to which a row says anything but no.
func (c *Chart) hull(r *rows, f family, id int32) span {
	r.hulls[f] = grown(r.hulls[f], len(r.list[f]))
	if h := r.hulls[f][id]; h != (span{}) {
		return h
	}
	h := span{from: int32(len(c.units.list))}
	for _, seg := range r.list[f][id].segments {
		s := c.peersAt(r.list[f][id], seg.set, f)
		for _, list := range [2][]span{s.yes, s.perhaps} {
			if len(list) > 0 {
				h = span{min(h.from, list[0].from), max(h.to, list[len(list)-1].to)}
			}
		}
	}
	r.hulls[f][id] = h
	return h
}

// addrAt is what a row gives an address that is no pod's.
func (c *Chart) addrAt(r *row, k key, addr netip.Addr) match {
	p := c.set(r.at(k))
	answer := p.holdsAddr(-1, addr)
	if p.everybody {
		answer = yes
	}
	return r.doubt.of(answer)
}

func (r *row) at(k key) int32 {
	g := group{segments: r.segments}
	return g.at(k)
}

func (d doubt) of(m match) match {
	switch {
	case d == maybeAny:
		return perhaps
	case d == maybeNot:
		return min(m, perhaps)
	}
	return m
}
