package cluster

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// Every profile says where its behaviour is known from; one that nobody measured
// says so in every answer.
func TestProfilesHaveSources(t *testing.T) {
	for name, p := range proxies {
		if p.Name != name || p.Source == "" {
			t.Errorf("proxy %s: name %q, source %q", name, p.Name, p.Source)
		}
	}
	for name, p := range enforcers {
		if p.Name != name || p.Source == "" {
			t.Errorf("policy %s: name %q, source %q", name, p.Name, p.Source)
		}
	}
	measured := []string{"generic", "iptables", "none", "kube-router", "kube-network-policies", "portolan"}
	for name := range bundles {
		p := mustResolve(t, twoStack(Dataplane{Profile: name}))
		said := slices.Contains(codesOf(p.Assumed), flow.CodeAssumedUnmeasured)
		if said == slices.Contains(measured, name) {
			t.Errorf("%s: said to be unmeasured: %v", name, said)
		}
	}
}

// antrea-gw0 has "the first address in the CIDR" and is the way to every pod.
func TestGatewayMasquerade(t *testing.T) {
	p := mustResolve(t, twoStack(Dataplane{Profile: "antrea"}))
	for toward, want := range map[Toward]string{
		TowardLocalPods: "10.244.1.1", TowardRemotePods: "10.244.1.1", TowardOtherNodes: "172.18.0.11",
	} {
		if got := p.SourceOf("n1", toward, false); got.String() != want {
			t.Errorf("toward %s: %s, want %s", toward, got, want)
		}
	}
	if told := mustResolve(t, twoStack(Dataplane{Profile: "antrea", PodNetwork: PodNetworkRouted})); told.SourceOf("n1", TowardLocalPods, false).String() != "172.18.0.11" {
		t.Error("the Fabric's pod network does not count")
	}
}

// "With kube-proxy performing SNAT" Antrea cannot tell a hairpin; beside its own
// proxy it is exempt.
func TestBesideOthers(t *testing.T) {
	for _, tt := range []struct {
		proxy, policy string
		self          SelfRule
		world         bool
	}{
		{"antrea", "antrea", SelfExempt, false},
		{"kube-proxy-iptables", "antrea", SelfJudged, false},
		{"cilium", "cilium", SelfExempt, true},
		{"kube-proxy-iptables", "cilium", SelfExempt, false},
	} {
		p := mustResolve(t, twoStack(Dataplane{Proxy: tt.proxy, Policy: tt.policy}))
		if p.Policy.Self != tt.self || p.Policy.WorldOverTunnel != tt.world {
			t.Errorf("%s beside %s: self %d, world %v", tt.policy, tt.proxy, p.Policy.Self, p.Policy.WorldOverTunnel)
		}
	}
	if enforcers["antrea"].Self != SelfExempt {
		t.Error("the table itself was changed")
	}
}
