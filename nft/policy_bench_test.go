package nft

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

// BenchmarkPolicyLimits prints the policy half of a full node at
// Kubernetes' limits: 110 pods of 150,000, 10,000 policies.
func BenchmarkPolicyLimits(b *testing.B) {
	s := generate.Cluster(generate.Limits, 1)
	here := 0
	for i := range s.Pods {
		if s.Pods[i].Node == "node-0" {
			here++
		}
	}
	for i := 0; here < 110; i += 1000 { // full, with the pods of others
		if s.Pods[i].Node != "node-0" {
			s.Pods[i].Node = "node-0"
			here++
		}
	}
	m := compiled(b, s)
	o := Options{Policies: true}
	before, err := Compile(m, "node-0", o, nil)
	if err != nil {
		b.Fatal(err)
	}
	rows, groups := map[string]int{}, 0
	for _, t := range before.Tables {
		for _, p := range t.parts {
			for _, r := range p.rows {
				rows[r.set.Name]++
			}
		}
		groups += rows["groups"]
	}
	for _, c := range []struct {
		name   string
		before *Program
	}{{"cold", nil}, {"again", before}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := Compile(m, "node-0", o, c.before)
				if err != nil {
					b.Fatal(err)
				}
				if c.before != nil && len(Diff(c.before, p).Ops) > 0 {
					b.Fatal("a program made again differs")
				}
			}
			b.ReportMetric(float64(rows["peers"]), "peers")
			b.ReportMetric(float64(groups), "groups")
			b.ReportMetric(float64(rows["allow"]+rows["allow-peers"]+rows["allow-ranges"]+rows["allow-any"]+rows["allow-all"]), "permissions")
		})
	}
	b.Log(rows)
}

// worst are policies that someone may write, or a program, on 10,000 pods of 3
// namespaces, with how many permissions they may cost a node.
var worst = []struct {
	name     string
	policies func(s *cluster.Snapshot)
	rows     int
}{
	{"rangesThatOverlap", func(s *cluster.Snapshot) {
		for i := range 10000 {
			s.NetworkPolicies = append(s.NetworkPolicies, everywhere(i, cluster.PolicyRule{Ports: tcp(1000+i, 20000+i)}))
		}
	}, 20000},
	{"portsForEverybody", func(s *cluster.Snapshot) {
		for i := range 10000 {
			s.NetworkPolicies = append(s.NetworkPolicies, everywhere(i, cluster.PolicyRule{Ports: tcp(1000+i%5000, 0)}))
		}
	}, 5000},
	{"peerEach", func(s *cluster.Snapshot) {
		for i := range 10000 {
			app := cluster.LabelSelector{MatchLabels: cluster.Labels{"app.kubernetes.io/name": fmt.Sprint("app-", i%1000)}}
			peer := cluster.PolicyPeer{PodSelector: &app, NamespaceSelector: &cluster.LabelSelector{}}
			s.NetworkPolicies = append(s.NetworkPolicies, everywhere(i, cluster.PolicyRule{Peers: []cluster.PolicyPeer{peer}, Ports: tcp(1000+i%500, 0)}))
		}
	}, 2000},
	{"blocks", func(s *cluster.Snapshot) {
		for i := range 1000 {
			r := cluster.PolicyRule{Ports: tcp(80, 0)}
			for j := range 100 {
				cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i/100), byte(i), byte(j), 0}), 24+j%9)
				r.Peers = append(r.Peers, cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: cidr}})
			}
			s.NetworkPolicies = append(s.NetworkPolicies, everywhere(i, r))
		}
	}, 100000},
	// Every pod of the node a group, every pod of the namespace a peer.
	{"labelForEachPod", func(s *cluster.Snapshot) {
		for i := range s.Pods {
			pod := &s.Pods[i]
			pod.Labels = cluster.Labels{"pod": pod.Name}
			p := everywhere(i, cluster.PolicyRule{Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{}}}})
			p.Namespace, p.PodSelector.MatchLabels = pod.Namespace, pod.Labels
			s.NetworkPolicies = append(s.NetworkPolicies, p)
		}
	}, 500000},
	{"namesOnEgress", func(s *cluster.Snapshot) {
		for i := range 1000 {
			p := everywhere(i)
			p.IsolatesIngress, p.IsolatesEgress = false, true
			p.Egress = []cluster.PolicyRule{{
				Peers: []cluster.PolicyPeer{{NamespaceSelector: &cluster.LabelSelector{}}},
				Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Name: "http"}}},
			}}
			s.NetworkPolicies = append(s.NetworkPolicies, p)
		}
	}, 2000},
}

// everywhere is a policy on every pod of the namespace with most pods.
func everywhere(i int, rules ...cluster.PolicyRule) cluster.NetworkPolicy {
	return cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: "ns-0", Name: fmt.Sprint("policy-", i)}, IsolatesIngress: true, Ingress: rules}
}

func tcp(first, last int) []cluster.PolicyPort {
	return []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: uint16(first)}, EndPort: uint16(last)}}
}

func worstCase(tb testing.TB, policies func(*cluster.Snapshot)) *cluster.Snapshot {
	tb.Helper()
	s := generate.Cluster(generate.Size{Nodes: 100, Pods: 10000, Namespaces: 3}, 1)
	policies(s)
	return s
}

// No way to write policies costs more rows, or more names of rules on a row, than
// it should.
func TestPolicyWorst(t *testing.T) {
	for _, w := range worst {
		t.Run(w.name, func(t *testing.T) {
			p := printed(t, compiled(t, worstCase(t, w.policies)), "node-0", nil)
			rows := 0
			for _, set := range []string{"allow", "allow-peers", "allow-ranges", "allow-any", "allow-all"} {
				for e := range p.Tables[0].Elements(set) {
					if rows++; len(e.Origins) == 0 || len(e.Origins) > maxOrigins {
						t.Fatalf("%s: %d rules", e.Comment, len(e.Origins))
					}
				}
			}
			if rows == 0 || rows > w.rows {
				t.Errorf("%d rows, not up to %d", rows, w.rows)
			}
		})
	}
}

func BenchmarkPolicyWorst(b *testing.B) {
	for _, w := range worst {
		b.Run(w.name, func(b *testing.B) {
			m := compiled(b, worstCase(b, w.policies))
			for b.Loop() {
				if _, err := Compile(m, "node-0", Options{Policies: true}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
