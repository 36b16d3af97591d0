package policy

import (
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// The documentation reads its example: it isolates role=db in both directions,
// allows "172.17.0.0-172.17.0.255 and 172.17.2.0-172.17.255.255", any pod in a
// namespace with project=myproject, any pod in default with role=frontend, all
// to TCP 6379; and from db to 10.0.0.0/24 on TCP 5978.
func TestDocumentedExample(t *testing.T) {
	tab := read(t, letter(), pods, documented)
	tests := []struct {
		direction           Direction
		subject, peer, port string
		want                Verdict
	}{
		{Ingress, "default/db", "172.17.0.0", "6379", Admitted},
		{Ingress, "default/db", "172.17.0.255", "6379", Admitted},
		{Ingress, "default/db", "172.17.1.0", "6379", Denied},
		{Ingress, "default/db", "172.17.1.255", "6379", Denied},
		{Ingress, "default/db", "172.17.2.0", "6379", Admitted},
		{Ingress, "default/db", "172.17.255.255", "6379", Admitted},
		{Ingress, "default/db", "172.18.0.0", "6379", Denied},
		{Ingress, "default/db", "mine/any", "6379", Admitted},
		{Ingress, "default/db", "mine/web", "6379", Admitted},
		{Ingress, "default/db", "default/web", "6379", Admitted},
		{Ingress, "default/db", "default/other", "6379", Denied},
		{Ingress, "default/db", "default/db2", "6379", Denied},
		{Ingress, "default/db", "other/web", "6379", Denied},
		{Ingress, "default/db", "default/web", "6380", Denied},
		{Ingress, "default/db", "default/web", "6379/udp", Denied},
		{Ingress, "default/db2", "default/web", "6379", Admitted},
		{Ingress, "default/web", "default/other", "6379", NotIsolated},
		{Ingress, "mine/any", "172.17.1.1", "1", NotIsolated},
		{Egress, "default/db", "10.0.0.7", "5978", Admitted},
		{Egress, "default/db", "10.0.1.0", "5978", Denied},
		{Egress, "default/db", "10.0.0.7", "5979", Denied},
		{Egress, "default/db", "default/web", "5978", Denied},
		{Egress, "default/web", "192.0.2.1", "80", NotIsolated},
	}
	for _, tt := range tests {
		d := tab.ask(tt.direction, tt.subject, tt.peer, tt.port)
		if d.Verdict != tt.want {
			t.Errorf("%s of %s, %s on %s: %s, want %s", tt.direction, tt.subject, tt.peer, tt.port, d.Verdict, tt.want)
		}
		if d.Verdict.Allowed() != (tt.want == Admitted || tt.want == NotIsolated) {
			t.Errorf("%s is allowed: %v", d.Verdict, d.Verdict.Allowed())
		}
	}
}

// The rule that admits is named by its field and line; a denial by the policy.
func TestWhoDecided(t *testing.T) {
	tab := read(t, letter(), pods, documented)
	admitted := tab.ask(Ingress, "default/db", "default/web", "6379")
	if admitted.By.Field != "spec.ingress[0]" || admitted.By.Object.Name != "test-network-policy" || admitted.By.Position.Line == 0 {
		t.Errorf("admitted by %s", admitted.By)
	}
	denied := tab.ask(Egress, "default/db", "default/web", "80")
	if denied.By.Field != "" || denied.By.Object.Name != "test-network-policy" || len(denied.Isolating) != 1 {
		t.Errorf("denied by %s, isolated by %d", denied.By, len(denied.Isolating))
	}
}

// "- namespaceSelector and podSelector" in one entry of from is an AND, two
// entries are an OR (the documentation's two examples).
func TestPeersAndOr(t *testing.T) {
	const (
		alice = "namespaceSelector: {matchLabels: {project: myproject}}"
		front = "podSelector: {matchLabels: {role: frontend}}"
	)
	and := read(t, letter(), pods, netpol("p", "podSelector: {matchLabels: {role: db}}, ingress: [{from: [{"+alice+", "+front+"}]}]"))
	or := read(t, letter(), pods, netpol("p", "podSelector: {matchLabels: {role: db}}, ingress: [{from: [{"+alice+"}, {"+front+"}]}]"))
	for peer, want := range map[string][2]Verdict{
		"mine/web":    {Admitted, Admitted}, // both
		"mine/any":    {Denied, Admitted},   // the namespace only
		"default/web": {Denied, Admitted},   // the label only, in the policy's namespace
		"other/web":   {Denied, Denied},     // the label in another namespace
		"10.244.9.9":  {Denied, Denied},     // nobody's address
	} {
		got := [2]Verdict{and.ask(Ingress, "default/db", peer, "1").Verdict, or.ask(Ingress, "default/db", peer, "1").Verdict}
		if got != want {
			t.Errorf("%s: AND %s, OR %s; want %s, %s", peer, got[0], got[1], want[0], want[1])
		}
	}
}

// "Empty" and "missing" at every level of a policy, in the words of the API:
// an empty podSelector "matches all pods in this namespace"; no rules "means
// that traffic is denied"; from and ports, "if this field is empty or missing",
// match all; an empty namespaceSelector "selects all namespaces".
func TestEmptyAndAbsent(t *testing.T) {
	tests := []struct {
		name, spec, peer, port string
		want                   Verdict
	}{
		{"podSelector empty: the whole namespace", "podSelector: {}, ingress: []", "mine/web", "80", Denied},
		{"podSelector of others", "podSelector: {matchLabels: {x: y}}, ingress: []", "mine/web", "80", NotIsolated},
		{"ingress missing", "podSelector: {}", "mine/web", "80", Denied},
		{"ingress empty", "podSelector: {}, ingress: []", "10.1.1.1", "80", Denied},
		{"a rule of nothing admits all", "podSelector: {}, ingress: [{}]", "10.1.1.1", "80", Admitted},
		{"from empty", "podSelector: {}, ingress: [{from: []}]", "10.1.1.1", "80", Admitted},
		{"from empty, ports given", "podSelector: {}, ingress: [{from: [], ports: [{port: 80}]}]", "10.1.1.1", "80", Admitted},
		{"from empty, other ports given", "podSelector: {}, ingress: [{from: [], ports: [{port: 81}]}]", "10.1.1.1", "80", Denied},
		{"ports empty", "podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: []}]", "default/web", "80", Admitted},
		{"podSelector {} alone: this namespace only", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]", "mine/web", "80", Denied},
		{"podSelector {} is no address outside", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]", "203.0.113.1", "80", Denied},
		{"namespaceSelector {}: every pod", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]", "other/web", "80", Admitted},
		{"namespaceSelector {} is no address outside", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]", "203.0.113.1", "80", Denied},
		{"both empty: every pod", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {}}]}]", "other/web", "80", Admitted},
		{"matchLabels empty is an empty selector", "podSelector: {matchLabels: {}}, ingress: [{}]", "10.1.1.1", "80", Admitted},
		{"policyTypes Egress only: ingress is free", "podSelector: {}, policyTypes: [Egress]", "10.1.1.1", "80", NotIsolated},
		{"no policyTypes, egress rules: Ingress as well", "podSelector: {}, egress: [{}]", "10.1.1.1", "80", Denied},
	}
	for _, tt := range tests {
		tab := read(t, letter(), pods, netpol("p", tt.spec))
		if d := tab.ask(Ingress, "default/db", tt.peer, tt.port); d.Verdict != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, d.Verdict, tt.want)
		}
	}
	// "if policyTypes is not specified ... Egress will be set if the policy has any
	// egress rules": the empty list is none.
	for spec, want := range map[string]Verdict{
		"podSelector: {}": NotIsolated, "podSelector: {}, egress: []": NotIsolated, "podSelector: {}, egress: [{}]": Admitted,
		"podSelector: {}, policyTypes: [Egress]": Denied, "podSelector: {}, policyTypes: [Ingress, Egress], egress: []": Denied,
	} {
		if d := read(t, letter(), pods, netpol("p", spec)).ask(Egress, "default/db", "10.1.1.1", "80"); d.Verdict != want {
			t.Errorf("egress of {%s}: %s, want %s", spec, d.Verdict, want)
		}
	}
}

