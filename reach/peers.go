package reach

import (
	"crypto/sha256"
	"encoding/binary"
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

// holds answers for one party; class is that of its pod, or -1, which is in no
// list.
func (p *peers) holds(class int32, party *policy.Party, identities bool) match {
	if p.everybody || has(p.yes, class) {
		return yes
	}
	answer := no
	if has(p.perhaps, class) || party.Pod == nil && !party.Unread.IsZero() && p.selectors {
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
	case inRanges(p.ranges, addr):
		return yes
	case !addr.IsValid() && p.blocks:
		answer = perhaps
	}
	for i := range p.named {
		n := &p.named[i]
		if !has(n.only, class) {
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

// or is both together; neither is everybody.
func (p *peers) or(o *peers) *peers {
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

// only are the peers among the pods of some classes: those that have the port's
// name for one number.
func (p *peers) only(classes []span) *peers {
	out := &peers{yes: intersect2(p.yes, classes), perhaps: intersect2(p.perhaps, classes)}
	if p.everybody {
		out.yes = classes
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

// store keeps equal peers once. It only grows, so Charts that come from each
// other share it.
type store struct {
	kept   []*peers
	byText map[[sha256.Size]byte]int32 // the text itself may be long
	buffer []byte
	// unclear: some of them hold perhaps what they hold.
	unclear bool
}

const (
	nobody    int32 = 0
	everybody int32 = 1
)

func newStore() *store {
	s := &store{byText: map[[sha256.Size]byte]int32{}}
	s.keep(&peers{})
	s.keep(&peers{everybody: true})
	return s
}

func (s *store) keep(p *peers) int32 {
	s.buffer = p.text(s.buffer[:0])
	sum := sha256.Sum256(s.buffer)
	if at, ok := s.byText[sum]; ok {
		return at
	}
	at := int32(len(s.kept))
	s.byText[sum] = at
	s.kept = append(s.kept, p)
	s.unclear = s.unclear || len(p.perhaps) > 0
	return at
}

// text is who they are, written down; equal texts are equal peers.
func (p *peers) text(b []byte) []byte {
	flags := byte(0)
	for i, is := range [...]bool{p.everybody, p.blocks, p.world, p.selectors} {
		if is {
			flags |= 1 << i
		}
	}
	b = appendRanges(appendList(appendList(append(b, flags), p.yes), p.perhaps), p.ranges)
	for i := range p.named {
		b = appendRanges(appendList(b, p.named[i].only), p.named[i].ranges)
	}
	return b
}

// appendList writes runs down, and how many.
func appendList(b []byte, list []span) []byte {
	return appendSpans(binary.AppendUvarint(b, uint64(len(list))), list)
}

// appendRanges does so with ranges, each behind the length of its addresses.
func appendRanges(b []byte, list []policy.Range) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, r := range list {
		b = append(b, byte(r.First.BitLen()))
		if r.First.Is4() {
			first, last := r.First.As4(), r.Last.As4()
			b = append(append(b, first[:]...), last[:]...)
		} else {
			first, last := r.First.As16(), r.Last.As16()
			b = append(append(b, first[:]...), last[:]...)
		}
	}
	return b
}
