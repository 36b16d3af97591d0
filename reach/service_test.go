package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Every front from every pod, node and client: the answer of the part that holds
// the client is Walk's.
func TestFrontsEqualWalk(t *testing.T) {
	t.Parallel()
	f := fronts{T: t, verdicts: map[flow.Verdict]int{}}
	for seed := *firstSeed; f.asked < questions(t)/2; seed++ {
		g := generate.Tangle(generate.Kind(seed%3), seed)
		g.Snapshot.Pods = slices.DeleteFunc(g.Snapshot.Pods, func(p cluster.Pod) bool { return len(p.IPs) == 0 })
		g.MorePolicies()
		g.MorePolicies()
		dataplanes(g, seed)
		if seed%3 > 0 {
			tame(g)
		}
		if seed%5 == 0 {
			elsewhereOf(g)
		}
		if seed%2 == 0 {
			twins(g)
		}
		if d := g.Snapshot.Fabric.Dataplane; seed%9 == 0 && (d.Policy != "forward-only" || d.Proxy != "kube-proxy-ipvs") {
			g.Snapshot.Foreign = append(g.Snapshot.Foreign, cluster.Foreign{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: "a", DenyOnly: seed%2 == 0})
		}
		if seed%7 == 0 {
			forget(g, seed)
		}
		f.seed, f.m = seed, compile(t, g)
		f.c = Compile(f.m)
		f.cluster()
		if t.Failed() {
			return
		}
	}
	for v, n := range f.verdicts {
		if n < f.asked/5000 {
			t.Errorf("%v occurs %d times in %d", v, n, f.asked)
		}
	}
	t.Logf("%d questions: %v; %d ways through one node", f.asked, f.verdicts, f.via)
}

// dataplanes are, for every other cluster, some that trips are walked otherwise for:
// what policies say of the sender changes the way of its packets.
func dataplanes(g *generate.Tangled, seed uint64) {
	d := &g.Snapshot.Fabric.Dataplane
	switch seed % 8 {
	case 0:
		d.Proxy, d.Policy = "kube-proxy-ipvs", "forward-only"
	case 2:
		d.Policy = "aws"
	case 4:
		d.Policy = "kube-router"
	case 6:
		d.Policy = "cilium"
	}
}

// tame makes more of a cluster work: endpoints are ready, and most pods listen.
func tame(g *generate.Tangled) {
	s := g.Snapshot
	for i := range s.EndpointSlices {
		for j := range s.EndpointSlices[i].Endpoints {
			if e := &s.EndpointSlices[i].Endpoints[j]; g.IntN(4) > 0 {
				e.Ready, e.Serving, e.Terminating = true, true, false
			}
		}
	}
	for i := range s.Pods {
		if g.IntN(3) > 0 {
			s.Pods[i].Ports = nil
		}
	}
}

// elsewhereOf puts pods where no node is.
func elsewhereOf(g *generate.Tangled) {
	for i := range g.Snapshot.Pods {
		if p := &g.Snapshot.Pods[i]; !p.HostNetwork && g.IntN(4) == 0 {
			p.Node = []string{"", "n9"}[g.IntN(2)]
		}
	}
}

type fronts struct {
	*testing.T
	seed       uint64
	m          *model.Model
	c          *Chart
	asked, via int
	counts     map[*FromPods]int
	verdicts   map[flow.Verdict]int
}

func (f *fronts) cluster() {
	var fronts []*service.Front
	for front := range f.c.Fronts {
		fronts = append(fronts, front.Front)
		f.counts = map[*FromPods]int{}
		for i := range f.m.Snapshot.Pods {
			if p := &f.m.Snapshot.Pods[i]; f.c.UnitOf(p) >= 0 {
				f.pod(front, p)
			}
		}
		f.nothingEmpty(front)
		f.toldOnce(front)
		for i := range front.Pods {
			if p := &front.Pods[i]; p.Pods != f.counts[p] || len(p.Self) > 0 && !f.sameSelf(p) {
				f.Fatalf("seed %d: %s of %s: %+v is of %d pods", f.seed, front.Kind, front.Service.Name, p, f.counts[p])
			}
		}
		for i := range f.m.Snapshot.Nodes {
			f.node(front, &f.m.Snapshot.Nodes[i])
		}
		for _, cl := range f.m.Snapshot.Fabric.Clients {
			f.client(front, cl.Name, cl.Addresses)
		}
		for _, a := range []string{"203.0.113.77", "192.0.2.200", "8.8.8.8", "2001:db8:113::77", "2a00::1"} {
			f.client(front, a, []netip.Addr{netip.MustParseAddr(a)})
		}
	}
	var all []*service.Front
	for i := range f.m.Snapshot.Services {
		svc := &f.m.Snapshot.Services[i]
		all = append(all, f.m.Services.Of(svc)...)
		if got := f.c.Service(svc); len(got) != len(f.m.Services.Of(svc)) {
			f.Fatalf("seed %d: %d fronts of %s", f.seed, len(got), svc.Name)
		}
	}
	if !slices.Equal(fronts, all) {
		f.Fatalf("seed %d: %d fronts of %d", f.seed, len(fronts), len(all))
	}
	for range f.c.Fronts {
		break // and no more are made
	}
}

