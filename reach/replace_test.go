package reach

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// After every one of a sequence of changes the Chart is what a new one would be,
// and the changes it tells are exactly the differences.
func TestReplace(t *testing.T) {
	t.Parallel()
	pairs, lost, gained, fronts := 0, 0, 0, 0
	for seed := *firstSeed; pairs < questions(t)/2; seed++ {
		kind := generate.Kind(2 * (seed % 2))
		g, more := generate.Tangle(kind, seed), generate.Tangle(kind, seed+1e6)
		for range 4 {
			more.MorePolicies()
		}
		twins(g)
		c := Compile(compile(t, g))
		now := slices.Clone(g.Snapshot.NetworkPolicies)
		for step, spare := range more.Snapshot.NetworkPolicies {
			var old, young *cluster.NetworkPolicy
			at := g.IntN(len(now) + 1)
			if at < len(now) {
				p := now[at]
				old = &p
			}
			if old == nil || g.IntN(3) > 0 {
				p := spare
				narrow(g.Rand, g.Snapshot, &p)
				if p.Name += "-x"; old != nil && g.IntN(2) == 0 {
					p.Namespace, p.Name = old.Namespace, old.Name
				}
				young = &p
			}
			n, changes := c.Replace(old, young)
			if old != nil {
				now = slices.Delete(now, at, at+1)
			}
			if young != nil {
				now = append(now, *young)
			}
			s := *g.Snapshot
			s.NetworkPolicies = slices.Clone(now)
			fresh, err := model.Compile(&s)
			if err != nil {
				t.Fatal(err)
			}
			x := Compile(fresh)
			for _, ch := range changes {
				if ch.Lost {
					lost++
				} else {
					gained++
				}
			}
			pairs += sameChanges(t, seed, step, c, n, x, changes)
			if step%4 == 0 {
				fronts += sameFronts(t, seed, n, x)
			}
			c = n
		}
	}
	if lost < pairs/100 || gained < pairs/100 || fronts < pairs/120 {
		t.Errorf("%d pairs, %d lost, %d gained, %d fronts", pairs, lost, gained, fronts)
	}
	t.Logf("%d pairs, %d lost, %d gained, %d fronts", pairs, lost, gained, fronts)
}

// narrow gives a policy a block that nobody has named, around a pod or a node.
func narrow(r *rand.Rand, s *cluster.Snapshot, p *cluster.NetworkPolicy) {
	var addrs []netip.Addr
	if len(s.Pods) > 0 {
		addrs = s.Pods[r.IntN(len(s.Pods))].IPs
	}
	if len(addrs) == 0 || r.IntN(3) == 0 {
		addrs = s.Nodes[r.IntN(len(s.Nodes))].InternalIPs
	}
	a := addrs[r.IntN(len(addrs))]
	rule := cluster.PolicyRule{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.PrefixFrom(a, a.BitLen()-r.IntN(5)).Masked()}}}}
	p.Ingress, p.Egress = append(slices.Clone(p.Ingress), rule), append(slices.Clone(p.Egress), rule)
}

// twins gives pods the labels and ports of others, so that addresses alone tell
// them apart.
func twins(g *generate.Tangled) {
	pods := g.Snapshot.Pods
	for i := range pods {
		if o := &pods[g.IntN(len(pods))]; g.IntN(2) == 0 && pods[i].HostNetwork == o.HostNetwork {
			pods[i].Namespace, pods[i].Labels, pods[i].Ports = o.Namespace, o.Labels, o.Ports
		}
	}
	s := g.Snapshot
	for i := range s.EndpointSlices {
		for j := range s.EndpointSlices[i].Endpoints {
			e := &s.EndpointSlices[i].Endpoints[j]
			if n := slices.IndexFunc(pods, func(p cluster.Pod) bool { return p.Name == e.Target.Name }); n >= 0 {
				e.Target = pods[n].Object()
			}
		}
	}
}