// NetworkPolicyPort: a number, a range "port to endPort, inclusive", the
// protocol alone ("if this field is not provided, this matches all port names
// and numbers"), a name of a container port.
func TestPorts(t *testing.T) {
	tests := []struct{ name, ports, port string }{
		{"number", "{port: 80}", "80"},
		{"TCP is the default", "{port: 80}", "80/tcp"},
		{"first of a range", "{port: 8000, endPort: 8090}", "8000"},
		{"last of a range", "{port: 8000, endPort: 8090}", "8090"},
		{"inside a range", "{port: 8000, endPort: 8090}", "8050"},
		{"a range of one", "{port: 8000, endPort: 8000}", "8000"},
		{"protocol only", "{protocol: UDP}", "5353/udp"},
		{"second of two", "{port: 1}, {port: 80}", "80"},
		{"SCTP", "{port: 80, protocol: SCTP}", "80/sctp"},
		{"one name, this pod's number", "{port: redis}", "6379"},
	}
	for _, tt := range tests {
		if d := portTable(t, tt.ports).ask(Ingress, "default/db", "10.1.1.1", tt.port); d.Verdict != Admitted {
			t.Errorf("%s: %s is %s", tt.name, tt.port, d.Verdict)
		}
	}
	for _, tt := range []struct{ name, ports, port string }{
		{"another number", "{port: 80}", "81"},
		{"another protocol", "{port: 80}", "80/udp"},
		{"below a range", "{port: 8000, endPort: 8090}", "7999"},
		{"above a range", "{port: 8000, endPort: 8090}", "8091"},
		{"a range in another protocol", "{port: 8000, endPort: 8090, protocol: UDP}", "8000"},
		{"protocol only, another", "{protocol: UDP}", "80"},
		{"a name's number on another pod", "{port: redis}", "6380"},
		{"a name in another protocol", "{port: redis, protocol: UDP}", "6379/udp"},
		{"a name no pod has", "{port: smtp}", "25"},
	} {
		if d := portTable(t, tt.ports).ask(Ingress, "default/db", "10.1.1.1", tt.port); d.Verdict != Denied {
			t.Errorf("%s: %s is %s", tt.name, tt.port, d.Verdict)
		}
	}
}

