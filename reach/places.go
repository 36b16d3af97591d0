package reach

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Nodes is a set of nodes, by their places in the Snapshot.
type Nodes struct {
	spans []span
	all   []cluster.Node
}

// Len is how many nodes there are.
func (n Nodes) Len() int { return count(n.spans) }

// First are the names of no more than so many nodes, in the order of the Snapshot.
func (n Nodes) First(most int) []string {
	var out []string
	for _, s := range n.spans {
		for i := s.from; i < s.to && int(i) < len(n.all) && len(out) < most; i++ {
			out = append(out, n.all[i].Name)
		}
	}
	return out
}

// Names are the nodes' names, in the order of the Snapshot.
func (n Nodes) Names() []string {
	var out []string
	for _, s := range n.spans {
		for i := s.from; i < s.to && int(i) < len(n.all); i++ {
			out = append(out, n.all[i].Name)
		}
	}
	return out
}

// Contains reports whether the node of that name is in the set.
func (n Nodes) Contains(name string) bool {
	for _, s := range n.spans {
		for i := s.from; i < s.to && int(i) < len(n.all); i++ {
			if n.all[i].Name == name {
				return true
			}
		}
	}
	return false
}

// Only is the node of that name, if it is in the set.
func (n Nodes) Only(name string) Nodes {
	for _, s := range n.spans {
		for i := s.from; i < s.to && int(i) < len(n.all); i++ {
			if n.all[i].Name == name {
				return Nodes{[]span{{i, i + 1}}, n.all}
			}
		}
	}
	return Nodes{}
}

// places are nodes in groups that no table tells apart, and where pods run.
type places struct {
	number map[string]int32
	groups [2][][]span // by family, of all nodes
	pods   [][]int32   // by node: units' pods, places in Snapshot.Pods
	ofPod  []int32     // the node of each pod, by place; -1: not known
	kinds  []podKind
	kindOf []int32  // by unit
	units  [][]span // by kind
	where  [][]span // by kind: nodes with pods of it
	own    map[*service.Backends][]ownNodes

	inside   [2][]policy.Range
	eligible []span
}

// podKind is what of a unit, besides policy, the way of its packets depends on.
type podKind struct {
	families, detected Families
	ranges             [2]int32 // atoms of source ranges
	selected           bool     // where that changes what a node does
}

// ownNodes are nodes with endpoints of a Service port of their own, alike.
type ownNodes struct {
	key   string
	nodes []span
}

func newPlaces(c *Chart) *places {
	pl := &places{number: map[string]int32{}, own: map[*service.Backends][]ownNodes{}}
	nodes := c.m.Snapshot.Nodes
	for i := range nodes {
		pl.number[nodes[i].Name] = int32(i)
	}
	pl.group(c)
	u := c.unitsOf()
	pl.find(c)
	pl.pods = make([][]int32, len(pl.number))
	pl.kindOf = make([]int32, len(u.list))
	known := map[podKind]int32{}
	ranges := sourceRanges(c.m)
	for i := range u.list {
		k := c.kindOf(&u.list[i], ranges)
		id, ok := known[k]
		if !ok {
			id = int32(len(pl.kinds))
			known[k] = id
			pl.kinds = append(pl.kinds, k)
			pl.units, pl.where = append(pl.units, nil), append(pl.where, nil)
		}
		pl.kindOf[i] = id
		pl.units[id] = appendSpan(pl.units[id], span{int32(i), int32(i) + 1})
		for _, p := range u.pods[u.starts[i]:u.starts[i+1]] {
			n := pl.ofPod[p]
			pl.pods[n] = append(pl.pods[n], p)
		}
	}
	for n := range pl.pods {
		for _, p := range pl.pods[n] {
			k := pl.kindOf[u.ofPod[p]]
			pl.where[k] = appendSpan(pl.where[k], span{int32(n), int32(n) + 1})
		}
	}
	return pl
}

// find looks up the node of each pod. Nodes that pods name and the input does not
// hold get numbers behind the others, and so does none at all.
func (pl *places) find(c *Chart) {
	pl.ofPod = make([]int32, len(c.m.Snapshot.Pods))
	for i := range c.m.Snapshot.Pods {
		name := c.m.Snapshot.Pods[i].Node
		n, ok := pl.number[name]
		switch {
		case ok:
		case c.units.ofPod[i] < 0:
			n = -1
		default:
			n = int32(len(pl.number))
			pl.number[name] = n
			for f := range pl.groups {
				pl.groups[f] = append(pl.groups[f], []span{{n, n + 1}})
			}
		}
		pl.ofPod[i] = n
	}
}

