package cluster

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func addrs(list ...string) []netip.Addr {
	out := make([]netip.Addr, 0, len(list))
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func aPod(name string, ips ...string) Pod {
	return Pod{Meta: Meta{Namespace: "test", Name: name}, Node: "n1", IPs: addrs(ips...), Phase: PodRunning}
}

// A pod that has ended keeps its object and gives its address back; of two that
// live, the one that runs has it.
func TestPodByIP(t *testing.T) {
	phase := func(p Pod, to PodPhase) Pod { p.Phase = to; return p }
	const ip = "10.244.1.10"
	tests := []struct {
		name string
		pods []Pod
		want string
	}{
		{"one", []Pod{aPod("a", ip)}, "a"},
		{"a finished pod has none", []Pod{phase(aPod("a", ip), PodSucceeded)}, ""},
		{"a failed pod neither", []Pod{phase(aPod("a", ip), PodFailed)}, ""},
		{"the next job took it over", []Pod{phase(aPod("a", ip), PodSucceeded), aPod("b", ip)}, "b"},
		{"also when listed before", []Pod{aPod("b", ip), phase(aPod("a", ip), PodFailed)}, "b"},
		{"running over pending", []Pod{phase(aPod("a", ip), PodPending), aPod("b", ip)}, "b"},
		{"pending after running", []Pod{aPod("a", ip), phase(aPod("b", ip), PodPending)}, "a"},
		{"two running: the first", []Pod{aPod("a", ip), aPod("b", ip)}, "a"},
		{"two pending: the first", []Pod{phase(aPod("a", ip), PodPending), phase(aPod("b", ip), PodPending)}, "a"},
		{"no phase counts as running", []Pod{phase(aPod("a", ip), PodPending), phase(aPod("b", ip), "")}, "b"},
		{"the second address counts", []Pod{aPod("a", "fd00::1", ip)}, "a"},
	}
	for _, tt := range tests {
		x := NewIndex(&Snapshot{Pods: tt.pods})
		got := ""
		if p := x.PodByIP(netip.MustParseAddr(ip)); p != nil {
			got = p.Name
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		for i := range tt.pods {
			if p := x.Pod("test", tt.pods[i].Name); p == nil {
				t.Errorf("%s: the object of %s is gone", tt.name, tt.pods[i].Name)
			}
		}
	}
}

// hostNetwork pods share the node's address: it stays the node's.
// PodAt is Pod whoever has the address, and of two pods of one name the later.
func TestPodAt(t *testing.T) {
	s := &Snapshot{Pods: []Pod{aPod("a", "10.244.1.1", "fd00::1"), aPod("b", "10.244.1.2")}}
	x := NewIndex(s)
	for _, ip := range []string{"10.244.1.1", "fd00::1", "10.244.1.2", "10.244.9.9"} {
		if got := x.PodAt(netip.MustParseAddr(ip), s.Pods[0].Namespace, "a"); got != &s.Pods[0] {
			t.Errorf("at %s: %v, want pod a", ip, got)
		}
	}
	if got := x.PodNumberByIP(netip.MustParseAddr("fd00::1")); got != 0 {
		t.Errorf("fd00::1 is that of pod %d, want 0", got)
	}
	if got := x.PodNumberByIP(netip.MustParseAddr("::ffff:10.244.1.1")); got != -1 {
		t.Errorf("an IPv4 address in IPv6 is that of pod %d, want -1", got)
	}
	s.Pods = append(s.Pods, aPod("a", "10.244.1.3"))
	if got := NewIndex(s).PodAt(netip.MustParseAddr("10.244.1.1"), s.Pods[0].Namespace, "a"); got != &s.Pods[2] {
		t.Errorf("of two pods a: %v, want the later", got)
	}
}

func TestHostPods(t *testing.T) {
	host := func(name, node string, port uint16) Pod {
		p := aPod(name, "10.0.0.11")
		p.HostNetwork, p.Node = true, node
		p.Ports = []ContainerPort{{Port: port, Protocol: flow.TCP}}
		return p
	}
	ended := host("ended", "n1", 9000)
	ended.Phase = PodFailed
	x := NewIndex(&Snapshot{
		Nodes: []Node{{Meta: Meta{Name: "n1"}, InternalIPs: addrs("10.0.0.11", "fd00::11"), OtherIPs: addrs("192.0.2.11")}, {Meta: Meta{Name: "n2"}}},
		Pods:  []Pod{host("a", "n1", 80), host("b", "n1", 443), host("c", "n2", 80), ended, aPod("d", "10.244.1.1")},
	})
	if p := x.PodByIP(netip.MustParseAddr("10.0.0.11")); p != nil {
		t.Errorf("the node's address belongs to pod %s", p.Name)
	}
	for _, ip := range addrs("10.0.0.11", "fd00::11", "192.0.2.11") {
		if n := x.NodeByIP(ip); n == nil || n.Name != "n1" {
			t.Errorf("%s is not n1's", ip)
		}
	}
	var names []string
	for _, p := range x.HostPods("n1") {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("hostNetwork pods of n1: %v, want a and b", names)
	}
	for _, tt := range []struct {
		node  string
		proto flow.Protocol
		port  uint16
		want  string
	}{
		{"n1", flow.TCP, 80, "a"},
		{"n1", flow.TCP, 443, "b"},
		{"n2", flow.TCP, 80, "c"},
		{"n1", flow.UDP, 80, ""},
		{"n1", flow.TCP, 9000, ""},
		{"n3", flow.TCP, 80, ""},
	} {
		got := ""
		if p := x.HostListener(tt.node, tt.proto, tt.port); p != nil {
			got = p.Name
		}
		if got != tt.want {
			t.Errorf("%s listens on %s %d/%s, want %q", got, tt.node, tt.port, tt.proto, tt.want)
		}
	}
}

func TestIndexNames(t *testing.T) {
	x := NewIndex(&Snapshot{
		Nodes:      []Node{{Meta: Meta{Name: "n1"}}},
		Namespaces: []Namespace{{Meta: Meta{Name: "test"}}},
		Pods:       []Pod{aPod("a", "10.244.1.1"), aPod("b", "10.244.1.2")},
		Services:   []Service{{Meta: Meta{Namespace: "test", Name: "web"}}},
	})
	for what, ok := range map[string]bool{
		"node":             x.Node("n1") != nil,
		"namespace":        x.Namespace("test") != nil,
		"pod":              x.Pod("test", "b") != nil,
		"service":          x.Service("test", "web") != nil,
		"pod number":       x.PodNumber("test", "b") == 1,
		"no node":          x.Node("n2") == nil,
		"no namespace":     x.Namespace("prod") == nil,
		"pod elsewhere":    x.Pod("prod", "b") == nil,
		"no pod number":    x.PodNumber("prod", "b") == -1,
		"no service":       x.Service("prod", "web") == nil,
		"nobody's address": x.NodeByIP(netip.MustParseAddr("10.9.9.9")) == nil && x.PodByIP(netip.MustParseAddr("10.9.9.9")) == nil,
	} {
		if !ok {
			t.Errorf("%s: wrong answer", what)
		}
	}
}

// "Not specifying a port here DOES NOT prevent that port from being exposed"
// (API, Container.ports): only a pod that declares others is taken not to
// listen.
func TestListens(t *testing.T) {
	p := aPod("a", "10.244.1.1")
	p.Ports = []ContainerPort{{"http", 8080, flow.TCP}, {"dns", 53, flow.UDP}, {"http", 8081, flow.TCP}}
	none := aPod("b", "10.244.1.2")
	tests := []struct {
		pod   *Pod
		proto flow.Protocol
		port  uint16
		want  Listening
	}{
		{&p, flow.TCP, 8080, ListensDeclared},
		{&p, flow.TCP, 8081, ListensDeclared},
		{&p, flow.TCP, 80, ListensNot},
		{&p, flow.TCP, 53, ListensNot},
		{&p, flow.UDP, 53, ListensDeclared},
		{&p, flow.UDP, 8080, ListensNot},
		{&p, flow.SCTP, 8080, ListensAssumed},
		{&none, flow.TCP, 80, ListensAssumed},
	}
	for _, tt := range tests {
		if got := tt.pod.Listens(tt.proto, tt.port); got != tt.want {
			t.Errorf("%s on %d/%s: %d, want %d", tt.pod.Name, tt.port, tt.proto, got, tt.want)
		}
	}
	if got := p.PortNumbers(flow.TCP, "http"); !slices.Equal(got, []uint16{8080, 8081}) {
		t.Errorf("http stands for %v in two containers, want 8080 and 8081", got)
	}
	if got := p.PortNumbers(flow.UDP, "http"); got != nil {
		t.Errorf("http stands for %v in UDP, want none", got)
	}
}

func TestFirstAddressOfFamily(t *testing.T) {
	p := aPod("a", "fd00::1", "10.244.1.1", "10.244.1.2")
	n := Node{InternalIPs: addrs("10.0.0.1")}
	for _, tt := range []struct {
		got  netip.Addr
		want string
	}{
		{p.IP(false), "10.244.1.1"},
		{p.IP(true), "fd00::1"},
		{n.IP(false), "10.0.0.1"},
		{n.IP(true), "invalid IP"},
	} {
		if tt.got.String() != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}

func TestPolicyPortWords(t *testing.T) {
	for want, p := range map[string]PolicyPort{
		"":          {Protocol: flow.TCP},
		"6379":      {Port: PortRef{Number: 6379}},
		"http":      {Port: PortRef{Name: "http"}},
		"8000-8090": {Port: PortRef{Number: 8000}, EndPort: 8090},
	} {
		if got := p.Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
