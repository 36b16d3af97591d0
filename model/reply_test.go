package model

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// "A reply that bypasses the node that translated is lost": only a node that
// translated can translate back. 203.0.113.10 is outside, 10.244.1.20 a pod of
// n1, 10.0.0.12 the node n2.
func TestReturns(t *testing.T) {
	m := compile(t, base)
	dnat := func(node, src string) NAT { return NAT{Node: node, Src: ip(src), DNAT: true} }
	both := func(node, src string) NAT { return NAT{Node: node, Src: ip(src), DNAT: true, SNAT: true} }
	tests := []struct {
		name string
		nats []NAT
		from string
		lost string // "" when it gets back
	}{
		{"nobody translated", nil, "n2", ""},
		{"DNAT on the node that answers", []NAT{dnat("n1", "203.0.113.10")}, "n1", ""},
		{"DNAT elsewhere, client outside", []NAT{dnat("n1", "203.0.113.10")}, "n2", "n1"},
		{"DNAT and SNAT elsewhere", []NAT{both("n1", "203.0.113.10")}, "n2", ""},
		{"DNAT on the client's own node", []NAT{dnat("n1", "10.244.1.20")}, "n2", ""},
		{"DNAT by the client itself, a node", []NAT{dnat("n2", "10.0.0.12")}, "n1", ""},
		{"DNAT on a node between", []NAT{dnat("n2", "10.244.1.20")}, "n1", "n2"}, // Local NodePort of another node
		{"DNAT on a node between, which answers", []NAT{dnat("n2", "10.244.1.20")}, "n2", ""},
		{"SNAT at home, then DNAT and SNAT", []NAT{{Node: "n1", Src: ip("10.244.1.20"), SNAT: true}, both("n2", "10.0.0.11")}, "n1", ""},
		{"SNAT at home, then DNAT only, answered elsewhere", []NAT{{Node: "n1", Src: ip("10.244.1.20"), SNAT: true}, dnat("n2", "203.0.113.1")}, "n1", "n2"},
		{"SNAT at home, then DNAT toward home", []NAT{{Node: "n1", Src: ip("10.244.1.20"), SNAT: true}, dnat("n2", "10.0.0.11")}, "n2", ""},
		{"from outside, SNATed", []NAT{{Node: "n1", Src: ip("10.244.1.20"), SNAT: true}}, "", ""},
		{"from outside, kept", []NAT{dnat("n1", "203.0.113.10")}, "", "n1"},
	}
	for _, tt := range tests {
		ok, lost := m.Returns(tt.nats, tt.from)
		if ok != (tt.lost == "") || lost != tt.lost {
			t.Errorf("%s: %v, lost at %q; want %q", tt.name, ok, lost, tt.lost)
		}
	}
}

// Where an address lives, seen from n1.
func TestLocate(t *testing.T) {
	m := compile(t, base, fabric("podNetwork: bridge"))
	for _, tt := range []struct {
		addr   string
		place  Place
		node   string
		toward cluster.Toward
	}{
		{"10.0.0.11", Here, "n1", cluster.TowardOtherNodes},
		{"192.0.2.11", Here, "n1", cluster.TowardOtherNodes},
		{"10.244.1.1", Here, "n1", cluster.TowardOtherNodes}, // its bridge
		{"10.244.1.20", OwnPod, "n1", cluster.TowardLocalPods},
		{"10.244.2.10", RemotePod, "n2", cluster.TowardRemotePods},
		{"10.0.0.12", RemoteNode, "n2", cluster.TowardOtherNodes},
		{"10.244.2.1", RemoteNode, "n2", cluster.TowardOtherNodes},
		{"10.244.2.99", Nobody, "n2", cluster.TowardRemotePods},
		{"10.244.77.1", Nobody, "", cluster.TowardRemotePods},
		{"203.0.113.10", Outside, "", cluster.TowardOtherNodes},
	} {
		got := m.Locate("n1", ip(tt.addr))
		if got.Place != tt.place || got.Node != tt.node || got.Toward() != tt.toward {
			t.Errorf("%s: %+v toward %s, want place %d on %q toward %s", tt.addr, got, got.Toward(), tt.place, tt.node, tt.toward)
		}
		if m.LocalAddress("n1", ip(tt.addr)) != (tt.place == Here) {
			t.Errorf("%s is local to n1: %v", tt.addr, tt.place != Here)
		}
	}
	if m.LocalAddress("n1", netip.Addr{}) || m.LocalAddress("", ip("10.0.0.11")) {
		t.Error("no address, or no node, is local")
	}
}