func (pl *places) group(c *Chart) {
	nodes := c.m.Snapshot.Nodes
	for f := range pl.groups {
		outside := netip.IPv4Unspecified()
		if f == 1 {
			outside = netip.IPv6Unspecified()
		}
		type key struct {
			model.NodeKey
			own, primary int32
		}
		at := map[key]int{}
		for i := range nodes {
			k := key{c.m.AlikeNode(nodes[i].Name, outside), -1, c.Atom(nodes[i].IP(f == 1))}
			n, ok := at[k]
			if !ok {
				n = len(pl.groups[f])
				at[k] = n
				pl.groups[f] = append(pl.groups[f], nil)
			}
			pl.groups[f][n] = appendSpan(pl.groups[f][n], span{int32(i), int32(i) + 1})
		}
	}
}

// sourceRanges are those of all Services.
func sourceRanges(m *model.Model) *cluster.Prefixes {
	all := &cluster.Prefixes{}
	for i := range m.Snapshot.Services {
		for _, r := range m.Snapshot.Services[i].SourceRanges {
			all.Add(r)
		}
	}
	return all
}

func (c *Chart) kindOf(u *unit, ranges *cluster.Prefixes) podKind {
	k := podKind{families: u.families, detected: u.detected}
	for f, a := range u.addr {
		if a.IsValid() {
			k.ranges[f] = ranges.Longest(a)
		}
	}
	k.selected = c.minds() && (c.Selected(u.pod) || u.doubt != certain)
	return k
}

// minds: what a node does depends on whether any policy selects the sender.
func (c *Chart) minds() bool {
	return c.profile.Span == cluster.SpanBothEnds || c.profile.DropsProxyErrors
}

// ownNodes finds the nodes with endpoints, as path.Ask does.
func (c *Chart) ownNodes(b *service.Backends, f family, proto flow.Protocol) []ownNodes {
	pl := c.placesOf()
	known, ok := pl.own[b]
	if !ok {
		known = alikeNodes(c.traits(b, f, proto))
		pl.own[b] = known
	}
	return known
}

// trait is a part of what tells a node apart.
type trait struct {
	node int32
	text string
}

// traits are what each endpoint makes of its nodes.
func (c *Chart) traits(b *service.Backends, f family, proto flow.Protocol) []trait {
	nobody := netip.IPv4Unspecified()
	if f == 1 {
		nobody = netip.IPv6Unspecified()
	}
	pl, all := c.placesOf(), b.All()
	out := make([]trait, 0, len(all))
	tell := func(node, text string) {
		if n, ok := pl.number[node]; ok {
			out = append(out, trait{n, text})
		}
	}
	apart := func(node string) { tell(node, "\xff"+node) } // no kind and no name begins so
	if b.HintsNodes() {
		for i := range c.m.Snapshot.Nodes {
			apart(c.m.Snapshot.Nodes[i].Name)
		}
	}
	numbers := map[model.BackendKey]byte{}
	targets := c.targetsOf(b, proto)
	var few [64]byte
	for i := range all {
		e := &all[i]
		t := &targets[i]
		home, kind := t.node, t.kind
		if !t.plain {
			home = c.m.Home(e.Addr.Addr())
			k := c.m.AlikeBackend(e, home, nobody, proto)
			n, ok := numbers[k]
			if !ok {
				n = byte(len(numbers))
				numbers[k] = n
			}
			kind = 100 + int32(n)
		}
		if len(numbers) > 100 || t.plain && kind > 99 || e.Node != home {
			apart(home)
			apart(e.Node)
			continue
		}
		text := append(few[:0], byte(kind), readiness(e))
		for _, z := range e.Zones() {
			text = append(append(text, z...), ',')
		}
		tell(home, string(text))
	}
	return out
}

// alikeNodes are the nodes with the same traits, by the first of them.
func alikeNodes(traits []trait) []ownNodes {
	slices.SortStableFunc(traits, func(a, b trait) int { return cmp.Compare(a.node, b.node) })
	var out []ownNodes
	for len(traits) > 0 {
		node, key := traits[0].node, traits[0].text
		for traits = traits[1:]; len(traits) > 0 && traits[0].node == node; traits = traits[1:] {
			key += traits[0].text
		}
		at := slices.IndexFunc(out, func(o ownNodes) bool { return o.key == key })
		if at < 0 {
			at = len(out)
			out = append(out, ownNodes{key: key})
		}
		out[at].nodes = appendSpan(out[at].nodes, span{node, node + 1})
	}
	return out
}

func readiness(b *service.Backend) byte {
	n := byte('a')
	for i, is := range []bool{b.Ready, b.Serving, b.Terminating} {
		if is {
			n += 1 << i
		}
	}
	return n
}

func (c *Chart) placesOf() *places {
	if c.places == nil {
		c.places = newPlaces(c)
	}
	return c.places
}
