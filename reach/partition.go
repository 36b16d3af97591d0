package reach

import (
	"encoding/binary"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// part is units that fare alike.
type part struct {
	units  []span
	answer Answer
}

// unasked stands for the answer of a check that need not be asked.
const unasked match = 255

// partitioner cuts the units of one kind by how they fare on a trip.
type partitioner struct {
	legs []leg
	cuts []*cut // those that differ
	// at is the place in cuts of each check, leg by leg.
	at     [][]int
	out    []part
	asking []match
}

// partition cuts units by how they fare on a trip, all of one kind. Trips with
// the same checks and ends have the same parts, made once.
func (c *Chart) partition(legs []leg, rep *cluster.Pod, f family, kind int32) []part {
	p := partitioner{legs: legs}
	b := binary.LittleEndian.AppendUint32(c.buffer[:0], uint32(kind)<<1|uint32(f))
	for i := range legs {
		l := &legs[i]
		b = append(binary.AppendUvarint(b, uint64(l.count)), byte(l.fate), byte(l.seen), byte(len(l.checks)))
		var at []int
		for j := range l.checks {
			x := c.cutsOf(f).of(&l.checks[j], rep)
			n := slices.Index(p.cuts, x)
			if n < 0 {
				n = len(p.cuts)
				p.cuts = append(p.cuts, x)
			}
			at = append(at, n)
			b = append(binary.LittleEndian.AppendUint32(b, uint32(x.id)), byte(l.checks[j].stop), byte(l.checks[j].denied))
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(l.checks[j].number)), uint64(l.checks[j].count))
		}
		p.at = append(p.at, at)
	}
	c.buffer = b
	if known, ok := c.parts[string(b)]; ok {
		return known
	}
	text := string(b)
	p.asking = slices.Repeat([]match{unasked}, len(p.cuts))
	p.ask(intersect(c.placesOf().units[kind], c.units.members[f]), p.order())
	c.parts[text] = p.out
	return p.out
}

// order is to ask first what leaves the smallest lists.
func (p *partitioner) order() []int {
	var all []int
	for i := range p.cuts {
		all = append(all, i)
	}
	size := func(i int) int { return len(p.cuts[i].units[yes]) + len(p.cuts[i].units[perhaps]) }
	slices.SortStableFunc(all, func(a, b int) int { return size(a) - size(b) })
	return all
}

// ask cuts units by the first of the checks that matters to them, and so on.
func (p *partitioner) ask(units []span, order []int) {
	at := slices.IndexFunc(order, p.matters)
	if at < 0 {
		p.put(units)
		return
	}
	n := order[at]
	rest := append(slices.Clone(order[:at]), order[at+1:]...)
	for m, s := range p.cuts[n].units {
		if u := intersect2(units, s); len(u) > 0 {
			p.asking[n] = match(m)
			p.ask(u, rest)
		}
	}
	p.asking[n] = unasked
}

// matters reports whether the end of any leg depends on the cut, if what was not
// asked passes. If that is so of none, it is so whatever they say: the first
// stop that does not pass decides.
func (p *partitioner) matters(n int) bool {
	for i := range p.legs {
		if !slices.Contains(p.at[i], n) {
			continue
		}
		ends := []ending{p.end(i)}
		for m, s := range p.cuts[n].units {
			if len(s) > 0 {
				p.asking[n] = match(m)
				ends = append(ends, p.end(i))
			}
		}
		p.asking[n] = unasked
		if len(slices.Compact(ends)) > 1 {
			return true
		}
	}
	return false
}

// end is how a leg ends.
func (p *partitioner) end(i int) ending {
	l := &p.legs[i]
	return l.endFor(func(j int) match { return p.asking[p.at[i][j]] })
}

func (p *partitioner) put(units []span) {
	a := p.answer()
	n := slices.IndexFunc(p.out, func(o part) bool { return o.answer.equal(&a) })
	if n < 0 {
		p.out = append(p.out, part{answer: a, units: units})
		return
	}
	p.out[n].units = union(p.out[n].units, units)
}

func (p *partitioner) answer() Answer {
	ends := make([]ending, 0, len(p.legs))
	for i := range p.legs {
		ends = append(ends, p.end(i))
	}
	return sum(ends)
}
