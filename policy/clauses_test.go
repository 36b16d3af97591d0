package policy

import (
	"math/rand/v2"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

// everyPod looks pods up by asking each.
type everyPod struct{ *Tables }

func (e everyPod) Namespace(name string, each func(*cluster.Pod) bool) {
	for i := range e.snapshot.Pods {
		if p := &e.snapshot.Pods[i]; p.Namespace == name && lookedUp(p) && !each(p) {
			return
		}
	}
}

func (e everyPod) Peers(namespace string, peers []*cluster.PolicyPeer, each func(*cluster.Pod) bool) {
	np := &cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: namespace}}
	for i := range e.snapshot.Pods {
		for _, peer := range peers {
			p := &e.snapshot.Pods[i]
			if m, _ := e.peerMatches(np, peer, Party{Pod: p}); m == yes && lookedUp(p) && !each(p) {
				return
			}
		}
	}
}

// byClauses answers a question from the clauses, as their comment says.
func (t *Tables) byClauses(q *Question) Verdict {
	isolating := t.Isolating(q.Subject.Pod, q.Direction)
	if len(isolating) == 0 {
		return NotIsolated
	}
	best := no
	for _, p := range isolating {
		for _, c := range Clauses(t.profile, p, q.Direction, everyPod{t}) {
			best = max(best, t.clause(p, &c, q))
		}
	}
	return [...]Verdict{Denied, Undecided, Admitted}[best]
}

func (t *Tables) clause(p *cluster.NetworkPolicy, c *Clause, q *Question) match {
	if c.Protocol != flow.ProtocolUnknown && (c.Protocol != q.Protocol || q.Port < c.First || c.Last < q.Port) {
		return no
	}
	if c.Name != "" && !hasNamedPort(q.server(), c.Protocol, c.Name, q.Port) {
		return no
	}
	party := q.Peer
	if c.Other {
		if o := q.Peer.Pod; o == nil || o.Namespace != p.Namespace || !p.PodSelector.Matches(o.Labels) {
			return no
		}
		party = q.Subject
	}
	if c.Everybody {
		return yes
	}
	best := no
	for _, s := range c.Selectors {
		if m, _ := t.peerMatches(p, s, party); !c.Known || party.Pod != nil {
			best = max(best, m)
		}
	}
	for _, b := range c.Blocks {
		m, _ := t.peerMatches(p, &cluster.PolicyPeer{IPBlock: b}, party)
		best = max(best, m)
	}
	return best
}

// nameSome gives ports of rules names, which is where enforcers differ.
func nameSome(r *rand.Rand, s *cluster.Snapshot) {
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		for _, rules := range [][]cluster.PolicyRule{p.Ingress, p.Egress} {
			for j := range rules {
				for k := range rules[j].Ports {
					if r.IntN(4) > 0 {
						rules[j].Ports[k].Port, rules[j].Ports[k].EndPort = cluster.PortRef{Name: pick(r, "http", "dns", "nobody")}, 0
					}
				}
			}
		}
	}
}

// Clauses answer as Judge does, under every way in which an enforcer reads rules
// otherwise than the API.
func TestClausesAnswerAsJudge(t *testing.T) {
	flags := []func(*cluster.PolicyProfile){
		func(*cluster.PolicyProfile) {},
		func(p *cluster.PolicyProfile) { p.SharedChains = true },
		func(p *cluster.PolicyProfile) { p.UnresolvedPortOpens = true },
		func(p *cluster.PolicyProfile) { p.EgressNameWithoutPeer = true },
		func(p *cluster.PolicyProfile) { p.EgressBlockIgnoresNames = true },
		func(p *cluster.PolicyProfile) { p.Identities = true },
		func(p *cluster.PolicyProfile) {
			p.SharedChains, p.UnresolvedPortOpens, p.EgressNameWithoutPeer, p.EgressBlockIgnoresNames = true, true, true, true
		},
	}
	counts, departs := map[Verdict]int{}, make([]int, len(flags))
	for seed := range uint64(2800) {
		r := rand.New(rand.NewPCG(seed, 10))
		s := generate.Knot(r)
		nameSome(r, s)
		n := int(seed) % len(flags)
		profile := letter()
		flags[n](profile)
		index := cluster.NewIndex(s)
		tables, plain := Compile(s, index, profile), Compile(s, index, letter())
		parties := append(tables.parties(), Party{Unread: flow.Object{Kind: "Pod", Namespace: "ns0", Name: "gone"}})
		for range 150 {
			q := Question{
				Direction: pick(r, Ingress, Egress), Subject: pick(r, parties...), Peer: pick(r, parties...),
				Protocol: pick(r, flow.TCP, flow.TCP, flow.UDP, flow.SCTP), Port: pick[uint16](r, 1, 53, 53, 54, 80, 80, 8080, 8080, 8081, 65535),
			}
			if server := q.server(); server != nil && len(server.Ports) > 0 && r.IntN(2) == 0 {
				c := server.Ports[r.IntN(len(server.Ports))]
				q.Protocol, q.Port = c.Protocol, c.Port
			}
			if q.Subject.Pod == nil || !tables.Isolates(q.Subject.Pod, q.Direction) {
				continue
			}
			want := tables.Judge(q).Verdict
			if counts[want]++; want != plain.Judge(q).Verdict {
				departs[n]++
			}
			if got := tables.byClauses(&q); got != want {
				t.Fatalf("seed %d, enforcer %d: %v of %s, peer %v (%+v), %v %d: clauses say %v, Judge %v", seed, n, q.Direction, q.Subject.Pod.Object(), q.Peer.Addr, q.Peer.Pod, q.Protocol, q.Port, got, want)
			}
		}
	}
	for _, v := range []Verdict{Undecided, Admitted, Denied} {
		if counts[v] < 500 {
			t.Errorf("only %d questions are %v", counts[v], v)
		}
	}
	for i, n := range departs {
		if i > 0 && n < 3 {
			t.Errorf("enforcer %d departs from the API %d times", i, n)
		}
	}
}

