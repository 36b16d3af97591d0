package reach

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// The Chart judges as the tables do where a pod may go by the names of ports: to
// anybody, to ranges, to pods of namespaces that were not read.
func TestJudgePortNames(t *testing.T) {
	counts := map[policy.Verdict]int{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 21))
		s := manyClasses(r)
		for i := range s.Pods {
			for _, name := range []string{"http", "dns"} {
				if r.IntN(3) > 0 {
					s.Pods[i].Ports = append(s.Pods[i].Ports, cluster.ContainerPort{Name: name, Port: []uint16{80, 8080}[r.IntN(2)], Protocol: flow.TCP})
				}
			}
		}
		np := cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: "ns0", Name: "np"}, IsolatesEgress: true}
		for range 1 + r.IntN(4) {
			rule := cluster.PolicyRule{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Name: []string{"http", "dns"}[r.IntN(2)]}}}}
			for range 1 + r.IntN(2) {
				switch r.IntN(3) {
				case 0:
					cidr := []string{"10.0.1.0/24", "10.0.2.0/24", "10.0.0.0/22", "10.0.3.0/27"}[r.IntN(4)]
					rule.Peers = append(rule.Peers, cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix(cidr)}})
				case 1:
					rule.Peers = append(rule.Peers, cluster.PolicyPeer{NamespaceSelector: someSelector(r, true), PodSelector: someSelector(r, false)})
				}
			}
			np.Egress = append(np.Egress, rule)
		}
		s.NetworkPolicies = []cluster.NetworkPolicy{np}
		m := compileSnapshot(t, s)
		c := Compile(m)
		for i := range s.Pods {
			for _, port := range []uint16{80, 8080, 81} {
				for _, known := range []bool{true, false} {
					q := policy.Question{Direction: policy.Egress, Subject: policy.Party{Pod: &s.Pods[0], Addr: s.Pods[0].IPs[0]}, Peer: policy.Party{Pod: &s.Pods[i]}, Protocol: flow.TCP, Port: port}
					if known {
						q.Peer.Addr = s.Pods[i].IPs[0]
					}
					want, got := m.Policies.Judge(q).Verdict, c.Judge(q).Verdict
					if counts[want]++; got != want {
						t.Fatalf("seed %d: to %s/%s, whose address is known: %v, at %d: %v, the tables say %v: %+v", seed, s.Pods[i].Namespace, s.Pods[i].Name, known, port, got, want, np.Egress)
					}
				}
			}
		}
	}
	if counts[policy.Undecided] < 1000 || counts[policy.Admitted] < 1000 || counts[policy.Denied] < 1000 {
		t.Errorf("%v", counts)
	}
}
