package nft

import (
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
	g.doubts()
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
	common   spans             // what everybody may
	held     map[int32][]int32 // by peer: its other permissions, places in all
	order    []int32           // the peers of held
	patterns map[string][]permit
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

// doubts notes the permissions that nobody is given, since the labels of a
// namespace would decide on them and were not read.
func (g *groupRows) doubts() {
	for i := range g.all {
		for _, why := range g.rows.Doubts(&g.all[i]) {
			l := Left{Object: g.all[i].Origin.Object, Why: "whether it is about pods of namespace " + why.Args[0] + ": the namespace's labels are not in the input"}
			if !slices.Contains(g.c.left, l) {
				g.c.left = append(g.c.left, l)
			}
		}
	}
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
	g.ranges(g.anybody, func(proto flow.Protocol, first, last uint16, by []int32) {
		r := g.permit("allow-any", proto, first, last, by)
		g.made.add(r.set, r.element(nil, g.number))
		g.common.add(proto, first, last)
	})
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
