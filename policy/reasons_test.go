package policy

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Of several rules or policies that decide alike the first is named: a reader
// looks for it from the top.
func TestFirstIsNamed(t *testing.T) {
	const (
		admits = "podSelector: {}, ingress: [{}, {}]"
		unsure = "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}, {from: [{ipBlock: {cidr: 11.0.0.0/8}}]}]"
		denies = "podSelector: {}, ingress: []"
	)
	for _, tt := range []struct {
		specs      [2]string
		name, rule string
		want       Verdict
	}{
		{[2]string{admits, admits}, "a", "spec.ingress[0]", Admitted},
		{[2]string{unsure, unsure}, "a", "spec.ingress[0]", Undecided},
		{[2]string{unsure, admits}, "b", "spec.ingress[0]", Admitted},
		{[2]string{denies, unsure}, "b", "spec.ingress[0]", Undecided},
		{[2]string{denies, denies}, "a", "", Denied},
	} {
		tab := read(t, letter(), pods, netpol("a", tt.specs[0]), netpol("b", tt.specs[1]))
		d := tab.ask(Ingress, "default/db", "", "80")
		if d.Verdict != tt.want || d.By.Object.Name != tt.name || d.By.Field != tt.rule || len(d.Isolating) != 2 {
			t.Errorf("%v: %s by %s %s of %d", tt.specs, d.Verdict, d.By.Object, d.By.Field, len(d.Isolating))
		}
	}
}

// Of a namespace that nobody read every requirement counts: one about its name
// can settle what others leave open, in any order.
func TestUnreadNamespace(t *testing.T) {
	const implied = `{apiVersion: v1, kind: Pod, metadata: {namespace: hidden, name: p}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.9}]}}`
	const its, others = "kubernetes.io/metadata.name: hidden", "kubernetes.io/metadata.name: mine"
	for _, tt := range []struct {
		selector string
		want     Verdict
	}{
		{"matchLabels: {a: b, " + its + ", x: y}", Undecided},
		{"matchLabels: {a: b, " + others + ", x: y}", Denied},
		{"matchExpressions: [{key: a, operator: Exists}, {key: kubernetes.io/metadata.name, operator: NotIn, values: [hidden]}]", Denied},
		{"matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [mine]}, {key: a, operator: Exists}]", Undecided},
		{"matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [mine]}, {key: kubernetes.io/metadata.name, operator: Exists}]", Admitted},
	} {
		tab := read(t, letter(), pods, implied, netpol("p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {"+tt.selector+"}}]}]"))
		for range 20 { // labels are a map
			if d := tab.ask(Ingress, "default/db", "hidden/p", "80"); d.Verdict != tt.want {
				t.Errorf("%s: %s, want %s", tt.selector, d.Verdict, tt.want)
			}
		}
		if misses := tab.Explain(tab.question(Ingress, "default/db", "hidden/p", "80")); tt.want == Undecided && (len(misses) != 1 || misses[0].Peers[0].Code != flow.CodeNamespaceUnknown) {
			t.Errorf("%s: %v", tt.selector, misses)
		}
	}
}

// A pod that the input does not hold may be anybody a selector selects, and the
// reason names it.
func TestUnreadPod(t *testing.T) {
	tab := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]"))
	q := tab.question(Ingress, "default/db", "10.244.7.7", "80")
	q.Peer.Unread = flow.Object{Kind: "Pod", Namespace: "mine", Name: "gone"}
	want := flow.Because(flow.CodePodUnknown, "mine/gone")
	if d := tab.Judge(q); d.Verdict != Undecided || !d.Missing.Equal(want) {
		t.Errorf("%s, missing %v", d.Verdict, d.Missing)
	}
	q.Peer.Unread = flow.Object{}
	if d := tab.Judge(q); d.Verdict != Denied {
		t.Errorf("an address of nobody: %s", d.Verdict)
	}
}

