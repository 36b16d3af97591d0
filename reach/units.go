package reach

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// family is IPv4 or IPv6 as an index.
type family uint8

func familyOf(a netip.Addr) family {
	if a.Is6() {
		return 1
	}
	return 0
}

// unit is what pods have in common that are one Unit.
type unit struct {
	class    int32
	pod      *cluster.Pod // one of them
	addr     [2]netip.Addr
	families Families
	doubt    doubt
	// contested: an address of theirs is somebody else's.
	contested bool
	// detected by family: the proxy takes their addresses for pods'.
	detected Families
}

// doubt is how much objects that are not modelled may change.
type doubt uint8

const (
	certain  doubt = iota
	maybeNot       // what is admitted may be denied
	maybeAny       // anything may be otherwise
)

// units are all pods with a network of their own and an address, and what the
// tables say of them in numbers of units.
type units struct {
	list    []unit
	ofPod   []int32 // by place in Snapshot.Pods, -1: none
	pods    []int32 // by unit
	starts  []int32 // where a unit's pods begin in pods, and one more
	ofClass []span
	members [2][]span // units with an address of the family
	byAddr  [2][]int32
	// invented are units of pods whose address is not known.
	invented []int32

	sets [2][]*unitSet // by family and set: who is in it

	// base, if not nil, are the units these are other numbers of; places are the
	// numbers of each.
	base   *units
	places [][]int32

	told int // prefixes by which they are apart: the first so many
	// unclear: an address or another engine leaves something open.
	unclear bool
}

// unitSet is peers as units.
type unitSet struct {
	yes, perhaps []span
}

func newUnits(c *Chart) *units {
	u := &units{ofPod: make([]int32, len(c.ofPod)), ofClass: make([]span, len(c.list)), told: len(c.atoms.known)}
	count := make([]int32, len(c.list)+1)
	for _, class := range c.ofPod {
		if class >= 0 {
			count[class+1]++
		}
	}
	for i := range len(c.list) {
		count[i+1] += count[i]
	}
	byClass, at := make([]int32, count[len(c.list)]), slices.Clone(count)
	for i, class := range c.ofPod {
		if u.ofPod[i] = -1; class >= 0 {
			byClass[at[class]] = int32(i)
			at[class]++
		}
	}
	u.pods = make([]int32, 0, len(byClass))
	k := keyer{c: c}
	for class := range c.list {
		u.ofClass[class].from = int32(len(u.list))
		u.addClass(c, &k, int32(class), byClass[count[class]:count[class+1]])
		u.ofClass[class].to = int32(len(u.list))
	}
	u.starts = append(u.starts, int32(len(u.pods)))
	for f := range u.members {
		for i := range u.list {
			if u.list[i].families&(1<<f) != 0 {
				u.members[f] = appendSpan(u.members[f], span{int32(i), int32(i) + 1})
				u.byAddr[f] = append(u.byAddr[f], int32(i))
			}
		}
		slices.SortFunc(u.byAddr[f], func(a, b int32) int { return u.list[a].addr[f].Compare(u.list[b].addr[f]) })
	}
	return u
}

// addClass splits a class.
func (u *units) addClass(c *Chart, k *keyer, class int32, pods []int32) {
	var keys [][]byte
	var lists [][]int32
	for _, i := range pods {
		p := &c.m.Snapshot.Pods[i]
		if len(p.IPs) == 0 {
			continue
		}
		key := k.of(p)
		at := k.find(keys, key)
		if at < 0 {
			at = len(keys)
			keys, lists = append(keys, slices.Clone(key)), append(lists, nil)
			k.remember(keys)
		}
		lists[at] = append(lists[at], i)
	}
	k.places = nil
	for _, list := range lists {
		id := int32(len(u.list))
		p := &c.m.Snapshot.Pods[list[0]]
		un := unit{class: class, pod: p, doubt: doubtOf(c.m, p)}
		for _, a := range p.IPs {
			f := familyOf(a)
			un.contested = un.contested || c.m.Index.PodByIP(a) != p
			if un.families&(1<<f) == 0 {
				un.families |= 1 << f
				un.addr[f] = a
				if k.detects(a) {
					un.detected |= 1 << f
				}
			}
		}
		if p.Invented {
			u.invented = append(u.invented, id)
		}
		u.list = append(u.list, un)
		u.unclear = u.unclear || un.doubt != certain || p.Invented
		u.starts = append(u.starts, int32(len(u.pods)))
		u.pods = append(u.pods, list...)
		for _, i := range list {
			u.ofPod[i] = id
		}
	}
}

