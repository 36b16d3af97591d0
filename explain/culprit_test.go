package explain

import (
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

const (
	early = "2020-01-01T00:00:00Z"
	late  = "2025-01-01T00:00:00Z"
	// What the policies of these tests say of namespace test: nobody; a port that
	// is not the one; a port and a peer that are not.
	nobody = "podSelector: {}, ingress: []"
	port   = "podSelector: {}, ingress: [{ports: [{port: 1}]}]"
	both   = "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {x: y}}}], ports: [{port: 1}]}]"
)

// "first: the policy whose removal alone makes it pass; then the isolating
// policy with the nearest-miss rule".
func TestCulprits(t *testing.T) {
	tests := []struct {
		name     string
		policies []string
		from, to string
		want     string
	}{
		{"the incident", nil, "external", "198.51.100.17:22", "deny-from-other-namespaces"},
		{"nobody denies", nil, "external", "198.51.100.17:80", ""},
		// deny-from-other-namespaces (2024) and c-port fail in one part each, b-both
		// in two, a-nobody has no rule.
		{"nearest first, whatever the age", []string{policyAt("a-nobody", late, nobody), policyAt("b-both", late, both), policyAt("c-port", early, port)}, "external", "198.51.100.17:22", "deny-from-other-namespaces c-port b-both a-nobody"},
	}
	for _, tt := range tests {
		m := example(t, tt.policies...)
		if got := names(Culprits(m, walk(t, m, tt.from, tt.to, ""))); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A policy that isolates alone on some path is blamed before those that isolate
// together on others, however near their rules came.
func TestCulpritsAlone(t *testing.T) {
	m := example(t,
		policyAt("a-client", late, "podSelector: {matchLabels: {app.kubernetes.io/name: worker}}, policyTypes: [Egress], egress: []"),
		policyAt("b-port", early, "podSelector: {matchLabels: {app.kubernetes.io/name: ssh}}, ingress: [{ports: [{port: 1}]}]"))
	a := walk(t, m, "pod/test/worker-0", "10.96.22.22:22", "")
	other := walk(t, m, "external", "198.51.100.17:22", "")
	a.Traces = append(other.Traces, a.Traces...)
	if got := names(Culprits(m, a)); got != "a-client deny-from-other-namespaces b-port" {
		t.Errorf("%q, want a-client first", got)
	}
}

// The order of the scores themselves: alone, nearest, newest, name.
func TestScoreOrder(t *testing.T) {
	a, b := flow.Object{Name: "a"}, flow.Object{Name: "b"}
	for _, tt := range []struct {
		name string
		x, y score
	}{
		{"alone before nearer", score{alone: true, near: 9}, score{near: 0, created: late}},
		{"nearer before newer", score{near: 0, created: early}, score{near: 1, created: late}},
		{"newer before older", score{created: late}, score{created: early}},
		{"any age before none", score{created: early}, score{}},
		{"by name", score{}, score{}},
	} {
		if tt.x.compare(tt.y, a, b) >= 0 || tt.y.compare(tt.x, b, a) <= 0 {
			t.Errorf("%s: not so", tt.name)
		}
	}
}

// Doubt blames nobody.
func TestNoCulpritOfDoubt(t *testing.T) {
	calico := "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {}\n"
	m := compile(t, manyNodes(2), policyAt("p", early, nobody), calico)
	a := walk(t, m, "external/203.0.113.10", "198.51.100.17:80", "")
	if a.Verdict != flow.VerdictUnknown {
		t.Fatalf("%s, want UNKNOWN", a.Verdict)
	}
	if got := Culprits(m, a); len(got) != 0 {
		t.Errorf("%q are blamed", names(got))
	}
	if j := a.Traces[0].Denied; len(j) != 1 || j[0].Decision.Verdict != policy.Undecided {
		t.Errorf("what left it open: %v", j)
	}
}