// nothingEmpty: no part is about nobody.
func (f *fronts) nothingEmpty(front *Front) {
	f.Helper()
	for _, n := range front.Nodes {
		for most := range 4 {
			if all := n.Nodes.Names(); !slices.Equal(n.Nodes.First(most), all[:min(most, len(all))]) || len(all) != n.Nodes.Len() {
				f.Fatalf("seed %d: the first %d of %v are %v", f.seed, most, all, n.Nodes.First(most))
			}
		}
	}
	empty := slices.ContainsFunc(front.Pods, func(p FromPods) bool { return p.Pods == 0 || p.Units.Len() == 0 }) ||
		slices.ContainsFunc(front.Nodes, func(n FromNodes) bool { return n.Nodes.Len() == 0 })
	for _, o := range front.Outside {
		empty = empty || len(o.Ranges)+len(o.Clients) == 0 || slices.ContainsFunc(o.Via, func(v Via) bool { return v.Nodes.Len() == 0 })
	}
	if empty {
		f.Fatalf("seed %d: a part of %s of %s is about nobody: %+v", f.seed, front.Kind, front.Service.Name, front)
	}
}

// sameSelf: the units and nodes are those of the endpoints.
func (f *fronts) sameSelf(p *FromPods) bool {
	var units []Unit
	for _, pod := range p.Self {
		units = append(units, f.c.UnitOf(pod))
		if !has(p.Nodes.spans, f.c.placesOf().number[pod.Node]) || f.m.Index.Node(pod.Node) != nil && !p.Nodes.Contains(pod.Node) {
			return false
		}
	}
	return slices.Equal(SetOf(units).spans, p.Units.spans)
}

func (f *fronts) pod(front *Front, p *cluster.Pod) {
	to, ok := f.target(front, p.Node)
	if !ok || !p.IP(front.IPv6).IsValid() {
		return
	}
	var found []*Answer
	for i := range front.Pods {
		part := &front.Pods[i]
		self := slices.Contains(part.Self, p)
		if len(part.Self) == 0 && (part.All || has(part.Nodes.spans, f.c.placesOf().number[p.Node])) && part.Units.Contains(f.c.UnitOf(p)) {
			self = !slices.ContainsFunc(front.Pods, func(o FromPods) bool { return slices.Contains(o.Self, p) })
		}
		if self {
			found = append(found, &part.Answer)
			f.counts[part]++
		}
	}
	f.compare(front, "pod/"+p.Namespace+"/"+p.Name, to, "", found)
}

func (f *fronts) node(front *Front, n *cluster.Node) {
	to, ok := f.target(front, n.Name)
	if !ok {
		f.nobodyOn(front, n.Name)
		return
	}
	var found []*Answer
	for i := range front.Nodes {
		if front.Nodes[i].Nodes.Contains(n.Name) {
			found = append(found, &front.Nodes[i].Answer)
		}
	}
	f.compare(front, "node/"+n.Name, to, "", found)
}

func (f *fronts) client(front *Front, name string, addrs []netip.Addr) {
	s := start{Addrs: addrs}
	if !s.Addr(front.IPv6).IsValid() || f.c.m.Home(s.Addr(front.IPv6)) != "" {
		return
	}
	f.named(front, name, s.Addr(front.IPv6))
	for i := range front.Outside {
		o := &front.Outside[i]
		if !slices.ContainsFunc(o.Clients, func(c cluster.Client) bool { return c.Name == name }) &&
			!slices.ContainsFunc(o.Ranges, func(r policy.Range) bool { return r.Contains(s.Addr(front.IPv6)) }) {
			continue
		}
		if front.Kind != service.NodePort {
			to, _ := f.target(front, "")
			f.compare(front, "external/"+name, to, "", []*Answer{&o.Answer})
		}
		if f.m.Snapshot.UnreadOf("Node") == nil { // else nobody knows by which nodes
			f.firsts(front, o, name)
		}
		for j := range o.Via {
			for _, n := range o.Via[j].Nodes.Names() {
				to, ok := f.target(front, n)
				if !ok {
					f.Fatalf("seed %d: via %s, which has no address", f.seed, n)
				}
				f.via++
				f.compare(front, "external/"+name, to, n, []*Answer{&o.Via[j].Answer})
			}
		}
		return
	}
	f.Fatalf("seed %d: %s is in no range: %+v", f.seed, name, front.Outside)
}

