package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// followed is a cluster of two Services, each open to one range besides the node's,
// and two pods that differ in their address alone.
func followed() *cluster.Snapshot {
	e := entryCase{nodes: 2, pods: []int{0, 1}, lets: [][]string{{"203.0.113.0/24"}, {}}, ranges: []string{"172.16.0.0/28", "203.0.113.0/25"}}
	s := e.snapshot()
	s.Fabric.Dataplane.ClusterCIDRs = []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")}
	s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: "b", Labels: cluster.Labels{"kubernetes.io/metadata.name": "b"}}})
	for i, a := range []string{"10.244.0.50", "10.244.0.77"} {
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: "b", Name: fmt.Sprint("b", i)}, Node: "n0", Phase: cluster.PodRunning, Ready: true, IPs: []netip.Addr{netip.MustParseAddr(a)},
		})
	}
	for i := range s.NetworkPolicies { // by namespaces, too
		r := &s.NetworkPolicies[i].Ingress[0]
		r.Peers = append(r.Peers, cluster.PolicyPeer{NamespaceSelector: selector("team", "blue")})
	}
	second, slice := s.Services[0], s.EndpointSlices[0]
	second.Name, slice.Name, slice.Service = "more", "more-1", "more"
	second.ClusterIPs, second.Ingress = []netip.Addr{netip.MustParseAddr("10.96.0.11")}, []cluster.Ingress{{IP: netip.MustParseAddr("198.51.100.2")}}
	second.Ports = slices.Clone(second.Ports)
	second.Ports[0].NodePort++
	s.Services, s.EndpointSlices = append(s.Services, second), append(s.EndpointSlices, slice)
	return s
}

// Whatever changes, a Chart that follows answers as one that is made anew; what it
// knew it keeps where nothing changed that units depend on.
func TestFollowChanges(t *testing.T) {
	open := cluster.NetworkPolicy{
		Meta: cluster.Meta{Namespace: "a", Name: "open"}, PodSelector: selects("app", "p1"), IsolatesIngress: true, Ingress: []cluster.PolicyRule{{}},
	}
	out := cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: "b", Name: "out"}, IsolatesEgress: true}
	narrow := netip.MustParsePrefix("10.244.0.64/26")
	for _, tt := range []struct {
		name   string
		before func(*cluster.Snapshot)
		change func(*cluster.Snapshot)
		keeps  bool
	}{
		{"nothing", nil, func(*cluster.Snapshot) {}, true},
		{"a Service has a range that others have", nil, func(s *cluster.Snapshot) { s.Services[1].SourceRanges = s.Services[1].SourceRanges[:1] }, true},
		{"the last Service has another range that tells pods apart", nil, func(s *cluster.Snapshot) {
			s.Services[1].SourceRanges = []netip.Prefix{netip.MustParsePrefix("172.16.0.0/28"), narrow}
		}, false},
		{"the first Service has it", nil, func(s *cluster.Snapshot) { s.Services[0].SourceRanges = []netip.Prefix{narrow} }, false},
		{"a namespace has another label", nil, func(s *cluster.Snapshot) {
			s.Namespaces = slices.Clone(s.Namespaces)
			s.Namespaces[1].Labels = cluster.Labels{"kubernetes.io/metadata.name": "b", "team": "blue"}
		}, false},
		{"no node is for clients outside", nil, func(s *cluster.Snapshot) {
			s.Nodes = slices.Clone(s.Nodes)
			for i := range s.Nodes {
				s.Nodes[i].Labels = cluster.Labels{"node.kubernetes.io/exclude-from-external-load-balancers": ""}
			}
		}, false},
		{"a policy opens what was closed", nil, func(s *cluster.Snapshot) { s.NetworkPolicies = append(slices.Clone(s.NetworkPolicies), open) }, true},
		{"a policy lets in whom it did not", nil, func(s *cluster.Snapshot) {
			s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
			s.NetworkPolicies[1].Ingress = []cluster.PolicyRule{{}}
		}, true},
		{"a policy lets out whom it did not", func(s *cluster.Snapshot) {
			s.NetworkPolicies = append(s.NetworkPolicies, open, out)
		}, func(s *cluster.Snapshot) {
			s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
			s.NetworkPolicies[3].Egress = []cluster.PolicyRule{{}}
		}, true},
		{"a policy that a dump holds twice is gone", func(s *cluster.Snapshot) {
			s.NetworkPolicies = append(s.NetworkPolicies, open, open)
		}, func(s *cluster.Snapshot) { s.NetworkPolicies = s.NetworkPolicies[:2] }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was := followed()
			if tt.before != nil {
				tt.before(was)
			}
			now := *was
			now.Services = slices.Clone(was.Services)
			tt.change(&now)
			c := Compile(compileSnapshot(t, was))
			sameFronts(t, 0, c, c) // all that is made when it is needed
			n, fresh := c.Follow(compileSnapshot(t, &now)), Compile(compileSnapshot(t, &now))
			if keeps := n.join == c.join; keeps != tt.keeps {
				t.Errorf("keeps what it knew: %v", keeps)
			}
			sameFronts(t, 0, n, fresh)
			for i := range now.Pods {
				for j := range now.Pods {
					p, q := &now.Pods[i], &now.Pods[j]
					a, _ := n.Between(n.UnitOf(p), n.UnitOf(q), IPv4)
					if b, _ := fresh.Between(fresh.UnitOf(p), fresh.UnitOf(q), IPv4); !a.Equal(b) {
						t.Errorf("%s to %s: %v, made anew %v", p.Name, q.Name, a, b)
					}
				}
			}
			if tt.name != "nothing" && !moved(c, n) {
				t.Error("nothing is otherwise than before")
			}
		})
	}
}

// moved: some pod or client is told something else, or some pair.
func moved(c, n *Chart) bool {
	for i := range c.m.Snapshot.Services {
		a, b := c.Service(&c.m.Snapshot.Services[i]), n.Service(&n.m.Snapshot.Services[i])
		for j := range a {
			for k := range c.m.Snapshot.Pods {
				p := &c.m.Snapshot.Pods[k]
				if !podAnswer(c, &a[j], p).alike(podAnswer(n, &b[j], p)) {
					return true
				}
			}
			x, y := clientAnswer(&a[j], netip.MustParseAddr("203.0.113.10")), clientAnswer(&b[j], netip.MustParseAddr("203.0.113.10"))
			if (x == nil) != (y == nil) || x != nil && !x.alike(y) {
				return true
			}
		}
	}
	p := [2]*cluster.Pod{&c.m.Snapshot.Pods[2], &c.m.Snapshot.Pods[1]}
	a, _ := c.Between(c.UnitOf(p[0]), c.UnitOf(p[1]), IPv4)
	b, _ := n.Between(n.UnitOf(p[0]), n.UnitOf(p[1]), IPv4)
	return a.Contains(flow.TCP, 8080) != b.Contains(flow.TCP, 8080)
}