func sameChanges(t *testing.T, seed uint64, step int, was, now, fresh *Chart, changes []Change) int {
	t.Helper()
	pairs := 0
	pods := now.m.Snapshot.Pods
	flows := slices.Collect(now.Flows)
	noOverlap(t, seed, flows)
	for i := range pods {
		p := &pods[i]
		u := now.UnitOf(p)
		if u < 0 {
			continue
		}
		sameAddresses(t, seed, was, now, p, changes)
		for j := range pods {
			q := &pods[j]
			v := now.UnitOf(q)
			for _, in := range []Families{IPv4, IPv6} {
				if v < 0 || !p.IP(in == IPv6).IsValid() || !q.IP(in == IPv6).IsValid() {
					continue
				}
				pairs++
				sure, unsure := now.Between(u, v, in)
				freshSure, freshUnsure := fresh.Between(fresh.UnitOf(p), fresh.UnitOf(q), in)
				if !sure.Equal(freshSure) || !unsure.Equal(freshUnsure) {
					t.Fatalf("seed %d step %d: %s to %s: %v (%v), made anew %v (%v)", seed, step, p.Name, q.Name, sure, unsure, freshSure, freshUnsure)
				}
				proto, port := flow.Protocol(1+(i+j)%3), edges[(i+j+step)%len(edges)]
				if got := lookUp(flows, u, v, in, proto, port); (got == yes) != sure.Contains(proto, port) || (got == perhaps) != unsure.Contains(proto, port) {
					t.Fatalf("seed %d step %d: %s to %s %v %d: the rectangles say %v", seed, step, p.Name, q.Name, proto, port, got)
				}
				before, maybe := was.Between(was.UnitOf(p), was.UnitOf(q), in)
				told := toldOf(t, changes, u, v, in)
				for lost, want := range [2]Ports{sure.Minus(before), before.Minus(sure)} {
					if got := told[1][lost]; !got.Equal(want) {
						t.Fatalf("seed %d step %d: %s to %s, lost %d: told %v, it is %v", seed, step, p.Name, q.Name, lost, got, want)
					}
				}
				allBefore, allNow := before.Union(maybe), sure.Union(unsure)
				for lost, want := range [2]Ports{allNow.Minus(allBefore), allBefore.Minus(allNow)} {
					got := told[0][lost]
					if was.Certain() && now.Certain() {
						got = told[1][lost]
					}
					if !got.Equal(want) {
						t.Fatalf("seed %d step %d: %s to %s, perhaps lost %d: told %v, it is %v", seed, step, p.Name, q.Name, lost, got, want)
					}
				}
			}
		}
	}
	return pairs
}

// toldOf are the ports that changes tell of two units, by Sure and Lost. None
// may be told twice.
func toldOf(t *testing.T, changes []Change, u, v Unit, in Families) (told [2][2]Ports) {
	t.Helper()
	for _, c := range changes {
		if c.Families&in == 0 || !c.From.Units.Contains(u) || !c.To.Units.Contains(v) {
			continue
		}
		sure, lost := 0, 0
		if c.Sure {
			sure = 1
		}
		if c.Lost {
			lost = 1
		}
		if len(told[sure][lost].And(c.Ports)) > 0 {
			t.Fatalf("%v is told twice", c.Ports)
		}
		told[sure][lost] = told[sure][lost].Union(c.Ports)
	}
	return told
}

func sameAddresses(t *testing.T, seed uint64, was, now *Chart, p *cluster.Pod, changes []Change) {
	t.Helper()
	for _, a := range []string{"203.0.113.10", "203.0.113.200", "198.51.100.2", "8.8.8.8", "2001:db8:113::10", "2001:db8:113::200", "2a00::1"} {
		addr := netip.MustParseAddr(a)
		f := familyOf(addr)
		if !p.IP(f == 1).IsValid() {
			continue
		}
		for _, port := range edges {
			k := keyOf(flow.TCP, port)
			for s := range 2 {
				before := was.addrAt(was.rowAt(side(s), p, f), k, addr) == yes
				after := now.addrAt(now.rowAt(side(s), p, f), k, addr) == yes
				told := map[bool]bool{}
				for _, c := range changes {
					pods, ranges := c.To.Units, c.From.Ranges
					if side(s) == egress {
						pods, ranges = c.From.Units, c.To.Ranges
					}
					if c.Sure && c.Families&(1<<f) != 0 && pods.Contains(now.UnitOf(p)) && inRanges(ranges, addr) && c.Ports.Contains(flow.TCP, port) {
						told[c.Lost] = true
					}
				}
				if told[true] != (before && !after) || told[false] != (after && !before) {
					t.Fatalf("seed %d: side %d of %s and %s port %d: %v, then %v, told %v", seed, s, p.Name, a, port, before, after, told)
				}
			}
		}
	}
}

