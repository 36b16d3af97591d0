package nft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// groups makes a part for each group of this node.
func (p *policies) groups() {
	for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
		for _, id := range slices.Sorted(maps.Keys(p.examples[d])) {
			p.put(p.groupPart(id, p.examples[d][id], d))
		}
	}
}

// groupPart are the rows of a group: who may, and on which ports.
func (p *policies) groupPart(id string, class int, d policy.Direction) *part {
	g := &groupRows{
		policies: p, made: &part{name: "Group/" + id}, number: p.c.n.groups.get(id), word: directionSet(d),
		all: p.rows.Permissions(class, d), held: map[int32][]int32{}, patterns: map[string][]permit{},
	}
	g.named(p.rows.Policies(p.rows.Group(class, d)))
	g.collect()
	g.everybody()
	for _, place := range g.order {
		g.peer(p.peers[place].number, g.held[place])
	}
	return g.made
}

// groupRows makes the rows of one group.
type groupRows struct {
	*policies
	made   *part
	number uint32
	word   string
	all    []policy.Permission

	anybody  []int32           // places in all: everybody's
	open     bool              // everybody may everything
	held     map[int32][]int32 // by peer: its other permissions, places in all
	order    []int32           // the peers of held
	patterns map[string][]permit
}

// permit is a row without its peer.
type permit struct {
	set     *Set
	proto   flow.Protocol
	first   uint16
	last    uint16
	comment string
	origins []flow.Origin
}

// named is the group's row in the drop log's map: which policies they are.
func (g *groupRows) named(policies []*cluster.NetworkPolicy) {
	var names []string
	var origins []flow.Origin
	for _, np := range policies {
		names = append(names, np.Namespace+"/"+np.Name)
		origins = append(origins, flow.Origin{Object: np.Object(), Position: np.Position})
	}
	number := string(key(nil).number(g.number))
	g.made.add(g.set("groups"), Element{Key: number, Data: number, Comment: short(g.word + " of " + strings.Join(names, ", ")), Origins: origins})
}

// collect finds who has which permissions.
func (g *groupRows) collect() {
	give := func(places []int32, permission int32, counts func(int32) bool) {
		for _, place := range places {
			list := g.held[place]
			if n := len(list); n > 0 && list[n-1] == permission || counts != nil && !counts(g.peers[place].class) {
				continue
			}
			if len(list) == 0 {
				g.order = append(g.order, place)
			}
			g.held[place] = append(list, permission)
		}
	}
	for i := range g.all {
		a := &g.all[i]
		if a.Anybody() {
			g.anybody = append(g.anybody, int32(i))
			continue
		}
		for _, class := range a.Classes() {
			give(g.byClass[class], int32(i), nil)
		}
		for _, atom := range a.Peers.Atoms {
			give(g.byAtom[atom], int32(i), a.Counts)
		}
	}
	slices.Sort(g.order)
}

// everybody adds the rows that no peer is looked up for.
func (g *groupRows) everybody() {
	if whole := g.whole(g.anybody); len(whole) > 0 {
		g.open = true
		r := g.permit("allow-all", flow.ProtocolUnknown, 0, 0, whole)
		g.made.add(r.set, r.element(nil, g.number))
		return
	}
	for _, r := range g.ranges(g.anybody, "allow-any", 0) {
		g.made.add(r.set, r.element(nil, g.number))
	}
}

// peer adds the rows of one peer.
func (g *groupRows) peer(number uint32, held []int32) {
	var name key
	for _, i := range held {
		name = name.number(uint32(i))
	}
	rows, known := g.patterns[string(name)]
	if !known {
		rows = g.pattern(held)
		g.patterns[string(name)] = rows
	}
	for i := range rows {
		g.made.add(rows[i].set, rows[i].element(key(nil).number(number), g.number))
	}
}

