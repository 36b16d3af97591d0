package nft

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// policies makes the policy half's parts of one table.
type policies struct {
	c     *compiler
	table *Table
	was   *Table // of the program before
	rows  *policy.Rows
	v6    bool

	peers    []peer
	byClass  [][]int32         // places in peers
	byAtom   map[int32][]int32 // places in peers
	spaces   map[string]*part  // the rows of peers by namespace
	local    []localPod
	examples [3]map[string]int // by policy.Direction: identity -> a class of this node
}

// peer is the pods of one class with addresses of one atom, or, with class -1,
// what else has addresses of the atom.
type peer struct {
	class, atom int32
	number      uint32
}

// localPod is an address in this node's pod ranges, or of one of its pods.
type localPod struct {
	pod   *cluster.Pod
	addr  netip.Addr
	class int
	here  bool // a pod of this node; else one elsewhere that has such an address
}

// policies makes the parts of the policy groups and of the pods. A part that is
// as it was in the program before is that very part.
func (c *compiler) policies(t, before *Table) error {
	if !c.m.Enforces() {
		return nil
	}
	rows, err := c.m.Policies.Rows()
	if err != nil {
		return err
	}
	p := &policies{c: c, table: t, was: before, rows: rows, v6: t.Family == IPv6, byAtom: map[int32][]int32{}, spaces: map[string]*part{}}
	p.byClass = make([][]int32, rows.Classes())
	p.blocks()
	p.pods()
	p.nodePods()
	p.groups()
	return nil
}

// put adds a part, or the one of the program before if nothing in it changed.
func (p *policies) put(made *part) {
	if old := p.was.part(made.name); old != nil && slices.EqualFunc(old.rows, made.rows, alikeRows) {
		made = old
	}
	p.table.put(made)
}

func alikeRows(a, b row) bool {
	x, y := a.element, b.element
	return a.set.Name == b.set.Name && x.Key == y.Key && x.End == y.End && x.Data == y.Data && x.Comment == y.Comment && slices.Equal(x.Origins, y.Origins)
}

func (p *policies) set(name string) *Set { return p.table.Set(name) }

// peer numbers a class and an atom, and notes where to find it.
func (p *policies) peer(class, atom int32) int32 {
	name, at := "", "" // of nobody, in no ipBlock
	if class >= 0 {
		name = p.rows.ClassName(int(class))
	}
	if atom > 0 {
		at = p.rows.AtomPrefix(atom).String()
	}
	place := int32(len(p.peers))
	p.peers = append(p.peers, peer{class, atom, p.c.n.peers.get(name + "\x00" + at)})
	if class >= 0 {
		p.byClass[class] = append(p.byClass[class], place)
	}
	p.byAtom[atom] = append(p.byAtom[atom], place)
	return place
}

// blocks are the addresses of ipBlocks, for whoever is no pod.
func (p *policies) blocks() {
	made := &part{name: "blocks"}
	set := p.set("blocks")
	numbers := map[int32]uint32{}
	for _, r := range p.rows.AtomRanges() {
		if r.First.Is6() != p.v6 {
			continue
		}
		if _, known := numbers[r.Atom]; !known {
			numbers[r.Atom] = p.peers[p.peer(-1, r.Atom)].number
		}
		e := rangeElement(r.First, r.Last)
		e.Data, e.Comment = string(key(nil).number(numbers[r.Atom])), p.rows.AtomPrefix(r.Atom).String()
		made.add(set, e)
	}
	p.put(made)
}

// pods are all pods of the cluster with a network of their own, by address: a
// part for each namespace.
func (p *policies) pods() {
	own := p.c.m.Index.Node(p.c.node).PodCIDRs
	known := map[[2]int32]int32{}
	set := p.set("peers")
	var order []*part
	for i := range p.c.m.Snapshot.Pods {
		pod := &p.c.m.Snapshot.Pods[i]
		for _, addr := range pod.IPs {
			if addr.Is6() != p.v6 || p.c.m.Index.PodByIP(addr) != pod {
				continue
			}
			at := [2]int32{int32(p.c.m.Policies.ClassOf(pod)), p.c.m.Policies.Atom(addr)}
			if pod.Invented {
				at[1] = 0 // no ipBlock is asked about an address that was made up
			}
			place, there := known[at]
			if !there {
				place = p.peer(at[0], at[1])
				known[at] = place
			}
			space := p.spaces[pod.Namespace]
			if space == nil {
				space = &part{name: "Pods/" + pod.Namespace}
				p.spaces[pod.Namespace] = space
				order = append(order, space)
			}
			space.add(set, p.podElement(pod, addr, p.peers[place].number))
			here := pod.Node == p.c.node
			if here || slices.ContainsFunc(own, func(c netip.Prefix) bool { return c.Contains(addr) }) {
				p.local = append(p.local, localPod{pod, addr, int(at[0]), here})
			}
		}
	}
	for _, space := range order {
		p.put(space)
	}
}

func (p *policies) podElement(pod *cluster.Pod, addr netip.Addr, data uint32) Element {
	return Element{
		Key: string(key(nil).addr(addr)), Data: string(key(nil).number(data)),
		Comment: short(pod.Namespace + "/" + pod.Name), Origins: []flow.Origin{{Object: pod.Object(), Position: pod.Position}},
	}
}

// nodePods are this node's pod ranges, and who in them is isolated by what.
func (p *policies) nodePods() {
	made := &part{name: "own"}
	var own []netip.Prefix
	for _, c := range p.c.m.Index.Node(p.c.node).PodCIDRs {
		if c.Addr().Is6() == p.v6 {
			own = append(own, c)
		}
	}
	for _, r := range rangesOf(own) {
		made.add(p.set("own"), rangeElement(r.First, r.Last))
	}
	unknown := string(key(nil).number(groupUnknown))
	made.add(p.set("groups"), Element{Key: unknown, Data: unknown, Comment: "addresses of this node's pod ranges that belong to no known pod"})
	for _, l := range p.local {
		for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
			group := groupNone
			if l.here {
				group = p.group(l.class, d)
			}
			made.add(p.set(directionSet(d)), p.podElement(l.pod, l.addr, group))
		}
	}
	p.put(made)
}

// directionSet is the map that holds the groups of a direction, and the word for
// it.
func directionSet(d policy.Direction) string {
	if d == policy.Egress {
		return "egress"
	}
	return "ingress"
}

// group is the number of what isolates a class of this node in a direction.
func (p *policies) group(class int, d policy.Direction) uint32 {
	id := p.rows.Identity(class, d)
	if id == "" {
		return groupNone
	}
	if p.examples[d] == nil {
		p.examples[d] = map[string]int{}
	}
	if _, known := p.examples[d][id]; !known {
		p.examples[d][id] = class
	}
	return p.c.n.groups.get(id)
}
