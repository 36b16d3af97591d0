package reach

import (
	"reflect"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// Follow is the Chart of a later Model of the same cluster. Where its Snapshot
// shares the lists of pods, namespaces and nodes with the one before, which is how
// to say that none of them changed, only the policies that differ are compiled;
// Services are asked when somebody asks. Otherwise it is compiled anew.
func (c *Chart) Follow(m *model.Model) *Chart {
	if !c.sharesWith(m) {
		return Compile(m)
	}
	n := *c
	n.places, n.trips, n.cuts, n.parts, n.ways = nil, nil, [2]*cuts{}, map[string][]part{}, newWays()
	n.m = m.JudgedBy(&n)
	next := &n
	for _, r := range c.replaced(m.Snapshot) {
		next, _ = next.Replace(r[0], r[1])
	}
	return next
}

func (c *Chart) sharesWith(m *model.Model) bool {
	a, b := c.m.Snapshot, m.Snapshot
	p, q := *c.m.Profile, *m.Profile
	p.Assumed, q.Assumed = nil, nil
	return sameList(a.Pods, b.Pods) && sameList(a.Namespaces, b.Namespaces) && sameList(a.Nodes, b.Nodes) &&
		reflect.DeepEqual(p, q) && reflect.DeepEqual(a.Foreign, b.Foreign) && c.tells(b)
}

// tells reports whether the atoms tell apart what the source ranges of the
// Services do.
func (c *Chart) tells(s *cluster.Snapshot) bool {
	for i := range s.Services {
		for _, r := range s.Services[i].SourceRanges {
			if !c.tellsApart(r) {
				return false
			}
		}
	}
	return true
}

// sameList reports whether two lists are one in memory.
func sameList[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// replaced are the policies that differ, old and new, nil for none.
func (c *Chart) replaced(s *cluster.Snapshot) [][2]*cluster.NetworkPolicy {
	old := map[flow.Object][]*cluster.NetworkPolicy{}
	for id, p := range c.policies {
		if c.counts(int32(id)) {
			old[p.Object()] = append(old[p.Object()], p.NetworkPolicy)
		}
	}
	var out [][2]*cluster.NetworkPolicy
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		list := old[p.Object()]
		if len(list) == 0 {
			out = append(out, [2]*cluster.NetworkPolicy{nil, p})
			continue
		}
		old[p.Object()] = list[1:]
		if list[0] != p && !samePolicy(list[0], p) {
			out = append(out, [2]*cluster.NetworkPolicy{list[0], p})
		}
	}
	for _, p := range c.policies {
		for _, gone := range old[p.Object()] {
			out = append(out, [2]*cluster.NetworkPolicy{gone, nil})
		}
		delete(old, p.Object())
	}
	return out
}

// counts reports whether the policy of a number is among the Chart's.
func (c *Chart) counts(id int32) bool {
	return int(id/64) < len(c.active) && c.active[id/64]&(1<<(id%64)) != 0
}

// samePolicy compares what policies mean.
func samePolicy(a, b *cluster.NetworkPolicy) bool {
	return a.IsolatesIngress == b.IsolatesIngress && a.IsolatesEgress == b.IsolatesEgress &&
		reflect.DeepEqual(a.PodSelector, b.PodSelector) && reflect.DeepEqual(a.Ingress, b.Ingress) && reflect.DeepEqual(a.Egress, b.Egress)
}
