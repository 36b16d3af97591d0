package reach

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
)

// Who is isolated is what the tables say; addresses are of one atom if the same
// blocks and source ranges hold them; who is no pod of the cluster is nobody.
func TestChart(t *testing.T) {
	isolated, apart := 0, 0
	for seed := uint64(1); seed < 200; seed++ {
		g, _ := crowded(seed)
		var prefixes []netip.Prefix
		for i := range g.Snapshot.NetworkPolicies {
			prefixes = append(prefixes, prefixesOf(&g.Snapshot.NetworkPolicies[i])...)
		}
		for _, r := range []string{"203.0.113.0/25", "10.0.0.9/30", "fd00:244:1::/64"} {
			svc := cluster.Service{SourceRanges: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix(r)}}
			svc.Namespace, svc.Name = "a", r
			g.Snapshot.Services = append(g.Snapshot.Services, svc)
			prefixes = append(prefixes, svc.SourceRanges...)
		}
		m := compile(t, g)
		c := Compile(m)
		if c.Model().Snapshot != g.Snapshot {
			t.Fatal("another Model")
		}
		for i := range g.Snapshot.Pods {
			p := &g.Snapshot.Pods[i]
			in, out := len(m.Policies.Isolating(p, policy.Ingress)) > 0, len(m.Policies.Isolating(p, policy.Egress)) > 0
			if p.Finished() {
				continue
			}
			if c.Isolates(p, policy.Ingress) != in || c.Isolates(p, policy.Egress) != out || c.Selected(p) != (in || out) {
				t.Fatalf("seed %d: %s is isolated: %v, %v", seed, p.Name, in, out)
			}
			if in || out {
				isolated++
			}
			if (c.ClassOf(p) < 0) != p.HostNetwork {
				t.Fatalf("seed %d: %s is of class %d", seed, p.Name, c.ClassOf(p))
			}
		}
		nobody := &cluster.Pod{Meta: cluster.Meta{Namespace: "nowhere", Name: "nobody"}}
		if c.ClassOf(nobody) != -1 || c.UnitOf(nobody) != -1 || c.Isolates(nobody, policy.Ingress) || c.Selected(nobody) || c.Atom(netip.Addr{}) != -1 ||
			c.Judge(policy.Question{Direction: policy.Ingress, Subject: policy.Party{Pod: nobody}}).Verdict != policy.NotIsolated {
			t.Fatalf("seed %d: somebody who is not there", seed)
		}
		addrs := addressesOf(g.Snapshot)
		for _, p := range prefixes {
			addrs = append(addrs, p.Masked().Addr(), cluster.LastAddr(p))
		}
		for i, a := range addrs {
			for _, b := range addrs[:i] {
				same := !slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) != p.Contains(b) })
				if same && familyOf(a) != familyOf(b) {
					continue
				}
				if (c.Atom(a) == c.Atom(b)) != same {
					t.Fatalf("seed %d: %v is of atom %d, %v of %d", seed, a, c.Atom(a), b, c.Atom(b))
				}
				if !same {
					apart++
				}
			}
		}
	}
	if isolated < 500 || apart < 5000 {
		t.Errorf("%d isolated, %d told apart", isolated, apart)
	}
}

// Namespace and Peers call with a pod of every class that has one alive with an
// address, and stop when they are told to.
func TestClassesCalled(t *testing.T) {
	for seed := uint64(1); seed < 120; seed++ {
		g, _ := crowded(seed)
		for i := range g.Snapshot.Pods {
			if g.IntN(9) == 0 {
				g.Snapshot.Pods[i].Phase = cluster.PodSucceeded
			}
			if g.IntN(9) == 0 {
				g.Snapshot.Pods[i].IPs = nil
			}
		}
		m := compile(t, g)
		c := Compile(m)
		called := func(each func(func(*cluster.Pod) bool)) []int {
			var out []int
			each(func(p *cluster.Pod) bool {
				if p.Finished() || len(p.IPs) == 0 {
					t.Fatalf("seed %d: called with %s", seed, p.Name)
				}
				out = append(out, c.ClassOf(p))
				return true
			})
			slices.Sort(out)
			calls := 0
			if each(func(*cluster.Pod) bool { calls++; return false }); calls != min(1, len(out)) {
				t.Fatalf("seed %d: %d calls after the first", seed, calls)
			}
			return slices.Compact(out)
		}
		want := func(is func(*cluster.Pod) bool) []int {
			var out []int
			for i := range g.Snapshot.Pods {
				if p := &g.Snapshot.Pods[i]; !p.Finished() && !p.HostNetwork && len(p.IPs) > 0 && is(p) {
					out = append(out, c.ClassOf(p))
				}
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		for i := range g.Snapshot.Namespaces {
			ns := &g.Snapshot.Namespaces[i]
			if a, b := called(func(f func(*cluster.Pod) bool) { c.Namespace(ns.Name, f) }), want(func(p *cluster.Pod) bool { return p.Namespace == ns.Name }); !slices.Equal(a, b) {
				t.Fatalf("seed %d: classes %v of %s, want %v", seed, a, ns.Name, b)
			}
			app, team := selects("app", "x"), selects("team", "red")
			peers := []*cluster.PolicyPeer{{PodSelector: &app}, {NamespaceSelector: &team}}
			b := want(func(p *cluster.Pod) bool {
				home := m.Index.Namespace(p.Namespace)
				return p.Namespace == ns.Name && app.Matches(p.Labels) || home != nil && !home.Implied && team.Matches(home.Labels)
			})
			if a := called(func(f func(*cluster.Pod) bool) { c.Peers(ns.Name, peers, f) }); !slices.Equal(a, b) {
				t.Fatalf("seed %d: classes %v are peers, want %v", seed, a, b)
			}
		}
	}
}
