package reach

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/policy"
)

// What is open to all is what is open to every address of every family that the
// pods have.
func TestOpenToAll(t *testing.T) {
	t.Parallel()
	all, some, none := 0, 0, 0
	for seed := uint64(1); seed < 300; seed++ {
		g := smallCluster(t, seed)
		if seed%5 == 0 {
			g.Snapshot.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Name: "x"}, DenyOnly: seed%2 == 0}}
		}
		c := Compile(compile(t, g))
		addrs := addressesOf(g.Snapshot)
		for n := range c.Units() {
			want := AllPorts()
			for _, a := range addrs {
				if c.units.list[n].families&(1<<familyOf(a)) == 0 {
					continue
				}
				var open Ports
				for _, l := range c.FromAddresses(Unit(n)) {
					if l.Sure && slices.ContainsFunc(l.Ranges, func(r policy.Range) bool { return r.Contains(a) }) {
						open = open.Union(l.Ports)
					}
				}
				want = want.And(open)
			}
			got := c.OpenToAll(Unit(n))
			switch {
			case !got.Minus(want).Equal(nil):
				t.Fatalf("seed %d (%s): %d is open by %v, told %v", seed, c.m.Profile.Policy.Name, n, want, got)
			case len(got) == 0:
				none++
			case got.IsAll():
				all++
			default:
				some++
			}
			if seed%5 == 0 && len(got) > 0 {
				t.Fatalf("seed %d: something may be denied, and %v is open for certain", seed, got)
			}
		}
	}
	if all < 100 || some < 20 || none < 100 {
		t.Errorf("%d open, %d by some ports, %d closed", all, some, none)
	}
}

// An imagined pod has an address of each family of the cluster that nobody has,
// of the pods' range while there is one left, and what it was given besides.
func TestImagineAddress(t *testing.T) {
	for seed := uint64(1); seed < 60; seed++ {
		g := generate.Tangle(generate.Whole, seed)
		tiny := seed%3 == 0
		if tiny { // no room
			g.Snapshot.Nodes[0].OtherIPs = append(g.Snapshot.Nodes[0].OtherIPs, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.77.0.2"))
			g.Snapshot.Fabric.Dataplane.ClusterCIDRs = nil
			for i := range g.Snapshot.Nodes {
				g.Snapshot.Nodes[i].PodCIDRs = nil
			}
			g.Snapshot.Fabric.Dataplane.ClusterCIDRs = []netip.Prefix{netip.MustParsePrefix("10.77.0.0/30"), netip.MustParsePrefix("fd77::/126")}
		}
		c := Compile(compile(t, g))
		ports := []cluster.ContainerPort{{Name: "web", Port: 80, Protocol: flow.TCP}}
		seen := map[netip.Addr]bool{}
		for i := range 6 {
			p := c.Imagine("a", "new", cluster.Labels{"app": "x"}, ports...)
			if !p.Invented || !p.Ready || p.Phase != cluster.PodRunning || p.Namespace != "a" || p.Name != "new" || p.Labels["app"] != "x" || !slices.Equal(p.Ports, ports) {
				t.Fatalf("%+v", p)
			}
			for f := range family(2) {
				a := p.IP(f == 1)
				want := slices.ContainsFunc(c.units.list, func(u unit) bool { return u.families&(1<<f) != 0 }) || len(c.units.list) == 0 && f == 0
				if a.IsValid() != want {
					t.Fatalf("seed %d: address %v of family %d", seed, a, f)
				}
				if !want {
					continue
				}
				if seen[a] || c.m.Home(a) != "" || c.m.Index.PodByIP(a) != nil || c.m.Index.NodeByIP(a) != nil {
					t.Fatalf("seed %d: %v is somebody's", seed, a)
				}
				seen[a] = true
				inside := slices.ContainsFunc(c.m.Profile.ClusterCIDRs, func(r netip.Prefix) bool { return r.Contains(a) })
				if room := !tiny || i < 3 && (f == 1 || i < 2); inside != (room && slices.ContainsFunc(c.m.Profile.ClusterCIDRs, func(r netip.Prefix) bool { return familyOf(r.Addr()) == f })) {
					t.Fatalf("seed %d: %v, of %v", seed, a, c.m.Profile.ClusterCIDRs)
				}
			}
		}
	}
}

// With more pods the policies are those of the Chart, replaced ones too, and what
// cannot be compiled is an error.
func TestWith(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	c := Compile(compileSnapshot(t, s))
	old := s.NetworkPolicies[1]
	young := old
	young.Name += "-new"
	n, _ := c.Replace(&old, &young)
	got := n.Policies()
	if len(got) != len(s.NetworkPolicies) {
		t.Fatalf("%d policies, want %d", len(got), len(s.NetworkPolicies))
	}
	more, err := n.With()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range more.Policies() {
		names[p.Namespace+"/"+p.Name] = true
	}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		if want := i != 1; names[p.Namespace+"/"+p.Name] != want {
			t.Errorf("%s is there: %v", p.Name, !want)
		}
	}
	if !names[young.Namespace+"/"+young.Name] {
		t.Errorf("%s is not there", young.Name)
	}
	bad := *s
	bad.Fabric.Dataplane.Policy = "no such thing"
	c.m.Snapshot = &bad
	if x, err := c.With(); err == nil || x != nil {
		t.Errorf("%v, %v", x, err)
	}
}

// Several rules that are open to all count together; where another engine decides,
// anybody may get in, and nobody does for certain.
func TestOpenByRules(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	p := &s.Pods[0]
	port := func(n uint16) []cluster.PolicyPort {
		return []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: n}}}
	}
	s.NetworkPolicies = []cluster.NetworkPolicy{{
		Meta: cluster.Meta{Namespace: p.Namespace, Name: "p"}, IsolatesIngress: true,
		Ingress: []cluster.PolicyRule{
			{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("10.0.0.0/8")}}}, Ports: port(79)},
			{Ports: port(80)},
			{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: space4}}}, Ports: port(82)},
		},
	}}
	c := Compile(compileSnapshot(t, s))
	if got := c.OpenToAll(c.UnitOf(p)).String(); got != "80, 82" {
		t.Errorf("open to all: %s", got)
	}
	s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Name: "x"}}}
	c = Compile(compileSnapshot(t, s))
	var may Ports
	for _, a := range c.FromAddresses(c.UnitOf(p)) {
		if may = may.Union(a.Ports); a.Sure || !slices.Equal(a.Ranges, []policy.Range{space(0)}) {
			t.Errorf("%+v", a)
		}
	}
	if got := c.OpenToAll(c.UnitOf(p)); len(got) > 0 || !may.IsAll() {
		t.Errorf("open to all: %v, perhaps %v", got, may)
	}
}

// What another Chart enlisted is not among a Chart's policies, however many there
// are.
func TestPoliciesOfOthers(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	p := s.NetworkPolicies[0]
	for len(s.NetworkPolicies) < 128 {
		p.Name += "x"
		s.NetworkPolicies = append(s.NetworkPolicies, p)
	}
	c := Compile(compileSnapshot(t, s))
	p.Name += "x"
	n, _ := c.Replace(nil, &p)
	if a, b := len(c.Policies()), len(n.Policies()); a != 128 || b != 129 {
		t.Errorf("%d policies, and %d with one more", a, b)
	}
}
