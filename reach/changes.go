package reach

import (
	"cmp"
	"slices"

	"github.com/portolan-net/portolan/policy"
)

// compare finds what one Chart admits and another does not. Both have the same
// units.
//
//	lost = was − now = {ingress was, not now: egress was}
//	                 + {egress was, not now: ingress was and now}
//
// and gained the other way round, so nothing is counted twice.
type compare struct {
	was, now *Chart
	family   family
	// level is what is compared: what passes for certain, or what may pass.
	level match
	// moved are the units with other rows than before, by side.
	moved   [2][]movedRow
	changed [2][]span
	// ids are equal for equal sets of the two Charts; nil: sets are the same.
	ids [2][]int32
	// piles are targets by keys, of the sources in hand.
	piles map[span][][]span
	// admitters are the rows that admit any of the sources in hand, once they are
	// looked for.
	admitters []admitter
	out       []Change
	from      int // where the changes of the pair in hand begin
}

// movedRow is units that had one row and have another.
type movedRow struct {
	was, now *row
	units    []span
}

// changes compares a Chart with the one before, whose classes changed.
func (c *Chart) changes(was *Chart, classes [2][]span) []Change {
	if was.units != c.units {
		other := *was
		other.units, other.places, other.rows, other.stale = c.units, nil, [2]*rows{}, [2][]span{}
		was = &other
	}
	var out []Change
	for f := range c.units.members {
		if len(c.units.members[f]) == 0 {
			continue
		}
		x := compare{was: was, now: c, family: family(f), level: yes}
		for s := range classes {
			x.changed[s] = c.units.fromClasses(classes[s], x.family)
			x.moved[s] = x.move(side(s))
		}
		out = append(out, x.run()...)
		if x.uncertain() {
			x.level = perhaps
			out = append(out, x.run()...)
		}
	}
	return out
}

// move groups the units of a side by their rows.
func (x *compare) move(s side) []movedRow {
	var out []movedRow
	at := map[[2]*row]int{}
	for _, run := range x.changed[s] {
		for i := run.from; i < run.to; i++ {
			old, young := &x.was.units.list[i], &x.now.units.list[i]
			k := [2]*row{
				x.was.rowFor(old, x.was.rowKey(old, s, x.family), s, x.family),
				x.now.rowFor(young, x.now.rowKey(young, s, x.family), s, x.family),
			}
			n, ok := at[k]
			if !ok {
				n = len(out)
				at[k] = n
				out = append(out, movedRow{was: k[0], now: k[1]})
			}
			out[n].units = appendSpan(out[n].units, span{i, i + 1})
		}
	}
	return out
}

// uncertain reports whether anything in the cluster is left open.
func (x *compare) uncertain() bool {
	return !x.was.Certain() || !x.now.Certain()
}

func (x *compare) run() []Change {
	x.out, x.piles = nil, map[span][][]span{}
	for _, m := range x.moved[ingress] {
		x.from = len(x.out)
		x.each(&m, func(was, now int32, keys span) {
			x.targets(&m, was, now, keys)
		})
	}
	for _, m := range x.moved[egress] {
		x.from, x.admitters = len(x.out), nil
		x.each(&m, func(was, now int32, keys span) {
			x.sources(&m, was, now, keys)
		})
	}
	return x.out
}

// each calls do with the runs of keys at which the two rows may differ.
func (x *compare) each(m *movedRow, do func(was, now int32, keys span)) {
	a, b := m.was.segments, m.now.segments
	for from := int32(0); from < int32(allKeys); {
		to := min(a[0].to, b[0].to)
		if x.differ(m, a[0].set, b[0].set) {
			do(a[0].set, b[0].set, span{from, to})
		}
		if a[0].to == to {
			a = a[1:]
		}
		if b[0].to == to {
			b = b[1:]
		}
		from = to
	}
}

// differ reports whether two sets do.
func (x *compare) differ(m *movedRow, was, now int32) bool {
	if x.ids[0] != nil {
		was, now = x.ids[0][was], x.ids[1][now]
	}
	return was != now || m.was.doubt != m.now.doubt
}

// at is who a row gives a set of keys to, at the level.
func (x *compare) at(c *Chart, r *row, set int32) []span {
	s := c.peersAt(r, set, x.family)
	if x.level == yes {
		return s.yes
	}
	return union(s.yes, s.perhaps)
}

// ranges are the addresses besides pods.
func (x *compare) ranges(c *Chart, r *row, set int32) []policy.Range {
	p := c.set(set)
	switch {
	case r.doubt != certain && x.level == yes:
		return nil
	case p.everybody, r.doubt == maybeAny:
		return []policy.Range{space(x.family)}
	}
	return ofFamilyRanges(p.ranges, x.family)
}

// targets are units that admit other sources than before.
func (x *compare) targets(m *movedRow, was, now int32, keys span) {
	old, young := x.at(x.was, m.was, was), x.at(x.now, m.now, now)
	x.through(x.was, minus(old, young), m.units, keys, true)
	x.through(x.now, minus(young, old), m.units, keys, false)
	before, after := x.ranges(x.was, m.was, was), x.ranges(x.now, m.now, now)
	x.put(true, Side{Ranges: withoutRanges(before, after)}, Side{Units: Set{m.units}}, keys)
	x.put(false, Side{Ranges: withoutRanges(after, before)}, Side{Units: Set{m.units}}, keys)
}