// keyer writes down what besides its class tells a pod apart.
type keyer struct {
	c      *Chart
	buffer []byte
	places map[string]int // of many keys
}

func (k *keyer) of(p *cluster.Pod) []byte {
	b := append(k.buffer[:0], p.Owner.Kind...)
	b = append(append(b, '/'), p.Owner.Name...)
	if p.Invented {
		b = append(b, '!')
	}
	for _, a := range p.IPs {
		b = append(b, 0, byte(familyOf(a)))
		if k.detects(a) {
			b[len(b)-1] |= 2
		}
		if k.c.m.Index.PodByIP(a) != p {
			b[len(b)-1] |= 4
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(k.c.atoms.Longest(a)))
	}
	k.buffer = b
	return b
}

func (k *keyer) detects(a netip.Addr) bool { return k.c.m.Profile.DetectsAsPod(a) }

// find is the place of a key, or -1.
func (k *keyer) find(keys [][]byte, key []byte) int {
	if len(keys) <= few {
		return slices.IndexFunc(keys, func(o []byte) bool { return string(o) == string(key) })
	}
	if k.places == nil {
		k.places = map[string]int{}
		for i, o := range keys {
			k.places[string(o)] = i
		}
	}
	if at, ok := k.places[string(key)]; ok {
		return at
	}
	return -1
}

func (k *keyer) remember(keys [][]byte) {
	if k.places != nil {
		k.places[string(keys[len(keys)-1])] = len(keys) - 1
	}
}

// doubtOf asks the Model by a judgement of its own.
func doubtOf(m *model.Model, p *cluster.Pod) doubt {
	foreign := m.ForeignTo(p)
	if len(foreign) == 0 {
		return certain
	}
	for _, f := range foreign {
		if !f.DenyOnly {
			return maybeAny
		}
	}
	return maybeNot
}

// unitsOf makes the units, and their rows, when they are first needed.
func (c *Chart) unitsOf() *units {
	c.onlyUnits()
	c.rowsOf(ingress)
	c.rowsOf(egress)
	return c.units
}

func (c *Chart) onlyUnits() {
	if c.units == nil {
		c.units = newUnits(c)
	}
}

// rowsOf makes the rows of a side, or brings them up to date.
func (c *Chart) rowsOf(s side) *rows {
	switch {
	case c.rows[s] == nil:
		c.rows[s] = newRows(c, c.units, s)
	case len(c.stale[s]) > 0:
		c.rows[s] = c.rows[s].with(c, s, c.stale[s])
	}
	c.stale[s] = nil
	return c.rows[s]
}

// expand is a set as units.
func (c *Chart) expand(set int32, f family) *unitSet {
	u := c.units
	u.sets[f] = grown(u.sets[f], len(c.kept))
	if s := u.sets[f][set]; s != nil {
		return s
	}
	if u.base == nil {
		u.sets[f][set] = c.makeSet(c.set(set), f)
	} else {
		own := *c
		own.units = u.base
		s := own.expand(set, f)
		u.sets[f][set] = &unitSet{yes: u.renumbered(s.yes, f), perhaps: u.renumbered(s.perhaps, f)}
	}
	return u.sets[f][set]
}

