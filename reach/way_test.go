package reach

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
	"github.com/portolan-net/portolan/walk"
)

// Whatever a front is asked for, by every pod, node and client, in any order: the
// ways that are found without walking every endpoint are those that are walked,
// as many of each. So are those of a trip, for the one that it was walked from.
func TestWaysEqualWalk(t *testing.T) {
	t.Parallel()
	w := walked{T: t, fates: map[flow.Fate]int{}}
	// Rare: a packet back at its node that was translated before, and a sender without
	// an address of the family where it matters who the peer's node is.
	for _, seed := range []uint64{100217, 202452} {
		w.cluster(seed)
	}
	for seed := *firstSeed; w.asked < 3*questions(t); seed++ {
		w.cluster(seed)
	}
	for _, f := range []flow.Fate{flow.Delivered, flow.DeniedByPolicy, flow.ReplyLost, flow.NotListening, flow.Unknown} {
		if w.fates[f] < w.asked/200 {
			t.Errorf("%v occurs %d times for %d questions", f, w.fates[f], w.asked)
		}
	}
	if w.filled < w.asked/100 {
		t.Errorf("%d questions, %d kinds of ways", w.asked, w.filled)
	}
	t.Logf("%d questions, %d kinds of ways: %v", w.asked, w.filled, w.fates)
}

type walked struct {
	*testing.T
	seed          uint64
	m             *model.Model
	c             *Chart
	asked, filled int
	fates         map[flow.Fate]int
}

// wayQuestion is a packet to a front.
type wayQuestion struct {
	from *start
	to   Target
}

func (w *walked) cluster(seed uint64) {
	w.Helper()
	g := generate.Tangle(generate.Kind(seed%3), seed)
	if seed%4 > 0 {
		tame(g)
	}
	askew(g)
	w.seed, w.m = seed, compile(w, g)
	w.c = Compile(w.m)
	w.c.unitsOf()
	var all []wayQuestion
	for i := range g.Snapshot.Services {
		for _, f := range w.m.Services.Of(&g.Snapshot.Services[i]) {
			for _, to := range w.addresses(f) {
				for _, from := range w.starts(f.IPv6) {
					all = append(all, wayQuestion{from, Target{Protocol: f.Protocol, Addr: netip.AddrPortFrom(to, f.Port)}})
				}
			}
		}
	}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all {
		w.question(&all[i])
	}
	w.filled += len(w.c.ways.ways)
}

// addresses by which a front is asked for.
func (w *walked) addresses(f *service.Front) []netip.Addr {
	if f.Kind != service.NodePort {
		return []netip.Addr{f.Addr}
	}
	all := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	if f.IPv6 {
		all[0] = netip.IPv6Loopback()
	}
	for i := range w.m.Snapshot.Nodes {
		if a := w.m.Snapshot.Nodes[i].IP(f.IPv6); a.IsValid() {
			all = append(all, a)
		}
	}
	return all
}

// starts are all there are: clients have an address of the family.
func (w *walked) starts(v6 bool) []*start {
	var all []*start
	for i := range w.m.Snapshot.Pods {
		if p, ok := FromPod(&w.m.Snapshot.Pods[i]); ok {
			all = append(all, &p.start)
		}
	}
	for i := range w.m.Snapshot.Nodes {
		all = append(all, &start{Kind: flow.MachineNode, Node: w.m.Snapshot.Nodes[i].Name})
	}
	for _, a := range []string{"203.0.113.10", "10.0.0.2", "2001:db8:113::10", "2a00::1"} {
		if a := netip.MustParseAddr(a); a.Is6() == v6 {
			all = append(all, &start{Kind: flow.MachineClient, Addrs: []netip.Addr{a}})
		}
	}
	return all
}

func (w *walked) question(q *wayQuestion) {
	w.Helper()
	w.asked++
	b := &branches{found: map[string]int{}}
	b.Walker = walk.Walker{Model: w.m, Question: walk.Question{From: q.from, Protocol: q.to.Protocol, To: q.to.Addr}, Guide: b}
	b.Walk(nil)
	for f := range b.fates {
		w.fates[f]++
	}
	found := map[string]int{}
	for _, l := range w.c.legs(q.from, q.to, true) {
		found[wayWords(l.fate, l.seen, l.first)] += l.count
	}
	w.same(q, "asked", b.found, found)
	if w.c.mustWalk() || q.from.Kind == flow.MachineNode || b.self {
		return // of these no trips are made
	}
	clear(found)
	for _, l := range w.c.trip(q.from, q.to, nil) {
		e := l.endFor(func(i int) match { return w.judge(&l.checks[i].Question) })
		found[wayWords(e.fate, e.seen, l.first)] += l.count
	}
	w.same(q, "by a trip", endsOf(b.found), endsOf(found))
}

// endsOf are the ends, by whichever node, and how many are delivered: whom a policy
// stops before a node chooses is stopped once on every way.
func endsOf(found map[string]int) map[string]int {
	out := map[string]int{}
	for k, n := range found {
		if k, _, _ = strings.Cut(k, " by "); !strings.HasPrefix(k, flow.Delivered.String()) {
			n = 0
		}
		out[k] += n
	}
	return out
}

