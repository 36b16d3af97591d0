package reach

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
)

// Replace is the Chart with one policy in place of another, and what that takes
// and gives. A nil old adds the policy, a nil young removes it. What does not depend
// on the two is shared with c, which stays as it is. The Snapshot of the Chart's
// Model still holds the old policy.
func (c *Chart) Replace(old, young *cluster.NetworkPolicy) (*Chart, []Change) {
	c.unitsOf()
	n := *c
	n.trips, n.cuts, n.parts, n.ways = nil, [2]*cuts{}, map[string][]part{}, newWays()
	n.active = slices.Clone(c.active)
	if c.minds() {
		n.places = nil
	}
	oldID, newID := int32(-1), int32(-1)
	if old != nil {
		if oldID = c.find(old); oldID >= 0 {
			n.active[oldID/64] &^= 1 << (oldID % 64)
		}
	}
	if young != nil {
		newID = n.enlist(young)
		n.addPrefixes(young)
	}
	changed := n.regroup(c, oldID, newID)
	n.m = c.m.JudgedBy(&n)
	for s := range changed {
		if n.rows[s] != nil {
			n.stale[s] = union(c.stale[s], c.units.unitSpans(changed[s]))
		}
	}
	n.onlyUnits()
	return &n, n.changes(c, changed)
}

// find is the number of a policy of the Chart, or -1. Of those with its name, if a
// dump holds the name twice, it is the one that means the same.
func (c *Chart) find(p *cluster.NetworkPolicy) int32 {
	found := int32(-1)
	for _, id := range c.ids[p.Object()] {
		if c.counts(id) && (found < 0 || samePolicy(c.policies[id].NetworkPolicy, p)) {
			found = id
		}
	}
	return found
}

// enlist numbers a policy and counts it among the Chart's.
func (c *Chart) enlist(p *cluster.NetworkPolicy) int32 {
	id := c.add(p)
	c.ids[p.Object()] = append(c.ids[p.Object()], id)
	for int(id/64) >= len(c.active) {
		c.active = append(c.active, 0)
	}
	c.active[id/64] |= 1 << (id % 64)
	return id
}

// addPrefixes makes addresses tell apart that the policy tells apart. Units that
// fall apart are made anew.
func (c *Chart) addPrefixes(p *cluster.NetworkPolicy) {
	for _, prefix := range prefixesOf(p) {
		if c.tellsApart(prefix) {
			continue
		}
		c.atoms.add(prefix)
		if c.meets(policy.RangeOf(prefix)) {
			c.units, c.places, c.rows, c.stale = nil, nil, [2]*rows{}, [2][]span{}
		}
	}
}

// meets reports whether a pod or a node has an address in the range.
func (c *Chart) meets(r policy.Range) bool {
	f := familyOf(r.First)
	if c.atoms.addresses[f] == nil {
		c.sortAddresses(f)
	}
	list := c.atoms.addresses[f]
	at, _ := slices.BinarySearchFunc(list, r.First, compareAddr)
	return at < len(list) && r.Contains(list[at])
}

// regroup gives the classes that the policies select their new groups, and says
// which classes that changes.
func (c *Chart) regroup(was *Chart, oldID, newID int32) [2][]span {
	var selected [2][]span // by the old, by the new
	for i, id := range [2]int32{oldID, newID} {
		if id >= 0 {
			selected[i] = c.subjects(c.policies[id].NetworkPolicy)
		}
	}
	var changed [2][]span
	for s := range c.groupOf {
		isolates := [2]bool{}
		for i, id := range [2]int32{oldID, newID} {
			isolates[i] = id >= 0 && c.policies[id].isolates(side(s))
		}
		if !isolates[0] && !isolates[1] {
			continue
		}
		c.groupOf[s] = slices.Clone(was.groupOf[s])
		known := map[groupMove]int32{}
		for _, run := range union(selected[0], selected[1]) {
			for class := run.from; class < run.to; class++ {
				m := groupMove{was.groupOf[s][class], isolates[1] && has(selected[1], class)}
				now, ok := known[m]
				if !ok || c.groups[s][now].varies {
					policies := slices.DeleteFunc(slices.Clone(c.groups[s][m.from].policies), func(id int32) bool { return id == oldID })
					if m.add {
						policies = append(policies, newID)
					}
					now = c.group(class, side(s), policies)
					known[m] = now
				}
				if c.groupOf[s][class] = now; now != m.from {
					changed[s] = appendSpan(changed[s], span{class, class + 1})
				}
			}
		}
	}
	return changed
}

// groupMove is what happens to a class of a group.
type groupMove struct {
	from int32
	add  bool
}

func (e *enforced) isolates(s side) bool {
	if s == egress {
		return e.IsolatesEgress
	}
	return e.IsolatesIngress
}
