package reach

import (
	"net/netip"
	"reflect"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// FrontChange is a Service front that answers somebody otherwise. Of the fronts
// of a port that are of one kind and family, the first is compared with the
// first, whatever their addresses.
type FrontChange struct {
	Old, New *Front // nil: there is none
	Outside  []OutsideChange
	Nodes    []NodesChange
	Pods     []PodsChange
}

// OutsideChange is clients outside the cluster, in all and by first nodes.
type OutsideChange struct {
	Ranges   []policy.Range
	Clients  []cluster.Client
	Was, Now Answer
	Via      []NodesChange
}

// NodesChange is nodes of both versions: those entered, or where processes ask.
type NodesChange struct {
	Nodes    Nodes
	Was, Now Answer
}

// PodsChange is pods: of Units (numbers of Difference.Pods), on Nodes or wherever
// they run, or endpoints themselves.
type PodsChange struct {
	Units    Set
	All      bool
	Nodes    Nodes
	Self     []*cluster.Pod
	Was, Now Answer
}

// fronts compares the fronts that may have changed.
func (d *Difference) fronts() []FrontChange {
	x := frontDiff{Difference: d}
	x.begin()
	var out []FrontChange
	for i := range d.New.m.Snapshot.Services {
		svc := &d.New.m.Snapshot.Services[i]
		out = x.service(out, d.Old.m.Index.Service(svc.Namespace, svc.Name), svc)
	}
	for i := range d.Old.m.Snapshot.Services {
		svc := &d.Old.m.Snapshot.Services[i]
		if d.New.m.Index.Service(svc.Namespace, svc.Name) == nil {
			out = x.service(out, svc, nil)
		}
	}
	return out
}

type frontDiff struct {
	*Difference
	// calm: what all fronts depend on is as it was.
	calm  bool
	moved []bool              // units of the new version whose ingress changed
	taken map[netip.Addr]bool // pods' addresses that some Service has, too, in either version
	nodes []int32             // places of the old version in the new one, or -1; when they are needed
}

func (x *frontDiff) begin() {
	x.moved = make([]bool, len(x.New.units.list))
	for _, s := range x.changed[ingress] {
		for i := s.from; i < s.to; i++ {
			x.moved[x.Pods[i].New] = true
		}
	}
	x.taken = map[netip.Addr]bool{}
	x.take(x.Old)
	x.take(x.New)
	a, b := x.Old.m.Snapshot, x.New.m.Snapshot
	p, q := *x.Old.m.Profile, *x.New.m.Profile
	p.Assumed, q.Assumed = nil, nil
	x.calm = len(x.changed[egress]) == 0 && reflect.DeepEqual(p, q) && reflect.DeepEqual(a.Nodes, b.Nodes) &&
		reflect.DeepEqual(a.Fabric, b.Fabric) && slices.Equal(a.Absent, b.Absent) && reflect.DeepEqual(a.Unread, b.Unread) && x.sameSenders()
}

// take finds the addresses of pods that Services have.
func (x *frontDiff) take(c *Chart) {
	keep := func(a netip.Addr) {
		if c.m.Index.PodByIP(a) != nil {
			x.taken[a] = true
		}
	}
	for i := range c.m.Snapshot.Services {
		svc := &c.m.Snapshot.Services[i]
		for _, a := range slices.Concat(svc.ClusterIPs, svc.ExternalIPs) {
			keep(a)
		}
		for _, in := range svc.Ingress {
			keep(in.IP)
		}
	}
}

// sameSenders reports whether packets of who is in both versions start as they did,
// whatever front they are for.
func (x *frontDiff) sameSenders() bool {
	ranges := sourceRanges(x.New.m)
	for _, b := range x.Pods {
		p, q := &x.Old.units.list[b.Old], &x.New.units.list[b.New]
		if p.contested != q.contested || x.Old.kindOf(p, ranges) != x.New.kindOf(q, ranges) {
			return false
		}
	}
	return true
}

// frontKind is fronts of a Service that stand for each other in two versions.
type frontKind struct {
	kind  service.Kind
	v6    bool
	proto flow.Protocol
	port  uint16
}

func kindOf(f *service.Front) frontKind {
	k := frontKind{f.Kind, f.IPv6, f.Protocol, f.Named.Port}
	return k
}

func (x *frontDiff) service(out []FrontChange, old, young *cluster.Service) []FrontChange {
	var was, now []*service.Front
	if old != nil {
		was = slices.Clone(x.Old.m.Services.Of(old))
	}
	if young != nil {
		now = x.New.m.Services.Of(young)
	}
	quiet := x.calm && old != nil && young != nil && sameService(old, young)
	for _, f := range now {
		at := slices.IndexFunc(was, func(o *service.Front) bool { return o != nil && kindOf(o) == kindOf(f) })
		if at < 0 {
			out = x.compare(out, nil, f)
			continue
		}
		if !quiet || !x.sameFront(was[at], f) {
			out = x.compare(out, was[at], f)
		}
		was[at] = nil
	}
	for _, f := range was {
		if f != nil {
			out = x.compare(out, f, nil)
		}
	}
	return out
}

func sameService(a, b *cluster.Service) bool {
	p, q := *a, *b
	p.Position, q.Position = flow.Position{}, flow.Position{}
	p.Created, q.Created, p.Manager, q.Manager = "", "", "", ""
	if len(p.Ports) == len(q.Ports) {
		p.Ports, q.Ports = slices.Clone(p.Ports), slices.Clone(q.Ports)
		for i := range p.Ports {
			p.Ports[i].Position, q.Ports[i].Position = flow.Position{}, flow.Position{}
		}
	}
	return reflect.DeepEqual(p, q)
}

// sameFront reports whether nothing that the front's answers depend on changed,
// where its Service did not.
func (x *frontDiff) sameFront(a, b *service.Front) bool {
	if len(x.Old.together(a)) != 1 || len(x.New.together(b)) != 1 || !x.sameHops(b.Addr) {
		return false
	}
	was, now := a.Backends.All(), b.Backends.All()
	if len(was) != len(now) {
		return false
	}
	for i := range now {
		if !was[i].Same(&now[i]) || !x.sameEnd(was[i].Target, now[i].Target, now[i].Addr.Addr()) || !x.sameHairpin(&was[i]) {
			return false
		}
	}
	return true
}

// sameEnd reports whether whatever reached a pod at an address reaches it still. What
// leads to anybody but a pod with an address of its own, another Service or process
// may take.
func (x *frontDiff) sameEnd(p, q *cluster.Pod, addr netip.Addr) bool {
	was, now := x.Old.unitAt(p), x.New.unitAt(q)
	if was < 0 || now < 0 || x.moved[now] || x.New.units.list[now].contested || x.taken[addr] {
		return false
	}
	return slices.Contains(p.IPs, addr) && slices.Contains(q.IPs, addr) && p.Node == q.Node && slices.Equal(p.Ports, q.Ports)
}

// sameHairpin reports whether a pod that is given itself fares as it did: where the
// Service lists it on another node than its own, another Service may list it aright.
func (x *frontDiff) sameHairpin(e *service.Backend) bool {
	at := e.Target.Node
	return e.Node == at || x.Old.m.Services.ServedOn(at, e.Addr) == x.New.m.Services.ServedOn(at, e.Addr)
}

// sameHops reports whether routers send the address where they did.
func (x *frontDiff) sameHops(addr netip.Addr) bool {
	a, b := x.Old.m.Announce.Routers(), x.New.m.Announce.Routers()
	for i := range a {
		p, q := x.Old.m.Announce.NextHops(&a[i], addr), x.New.m.Announce.NextHops(&b[i], addr)
		if p.Known != q.Known || p.Unread != q.Unread || !(p.Everyone && q.Everyone) && !slices.Equal(p.Nodes, q.Nodes) {
			return false
		}
	}
	return (x.Old.m.Services.ProxyMode(addr) == nil) == (x.New.m.Services.ProxyMode(addr) == nil)
}

func (x *frontDiff) compare(out []FrontChange, a, b *service.Front) []FrontChange {
	c := FrontChange{}
	none := &Front{Outside: []FromOutside{{Ranges: []policy.Range{space(0), space(1)}, Answer: gone}}}
	was, now := none, none
	if a != nil {
		f := x.Old.Front(a)
		was, c.Old = &f, &f
	}
	if b != nil {
		f := x.New.Front(b)
		now, c.New = &f, &f
	}
	x.outside(&c, was, now)
	x.fromNodes(&c, was, now)
	x.fromPods(&c, was, now)
	if len(c.Outside)+len(c.Nodes)+len(c.Pods) > 0 {
		return append(out, c)
	}
	return out
}

// gone is the answer of a front that is not there.
var gone = Answer{Verdict: flow.NotReachable}

func (x *frontDiff) outside(c *FrontChange, was, now *Front) {
	for i := range was.Outside {
		for j := range now.Outside {
			a, b := &was.Outside[i], &now.Outside[j]
			o := OutsideChange{Ranges: commonRanges(a.Ranges, b.Ranges), Was: a.Answer, Now: b.Answer}
			for _, cl := range append(slices.Clone(a.Clients), b.Clients...) {
				if slices.ContainsFunc(o.Clients, func(o cluster.Client) bool { return o.Name == cl.Name }) {
					continue
				}
				if in(a, &cl) && in(b, &cl) {
					o.Clients = append(o.Clients, cl)
				}
			}
			if len(o.Ranges)+len(o.Clients) == 0 {
				continue
			}
			o.Via = x.via(a.Via, b.Via)
			if len(o.Via) > 0 || a.Verdict != b.Verdict {
				c.Outside = append(c.Outside, o)
			}
		}
	}
}

// in reports whether a client is one of those.
func in(o *FromOutside, c *cluster.Client) bool {
	return slices.ContainsFunc(o.Clients, func(p cluster.Client) bool { return p.Name == c.Name }) ||
		slices.ContainsFunc(o.Ranges, func(r policy.Range) bool { return slices.ContainsFunc(c.Addresses, r.Contains) })
}

func (x *frontDiff) via(was, now []Via) []NodesChange {
	var out []NodesChange
	for i := range was {
		for j := range now {
			out = x.nodesChange(out, was[i].Nodes, now[j].Nodes, &was[i].Answer, &now[j].Answer)
		}
	}
	var p, q Nodes
	for i := range was {
		p.spans = union(p.spans, x.renamed(was[i].Nodes))
	}
	for j := range now {
		q.spans = union(q.spans, now[j].Nodes.spans)
	}
	// What a node no longer draws, and what it did not.
	all := x.New.m.Snapshot.Nodes
	for i := range was {
		if rest := minus(x.renamed(was[i].Nodes), q.spans); len(rest) > 0 && was[i].Verdict != flow.NotReachable {
			out = append(out, NodesChange{Nodes{rest, all}, was[i].Answer, gone})
		}
	}
	for j := range now {
		if rest := minus(now[j].Nodes.spans, p.spans); len(rest) > 0 && now[j].Verdict != flow.NotReachable {
			out = append(out, NodesChange{Nodes{rest, all}, gone, now[j].Answer})
		}
	}
	return out
}

// renamed are nodes of the old version as places in the new one.
func (x *frontDiff) renamed(n Nodes) []span {
	if x.nodes == nil {
		x.nodes = x.places()
	}
	var list []int32
	for _, s := range n.spans {
		for _, at := range x.nodes[s.from:s.to] {
			if at >= 0 {
				list = append(list, at)
			}
		}
	}
	slices.Sort(list)
	return runs(list)
}

// places finds nodes again, those that only pods name, too.
func (x *frontDiff) places() []int32 {
	old, young := x.Old.placesOf().number, x.New.placesOf().number
	out := make([]int32, len(old))
	for name, at := range old {
		n, ok := young[name]
		if !ok {
			n = -1
		}
		out[at] = n
	}
	return out
}

func (x *frontDiff) nodesChange(out []NodesChange, old, young Nodes, was, now *Answer) []NodesChange {
	if was.Verdict == now.Verdict {
		return out
	}
	if both := intersect(x.renamed(old), young.spans); len(both) > 0 {
		out = append(out, NodesChange{Nodes{both, x.New.m.Snapshot.Nodes}, *was, *now})
	}
	return out
}

func (x *frontDiff) fromNodes(c *FrontChange, was, now *Front) {
	all := x.New.m.Snapshot.Nodes
	every := Nodes{appendSpan(nil, span{0, int32(len(all))}), all}
	if c.Old == nil {
		was = &Front{Nodes: []FromNodes{{x.oldNodes(), gone}}}
	}
	if c.New == nil {
		now = &Front{Nodes: []FromNodes{{every, gone}}}
	}
	for i := range was.Nodes {
		for j := range now.Nodes {
			c.Nodes = x.nodesChange(c.Nodes, was.Nodes[i].Nodes, now.Nodes[j].Nodes, &was.Nodes[i].Answer, &now.Nodes[j].Answer)
		}
	}
}

func (x *frontDiff) oldNodes() Nodes {
	all := x.Old.m.Snapshot.Nodes
	return Nodes{appendSpan(nil, span{0, int32(len(all))}), all}
}