func (c *Chart) rowAt(s side, p *cluster.Pod, f family) *row {
	c.unitsOf()
	return c.rows[s].list[f][c.rows[s].ofUnit[f][c.UnitOf(p)]]
}

// sameFronts compares the answers of Services of a Chart that was changed with
// one that is new.
func sameFronts(t *testing.T, seed uint64, now, fresh *Chart) int {
	t.Helper()
	n := 0
	for i := range now.m.Snapshot.Services {
		svc := &now.m.Snapshot.Services[i]
		a, b := now.Service(svc), fresh.Service(svc)
		if len(a) != len(b) {
			t.Fatalf("seed %d: %d fronts and %d", seed, len(a), len(b))
		}
		for j := range a {
			n++
			for k := range now.m.Snapshot.Pods {
				p := &now.m.Snapshot.Pods[k]
				x, y := podAnswer(now, &a[j], p), podAnswer(fresh, &b[j], p)
				if (x == nil) != (y == nil) || x != nil && !x.alike(y) {
					t.Fatalf("seed %d: %s %s from %s: %+v, made anew %+v", seed, svc.Name, a[j].Kind, p.Name, x, y)
				}
			}
			for k := range now.m.Snapshot.Nodes {
				name := now.m.Snapshot.Nodes[k].Name
				x, y := nodeAnswer(&a[j], name), nodeAnswer(&b[j], name)
				if (x == nil) != (y == nil) || x != nil && !x.alike(y) {
					t.Fatalf("seed %d: %s %s from %s: %+v, made anew %+v", seed, svc.Name, a[j].Kind, name, x, y)
				}
			}
			for _, addr := range []string{"203.0.113.10", "203.0.113.200", "198.51.100.2", "8.8.8.8", "2001:db8:113::10", "2a00::1"} {
				x, y := clientAnswer(&a[j], netip.MustParseAddr(addr)), clientAnswer(&b[j], netip.MustParseAddr(addr))
				if (x == nil) != (y == nil) || x != nil && !x.alike(y) {
					t.Fatalf("seed %d: %s %s from %s: %+v, made anew %+v", seed, svc.Name, a[j].Kind, addr, x, y)
				}
			}
		}
	}
	return n
}

func podAnswer(c *Chart, f *Front, p *cluster.Pod) *Answer {
	var found *Answer
	for i := range f.Pods {
		part := &f.Pods[i]
		if slices.Contains(part.Self, p) {
			return &part.Answer
		}
		if u := c.UnitOf(p); u >= 0 && len(part.Self) == 0 && (part.All || part.Nodes.Contains(p.Node)) && part.Units.Contains(u) {
			found = &part.Answer
		}
	}
	return found
}

func nodeAnswer(f *Front, node string) *Answer {
	for i := range f.Nodes {
		if f.Nodes[i].Nodes.Contains(node) {
			return &f.Nodes[i].Answer
		}
	}
	return nil
}

func clientAnswer(f *Front, a netip.Addr) *Answer {
	for i := range f.Outside {
		if slices.ContainsFunc(f.Outside[i].Ranges, func(r policy.Range) bool { return r.Contains(a) }) {
			return &f.Outside[i].Answer
		}
	}
	return nil
}

// alike is equal but for how many ways there are, which depends on what is told
// apart.
func (a *Answer) alike(b *Answer) bool {
	return a.Verdict == b.Verdict && slices.Equal(a.Fates, b.Fates) && slices.Equal(a.Seen, b.Seen)
}