// named: a client of the Fabric is named once, and no address is in two parts.
func (f *fronts) named(front *Front, name string, a netip.Addr) {
	f.Helper()
	names, ranges := 0, 0
	for i := range front.Outside {
		o := &front.Outside[i]
		for _, c := range o.Clients {
			if c.Name == name {
				names++
			}
		}
		if !slices.Equal(o.Ranges, policy.MergeRanges(slices.Clone(o.Ranges))) {
			f.Fatalf("seed %d: ranges not merged: %v", f.seed, o.Ranges)
		}
		if inRanges(o.Ranges, a) {
			ranges++
		}
	}
	known := slices.ContainsFunc(f.m.Snapshot.Fabric.Clients, func(c cluster.Client) bool { return c.Name == name })
	if ranges > 1 || known != (names == 1) {
		f.Fatalf("seed %d: %s is named %d times, and in %d ranges", f.seed, name, names, ranges)
	}
}

// firsts: every first node there is has one answer of its own.
func (f *fronts) firsts(front *Front, o *FromOutside, name string) {
	f.Helper()
	var want, got []string
	if front.Kind == service.NodePort {
		for i := range f.m.Snapshot.Nodes {
			if n := &f.m.Snapshot.Nodes[i]; n.IP(front.IPv6).IsValid() {
				want = append(want, n.Name)
			}
		}
	} else {
		to, _ := f.target(front, "")
		q := generate.Question{From: "external/" + name, To: to, Protocol: front.Protocol}
		a, err := path.Walk(f.m, path.Question{From: q.From, To: q.Target()})
		if err != nil {
			f.Fatalf("seed %d: %v", f.seed, err)
		}
		for i := range a.Traces {
			if n := a.Traces[i].First; n != "" && !slices.Contains(want, n) {
				want = append(want, n)
			}
		}
	}
	for i := range o.Via {
		got = append(got, o.Via[i].Nodes.Names()...)
	}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		f.Fatalf("seed %d: %s enters %v/%s/%s by %v, told of %v", f.seed, name, front.Kind, front.Service.Namespace, front.Service.Name, want, got)
	}
}

func (f *fronts) target(front *Front, node string) (netip.AddrPort, bool) {
	if front.Kind != service.NodePort {
		return netip.AddrPortFrom(front.Front.Addr, front.Port), true
	}
	n := f.m.Index.Node(node)
	if n == nil || !n.IP(front.IPv6).IsValid() {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(n.IP(front.IPv6), front.Port), true
}

func (f *fronts) compare(front *Front, from string, to netip.AddrPort, via string, found []*Answer) {
	f.Helper()
	f.asked++
	q := generate.Question{From: from, To: to, Protocol: front.Protocol, Via: via}
	a, err := path.Walk(f.m, path.Question{From: from, To: q.Target(), Via: via})
	if err != nil {
		f.Fatalf("seed %d: %v: %v", f.seed, q, err)
	}
	var fates, seen []string
	for i := range a.Traces {
		fates, seen = append(fates, a.Traces[i].Fate.String()), append(seen, a.Traces[i].Seen.String())
	}
	want := describe(a.Verdict, fates, seen)
	f.verdicts[a.Verdict]++
	var got []string
	for _, a := range found {
		if !slices.IsSorted(a.Fates) || !slices.IsSorted(a.Seen) {
			f.Fatalf("seed %d: %v: out of order: %v, %v", f.seed, q, a.Fates, a.Seen)
		}
		var fates, seen []string
		for _, x := range a.Fates {
			fates = append(fates, x.String())
		}
		for _, x := range a.Seen {
			seen = append(seen, x.String())
		}
		got = append(got, describe(a.Verdict, fates, seen))
	}
	if !strings.HasPrefix(from, "external/") {
		f.ways(a, found)
	}
	if len(got) != 1 || got[0] != want {
		f.Fatalf("seed %d (%s, %s): %v, %v of %s/%s\nWalk: %s\nhere: %s", f.seed, f.m.Profile.Proxy.Name, f.m.Profile.Policy.Name, q, front.Kind, front.Service.Namespace, front.Service.Name, want, strings.Join(got, "; "))
	}
}

func describe(v flow.Verdict, fates, seen []string) string {
	slices.Sort(fates)
	slices.Sort(seen)
	return fmt.Sprint(v, slices.Compact(fates), slices.Compact(seen))
}
