package reach

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/oracle"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// One direction of one pod, where policies are as dense as they get, under every
// enforcer: the tables and the Chart say what the oracle says, unless they say
// that they do not know.
func TestJudgeEqualsOracle(t *testing.T) {
	t.Parallel()
	enforcers := []string{"generic", "kube-router", "kube-network-policies", "calico", "forward-only", "cilium", "aws", "antrea", "portolan"}
	k := knots{T: t, counts: map[string]*[4]int{}}
	for seed := *firstSeed; k.asked < questions(t)/2; seed++ {
		r := rand.New(rand.NewPCG(seed, 7))
		s := generate.Knot(r)
		for _, name := range slices.Concat(enforcers, []string{"kube-router", "kube-router"}) {
			if k.seed, k.s = seed, s; seed%2 == 0 {
				k.s = dense(r, s.Fabric)
			}
			k.enforcer(r, name)
		}
	}
	for _, name := range enforcers {
		n := k.counts[name]
		t.Logf("%s: %d undecided, %d not isolated, %d admitted, %d denied", name, n[0], n[1], n[2], n[3])
		if n[policy.Admitted] < k.asked/200 || n[policy.Denied] < k.asked/200 {
			t.Errorf("%s decides too little", name)
		}
	}
	t.Logf("%d questions", k.asked)
}

type knots struct {
	*testing.T
	seed   uint64
	s      *cluster.Snapshot
	asked  int
	counts map[string]*[4]int // by Verdict
}

func (k *knots) enforcer(r *rand.Rand, name string) {
	k.Helper()
	s := *k.s
	s.Fabric.Dataplane.Policy = name
	m := compileSnapshot(k, &s)
	c := Compile(m)
	if k.counts[name] == nil {
		k.counts[name] = &[4]int{}
	}
	parties := knotParties(m)
	var subjects []policy.Party
	for _, p := range parties {
		if p.Pod != nil && !p.Pod.Finished() {
			subjects = append(subjects, p)
		}
	}
	if len(subjects) == 0 {
		return
	}
	for range 60 {
		q := policy.Question{
			Direction: policy.Direction(1 + r.IntN(2)), Subject: subjects[r.IntN(len(subjects))], Peer: parties[r.IntN(len(parties))],
			Protocol: flow.Protocol(1 + r.IntN(3)), Port: []uint16{0, 1, 2, 52, 53, 54, 79, 80, 81, 8079, 8080, 8081, 8082, 65534, 65535}[r.IntN(15)],
		}
		if r.IntN(2) == 0 {
			q.Protocol, q.Port = flow.TCP, []uint16{53, 80, 8080}[r.IntN(3)]
		}
		if q.Peer.Addr.Is6() != q.Subject.Addr.Is6() || q.Peer.Pod == q.Subject.Pod || k.exempt(m, &q) || r.IntN(8) > 0 && len(m.Policies.Isolating(q.Subject.Pod, q.Direction)) == 0 {
			continue
		}
		k.asked++
		v := m.Policies.Judge(q).Verdict
		if k.counts[name][v]++; v != c.Judge(q).Verdict {
			k.Fatalf("seed %d, %s: %+v: %v, the Chart says %v", k.seed, name, q, v, c.Judge(q).Verdict)
		}
		want, err := oracle.Admits(&s, q.Subject.Pod, q.Direction == policy.Egress, q.Peer.Addr, q.Protocol, q.Port)
		if err != nil || v != policy.Undecided && v.Allowed() != want {
			k.Fatalf("seed %d, %s: %v of %s, peer %v, %v %d: %v, the oracle says %v (%v)", k.seed, name, q.Direction, q.Subject.Pod.Name, q.Peer.Addr, q.Protocol, q.Port, v, want, err)
		}
	}
}

// exempt: for identities a node is no address when it connects, and the oracle is
// asked of an address alone.
func (k *knots) exempt(m *model.Model, q *policy.Question) bool {
	return m.Profile.Policy.Identities && q.Peer.Node && q.Direction == policy.Ingress
}

// knotParties are pods whose addresses are known and their own, nodes, and
// addresses at the ends of blocks.
func knotParties(m *model.Model) []policy.Party {
	var all []policy.Party
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		for _, a := range p.IPs {
			if !p.Invented && !p.HostNetwork && m.Index.PodByIP(a) == p {
				all = append(all, policy.Party{Addr: a, Pod: p})
			}
		}
	}
	for _, a := range []string{
		"0.0.0.0", "9.255.255.255", "10.0.0.0", "10.0.1.15", "10.0.1.31", "10.0.1.254", "10.1.0.0", "172.31.255.255", "192.168.0.127", "192.168.0.250",
		"255.255.255.255", "172.16.0.1", "fd01::1", "fd00::ffff", "2001:db8:7fff::", "2001:db8:8000::", "2a00::1", "::",
	} {
		addr := netip.MustParseAddr(a)
		if m.Index.PodByIP(addr) == nil {
			all = append(all, policy.Party{Addr: addr, Node: m.Index.NodeByIP(addr) != nil})
		}
	}
	return all
}
