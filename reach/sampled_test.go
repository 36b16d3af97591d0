package reach

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/oracle"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// A question has the same outcomes here, where the packet is walked, and for the
// oracle, which shares no code with either: as compiled, and after each of a
// sequence of changes that the Chart was told of and did not compile anew.
func TestAskEqualsOracle(t *testing.T) {
	t.Parallel()
	s := sampled{T: t, fates: map[flow.Fate]int{}}
	for seed := *firstSeed; s.asked < questions(t); seed++ {
		s.cluster(seed)
	}
	for _, f := range flow.Fates() {
		if f != flow.Unknown && s.fates[f] < s.asked/5000 {
			t.Errorf("%v occurs %d times in %d answers", f, s.fates[f], s.asked)
		}
	}
	if s.v6 < s.asked/4 || s.replaced < s.asked/400 || s.followed < s.asked/400 {
		t.Errorf("of %d questions %d are IPv6, after %d replaced policies and %d new Models", s.asked, s.v6, s.replaced, s.followed)
	}
	t.Logf("%d questions, %d of them IPv6, after %d replaced policies and %d new Models: %v", s.asked, s.v6, s.replaced, s.followed, s.fates)
}

// sampled is one cluster that changes, and its Chart.
type sampled struct {
	*testing.T
	seed                          uint64
	g                             *generate.Tangled // asks about what there was at first
	now                           *cluster.Snapshot
	m                             *model.Model // compiled anew after every change
	c                             *Chart
	asked, v6, replaced, followed int
	fates                         map[flow.Fate]int
}

// cluster asks one random cluster 80 questions.
func (s *sampled) cluster(seed uint64) {
	s.Helper()
	s.seed, s.g = seed, generate.Tangle(generate.Whole, seed)
	s.g.MorePolicies()
	s.m, s.now = compile(s, s.g), s.g.Snapshot
	s.c = Compile(s.m)
	for range 4 {
		for range 20 {
			s.question(s.g.Question())
		}
		s.change()
	}
}

func (s *sampled) question(q generate.Question) {
	s.Helper()
	s.asked++
	if q.To.Addr().Is6() {
		s.v6++
	}
	place, to := placeOf(s.c.m, q)
	var got []string
	for _, l := range s.c.legs(&place.start, to, false) {
		got = append(got, oracle.Outcome{Fate: l.fate, Seen: seen(l.fate, l.seen), Source: arrived(l.fate, l.source)}.String())
	}
	a, err := path.Walk(s.m, path.Question{From: q.From, To: q.Target(), Via: q.Via})
	if err != nil {
		s.Fatalf("seed %d: %v: %v", s.seed, q, err)
	}
	var walked []string
	for i := range a.Traces {
		w := &a.Traces[i]
		walked = append(walked, oracle.Outcome{Fate: w.Fate, Seen: seen(w.Fate, w.Seen), Source: arrived(w.Fate, w.Source)}.String())
	}
	outcomes, err := oracle.Ask(s.now, q.From, q.Via, q.To, q.Protocol)
	if err != nil {
		s.Fatalf("seed %d: %v: %v", s.seed, q, err)
	}
	var naive []string
	for _, o := range outcomes {
		s.fates[o.Fate]++
		naive = append(naive, oracle.Outcome{Fate: o.Fate, Seen: seen(o.Fate, o.Seen), Source: arrived(o.Fate, o.Source)}.String())
	}
	want := once(naive)
	if !slices.Equal(want, once(got)) || !slices.Equal(want, once(walked)) {
		s.Fatalf("seed %d (%s, %s), %d changes: %v\noracle:\n  %s\nWalk:\n  %s\nhere:\n  %s", s.seed, s.m.Profile.Proxy.Name, s.m.Profile.Policy.Name,
			s.replaced+s.followed, q, strings.Join(want, "\n  "), strings.Join(once(walked), "\n  "), strings.Join(once(got), "\n  "))
	}
}

// arrived is the source that the server saw, if it saw any.
func arrived(f flow.Fate, source netip.Addr) netip.Addr {
	if !arrives(f) {
		return netip.Addr{}
	}
	return source
}

func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// seen: of a loop silence and time exceeded are one.
func seen(f flow.Fate, s flow.Seen) flow.Seen {
	if f == flow.Loop {
		return flow.Unreachable
	}
	return s
}

// change replaces a policy, or makes a Model with other Services and policies
// that the Chart follows.
func (s *sampled) change() {
	next := *s.now
	next.NetworkPolicies = slices.Clone(next.NetworkPolicies)
	spare := generate.Tangle(generate.Whole, s.g.Uint64())
	spare.MorePolicies()
	old, young := swap(s.g, &next, spare.Snapshot.NetworkPolicies)
	follow := s.g.IntN(3) == 0
	if follow {
		next.Services, next.EndpointSlices = slices.Clone(next.Services), slices.Clone(next.EndpointSlices)
		mutateServices(s.g, &next)
	}
	m, err := model.Compile(&next)
	if err != nil {
		s.Fatal(err)
	}
	switch {
	case follow:
		s.c = s.c.Follow(m)
		s.followed++
	case old != nil || young != nil:
		s.c, _ = s.c.Replace(old, young)
		s.replaced++
	}
	s.m, s.now = m, &next
}

// swap puts a policy in another's place, adds one, or takes one away. It says
// which; nil is none.
func swap(g *generate.Tangled, s *cluster.Snapshot, spare []cluster.NetworkPolicy) (old, young *cluster.NetworkPolicy) {
	at := g.IntN(len(s.NetworkPolicies) + 1)
	if at < len(s.NetworkPolicies) {
		p := s.NetworkPolicies[at]
		old = &p
	}
	if len(spare) > 0 && (old == nil || g.IntN(3) > 0) {
		p := spare[g.IntN(len(spare))]
		if p.Name += "-x"; old != nil {
			p.Namespace, p.Name = old.Namespace, old.Name
		}
		young = &p
	}
	if old != nil {
		s.NetworkPolicies = slices.Delete(s.NetworkPolicies, at, at+1)
	}
	if young != nil {
		s.NetworkPolicies = append(s.NetworkPolicies, *young)
	}
	return old, young
}

// FuzzAsk does the same with the fuzzer's seeds; each asks 80 questions.
func FuzzAsk(f *testing.F) {
	f.Add(uint64(0))
	f.Fuzz(func(t *testing.T, seed uint64) {
		s := sampled{T: t, fates: map[flow.Fate]int{}}
		if s.cluster(seed); s.asked != 80 {
			t.Errorf("%d questions", s.asked)
		}
	})
}
