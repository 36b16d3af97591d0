package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// judged prints each judgement: the pod, its direction, what came out.
func judged(js []Judgement) []string {
	words := [...]string{"undecided", "not isolated", "admitted", "denied"}
	out := []string{}
	for i := range js {
		j := &js[i]
		s := j.Subject.Name + " " + strings.ToLower(j.Question.Direction.String()) + ": " + words[j.Decision.Verdict]
		if !j.Exempt.IsZero() {
			s = j.Subject.Name + " " + strings.ToLower(j.Question.Direction.String()) + ": exempt"
		}
		if !j.Deviation.IsZero() {
			s += " (" + string(j.Deviation.Code) + ")"
		}
		out = append(out, s)
	}
	return out
}

type stopCase struct {
	name string
	stop Stop
	want []string
}

func (m *Model) checkStops(t *testing.T, cases []stopCase) {
	t.Helper()
	for _, tt := range cases {
		if got := judged(m.Police(tt.stop)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func forward(node, src, dst string) Stop {
	return Stop{Node: node, Hook: flow.Forward, Tuple: tuple(src, dst)}
}

func process(node, src, dst string) Stop {
	return Stop{Node: node, Hook: flow.Output, Tuple: tuple(src, dst), Process: true}
}

// isolated: web pods admit nobody, the client may send to web only.
var isolated = []string{
	netpol("web", "podSelector: {matchLabels: {app: web}}, ingress: []"),
	netpol("client", "podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]"),
}

// By the letter each node looks at its own pods: egress of those that send,
// ingress of those that receive. "Traffic to and from the node where a Pod is
// running is always allowed, regardless of the IP address of the Pod or the
// node".
func TestPoliceOwnPods(t *testing.T) {
	m := compile(t, base, strings.Join(isolated, "---\n"), fabric("podNetwork: bridge"))
	const client, web1, web2 = "10.244.1.20", "10.244.1.10:8080", "10.244.2.10:8080"
	m.checkStops(t, []stopCase{
		{"both ends here", forward("n1", client, web1), []string{"client egress: admitted", "web-1 ingress: denied"}},
		{"the client's node", forward("n1", client, web2), []string{"client egress: admitted"}},
		{"the server's node", forward("n2", client, web2), []string{"web-2 ingress: denied"}},
		{"from outside", forward("n1", "203.0.113.10", web1), []string{"web-1 ingress: denied"}},
		{"from another node", forward("n1", "10.0.0.12", web1), []string{"web-1 ingress: denied"}},
		{"a source that is not known", forward("n1", "", web1), []string{"web-1 ingress: denied"}},
		{"passing through", forward("n1", "203.0.113.10", web2), []string{}},
		{"a pod that nobody isolates", forward("n1", "203.0.113.10", client+":80"), []string{"client ingress: not isolated"}},
		{"the client to another address", forward("n1", client, "192.0.2.9:80"), []string{"client egress: denied"}},
		{"a process of the resident node", process("n1", "10.0.0.11", web1), []string{"web-1 ingress: exempt"}},
		{"a process of another node", process("n2", "10.0.0.12", web1), []string{}},
		{"the resident node's bridge", forward("n1", "10.244.1.1", web1), []string{"web-1 ingress: exempt"}},
		{"another node's bridge", forward("n1", "10.244.2.1", web1), []string{"web-1 ingress: denied"}},
		{"a hostNetwork pod is no subject", process("n1", "10.0.0.11", "10.0.0.12:9100"), []string{}},
	})
}

// Measured: kube-network-policies "judges the server's ingress on the client's
// node too, before SNAT, if any policy selects the client pod", and "accepts
// every packet of a root process on the node itself".
func TestPoliceBothEnds(t *testing.T) {
	m := compile(t, base, strings.Join(isolated, "---\n"), fabric("policy: kube-network-policies"))
	const client, web1, web2, both = "10.244.1.20", "10.244.1.10:8080", "10.244.2.10:8080", " (deviation-both-ends)"
	m.checkStops(t, []stopCase{
		{"the client's node judges the server too", forward("n1", client, web2), []string{"client egress: admitted", "web-2 ingress: denied" + both}},
		{"the server's node judges the client too", forward("n2", client, web2), []string{"client egress: admitted" + both, "web-2 ingress: denied"}},
		{"both ends here", forward("n1", client, web1), []string{"client egress: admitted", "web-1 ingress: denied"}},
		{"from outside", forward("n1", "203.0.113.10", web1), []string{"web-1 ingress: denied"}},
		{"a process of the resident node", process("n1", "10.0.0.11", web1), []string{"web-1 ingress: exempt"}},
		{"a process to a pod elsewhere", process("n1", "10.0.0.11", web2), []string{}},
	})
	// A client that no policy selects is not looked at on its own node.
	m = compile(t, base, isolated[0], fabric("policy: kube-network-policies"))
	m.checkStops(t, []stopCase{
		{"an unselected client's node", forward("n1", client, web2), []string{}},
		{"the server's node", forward("n2", client, web2), []string{"client egress: not isolated", "web-2 ingress: denied"}},
	})
}

// An enforcer behind the masquerade takes the client for the node that
// masqueraded it: for the resident node, it passes.
func TestPoliceAfterSNAT(t *testing.T) {
	m := compile(t, base, strings.Join(isolated, "---\n"), netpol("n2", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.12/32}}]}]"))
	m.Profile.Policy.AfterSNAT = true
	masqueraded := func(as string) Stop {
		s := forward("n1", "203.0.113.10", "10.244.1.10:8080")
		s.Masqueraded = ip(as)
		return s
	}
	m.checkStops(t, []stopCase{
		{"as the resident node", masqueraded("10.0.0.11"), []string{"web-1 ingress: exempt (deviation-after-snat)"}},
		{"as the other node, which a rule admits", masqueraded("10.0.0.12"), []string{"web-1 ingress: admitted (deviation-after-snat)"}},
		{"not masqueraded", masqueraded("203.0.113.10"), []string{"web-1 ingress: denied"}},
	})
}

