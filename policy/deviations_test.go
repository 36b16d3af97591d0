package policy

import (
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// The measured deviations of kube-router (7c2c2779), each beside the letter of
// the API: what the letter denies is admitted, and said to be a deviation.
func TestKubeRouter(t *testing.T) {
	router := func(change func(*cluster.PolicyProfile)) *cluster.PolicyProfile {
		p := letter()
		p.Name = "kube-router"
		change(p)
		return p
	}
	shared := router(func(p *cluster.PolicyProfile) { p.SharedChains = true })
	unresolved := router(func(p *cluster.PolicyProfile) { p.UnresolvedPortOpens = true })
	egress := router(func(p *cluster.PolicyProfile) { p.EgressNameWithoutPeer = true })
	const (
		// Ingress admits nobody; egress to pods of the namespace.
		bothWays = "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: [{to: [{podSelector: {}}]}]"
		reversed = "podSelector: {}, policyTypes: [Ingress, Egress], egress: [], ingress: [{from: [{podSelector: {}}]}]"
		dbOnly   = "podSelector: {matchLabels: {role: db}}, policyTypes: [Ingress, Egress], ingress: [], egress: [{}]"
		noName   = "podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: smtp}]}]"
		someName = "podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: redis}]}]"
		mixed    = "podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: smtp}, {port: 1}]}]"
		block    = "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: smtp}]}]"
		anywhere = "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: redis}]}]"
	)
	tests := []struct {
		name          string
		profile       *cluster.PolicyProfile
		spec          string
		direction     Direction
		subject, peer string
		port          string
		want          Verdict
		code          flow.Code
	}{
		{"the egress rule admits at the server", shared, bothWays, Ingress, "default/db", "default/web", "80", Admitted, flow.CodeDeviationSharedChains},
		{"and the reverse", shared, reversed, Egress, "default/web", "default/db", "80", Admitted, flow.CodeDeviationSharedChains},
		{"a peer the policy does not select", shared, dbOnly, Ingress, "default/db", "default/web", "80", Denied, ""},
		{"a peer in another namespace", shared, bothWays, Ingress, "default/db", "mine/web", "80", Denied, ""},
		{"both ends selected", shared, dbOnly, Ingress, "default/db", "default/db2", "80", Admitted, flow.CodeDeviationSharedChains},

		{"a name that no pod has opens every port", unresolved, noName, Ingress, "default/db", "default/web", "80", Admitted, flow.CodeDeviationUnresolved},
		{"a name that some pod has opens that", unresolved, someName, Ingress, "default/db", "default/web", "80", Denied, ""},
		{"a number beside the name", unresolved, mixed, Ingress, "default/db", "default/web", "80", Denied, ""},
		{"only to pods", unresolved, noName, Ingress, "default/db", "10.1.1.1", "80", Denied, ""},
		{"not where only ranges are peers", unresolved, block, Ingress, "default/db", "default/web", "80", Denied, ""},

		{"a named egress port for every address", egress, anywhere, Egress, "default/web", "192.0.2.1", "6379", Admitted, flow.CodeDeviationEgressName},
		{"any number of the namespace's pods", egress, anywhere, Egress, "default/web", "default/db", "6380", Admitted, flow.CodeDeviationEgressName},
		{"what the letter admits is no deviation", egress, anywhere, Egress, "default/web", "default/db", "6379", Admitted, ""},
		{"no number of the namespace", egress, anywhere, Egress, "default/web", "192.0.2.1", "80", Denied, ""},
	}
	for _, tt := range tests {
		d := read(t, tt.profile, pods, netpol("p", tt.spec)).ask(tt.direction, tt.subject, tt.peer, tt.port)
		if d.Verdict != tt.want || d.Deviation.Code != tt.code {
			t.Errorf("%s: %s, deviation %q; want %s, %q", tt.name, d.Verdict, d.Deviation.Code, tt.want, tt.code)
		}
		if tt.code == "" {
			continue
		}
		if d := read(t, letter(), pods, netpol("p", tt.spec)).ask(tt.direction, tt.subject, tt.peer, tt.port); d.Verdict != Denied || !d.Deviation.IsZero() {
			t.Errorf("%s, by the letter: %s, deviation %q; want denied", tt.name, d.Verdict, d.Deviation)
		}
	}
}

// "as two separate policies the same is denied".
func TestSharedChainsOfTwoPolicies(t *testing.T) {
	p := letter()
	p.SharedChains = true
	tab := read(t, p, pods,
		netpol("in", "podSelector: {}, policyTypes: [Ingress], ingress: []"),
		netpol("out", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]"))
	if d := tab.ask(Ingress, "default/db", "default/web", "80"); d.Verdict != Denied {
		t.Errorf("%s, want denied", d.Verdict)
	}
}

// What is not known of the peers of a rule whose names nobody has is said.
func TestUnresolvedPortsOfUnknownPeers(t *testing.T) {
	p := letter()
	p.UnresolvedPortOpens = true
	tab := read(t, p, pods, netpol("p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: myproject}}}], ports: [{port: smtp}]}]"))
	for i := range tab.snapshot.Namespaces {
		tab.snapshot.Namespaces[i].Implied = tab.snapshot.Namespaces[i].Name == "mine"
	}
	if d := tab.ask(Ingress, "default/db", "mine/web", "80"); d.Verdict != Undecided || d.Missing.Code != flow.CodeNamespaceUnknown {
		t.Errorf("%s, missing %q", d.Verdict, d.Missing.Code)
	}
}
