package reach

import (
	"fmt"
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

// crowd gives a cluster so many pods that lists of them are long: with what some pod
// has, where another is, at an address of their own; every other with a label more.
func crowd(r *rand.Rand, s *cluster.Snapshot, size int) {
	base := slices.DeleteFunc(slices.Clone(s.Pods), func(p cluster.Pod) bool { return p.HostNetwork || len(p.IPs) == 0 || p.Finished() })
	if len(base) == 0 {
		return
	}
	s.Pods = slices.Clone(s.Pods)
	for i := len(s.Pods); i < size; i++ {
		p, at := base[r.IntN(len(base))], &base[r.IntN(len(base))]
		p.Name, p.IPs, p.Node, p.HostIPs, p.Invented = fmt.Sprintf("copy%d", i), slices.Clone(at.IPs), at.Node, at.HostIPs, at.Invented
		for j, a := range p.IPs {
			b := a.AsSlice()
			b[len(b)-1] = byte(16 + i)
			p.IPs[j], _ = netip.AddrFromSlice(b)
		}
		if i%2 > 0 {
			p.Labels = cluster.Labels{"copy": fmt.Sprint(i % 40)}
			for k, v := range base[r.IntN(len(base))].Labels {
				p.Labels[k] = v
			}
		}
		if i%3 == 0 {
			p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: fmt.Sprint("d", i%7)}
		}
		s.Pods = append(s.Pods, p)
	}
}

// unmasked writes some blocks down by an address inside them, as people do.
func unmasked(r *rand.Rand, s *cluster.Snapshot) {
	inside := func(p netip.Prefix) netip.Prefix {
		if r.IntN(4) == 0 && !p.IsSingleIP() {
			return netip.PrefixFrom(p.Addr().Next(), p.Bits())
		}
		return p
	}
	for i := range s.NetworkPolicies {
		for _, rule := range slices.Concat(s.NetworkPolicies[i].Ingress, s.NetworkPolicies[i].Egress) {
			for _, peer := range rule.Peers {
				if b := peer.IPBlock; b != nil {
					b.CIDR = inside(b.CIDR)
					for k := range b.Except {
						b.Except[k] = inside(b.Except[k])
					}
				}
			}
		}
	}
}

// crowded is a cluster in which more than a few pods are alike to a policy, and
// another version of it.
func crowded(seed uint64) (*generate.Tangled, *cluster.Snapshot) {
	g := generate.Tangle(generate.Kind(2*(seed%3/2)), seed)
	g.MorePolicies()
	switch s := dense(g.Rand, g.Snapshot.Fabric); {
	case seed%2 == 0 && len(s.Pods) > 0:
		g.Snapshot = s
	case seed%4 == 1: // not all is known
		fabric := g.Snapshot.Fabric.Dataplane
		g.Snapshot = generate.Knot(g.Rand)
		if g.Snapshot.Fabric.Dataplane.Policy = fabric.Policy; g.IntN(2) == 0 {
			g.Snapshot.Fabric.Dataplane.Policy = "kube-router"
		}
	}
	if seed%7 == 0 {
		g.Snapshot.Foreign = append(g.Snapshot.Foreign, cluster.Foreign{
			Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: g.Snapshot.Namespaces[0].Name, DenyOnly: seed%14 == 0,
		})
	}
	unmasked(g.Rand, g.Snapshot)
	crowd(g.Rand, g.Snapshot, 12+g.IntN(40))
	g.Snapshot.Services, g.Snapshot.EndpointSlices = nil, nil
	young := mutate(g)
	if seed%7 == 0 && g.IntN(2) == 0 {
		young.Foreign = nil
	}
	if seed%7 == 1 {
		young.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: g.Snapshot.Namespaces[0].Name, DenyOnly: g.IntN(2) == 0}}
	}
	return g, young
}

// told is ports by pair of units and by family; nothing may be told twice.
type told struct {
	*testing.T
	n     int
	cells [2][]Ports
}

func newTold(t *testing.T, units int) *told {
	return &told{T: t, n: units, cells: [2][]Ports{make([]Ports, units*units), make([]Ports, units*units)}}
}

