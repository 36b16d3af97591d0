package nft

import (
	"maps"
	"slices"
)

// numbers gives every key a number and keeps it from program to program, so that
// a change of one object moves nothing else. The zero value is ready; 0 is never
// given.
type numbers struct {
	shared map[string]uint32 // with the programs before; never written
	of     map[string]uint32
	used   map[string]bool // asked for since a sweeping clone
	free   []uint32
	last   uint32
}

// get returns the key's number.
func (n *numbers) get(key string) uint32 {
	if n.used != nil {
		n.used[key] = true
	}
	if id, there := n.of[key]; there {
		return id
	}
	if id, there := n.shared[key]; there {
		return id
	}
	if n.of == nil {
		n.of = map[string]uint32{}
	}
	id := n.last + 1
	if k := len(n.free); k > 0 {
		id, n.free = n.free[k-1], n.free[:k-1]
	} else {
		n.last = id
	}
	n.of[key] = id
	return id
}

// mostOwn is how many keys of its own are copied rather than shared.
const mostOwn = 256

// clone begins the numbers of the next program with those of this one. With
// sweep, release takes back what the next program does not ask for.
func (n *numbers) clone(sweep bool) *numbers {
	c := &numbers{shared: n.shared, of: maps.Clone(n.of), free: append([]uint32(nil), n.free...), last: n.last}
	if sweep {
		c.used = make(map[string]bool, len(n.shared)+len(n.of))
	}
	return c
}

// settle ends the making of a program: what it will hand on is not written any
// more.
func (n *numbers) settle() {
	n.release()
	switch {
	case len(n.of) <= mostOwn:
	case len(n.shared) == 0:
		n.shared, n.of = n.of, nil
	default:
		all := maps.Clone(n.shared)
		maps.Copy(all, n.of)
		n.shared, n.of = all, nil
	}
}

// release takes numbers back that nobody asked for since a sweeping clone. They
// are given again from the next program on, not before: rows that die must not
// be taken for rows that were just made.
func (n *numbers) release() {
	if n.used == nil {
		return
	}
	if len(n.used) == len(n.shared)+len(n.of) {
		n.used = nil // everybody was asked for
		return
	}
	kept := make(map[string]uint32, len(n.used))
	for _, m := range []map[string]uint32{n.shared, n.of} {
		for key, id := range m {
			if n.used[key] {
				kept[key] = id
			} else {
				n.free = append(n.free, id)
			}
		}
	}
	slices.Sort(n.free) // a map has no order, a program has
	n.shared, n.of, n.used = kept, nil, nil
}