func (w *walked) same(q *wayQuestion, how string, want, got map[string]int) {
	w.Helper()
	if !maps.Equal(want, got) {
		p := w.m.Profile
		w.Fatalf("seed %d (%s, %s): %v %v to %v %v: walked %v, %s %v", w.seed, p.Proxy.Name, p.Policy.Name, q.from.Machine(), q.from.Addrs, q.to.Protocol, q.to.Addr, want, how, got)
	}
}

// judge is the answer of policies, and of what may overrule them.
func (w *walked) judge(q *policy.Question) match {
	d := certain
	for _, f := range w.m.ForeignTo(q.Subject.Pod) {
		if d = max(d, maybeNot); !f.DenyOnly {
			d = maybeAny
		}
	}
	v := policy.NotIsolated
	if w.m.Profile.Policy.Enforces {
		v = w.m.Policies.Judge(*q).Verdict
	}
	switch {
	case d == maybeAny, v == policy.Undecided:
		return perhaps
	case v == policy.Denied:
		return no
	case d == maybeNot:
		return perhaps
	}
	return yes
}

// branches takes every branch there is.
type branches struct {
	walk.Walker
	found map[string]int
	fates map[flow.Fate]bool
	self  bool // who asks is an endpoint
}

func wayWords(f flow.Fate, s flow.Seen, first string) string {
	return fmt.Sprintf("%v (%v) by %q", f, s, first)
}

func (b *branches) Firsts(p *walk.Packet, choice *announce.Choice) {
	for _, n := range choice.Nodes {
		b.Enter(p.Fork(), n)
	}
}

func (b *branches) Endpoints(p *walk.Packet, d *walk.Draw) {
	for i, e := range d.Backends {
		b.self = b.self || slices.Contains(b.From.Addrs, e.Addr.Addr())
		b.Through(p.Fork(), d, e, i+1)
	}
}

func (b *branches) Judged(_ *walk.Packet, _ *model.Stop, found []model.Judgement) []model.Judgement {
	return found
}

func (b *branches) End(p *walk.Packet, fate flow.Fate, seen flow.Seen) {
	if b.fates == nil {
		b.fates = map[flow.Fate]bool{}
	}
	b.fates[fate] = true
	b.found[wayWords(fate, seen, p.First)]++
}

// A denial counts before a doubt at one stop, also where only the doubt is about the
// sender: the endpoint, behind the masquerade, does not see whom the packet is from.
func TestDenialBeforeDoubt(t *testing.T) {
	addr := netip.MustParseAddr
	pod := func(ns, name, ip string) cluster.Pod {
		return cluster.Pod{Meta: cluster.Meta{Namespace: ns, Name: name}, Node: "n1", IPs: []netip.Addr{addr(ip)}, Phase: cluster.PodRunning, Ready: true}
	}
	s := &cluster.Snapshot{
		Nodes:      []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, Ready: true, InternalIPs: []netip.Addr{addr("10.0.0.11")}}},
		Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "a"}}, {Meta: cluster.Meta{Name: "b"}}},
		Pods:       []cluster.Pod{pod("a", "x", "10.244.1.10"), pod("b", "y", "10.244.1.11")},
		Services: []cluster.Service{{
			Meta: cluster.Meta{Namespace: "b", Name: "s"}, Type: cluster.ServiceClusterIP, ClusterIPs: []netip.Addr{addr("10.96.0.10")},
			ExternalIPs: []netip.Addr{addr("198.51.100.1")}, Ports: []cluster.ServicePort{{Name: "p", Port: 80, Protocol: flow.TCP}},
		}},
		EndpointSlices: []cluster.EndpointSlice{{
			Meta: cluster.Meta{Namespace: "b", Name: "s-1"}, Service: "s", Ports: []cluster.EndpointPort{{Name: "p", Port: 8080, Protocol: flow.TCP}},
			Endpoints: []cluster.Endpoint{{Addresses: []netip.Addr{addr("10.244.1.11")}, Ready: true, Serving: true}},
		}},
		NetworkPolicies: []cluster.NetworkPolicy{{Meta: cluster.Meta{Namespace: "b", Name: "np"}, IsolatesIngress: true}},
		Foreign:         []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "z"}, Namespace: "a"}},
		Fabric:          cluster.Fabric{Dataplane: cluster.Dataplane{Proxy: "kube-proxy-iptables", Policy: "antrea"}},
	}
	for _, node := range []string{"n1", ""} { // of which slices tell otherwise is walked
		s.EndpointSlices[0].Endpoints[0].Node = node
		w := walked{T: t, m: compileSnapshot(t, s), fates: map[flow.Fate]int{}}
		w.c = Compile(w.m)
		w.c.unitsOf()
		from, _ := FromPod(&s.Pods[0])
		w.question(&wayQuestion{&from.start, Target{Protocol: flow.TCP, Addr: netip.MustParseAddrPort("198.51.100.1:80")}})
		if w.fates[flow.DeniedByPolicy] != 1 || len(w.fates) != 1 {
			t.Errorf("node %q: walked: %v", node, w.fates)
		}
	}
}