func (x *told) put(from, to Set, in Families, ports Ports) {
	for u := range from.All {
		for v := range to.All {
			for f := range x.cells {
				if in&(1<<f) == 0 {
					continue
				}
				at := &x.cells[f][int(u)*x.n+int(v)]
				if len(*at) == 0 {
					*at = ports
					continue
				}
				if both := at.And(ports); len(both) > 0 {
					x.Fatalf("%d to %d, family %d: %v told twice", u, v, f, both)
				}
				*at = at.Union(ports)
			}
		}
	}
}

func (x *told) of(u, v, f int) Ports { return x.cells[f][u*x.n+v] }

// What Flows tell of every pair of many pods is what Between says of it, and that
// is what the tables say where somebody looks.
func TestCrowd(t *testing.T) {
	t.Parallel()
	passed, denied := 0, 0
	for seed := *firstSeed; passed+denied < 4*questions(t); seed++ {
		g, _ := crowded(seed)
		m := compile(t, g)
		c := Compile(m)
		n, points := c.Units(), pointsOf(g.Snapshot)
		sure, unsure := newTold(t, n), newTold(t, n)
		for f := range c.Flows {
			if f.From.Len() == 0 || f.To.Len() == 0 || len(f.Ports) == 0 {
				t.Fatalf("seed %d: nothing is told: %+v", seed, f)
			}
			if f.Sure {
				sure.put(f.From, f.To, f.Families, f.Ports)
			} else {
				unsure.put(f.From, f.To, f.Families, f.Ports)
			}
		}
		for range c.Flows {
			break // and no more are told
		}
		for u := range n {
			for v := range n {
				for f := range 2 {
					if c.units.list[u].families&c.units.list[v].families&(1<<f) == 0 {
						continue
					}
					open, doubtful := c.Between(Unit(u), Unit(v), 1<<f)
					if !open.Equal(sure.of(u, v, f)) || !doubtful.Equal(unsure.of(u, v, f)) {
						t.Fatalf("seed %d: %d to %d, family %d: %v and perhaps %v, Flows tell %v and %v", seed, u, v, f, open, doubtful, sure.of(u, v, f), unsure.of(u, v, f))
					}
					proto, port := []flow.Protocol{flow.TCP, flow.TCP, flow.TCP, flow.UDP, flow.SCTP}[(u+v)%5], points[(u+3*v)%len(points)]
					switch want := judged(m, [2]*cluster.Pod{anyOf(g, c, u), anyOf(g, c, v)}, family(f), proto, port); {
					case want == no && !open.Contains(proto, port) && !doubtful.Contains(proto, port):
						denied++
					case want == yes && open.Contains(proto, port), want == perhaps && doubtful.Contains(proto, port):
						passed++
					default:
						t.Fatalf("seed %d (%s): %d to %d, %v %d: the tables say %v; %v, perhaps %v", seed, m.Profile.Policy.Name, u, v, proto, port, want, open, doubtful)
					}
				}
			}
		}
	}
	if passed < questions(t)/3 || denied < questions(t)/3 {
		t.Errorf("%d pass, %d are denied", passed, denied)
	}
}

// anyOf is one of the pods of a unit.
func anyOf(g *generate.Tangled, c *Chart, u int) *cluster.Pod {
	all := c.Pods(Unit(u))
	return all[g.IntN(len(all))]
}

// judged is what both ends' policies say by the tables.
func judged(m *model.Model, pods [2]*cluster.Pod, f family, proto flow.Protocol, port uint16) match {
	answer, doubts := yes, [2]doubt{}
	ends := [2]policy.Party{}
	for i, p := range pods {
		for _, o := range m.ForeignTo(p) {
			if doubts[i] = max(doubts[i], maybeNot); !o.DenyOnly {
				doubts[i] = maybeAny
			}
		}
		answer = min(answer, doubts[i].of(yes))
		if ends[i] = (policy.Party{Addr: p.IP(f == 1), Pod: p}); p.Invented {
			ends[i].Addr = netip.Addr{}
		}
	}
	for i, d := range []policy.Direction{policy.Egress, policy.Ingress} {
		if doubts[i] == maybeAny || !m.Profile.Policy.Enforces {
			continue
		}
		switch m.Policies.Judge(policy.Question{Direction: d, Subject: ends[i], Peer: ends[1-i], Protocol: proto, Port: port}).Verdict {
		case policy.Denied:
			return no
		case policy.Undecided:
			answer = min(answer, perhaps)
		default:
		}
	}
	return answer
}

