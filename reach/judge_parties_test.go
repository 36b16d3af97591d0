package reach

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/policy"
)

// The Chart judges as the tables do whatever is said of the other end together, and
// under ways of enforcers that none of the profiles has together.
func TestJudgeOddParties(t *testing.T) {
	t.Parallel()
	flags := []func(*cluster.PolicyProfile){
		func(*cluster.PolicyProfile) {},
		func(p *cluster.PolicyProfile) { p.SharedChains, p.Identities = true, true },
		func(p *cluster.PolicyProfile) {
			p.UnresolvedPortOpens, p.SharedChains, p.EgressBlockIgnoresNames = true, true, true
		},
		func(p *cluster.PolicyProfile) { p.EgressNameWithoutPeer, p.Identities = true, true },
	}
	counts := make([]map[policy.Verdict]int, len(flags))
	for seed := range uint64(max(120, questions(t)/400)) {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed+4000)
		g.MorePolicies()
		g.Snapshot.Fabric.Dataplane.Policy = "generic"
		for i := range g.Snapshot.NetworkPolicies {
			p := &g.Snapshot.NetworkPolicies[i]
			p.IsolatesIngress, p.IsolatesEgress = true, true // which is where chains are shared
		}
		m := compile(t, g)
		n := int(seed) % len(flags)
		flags[n](&m.Profile.Policy)
		m.Policies = policy.Compile(g.Snapshot, m.Index, &m.Profile.Policy)
		c := Compile(m)
		parties := partiesOf(m)
		subjects := slices.DeleteFunc(slices.Clone(parties), func(p policy.Party) bool { return p.Pod == nil })
		for range 60 {
			if len(subjects) == 0 {
				break
			}
			q := policy.Question{
				Direction: policy.Direction(1 + g.IntN(2)), Subject: subjects[g.IntN(len(subjects))], Peer: parties[g.IntN(len(parties))],
				Protocol: flow.TCP, Port: []uint16{22, 80, 8080, 8081}[g.IntN(4)],
			}
			q.Peer.World, q.Peer.NoBlocks = g.IntN(3) == 0, g.IntN(4) == 0
			if g.IntN(3) == 0 {
				q.Peer.Unread = flow.Object{Kind: "Pod", Namespace: "a", Name: "x"}
			}
			want, got := m.Policies.Judge(q).Verdict, c.Judge(q).Verdict
			if counts[n] == nil {
				counts[n] = map[policy.Verdict]int{}
			}
			if counts[n][want]++; want != got {
				t.Fatalf("seed %d, ways %d: %v of %s, peer %+v, %v %d: the Chart says %v, the tables %v", seed, n, q.Direction, q.Subject.Pod.Object(), q.Peer, q.Protocol, q.Port, got, want)
			}
		}
	}
	for n := range flags {
		for v := policy.Undecided; v <= policy.Denied; v++ {
			if counts[n][v] < 10 {
				t.Errorf("ways %d: %v", n, counts[n])
			}
		}
	}
}
