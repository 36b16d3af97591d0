package reach

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// enforced is one policy, with what its rules give.
type enforced struct {
	*cluster.NetworkPolicy
	subjects []span
	grants   [2][]grant
	known    [2]bool
	// varies: what it gives depends on the subject, not only on its being selected.
	varies [2]bool
}

// grant is one clause with its peers looked up.
type grant struct {
	keys span
	// name, if not empty, stands for the numbers that the subject gives it, instead
	// of keys.
	name portName
	set  int32
	// other, if not nil, is the clause whose peers the subject must be among.
	other *policy.Clause
}

// group is policies that isolate classes in one direction, compiled: by port,
// who may be at the other end.
type group struct {
	policies []int32
	segments []segment // in order, all keys
	whens    []when
	varies   bool // classes with the same policies may have other groups
}

// segment is a run of keys that begins where the one before ends.
type segment struct {
	to  int32
	set int32
}

// when is what a group gives to those of its subjects whose address is in some
// ranges.
type when struct {
	keys   span
	ranges []policy.Range
	set    int32
}

// at returns the peers of a key.
func (g *group) at(k key) int32 {
	lo, hi := 0, len(g.segments)-1
	for lo < hi {
		if mid := (lo + hi) / 2; g.segments[mid].to > int32(k) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return g.segments[lo].set
}

// join compiles groups of policies. It only grows: Charts that come from each
// other share it.
type join struct {
	*index
	*store
	profile  *cluster.PolicyProfile
	policies []*enforced
	groups   [2][]*group
	byKey    [2]map[string]int32
	unions   map[string]int32
	ids      map[flow.Object][]int32 // numbers of policies by name
	rowsKept map[rowName]*row
	buffer   []byte
}

func newJoin(x *index, profile *cluster.PolicyProfile) *join {
	j := &join{index: x, store: newStore(), profile: profile, unions: map[string]int32{}, ids: map[flow.Object][]int32{}, rowsKept: map[rowName]*row{}}
	for s := range j.groups {
		j.groups[s] = []*group{{}} // 0: not isolated
		j.byKey[s] = map[string]int32{}
	}
	return j
}

// add numbers a policy.
func (j *join) add(p *cluster.NetworkPolicy) int32 {
	j.policies = append(j.policies, &enforced{NetworkPolicy: p})
	return int32(len(j.policies) - 1)
}

// grantsOf looks up what a policy gives on one side.
func (j *join) grantsOf(id int32, s side) []grant {
	e := j.policies[id]
	if e.known[s] {
		return e.grants[s]
	}
	e.known[s] = true
	clauses := policy.Clauses(j.profile, e.NetworkPolicy, s.direction(), j.index)
	for i := range clauses {
		c := &clauses[i]
		g := grant{keys: span{0, int32(allKeys)}, set: j.clausePeers(e, c)}
		if c.Other {
			g.other = c
			e.varies[s] = e.varies[s] || !c.Everybody
		}
		if c.Protocol != flow.ProtocolUnknown {
			g.keys = span{int32(keyOf(c.Protocol, c.First)), int32(keyOf(c.Protocol, c.Last)) + 1}
		}
		name := portName{c.Protocol, c.Name}
		switch {
		case c.Name == "":
			e.grants[s] = append(e.grants[s], g)
		case s == ingress:
			g.name, e.varies[s] = name, true
			e.grants[s] = append(e.grants[s], g)
		default:
			whole := j.set(g.set)
			for _, n := range j.named(name) {
				g.keys = span{int32(keyOf(c.Protocol, n.port)), int32(keyOf(c.Protocol, n.port)) + 1}
				if g.set = j.keep(whole.only(n.classes)); g.set != nobody {
					e.grants[s] = append(e.grants[s], g)
				}
			}
		}
	}
	return e.grants[s]
}

func (j *join) set(set int32) *peers { return j.kept[set] }

// clausePeers are those that a clause is about.
func (j *join) clausePeers(e *enforced, c *policy.Clause) int32 {
	if c.Other {
		if e.subjects == nil {
			e.subjects = j.subjects(e.NetworkPolicy)
		}
		return j.keep(&peers{yes: e.subjects})
	}
	if c.Everybody {
		return everybody
	}
	p := &peers{selectors: len(c.Selectors) > 0 && !c.Known, blocks: len(c.Blocks) > 0}
	for _, s := range c.Selectors {
		found := j.peer(e.Namespace, s)
		p.yes, p.perhaps = union(p.yes, found.yes), union(p.perhaps, found.perhaps)
	}
	p.perhaps = minus(p.perhaps, p.yes)
	for _, b := range c.Blocks {
		p.world = p.world || b.CIDR.Bits() == 0 && len(b.Except) == 0
	}
	p.ranges = blockRanges(c.Blocks)
	return j.keep(p)
}

func blockRanges(blocks []*cluster.IPBlock) []policy.Range {
	var all []policy.Range
	for _, b := range blocks {
		all = append(all, policy.BlockRanges(b)...)
	}
	if len(blocks) > 1 {
		all = policy.MergeRanges(all)
	}
	return all
}

// group finds or compiles the group of policies, in order of their numbers, for
// a class.
func (j *join) group(class int32, s side, policies []int32) int32 {
	if len(policies) == 0 {
		return 0
	}
	b := j.buffer[:0]
	varies := false
	for _, id := range policies {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
		j.grantsOf(id, s)
		varies = varies || j.policies[id].varies[s]
	}
	if varies {
		b = j.appendSubject(b, class, s, policies)
	}
	j.buffer = b
	if id, ok := j.byKey[s][string(b)]; ok {
		return id
	}
	id := int32(len(j.groups[s]))
	j.byKey[s][string(b)] = id
	g := j.compile(class, s, policies)
	g.varies = varies
	j.groups[s] = append(j.groups[s], g)
	return id
}

// appendSubject writes down what of the subject its policies' grants depend on.
func (j *join) appendSubject(b []byte, class int32, s side, policies []int32) []byte {
	for _, id := range policies {
		grants := j.policies[id].grants[s]
		for i := range grants {
			g := &grants[i]
			if g.name.name != "" {
				b = appendNumbers(b, j.numbers(class, g.name))
			}
			if g.other != nil {
				b = append(b, byte(j.selects(id, g.other, class)))
			}
		}
	}
	return b
}

// selects reports whether a clause's selectors select the class.
func (j *join) selects(id int32, c *policy.Clause, class int32) match {
	answer := no
	if c.Everybody {
		return yes
	}
	for _, s := range c.Selectors {
		found := j.peer(j.policies[id].Namespace, s)
		switch {
		case has(found.yes, class):
			return yes
		case has(found.perhaps, class):
			answer = perhaps
		}
	}
	return answer
}

// given is a set of peers for a run of keys.
type given struct {
	keys span
	set  int32
}

func (j *join) compile(class int32, s side, policies []int32) *group {
	g := &group{policies: policies}
	var all []given
	for _, id := range policies {
		for _, gr := range j.grantsOf(id, s) {
			set := gr.set
			if gr.other != nil {
				switch j.selects(id, gr.other, class) {
				case yes:
				case perhaps:
					set = j.keep(j.set(set).unsure())
				default:
					set = nobody
				}
			}
			keys := []span{gr.keys}
			if gr.name.name != "" {
				keys = nil
				for _, n := range j.numbers(class, gr.name) {
					keys = append(keys, span{int32(keyOf(gr.name.Protocol, n)), int32(keyOf(gr.name.Protocol, n)) + 1})
				}
			}
			for _, k := range keys {
				if set != nobody {
					all = append(all, given{k, set})
				}
				if gr.other != nil && len(gr.other.Blocks) > 0 && !j.profile.Identities {
					g.whens = append(g.whens, when{k, blockRanges(gr.other.Blocks), gr.set})
				}
			}
		}
	}
	g.segments = j.sweep(all)
	return g
}

// sweep cuts the keys where what is given changes.
func (j *join) sweep(all []given) []segment {
	var whole []int32
	parts := all[:0]
	for _, g := range all {
		if g.keys == (span{0, int32(allKeys)}) {
			whole = append(whole, g.set)
		} else {
			parts = append(parts, g)
		}
	}
	base := j.union(whole)
	slices.SortFunc(parts, func(a, b given) int { return cmp.Compare(a.keys.from, b.keys.from) })
	var out []segment
	put := func(to, set int32) {
		if n := len(out); n > 0 && out[n-1].set == set {
			out[n-1].to = to
			return
		}
		out = append(out, segment{to, set})
	}
	var active []given
	for at := int32(0); at < int32(allKeys); {
		next := int32(allKeys)
		live := active[:0]
		for _, g := range active {
			if g.keys.to > at {
				live = append(live, g)
				next = min(next, g.keys.to)
			}
		}
		active = live
		for len(parts) > 0 && parts[0].keys.from <= at {
			active = append(active, parts[0])
			next = min(next, parts[0].keys.to)
			parts = parts[1:]
		}
		if len(parts) > 0 {
			next = min(next, parts[0].keys.from)
		}
		sets := []int32{base}
		for _, g := range active {
			sets = append(sets, g.set)
		}
		put(next, j.union(sets))
		at = next
	}
	return out
}

// union is all sets together.
func (j *join) union(sets []int32) int32 {
	slices.Sort(sets)
	sets = slices.Compact(sets)
	if len(sets) > 0 && sets[0] == nobody {
		sets = sets[1:]
	}
	switch {
	case len(sets) == 0:
		return nobody
	case sets[0] == everybody:
		return everybody
	case len(sets) == 1:
		return sets[0]
	}
	var b []byte
	for _, s := range sets {
		b = binary.LittleEndian.AppendUint32(b, uint32(s))
	}
	if known, ok := j.unions[string(b)]; ok {
		return known
	}
	id := j.keep(j.together(sets))
	j.unions[string(b)] = id
	return id
}

// together is the union of many at once.
func (j *join) together(sets []int32) *peers {
	if len(sets) == 2 {
		return j.set(sets[0]).or(j.set(sets[1]))
	}
	half := len(sets) / 2
	return j.part(sets[:half]).or(j.part(sets[half:]))
}

func (j *join) part(sets []int32) *peers {
	if len(sets) == 1 {
		return j.set(sets[0])
	}
	return j.together(sets)
}