// What a policy in another's place takes from many pods, and gives, is told of
// every pair, once; what a difference tells of two versions, too.
func TestCrowdChanges(t *testing.T) {
	t.Parallel()
	x := crowdChanges{T: t}
	for seed := *firstSeed; x.pairs < max(144000, 8*questions(t)); seed++ {
		g, young := crowded(seed)
		was := Compile(compile(t, g))
		now := Compile(compileSnapshot(t, young))
		d := Diff(was, now)
		x.seed = seed
		x.compare(was, now, d.Pods, d.Changes)
		spare := generate.Tangle(generate.Whole, seed+1e6)
		if spare.MorePolicies(); seed%2 == 0 {
			spare.Snapshot = dense(g.Rand, g.Snapshot.Fabric)
		}
		s := *g.Snapshot
		for range 2 {
			s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
			old, young := swap(g, &s, spare.Snapshot.NetworkPolicies)
			switch {
			case young != nil:
				narrow(g.Rand, &s, young)
				s.NetworkPolicies[len(s.NetworkPolicies)-1] = *young
			case old == nil:
				continue
			}
			if n := len(s.NetworkPolicies); n > 0 {
				was.Replace(nil, &s.NetworkPolicies[g.IntN(n)]) // somebody else's
			}
			next, changes := was.Replace(old, young)
			x.first(was, old, young)
			both := make([]Both, next.Units())
			for u := range both {
				both[u] = Both{was.UnitOf(next.Unit(Unit(u)).Example), Unit(u)}
			}
			x.compare(was, next, both, changes)
			x.fresh(next, Compile(compileSnapshot(t, &s)))
			was = next
		}
	}
	if x.lost < x.pairs/200 || x.gained < x.pairs/200 {
		t.Errorf("%d pairs, %d lost something, %d gained", x.pairs, x.lost, x.gained)
	}
	t.Logf("%d pairs, %d lost something, %d gained", x.pairs, x.lost, x.gained)
}

// first: what is asked of a Chart first is up to date.
func (x *crowdChanges) first(was *Chart, old, young *cluster.NetworkPolicy) {
	x.Helper()
	a, _ := was.Replace(old, young)
	b, _ := was.Replace(old, young)
	c, _ := was.Replace(old, young)
	c.unitsOf()
	for u := range Unit(len(c.units.list)) {
		v := Unit(len(c.units.list)) - 1 - u
		sure, unsure := a.Between(u, v, IPv4)
		if y, z := c.Between(u, v, IPv4); !sure.Equal(y) || !unsure.Equal(z) {
			x.Fatalf("seed %d: %d to %d: at first %v (%v), then %v (%v)", x.seed, u, v, sure, unsure, y, z)
		}
		if y, z := b.FromAddresses(u), c.FromAddresses(u); len(y) != len(z) {
			x.Fatalf("seed %d: to %d: at first %v, then %v", x.seed, u, y, z)
		}
	}
}

type crowdChanges struct {
	*testing.T
	seed                uint64
	pairs, lost, gained int
}

func (x *crowdChanges) compare(was, now *Chart, both []Both, changes []Change) {
	x.Helper()
	by := map[[2]bool]*told{}
	for _, k := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
		by[k] = newTold(x.T, len(both))
	}
	for _, c := range changes {
		if len(c.Ports) == 0 || c.From.Units.Len()+len(c.From.Ranges) == 0 || c.To.Units.Len()+len(c.To.Ranges) == 0 {
			x.Fatalf("seed %d: nothing is told: %+v", x.seed, c)
		}
		by[[2]bool{c.Sure, c.Lost}].put(c.From.Units, c.To.Units, c.Families, c.Ports)
	}
	sure := was.Certain() && now.Certain()
	for i := 0; i < len(both); i += 4 {
		x.addresses(was, now, i, both[i], changes)
	}
	for i, a := range both {
		for j, b := range both {
			has := was.units.list[a.Old].families & now.units.list[a.New].families & was.units.list[b.Old].families & now.units.list[b.New].families
			for f := range 2 {
				if has&(1<<f) == 0 {
					continue
				}
				before, could := was.Between(a.Old, b.Old, 1<<f)
				after, can := now.Between(a.New, b.New, 1<<f)
				lost, gained := before.Minus(after), after.Minus(before)
				if x.pairs++; len(lost) > 0 {
					x.lost++
				}
				if len(gained) > 0 {
					x.gained++
				}
				x.same(by[[2]bool{true, true}].of(i, j, f), lost, was, a, b, "lost")
				x.same(by[[2]bool{true, false}].of(i, j, f), gained, was, a, b, "gained")
				if before, after = before.Union(could), after.Union(can); sure {
					before, after = nil, nil // told once
				}
				x.same(by[[2]bool{false, true}].of(i, j, f), before.Minus(after), was, a, b, "perhaps lost")
				x.same(by[[2]bool{false, false}].of(i, j, f), after.Minus(before), was, a, b, "perhaps gained")
			}
		}
	}
}

