package cluster

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// twoStack is one node with both families.
func twoStack(d Dataplane, told ...FabricNode) *Snapshot {
	return &Snapshot{
		Nodes:  []Node{{Meta: Meta{Name: "n1"}, InternalIPs: addrs("172.18.0.11", "fd00::11"), PodCIDRs: prefixes("10.244.1.0/24", "fd00:10:244:1::/64")}},
		Fabric: Fabric{Dataplane: d, Nodes: told},
	}
}

func mustResolve(t *testing.T, s *Snapshot) *Profile {
	t.Helper()
	p, err := Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The masquerade address is the outgoing device's (measured: "bridge CNI: same
// node 10.244.2.1, other node 172.18.0.11; ptp veth: node IPs both; vxlan: same
// node 10.244.2.1, other node 10.244.1.0").
func TestMasqueradeByPodNetwork(t *testing.T) {
	tests := []struct {
		network PodNetwork
		toward  Toward
		v4, v6  string
	}{
		{"", TowardLocalPods, "172.18.0.11", "fd00::11"},
		{"", TowardRemotePods, "172.18.0.11", "fd00::11"},
		{PodNetworkRouted, TowardLocalPods, "172.18.0.11", "fd00::11"},
		{PodNetworkRouted, TowardRemotePods, "172.18.0.11", "fd00::11"},
		{PodNetworkBridge, TowardLocalPods, "10.244.1.1", "fd00:10:244:1::1"},
		{PodNetworkBridge, TowardRemotePods, "172.18.0.11", "fd00::11"},
		{PodNetworkVXLAN, TowardLocalPods, "10.244.1.1", "fd00:10:244:1::1"},
		{PodNetworkVXLAN, TowardRemotePods, "10.244.1.0", "fd00:10:244:1::"},
		{PodNetworkVXLAN, TowardOtherNodes, "172.18.0.11", "fd00::11"},
		{PodNetworkBridge, TowardOtherNodes, "172.18.0.11", "fd00::11"},
	}
	for _, tt := range tests {
		p := mustResolve(t, twoStack(Dataplane{PodNetwork: tt.network}))
		if got := p.SourceOf("n1", tt.toward, false); got != netip.MustParseAddr(tt.v4) {
			t.Errorf("%q toward %s: %s, want %s", tt.network, tt.toward, got, tt.v4)
		}
		if got := p.SourceOf("n1", tt.toward, true); got != netip.MustParseAddr(tt.v6) {
			t.Errorf("%q toward %s: %s, want %s", tt.network, tt.toward, got, tt.v6)
		}
	}
}

// Without a pod CIDR nothing tells the bridge's address: it stays unknown.
func TestMasqueradeUnknown(t *testing.T) {
	s := twoStack(Dataplane{PodNetwork: PodNetworkVXLAN})
	s.Nodes[0].PodCIDRs = nil
	p := mustResolve(t, s)
	for _, toward := range []Toward{TowardLocalPods, TowardRemotePods} {
		if got := p.SourceOf("n1", toward, false); got.IsValid() {
			t.Errorf("toward %s: %s out of nothing", toward, got)
		}
	}
	if got := p.SourceOf("n2", TowardOtherNodes, false); got.IsValid() {
		t.Errorf("a node that is not there has %s", got)
	}
}

// What the Fabric tells counts, family by family.
func TestMasqueradeTold(t *testing.T) {
	s := twoStack(Dataplane{PodNetwork: PodNetworkBridge}, FabricNode{Name: "n1", Masquerade: Masquerade{
		ToLocalPods: addrs("10.244.1.254"), ToPodsOnOtherNodes: addrs("fd00::99"),
	}})
	p := mustResolve(t, s)
	tests := []struct {
		toward Toward
		v6     bool
		want   string
		told   bool
	}{
		{TowardLocalPods, false, "10.244.1.254", true},
		{TowardLocalPods, true, "fd00:10:244:1::1", false},
		{TowardRemotePods, false, "172.18.0.11", false},
		{TowardRemotePods, true, "fd00::99", true},
		{TowardOtherNodes, false, "172.18.0.11", false},
	}
	for _, tt := range tests {
		if got := p.SourceOf("n1", tt.toward, tt.v6); got != netip.MustParseAddr(tt.want) {
			t.Errorf("toward %s, IPv6 %v: %s, want %s", tt.toward, tt.v6, got, tt.want)
		}
		if got := s.Fabric.Told("n1", tt.toward, tt.v6); got != tt.told {
			t.Errorf("toward %s, IPv6 %v: told %v, want %v", tt.toward, tt.v6, got, tt.told)
		}
	}
	if s.Fabric.Told("n2", TowardLocalPods, false) {
		t.Error("nothing is told of n2")
	}
}

func codesOf(rs []flow.Reason) []flow.Code {
	out := make([]flow.Code, 0, len(rs))
	for _, r := range rs {
		out = append(out, r.Code)
	}
	return out
}

// Each default that was used is listed, and nothing that was told.
func TestResolveAssumes(t *testing.T) {
	yes := true
	whole := Dataplane{
		Profile: "generic", PodNetwork: PodNetworkRouted, ClusterCIDRs: prefixes("10.244.0.0/16"),
		ServiceCIDRs: prefixes("10.96.0.0/12"), MasqueradeAll: &yes, PodEgressMasquerade: EgressMasqueradeNone,
	}
	parts := whole
	parts.Profile, parts.Proxy, parts.Policy = "", "kube-proxy-iptables", "kube-router"
	half := parts
	half.Policy = ""
	tests := []struct {
		name string
		d    Dataplane
		want []flow.Code
	}{
		{"nothing told", Dataplane{}, []flow.Code{flow.CodeAssumedProfile, flow.CodeAssumedPodNetwork, flow.CodeAssumedClusterCIDR}},
		{"everything told", whole, nil},
		{"both parts told", parts, nil},
		{"one part told", half, []flow.Code{flow.CodeAssumedProfile}},
	}
	for _, tt := range tests {
		s := twoStack(tt.d)
		s.NetworkPolicies = make([]NetworkPolicy, 1) // a cluster without any is an assumption of its own
		p := mustResolve(t, s)
		if got := codesOf(p.Assumed); !slices.Equal(got, tt.want) && len(got)+len(tt.want) > 0 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if !mustResolve(t, twoStack(whole)).MasqueradeAll || mustResolve(t, twoStack(Dataplane{})).MasqueradeAll {
		t.Error("masqueradeAll is off unless told")
	}
}

// The default is "kube-proxy nftables, policy by the API's letter, judged after
// DNAT and before SNAT, drop".
func TestDefaultProfile(t *testing.T) {
	p := mustResolve(t, twoStack(Dataplane{}))
	switch {
	case p.Proxy.Name != "kube-proxy-nftables" || !p.Proxy.Captures || p.Proxy.NodePortOnEveryAddress:
		t.Errorf("proxy %+v", p.Proxy)
	case p.Policy.Name != "generic" || !p.Policy.Enforces || p.Policy.AfterSNAT || p.Policy.Deny != DenyDrop || p.Policy.Span != SpanOwnPods:
		t.Errorf("policy %+v", p.Policy)
	case p.PodNetwork != PodNetworkRouted || p.PodEgressMasquerade != EgressMasqueradeNone:
		t.Errorf("pod network %s, masquerade %s", p.PodNetwork, p.PodEgressMasquerade)
	}
}

// A part overrides the profile; the other part is the profile's.
func TestProfileParts(t *testing.T) {
	tests := []struct {
		d             Dataplane
		proxy, policy string
	}{
		{Dataplane{Profile: "kube-router"}, "kube-proxy-nftables", "kube-router"},
		{Dataplane{Profile: "kube-router", Proxy: "kube-proxy-iptables"}, "kube-proxy-iptables", "kube-router"},
		{Dataplane{Profile: "kube-router", Policy: "none"}, "kube-proxy-nftables", "none"},
		{Dataplane{Profile: "kube-network-policies"}, "kube-proxy-nftables", "kube-network-policies"},
	}
	for _, tt := range tests {
		p := mustResolve(t, twoStack(tt.d))
		if p.Proxy.Name != tt.proxy || p.Policy.Name != tt.policy {
			t.Errorf("%+v: %s and %s, want %s and %s", tt.d, p.Proxy.Name, p.Policy.Name, tt.proxy, tt.policy)
		}
	}
}

// An unknown word is an error that names the field and the known words.
func TestResolveRefuses(t *testing.T) {
	for field, d := range map[string]Dataplane{
		"dataplane.profile": {Profile: "openshift"},
		"dataplane.proxy":   {Proxy: "kube-proxy"},
		"dataplane.policy":  {Policy: "weave"},
	} {
		p, err := Resolve(twoStack(d))
		if err == nil {
			t.Errorf("%s: %+v is accepted", field, p)
			continue
		}
		if !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), "use one of") {
			t.Errorf("%q does not name %s and what it may be", err, field)
		}
	}
}

