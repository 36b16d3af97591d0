package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// worst are clusters in which one thing is much: what the classes, groups and
// sets are meant to save is not there.
var worst = []struct {
	name string
	make func(*worstCase)
}{
	{"one policy per pod", func(w *worstCase) {
		w.pods(3000, func(i int, p *cluster.Pod) { p.Labels = cluster.Labels{"app": fmt.Sprint(i)} })
		for i := range 3000 {
			w.policy("a", selects("app", fmt.Sprint(i)), selector("app", fmt.Sprint(i*7%3000)), uint16(i))
		}
	}},
	{"10,000 policies on one pod", func(w *worstCase) {
		w.pods(200, func(i int, p *cluster.Pod) { p.Labels = cluster.Labels{"app": fmt.Sprint(i)} })
		for i := range 10000 {
			w.policy("a", selects("app", "0"), selector("app", fmt.Sprint(i%200)), uint16(1+i%5000))
		}
	}},
	{"every pod its own label value", func(w *worstCase) {
		w.pods(20000, func(i int, p *cluster.Pod) {
			p.Namespace = fmt.Sprint("ns-", i%50)
			p.Labels = cluster.Labels{"pod-name": fmt.Sprint(i), "app": fmt.Sprint(i % 700)}
		})
		for i := range 700 {
			w.policy(fmt.Sprint("ns-", i%50), selects("app", fmt.Sprint(i)), selector("app", fmt.Sprint((i+50)%700)), 80)
		}
	}},
	{"100,000 ipBlocks", func(w *worstCase) {
		w.pods(2000, func(i int, p *cluster.Pod) { p.Labels = cluster.Labels{"app": fmt.Sprint(i % 100)} })
		for i := range 1000 {
			r := cluster.PolicyRule{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: uint16(i)}}}}
			for j := range 100 {
				n := i*100 + j
				cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + n>>16), byte(n >> 8), byte(n), 0}), 24)
				r.Peers = append(r.Peers, cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: cidr, Except: []netip.Prefix{netip.PrefixFrom(cidr.Addr(), 28)}}})
			}
			w.add("a", selects("app", fmt.Sprint(i%100)), r)
		}
	}},
	{"many named ports", func(w *worstCase) {
		w.pods(3000, func(i int, p *cluster.Pod) {
			p.Labels = cluster.Labels{"app": fmt.Sprint(i % 30)}
			p.Ports = []cluster.ContainerPort{{Name: "http", Port: uint16(1000 + i), Protocol: flow.TCP}}
		})
		for i := range 30 {
			name := cluster.PolicyPort{Protocol: flow.TCP, Port: cluster.PortRef{Name: "http"}}
			r := cluster.PolicyRule{Ports: []cluster.PolicyPort{name}, Peers: []cluster.PolicyPeer{{PodSelector: selector("app", fmt.Sprint(i*7%30))}}}
			w.add("a", selects("app", fmt.Sprint(i)), r)
			w.policies[len(w.policies)-1].Egress = []cluster.PolicyRule{r}
			w.policies[len(w.policies)-1].IsolatesEgress = true
		}
	}},
	{"all egress", func(w *worstCase) {
		w.pods(5000, func(i int, p *cluster.Pod) {
			p.Namespace = fmt.Sprint("ns-", i%100)
			p.Labels = cluster.Labels{"app": fmt.Sprint(i % 500)}
		})
		for i := range 500 {
			w.policy(fmt.Sprint("ns-", i%100), selects("app", fmt.Sprint(i)), selector("app", fmt.Sprint((i+100)%500)), 80)
			p := &w.policies[len(w.policies)-1]
			p.Egress, p.Ingress, p.IsolatesEgress, p.IsolatesIngress = p.Ingress, nil, true, false
		}
	}},
}

type worstCase struct {
	s        cluster.Snapshot
	policies []cluster.NetworkPolicy
}

func (w *worstCase) pods(n int, fill func(int, *cluster.Pod)) {
	w.s.Nodes = []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	seen := map[string]bool{}
	for i := range n {
		p := cluster.Pod{Meta: cluster.Meta{Namespace: "a", Name: fmt.Sprint("p", i)}, Node: "n1", Phase: cluster.PodRunning, Ready: true}
		p.IPs = []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
		fill(i, &p)
		w.s.Pods = append(w.s.Pods, p)
		if !seen[p.Namespace] {
			seen[p.Namespace] = true
			w.s.Namespaces = append(w.s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: p.Namespace, Labels: cluster.Labels{"kubernetes.io/metadata.name": p.Namespace}}})
		}
	}
}

func selector(k, v string) *cluster.LabelSelector {
	return &cluster.LabelSelector{MatchLabels: cluster.Labels{k: v}}
}

func selects(k, v string) cluster.LabelSelector { return *selector(k, v) }

func (w *worstCase) policy(ns string, subject cluster.LabelSelector, peer *cluster.LabelSelector, port uint16) {
	w.add(ns, subject, cluster.PolicyRule{
		Peers: []cluster.PolicyPeer{{PodSelector: peer}}, Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: port}}},
	})
}

