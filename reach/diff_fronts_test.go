package reach

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Who gets another verdict from a front is told, and nobody else.
func TestDiffFronts(t *testing.T) {
	t.Parallel()
	asked, differ := 0, 0
	for seed := *firstSeed; asked < max(30000, questions(t)/2); seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		oddEnds(g, seed)
		old := Compile(compile(t, g))
		s := mutate(g)
		if seed%3 > 0 {
			s = slightly(g)
		} else {
			mutateServices(g, s)
		}
		m, err := model.Compile(s)
		if err != nil {
			t.Fatal(err)
		}
		n, k := sameTold(t, seed, Diff(old, Compile(m)))
		asked, differ = asked+n, differ+k
	}
	if differ < asked/200 {
		t.Errorf("%d of %d differ", differ, asked)
	}
	t.Logf("%d of %d differ", differ, asked)
}

// sameTold compares what a difference tells of fronts with what each version
// answers; it may tell of no others, and of each once.
func sameTold(t *testing.T, seed uint64, d *Difference) (asked, differ int) {
	t.Helper()
	for i := range d.Fronts {
		if emptyChange(&d.Fronts[i]) || toldTwice(&d.Fronts[i]) {
			t.Fatalf("seed %d: a change of nobody, or one told twice: %+v", seed, d.Fronts[i])
		}
		nobodyElse(t, seed, d, &d.Fronts[i])
	}
	all := 0
	for _, svc := range names(d.Old, d.New) {
		for _, pair := range pairUp(d.Old, d.New, svc) {
			told := toldOfPair(d, svc, pair)
			n, m := sameVerdicts(t, seed, d, pair, told)
			asked, differ, all = asked+n, differ+m, all+len(told)
		}
	}
	if all != len(d.Fronts) {
		t.Fatalf("seed %d: told of %d fronts, of which %d stand for each other", seed, len(d.Fronts), all)
	}
	return asked, differ
}

// toldTwice: a client, an endpoint or an answer to endpoints is there more than once.
func toldTwice(c *FrontChange) bool {
	var self []*cluster.Pod
	for i := range c.Pods {
		p := &c.Pods[i]
		if len(p.Self) > 0 && slices.ContainsFunc(c.Pods[:i], func(o PodsChange) bool { return len(o.Self) > 0 && o.Was.equal(&p.Was) && o.Now.equal(&p.Now) }) {
			return true
		}
		for _, pod := range p.Self {
			if slices.Contains(self, pod) {
				return true
			}
			self = append(self, pod)
		}
	}
	return slices.ContainsFunc(c.Outside, func(o OutsideChange) bool {
		names := map[string]bool{}
		for _, cl := range o.Clients {
			names[cl.Name] = true
		}
		return len(names) < len(o.Clients)
	})
}

// nobodyElse: of every unit that a change of some nodes is about, a pod is there
// that is no endpoint.
func nobodyElse(t *testing.T, seed uint64, d *Difference, c *FrontChange) {
	t.Helper()
	number := d.New.placesOf().number
	for i := range c.Pods {
		p := &c.Pods[i]
		for u := range p.Units.All {
			_, young := d.PodsOf(u)
			if !p.All && len(p.Self) == 0 && !slices.ContainsFunc(young, func(q *cluster.Pod) bool {
				return has(p.Nodes.spans, number[q.Node]) && !isSelf(c, d.Old.m.Index.Pod(q.Namespace, q.Name), q)
			}) {
				t.Fatalf("seed %d: %v is about nobody of unit %d", seed, p, u)
			}
		}
	}
}

// emptyChange: a part of the change is about nobody, or of nothing.
func emptyChange(c *FrontChange) bool {
	nodes := func(n NodesChange) bool { return n.Nodes.Len() == 0 || n.Was.Verdict == n.Now.Verdict }
	pods := func(p PodsChange) bool {
		return p.Units.Len()+len(p.Self) == 0 || len(p.Self) == 0 && !p.All && p.Nodes.Len() == 0 || p.Was.Verdict == p.Now.Verdict
	}
	outside := func(o OutsideChange) bool {
		return len(o.Ranges)+len(o.Clients) == 0 || slices.ContainsFunc(o.Via, nodes) || len(o.Via) == 0 && o.Was.Verdict == o.Now.Verdict
	}
	return len(c.Outside)+len(c.Nodes)+len(c.Pods) == 0 || slices.ContainsFunc(c.Nodes, nodes) || slices.ContainsFunc(c.Pods, pods) || slices.ContainsFunc(c.Outside, outside)
}