// Policies that nobody enforces, and an input without any, are said.
func TestResolveOfPolicies(t *testing.T) {
	s := twoStack(Dataplane{Profile: "none"})
	s.NetworkPolicies = []NetworkPolicy{{}}
	if got := codesOf(mustResolve(t, s).Assumed); !slices.Contains(got, flow.CodeNotEnforced) {
		t.Errorf("%v does not say that nobody enforces", got)
	}
	s = twoStack(Dataplane{})
	s.Absent = []string{"NetworkPolicy"}
	if got := codesOf(mustResolve(t, s).Assumed); !slices.Contains(got, flow.CodeNoPolicyInInput) {
		t.Errorf("%v does not say that the input holds no policy", got)
	}
}

func TestClusterCIDRs(t *testing.T) {
	own := mustResolve(t, twoStack(Dataplane{}))
	told := mustResolve(t, twoStack(Dataplane{ClusterCIDRs: prefixes("10.244.0.0/16"), ServiceCIDRs: prefixes("10.96.0.0/12")}))
	none := twoStack(Dataplane{})
	none.Nodes[0].PodCIDRs = nil
	for _, tt := range []struct {
		name string
		got  bool
		want bool
	}{
		{"a node's pod CIDR", own.InClusterCIDR(netip.MustParseAddr("10.244.1.9")), true},
		{"its IPv6 one", own.InClusterCIDR(netip.MustParseAddr("fd00:10:244:1::9")), true},
		{"no node's", own.InClusterCIDR(netip.MustParseAddr("10.244.2.9")), false},
		{"no address", own.InClusterCIDR(netip.Addr{}), false},
		{"told", told.InClusterCIDR(netip.MustParseAddr("10.244.2.9")), true},
		{"told IPv4 only", told.InClusterCIDR(netip.MustParseAddr("fd00:10:244:1::9")), false},
		{"service range", told.InServiceCIDR(netip.MustParseAddr("10.111.255.255")), true},
		{"beyond it", told.InServiceCIDR(netip.MustParseAddr("10.112.0.0")), false},
		{"unknown says so", slices.Contains(codesOf(mustResolve(t, none).Assumed), flow.CodeNoClusterCIDR), true},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

// Thousands of ranges are looked up as one after the other would be.
func TestManyClusterCIDRs(t *testing.T) {
	s := &Snapshot{NetworkPolicies: make([]NetworkPolicy, 1)}
	for i := range 50 {
		cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 24+i%3)
		s.Nodes = append(s.Nodes, Node{Meta: Meta{Name: cidr.String()}, PodCIDRs: []netip.Prefix{cidr, netip.MustParsePrefix("fd00::/64")}})
	}
	p := mustResolve(t, s)
	if len(p.ClusterCIDRs) < 50 {
		t.Fatalf("%d ranges are not many", len(p.ClusterCIDRs))
	}
	for i := range 60 {
		for _, last := range []byte{0, 31, 32, 63, 64, 127, 128, 255} {
			a := netip.AddrFrom4([4]byte{10, byte(i), 0, last})
			if got, want := p.InClusterCIDR(a), within(p.ClusterCIDRs, a); got != want || p.DetectsAsPod(a) != want {
				t.Errorf("%s: %v, detected %v, want %v", a, got, p.DetectsAsPod(a), want)
			}
		}
	}
	if !p.InClusterCIDR(netip.MustParseAddr("fd00::1")) || p.InClusterCIDR(netip.MustParseAddr("fd00:0:0:1::1")) {
		t.Error("IPv6")
	}
}
