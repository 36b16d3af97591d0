package nft

import "maps"

// numbers gives every key a number and keeps it from program to program, so that
// a change of one object moves nothing else. The zero value is ready; 0 is never
// given.
type numbers struct {
	of   map[string]uint32
	used map[string]bool // asked for since next was called
	free []uint32
	last uint32
}

// get returns the key's number.
func (n *numbers) get(key string) uint32 {
	if n.of == nil {
		n.of = map[string]uint32{}
	}
	if n.used != nil {
		n.used[key] = true
	}
	if id, there := n.of[key]; there {
		return id
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

// clone begins the numbers of the next program with those of this one. With
// sweep, release takes back what the next program does not ask for.
func (n *numbers) clone(sweep bool) *numbers {
	c := &numbers{of: maps.Clone(n.of), free: append([]uint32(nil), n.free...), last: n.last}
	if sweep {
		c.used = make(map[string]bool, len(n.of))
	}
	return c
}

// release takes numbers back that nobody asked for since a sweeping clone. They
// are given again from the next program on, not before: rows that die must not
// be taken for rows that were just made.
func (n *numbers) release() {
	if n.used == nil {
		return
	}
	for key, id := range n.of {
		if !n.used[key] {
			delete(n.of, key)
			n.free = append(n.free, id)
		}
	}
	n.used = nil
}

// drop takes one key's number back, for the program behind this one.
func (n *numbers) drop(key string) {
	if id, there := n.of[key]; there {
		delete(n.of, key)
		n.free = append(n.free, id)
	}
}
