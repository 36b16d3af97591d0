package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// manyClasses is a cluster in whose namespaces hardly any two pods are alike: some
// namespaces are big, of some the object was not read, and one has the name label of
// another.
func manyClasses(r *rand.Rand) *cluster.Snapshot {
	s := &cluster.Snapshot{Nodes: []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}}
	for i := range 6 {
		name := fmt.Sprint("ns", i)
		ns := cluster.Namespace{Meta: cluster.Meta{Name: name, Labels: cluster.Labels{"kubernetes.io/metadata.name": name}}, Implied: r.IntN(4) == 0}
		switch r.IntN(3) {
		case 0:
			ns.Labels["team"] = []string{"blue", "red"}[r.IntN(2)]
		case 1:
			ns.Labels["kubernetes.io/metadata.name"] = fmt.Sprint("ns", r.IntN(6)) // nobody checked
		}
		s.Namespaces = append(s.Namespaces, ns)
		for range []int{1, 3, 12, 30}[r.IntN(4)] {
			p := cluster.Pod{Meta: cluster.Meta{Namespace: name, Name: fmt.Sprint("p", len(s.Pods)), Labels: cluster.Labels{}}, Node: "n1", Phase: cluster.PodRunning, Ready: true}
			for _, k := range []string{"app", "tier", "env", "team"} {
				if r.IntN(2) == 0 {
					p.Labels[k] = []string{"x", "y", "z"}[r.IntN(3)]
				}
			}
			p.IPs = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i), byte(len(s.Pods))})}
			s.Pods = append(s.Pods, p)
		}
	}
	return s
}

// someSelector is one of pods' labels, or one of namespaces'.
func someSelector(r *rand.Rand, spaces bool) *cluster.LabelSelector {
	keys, values := []string{"app", "tier", "env", "team"}, []string{"x", "y", "z"}
	if spaces {
		keys, values = []string{"team", "kubernetes.io/metadata.name"}, []string{"blue", "red", "ns1", "ns2", "ns3"}
	}
	s := &cluster.LabelSelector{}
	for range r.IntN(3) {
		k, v := keys[r.IntN(len(keys))], values[r.IntN(len(values))]
		if r.IntN(2) == 0 {
			s.MatchLabels = cluster.Labels{k: v}
			continue
		}
		q := cluster.Requirement{Key: k, Operator: []cluster.Operator{cluster.OpIn, cluster.OpNotIn, cluster.OpExists, cluster.OpDoesNotExist}[r.IntN(4)]}
		if q.Operator == cluster.OpIn || q.Operator == cluster.OpNotIn {
			q.Values = []string{v, values[r.IntN(len(values))]}[:1+r.IntN(2)]
		}
		s.MatchExpressions = append(s.MatchExpressions, q)
	}
	return s
}

// The classes that a peer selects are those whose pods the tables let in, in order and
// once each: by few labels or none, in one namespace, in some, in big ones.
func TestIndexPeer(t *testing.T) {
	counts := map[match]int{}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := manyClasses(r)
		m := compileSnapshot(t, s)
		c := Compile(m)
		for range 25 {
			peer := cluster.PolicyPeer{PodSelector: someSelector(r, false)}
			if r.IntN(3) > 0 {
				peer.NamespaceSelector = someSelector(r, true)
			}
			np := cluster.NetworkPolicy{
				Meta: cluster.Meta{Namespace: s.Pods[r.IntN(len(s.Pods))].Namespace, Name: "np"}, IsolatesIngress: true,
				Ingress: []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{peer}}},
			}
			found := c.peer(np.Namespace, &peer)
			inOrder(t, found.yes)
			inOrder(t, found.perhaps)
			one := *s
			one.NetworkPolicies = []cluster.NetworkPolicy{np}
			tables := compileSnapshot(t, &one).Policies
			subject := &s.Pods[slices.IndexFunc(s.Pods, func(p cluster.Pod) bool { return p.Namespace == np.Namespace })]
			for i := range s.Pods {
				q := policy.Question{Direction: policy.Ingress, Subject: policy.Party{Pod: subject}, Peer: policy.Party{Pod: &s.Pods[i]}, Protocol: flow.TCP, Port: 80}
				want := map[policy.Verdict]match{policy.Admitted: yes, policy.Undecided: perhaps, policy.Denied: no}[tables.Judge(q).Verdict]
				got := no
				switch class := c.classOf(&s.Pods[i]); {
				case has(found.yes, class):
					got = yes
				case has(found.perhaps, class):
					got = perhaps
				}
				if counts[want]++; got != want {
					t.Fatalf("seed %d: %+v of %s: %s/%s: %d, the tables say %d", seed, peer, np.Namespace, s.Pods[i].Namespace, s.Pods[i].Name, got, want)
				}
			}
		}
	}
	if counts[yes] < 1000 || counts[perhaps] < 1000 || counts[no] < 1000 {
		t.Errorf("no, perhaps, yes: %v", counts)
	}
}

func inOrder(t *testing.T, list []span) {
	t.Helper()
	for i := range list {
		if list[i].from >= list[i].to || i > 0 && list[i-1].to >= list[i].from {
			t.Fatalf("out of order: %v", list)
		}
	}
}