func names(a, b *Chart) []flow.Object {
	var out []flow.Object
	for _, c := range []*Chart{a, b} {
		for i := range c.m.Snapshot.Services {
			if o := c.m.Snapshot.Services[i].Object(); !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

func pairUp(a, b *Chart, o flow.Object) [][2]*Front {
	var lists [2][]*Front
	for i, c := range []*Chart{a, b} {
		if svc := c.m.Index.Service(o.Namespace, o.Name); svc != nil {
			for _, f := range c.Service(svc) {
				lists[i] = append(lists[i], &f)
			}
		}
	}
	var out [][2]*Front
	for _, f := range lists[0] {
		n := slices.IndexFunc(lists[1], func(p *Front) bool {
			return p != nil && p.Kind == f.Kind && p.IPv6 == f.IPv6 && p.Protocol == f.Protocol && p.Named.Port == f.Named.Port
		})
		if n < 0 {
			out = append(out, [2]*Front{f, nil})
			continue
		}
		out = append(out, [2]*Front{f, lists[1][n]})
		lists[1][n] = nil
	}
	for _, f := range lists[1] {
		if f != nil {
			out = append(out, [2]*Front{nil, f})
		}
	}
	return out
}

func toldOfPair(d *Difference, o flow.Object, pair [2]*Front) []*FrontChange {
	var out []*FrontChange
	same := func(a, b *Front) bool {
		return (a == nil) == (b == nil) && (a == nil || a.Front == b.Front)
	}
	for i := range d.Fronts {
		if same(d.Fronts[i].Old, pair[0]) && same(d.Fronts[i].New, pair[1]) {
			out = append(out, &d.Fronts[i])
		}
	}
	return out
}

func sameVerdicts(t *testing.T, seed uint64, d *Difference, pair [2]*Front, told []*FrontChange) (asked, differ int) {
	t.Helper()
	fronts := [2]*Front{{}, {}}
	var kind service.Kind
	name := ""
	for i, f := range pair {
		if f != nil {
			fronts[i], kind, name = f, f.Kind, f.Service.Name
		}
	}
	check := func(who string, was, now flow.Verdict, found [][2]flow.Verdict) {
		t.Helper()
		asked++
		if was != now {
			differ++
		}
		if was == now && len(found) > 0 || was != now && (len(found) != 1 || found[0] != [2]flow.Verdict{was, now}) {
			t.Fatalf("seed %d: %s (%v) from %s was %v and is %v, told %v", seed, name, kind, who, was, now, found)
		}
	}
	for i := range d.New.m.Snapshot.Pods {
		q := &d.New.m.Snapshot.Pods[i]
		p := d.Old.m.Index.Pod(q.Namespace, q.Name)
		if p == nil || d.Old.UnitOf(p) < 0 || d.New.UnitOf(q) < 0 || p.Node != q.Node {
			continue
		}
		a, b := oneAnswer(d.Old, fronts[0], p), oneAnswer(d.New, fronts[1], q)
		if a == nil || b == nil {
			continue
		}
		n := slices.Index(d.Pods, Both{d.Old.UnitOf(p), d.New.UnitOf(q)})
		var found [][2]flow.Verdict
		for _, c := range told {
			for _, ch := range c.Pods {
				if slices.Contains(ch.Self, q) || len(ch.Self) == 0 && !isSelf(c, p, q) && ch.Units.Contains(Unit(n)) && (ch.All || onNode(d.New, ch.Nodes, q.Node)) {
					found = append(found, [2]flow.Verdict{ch.Was.Verdict, ch.Now.Verdict})
				}
			}
		}
		check(q.Name, a.Verdict, b.Verdict, found)
	}
	for i := range d.New.m.Snapshot.Nodes {
		node := d.New.m.Snapshot.Nodes[i].Name
		a, b := nodeAnswer(fronts[0], node), nodeAnswer(fronts[1], node)
		if pair[0] == nil {
			a = &gone
		}
		if pair[1] == nil {
			b = &gone
		}
		if a == nil || b == nil {
			continue
		}
		var found [][2]flow.Verdict
		for _, c := range told {
			for _, ch := range c.Nodes {
				if ch.Nodes.Contains(node) {
					found = append(found, [2]flow.Verdict{ch.Was.Verdict, ch.Now.Verdict})
				}
			}
		}
		check(node, a.Verdict, b.Verdict, found)
	}
	for _, s := range []string{"203.0.113.10", "203.0.113.200", "8.8.8.8", "2001:db8:113::10", "2a00::1"} {
		addr := netip.MustParseAddr(s)
		holds := func(ranges []policy.Range, _ []cluster.Client) bool { return inRanges(ranges, addr) }
		sameOutside(d, fronts, pair, s, holds, told, check)
	}
	for _, c := range d.New.m.Snapshot.Fabric.Clients {
		holds := func(_ []policy.Range, all []cluster.Client) bool {
			return slices.ContainsFunc(all, func(o cluster.Client) bool { return o.Name == c.Name })
		}
		sameOutside(d, fronts, pair, c.Name, holds, told, check)
	}
	return asked, differ
}

// onNode reports whether a set of nodes has one, or where only pods name it, its place.
func onNode(c *Chart, all Nodes, node string) bool {
	if c.m.Index.Node(node) == nil {
		return has(all.spans, c.placesOf().number[node])
	}
	return all.Contains(node)
}

// sameOutside compares what is told of somebody outside, by the router's choice and
// by each first node; a node that is no first node answers as none.
func sameOutside(d *Difference, fronts, pair [2]*Front, who string, holds func([]policy.Range, []cluster.Client) bool, told []*FrontChange, check func(string, flow.Verdict, flow.Verdict, [][2]flow.Verdict)) {
	var parts [2]*FromOutside
	for i, f := range fronts {
		if at := slices.IndexFunc(f.Outside, func(o FromOutside) bool { return holds(o.Ranges, o.Clients) }); at >= 0 {
			parts[i] = &f.Outside[at]
		} else if pair[i] == nil {
			parts[i] = &FromOutside{Answer: Answer{Verdict: flow.NotReachable}}
		} else {
			return
		}
	}
	var all [][2]flow.Verdict
	via := map[string][][2]flow.Verdict{}
	for _, c := range told {
		for _, ch := range c.Outside {
			if !holds(ch.Ranges, ch.Clients) {
				continue
			}
			if ch.Was.Verdict != ch.Now.Verdict {
				all = append(all, [2]flow.Verdict{ch.Was.Verdict, ch.Now.Verdict})
			}
			for _, v := range ch.Via {
				for _, n := range v.Nodes.Names() {
					via[n] = append(via[n], [2]flow.Verdict{v.Was.Verdict, v.Now.Verdict})
				}
			}
		}
	}
	check(who, parts[0].Verdict, parts[1].Verdict, all)
	for i := range d.New.m.Snapshot.Nodes {
		n := d.New.m.Snapshot.Nodes[i].Name
		var by [2]flow.Verdict
		for j, p := range parts {
			if by[j] = flow.NotReachable; p != nil {
				if at := slices.IndexFunc(p.Via, func(v Via) bool { return v.Nodes.Contains(n) }); at >= 0 {
					by[j] = p.Via[at].Verdict
				}
			}
		}
		check(who+" via "+n, by[0], by[1], via[n])
	}
}

// oneAnswer is what a front tells a pod, if it tells one that it is not there.
func oneAnswer(c *Chart, f *Front, p *cluster.Pod) *Answer {
	if f.Front == nil {
		return &Answer{Verdict: flow.NotReachable}
	}
	return podAnswer(c, f, p)
}

// isSelf: an endpoint of either version, which stands for itself.
func isSelf(c *FrontChange, p, q *cluster.Pod) bool {
	for i, f := range []*Front{c.Old, c.New} {
		if f == nil {
			continue
		}
		for j := range f.Pods {
			if slices.Contains(f.Pods[j].Self, [2]*cluster.Pod{p, q}[i]) {
				return true
			}
		}
	}
	return false
}
