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

// brute asks the oracle everything there is to ask of a small cluster: every pair
// of pods, every address that a block tells apart, every protocol, every port at
// which a policy changes its mind.
type brute struct {
	*testing.T
	seed   uint64
	s      *cluster.Snapshot
	c      *Chart
	points []uint16     // where port ranges begin, in order
	addrs  []netip.Addr // where address ranges begin, in order
}

var protocols = []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP}

// pointsOf are the ports at which a run of ports may begin.
func pointsOf(versions ...*cluster.Snapshot) []uint16 {
	points := []uint16{0}
	add := func(p uint16) {
		if points = append(points, p); p < 65535 {
			points = append(points, p+1)
		}
	}
	for _, s := range versions {
		for i := range s.NetworkPolicies {
			np := &s.NetworkPolicies[i]
			for _, r := range slices.Concat(np.Ingress, np.Egress) {
				for _, p := range r.Ports {
					add(p.Port.Number)
					points = append(points, p.Port.Number)
					if p.EndPort != 0 {
						add(p.EndPort)
					}
				}
			}
		}
		for i := range s.Pods {
			for _, p := range s.Pods[i].Ports {
				add(p.Port)
			}
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// addressesOf are the addresses at which a run of them may begin.
func addressesOf(versions ...*cluster.Snapshot) []netip.Addr {
	all := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	for _, s := range versions {
		for i := range s.NetworkPolicies {
			for _, p := range prefixesOf(&s.NetworkPolicies[i]) {
				all = append(all, p.Masked().Addr())
				if n := cluster.LastAddr(p).Next(); n.IsValid() {
					all = append(all, n)
				}
			}
		}
	}
	slices.SortFunc(all, compareAddr)
	return slices.Compact(all)
}

// somebody is an address of the run that begins at one of b.addrs that no pod has,
// and where blocks are not about them no node.
func (b *brute) somebody(i int) (netip.Addr, bool) {
	for a := b.addrs[i]; a.IsValid() && (i+1 == len(b.addrs) || a.Less(b.addrs[i+1])); a = a.Next() {
		if b.c.m.Index.PodByIP(a) == nil && (!b.c.m.Profile.Policy.Identities || b.c.m.Index.NodeByIP(a) == nil) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// connects is the oracle's answer for two pods, and false where it is about
// something else than their policies.
func (b *brute) connects(p, q *cluster.Pod, in Families, proto flow.Protocol, port uint16) (passes, ok bool) {
	b.Helper()
	to := q.IP(in == IPv6)
	out, err := oracle.Ask(b.s, "pod/"+p.Namespace+"/"+p.Name, "", netip.AddrPortFrom(to, port), proto)
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range out {
		switch o.Fate {
		case flow.Delivered, flow.NotListening:
			return true, len(out) == 1
		case flow.DeniedByPolicy:
			return false, len(out) == 1
		default:
		}
	}
	return false, false
}

func (b *brute) admits(p *cluster.Pod, s side, a netip.Addr, proto flow.Protocol, port uint16) bool {
	b.Helper()
	ok, err := oracle.Admits(b.s, p, s == egress, a, proto, port)
	if err != nil {
		b.Fatal(err)
	}
	return ok
}

// own: the pod has an address of the family that is nobody else's.
func (b *brute) own(p *cluster.Pod, in Families) bool {
	a := p.IP(in == IPv6)
	return b.c.UnitOf(p) >= 0 && a.IsValid() && b.c.m.Index.PodByIP(a) == p
}

// bruteQuestions is how many each comparison with brute force asks: whole
// clusters, some thousand questions each.
func bruteQuestions(t testing.TB) int {
	t.Helper()
	return max(12000, questions(t)/2)
}

func smallCluster(t *testing.T, seed uint64) *generate.Tangled {
	t.Helper()
	g := generate.Tangle(generate.Whole, seed)
	if seed%2 == 0 {
		g.Snapshot = dense(g.Rand, g.Snapshot.Fabric)
		return g
	}
	g.MorePolicies()
	g.Snapshot.Services, g.Snapshot.EndpointSlices = nil, nil
	if seed%3 == 0 {
		twins(g)
	}
	return g
}

// dense is a cluster of policies that meet, of which everything is known: half of
// the ports are names.
func dense(r *rand.Rand, f cluster.Fabric) *cluster.Snapshot {
	s := generate.Knot(r)
	if s.Fabric.Dataplane.Policy = f.Dataplane.Policy; r.IntN(3) == 0 {
		s.Fabric.Dataplane.Policy = "kube-router"
	}
	s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: "ns3", Labels: cluster.Labels{"kubernetes.io/metadata.name": "ns3"}}})
	for i := range s.Namespaces {
		s.Namespaces[i].Implied = false
	}
	s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool {
		home := slices.IndexFunc(s.Nodes, func(n cluster.Node) bool { return n.Name == p.Node })
		return p.Invented || len(p.IPs) == 0 || !p.HostNetwork && !slices.ContainsFunc(s.Nodes[home].PodCIDRs, func(c netip.Prefix) bool { return c.Contains(p.IPs[0]) })
	})
	whole := r.IntN(3) == 0 // namespaces, which is where kube-router's chains are shared
	for i := range s.NetworkPolicies {
		if p := &s.NetworkPolicies[i]; whole {
			p.PodSelector, p.IsolatesIngress, p.IsolatesEgress = cluster.LabelSelector{}, true, true
		}
		for _, rules := range [][]cluster.PolicyRule{s.NetworkPolicies[i].Ingress, s.NetworkPolicies[i].Egress} {
			for j := range rules {
				for k := range rules[j].Ports {
					if r.IntN(2) == 0 {
						rules[j].Ports[k] = cluster.PolicyPort{Protocol: flow.TCP, Port: cluster.PortRef{Name: []string{"http", "http", "dns", "nobody"}[r.IntN(4)]}}
					}
				}
			}
		}
	}
	return s
}

// All rectangles together are what the oracle lets pass between pods: nothing is
// missing, nothing is there that should not be, nothing is there twice.
func TestFlowsEqualBruteForce(t *testing.T) {
	t.Parallel()
	asked, passed, odd := 0, 0, 0
	for seed := *firstSeed; asked < bruteQuestions(t); seed++ {
		g := smallCluster(t, seed)
		b := &brute{T: t, seed: seed, s: g.Snapshot, c: Compile(compile(t, g)), points: pointsOf(g.Snapshot)}
		if !b.c.Certain() {
			t.Fatalf("seed %d: something is not known", seed)
		}
		flows := slices.Collect(b.c.Flows)
		noOverlap(t, seed, flows)
		for i := range flows {
			b.begins(flows[i].Ports)
		}
		for i := range b.s.Pods {
			for j := range b.s.Pods {
				for _, in := range []Families{IPv4, IPv6} {
					p, q := &b.s.Pods[i], &b.s.Pods[j]
					if i == j || !b.own(p, in) || !b.own(q, in) {
						continue
					}
					for _, proto := range protocols {
						for _, port := range b.points {
							want, ok := b.connects(p, q, in, proto, port)
							if asked++; !ok {
								odd++
								continue
							}
							if want {
								passed++
							}
							if got := lookUp(flows, b.c.UnitOf(p), b.c.UnitOf(q), in, proto, port); (got == yes) != want || got == perhaps {
								t.Fatalf("seed %d (%s): %s to %s %v %d: %v, the rectangles say %v", seed, b.c.m.Profile.Policy.Name, p.Name, q.Name, proto, port, want, got)
							}
						}
					}
				}
			}
		}
	}
	if odd > asked/100 || passed < asked/10 || asked-passed-odd < asked/10 {
		t.Errorf("%d asked, %d pass, %d are odd", asked, passed, odd)
	}
	t.Logf("%d asked, %d pass, %d are odd", asked, passed, odd)
}

// begins: ports change only where some policy does, so that asking there is
// asking everywhere.
func (b *brute) begins(ports Ports) {
	b.Helper()
	known := func(p uint16) bool {
		_, ok := slices.BinarySearch(b.points, p)
		return ok
	}
	for _, r := range ports {
		if !known(r.First) || r.Last < 65535 && !known(r.Last+1) {
			b.Fatalf("seed %d: no policy begins or ends %v", b.seed, r)
		}
	}
}

// beginsAddr does so for addresses.
func (b *brute) beginsAddr(ranges []policy.Range) {
	b.Helper()
	known := func(a netip.Addr) bool {
		_, ok := slices.BinarySearchFunc(b.addrs, a, compareAddr)
		return ok
	}
	for _, r := range ranges {
		if !known(r.First) || r.Last.Next().IsValid() && !known(r.Last.Next()) {
			b.Fatalf("seed %d: no block begins or ends %v", b.seed, r)
		}
	}
}

// Who besides pods may connect to a pod, and where it may go, is what the oracle
// says of every address that a block tells apart.
func TestAddressesEqualBruteForce(t *testing.T) {
	t.Parallel()
	asked, passed := 0, 0
	for seed := *firstSeed; asked < bruteQuestions(t); seed++ {
		g := smallCluster(t, seed)
		b := &brute{T: t, seed: seed, s: g.Snapshot, c: Compile(compile(t, g)), points: pointsOf(g.Snapshot), addrs: addressesOf(g.Snapshot)}
		for i := range b.s.Pods {
			p := &b.s.Pods[i]
			if b.c.UnitOf(p) < 0 {
				continue
			}
			for s, list := range [][]Admitted{ingress: b.c.FromAddresses(b.c.UnitOf(p)), egress: b.c.ToAddresses(b.c.UnitOf(p))} {
				for _, l := range list {
					if len(l.Ranges) == 0 || len(l.Ports) == 0 {
						t.Fatalf("seed %d: nothing is told: %+v", seed, l)
					}
					b.begins(l.Ports)
					b.beginsAddr(l.Ranges)
				}
				for n := range b.addrs {
					a, ok := b.somebody(n)
					if !ok || !b.own(p, 1<<familyOf(b.addrs[n])) {
						continue
					}
					for _, proto := range protocols {
						for _, port := range b.points {
							want, got := b.admits(p, side(s), a, proto, port), 0
							for _, l := range list {
								if l.Sure && l.Ports.Contains(proto, port) && inRanges(l.Ranges, a) {
									got++
								}
							}
							if asked++; want {
								passed++
							}
							if got > 1 || (got == 1) != want {
								t.Fatalf("seed %d (%s): side %d of %s, %v %v %d: %v, told %d times: %+v", seed, b.c.m.Profile.Policy.Name, s, p.Name, a, proto, port, want, got, list)
							}
						}
					}
				}
			}
		}
	}
	if passed < asked/10 || passed > asked*9/10 {
		t.Errorf("%d asked, %d pass", asked, passed)
	}
	t.Logf("%d asked, %d pass", asked, passed)
}

// What a difference tells is exactly what the oracle says of one version and not
// of the other: between pods that are in both, and with every address.
func TestDiffEqualsBruteForce(t *testing.T) {
	t.Parallel()
	d := bruteDiff{T: t}
	for seed := *firstSeed; d.asked < max(40000, bruteQuestions(t)); seed++ {
		g := smallCluster(t, seed)
		young := mutate(g)
		for range 1 + g.IntN(2) {
			swap(g, young, smallCluster(t, seed+1e6).Snapshot.NetworkPolicies)
		}
		young.Services, young.EndpointSlices = nil, nil
		m, err := model.Compile(young)
		if err != nil {
			t.Fatal(err)
		}
		points, addrs := pointsOf(g.Snapshot, young), addressesOf(g.Snapshot, young)
		d.old = &brute{T: t, seed: seed, s: g.Snapshot, c: Compile(compile(t, g)), points: points, addrs: addrs}
		d.young = &brute{T: t, seed: seed, s: young, c: Compile(m), points: points, addrs: addrs}
		d.Difference = Diff(d.old.c, d.young.c)
		for _, c := range d.Changes {
			d.old.begins(c.Ports)
			d.old.beginsAddr(c.From.Ranges)
			d.old.beginsAddr(c.To.Ranges)
		}
		for i := range g.Snapshot.Pods {
			p := d.both(&g.Snapshot.Pods[i])
			d.addresses(p)
			for j := range g.Snapshot.Pods {
				if i != j {
					d.pair(p, d.both(&g.Snapshot.Pods[j]))
				}
			}
		}
	}
	if d.lost < d.asked/1000 || d.gained < d.asked/1000 {
		t.Errorf("%d asked, %d lost, %d gained", d.asked, d.lost, d.gained)
	}
	t.Logf("%d asked, %d lost, %d gained", d.asked, d.lost, d.gained)
}

type bruteDiff struct {
	*testing.T
	*Difference
	old, young          *brute
	asked, lost, gained int
}

// bothPods is one pod in both versions; n is its number in the Difference, or -1.
type bothPods struct {
	old, young *cluster.Pod
	n          int
}

func (d *bruteDiff) both(p *cluster.Pod) bothPods {
	q := d.young.c.m.Index.Pod(p.Namespace, p.Name)
	if q == nil || d.old.c.UnitOf(p) < 0 || d.young.c.UnitOf(q) < 0 {
		return bothPods{n: -1}
	}
	units := Both{d.old.c.UnitOf(p), d.young.c.UnitOf(q)}
	return bothPods{p, q, slices.Index(d.Pods, units)}
}

func (b *brute) same(p bothPods, o *brute, in Families) bool {
	return p.n >= 0 && b.own(p.old, in) && o.own(p.young, in)
}

func (d *bruteDiff) pair(p, q bothPods) {
	d.Helper()
	for _, in := range []Families{IPv4, IPv6} {
		if !d.old.same(p, d.young, in) || !d.old.same(q, d.young, in) {
			continue
		}
		told := toldOf(d.T, d.Changes, Unit(p.n), Unit(q.n), in)[1]
		for _, proto := range protocols {
			for _, port := range d.old.points {
				was, ok := d.old.connects(p.old, q.old, in, proto, port)
				now, known := d.young.connects(p.young, q.young, in, proto, port)
				if ok && known {
					d.check(was, now, told[0].Contains(proto, port), told[1].Contains(proto, port), p.old.Name+" to "+q.old.Name, proto, port)
				}
			}
		}
	}
}

func (d *bruteDiff) addresses(p bothPods) {
	d.Helper()
	for n, first := range d.old.addrs {
		f := familyOf(first)
		a, ok := d.old.somebody(n)
		if !ok || !d.old.same(p, d.young, 1<<f) || d.young.c.m.Index.PodByIP(a) != nil {
			continue
		}
		for s := range side(2) {
			for _, proto := range protocols {
				for _, port := range d.old.points {
					var told [2]bool
					for _, c := range d.Changes {
						pods, ranges := c.To.Units, c.From.Ranges
						if s == egress {
							pods, ranges = c.From.Units, c.To.Ranges
						}
						if c.Sure && c.Families&(1<<f) != 0 && pods.Contains(Unit(p.n)) && c.Ports.Contains(proto, port) && inRanges(ranges, a) {
							told[map[bool]int{true: 1}[c.Lost]] = true
						}
					}
					was, now := d.old.admits(p.old, s, a, proto, port), d.young.admits(p.young, s, a, proto, port)
					d.check(was, now, told[0], told[1], p.old.Name+" and "+a.String(), proto, port)
				}
			}
		}
	}
}

func (d *bruteDiff) check(was, now, gained, lost bool, what string, proto flow.Protocol, port uint16) {
	d.Helper()
	d.asked++
	if was && !now {
		d.lost++
	}
	if now && !was {
		d.gained++
	}
	if lost != (was && !now) || gained != (now && !was) {
		d.Fatalf("seed %d (%s): %s, %v %d: %v, then %v; told lost %v, gained %v", d.old.seed, d.old.c.m.Profile.Policy.Name, what, proto, port, was, now, lost, gained)
	}
}
