package diff

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// items are the clients that one front answers otherwise, each kind with its causes.
func (x *comparison) items(id frontID, c *reach.FrontChange) []Item {
	var out []Item
	for _, k := range x.cuts() {
		if x.portIn(id.portID, k.to) {
			out = append(out, x.itemsOf(id, c, k.from)...)
		}
	}
	return out
}

// itemsOf are items of half of the clients.
func (x *comparison) itemsOf(id frontID, c *reach.FrontChange, h half) []Item {
	var out []Item
	for i := range c.Outside {
		out = append(out, x.outside(id, &c.Outside[i], h)...)
	}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		names := x.nodesIn(n.Nodes.Names(), h)
		if len(names) == 0 {
			continue
		}
		it := newItem(id, n.Was, n.Now, Who{Kind: Nodes, Nodes: names, Total: len(x.s[1].Nodes)})
		it.Ask = Question{From: "node/" + it.Nodes[0]}
		node := it.Nodes[0]
		x.ask(&it, id, x.around(id.name()), func(f *reach.Front) level { return nodeLevel(f, node) })
		out = append(out, it)
	}
	for i := range c.Pods {
		out = append(out, x.fromPods(id, c, &c.Pods[i], h)...)
	}
	return out
}

func (id frontID) name() nsName { return nsName{id.service.Namespace, id.service.Name} }

func newItem(id frontID, was, now reach.Answer, who Who) Item {
	return Item{
		Loss:   Loss{Lost: levelOf(now.Verdict) < levelOf(was.Verdict), Sure: was.Verdict != flow.VerdictUnknown && now.Verdict != flow.VerdictUnknown},
		Fronts: []service.Kind{id.kind}, about: []frontKey{{id.kind, id.v6}}, Was: was, Now: now, Who: who,
	}
}

func familyOf(v6 bool) reach.Families {
	if v6 {
		return reach.IPv6
	}
	return reach.IPv4
}

// ask looks for the causes of an Item with a question to its front.
func (x *comparison) ask(it *Item, id frontID, t *touched, get func(*reach.Front) level) {
	w := witness{touched: *t, was: levelOf(it.Was.Verdict), now: levelOf(it.Now.Verdict)}
	w.ask = func(c *reach.Chart) level {
		f := x.front(c, id)
		if f == nil {
			return levelNo
		}
		return get(f)
	}
	x.explain(&w, &it.Loss)
}

// front is what a front answers in a version; nil where it has none.
func (x *comparison) front(c *reach.Chart, id frontID) *reach.Front {
	k := frontIn{c, id}
	if f, ok := x.fronts[k]; ok {
		return f
	}
	if x.fronts == nil {
		x.fronts = map[frontIn]*reach.Front{}
	}
	var found *reach.Front
	m := c.Model()
	if svc := m.Index.Service(id.service.Namespace, id.service.Name); svc != nil {
		for _, f := range m.Services.Of(svc) {
			if idOf(f) == id {
				answer := c.Front(f)
				found = &answer
				break
			}
		}
	}
	x.fronts[k] = found
	return found
}

type frontIn struct {
	*reach.Chart
	frontID
}

func nodeLevel(f *reach.Front, node string) level {
	for i := range f.Nodes {
		if f.Nodes[i].Nodes.Contains(node) {
			return levelOf(f.Nodes[i].Verdict)
		}
	}
	return levelNo
}

func outsideLevel(f *reach.Front, from netip.Addr, via string) level {
	for i := range f.Outside {
		o := &f.Outside[i]
		if !slices.ContainsFunc(o.Ranges, func(r policy.Range) bool { return r.Contains(from) }) &&
			!slices.ContainsFunc(o.Clients, func(c cluster.Client) bool { return slices.Contains(c.Addresses, from) }) {
			continue
		}
		if via == "" {
			return levelOf(o.Verdict)
		}
		for j := range o.Via {
			if o.Via[j].Nodes.Contains(via) {
				return levelOf(o.Via[j].Verdict)
			}
		}
	}
	return levelNo
}

