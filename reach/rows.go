package reach

import "net/netip"

// row is what the policies of some units give in one direction and family: by
// port, who may be at the other end.
type row struct {
	segments []segment
	doubt    doubt
	members  []span
	open     bool // nothing isolates them, and nothing is in doubt
}

// rows are those of a side. Row 0 is open.
type rows struct {
	list   [2][]*row
	ofUnit [2][]int32
	// closed are the units whose row is not open, in order.
	closed [2][]closedRun
}

type closedRun struct {
	span
	row int32
}

type rowKey struct {
	group int32
	doubt doubt
	whens string // which of the group's whens count
}

func newRows(c *Chart, u *units, s side) *rows {
	r := &rows{}
	for f := range r.list {
		r.list[f] = []*row{{segments: []segment{{int32(allKeys), everybody}}, open: true}}
		r.ofUnit[f] = make([]int32, len(u.list))
		known := map[rowKey]int32{{}: 0}
		for i := range u.list {
			un := &u.list[i]
			if r.ofUnit[f][i] = -1; un.families&(1<<f) == 0 {
				continue
			}
			key := c.rowKey(un, s, family(f))
			id, ok := known[key]
			if !ok {
				id = int32(len(r.list[f]))
				known[key] = id
				r.list[f] = append(r.list[f], c.newRow(un, key, s, family(f)))
			}
			r.ofUnit[f][i] = id
			row := r.list[f][id]
			row.members = appendSpan(row.members, span{int32(i), int32(i) + 1})
			if n := len(r.closed[f]); id != 0 {
				if n > 0 && r.closed[f][n-1].row == id && r.closed[f][n-1].to == int32(i) {
					r.closed[f][n-1].to++
				} else {
					r.closed[f] = append(r.closed[f], closedRun{span{int32(i), int32(i) + 1}, id})
				}
			}
		}
	}
	return r
}

func (c *Chart) rowKey(un *unit, s side, f family) rowKey {
	k := rowKey{doubt: un.doubt}
	if !c.profile.Enforces {
		return k
	}
	k.group = c.list[un.class].groups[s]
	if whens := c.groups[s][k.group].whens; len(whens) > 0 {
		b := make([]byte, len(whens))
		for i := range whens {
			b[i] = byte(whens[i].holds(un, f))
		}
		k.whens = string(b)
	}
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

func (c *Chart) newRow(un *unit, k rowKey, s side, f family) *row {
	r := &row{doubt: k.doubt, segments: []segment{{int32(allKeys), everybody}}}
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
