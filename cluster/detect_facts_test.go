package cluster

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/portolan-net/portolan/flow"
)

func thing(kind, name string, a Agent, settings ...string) Clue {
	c := config(a, settings...)
	c.Object = flow.Object{Kind: kind, Name: name}
	return c
}

func pool4(name, cidr string, more ...string) Clue {
	return thing(KindIPPool, name, AgentCalico, append([]string{"cidr", cidr}, more...)...)
}

func podAt(addr string) Pod { return Pod{IPs: []netip.Addr{netip.MustParseAddr(addr)}} }

func calicoNode(name, address, tunnel string) Node {
	return Node{
		Meta:        Meta{Name: name, Annotations: map[string]string{annotationCalicoAddress: address, annotationCalicoVXLAN: tunnel}},
		InternalIPs: []netip.Addr{netip.MustParsePrefix(address).Addr()},
	}
}

// What each object tells, by the references that detect_*.go name.
func TestDetectFacts(t *testing.T) {
	kubeadm := func(pods, services string) Clue {
		return config(AgentKubeadm, "networking.podSubnet", pods, "networking.serviceSubnet", services)
	}
	felix := thing(KindFelixConfiguration, "default", AgentCalico, "natOutgoingExclusions", "IPPoolsAndHostIPs")
	tests := []struct {
		name      string
		s         Snapshot
		pods, own string // ClusterCIDRs, ServiceCIDRs
		egress    EgressMasquerade
		network   PodNetwork
		says      []flow.Code
	}{
		{name: "kubeadm", s: Snapshot{Clues: []Clue{kubeadm("10.244.0.0/16,fd00::/48", "10.96.0.0/12")}}, pods: "10.244.0.0/16, fd00::/48", own: "10.96.0.0/12"},
		{name: "kubeadm without a pod range", s: Snapshot{Clues: []Clue{kubeadm("", "10.96.0.0/12")}}, own: "10.96.0.0/12"},
		{name: "ranges that are none", s: Snapshot{Clues: []Clue{kubeadm("everywhere", "10.96.0.1")}}},
		{
			name: "kube-proxy's own range", pods: "10.244.0.0/16",
			s: Snapshot{Clues: []Clue{kubeadm("10.244.0.0/16", ""), config(AgentKubeProxy, "clusterCIDR", "10.244.0.0/16")}},
		},
		{
			name: "kube-proxy was told less", pods: "10.244.0.0/17, 10.244.0.0/16", says: []flow.Code{flow.CodeDetectedPodsBeyond},
			s: Snapshot{Clues: []Clue{kubeadm("10.244.0.0/16", ""), config(AgentKubeProxy, "clusterCIDR", "10.244.0.0/17")}},
		},
		{
			name: "kubeadm and a plugin within it", pods: "10.244.0.0/16", network: PodNetworkRouted, egress: EgressMasqueradeNone,
			s: Snapshot{Clues: []Clue{clue(AgentCalico), kubeadm("10.244.0.0/16", ""), pool4("a", "10.244.0.0/18"), pool4("b", "10.244.64.0/18")}},
		},
		{
			name: "kubeadm and a plugin elsewhere", network: PodNetworkRouted, egress: EgressMasqueradeNone, says: []flow.Code{flow.CodeDetectedContradiction},
			s: Snapshot{Clues: []Clue{clue(AgentCalico), kubeadm("10.244.0.0/16", ""), pool4("a", "192.168.0.0/16")}},
		},
		{
			name: "ServiceCIDRs", own: "10.96.0.0/24, fd00:1::/112, 10.112.0.0/24",
			s: Snapshot{Clues: []Clue{thing(KindServiceCIDR, "kubernetes", AgentAPIServer, "cidrs", "10.96.0.0/24,fd00:1::/112"), thing(KindServiceCIDR, "more", AgentAPIServer, "cidrs", "10.112.0.0/24,10.96.0.0/24"), kubeadm("", "10.96.0.0/24")}},
		},
		{
			name: "ServiceCIDRs over kubeadm", own: "10.96.0.0/24", says: []flow.Code{flow.CodeDetectedOverruled},
			s: Snapshot{Clues: []Clue{thing(KindServiceCIDR, "kubernetes", AgentAPIServer, "cidrs", "10.96.0.0/24"), kubeadm("", "10.96.0.0/16")}},
		},
		{
			name: "flannel", pods: "10.244.0.0/16, fd00::/56", network: PodNetworkVXLAN, egress: EgressMasqueradeNodesToo,
			s: Snapshot{Clues: []Clue{clue(AgentFlannel, "ip-masq", "true"), config(AgentFlannel, "Network", "10.244.0.0/16", "EnableIPv6", "true", "IPv6Network", "fd00::/56", "Backend.Type", "vxlan")}},
		},
		{
			name: "flannel, IPv6 off", pods: "10.244.0.0/16", network: PodNetworkBridge,
			s: Snapshot{Clues: []Clue{clue(AgentFlannel), config(AgentFlannel, "Network", "10.244.0.0/16", "IPv6Network", "fd00::/56", "Backend.Type", "host-gw")}},
		},
		{
			name: "flannel, another backend", pods: "10.244.0.0/16", says: []flow.Code{flow.CodeDetectedUnmodelled},
			s: Snapshot{Clues: []Clue{clue(AgentFlannel), config(AgentFlannel, "Network", "10.244.0.0/16", "Backend.Type", "wireguard")}},
		},
		{
			name: "flannel's ConfigMap left behind", network: PodNetworkRouted,
			s: Snapshot{Clues: []Clue{clue(AgentCalico), config(AgentFlannel, "Network", "10.244.0.0/16", "Backend.Type", "vxlan")}},
		},
		{
			name: "canal", pods: "10.244.0.0/16", network: PodNetworkVXLAN, egress: EgressMasqueradeNodesToo,
			s: Snapshot{Clues: []Clue{clue(AgentCanal), config(AgentFlannel, "Network", "10.244.0.0/16", "Backend.Type", "vxlan", "masquerade", "true"), pool4("a", "192.168.0.0/16")}},
		},
		{
			name: "Calico masquerades", pods: "192.168.0.0/16", network: PodNetworkRouted, egress: EgressMasqueradeNodesToo,
			s: Snapshot{Clues: []Clue{clue(AgentCalico), pool4("a", "192.168.0.0/16", "natOutgoing", "true")}},
		},
		{
			name: "Calico spares nodes", pods: "192.168.0.0/16", network: PodNetworkRouted, egress: EgressMasqueradeOffCluster,
			s: Snapshot{Clues: []Clue{clue(AgentCalico), pool4("a", "192.168.0.0/16", "natOutgoing", "true"), felix}},
		},
		{
			name: "Calico's pools differ", pods: "192.168.0.0/17, 192.168.128.0/17", network: PodNetworkRouted, says: []flow.Code{flow.CodeDetectedContradiction},
			s: Snapshot{Clues: []Clue{clue(AgentCalico), pool4("a", "192.168.0.0/17", "natOutgoing", "true"), pool4("b", "192.168.128.0/17")}},
		},
		{
			name: "of which one is used", pods: "192.168.0.0/17", network: PodNetworkRouted, egress: EgressMasqueradeNodesToo,
			s: Snapshot{Pods: []Pod{podAt("192.168.7.7")}, Clues: []Clue{clue(AgentCalico), pool4("a", "192.168.0.0/17", "natOutgoing", "true", "disabled", "true"), pool4("b", "192.168.128.0/17")}},
		},
		{
			name: "a pool for tunnels alone", network: PodNetworkRouted,
			s: Snapshot{Clues: []Clue{clue(AgentCalico), pool4("a", "192.168.0.0/17", "allowedUses", "Tunnel")}},
		},
		{
			name: "Cilium's pool", pods: "10.0.0.0/8", egress: EgressMasqueradeOffCluster,
			s: Snapshot{Clues: []Clue{clue(AgentCilium), config(AgentCilium, "ipam", "cluster-pool", "cluster-pool-ipv4-cidr", "10.0.0.0/8", "enable-ipv4-masquerade", "true", "enable-ipv6", "false", "enable-ipv6-masquerade", "false")}},
		},
		{
			name: "Cilium's families differ", says: []flow.Code{flow.CodeDetectedContradiction},
			s: Snapshot{Clues: []Clue{clue(AgentCilium), config(AgentCilium, "cluster-pool-ipv4-cidr", "10.0.0.0/8", "enable-ipv4-masquerade", "true", "enable-ipv6", "true", "enable-ipv6-masquerade", "false")}},
		},
		{
			name: "eBPF and what else is not modelled", pods: "192.168.0.0/16", network: PodNetworkRouted, egress: EgressMasqueradeNone, says: []flow.Code{flow.CodeDetectedUnmodelled},
			s: Snapshot{Clues: []Clue{clue(AgentCalico), pool4("a", "192.168.0.0/16"), thing(KindFelixConfiguration, "default", AgentCalico, "bpfEnabled", "true")}},
		},
	}
	for _, tt := range tests {
		d := Detect(&tt.s)
		if pods, own := rangeWords(d.ClusterCIDRs), rangeWords(d.ServiceCIDRs); pods != tt.pods || own != tt.own || d.Egress != tt.egress || d.PodNetwork != tt.network {
			t.Errorf("%s: pods %q, Services %q, egress %q, network %q", tt.name, pods, own, d.Egress, d.PodNetwork)
		}
		var said []flow.Code
		for _, r := range d.Why {
			if slices.Contains([]flow.Code{flow.CodeDetectedContradiction, flow.CodeDetectedOverruled, flow.CodeDetectedPodsBeyond, flow.CodeDetectedUnmodelled}, r.Code) {
				said = append(said, r.Code)
			}
			if object := r.Args[len(r.Args)-1]; !strings.Contains(object, "/") {
				t.Errorf("%s: %s names no object but %q", tt.name, r.Code, object)
			}
		}
		if !slices.Equal(said, tt.says) {
			t.Errorf("%s: said %v", tt.name, said)
		}
	}
}