func (w *worstCase) add(ns string, subject cluster.LabelSelector, r cluster.PolicyRule) {
	w.policies = append(w.policies, cluster.NetworkPolicy{
		Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprint("np", len(w.policies))}, PodSelector: subject, IsolatesIngress: true,
		Ingress: []cluster.PolicyRule{r},
	})
}

// In the worst cases verdicts are the tables', rectangles hold what the verdicts
// say, a change is what it is elsewhere, and nothing takes long.
func TestWorst(t *testing.T) {
	for _, c := range worst {
		t.Run(c.name, func(t *testing.T) {
			var w worstCase
			c.make(&w)
			w.s.NetworkPolicies = w.policies
			m := compileSnapshot(t, &w.s)
			since := cpu()
			chart := Compile(m)
			compiled, flows := cpu()-since, []Flow{}
			since = cpu()
			for f := range chart.Flows {
				flows = append(flows, f)
			}
			mapped := cpu() - since
			r := rand.New(rand.NewPCG(1, 2))
			admitted := 0
			for range 800 {
				np, p, q, port := w.pick(r)
				passes := true
				for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
					x := policy.Question{Direction: d, Subject: policy.Party{Addr: q.IPs[0], Pod: q}, Peer: policy.Party{Addr: p.IPs[0], Pod: p}, Protocol: flow.TCP, Port: port}
					if d == policy.Egress {
						x.Subject, x.Peer = x.Peer, x.Subject
					}
					want := m.Policies.Judge(x).Verdict
					if got := chart.Judge(x).Verdict; got != want {
						t.Fatalf("%v of %s, peer %s, %d: %v, the tables say %v", d, x.Subject.Pod.Name, x.Peer.Pod.Name, port, got, want)
					}
					passes = passes && want.Allowed()
				}
				if passes {
					admitted++
				}
				sure, _ := chart.Between(chart.UnitOf(p), chart.UnitOf(q), IPv4)
				if sure.Contains(flow.TCP, port) != passes {
					t.Fatalf("%s to %s %d: %v", p.Name, q.Name, port, sure)
				}
				outside := policy.Question{
					Direction: policy.Ingress, Subject: policy.Party{Addr: q.IPs[0], Pod: q}, Protocol: flow.TCP, Port: port,
					Peer: policy.Party{Addr: netip.AddrFrom4([4]byte{20, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(32))})},
				}
				if peers := np.Ingress; len(peers) > 0 && peers[0].Peers[0].IPBlock != nil {
					b := peers[0].Peers[r.IntN(len(peers[0].Peers))].IPBlock
					outside.Peer.Addr = []netip.Addr{b.CIDR.Addr(), cluster.LastAddr(b.Except[0]), cluster.LastAddr(b.Except[0]).Next(), cluster.LastAddr(b.CIDR), cluster.LastAddr(b.CIDR).Next()}[r.IntN(5)]
				}
				want := m.Policies.Judge(outside).Verdict
				if got := chart.Judge(outside).Verdict; got != want {
					t.Fatalf("%s from %v, %d: %v, the tables say %v", q.Name, outside.Peer.Addr, port, got, want)
				}
				if want == policy.Admitted {
					admitted++
				}
			}
			if admitted < 50 {
				t.Errorf("only %d of 800 are admitted", admitted)
			}
			since = cpu()
			changed := w.policies[len(w.policies)/2]
			changed.Ingress, changed.Egress = nil, nil
			_, changes := chart.Replace(&w.s.NetworkPolicies[len(w.policies)/2], &changed)
			took := cpu() - since
			t.Logf("compile %v, %d rectangles in %v, one change of %d in %v", compiled, len(flows), mapped, len(changes), took)
			if total := compiled + mapped + took; total > 20*time.Second {
				t.Errorf("took %v", total)
			}
		})
	}
}

// pick is two pods and a port that some policy is about.
func (w *worstCase) pick(r *rand.Rand) (np *cluster.NetworkPolicy, p, q *cluster.Pod, port uint16) {
	np = &w.policies[r.IntN(len(w.policies))]
	rules := np.Ingress
	if len(rules) == 0 {
		rules = np.Egress
	}
	find := func(s *cluster.LabelSelector) *cluster.Pod {
		for from, i := r.IntN(len(w.s.Pods)), 0; i < len(w.s.Pods); i++ {
			if x := &w.s.Pods[(from+i)%len(w.s.Pods)]; s != nil && x.Namespace == np.Namespace && s.Matches(x.Labels) {
				return x
			}
		}
		return &w.s.Pods[r.IntN(len(w.s.Pods))]
	}
	p, q = find(rules[0].Peers[0].PodSelector), find(&np.PodSelector)
	if np.IsolatesEgress && !np.IsolatesIngress {
		p, q = q, p
	}
	port = rules[0].Ports[0].Port.Number
	switch r.IntN(4) {
	case 0:
		port = uint16(r.IntN(5000))
	case 1:
		p = &w.s.Pods[r.IntN(len(w.s.Pods))]
	}
	if rules[0].Ports[0].Port.Name != "" {
		port = q.Ports[0].Port
	}
	return np, p, q, port
}