// byNodes: some still get an answer, or did, and it is first nodes that tell who.
func byNodes(o *reach.OutsideChange, was, now level) bool {
	return was != levelNo && now != levelNo && slices.ContainsFunc(o.Via, enteredOtherwise)
}

// enteredOtherwise: who enters there fares otherwise. A node that is no next hop any
// more, or was none, is entered by nobody: what counts is how its clients fare now.
func enteredOtherwise(v reach.NodesChange) bool {
	return levelOf(v.Was.Verdict) != levelOf(v.Now.Verdict) && v.Was.Legs > 0 && v.Now.Legs > 0
}

// outside are clients outside: all of them, or by the first nodes where that is not all
// that is lost or gained.
func (x *comparison) outside(id frontID, change *reach.OutsideChange, h half) []Item {
	o := x.outsideIn(change, id.v6, h)
	if o == nil {
		return nil
	}
	who := Who{Kind: Outside, Ranges: o.Ranges, Total: len(x.s[1].Nodes)}
	var from netip.Addr
	ask := "external"
	for _, c := range o.Clients {
		who.Clients = append(who.Clients, c.Name)
		for _, a := range c.Addresses {
			if a.Is6() == id.v6 && !from.IsValid() {
				from, ask = a, "external/"+c.Name
			}
		}
	}
	for _, r := range o.Ranges {
		if r.First.Is6() == id.v6 && !from.IsValid() {
			from = r.First
			if len(o.Ranges) > 1 {
				continue
			}
		}
	}
	if !from.IsValid() {
		return nil
	}
	if ask == "external" && !whole(o.Ranges) {
		ask = "external/" + from.String()
	}
	if was, now := levelOf(o.Was.Verdict), levelOf(o.Now.Verdict); was != now && !byNodes(o, was, now) {
		it := newItem(id, o.Was, o.Now, who)
		it.Ask = Question{From: ask}
		x.ask(&it, id, x.around(id.name()), func(f *reach.Front) level { return outsideLevel(f, from, "") })
		return []Item{it}
	}
	var out []Item
	for i := range o.Via {
		v := &o.Via[i]
		if !enteredOtherwise(*v) {
			continue
		}
		one := who
		one.Nodes = v.Nodes.Names()
		it := newItem(id, v.Was, v.Now, one)
		via := one.Nodes[0]
		it.Ask = Question{From: ask, Via: via}
		x.ask(&it, id, x.around(id.name()), func(f *reach.Front) level { return outsideLevel(f, from, via) })
		out = append(out, it)
	}
	return out
}

// whole: ranges that leave out only what is somebody's in the cluster.
func whole(rs []policy.Range) bool {
	for _, r := range rs {
		if r.First.IsUnspecified() {
			return true
		}
	}
	return len(rs) == 0
}

// fromPods are pods that fare otherwise, told apart by which of the objects that
// differ are about them.
func (x *comparison) fromPods(id frontID, all *reach.FrontChange, c *reach.PodsChange, h half) []Item {
	var out []Item
	for _, p := range c.Self {
		if h != everybody && !h.keeps(x.holds(p, false)) {
			continue
		}
		old := x.charts[0].Model().Index.Pod(p.Namespace, p.Name)
		out = append(out, x.fromPod(id, c, Group{Namespace: p.Namespace, Object: p.Object(), Pods: 1}, old, p))
	}
	bySign := map[string][]int{}
	for n := range c.Units.All {
		if !x.numbered(int(n), false, h) {
			continue
		}
		k := x.sign(int(n), false)
		bySign[k] = append(bySign[k], int(n))
	}
	for _, numbers := range sorted(bySign) {
		old, young := x.podOn(numbers, all, c, x.pick(false, h))
		if young == nil {
			continue
		}
		it := x.fromPod(id, c, Group{}, old, young)
		it.Groups, it.numbers = nil, numbers
		if g := x.alone(false, h); g != nil {
			it.Groups, it.numbers = g, nil
		}
		if x.allOn(numbers, c) {
			it.Nodes = nil
		}
		out = append(out, it)
	}
	return out
}