// addresses: what changes tell of somebody besides pods is what is open to him in one
// version and not in the other, for certain, and where anything is left open, perhaps.
func (x *crowdChanges) addresses(was, now *Chart, i int, b Both, changes []Change) {
	x.Helper()
	lists := [2][2][]Admitted{{was.FromAddresses(b.Old), was.ToAddresses(b.Old)}, {now.FromAddresses(b.New), now.ToAddresses(b.New)}}
	has := was.units.list[b.Old].families & now.units.list[b.New].families
	for _, a := range addrsOf("10.0.0.11", "172.16.0.1", "8.8.8.8", "2a00::1") {
		for s := range side(2) {
			if has&(1<<familyOf(a)) == 0 {
				continue
			}
			x.address(changes, i, a, s, lists[0][s], lists[1][s], true)
			if !was.Certain() || !now.Certain() {
				x.address(changes, i, a, s, lists[0][s], lists[1][s], false)
			}
		}
	}
}

func (x *crowdChanges) address(changes []Change, i int, a netip.Addr, s side, was, now []Admitted, sure bool) {
	x.Helper()
	var open, told [2]Ports
	for v, list := range [2][]Admitted{was, now} {
		for _, l := range list {
			if (l.Sure || !sure) && inRanges(l.Ranges, a) {
				open[v] = open[v].Union(l.Ports)
			}
		}
	}
	for _, c := range changes {
		pods, other := c.To, c.From
		if s == egress {
			pods, other = other, pods
		}
		if c.Sure == sure && c.Families&(1<<familyOf(a)) != 0 && pods.Units.Contains(Unit(i)) && inRanges(other.Ranges, a) {
			n := map[bool]int{true: 1}[c.Lost]
			told[n] = told[n].Union(c.Ports)
		}
	}
	if !told[0].Equal(open[1].Minus(open[0])) || !told[1].Equal(open[0].Minus(open[1])) {
		x.Fatalf("seed %d: side %d of %d, %v, sure %v: open by %v, then by %v; told gained %v, lost %v", x.seed, s, i, a, sure, open[0], open[1], told[0], told[1])
	}
}

func (x *crowdChanges) same(got, want Ports, c *Chart, a, b Both, what string) {
	if !got.Equal(want) {
		x.Helper()
		x.Fatalf("seed %d (%s): %s to %s: %s %v, told %v", x.seed, c.m.Profile.Policy.Name, c.Unit(a.Old).Example.Name, c.Unit(b.Old).Example.Name, what, want, got)
	}
}

// fresh compares some pairs with a Chart that was compiled anew.
func (x *crowdChanges) fresh(c, fresh *Chart) {
	x.Helper()
	pairs := [2]int{}
	for i, c := range []*Chart{c, fresh} {
		for f := range c.Flows {
			pairs[i] += c.PodsIn(f.From) * c.PodsIn(f.To) * f.Ports.Count()
		}
	}
	if pairs[0] != pairs[1] {
		x.Fatalf("seed %d: Flows hold %d, made anew %d", x.seed, pairs[0], pairs[1])
	}
	for u := range c.Units() {
		p := lastOf(c, u)
		for v := u % 5; v < c.Units(); v += 5 {
			q := lastOf(c, v)
			for f := range 2 {
				a, b := c.Between(Unit(u), Unit(v), 1<<f)
				y, z := fresh.Between(fresh.UnitOf(fresh.m.Index.Pod(p.Namespace, p.Name)), fresh.UnitOf(fresh.m.Index.Pod(q.Namespace, q.Name)), 1<<f)
				if !a.Equal(y) || !b.Equal(z) {
					x.Fatalf("seed %d: %s to %s: %v (%v), made anew %v (%v)", x.seed, p.Name, q.Name, a, b, y, z)
				}
			}
		}
	}
}

func lastOf(c *Chart, u int) *cluster.Pod {
	all := c.Pods(Unit(u))
	return all[len(all)-1]
}
