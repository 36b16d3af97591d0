package reach

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// The Chart judges as the tables do: every enforcer, every kind of party.
func TestJudge(t *testing.T) {
	t.Parallel()
	counts := map[policy.Verdict]int{}
	for seed := range uint64(questions(t) / 40) {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		m, err := model.Compile(g.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		c := Compile(m)
		parties := partiesOf(m)
		subjects := slices.DeleteFunc(slices.Clone(parties), func(p policy.Party) bool { return p.Pod == nil })
		if len(subjects) == 0 {
			continue
		}
		for range 100 {
			q := policy.Question{
				Direction: policy.Direction(1 + g.IntN(2)), Subject: subjects[g.IntN(len(subjects))], Peer: parties[g.IntN(len(parties))],
				Protocol: flow.Protocol(1 + g.IntN(3)), Port: []uint16{0, 1, 22, 53, 80, 81, 101, 2222, 5000, 5353, 8080, 8081, 8082, 8180, 30022, 65535}[g.IntN(16)],
			}
			switch g.IntN(12) {
			case 0:
				q.Peer.NoBlocks = true
			case 1:
				q.Peer = policy.Party{World: true, Addr: q.Peer.Addr}
			case 2:
				q.Peer = policy.Party{Addr: q.Peer.Addr, Unread: flow.Object{Kind: "Pod", Namespace: "a", Name: "x"}}
			}
			want, got := m.Policies.Judge(q).Verdict, c.Judge(q).Verdict
			if counts[want]++; want != got {
				t.Fatalf("seed %d, %s: %v of %s (%v), peer %+v %v, %v %d: the Chart says %v, the tables %v", seed, m.Profile.Policy.Name,
					q.Direction, q.Subject.Pod.Object(), q.Subject.Addr, q.Peer, q.Peer.Pod, q.Protocol, q.Port, got, want)
			}
		}
	}
	for v := policy.Undecided; v <= policy.Denied; v++ {
		if counts[v] < questions(t)/120 {
			t.Errorf("only %d questions are %v: %v", counts[v], v, counts)
		}
	}
}

func partiesOf(m *model.Model) []policy.Party {
	all := []policy.Party{{}}
	add := func(a netip.Addr) {
		p := policy.Party{Addr: a, Pod: m.Index.PodByIP(a), Node: m.Index.NodeByIP(a) != nil}
		if p.Pod != nil && p.Pod.Invented {
			p.Addr = netip.Addr{}
		}
		all = append(all, p)
	}
	for i := range m.Snapshot.Pods {
		for _, a := range m.Snapshot.Pods[i].IPs {
			add(a)
		}
	}
	for i := range m.Snapshot.Nodes {
		for _, a := range m.Snapshot.Nodes[i].InternalIPs {
			add(a)
		}
	}
	for _, a := range []string{"203.0.113.10", "203.0.113.200", "198.51.100.2", "10.96.0.10", "2001:db8:113::10", "2001:db8:113::200", "fd00:244:1::200"} {
		add(netip.MustParseAddr(a))
	}
	return all
}
