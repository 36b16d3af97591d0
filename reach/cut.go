package reach

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// cut is units by what a check says of them, indexed by match. Equal ones are
// kept once.
type cut struct {
	id    int32
	units [3][]span
}

// cuts find for a check which units pass it.
type cuts struct {
	c       *Chart
	family  family
	known   map[cutKey]*cut
	byText  map[string]*cut
	narrow  map[int32][]entry // by target: rows of egress that name few targets
	broad   []entry
	atKey   map[key][]entry // of broad, by key
	unsure  []rowMatch      // rows in doubt
	started bool
	count   int32
	buffer  []byte
	found   []rowMatch
}

// entry is what a row of egress gives to a set of targets.
type entry struct {
	row  int32
	keys span
	set  *unitSet
}

type rowMatch struct {
	row int32
	match
}

// cutKey is equal for checks that cut units alike.
type cutKey struct {
	egress bool
	set    int32 // the target's ingress at the key
	doubt  doubt
	target int32 // its unit, for egress
	addr   netip.Addr
	key    key
}

func (c *Chart) cutsOf(f family) *cuts {
	if c.cuts[f] == nil {
		c.cuts[f] = &cuts{c: c, family: f, known: map[cutKey]*cut{}, byText: map[string]*cut{}, narrow: map[int32][]entry{}, atKey: map[key][]entry{}}
	}
	return c.cuts[f]
}

// of is the cut of a check; rep is the sender in it.
func (x *cuts) of(ch *check, rep *cluster.Pod) *cut {
	k := x.keyOf(ch, rep)
	if known := x.known[k]; known != nil {
		return known
	}
	var found *cut
	switch {
	case !k.egress:
		row := row{doubt: k.doubt}
		s := x.c.peersAt(&row, k.set, x.family)
		all := x.c.units.members[x.family]
		found = x.keep(nil, func() [3][]span { return [3][]span{minus(all, union(s.yes, s.perhaps)), s.perhaps, s.yes} })
	case k.target >= 0:
		found = x.keepRows(x.targetRows(k.target, k.key))
	default:
		found = x.keepRows(x.addrRows(ch, k.key))
	}
	x.known[k] = found
	return found
}

func (x *cuts) keyOf(ch *check, rep *cluster.Pod) cutKey {
	k := cutKey{egress: ch.Subject.Pod == rep}
	at := keyOf(ch.Protocol, ch.Port)
	if !k.egress {
		r := x.c.ingressRow(ch.Subject.Pod, x.family)
		k.set, k.doubt = r.at(at), r.doubt
		return k
	}
	k.key = at
	if k.target = x.c.unitAt(ch.Peer.Pod); k.target < 0 {
		k.addr = ch.Peer.Addr
	}
	return k
}

func (x *cuts) keep(text []byte, units func() [3][]span) *cut {
	if text != nil {
		if known := x.byText[string(text)]; known != nil {
			return known
		}
	}
	found := &cut{id: x.count, units: units()}
	x.count++
	if text != nil {
		x.byText[string(text)] = found
	}
	return found
}

// keepRows is the cut by rows of egress: those listed, and all others that are
// not open say no.
func (x *cuts) keepRows(list []rowMatch) *cut {
	slices.SortFunc(list, func(a, b rowMatch) int { return int(a.row) - int(b.row) })
	b := x.buffer[:0]
	for _, r := range list {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(r.row)), byte(r.match))
	}
	x.buffer = b
	return x.keep(append(b, '.'), func() [3][]span {
		rows := x.c.rows[egress]
		answers := make([]match, len(rows.list[x.family]))
		for _, r := range list {
			answers[r.row] = max(answers[r.row], r.match)
		}
		var out [3][]span
		for _, run := range rows.closed[x.family] {
			m := answers[run.row]
			out[m] = appendSpan(out[m], run.span)
		}
		out[yes] = minus(x.c.units.members[x.family], union(out[no], out[perhaps]))
		return out
	})
}

// few is how many units a list may have to be looked at one by one. Tests lower it,
// so that small clusters have long lists.
var few = 64

func (x *cuts) start() {
	x.started = true
	for i, r := range x.c.rows[egress].list[x.family] {
		if r == nil || r.open {
			continue
		}
		if r.doubt == maybeAny {
			x.unsure = append(x.unsure, rowMatch{int32(i), perhaps})
			continue
		}
		from := int32(0)
		for _, s := range r.segments {
			keys := span{from, s.to}
			from = s.to
			if s.set == nobody {
				continue
			}
			e := entry{int32(i), keys, x.c.peersAt(r, s.set, x.family)}
			all := union(e.set.yes, e.set.perhaps)
			if count(all) > few {
				x.broad = append(x.broad, e)
				continue
			}
			for _, u := range all {
				for n := u.from; n < u.to; n++ {
					x.narrow[n] = append(x.narrow[n], e)
				}
			}
		}
	}
}

// targetRows are the rows that do not say no to a target.
func (x *cuts) targetRows(target int32, k key) []rowMatch {
	if !x.started {
		x.start()
	}
	out := append(x.found[:0], x.unsure...)
	add := func(e *entry) {
		switch {
		case has(e.set.yes, target):
			out = append(out, rowMatch{e.row, yes})
		case has(e.set.perhaps, target):
			out = append(out, rowMatch{e.row, perhaps})
		}
	}
	broad := x.broadAt(k)
	for i := range broad {
		add(&broad[i])
	}
	narrow := x.narrow[target]
	for i := range narrow {
		if narrow[i].keys.has(k) {
			add(&narrow[i])
		}
	}
	x.found = out
	return out
}

// broadAt are the broad ones at a key.
func (x *cuts) broadAt(k key) []entry {
	at, ok := x.atKey[k]
	if !ok {
		for _, e := range x.broad {
			if e.keys.has(k) {
				at = append(at, e)
			}
		}
		x.atKey[k] = at
	}
	return at
}

// addrRows asks every row about an address that is no pod's.
func (x *cuts) addrRows(ch *check, k key) []rowMatch {
	var out []rowMatch
	class := x.c.classOf(ch.Peer.Pod)
	for i, r := range x.c.rows[egress].list[x.family] {
		if r == nil {
			continue
		}
		if m := r.doubt.of(x.c.set(r.at(k)).holds(class, &ch.Peer, x.c.profile.Identities)); m != no {
			out = append(out, rowMatch{int32(i), m})
		}
	}
	return out
}