// through keeps the sources whose egress lets them.
func (x *compare) through(c *Chart, sources, targets []span, keys span, lost bool) {
	if len(sources) == 0 {
		return
	}
	rows := c.rowsOf(egress)
	put := func(from, to, keys []span, m match) {
		if m >= x.level {
			x.put(lost, Side{Units: Set{from}}, Side{Units: Set{to}}, keys[0])
		}
	}
	if count(sources) <= few {
		s := rows.splitBy(x.family, sources)
		c.rectangles(x.family, &s, targets, []span{keys}, yes, put)
		return
	}
	for i, r := range rows.list[x.family] {
		members := rows.members[x.family][i]
		switch {
		case len(members) == 0:
		case r.open:
			put(intersect2(members, sources), targets, []span{keys}, yes)
		default:
			c.throughRow(x.family, r, members, targets, []span{keys}, yes, func(from, to, keys []span, m match) {
				put(intersect2(from, sources), to, keys, m)
			})
		}
	}
}

// sources are units that may send elsewhere than before.
func (x *compare) sources(m *movedRow, was, now int32, keys span) {
	old, young := x.at(x.was, m.was, was), x.at(x.now, m.now, now)
	x.admitted(m.units, minus(old, young), keys, true)
	x.admitted(m.units, minus(young, old), keys, false)
	before, after := x.ranges(x.was, m.was, was), x.ranges(x.now, m.now, now)
	x.put(true, Side{Units: Set{m.units}}, Side{Ranges: withoutRanges(before, after)}, keys)
	x.put(false, Side{Units: Set{m.units}}, Side{Ranges: withoutRanges(after, before)}, keys)
}

// admitted keeps the targets whose ingress admitted the sources and does still.
func (x *compare) admitted(sources, targets []span, keys span, lost bool) {
	if len(targets) == 0 {
		return
	}
	rows := x.was.rowsOf(ingress)
	same := minus(targets, x.changed[ingress])
	if count(same) <= few {
		s := rows.splitBy(x.family, same)
		if len(s.open) > 0 {
			x.put(lost, Side{Units: Set{sources}}, Side{Units: Set{s.open}}, keys)
		}
		for i := range s.parts {
			x.one(rows.list[x.family][s.parts[i].row], sources, s.parts[i].units, keys, lost)
		}
	} else {
		x.throughAdmitters(sources, same, keys, lost)
	}
	x.flush(sources, lost)
	for i := range x.moved[ingress] {
		m := &x.moved[ingress][i]
		if to := intersect2(m.units, targets); len(to) > 0 {
			x.both(m, sources, to, keys, lost)
		}
	}
}

// one keeps the sources that targets of a row admit.
func (x *compare) one(r *row, sources, targets []span, keys span, lost bool) {
	for i, from := segmentAt(r.segments, keys.from), keys.from; from < keys.to; i++ {
		to := min(r.segments[i].to, keys.to)
		if list := intersect2(x.at(x.was, r, r.segments[i].set), sources); len(list) > 0 {
			x.pile(sources, list, targets, span{from, to}, lost)
		}
		from = to
	}
}

// pile keeps targets of all the sources for flush; those of some are put.
func (x *compare) pile(sources, list, targets []span, keys span, lost bool) {
	if slices.Equal(list, sources) {
		x.piles[keys] = append(x.piles[keys], targets)
	} else {
		x.put(lost, Side{Units: Set{list}}, Side{Units: Set{targets}}, keys)
	}
}

// flush puts the targets that admit all of the sources by the same keys together.
func (x *compare) flush(sources []span, lost bool) {
	piles := make([]span, 0, len(x.piles))
	for keys := range x.piles {
		piles = append(piles, keys)
	}
	slices.SortFunc(piles, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, keys := range piles {
		x.put(lost, Side{Units: Set{sources}}, Side{Units: Set{unionAll(x.piles[keys])}}, keys)
	}
	clear(x.piles)
}

// both keeps the sources that targets of two rows admit by either.
func (x *compare) both(m *movedRow, sources, targets []span, keys span, lost bool) {
	at := segmentAt(m.was.segments, keys.from)
	now := segmentAt(m.now.segments, keys.from)
	for from := keys.from; from < keys.to; {
		a, b := m.was.segments[at], m.now.segments[now]
		to := min(a.to, b.to, keys.to)
		list := intersect2(x.at(x.was, m.was, a.set), sources)
		if x.differ(m, a.set, b.set) {
			list = intersect2(x.at(x.now, m.now, b.set), list)
		}
		if len(list) > 0 {
			x.put(lost, Side{Units: Set{list}}, Side{Units: Set{targets}}, span{from, to})
		}
		if a.to == to {
			at++
		}
		if b.to == to {
			now++
		}
		from = to
	}
}

// put adds a change, to the ports of one between the same if there is any.
func (x *compare) put(lost bool, from, to Side, keys span) {
	if from.isEmpty() || to.isEmpty() {
		return
	}
	ports := portsOf([]span{keys})
	for i := len(x.out) - 1; i >= max(x.from, len(x.out)-4); i-- {
		if o := &x.out[i]; o.Lost == lost && o.From.equal(&from) && o.To.equal(&to) {
			o.Ports = o.Ports.Union(ports)
			return
		}
	}
	x.out = append(x.out, Change{Lost: lost, From: from, To: to, Ports: ports, Sure: x.level == yes, Families: 1 << x.family})
}

func (s *Side) isEmpty() bool { return len(s.Units.spans) == 0 && len(s.Ranges) == 0 }

func (s *Side) equal(o *Side) bool {
	return slices.Equal(s.Units.spans, o.Units.spans) && slices.Equal(s.Ranges, o.Ranges)
}
