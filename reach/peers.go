package reach

import (
	"net/netip"
	"slices"
	"sort"

	"github.com/portolan-net/portolan/policy"
)

// peers are who may be at the other end, by some ports of some policies
// together.
type peers struct {
	everybody bool   // every address, known or not
	yes       []span // classes
	perhaps   []span // classes whose namespace's labels are not known; none of yes
	ranges    []policy.Range
	// named are addresses that count for the pods of some classes only: those that
	// call the port by the rule's name.
	named []namedRanges
	// blocks: an ipBlock is among them, so an address that is not known may be.
	blocks bool
	// world: a block of every address is among them.
	world bool
	// selectors: a pod whose labels are not known may be among them.
	selectors bool
}

type namedRanges struct {
	only   []span
	ranges []policy.Range
}

// match is a three-valued answer; min and max are "and" and "or".
type match uint8

const (
	no match = iota
	perhaps
	yes
)

// holds answers for one party; class is that of its pod, or -1.
func (p *peers) holds(class int32, party *policy.Party, identities bool) match {
	if p.everybody || class >= 0 && has(p.yes, class) {
		return yes
	}
	answer := no
	if class >= 0 && has(p.perhaps, class) || party.Pod == nil && !party.Unread.IsZero() && p.selectors {
		answer = perhaps
	}
	if party.NoBlocks || identities && (party.Pod != nil || party.Node) {
		return answer
	}
	if party.World {
		if p.world {
			return yes
		}
		return answer
	}
	return max(answer, p.holdsAddr(class, party.Addr))
}

// holdsAddr asks the blocks alone.
func (p *peers) holdsAddr(class int32, addr netip.Addr) match {
	answer := no
	switch {
	case addr.IsValid() && inRanges(p.ranges, addr):
		return yes
	case !addr.IsValid() && p.blocks:
		answer = perhaps
	}
	for i := range p.named {
		n := &p.named[i]
		if class < 0 || !has(n.only, class) {
			continue
		}
		if !addr.IsValid() {
			answer = perhaps
		} else if inRanges(n.ranges, addr) {
			return yes
		}
	}
	return answer
}

func inRanges(rs []policy.Range, a netip.Addr) bool {
	at := sort.Search(len(rs), func(i int) bool { return a.Compare(rs[i].Last) <= 0 })
	return at < len(rs) && rs[at].Contains(a)
}

// or is both together.
func (p *peers) or(o *peers) *peers {
	if p.everybody || o.isEmpty() {
		return p
	}
	if o.everybody || p.isEmpty() {
		return o
	}
	both := &peers{
		yes: union(p.yes, o.yes), perhaps: union(p.perhaps, o.perhaps), ranges: mergeRanges(p.ranges, o.ranges),
		blocks: p.blocks || o.blocks, world: p.world || o.world, selectors: p.selectors || o.selectors,
		named: append(slices.Clone(p.named), o.named...),
	}
	both.perhaps = minus(both.perhaps, both.yes)
	return both
}

func mergeRanges(a, b []policy.Range) []policy.Range {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return policy.MergeRanges(append(slices.Clone(a), b...))
}

func (p *peers) isEmpty() bool {
	return !p.everybody && !p.blocks && !p.selectors && len(p.yes) == 0 && len(p.perhaps) == 0 && len(p.named) == 0
}

// only are the peers among the pods of some classes: those that have the port's
// name for one number.
func (p *peers) only(classes []span) *peers {
	out := &peers{yes: intersect2(p.yes, classes), perhaps: intersect2(p.perhaps, classes)}
	if p.everybody {
		out.yes = classes
		return out
	}
	if p.blocks {
		out.named = []namedRanges{{only: classes, ranges: p.ranges}}
	}
	return out
}

// unsure are the same peers where nothing is certain.
func (p *peers) unsure() *peers {
	return &peers{perhaps: union(p.yes, p.perhaps)}
}

func (p *peers) equal(o *peers) bool {
	return p.everybody == o.everybody && p.blocks == o.blocks && p.world == o.world && p.selectors == o.selectors &&
		slices.Equal(p.yes, o.yes) && slices.Equal(p.perhaps, o.perhaps) && slices.Equal(p.ranges, o.ranges) &&
		slices.EqualFunc(p.named, o.named, func(a, b namedRanges) bool {
			return slices.Equal(a.only, b.only) && slices.Equal(a.ranges, b.ranges)
		})
}

// store keeps equal peers once. It only grows, so Charts that come from each
// other share it.
type store struct {
	kept   []*peers
	byHash map[uint64]int32
	// unclear: some of them hold perhaps what they hold.
	unclear bool
}

const (
	nobody    int32 = 0
	everybody int32 = 1
)

func newStore() *store {
	s := &store{byHash: map[uint64]int32{}}
	s.keep(&peers{})
	s.keep(&peers{everybody: true})
	return s
}

func (s *store) keep(p *peers) int32 {
	h := p.hash()
	for {
		at, ok := s.byHash[h]
		if !ok {
			at = int32(len(s.kept))
			s.byHash[h] = at
			s.kept = append(s.kept, p)
			s.unclear = s.unclear || len(p.perhaps) > 0
			return at
		}
		if s.kept[at].equal(p) {
			return at
		}
		h++
	}
}

// hasher is FNV-1a by words.
type hasher uint64

func (h *hasher) add(n uint64) { *h = (*h ^ hasher(n)) * 0x100000001b3; *h ^= *h >> 29 }

func (h *hasher) addSpans(list []span) {
	h.add(uint64(len(list)))
	for _, s := range list {
		h.add(uint64(uint32(s.from))<<32 | uint64(uint32(s.to)))
	}
}

func (h *hasher) addRanges(list []policy.Range) {
	h.add(uint64(len(list)))
	for _, r := range list {
		for _, a := range [...]netip.Addr{r.First, r.Last} {
			b := a.As16()
			for i := 0; i < 16; i += 8 {
				n := uint64(0)
				for _, c := range b[i : i+8] {
					n = n<<8 | uint64(c)
				}
				h.add(n)
			}
		}
	}
}

func (p *peers) hash() uint64 {
	h := hasher(14695981039346656037)
	flags := uint64(0)
	for i, is := range [...]bool{p.everybody, p.blocks, p.world, p.selectors} {
		if is {
			flags |= 1 << i
		}
	}
	h.add(flags)
	h.addSpans(p.yes)
	h.addSpans(p.perhaps)
	h.addRanges(p.ranges)
	for i := range p.named {
		h.addSpans(p.named[i].only)
		h.addRanges(p.named[i].ranges)
	}
	return uint64(h)
}