// Where blocks are for identities outside, one that holds a pod's address does
// not admit it, and that is what is said.
func TestIdentities(t *testing.T) {
	p := letter()
	p.Name, p.Identities = "cilium", true
	tab := read(t, p, pods, netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"))
	node, world := tab.party("10.9.0.1"), tab.party("10.1.1.1")
	node.Node, world.World = true, true
	for _, tt := range []struct {
		name string
		peer Party
		want Verdict
		code flow.Code
		miss flow.Code
	}{
		{"a pod in the block", tab.party("mine/web"), Denied, flow.CodeDeviationIdentities, flow.CodeMissIdentity},
		{"a node in the block", node, Denied, flow.CodeDeviationIdentities, flow.CodeMissIdentity},
		{"somebody outside, from no address in particular", world, Denied, flow.CodeDeviationIdentities, flow.CodeMissIdentity},
		{"somebody outside the block", tab.party("192.0.2.1"), Denied, "", flow.CodeMissBlock},
		{"somebody in it", tab.party("10.1.1.1"), Admitted, "", ""},
		{"an address that is not known", Party{}, Undecided, "", flow.CodeAddressUnknown},
	} {
		q := Question{Direction: Ingress, Subject: tab.party("default/db"), Peer: tt.peer, Protocol: flow.TCP, Port: 80}
		d := tab.Judge(q)
		if d.Verdict != tt.want || d.Deviation.Code != tt.code {
			t.Errorf("%s: %s, deviation %q; want %s, %q", tt.name, d.Verdict, d.Deviation.Code, tt.want, tt.code)
		}
		misses := tab.Explain(q)
		if tt.miss != "" && (len(misses) != 1 || len(misses[0].Peers) != 1 || misses[0].Peers[0].Code != tt.miss) {
			t.Errorf("%s: %v, want %s", tt.name, misses, tt.miss)
		}
	}
	if d := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: []")).ask(Ingress, "default/db", "mine/web", "80"); !d.Deviation.IsZero() {
		t.Errorf("by the letter nothing deviates: %v", d.Deviation)
	}
}

// Both selectors of a peer are named where the other end is no pod, and an
// address that is not known is said to be that.
func TestPeerWords(t *testing.T) {
	for from, want := range map[string]flow.Reason{
		"namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchLabels: {c: d}}": flow.Because(flow.CodeMissNotPod, "192.0.2.1", "namespaces a=b, pods c=d"),
		"namespaceSelector: {matchLabels: {a: b}}":                                     flow.Because(flow.CodeMissNotPod, "192.0.2.1", "namespaces a=b"),
		"podSelector: {matchLabels: {c: d}}":                                           flow.Because(flow.CodeMissNotPod, "192.0.2.1", "namespace default, pods c=d"),
	} {
		tab := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{"+from+"}]}]"))
		if m := tab.Explain(tab.question(Ingress, "default/db", "192.0.2.1", "80")); len(m) != 1 || !m[0].Peers[0].Equal(want) {
			t.Errorf("%s: %v, want %v", from, m, want)
		}
		if m := tab.Explain(tab.question(Ingress, "default/db", "", "80")); len(m) != 1 || m[0].Peers[0].Code != flow.CodeAddressUnknown {
			t.Errorf("%s: %v for an address that is not known", from, m)
		}
	}
}

// The nearest miss comes first: a rule that one part of fails, then two, then
// policies without a rule.
func TestMissesInOrder(t *testing.T) {
	tab := read(t, letter(), pods,
		netpol("a", "podSelector: {}, ingress: []"),
		netpol("b", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {no: one}}}], ports: [{port: 1}]}, {ports: [{port: 1}]}]"))
	var parts []int
	for _, m := range tab.Explain(tab.question(Ingress, "default/db", "default/web", "80")) {
		parts = append(parts, m.Parts())
	}
	if len(parts) != 3 || parts[0] != 1 || parts[1] != 2 || parts[2] != 3 {
		t.Errorf("%v", parts)
	}
}

// kube-router's shared chain is a policy's that has both policyTypes; its rules
// of a direction that it does not isolate are nobody's.
func TestSharedChainsOfBothTypes(t *testing.T) {
	p := letter()
	p.Name, p.SharedChains = "kube-router", true
	const anyPod = "[{from: [{podSelector: {}}]}]"
	for _, tt := range []struct {
		spec      string
		direction Direction
		port      string
		want      Verdict
		rule      string
	}{
		{"podSelector: {}, policyTypes: [Egress], egress: [], ingress: " + anyPod, Egress, "6379", Denied, ""},
		{"podSelector: {}, policyTypes: [Ingress], ingress: [], egress: [{to: [{podSelector: {}}]}]", Ingress, "6379", Denied, ""},
		{"podSelector: {}, policyTypes: [Ingress, Egress], egress: [], ingress: " + anyPod, Egress, "6379", Admitted, "spec.ingress[0]"},
		{"podSelector: {}, policyTypes: [Ingress, Egress], egress: [], ingress: [{ports: [{port: metrics}]}, {ports: [{port: redis}]}]", Egress, "6379", Admitted, "spec.ingress[1]"},
		{"podSelector: {}, policyTypes: [Ingress, Egress], egress: [], ingress: [{ports: [{port: redis}]}]", Egress, "6380", Denied, ""},
	} {
		subject, peer := "default/web", "default/db"
		if tt.direction == Ingress {
			subject, peer = peer, subject
		}
		d := read(t, p, pods, netpol("p", tt.spec)).ask(tt.direction, subject, peer, tt.port)
		if d.Verdict != tt.want || d.By.Field != tt.rule {
			t.Errorf("%s: %s by %q, want %s by %q", tt.spec, d.Verdict, d.By.Field, tt.want, tt.rule)
		}
	}
}

