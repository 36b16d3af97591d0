package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// missed prints a miss: policy and field, then the codes of what failed.
func missed(m *Miss) string {
	s := m.Policy.Name + " " + m.Origin.Field
	for _, r := range append(slices.Clone(m.Peers), m.Ports...) {
		s += " " + string(r.Code)
	}
	return s
}

// Nearest first: a rule that fails in one part, then one that fails in both,
// then a policy without any rule.
func TestExplainOrder(t *testing.T) {
	tab := read(t, letter(), pods,
		netpol("a-none", "podSelector: {}, ingress: []"),
		netpol("b-both", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {x: y}}}], ports: [{port: 1}]}]"),
		netpol("c-ports", "podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 1}, {protocol: UDP}, {port: redis}]}]"),
		netpol("d-peers", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16}}], ports: [{port: 1}]}, {from: [{podSelector: {matchLabels: {x: y}}}], ports: [{port: 80}]}]"))
	var got []string
	for _, m := range tab.Explain(tab.question(Ingress, "default/db", "default/web", "80")) {
		got = append(got, missed(&m))
	}
	want := []string{
		"c-ports spec.ingress[0] miss-port miss-protocol miss-named-port",
		"d-peers spec.ingress[1] miss-selector",
		"b-both spec.ingress[0] miss-selector miss-port",
		"d-peers spec.ingress[0] miss-ip-block miss-port",
		"a-none spec.ingress miss-no-rules",
	}
	if !slices.Equal(got, want) {
		t.Errorf("misses:\n%q\nwant:\n%q", got, want)
	}
}

// Each way in which one peer is not matched, and what the reason names.
func TestPeerMisses(t *testing.T) {
	tests := []struct {
		name, from, peer string
		want             flow.Reason
	}{
		{"not in the block", "ipBlock: {cidr: 10.0.0.0/8}", "192.0.2.1", flow.Because(flow.CodeMissBlock, "10.0.0.0/8", "192.0.2.1")},
		{"excepted", "ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}", "10.2.3.4", flow.Because(flow.CodeMissExcept, "10.2.0.0/16", "10.2.3.4")},
		{"no address", "ipBlock: {cidr: 10.0.0.0/8}", "", flow.Because(flow.CodeAddressUnknown)},
		{"no pod, pods wanted", "podSelector: {}", "192.0.2.1", flow.Because(flow.CodeMissNotPod, "192.0.2.1", "namespace default, pods <all>")},
		{"no pod, namespaces wanted", "namespaceSelector: {}", "192.0.2.1", flow.Because(flow.CodeMissNotPod, "192.0.2.1", "namespaces <all>")},
		{"another namespace", "podSelector: {}", "mine/web", flow.Because(flow.CodeMissOtherNS, "default", "mine")},
		{"namespace labels", "namespaceSelector: {matchLabels: {project: x}}", "mine/web", flow.Because(flow.CodeMissNamespace, "project=x", "mine")},
		{"pod labels", "podSelector: {matchLabels: {role: db}}", "default/web", flow.Because(flow.CodeMissSelector, "role=db", "default/web")},
		{"pod labels in the right namespace", "namespaceSelector: {}, podSelector: {matchLabels: {role: db}}", "mine/web", flow.Because(flow.CodeMissSelector, "role=db", "mine/web")},
	}
	for _, tt := range tests {
		tab := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{"+tt.from+"}]}]"))
		misses := tab.Explain(tab.question(Ingress, "default/db", tt.peer, "80"))
		if len(misses) != 1 || len(misses[0].Peers) != 1 || !misses[0].Peers[0].Equal(tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, misses, tt.want)
		}
	}
}

func TestPortMisses(t *testing.T) {
	for _, tt := range []struct {
		ports, port string
		want        flow.Reason
	}{
		{"{port: 80}", "81", flow.Because(flow.CodeMissPort, "80", "81")},
		{"{port: 8000, endPort: 8090}", "81", flow.Because(flow.CodeMissPort, "8000-8090", "81")},
		{"{port: redis}", "81", flow.Because(flow.CodeMissNamedPort, "redis", "81")},
		{"{port: 81, protocol: UDP}", "81", flow.Because(flow.CodeMissProtocol, "UDP", "TCP")},
	} {
		tab := portTable(t, tt.ports)
		misses := tab.Explain(tab.question(Ingress, "default/db", "10.1.1.1", tt.port))
		if len(misses) != 1 || len(misses[0].Ports) != 1 || !misses[0].Ports[0].Equal(tt.want) || misses[0].Peers != nil {
			t.Errorf("%s: %v, want %s", tt.ports, misses, tt.want)
		}
	}
}

// Who is not isolated has nothing to explain.
func TestExplainNothing(t *testing.T) {
	tab := read(t, letter(), pods, documented)
	if misses := tab.Explain(tab.question(Ingress, "default/web", "192.0.2.1", "80")); misses != nil {
		t.Errorf("%v", misses)
	}
}

// Addresses with one number are told apart by no ipBlock and no exception of the
// cluster.
func TestAtoms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	block := func() netip.Prefix {
		a := netip.AddrFrom4([4]byte{10, byte(r.IntN(3)), byte(r.IntN(3)), byte(r.IntN(3))})
		return netip.PrefixFrom(a, 8+r.IntN(25)).Masked()
	}
	for range 50 {
		var blocks []cluster.IPBlock
		s := &cluster.Snapshot{NetworkPolicies: make([]cluster.NetworkPolicy, 1)}
		for range 1 + r.IntN(4) {
			b := cluster.IPBlock{CIDR: block(), Except: []netip.Prefix{block()}}
			blocks = append(blocks, b)
			s.NetworkPolicies[0].Egress = append(s.NetworkPolicies[0].Egress, cluster.PolicyRule{Peers: []cluster.PolicyPeer{{IPBlock: &b}}})
		}
		tab := Compile(s, cluster.NewIndex(s), letter())
		told := map[int32]string{}
		for range 200 {
			a := netip.AddrFrom4([4]byte{byte(10 + r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(4)), byte(r.IntN(4))})
			in := ""
			for _, b := range blocks {
				in += fmt.Sprint(b.Contains(a))
			}
			atom := tab.Atom(a)
			if old, seen := told[atom]; seen && old != in {
				t.Fatalf("%s has atom %d, as has an address that %v tells from it", a, atom, blocks)
			}
			told[atom] = in
		}
	}
	empty := Compile(&cluster.Snapshot{}, cluster.NewIndex(&cluster.Snapshot{}), letter())
	if empty.Atom(netip.Addr{}) != -1 || empty.Atom(netip.MustParseAddr("10.0.0.1")) != 0 {
		t.Error("an address that is not known is an atom of its own")
	}
}

// Pods of one class get equal answers: same namespace, same labels, same ports.
func TestClasses(t *testing.T) {
	tab := read(t, letter(), pods, documented)
	class := func(who string) int { return tab.ClassOf(tab.party(who).Pod) }
	if class("default/db") == class("default/db2") {
		t.Error("db and db2 differ in a label and in what a port name means")
	}
	if class("mine/web") == class("other/web") {
		t.Error("namespaces are told apart")
	}
	if class("default/host") != -1 {
		t.Error("a hostNetwork pod is subject to no policy")
	}
	if stranger := (&cluster.Pod{Meta: cluster.Meta{Namespace: "default", Name: "gone"}}); tab.ClassOf(stranger) != -1 {
		t.Error("a pod that is not in the input has no class")
	}
}
