package lbip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

const small = "pool p 198.51.100.16-198.51.100.17\n"

// The cases are real threads and the documentation; each names its own.
func TestAllocate(t *testing.T) {
	for _, c := range []struct{ name, in, svc, want string }{
		{"first fit, from the start of the pool", small + "a\nb", "b", "198.51.100.17"},
		{"the oldest asks first", small + "a at=2026-02-02\nb at=2026-01-01", "b", "198.51.100.16"},
		{"what is given stays", small + "a at=2026-01-01\nb at=2026-02-02 ip=198.51.100.16", "a", "198.51.100.17"},
		{
			"metallb#801: both Local, one key, one address asked for",
			small + "a key=k Local ip=198.51.100.16\nb key=k Local 83 want=198.51.100.16", "b",
			"share-selectors-differ: 198.51.100.16, test/b, test/a, app=b, app=a",
		},
		{"metallb#788: DNS over TCP and UDP", small + "tcp key=k 53 want=198.51.100.16\nudp key=k 53/udp want=198.51.100.16", "udp", "198.51.100.16"},
		{
			"metallb#1696: the annotation is allow-shared",
			small + "a key=k ip=198.51.100.16\nb 81 want=198.51.100.16 note=metallb.universe.tf/allow-shared:k", "b",
			"share-no-key: 198.51.100.16, test/b, test/a, test/b; " +
				"pending-annotation-typo: test/b, metallb.universe.tf/allow-shared, metallb.universe.tf/allow-shared-ip",
		},
		{
			"metallb#245: the same address, no key: the first wins",
			small + "a spec=198.51.100.16 at=2026-01-01\nb spec=198.51.100.16 81 at=2026-02-02", "b",
			"share-no-key: 198.51.100.16, test/b, test/a, test/b",
		},
		{
			"metallb#1682: a third sharer, whose port is taken",
			small + "t key=k 514 ip=198.51.100.16\nu key=k 514/udp ip=198.51.100.16\nbeat key=k 514 5044 want=198.51.100.16", "beat",
			"share-port-in-use: 198.51.100.16, test/beat, test/t, 514/tcp",
		},
		{"metallb#1586: a full pool names its holders", small + "a ip=198.51.100.16\nb ip=198.51.100.17\nc", "c", "pool-full: p, 2, 2, test/a, test/b"},
		{"a full pool lets a sharer in", small + "a key=k ip=198.51.100.16\nb ip=198.51.100.17\nc key=k 81", "c", "198.51.100.16"},
		{
			"a full pool does not let a sharer in whose policy differs",
			small + "a key=k ip=198.51.100.16\nb ip=198.51.100.17\nc key=k 81 Local", "c",
			"pool-full: p, 2, 2, test/a, test/b; share-policies-differ: 198.51.100.16, test/c, test/a, Local, Cluster",
		},
		{"an address that no pool holds", small + "a want=192.0.2.1", "a", "pending-no-pool-holds: 192.0.2.1, p 198.51.100.16-198.51.100.17"},
		{"both ways to ask: \"service can not have both\"", small + "a want=198.51.100.16 spec=198.51.100.16", "a", "pending-requested-twice: test/a"},
		{"the old prefix asks too", small + "a wantold=198.51.100.17", "a", "198.51.100.17"},
		{"not an address", small + "a want=198.51.100.16x", "a", "pending-request-invalid: test/a, loadBalancerIPs, 198.51.100.16x"},
		{"an address of the other family", small + "a v6 want=198.51.100.16", "a", "pending-request-family: test/a, 198.51.100.16, IPv6"},
		{"a pool asked for", small + "pool q 192.0.2.1 manual\na pool=q", "a", "192.0.2.1"},
		{"a pool that there is not", small + "a pool=q", "a", "pending-unknown-pool: q, p 198.51.100.16-198.51.100.17"},
		{"address and pool contradict", small + "pool q 192.0.2.1\na want=192.0.2.1 pool=p", "a", "pending-other-pool: 192.0.2.1, q, p"},
		{"autoAssign: false gives nothing by itself", "pool q 192.0.2.1 manual\na", "a", "pool-not-auto-assign: q"},
		{"autoAssign: false gives what is asked for", "pool q 192.0.2.1 manual\na want=192.0.2.1", "a", "192.0.2.1"},
		{"avoidBuggyIPs", "pool q 192.0.2.0-192.0.2.1 avoid\na", "a", "192.0.2.1"},
		{"avoidBuggyIPs, asked for", "pool q 192.0.2.0-192.0.2.1 avoid\na want=192.0.2.0", "a", "pending-address-avoided: 192.0.2.0, q"},
		{"avoidBuggyIPs, full", "pool q 192.0.2.254-192.0.3.1 avoid\na ip=192.0.2.254\nb ip=192.0.3.1\nc", "c", "pool-full: q, 2, 2, test/a, test/b"},
		{"another controller's class", small + "a class=example.com/lb", "a", "pending-other-class: test/a, example.com/lb"},
		{"MetalLB's own class", small + "a class=metallb.io/metallb", "a", "198.51.100.16"},
		{"no IPv6 in the pool", small + "a v6", "a", "pool-no-family: p, IPv6"},
		{"dual stack", "pool d 198.51.100.16-198.51.100.17 2001:db8::1-2001:db8::2\na dual", "a", "198.51.100.16, 2001:db8::1"},
		{"dual stack preferred", small + "a dual", "a", "198.51.100.16"},
		{"dual stack required", small + "a dual require", "a", "pool-no-family: p, IPv6"},
		{
			"pools that overlap", small + "pool q 198.51.100.17-198.51.100.18 manual\na pool=x", "a",
			"pending-unknown-pool: x, p 198.51.100.16-198.51.100.17, q 198.51.100.17-198.51.100.18; pools-overlap: p, q, 198.51.100.17-198.51.100.18",
		},
		{"no pool in the input", "a", "a", "pending-no-pools: test/a"},
		{"no pool in the input, but the holder is", "a ip=198.51.100.16\nb want=198.51.100.16", "b", "share-no-key: 198.51.100.16, test/b, test/a, test/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := snapshot(c.in)
			if got := outcome(t, s, Allocate(s), c.svc); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// MetalLB, "Reduce the scope of address allocation": pinned pools come before
// the others, "a lower value means a higher priority", and without one "the
// pool is attached last"; metallb#2003: `serviceAllocation: {}` is not absent.
func TestPoolChoice(t *testing.T) {
	const (
		open      = "pool open 198.51.100.1\n"
		byName    = "pool byname 198.51.100.2 ns=test\n"
		byLabel   = "pool bylabel 198.51.100.3 nslabel=team:blue priority=20\n"
		first     = "pool first 198.51.100.4 ns=test priority=10\n"
		bySvc     = "pool bysvc 198.51.100.5 svclabel=tier:front priority=5\n"
		everybody = "pool everybody 198.51.100.6 everybody priority=50\n"
		both      = "pool both 198.51.100.7 ns=other svclabel=tier:front priority=1\n"
		nobody    = "pool nobody 198.51.100.8 nslabel=team:green\n"
	)
	for _, c := range []struct{ name, in, want string }{
		{"open", open + "a", "198.51.100.1"},
		{"by namespace before open", open + byName + "a", "198.51.100.2"},
		{"not the namespace", open + byName + "a ns=other", "198.51.100.1"},
		{"by the namespace's labels", open + byLabel + "a", "198.51.100.3"},
		{"a number before none, the lower first", open + byName + byLabel + first + "a", "198.51.100.4"},
		{"by the Service's labels", open + first + bySvc + "a label=tier:front", "198.51.100.5"},
		{"not by other labels", open + bySvc + "a label=tier:back", "198.51.100.1"},
		{"{} is everybody's, before absent", open + everybody + "a", "198.51.100.6"},
		{"namespace and labels must both fit", open + both + "a label=tier:front", "198.51.100.1"},
		{"and do", open + both + "a ns=other label=tier:front", "198.51.100.7"},
		{"pinned full: the next", open + first + byLabel + "x ip=198.51.100.4\na", "198.51.100.3"},
		{"pinned full: open", open + first + "x ip=198.51.100.4\na", "198.51.100.1"},
		{"a selector of namespaces that matches none pins nobody", nobody + "a", "pool-for-nobody: nobody"},
		{"but gives to who asks (code)", nobody + "a pool=nobody", "198.51.100.8"},
		{"why not each", byName + bySvc + "a ns=other", "pool-for-namespaces: byname, test, other; pool-for-services: bysvc, tier=front, other/a"},
		{"asked for in vain", byName + "a ns=other pool=byname", "pool-for-namespaces: byname, test, other"},
		{"its address asked for in vain", byName + "a ns=other want=198.51.100.2", "pool-for-namespaces: byname, test, other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := snapshot(c.in)
			if got := outcome(t, s, Allocate(s), "a"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A dump in which somebody has just changed one of two sharers: MetalLB takes
// the address from the younger and looks for another.
func TestLoses(t *testing.T) {
	for _, c := range []struct{ name, in, want, why string }{
		{"policy", small + "a key=k ip=198.51.100.16\nb key=k 81 Local ip=198.51.100.16", "198.51.100.17", "share-policies-differ: 198.51.100.16, test/b, test/a, Local, Cluster"},
		{"key, pinned to the address", small + "a key=k ip=198.51.100.16\nb key=j 81 want=198.51.100.16 ip=198.51.100.16", "", "share-keys-differ: 198.51.100.16, test/b, test/a, j, k"},
		{"pool gone", small + "b ip=192.0.2.1", "198.51.100.16", "pending-no-pool-holds: 192.0.2.1, p 198.51.100.16-198.51.100.17"},
		{"another address asked for", small + "b ip=198.51.100.16 want=198.51.100.17", "198.51.100.17", "request-changed: test/b, 198.51.100.17, 198.51.100.16"},
		{"a request that makes no sense leaves it be", small + "b ip=198.51.100.16 want=198.51.100.17 spec=198.51.100.17", "198.51.100.16", ""},
		{"but not where a pool refuses", "pool p 198.51.100.16 ns=other\nb ip=198.51.100.16 want=198.51.100.17 spec=198.51.100.17", "", "pool-for-namespaces: p, other, test"},
		{"a request of one family for a Service of two", small + "b dual ip=198.51.100.16 want=198.51.100.17", "", "request-changed: test/b, 198.51.100.17, 198.51.100.16"},
		{"nothing", small + "a key=k ip=198.51.100.16\nb key=k 81 ip=198.51.100.16", "198.51.100.16", ""},
		{"alone: it may change what it likes", small + "b key=k Local ip=198.51.100.16", "198.51.100.16", ""},
		{"another controller's", small + "b class=x/y ip=192.0.2.1", "192.0.2.1", ""},
	} {
		s := snapshot(c.in)
		b := &s.Services[len(s.Services)-1]
		r := Allocate(s).Of(b)
		why := ""
		if len(r.Why) > 0 {
			why = r.Why[0].String()
		}
		if words(r.Addresses) != c.want || why != c.why || r.Loses() != (c.why != "") {
			t.Errorf("%s: %v, loses %v, because %v; want %s because %s", c.name, r.Addresses, r.Loses(), r.Why, c.want, c.why)
		}
		if Allocate(s).WhyPending(b) != nil {
			t.Errorf("%s: a Service with an address is pending", c.name)
		}
	}
}

// allocator.go, Assign: "can't change sharing key ..., address also in use by" is what
// the Service is told that changed. Each line is what was, and what is.
func TestAllocateAfter(t *testing.T) {
	const a, b = "a key=k ip=198.51.100.16 at=2026-01-01", "b key=k 81 ip=198.51.100.16 at=2026-02-02"
	for _, c := range []struct{ name, was, is, loses string }{
		{"the older becomes Local", a + "\n" + b, a + " Local\n" + b, "a"},
		{"the younger becomes Local", a + "\n" + b, a + "\n" + b + " Local", "b"},
		{"another key", a + "\n" + b, strings.Replace(a, "key=k", "key=j", 1) + "\n" + b, "a"},
		{"another port", a + " 80\n" + b, a + " 80 81\n" + b, "a"},
		{"another selector under Local", "a key=k Local sel=x:y ip=198.51.100.16\nb key=k 81 Local sel=x:y ip=198.51.100.16", "a key=k Local sel=x:z ip=198.51.100.16\nb key=k 81 Local sel=x:y ip=198.51.100.16", "a"},
		{"it was no load balancer's address before", "a key=k\nb 81 ip=198.51.100.16", "a key=k ip=198.51.100.16\nb 81 ip=198.51.100.16", "a"},
		{"one that was not there", b, a + " Local\n" + b, "a"},
		{"nothing", a + "\n" + b, a + "\n" + b, ""},
		{"both: as without knowing", a + "\n" + b, a + " Local\n" + b + " Local", "b"},
	} {
		was, is := snapshot(c.was), snapshot(c.is)
		table := AllocateAfter(is, func(svc *cluster.Service) *cluster.Service {
			for i := range was.Services {
				if was.Services[i].Name == svc.Name {
					return &was.Services[i]
				}
			}
			return nil
		})
		var got []string
		for i := range is.Services {
			if table.Of(&is.Services[i]).Loses() {
				got = append(got, is.Services[i].Name)
			}
		}
		if strings.Join(got, " ") != c.loses {
			t.Errorf("%s: %q loses, want %q", c.name, got, c.loses)
		}
	}
}

// What nothing stands in the way of is said so, with the address.
func TestWhyPending(t *testing.T) {
	s := snapshot(small + "a")
	got := Allocate(s).WhyPending(&s.Services[0])
	if want := flow.Because(flow.CodePendingAllocatable, "test/a", "198.51.100.16", "p"); len(got) != 1 || !got[0].Equal(want) {
		t.Errorf("got %v, want %s", got, want)
	}
	named := svc("a")
	named.Ingress = []cluster.Ingress{{Hostname: "lb.example"}}
	if Pending(&named) {
		t.Error("a Service known by a name is pending")
	}
}

// The size of a pool in every form of range: counted by hand.
func TestPoolSize(t *testing.T) {
	for _, c := range []struct {
		pool string
		v6   bool
		want uint64
	}{
		{"p 198.51.100.16-198.51.100.31", false, 16},
		{"p 198.51.100.0-198.51.100.255", false, 256},
		{"p 198.51.100.0-198.51.100.255 avoid", false, 254},
		{"p 198.51.100.1-198.51.101.254 avoid", false, 508},
		{"p 10.0.0.0-10.0.255.255 avoid", false, 65536 - 512},
		{"p 198.51.100.0 198.51.100.255 198.51.100.7 avoid", false, 1},
		{"p 198.51.100.16-198.51.100.31", true, 0},
		{"p 2001:db8::-2001:db8::ff avoid", true, 256},
		{"p 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true, 1<<64 - 1},
	} {
		p := newPoolOf(c.pool)
		if got := newPool(&p, &cluster.Snapshot{}).size(c.v6); got != c.want {
			t.Errorf("%s: %d, want %d", c.pool, got, c.want)
		}
	}
}

// random makes a cluster whose Services fight for few addresses.
func random(seed uint64) *cluster.Snapshot {
	r := rand.New(rand.NewPCG(seed, 1))
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	text := "pool p 198.51.100.16-198.51.100.18" + one("", " avoid", " everybody", " ns=other priority=1") + "\n" +
		"pool q 192.0.2.0-192.0.2.1" + one("", " manual", " avoid", " svclabel=t:f", " nslabel=team:blue")
	for i := range 2 + r.IntN(6) {
		text += fmt.Sprintf("\ns%d ns=%s %d%s", i, one("test", "other"), 80+r.IntN(3), one("", "/udp"))
		text += one("", "", " key=k", " key=k", " key=j", " oldkey=k") + one("", "", " Local", " Local sel=a:b", " Local sel=")
		text += one("", "", "", " ip=198.51.100.16", " ip=198.51.100.17") + one("", "", " want=198.51.100.16", " want=192.0.2.1", " pool=q")
		text += one("", " label=t:f") + fmt.Sprintf(" at=2026-01-%02d", 1+r.IntN(28))
	}
	return snapshot(text)
}

// Never two Services on one address that may not share it; never an address of
// no pool, or one that a pool avoids; and whoever has none is told why.
func TestInvariants(t *testing.T) {
	for seed := range uint64(4000) {
		s := random(seed)
		table := Allocate(s)
		on := map[netip.Addr][]*cluster.Service{}
		for i := range s.Services {
			v := &s.Services[i]
			r := table.Of(v)
			if len(r.Addresses) == 0 && len(r.Why) == 0 {
				t.Fatalf("seed %d: %s has no address and no reason", seed, name(v))
			}
			for _, a := range r.Addresses {
				if table.poolOf([]netip.Addr{a}) == nil {
					t.Fatalf("seed %d: %s has %s, which no pool gives", seed, name(v), a)
				}
				for _, other := range on[a] {
					if ok, why := Share(v, other); !ok {
						t.Fatalf("seed %d: %s", seed, why)
					}
				}
				on[a] = append(on[a], v)
			}
		}
	}
}

// Who was created when decides nothing where the documentation says that two
// Services may share: TCP and UDP of one name server get one address in every
// order (metallb#788); and the order of the input decides nothing at all where
// the times of creation differ.
func TestOrder(t *testing.T) {
	for _, times := range [][2]string{{"2026-01-01", "2026-01-02"}, {"2026-01-02", "2026-01-01"}} {
		s := snapshot(small + "tcp key=k 53 spec=198.51.100.17 at=" + times[0] + "\nudp key=k 53/udp spec=198.51.100.17 at=" + times[1])
		table := Allocate(s)
		if a, b := outcome(t, s, table, "tcp"), outcome(t, s, table, "udp"); a != "198.51.100.17" || b != a {
			t.Errorf("created %v: %s and %s", times, a, b)
		}
	}
	for seed := range uint64(500) {
		s := random(seed)
		for i := range s.Services {
			s.Services[i].Created = fmt.Sprintf("2026-01-%02dT00:00:00Z", i+1)
		}
		forward := state(Allocate(s), s)
		slices.Reverse(s.Services)
		if backward := state(Allocate(s), s); forward != backward {
			t.Fatalf("seed %d: %s, and reversed %s", seed, forward, backward)
		}
	}
}

func state(table *Table, s *cluster.Snapshot) string {
	var all []string
	for i := range s.Services {
		all = append(all, name(&s.Services[i])+" "+words(table.Of(&s.Services[i]).Addresses))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// A large cluster is a matter of milliseconds, also where many share a key.
func BenchmarkAllocate(b *testing.B) {
	s := snapshot("pool p 10.0.0.0-10.0.255.255 avoid\nx")
	for i := range 10000 {
		v := svc(fmt.Sprintf("s%d %d key=k%d", i, 80+i%100, i%500))
		s.Services = append(s.Services, v)
	}
	for b.Loop() {
		Allocate(s)
	}
}