func portTable(t *testing.T, ports string) *Tables {
	t.Helper()
	return read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{ports: ["+ports+"]}]"))
}

// A port name is looked up on the pod the packet goes to, each with its own
// number: the subject for ingress, the peer for egress.
func TestNamedPortPerPod(t *testing.T) {
	tab := read(t, letter(), pods, netpol("p", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: redis}]}], egress: [{ports: [{port: redis}]}]"))
	for _, tt := range []struct {
		direction           Direction
		subject, peer, port string
		want                Verdict
	}{
		{Ingress, "default/db", "default/web", "6379", Admitted},
		{Ingress, "default/db2", "default/web", "6379", Denied},
		{Ingress, "default/db2", "default/web", "6380", Admitted},
		{Egress, "default/web", "default/db", "6379", Admitted},
		{Egress, "default/web", "default/db2", "6379", Denied},
		{Egress, "default/db", "default/db2", "6380", Admitted},
		{Egress, "default/web", "192.0.2.1", "6379", Denied}, // no pod, no name
	} {
		if d := tab.ask(tt.direction, tt.subject, tt.peer, tt.port); d.Verdict != tt.want {
			t.Errorf("%s of %s, %s on %s: %s, want %s", tt.direction, tt.subject, tt.peer, tt.port, d.Verdict, tt.want)
		}
	}
}

// "Network policies do not conflict; they are additive."
func TestUnion(t *testing.T) {
	tab := read(t, letter(), pods,
		netpol("a", "podSelector: {}, ingress: []"),
		netpol("b", "podSelector: {matchLabels: {role: db}}, ingress: [{from: [{podSelector: {matchLabels: {role: frontend}}}]}]"),
		netpol("c", "podSelector: {matchLabels: {old: 'yes'}}, ingress: [{ports: [{port: 1}]}]"))
	for _, tt := range []struct {
		subject, peer, port string
		want                Verdict
		isolating           int
	}{
		{"default/web", "default/db", "1", Denied, 1},
		{"default/db", "default/web", "9", Admitted, 2},
		{"default/db", "default/other", "1", Denied, 2},
		{"default/db2", "default/other", "1", Admitted, 3},
		{"mine/web", "default/db", "1", NotIsolated, 0},
		{"default/host", "default/db", "1", NotIsolated, 0}, // hostNetwork: no subject
	} {
		d := tab.ask(Ingress, tt.subject, tt.peer, tt.port)
		if d.Verdict != tt.want || len(d.Isolating) != tt.isolating {
			t.Errorf("%s from %s on %s: %s by %d policies, want %s by %d", tt.subject, tt.peer, tt.port, d.Verdict, len(d.Isolating), tt.want, tt.isolating)
		}
		pod := tab.party(tt.subject).Pod
		if tab.Selected(pod) != (tt.isolating > 0) || len(tab.Isolating(pod, Ingress)) != tt.isolating || len(tab.Isolating(pod, Egress)) != 0 {
			t.Errorf("%s: Selected %v, %d isolate", tt.subject, tab.Selected(pod), len(tab.Isolating(pod, Ingress)))
		}
	}
}