// "never: policy enforcement is disabled on all endpoints"; "always" is not modelled.
func TestCiliumEnforcement(t *testing.T) {
	for mode, want := range map[string]string{"": "cilium", "default": "cilium", "never": "none", "always": "cilium"} {
		d := Detect(&Snapshot{Clues: []Clue{clue(AgentCilium), config(AgentCilium, "enable-policy", mode)}})
		unmodelled := slices.ContainsFunc(d.Why, func(r flow.Reason) bool { return r.Code == flow.CodeDetectedUnmodelled })
		if d.Policy != want || unmodelled != (mode == "always") {
			t.Errorf("enable-policy %q: %q, unmodelled %v", mode, d.Policy, unmodelled)
		}
	}
}

// Toward pods of which node the tunnel's address is used, by the pools' mode and
// whose subnet is whose.
func TestCalicoTunnels(t *testing.T) {
	near := []Node{calicoNode("a", "10.0.0.1/24", "10.244.1.64"), calicoNode("b", "10.0.0.2/24", "10.244.2.64")}
	far := calicoNode("c", "10.0.1.3/24", "10.244.3.64")
	bare := calicoNode("d", "10.0.0.4/24", "10.244.4.64")
	delete(bare.Annotations, annotationCalicoAddress)
	mode := func(m string) []Clue { return []Clue{clue(AgentCalico), pool4("p", "10.244.0.0/16", "vxlanMode", m)} }
	const tunnel, own, unknown = "tunnel", "own", "unknown"
	for _, tt := range []struct {
		name  string
		nodes []Node
		clues []Clue
		want  []string
	}{
		{"no pool is known", near, []Clue{clue(AgentCalico)}, []string{tunnel, tunnel}},
		{"always", near, mode("Always"), []string{tunnel, tunnel}},
		{"never", near, mode("Never"), []string{own, own}},
		{"one subnet", near, mode("CrossSubnet"), []string{own, own}},
		{"a subnet each", []Node{near[0], far}, mode("CrossSubnet"), []string{tunnel, tunnel}},
		{"some of each", append(slices.Clone(near), far), mode("CrossSubnet"), []string{unknown, unknown, tunnel}},
		{"a subnet that is not told", append(slices.Clone(near), bare), mode("CrossSubnet"), []string{unknown, unknown, unknown}},
		{"one node", near[:1], mode("CrossSubnet"), []string{own}},
		{"pools that differ", near, append(mode("Always"), pool4("q", "10.245.0.0/16", "ipipMode", "Never")), []string{unknown, unknown}},
		{"a pool of the other family", near, append(mode("Always"), pool4("q", "fd00::/64")), []string{tunnel, tunnel}},
	} {
		s := &Snapshot{Nodes: tt.nodes, Clues: tt.clues}
		p, err := Resolve(s)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range tt.nodes {
			n := &tt.nodes[i]
			words := map[netip.Addr]string{{}: unknown, n.InternalIPs[0]: own, netip.MustParseAddr(n.Annotations[annotationCalicoVXLAN]): tunnel}
			got = append(got, words[p.SourceOf(n.Name, TowardRemotePods, false)])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// kube-proxy that is told no range: only what is written counts, and the Fabric wins.
func TestBlindProxy(t *testing.T) {
	told := []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")}
	for _, tt := range []struct {
		name  string
		clues []Clue
		told  []netip.Prefix
		sees  bool
	}{
		{"empty", []Clue{config(AgentKubeProxy, "clusterCIDR", "", "mode", "nftables")}, nil, false},
		{"not written", []Clue{config(AgentKubeProxy, "mode", "nftables")}, nil, true},
		{"another mode", []Clue{config(AgentKubeProxy, "clusterCIDR", "", "detectLocalMode", "BridgeInterface")}, nil, true},
		{"a range", []Clue{config(AgentKubeProxy, "clusterCIDR", "10.244.0.0/16")}, nil, true},
		{"the Fabric", []Clue{config(AgentKubeProxy, "clusterCIDR", "")}, told, true},
		{"Cilium in its place", []Clue{clue(AgentCilium), config(AgentCilium, "kube-proxy-replacement", "true"), config(AgentKubeProxy, "clusterCIDR", "")}, nil, true},
	} {
		s := &Snapshot{Clues: tt.clues}
		s.Fabric.Dataplane.ClusterCIDRs = tt.told
		p, err := Resolve(s)
		if err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(p.Assumed, func(r flow.Reason) bool { return r.Code == flow.CodeDetectedBlindProxy })
		if p.Proxy.DetectsLocalPods != tt.sees || said == tt.sees {
			t.Errorf("%s: detects pods %v, said %v", tt.name, p.Proxy.DetectsLocalPods, said)
		}
	}
}

// A direct route beside the tunnel: only the Fabric can tell the address.
func TestDirectRouting(t *testing.T) {
	s := &Snapshot{
		Nodes: []Node{{Meta: Meta{Name: "a"}, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24")}}, {Meta: Meta{Name: "b"}}},
		Clues: []Clue{clue(AgentFlannel), config(AgentFlannel, "Backend.Type", "vxlan", "Backend.DirectRouting", "true")},
	}
	source := func() netip.Addr {
		p, err := Resolve(s)
		if err != nil {
			t.Fatal(err)
		}
		return p.SourceOf("a", TowardRemotePods, false)
	}
	if a := source(); a.IsValid() {
		t.Errorf("toward other nodes' pods: %v", a)
	}
	told := netip.MustParseAddr("10.0.0.1")
	s.Fabric.Nodes = []FabricNode{{Name: "a", Masquerade: Masquerade{ToPodsOnOtherNodes: []netip.Addr{told}}}}
	if a := source(); a != told {
		t.Errorf("the Fabric tells %v: %v", told, a)
	}
}

// What the Fabric tells wins, and what was found of it is not said.
func TestFactsTold(t *testing.T) {
	s := &Snapshot{Clues: []Clue{
		config(AgentKubeadm, "networking.podSubnet", "10.244.0.0/16", "networking.serviceSubnet", "10.96.0.0/12"),
		thing(KindServiceCIDR, "kubernetes", AgentAPIServer, "cidrs", "10.97.0.0/16"),
		clue(AgentFlannel, "ip-masq", "true"), config(AgentFlannel, "Network", "10.9.0.0/16", "Backend.Type", "host-gw", "delegate.hairpinMode", "true"),
	}}
	told := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	s.Fabric.Dataplane = Dataplane{Profile: "generic", ClusterCIDRs: told, ServiceCIDRs: told, PodNetwork: PodNetworkBridge, PodEgressMasquerade: EgressMasqueradeNone}
	p, err := Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p.ClusterCIDRs, told) || !reflect.DeepEqual(p.ProxyCIDRs, told) || !reflect.DeepEqual(p.ServiceCIDRs, told) || p.Hairpin != nil || p.PodEgressMasquerade != EgressMasqueradeNone {
		t.Errorf("%+v", p)
	}
	for _, r := range p.Assumed {
		if strings.HasPrefix(string(r.Code), "detected-") {
			t.Errorf("said %v", r)
		}
	}
}

// A setting may be as long as an object; what is said of it is not.
func TestFactsShortened(t *testing.T) {
	long := strings.Repeat("10.244.0.0/16,", 70_000)
	s := &Snapshot{Clues: []Clue{
		config(AgentKubeadm, "networking.podSubnet", long+"10.1.0.0/16"), config(AgentFlannel, "Network", "10.9.0.0/16"),
		config(AgentKubeProxy, "mode", strings.Repeat("é", 500_000)),
	}}
	p, err := Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	cut := false
	for _, r := range p.Assumed {
		for _, a := range r.Args {
			if len(a) > 400 || !utf8.ValidString(a) {
				t.Errorf("%s says %d bytes", r.Code, len(a))
			}
			cut = cut || strings.HasSuffix(a, "...")
		}
	}
	if !cut {
		t.Errorf("nothing was said of them: %v", p.Assumed)
	}
}
