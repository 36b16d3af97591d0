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

// mutateServices changes what Services depend on, besides policies and pods.
func mutateServices(g *generate.Tangled, s *cluster.Snapshot) {
	for range g.IntN(3) {
		if len(s.Services) == 0 {
			return
		}
		i := g.IntN(len(s.Services))
		svc := s.Services[i]
		switch g.IntN(8) {
		case 0:
			svc.ExternalTrafficPolicy = []cluster.TrafficPolicy{cluster.PolicyLocal, cluster.PolicyCluster}[g.IntN(2)]
		case 1:
			svc.SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/25")}
		case 2:
			svc.Ingress = nil
		case 3:
			s.Services = slices.Delete(s.Services, i, i+1)
			continue
		case 4:
			if n := len(s.EndpointSlices); n > 0 {
				s.EndpointSlices = slices.Delete(s.EndpointSlices, n-1, n)
			}
		case 5:
			if n := len(s.EndpointSlices); n > 0 {
				e := s.EndpointSlices[g.IntN(n)]
				e.Endpoints = slices.Clone(e.Endpoints)
				for j := range e.Endpoints {
					e.Endpoints[j].Ready = g.IntN(2) == 0
				}
				s.EndpointSlices[g.IntN(n)] = e
			}
		case 6:
			svc.InternalTrafficPolicy = cluster.PolicyLocal
		case 7:
			svc.Position.Line++ // moved in its file
			svc.Ports = slices.Clone(svc.Ports)
			svc.Ports[len(svc.Ports)-1].Position.Line++
		}
		s.Services[i] = svc
	}
}

// slightly changes one thing, so that most of what fronts depend on is as it was.
func slightly(g *generate.Tangled) *cluster.Snapshot {
	s := *g.Snapshot
	s.Pods, s.Nodes, s.NetworkPolicies = slices.Clone(s.Pods), slices.Clone(s.Nodes), slices.Clone(s.NetworkPolicies)
	s.Services, s.EndpointSlices = slices.Clone(s.Services), slices.Clone(s.EndpointSlices)
	s.Fabric.Routers = slices.Clone(s.Fabric.Routers)
	p, n := &s.Pods[g.IntN(len(s.Pods))], &s.Nodes[g.IntN(len(s.Nodes))]
	svc := &s.Services[g.IntN(len(s.Services))]
	switch g.IntN(14) {
	case 0:
		p.Ports = []cluster.ContainerPort{{Name: "web", Port: 8080, Protocol: flow.TCP}}
	case 1:
		if !p.HostNetwork {
			p.Node = n.Name
		}
	case 2:
		n.Ready = !n.Ready
	case 3:
		n.Labels = cluster.Labels{"topology.kubernetes.io/zone": "zb"}
	case 4:
		s.Fabric.Routers[0].Nodes = []string{n.Name}
	case 5:
		s.Fabric.Routers[0].Prefixes = []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")}
	case 6:
		s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: p.Namespace, DenyOnly: g.IntN(2) == 0}}
	case 7:
		if len(s.NetworkPolicies) > 0 {
			np := &s.NetworkPolicies[g.IntN(len(s.NetworkPolicies))]
			np.Ingress = nil
		}
	case 8:
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: p.Namespace, Name: "deny"}, IsolatesIngress: true, PodSelector: cluster.LabelSelector{MatchLabels: p.Labels}})
	case 9:
		for i, a := range svc.ClusterIPs { // made anew, at another address
			svc.ClusterIPs = slices.Clone(svc.ClusterIPs)
			b := a.AsSlice()
			b[len(b)-1] += 50
			svc.ClusterIPs[i], _ = netip.AddrFromSlice(b)
		}
	case 10:
		svc.Ports = slices.Clone(svc.Ports)
		svc.Ports[0].Port += 7
	case 11:
		mutateServices(g, &s)
	case 13:
		more := *svc
		more.Name, more.ClusterIPs, more.Ingress, more.ExternalIPs = "new", nil, nil, nil
		s.Services = append(s.Services, more)
	case 12:
		s.Services = slices.Delete(s.Services, 0, 1)
	}
	return &s
}

// Who gets another verdict from a front is told, and nobody else.
func TestDiffFronts(t *testing.T) {
	t.Parallel()
	asked, differ := 0, 0
	for seed := *firstSeed; asked < max(30000, questions(t)/2); seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
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
		d := Diff(old, Compile(m))
		for i := range d.Fronts {
			if emptyChange(&d.Fronts[i]) {
				t.Fatalf("seed %d: a change of nobody: %+v", seed, d.Fronts[i])
			}
		}
		for _, svc := range names(old, d.New) {
			for _, pair := range pairUp(old, d.New, svc) {
				told := toldOfPair(d, svc, pair)
				n, m := sameVerdicts(t, seed, d, pair, told)
				asked, differ = asked+n, differ+m
			}
		}
	}
	if differ < asked/200 {
		t.Errorf("%d of %d differ", differ, asked)
	}
	t.Logf("%d of %d differ", differ, asked)
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
		n := slices.IndexFunc(lists[1], func(p *Front) bool { return p != nil && kindOf(p.Front) == kindOf(f.Front) })
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
				if slices.Contains(ch.Self, q) || len(ch.Self) == 0 && !isSelf(c, p, q) && ch.Units.Contains(Unit(n)) && (ch.All || ch.Nodes.Contains(q.Node)) {
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