// kube-router writes an egress rule for its blocks with the numbers alone: a name
// counts for the pods that selectors find.
func TestEgressBlockIgnoresNames(t *testing.T) {
	p := &cluster.PolicyProfile{Name: "kube-router", Enforces: true, EgressBlockIgnoresNames: true}
	const block, pod = "{ipBlock: {cidr: 10.244.0.0/16}}", "{podSelector: {}}"
	for _, tt := range []struct {
		direction   Direction
		peers, port string
		ports       string
		want        Verdict
	}{
		{Egress, block, "6379", "{port: redis}", Denied},
		{Egress, block, "6379", "{port: redis}, {port: 6379}", Admitted},
		{Egress, block, "6379", "{port: 80}, {port: redis}", Denied},
		{Egress, block, "6379", "", Admitted},
		{Egress, pod, "6379", "{port: redis}", Admitted},
		{Egress, block + ", " + pod, "6379", "{port: redis}", Admitted},
		{Ingress, block, "6379", "{port: redis}", Admitted},
	} {
		ports := ""
		if tt.ports != "" {
			ports = ", ports: [" + tt.ports + "]"
		}
		subject, peer, spec := "default/web", "default/db", "podSelector: {}, policyTypes: [Egress], egress: [{to: ["+tt.peers+"]"+ports+"}]"
		if tt.direction == Ingress {
			subject, peer, spec = peer, subject, "podSelector: {}, ingress: [{from: ["+tt.peers+"]"+ports+"}]"
		}
		tab := read(t, p, pods, netpol("p", spec))
		if d := tab.ask(tt.direction, subject, peer, tt.port); d.Verdict != tt.want {
			t.Errorf("%s: %s, want %s", spec, d.Verdict, tt.want)
		}
	}
}

// Every peer of a rule has its reason; an exception outside its block takes
// nothing; a pod whose address is not known is still told by its labels.
func TestEveryPeerIsExplained(t *testing.T) {
	tab := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}, {podSelector: {matchLabels: {no: body}}}, {podSelector: {matchLabels: {role: db}}}]}]"))
	q := tab.question(Ingress, "default/db", "default/web", "80")
	m := tab.Explain(q)
	if len(m) != 1 || len(m[0].Peers) != 3 || m[0].Peers[0].Code != flow.CodeMissBlock || m[0].Peers[2].Code != flow.CodeMissSelector {
		t.Fatalf("%v", m)
	}
	b := tab.snapshot.NetworkPolicies[0].Ingress[0].Peers[0].IPBlock
	b.Except = append(b.Except, tab.snapshot.NetworkPolicies[0].Ingress[0].Peers[0].IPBlock.CIDR)
	q.Peer.Addr = q.Peer.Addr.Next().Prev()
	b.Except[0] = prefixOf(q.Peer)
	if m := tab.Explain(q); m[0].Peers[0].Code != flow.CodeMissBlock {
		t.Errorf("%v", m[0].Peers[0])
	}
	q.Peer.Addr = Party{}.Addr
	if m := tab.Explain(q); m[0].Peers[0].Code != flow.CodeAddressUnknown || m[0].Peers[1].Code != flow.CodeMissSelector {
		t.Errorf("%v", m[0].Peers)
	}
}

func prefixOf(p Party) netip.Prefix { return netip.PrefixFrom(p.Addr, p.Addr.BitLen()) }

// What is missing first is said first, a rule that has no line of its own stands
// where its policy does, and other enforcers are asked with the same policies.
func TestMissingFirst(t *testing.T) {
	const implied = `{apiVersion: v1, kind: Pod, metadata: {namespace: hidden, name: p}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.9}]}}`
	tab := read(t, letter(), pods, implied, netpol("p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {a: b}}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]"))
	q := tab.question(Ingress, "default/db", "hidden/p", "80")
	q.Peer.Addr = Party{}.Addr
	p := &tab.snapshot.NetworkPolicies[0]
	d := tab.Judge(q)
	if d.Verdict != Undecided || d.Missing.Code != flow.CodeNamespaceUnknown || d.By.Position != p.Ingress[0].Position {
		t.Errorf("%s, %v, by %v", d.Verdict, d.Missing, d.By)
	}
	p.Ingress[0].Position = flow.Position{}
	if d := tab.Judge(q); d.By.Position != p.Position || p.Position.Line == 0 {
		t.Errorf("by %v, the policy is at %v", d.By, p.Position)
	}
	identities := letter()
	identities.Identities = true
	q = tab.question(Ingress, "default/db", "default/web", "80")
	if a, b := tab.Judge(q).Verdict, tab.Under(identities).Judge(q).Verdict; a != Admitted || b != Denied {
		t.Errorf("%s, under identities %s", a, b)
	}
}
