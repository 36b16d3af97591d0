package nft

import (
	"iter"
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// rows are the elements of one set, by key.
type rows struct {
	order []*Element
	byKey map[string]int
}

// Elements yields the rows of a set in a stable order. The elements must not be
// changed.
func (t *Table) Elements(set string) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		r := t.elements[set]
		if r == nil {
			return
		}
		for _, e := range r.order {
			if !yield(e) {
				return
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

// field appends one value in the kernel's layout.
func fieldAddr(b []byte, a netip.Addr) []byte { return append(b, a.AsSlice()...) }

func fieldProto(b []byte, p flow.Protocol) []byte { return append(b, protoNumber(p), 0, 0, 0) }

func fieldPort(b []byte, port uint16) []byte { return append(b, byte(port>>8), byte(port), 0, 0) }

func fieldNumber(b []byte, n uint32) []byte {
	return append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func protoNumber(p flow.Protocol) byte {
	switch p {
	case flow.TCP:
		return 6
	case flow.UDP:
		return 17
	case flow.SCTP:
		return 132
	}
	return 0
}

// add puts an element into a set.
func (t *Table) add(set string, e *Element) {
	if t.elements == nil {
		t.elements = map[string]*rows{}
	}
	r := t.elements[set]
	if r == nil {
		r = &rows{byKey: map[string]int{}}
		t.elements[set] = r
	}
	if i, there := r.byKey[e.Key+e.End]; there {
		r.order[i] = e
		return
	}
	r.byKey[e.Key+e.End] = len(r.order)
	r.order = append(r.order, e)
}