// pattern are the rows of a peer with these permissions. What everybody may, and
// what the peer may whatever the port, is not said again port by port.
func (g *groupRows) pattern(held []int32) []permit {
	if g.open {
		return nil
	}
	if whole := g.whole(held); len(whole) > 0 {
		return []permit{g.permit("allow-peers", flow.ProtocolUnknown, 0, 0, whole)}
	}
	var rows []permit
	type at struct {
		proto flow.Protocol
		port  uint16
	}
	done := map[at]bool{}
	for _, i := range held {
		a := &g.all[i]
		k := at{a.Protocol, a.First}
		if a.First != a.Last || done[k] || len(g.cover(g.anybody, a.Protocol, a.First, a.Last)) > 0 {
			continue
		}
		done[k] = true
		rows = append(rows, g.permit("allow", a.Protocol, a.First, a.Last, g.cover(held, a.Protocol, a.First, a.Last)))
	}
	return append(rows, g.ranges(held, "allow-ranges", 1)...)
}

// whole are the permissions for every protocol and port.
func (g *groupRows) whole(of []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(of), func(i int32) bool { return !g.all[i].Everything() })
}

// cover are the permissions that hold all these ports.
func (g *groupRows) cover(of []int32, proto flow.Protocol, first, last uint16) []int32 {
	return slices.DeleteFunc(slices.Clone(of), func(i int32) bool {
		a := &g.all[i]
		return !a.Everything() && (a.Protocol != proto || first < a.First || a.Last < last)
	})
}

// ranges are the rows of a set of ranges, of permissions for at least so many
// ports more than one. The kernel takes no range that overlaps another, so they
// are cut where one begins or ends:
//
//	rule a   |-----------|
//	rule b         |-----------|
//	rows     |--a--|-a,b-|--b--|
func (g *groupRows) ranges(of []int32, set string, more uint16) []permit {
	var rows []permit
	for _, proto := range []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP} {
		some := slices.DeleteFunc(slices.Clone(of), func(i int32) bool {
			a := &g.all[i]
			return a.Protocol != proto || a.Last-a.First < more || set == "allow-ranges" && len(g.cover(g.anybody, proto, a.First, a.Last)) > 0
		})
		var cuts []int // where something begins, or ended just before
		for _, i := range some {
			cuts = append(cuts, int(g.all[i].First), int(g.all[i].Last)+1)
		}
		slices.Sort(cuts)
		cuts = slices.Compact(cuts)
		for n := 0; n+1 < len(cuts); n++ {
			first, last := uint16(cuts[n]), uint16(cuts[n+1]-1)
			if by := g.cover(some, proto, first, last); len(by) > 0 {
				rows = append(rows, g.permit(set, proto, first, last, by))
			}
		}
	}
	return rows
}

func (g *groupRows) permit(set string, proto flow.Protocol, first, last uint16, by []int32) permit {
	r := permit{set: g.set(set), proto: proto, first: first, last: last}
	for _, i := range by {
		// A rule's permissions stand together.
		if n := len(r.origins); n == 0 || r.origins[n-1] != g.all[i].Origin {
			r.origins = append(r.origins, g.all[i].Origin)
		}
	}
	r.comment = g.word + " " + r.origins[0].Object.String() + " " + strings.TrimPrefix(r.origins[0].Field, "spec.")
	if n := len(r.origins) - 1; n > 0 {
		r.comment += fmt.Sprintf(" +%d", n)
	}
	r.comment = short(r.comment)
	return r
}

// element is the permit for a peer, given as the key's beginning.
func (r *permit) element(peer key, group uint32) Element {
	k := append(make(key, 0, 16), peer...).number(group)
	e := Element{Comment: r.comment, Origins: r.origins}
	if len(r.set.Key)-len(peer)/4 == 1 { // the group alone
		e.Key = string(k)
		return e
	}
	e.Key = string(k.proto(r.proto).port(r.first))
	if r.set.Interval {
		e.End = string(k[:len(peer)+4].proto(r.proto).port(r.last))
	}
	return e
}