// A profile without an enforcer asks nobody; another engine's objects still
// leave doubt.
func TestPoliceOfNobody(t *testing.T) {
	m := compile(t, base, isolated[0], fabric("policy: none"))
	m.checkStops(t, []stopCase{{"nobody enforces", forward("n1", "203.0.113.10", "10.244.1.10:8080"), []string{}}})
}

// "Never turn what was not understood into allowed": a policy of another engine
// makes a judgement undecided, unless it can only deny and the packet is denied
// already.
func TestForeignPolicies(t *testing.T) {
	const (
		cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: test, name: c}\nspec: {}\n"
		istio  = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {namespace: test, name: a}\nspec: {}\n"
		global = "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {}\n"
	)
	open := netpol("web", "podSelector: {matchLabels: {app: web}}, ingress: [{}]")
	elsewhere := strings.Replace(cilium, "namespace: test", "namespace: other", 1)
	tests := []struct{ name, foreign, policy, want string }{
		{"may open what is closed", cilium, isolated[0], "undecided"},
		{"may close what is open", cilium, open, "undecided"},
		{"may close what nobody isolates", cilium, "", "undecided"},
		{"of another namespace", elsewhere, isolated[0], "denied"},
		{"of another namespace, open", elsewhere, open, "admitted"},
		{"cluster-wide", global, open, "undecided"},
		{"can only deny: denied stays", istio, isolated[0], "denied"},
		{"can only deny: admitted does not", istio, open, "undecided"},
		{"can only deny: not isolated neither", istio, "", "undecided"},
	}
	for _, tt := range tests {
		m := compile(t, base, tt.foreign, tt.policy)
		m.checkStops(t, []stopCase{{tt.name, forward("n1", "203.0.113.10", "10.244.1.10:8080"), []string{"web-1 ingress: " + tt.want}}})
	}
	// The resident node passes whatever another engine's objects say.
	m := compile(t, base, istio, open)
	m.checkStops(t, []stopCase{{"resident node", process("n1", "10.0.0.11", "10.244.1.10:8080"), []string{"web-1 ingress: exempt"}}})
}

// A pod and itself, which NetworkPolicy v1 leaves open: by default both
// directions are judged, and that is said; kube-router lets it pass if either
// direction does.
func TestPoliceSelf(t *testing.T) {
	self := forward("n1", "10.244.1.10", "10.244.1.10:8080")
	in := netpol("in", "podSelector: {matchLabels: {app: web}}, ingress: []")
	both := netpol("both", "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]")
	const either = " (deviation-self-either)"
	for _, tt := range []struct {
		name, profile, policy string
		want                  []string
	}{
		{"judged", "generic", in, []string{"web-1 egress: not isolated", "web-1 ingress: denied"}},
		{"either: one direction is free", "kube-router", in, []string{"web-1 egress: not isolated", "web-1 ingress: exempt" + either}},
		{"either: both deny", "kube-router", both, []string{"web-1 egress: denied", "web-1 ingress: denied"}},
	} {
		m := compile(t, base, tt.policy, fabric("policy: "+tt.profile))
		m.checkStops(t, []stopCase{{tt.name, self, tt.want}})
		assumed := slices.ContainsFunc(m.Police(self), func(j Judgement) bool { return j.Assumption.Code == flow.CodeAssumedSelfJudged })
		if assumed != (tt.profile == "generic") {
			t.Errorf("%s: the assumption is made: %v", tt.name, assumed)
		}
	}
}

// Measured: kube-router does not judge ports 30000-32767 of the node itself.
func TestNodePortRange(t *testing.T) {
	m := compile(t, base, netpol("p", "podSelector: {}, policyTypes: [Egress]"), fabric("policy: kube-router"))
	at := func(port string) Stop {
		return Stop{Node: "n1", Hook: flow.Input, Tuple: tuple("10.244.1.20", "10.0.0.11:"+port)}
	}
	const skips = "client egress: exempt (deviation-node-port-range)"
	m.checkStops(t, []stopCase{
		{"below", at("29999"), []string{"client egress: denied"}},
		{"first", at("30000"), []string{skips}},
		{"last", at("32767"), []string{skips}},
		{"above", at("32768"), []string{"client egress: denied"}},
		{"another node's", forward("n1", "10.244.1.20", "10.0.0.12:30080"), []string{"client egress: denied"}},
	})
}
