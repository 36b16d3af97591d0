package service

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func ips(list string) []netip.Addr {
	var out []netip.Addr
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func ranges(list string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// balancer is a LoadBalancer Service with one port.
func balancer(name, clusterIPs, lb string) cluster.Service {
	s := *web()
	s.Name, s.Type, s.ClusterIPs = name, cluster.ServiceLoadBalancer, ips(clusterIPs)
	for _, ip := range ips(lb) {
		s.Ingress = append(s.Ingress, cluster.Ingress{IP: ip})
	}
	s.Ports = []cluster.ServicePort{{Name: "http", Protocol: flow.TCP, Port: 80, NodePort: 30080}}
	return s
}

func tables(services ...cluster.Service) (*Tables, *cluster.Snapshot) {
	s := &cluster.Snapshot{Services: services}
	return Compile(s, cluster.NewIndex(s)), s
}

// fronts prints what a Service has: "vip 198.51.100.17:80", "nodeport6 :30080".
func fronts(t *Tables, svc *cluster.Service) []string {
	var out []string
	for _, f := range t.Of(svc) {
		kind, addr := f.Kind.String(), ""
		if f.Addr.IsValid() {
			addr = f.Addr.String()
		}
		if f.IPv6 {
			kind += "6"
		}
		out = append(out, kind+" "+addr+" "+f.Words())
	}
	slices.Sort(out)
	return out
}

func TestFrontsOfAService(t *testing.T) {
	change := func(f func(*cluster.Service)) cluster.Service {
		s := balancer("web", "10.96.0.10", "198.51.100.17")
		f(&s)
		return s
	}
	tests := []struct {
		name string
		svc  cluster.Service
		want []string
	}{
		{
			"LoadBalancer", change(func(*cluster.Service) {}),
			[]string{"clusterip 10.96.0.10 80", "nodeport  30080", "vip 198.51.100.17 80"},
		},
		{
			"both families", balancer("web", "10.96.0.10 fd00:96::10", "198.51.100.17 2001:db8::17"),
			[]string{"clusterip 10.96.0.10 80", "clusterip6 fd00:96::10 80", "nodeport  30080", "nodeport6  30080", "vip 198.51.100.17 80", "vip6 2001:db8::17 80"},
		},
		{
			"an address of a family without a cluster address is left alone", balancer("web", "10.96.0.10", "198.51.100.17 2001:db8::17"),
			[]string{"clusterip 10.96.0.10 80", "nodeport  30080", "vip 198.51.100.17 80"},
		},
		{
			"externalIPs", change(func(s *cluster.Service) { s.ExternalIPs = ips("192.0.2.80") }),
			[]string{"clusterip 10.96.0.10 80", "externalip 192.0.2.80 80", "nodeport  30080", "vip 198.51.100.17 80"},
		},
		{
			"ipMode Proxy is not captured", change(func(s *cluster.Service) { s.Ingress[0].Proxy = true }),
			[]string{"clusterip 10.96.0.10 80", "nodeport  30080"},
		},
		{
			"a hostname is no address", change(func(s *cluster.Service) { s.Ingress = []cluster.Ingress{{Hostname: "lb.example"}} }),
			[]string{"clusterip 10.96.0.10 80", "nodeport  30080"},
		},
		{
			"no node ports", change(func(s *cluster.Service) { s.Ports[0].NodePort = 0 }),
			[]string{"clusterip 10.96.0.10 80", "vip 198.51.100.17 80"},
		},
		{
			"udp", change(func(s *cluster.Service) { s.Ports[0].Protocol = flow.UDP }),
			[]string{"clusterip 10.96.0.10 80/udp", "nodeport  30080/udp", "vip 198.51.100.17 80/udp"},
		},
		{
			"before a cluster address is given: the families asked for",
			change(func(s *cluster.Service) { s.ClusterIPs, s.Families, s.Ingress = nil, []bool{true}, nil }),
			[]string{"nodeport6  30080"},
		},
		{"headless", change(func(s *cluster.Service) { s.Headless, s.ClusterIPs = true, nil }), nil},
		{"ExternalName", change(func(s *cluster.Service) { s.Type = cluster.ServiceExternalName }), nil},
		{"of another proxy", change(func(s *cluster.Service) { s.ProxyName = "other" }), nil},
	}
	for _, tt := range tests {
		tab, s := tables(tt.svc)
		if got := fronts(tab, &s.Services[0]); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAt(t *testing.T) {
	tab, s := tables(balancer("web", "10.96.0.10", "198.51.100.17"), balancer("twin", "10.96.0.11", "198.51.100.17"))
	for _, tt := range []struct {
		at    string
		proto flow.Protocol
		want  string
	}{
		{"10.96.0.10:80", flow.TCP, "web"},
		{"10.96.0.11:80", flow.TCP, "twin"},
		{"198.51.100.17:80", flow.TCP, "web twin"}, // both claim it: both are told
		{"198.51.100.17:80", flow.UDP, ""},
		{"198.51.100.17:81", flow.TCP, ""},
		{"198.51.100.18:80", flow.TCP, ""},
	} {
		if got := names(tab.At(netip.MustParseAddrPort(tt.at), tt.proto)); got != tt.want {
			t.Errorf("%s/%s: %q, want %q", tt.at, tt.proto, got, tt.want)
		}
	}
	if got := names(tab.NodePorts(false, flow.TCP, 30080)); got != "web twin" {
		t.Errorf("NodePort 30080: %q", got)
	}
	if got := names(tab.NodePorts(true, flow.TCP, 30080)) + names(tab.NodePorts(false, flow.UDP, 30080)); got != "" {
		t.Errorf("NodePort of another family or protocol: %q", got)
	}
	if tab.ClusterIPOwner(ips("10.96.0.11")[0]) != &s.Services[1] || tab.ClusterIPOwner(ips("10.96.0.12")[0]) != nil {
		t.Error("owner of a cluster address")
	}
}

func names(fs []*Front) string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Service.Name)
	}
	return strings.Join(out, " ")
}

// One Service with an address both as externalIP and from its load balancer is
// one front, and the source ranges of the load balancer hold.
func TestOneServiceOneAddressTwice(t *testing.T) {
	svc := balancer("web", "10.96.0.10", "198.51.100.17")
	svc.ExternalIPs, svc.SourceRanges = ips("198.51.100.17"), ranges("203.0.113.0/24")
	tab, _ := tables(svc)
	got := tab.At(netip.MustParseAddrPort("198.51.100.17:80"), flow.TCP)
	if len(got) != 1 || len(got[0].Ranges) != 1 {
		t.Errorf("%d fronts (%q), want one, with its ranges", len(got), names(got))
	}
	if owners := tab.Owners(ips("198.51.100.17")[0]); len(owners) != 1 {
		t.Errorf("%d owners, want one", len(owners))
	}
}

// A VIP is shared by every Service that has it, also where it is kept by a load
// balancer of its own.
func TestOwners(t *testing.T) {
	proxied := balancer("proxied", "10.96.0.13", "198.51.100.99")
	proxied.Ingress[0].Proxy = true
	external := balancer("external", "10.96.0.12", "")
	external.ExternalIPs = ips("198.51.100.17")
	tab, s := tables(balancer("http", "10.96.0.10", "198.51.100.17"), balancer("ssh", "10.96.0.11", "198.51.100.17 198.51.100.18"), external, proxied)
	for addr, want := range map[string]string{
		"198.51.100.17": "http ssh external", "198.51.100.18": "ssh", "198.51.100.99": "proxied", "10.96.0.10": "", "192.0.2.1": "",
	} {
		var got []string
		for _, svc := range tab.Owners(netip.MustParseAddr(addr)) {
			got = append(got, svc.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if got := tab.Addresses(); !slices.Equal(got, ips("198.51.100.17 198.51.100.18 198.51.100.99")) {
		t.Errorf("external addresses %v", got)
	}
	if tab.ProxyMode(ips("198.51.100.99")[0]) != &s.Services[3] || tab.ProxyMode(ips("198.51.100.17")[0]) != nil {
		t.Error("ProxyMode: the address of ipMode Proxy, and no other")
	}
}

// "loadBalancerSourceRanges: only for LB VIP:port, not NodePorts"; kube-proxy
// takes the ranges of its own family, and /0 admits all of it.
func TestSourceRanges(t *testing.T) {
	const v4, v6, stranger = "203.0.113.10", "2001:db8::10", "192.0.2.1"
	tests := []struct {
		name, ranges, src string
		vip6, want        bool
	}{
		{"none", "", stranger, false, true},
		{"inside", "203.0.113.0/24", v4, false, true},
		{"outside", "203.0.113.0/24", stranger, false, false},
		{"second of two", "198.18.0.0/15 203.0.113.0/24", v4, false, true},
		{"all of IPv4", "0.0.0.0/0", stranger, false, true},
		{"all of IPv4 beside a narrow one", "203.0.113.0/24 0.0.0.0/0", stranger, false, true},
		{"IPv4 ranges alone do not restrict IPv6", "203.0.113.0/24", v6, true, true},
		{"IPv6 ranges alone do not restrict IPv4", "2001:db8::/32", stranger, false, true},
		{"IPv6 inside", "203.0.113.0/24 2001:db8::/32", v6, true, true},
		{"IPv6 outside", "203.0.113.0/24 2001:db8:1::/48", v6, true, false},
		{"all of IPv6 does not admit IPv4", "203.0.113.0/24 ::/0", stranger, false, false},
		{"all of IPv6", "203.0.113.0/24 ::/0", v6, true, true},
	}
	for _, tt := range tests {
		svc := balancer("web", "10.96.0.10 fd00:96::10", "198.51.100.17 2001:db8::17")
		svc.SourceRanges, svc.ExternalIPs = ranges(tt.ranges), ips("192.0.2.80")
		tab, s := tables(svc)
		for _, f := range tab.Of(&s.Services[0]) {
			want := f.Kind != LoadBalancer || f.IPv6 != tt.vip6 || tt.want
			if f.IPv6 != netip.MustParseAddr(tt.src).Is6() {
				continue
			}
			if got := f.Admits(netip.MustParseAddr(tt.src)); got != want {
				t.Errorf("%s: %s admits %s: %v, want %v", tt.name, f.Kind, tt.src, got, want)
			}
		}
	}
}

// externalTrafficPolicy governs what comes from outside, internalTrafficPolicy
// the cluster address; a policy that was not written is Cluster.
func TestLocal(t *testing.T) {
	for _, tt := range []struct {
		etp, itp           cluster.TrafficPolicy
		external, internal bool
	}{
		{"", "", false, false},
		{cluster.PolicyCluster, cluster.PolicyCluster, false, false},
		{cluster.PolicyLocal, cluster.PolicyCluster, true, false},
		{cluster.PolicyCluster, cluster.PolicyLocal, false, true},
		{cluster.PolicyLocal, cluster.PolicyLocal, true, true},
	} {
		svc := balancer("web", "10.96.0.10", "198.51.100.17")
		svc.ExternalIPs, svc.ExternalTrafficPolicy, svc.InternalTrafficPolicy = ips("192.0.2.80"), tt.etp, tt.itp
		tab, s := tables(svc)
		for _, f := range tab.Of(&s.Services[0]) {
			want := tt.external
			if f.Kind == ClusterIP {
				want = tt.internal
			}
			if f.Local() != want {
				t.Errorf("ETP %q, ITP %q: %s local %v, want %v", tt.etp, tt.itp, f.Kind, f.Local(), want)
			}
		}
	}
}

func TestFrontOrigin(t *testing.T) {
	svc := balancer("web", "10.96.0.10", "")
	svc.Position = flow.Position{File: "a.yaml", Line: 3}
	tab, s := tables(svc)
	if got := tab.Of(&s.Services[0])[0].Origin().String(); got != "Service/test/web spec.ports (a.yaml:3)" {
		t.Errorf("%q", got)
	}
	if got := Kind(99).String(); got != "kind?" {
		t.Errorf("a kind that is none prints %q", got)
	}
}

// A node's hairpins are the endpoints there that some list of the node has: with
// a Local policy also one that is leaving while others are ready elsewhere.
func TestServedOn(t *testing.T) {
	leaving, ready := ep("10.244.1.1", "n1", "ST"), ep("10.244.2.1", "n2", "RS")
	for _, tt := range []struct {
		name   string
		policy cluster.TrafficPolicy
		eps    []cluster.Endpoint
		want   bool
	}{
		{"Cluster, ready elsewhere", cluster.PolicyCluster, []cluster.Endpoint{leaving, ready}, false},
		{"Cluster, ready nowhere", cluster.PolicyCluster, []cluster.Endpoint{leaving}, true},
		{"Local, ready elsewhere", cluster.PolicyLocal, []cluster.Endpoint{leaving, ready}, true},
		{"Local, ready here", cluster.PolicyLocal, []cluster.Endpoint{leaving, ep("10.244.1.2", "n1", "RS")}, false},
	} {
		svc := *web()
		svc.InternalTrafficPolicy = tt.policy
		s := &cluster.Snapshot{Services: []cluster.Service{svc}, EndpointSlices: []cluster.EndpointSlice{slice(false, tt.eps...)}}
		if got := Compile(s, cluster.NewIndex(s)).ServedOn("n1", netip.MustParseAddrPort("10.244.1.1:8080")); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
