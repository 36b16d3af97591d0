package nft

import (
	"iter"
	"maps"
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// part is the rows that come from one object, a Service say or a policy group:
// what is made, compared and replaced as one. No key of a set is in two parts.
type part struct {
	name string
	rows []row
}

// row is an element and the set it is in.
type row struct {
	set     *Set
	element *Element
}

func (p *part) add(set *Set, e Element) { p.rows = append(p.rows, row{set, &e}) }

// put adds a part to the table, or takes the place of the one with its name.
func (t *Table) put(p *part) {
	if i, there := t.named[p.name]; there {
		t.parts[i] = p
		return
	}
	if t.sharesNames || t.named == nil {
		t.named, t.sharesNames = maps.Clone(t.named), false
	}
	if t.named == nil {
		t.named = map[string]int{}
	}
	t.named[p.name] = len(t.parts)
	t.parts = append(t.parts, p)
}

// Elements yields the rows of a set in a stable order. They must not be changed.
func (t *Table) Elements(set string) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for _, p := range t.parts {
			for _, r := range p.rows {
				if r.set.Name == set && !yield(r.element) {
					return
				}
			}
		}
	}
}

// Set returns the declaration of a set, or nil.
func (t *Table) Set(name string) *Set {
	for _, s := range t.Sets {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// key builds the bytes of a key or of data, field by field, in the kernel's
// layout.
type key []byte

func (k key) addr(a netip.Addr) key { return append(k, a.AsSlice()...) }

func (k key) proto(p flow.Protocol) key { return append(k, protoNumber(p), 0, 0, 0) }

func (k key) number8(n uint8) key { return append(k, n, 0, 0, 0) }

func (k key) port(p uint16) key { return append(k, byte(p>>8), byte(p), 0, 0) }

func (k key) number(n uint32) key {
	return append(k, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// protoNumber is the protocol's number in IP headers.
func protoNumber(p flow.Protocol) uint8 {
	switch p {
	case flow.TCP:
		return 6
	case flow.UDP:
		return 17
	case flow.SCTP:
		return 132
	default:
		return 0
	}
}