func (c *Chart) makeSet(p *peers, f family) *unitSet {
	u := c.units
	if p.everybody {
		return &unitSet{yes: u.members[f]}
	}
	s := &unitSet{yes: u.fromClasses(p.yes, f), perhaps: u.fromClasses(p.perhaps, f)}
	if !c.profile.Identities {
		var sure, unsure []int32
		try := func(i int32) {
			addr := u.list[i].addr[f]
			if u.list[i].pod.Invented {
				addr = netip.Addr{}
			}
			switch p.holdsAddr(u.list[i].class, addr) {
			case yes:
				sure = append(sure, i)
			case perhaps:
				unsure = append(unsure, i)
			default:
			}
		}
		for _, r := range p.ranges {
			u.within(r, f, try)
		}
		for i := range p.named {
			for _, r := range p.named[i].ranges {
				u.within(r, f, try)
			}
		}
		if p.blocks || len(p.named) > 0 {
			for _, i := range u.invented {
				if u.list[i].families&(1<<f) != 0 {
					try(i)
				}
			}
		}
		slices.Sort(sure)
		slices.Sort(unsure)
		s.yes, s.perhaps = union(s.yes, runs(sure)), union(s.perhaps, runs(unsure))
	}
	s.perhaps = minus(s.perhaps, s.yes)
	return s
}

// within calls each with the units whose address is in the range.
func (u *units) within(r policy.Range, f family, each func(int32)) {
	if familyOf(r.First) != f {
		return
	}
	list := u.byAddr[f]
	at := sort.Search(len(list), func(i int) bool { return u.list[list[i]].addr[f].Compare(r.First) >= 0 })
	for ; at < len(list) && r.Contains(u.list[list[at]].addr[f]); at++ {
		each(list[at])
	}
}

// fromClasses are the units of classes, in a family.
func (u *units) fromClasses(classes []span, f family) []span {
	return intersect2(u.unitSpans(classes), u.members[f])
}

func (u *units) unitSpans(classes []span) []span {
	var out []span
	for _, s := range classes {
		out = appendSpan(out, span{u.ofClass[s.from].from, u.ofClass[s.to-1].to})
	}
	return out
}

// Units is how many there are.
func (c *Chart) Units() int { return len(c.unitsOf().list) }

// Unit says what pods of a Unit have in common.
func (c *Chart) Unit(n Unit) UnitInfo {
	u := c.unitsOf()
	p := u.list[n].pod
	return UnitInfo{Namespace: p.Namespace, Workload: p.Owner, Example: p, Pods: int(u.starts[n+1] - u.starts[n])}
}

// UnitOf is the pod's Unit, or -1 for one without a network of its own or without
// an address.
func (c *Chart) UnitOf(p *cluster.Pod) Unit {
	if i := c.m.Index.NumberOf(p); i >= 0 {
		return Unit(c.unitsOf().ofPod[i])
	}
	return -1
}

// Pods are those of a Unit.
func (c *Chart) Pods(n Unit) []*cluster.Pod {
	u := c.unitsOf()
	var out []*cluster.Pod
	for _, i := range u.pods[u.starts[n]:u.starts[n+1]] {
		out = append(out, &c.m.Snapshot.Pods[i])
	}
	return out
}

// Listens are the ports that the pods of a Unit answer on, going by those they
// declare; of a protocol of which none is declared all are assumed to.
func (c *Chart) Listens(n Unit) Ports {
	pod := c.unitsOf().list[n].pod
	out := AllPorts()
	for _, p := range []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP} {
		var declared []int32
		for _, port := range pod.Ports {
			if port.Protocol == p {
				declared = append(declared, int32(keyOf(p, port.Port)))
			}
		}
		if len(declared) > 0 {
			slices.Sort(declared)
			all := Ports{{p, 0, 65535}}
			out = out.Minus(all).Union(portsOf(runs(slices.Compact(declared))))
		}
	}
	return out
}

// Len is how many units are in the set.
func (s Set) Len() int { return count(s.spans) }

// Contains reports whether the unit is in the set.
func (s Set) Contains(n Unit) bool { return has(s.spans, int32(n)) }

// All calls yield with each unit, in order.
func (s Set) All(yield func(Unit) bool) {
	for _, r := range s.spans {
		for n := r.from; n < r.to; n++ {
			if !yield(Unit(n)) {
				return
			}
		}
	}
}

// PodsIn is how many pods a set of units has.
func (c *Chart) PodsIn(s Set) int {
	u, n := c.unitsOf(), 0
	for _, r := range s.spans {
		n += int(u.starts[r.to] - u.starts[r.from])
	}
	return n
}
