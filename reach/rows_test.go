package reach

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Where the rules of both directions share a chain, a block of the client's egress
// admits at the server's ingress, if it holds the server: of a pod that does not
// exist nobody knows. What each pair is told is what the tables say.
func TestImaginedInSharedChains(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "kube-router")
	np := cluster.NetworkPolicy{IsolatesIngress: true, IsolatesEgress: true, Egress: []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("10.244.1.0/24")}}}}}}
	np.Namespace, np.Name = "a", "both"
	s.NetworkPolicies = []cluster.NetworkPolicy{np}
	c := Compile(compileSnapshot(t, s))
	c, err := c.With(c.Imagine("a", "new", cluster.Labels{"app": "api"}))
	if err != nil {
		t.Fatal(err)
	}
	told := map[match]int{}
	pods := c.m.Snapshot.Pods
	for i := range pods {
		for j := range pods {
			u, v := c.UnitOf(&pods[i]), c.UnitOf(&pods[j])
			if u < 0 || v < 0 || i == j || pods[i].HostNetwork || pods[j].HostNetwork {
				continue
			}
			sure, unsure := c.Between(u, v, IPv4)
			want := judged(c.m, [2]*cluster.Pod{&pods[i], &pods[j]}, 0, flow.TCP, 80)
			if sure.Contains(flow.TCP, 80) != (want == yes) || unsure.Contains(flow.TCP, 80) != (want == perhaps) {
				t.Errorf("%s to %s: %v (%v), the tables say %d", pods[i].Name, pods[j].Name, sure, unsure, want)
			}
			told[want]++
		}
	}
	if told[yes] == 0 || told[no] == 0 || told[perhaps] == 0 {
		t.Errorf("not each answer is met: %v", told)
	}
}

// An ipBlock with a port's name counts for the addresses of pods that have the
// name, not for others.
func TestAddressWithoutNames(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "generic")
	for i := range s.Pods {
		s.Pods[i].Ports = []cluster.ContainerPort{{Name: "http", Port: 80, Protocol: flow.TCP}}
	}
	np := only("", "0.0.0.0/0")
	np.PodSelector = cluster.LabelSelector{}
	np.Egress[0].Ports = []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Name: "http"}}}
	s.NetworkPolicies = []cluster.NetworkPolicy{*np}
	c := Compile(compileSnapshot(t, s))
	row := c.rowAt(egress, podOf(s, "api1"), 0)
	if got := c.addrAt(row, keyOf(flow.TCP, 80), netip.MustParseAddr("8.8.8.8")); got != no {
		t.Errorf("an address that calls no port http is answered %d", got)
	}
	sure, _ := c.Between(c.UnitOf(podOf(s, "api1")), c.UnitOf(podOf(s, "db2")), IPv4)
	if sure.String() != "80" {
		t.Errorf("pods that call it so are reached at %v", sure)
	}
}