// allOn: none of the pods is on a node that the change is not about.
func (x *comparison) allOn(numbers []int, c *reach.PodsChange) bool {
	on := map[string]bool{}
	for _, n := range c.Nodes.Names() {
		on[n] = true
	}
	for _, n := range numbers {
		_, now := x.d.PodsOf(reach.Unit(n))
		if slices.ContainsFunc(now, func(p *cluster.Pod) bool { return !on[p.Node] }) {
			return false
		}
	}
	return true
}

func sorted(m map[string][]int) [][]int {
	var out [][]int
	for _, l := range m {
		out = append(out, l)
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

func (x *comparison) fromPod(id frontID, c *reach.PodsChange, g Group, old, young *cluster.Pod) Item {
	it := newItem(id, c.Was, c.Now, Who{Kind: Pods, Groups: []Group{g}, Total: len(x.s[1].Nodes)})
	if !c.All && len(c.Self) == 0 {
		it.Nodes = c.Nodes.Names()
	}
	it.Ask = Question{From: "pod/" + young.Namespace + "/" + young.Name}
	a, b := x.asRead(0, old), x.asRead(1, young)
	w := witness{touched: *x.around(id.name()).plus(a, b), was: levelOf(c.Was.Verdict), now: levelOf(c.Now.Verdict)}
	w.ask = func(ch *reach.Chart) level {
		f := x.front(ch, id)
		if f == nil {
			return levelNo
		}
		return podLevel(ch, f, either(ch, a, b))
	}
	x.explain(&w, &it.Loss)
	return it
}

// asRead is a pod in the Snapshot as it was read.
func (x *comparison) asRead(v int, p *cluster.Pod) *cluster.Pod {
	if p == nil {
		return nil
	}
	return x.index[v].Pod(p.Namespace, p.Name)
}

// either is the pod that a mixture has of two versions of it.
func either(c *reach.Chart, old, young *cluster.Pod) *cluster.Pod {
	for _, p := range []*cluster.Pod{young, old} {
		if p != nil {
			if got := c.Model().Index.Pod(p.Namespace, p.Name); got != nil {
				return got
			}
		}
	}
	return nil
}

func podLevel(c *reach.Chart, f *reach.Front, p *cluster.Pod) level {
	if p == nil {
		return levelNo
	}
	u := c.UnitOf(p)
	got := levelNo
	for i := range f.Pods {
		part := &f.Pods[i]
		if slices.Contains(part.Self, p) {
			return levelOf(part.Verdict)
		}
		if len(part.Self) == 0 && u >= 0 && part.Units.Contains(u) && (part.All || part.Nodes.Contains(p.Node)) {
			got = levelOf(part.Verdict)
		}
	}
	return got
}

// podOn is a pod of the numbers that the change is about, in both versions.
func (x *comparison) podOn(numbers []int, all *reach.FrontChange, c *reach.PodsChange, pick func(*cluster.Pod) bool) (old, young *cluster.Pod) {
	for _, n := range numbers {
		was, now := x.d.PodsOf(reach.Unit(n))
		for _, p := range now {
			if !c.All && !c.Nodes.Contains(p.Node) || serves(all, p) || pick != nil && !pick(p) {
				continue
			}
			q := x.charts[0].Model().Index.Pod(p.Namespace, p.Name)
			if q == nil {
				q = was[0]
			}
			return q, p
		}
	}
	return nil, nil
}

// serves: an endpoint that asks its own Service stands for nobody else.
func serves(c *reach.FrontChange, p *cluster.Pod) bool {
	for _, f := range []*reach.Front{c.Old, c.New} {
		if f == nil {
			continue
		}
		for i := range f.Pods {
			if slices.ContainsFunc(f.Pods[i].Self, func(s *cluster.Pod) bool { return s.Name == p.Name && s.Namespace == p.Namespace }) {
				return true
			}
		}
	}
	return false
}
