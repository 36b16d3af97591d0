package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/oracle"
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
	{"deep exceptions", func(w *worstCase) {
		w.pods(1000, func(i int, p *cluster.Pod) {
			p.Labels = cluster.Labels{"app": fmt.Sprint(i % 50)}
			p.IPs = append(p.IPs, netip.AddrFrom16([16]byte{0xfd, 14: byte(i >> 8), 15: byte(i)}))
		})
		for i := range 200 {
			b := &cluster.IPBlock{CIDR: space4}
			for j := range 300 { // nested, beside each other, and twice
				b.Except = append(b.Except, netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(j * 7), byte(i), 0}), 12+j%19).Masked())
			}
			six := &cluster.IPBlock{CIDR: netip.MustParsePrefix("::/0"), Except: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 14: byte(i)}), 120)}}
			w.add("a", selects("app", fmt.Sprint(i%50)), cluster.PolicyRule{
				Peers: []cluster.PolicyPeer{{IPBlock: b}, {IPBlock: six}}, Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: uint16(1 + i)}, EndPort: uint16(100 + i)}},
			})
		}
	}},
	{"1,000 namespaces by expressions", func(w *worstCase) {
		w.pods(5000, func(i int, p *cluster.Pod) {
			p.Namespace = fmt.Sprint("ns-", i%1000)
			p.Labels = cluster.Labels{"app": fmt.Sprint(i % 10)}
		})
		for i := range w.s.Namespaces {
			l := w.s.Namespaces[i].Labels
			if l["team"] = fmt.Sprint(i % 40); i%3 > 0 {
				l["env"] = []string{"", "prod", "dev"}[i%3]
			}
		}
		for i := range 1000 {
			spaces := &cluster.LabelSelector{MatchExpressions: []cluster.Requirement{
				{Key: "env", Operator: []cluster.Operator{cluster.OpNotIn, cluster.OpIn}[i%2], Values: []string{"prod", "stage"}},
				{Key: "team", Operator: []cluster.Operator{cluster.OpExists, cluster.OpNotIn}[i/2%2], Values: [][]string{nil, {fmt.Sprint(i % 40), "3"}}[i/2%2]},
				{Key: "kubernetes.io/metadata.name", Operator: cluster.OpNotIn, Values: []string{fmt.Sprint("ns-", i), "ns-7"}},
			}}
			w.add(fmt.Sprint("ns-", i), cluster.LabelSelector{}, cluster.PolicyRule{
				Peers: []cluster.PolicyPeer{{NamespaceSelector: spaces, PodSelector: &cluster.LabelSelector{MatchExpressions: []cluster.Requirement{{Key: "old", Operator: cluster.OpDoesNotExist}}}}},
				Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}}},
			})
		}
	}},
	{"every port another list of peers", func(w *worstCase) {
		w.pods(2000, func(i int, p *cluster.Pod) { p.Labels = cluster.Labels{"app": fmt.Sprint(i % 500)} })
		for i := range 5 {
			var rules []cluster.PolicyRule
			for j := range 400 {
				rules = append(rules, cluster.PolicyRule{
					Peers: []cluster.PolicyPeer{{PodSelector: selector("app", fmt.Sprint((j*7+i)%500))}},
					Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: uint16(1 + j*10)}, EndPort: uint16(60 + j*11)}},
				})
			}
			w.add("a", cluster.LabelSelector{}, rules...)
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

func (w *worstCase) add(ns string, subject cluster.LabelSelector, rules ...cluster.PolicyRule) {
	w.policies = append(w.policies, cluster.NetworkPolicy{
		Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprint("np", len(w.policies))}, PodSelector: subject, IsolatesIngress: true,
		Ingress: rules,
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
			samples := w.samples()
			n := 800
			if testing.Short() {
				n = 200
			}
			for i := range n {
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
					if i < samples {
						w.oracle(t, &x, want)
					}
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
					outside.Peer.Addr = borders(b, r)[r.IntN(6)]
				}
				want := m.Policies.Judge(outside).Verdict
				if got := chart.Judge(outside).Verdict; got != want {
					t.Fatalf("%s from %v, %d: %v, the tables say %v", q.Name, outside.Peer.Addr, port, got, want)
				}
				if i < samples {
					w.oracle(t, &outside, want)
				}
				if want == policy.Admitted {
					admitted++
				}
			}
			if admitted < n/16 {
				t.Errorf("only %d of %d are admitted", admitted, n)
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

// borders are addresses at the ends of a block and of one of its exceptions.
func borders(b *cluster.IPBlock, r *rand.Rand) [6]netip.Addr {
	e := b.Except[r.IntN(len(b.Except))]
	at := func(a netip.Addr) netip.Addr {
		if !a.IsValid() {
			return b.CIDR.Addr()
		}
		return a
	}
	return [6]netip.Addr{b.CIDR.Addr(), cluster.LastAddr(e), at(cluster.LastAddr(e).Next()), at(e.Addr().Prev()), cluster.LastAddr(b.CIDR), at(cluster.LastAddr(b.CIDR).Next())}
}

// samples is how many questions the oracle is asked, too: it looks at every pod
// for every peer of every policy.
func (w *worstCase) samples() int {
	most := 1
	for i := range 10 {
		n, p := 0, &w.s.Pods[i]
		for j := range w.policies {
			np := &w.policies[j]
			if np.Namespace != p.Namespace || !np.PodSelector.Matches(p.Labels) {
				continue
			}
			for _, r := range np.Ingress {
				n += len(r.Peers)
			}
		}
		most = max(most, n)
	}
	return max(4, min(40, 12e6/(most*len(w.s.Pods))))
}

// oracle holds an answer of the tables against the naive one.
func (w *worstCase) oracle(t *testing.T, x *policy.Question, v policy.Verdict) {
	t.Helper()
	passes, err := oracle.Admits(&w.s, x.Subject.Pod, x.Direction == policy.Egress, x.Peer.Addr, x.Protocol, x.Port)
	if err != nil || passes != v.Allowed() {
		t.Fatalf("%v of %s, peer %v, %d: %v, the oracle says %v (%v)", x.Direction, x.Subject.Pod.Name, x.Peer.Addr, x.Port, v, passes, err)
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
	rule := &rules[r.IntN(len(rules))]
	p, q = find(rule.Peers[0].PodSelector), find(&np.PodSelector)
	if np.IsolatesEgress && !np.IsolatesIngress {
		p, q = q, p
	}
	port = rule.Ports[0].Port.Number
	if end := rule.Ports[0].EndPort; end != 0 {
		port = []uint16{port - 1, port, port + 1, end - 1, end, end + 1}[r.IntN(6)]
	}
	switch r.IntN(4) {
	case 0:
		port = uint16(r.IntN(5000))
	case 1:
		p = &w.s.Pods[r.IntN(len(w.s.Pods))]
	}
	if rule.Ports[0].Port.Name != "" {
		port = q.Ports[0].Port
	}
	return np, p, q, port
}
