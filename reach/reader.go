package reach

import (
	"maps"
	"slices"
)

// Reader is the same Chart for one more reader at the same time: they share what
// is compiled, the Judge of the Model too, and each remembers for itself what it
// works out. Parts of one question, as the Services of a whole map, can so be asked
// on several cores. While there are Readers, nobody may call Replace or Follow on
// any of them.
func (c *Chart) Reader() *Chart {
	c.unitsOf()
	n := *c
	n.units = c.units.reader()
	for s := range n.rows {
		r := *c.rows[s]
		for f := range r.split {
			r.split[f], r.hulls[f] = slices.Clone(r.split[f]), slices.Clone(r.hulls[f])
		}
		n.rows[s] = &r
	}
	places := *c.placesOf()
	places.own = maps.Clone(places.own)
	n.places = &places
	n.trips, n.cuts, n.parts, n.buffer, n.ways = nil, [2]*cuts{}, map[string][]part{}, nil, newWays()
	n.imagined = maps.Clone(c.imagined)
	return &n
}

func (u *units) reader() *units {
	n := *u
	for f := range n.sets {
		n.sets[f] = slices.Clone(u.sets[f])
	}
	return &n
}