// What is not known must not become yes or no: an address for an ipBlock, the
// labels of a namespace for a selector that needs them.
func TestUndecided(t *testing.T) {
	const implied = `{apiVersion: v1, kind: Pod, metadata: {namespace: hidden, name: p, labels: {role: frontend}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.9}]}}`
	ns := func(selector string) string {
		return "podSelector: {}, ingress: [{from: [{namespaceSelector: {" + selector + "}}]}]"
	}
	tests := []struct {
		name, spec, peer string
		want             Verdict
		missing          flow.Code
	}{
		{"a label nobody knows", ns("matchLabels: {project: x}"), "hidden/p", Undecided, flow.CodeNamespaceUnknown},
		{"an expression nobody knows", ns("matchExpressions: [{key: project, operator: DoesNotExist}]"), "hidden/p", Undecided, flow.CodeNamespaceUnknown},
		{"every namespace", ns(""), "hidden/p", Admitted, ""},
		{"its name is certain", ns("matchLabels: {kubernetes.io/metadata.name: hidden}"), "hidden/p", Admitted, ""},
		{"another name is certain too", ns("matchLabels: {kubernetes.io/metadata.name: mine}"), "hidden/p", Denied, ""},
		{"its name among others", ns("matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [a, hidden]}]"), "hidden/p", Admitted, ""},
		{"its name excluded, whatever else", ns("matchLabels: {project: x}, matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [hidden]}]"), "hidden/p", Denied, ""},
		{"its pods do not match", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: x}}, podSelector: {matchLabels: {role: db}}}]}]", "hidden/p", Denied, ""},
		{"its ports do not match", "podSelector: {}, ingress: [{ports: [{port: 99}], from: [{namespaceSelector: {matchLabels: {project: x}}}]}]", "hidden/p", Denied, ""},
		{"another rule admits", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: x}}}]}, {}]", "hidden/p", Admitted, ""},
		{"no address for an ipBlock", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", "", Undecided, flow.CodeAddressUnknown},
		{"no address, but no ipBlock either", "podSelector: {}, ingress: [{ports: [{port: 80}]}]", "", Admitted, ""},
	}
	for _, tt := range tests {
		d := read(t, letter(), pods, implied, netpol("p", tt.spec)).ask(Ingress, "default/db", tt.peer, "80")
		if d.Verdict != tt.want || tt.missing != "" && d.Missing.Code != tt.missing {
			t.Errorf("%s: %s, missing %q; want %s, %q", tt.name, d.Verdict, d.Missing, tt.want, tt.missing)
		}
	}
}

// Another policy that admits settles what one leaves open, in either order.
func TestUndecidedAndAdmitted(t *testing.T) {
	open := netpol("b", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")
	for _, name := range []string{"a", "c"} {
		tab := read(t, letter(), pods, open, netpol(name, "podSelector: {}, ingress: [{}]"))
		if d := tab.ask(Ingress, "default/db", "", "80"); d.Verdict != Admitted || d.By.Object.Name != name {
			t.Errorf("%s: %s by %s", name, d.Verdict, d.By)
		}
	}
	tab := read(t, letter(), pods, open, netpol("c", "podSelector: {}, ingress: []"))
	if d := tab.ask(Ingress, "default/db", "", "80"); d.Verdict != Undecided {
		t.Errorf("a policy that admits nothing does not settle it: %s", d.Verdict)
	}
}

func TestZeroDecision(t *testing.T) {
	var d Decision
	if d.Verdict.Allowed() || d.Verdict != Undecided {
		t.Error("a decision nobody made allows")
	}
	if Direction(0).String() != "Direction(0)" || Ingress.String() != "Ingress" || Egress.String() != "Egress" {
		t.Error("names of directions")
	}
}