// podEgressMasquerade: "none | off-cluster | nodes-too: what the CNI itself
// rewrites".
func TestMasqueradesItself(t *testing.T) {
	places := []Place{Outside, Here, OwnPod, RemotePod, RemoteNode, Nobody}
	for how, want := range map[string][]Place{"none": nil, "off-cluster": {Outside}, "nodes-too": {Outside, RemoteNode}} {
		m := compile(t, base, fabric("podEgressMasquerade: "+how))
		for _, p := range places {
			wanted := false
			for _, w := range want {
				wanted = wanted || w == p
			}
			if got := m.MasqueradesItself(Location{Place: p}); got != wanted {
				t.Errorf("%s, place %d: %v, want %v", how, p, got, wanted)
			}
		}
	}
}

// What a client notices: a rejection as long as it gets back, else silence;
// other errors as unreachable; never anything for what nobody knows.
func TestSeenFor(t *testing.T) {
	type seen struct{ returns, lost flow.Seen }
	drop := map[flow.Fate]seen{
		flow.Unknown:              {flow.SeenUnknown, flow.SeenUnknown},
		flow.Delivered:            {flow.Connected, flow.Connected},
		flow.DeniedByPolicy:       {flow.Timeout, flow.Timeout},
		flow.DeniedBySourceRanges: {flow.Timeout, flow.Timeout},
		flow.NoEndpoints:          {flow.Refused, flow.Timeout},
		flow.NoLocalEndpoint:      {flow.Timeout, flow.Timeout},
		flow.NotAnnounced:         {flow.Unreachable, flow.Unreachable},
		flow.NotCaptured:          {flow.Timeout, flow.Timeout},
		flow.NoRoute:              {flow.Unreachable, flow.Unreachable},
		flow.Loop:                 {flow.Unreachable, flow.Unreachable},
		flow.NotListening:         {flow.Refused, flow.Timeout},
		flow.ReplyLost:            {flow.Timeout, flow.Timeout},
	}
	m := compile(t, base)
	rejects := compile(t, base, fabric("policy: kube-router"))
	for _, f := range flow.Fates() {
		want, ok := drop[f]
		if !ok {
			t.Errorf("%s: no expectation", f)
		}
		if got := (seen{m.SeenFor(f, flow.TCP, true), m.SeenFor(f, flow.TCP, false)}); got != want {
			t.Errorf("%s: %v, want %v", f, got, want)
		}
		if f == flow.DeniedByPolicy {
			want = seen{flow.Refused, flow.Timeout}
		}
		if got := (seen{rejects.SeenFor(f, flow.TCP, true), rejects.SeenFor(f, flow.TCP, false)}); got != want {
			t.Errorf("%s where denials are rejected: %v, want %v", f, got, want)
		}
	}
}

// Measured: kube-network-policies "drops kube-proxy's own ICMP error on its way
// back to an ingress-isolated pod".
func TestErrorReaches(t *testing.T) {
	isolate := netpol("p", "podSelector: {matchLabels: {app: client}}, ingress: []")
	for _, tt := range []struct {
		policy, node, pod string
		want              bool
	}{
		{"generic", "n1", "client", true},
		{"kube-network-policies", "n1", "client", false},
		{"kube-network-policies", "n1", "web-1", true},  // not isolated
		{"kube-network-policies", "n2", "client", true}, // raised elsewhere: a reply like any other
		{"kube-network-policies", "n1", "", true},
	} {
		m := compile(t, base, isolate, fabric("policy: "+tt.policy))
		if got := m.ErrorReaches(tt.node, m.Index.Pod("test", tt.pod)); got != tt.want {
			t.Errorf("%s, %s on %s: %v, want %v", tt.policy, tt.pod, tt.node, got, tt.want)
		}
	}
}

// An endpoint whose pod is not in the input cannot be judged where any policy of
// its namespace, or another engine's, might isolate it.
func TestUnreadable(t *testing.T) {
	gone := flow.Object{Kind: "Pod", Namespace: "test", Name: "gone"}
	calico := "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {}\n"
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"no policy", fabric("profile: generic"), false},
		{"a policy of the namespace", netpol("p", "podSelector: {matchLabels: {x: y}}"), true},
		{"a policy of another namespace", strings.Replace(netpol("p", "podSelector: {}"), "namespace: test", "namespace: other", 1), false},
		{"another engine's", calico, true},
	} {
		if got := compile(t, base, tt.text).Unreadable(gone); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