// Clauses name their rules; a port of no protocol, and a range that ends before it
// begins, are no port at all; and a group has a number.
func TestClausesOfOdd(t *testing.T) {
	odd := &cluster.NetworkPolicy{IsolatesIngress: true, Ingress: []cluster.PolicyRule{
		{Ports: []cluster.PolicyPort{{Port: cluster.PortRef{Number: 80}}}},
		{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}, EndPort: 79}}},
		{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}, EndPort: 80}}},
	}}
	c := Clauses(letter(), odd, Ingress, nil)
	if len(c) != 1 || c[0].Rule != 2 || c[0].First != 80 || c[0].Last != 80 {
		t.Errorf("%+v", c)
	}
	tab := read(t, letter(), pods, netpol("p", "podSelector: {matchLabels: {role: db}}"))
	group, list := tab.GroupOf(int32(tab.ClassOf(tab.party("default/db").Pod)), Ingress)
	again, _ := tab.GroupOf(int32(tab.ClassOf(tab.party("default/db2").Pod)), Ingress)
	none, _ := tab.GroupOf(int32(tab.ClassOf(tab.party("default/web").Pod)), Ingress)
	if group == 0 || group != again || none != 0 || len(list) != 1 {
		t.Errorf("groups %d, %d and %d of %v", group, again, none, list)
	}
}

// kube-router seeks the names of an egress rule in the pods that the rule names,
// and nowhere else.
func TestUnresolvedEgress(t *testing.T) {
	p := &cluster.PolicyProfile{Name: "kube-router", Enforces: true, UnresolvedPortOpens: true}
	for _, tt := range []struct {
		spec, peer string
		want       Verdict
	}{
		{"podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {role: frontend}}}], ports: [{port: redis}]}]", "default/web", Admitted},
		{"podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {role: db}}}], ports: [{port: redis}]}]", "default/db", Denied},
		{"podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {role: frontend}}}, {podSelector: {matchLabels: {role: db}}}], ports: [{port: redis}]}]", "default/web", Denied},
		{"podSelector: {matchLabels: {role: other}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {role: db}}}], ports: [{port: smtp}, {port: redis}]}]", "default/db", Denied},
	} {
		tab := read(t, p, pods, netpol("p", tt.spec))
		q := tab.question(Egress, "default/other", tt.peer, "80")
		if a, b := tab.Judge(q).Verdict, tab.byClauses(&q); a != tt.want || b != tt.want {
			t.Errorf("%s: %s, clauses say %s, want %s", tt.spec, a, b, tt.want)
		}
	}
}

// Every port of an egress rule without peers counts, names and numbers.
func TestEgressNamesAndNumbers(t *testing.T) {
	p := &cluster.PolicyProfile{Name: "kube-router", Enforces: true, EgressNameWithoutPeer: true}
	tab := read(t, p, pods, netpol("p", "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: smtp}, {port: redis}, {port: 80}]}]"))
	for port, want := range map[string]Verdict{"6379": Admitted, "6380": Admitted, "80": Admitted, "81": Denied, "6379/udp": Denied} {
		q := tab.question(Egress, "default/web", "192.0.2.1", port)
		if a, b := tab.Judge(q).Verdict, tab.byClauses(&q); a != want || b != want {
			t.Errorf("%s: %s, clauses say %s, want %s", port, a, b, want)
		}
	}
}
