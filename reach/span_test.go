package reach

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Runs are sets: every operation equals the one on maps.
func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 700 {
		a, b := map[int32]bool{}, map[int32]bool{}
		most := 30 + r.Int32N(80)
		for range r.IntN(60) {
			a[r.Int32N(most)] = true
		}
		for range r.IntN(1 + r.IntN(60)) {
			b[r.Int32N(most)] = true
		}
		sa, sb := spansOf(a), spansOf(b)
		ca, cb := slices.Clone(sa), slices.Clone(sb)
		for name, got := range map[string][]span{
			"union": union(sa, sb), "all": unionAll([][]span{sa, sb, sa, sb, sb}[:2+r.IntN(4)]), "intersect": intersect(sa, sb), "either": intersect2(sa, sb), "minus": minus(sa, sb),
		} {
			want := map[int32]bool{}
			for n := range most {
				in := map[string]bool{"union": a[n] || b[n], "all": a[n] || b[n], "intersect": a[n] && b[n], "either": a[n] && b[n], "minus": a[n] && !b[n]}[name]
				if in {
					want[n] = true
				}
				if has(got, n) != in {
					t.Fatalf("%s of %v and %v is %v: %d", name, sa, sb, got, n)
				}
			}
			if !slices.Equal(got, spansOf(want)) || count(got) != len(want) {
				t.Fatalf("%s of %v and %v is %v, want %v", name, sa, sb, got, spansOf(want))
			}
		}
		if !slices.Equal(sa, ca) || !slices.Equal(sb, cb) {
			t.Fatalf("%v and %v were written into", ca, cb)
		}
	}
	if unionAll(nil) != nil {
		t.Error("the union of nothing")
	}
}

// A set has its numbers once, whatever the order they come in, and tells its runs
// until somebody has enough.
func TestSetOf(t *testing.T) {
	s := SetOf([]Unit{7, 3, 4, 3, 9, 8})
	var got [][2]Unit
	for first, last := range s.Runs {
		got = append(got, [2]Unit{first, last})
	}
	if !slices.Equal(got, [][2]Unit{{3, 4}, {7, 9}}) || s.Len() != 5 {
		t.Errorf("%v, %d units", got, s.Len())
	}
	for first := range s.Runs {
		if first != 3 {
			t.Errorf("went on to %d", first)
		}
		break
	}
	for n := range s.All {
		if n != 3 {
			t.Errorf("went on to %d", n)
		}
		break
	}
	if all := (Ports{{flow.TCP, 1, 2}}); !(&Line{Asked: all, All: all}).Whole() || (&Line{Asked: all, Some: all}).Whole() || (&Line{Some: all}).None() || (&Line{Perhaps: all}).None() || !(&Line{Asked: all}).None() {
		t.Error("whole and none")
	}
}

// Ranges are sets of addresses.
func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	at := func(i int) netip.Addr {
		if i < 16 {
			return netip.AddrFrom4([4]byte{255, 255, 255, byte(240 + i)}) // up to the last there is
		}
		return netip.AddrFrom16([16]byte{15: byte(i - 16)}) // from the first
	}
	list := func() (out []policy.Range) {
		for range r.IntN(4) {
			first := r.IntN(32)
			last := first + r.IntN(6)
			if first < 16 {
				last = min(last, 15)
			}
			out = append(out, policy.Range{First: at(first), Last: at(min(last, 31))})
		}
		return policy.MergeRanges(out)
	}
	for range 2000 {
		a, b := list(), list()
		both, rest := commonRanges(a, b), withoutRanges(a, b)
		for i := range 32 {
			x := at(i)
			inA, inB := inRanges(a, x), inRanges(b, x)
			if inRanges(both, x) != (inA && inB) || inRanges(rest, x) != (inA && !inB) {
				t.Fatalf("%v and %v: %v in both, %v not in the other: %v", a, b, both, rest, x)
			}
			for f := range family(2) {
				if inRanges(ofFamilyRanges(a, f), x) != (inA && familyOf(x) == f) {
					t.Fatalf("of family %d of %v: %v", f, a, ofFamilyRanges(a, f))
				}
			}
		}
		if !slices.Equal(both, policy.MergeRanges(slices.Clone(both))) || !slices.Equal(rest, policy.MergeRanges(slices.Clone(rest))) {
			t.Fatalf("%v and %v: %v, %v", a, b, both, rest)
		}
		if slices.ContainsFunc(slices.Concat(both, rest), func(r policy.Range) bool { return r.Last.Less(r.First) || r.First.BitLen() != r.Last.BitLen() }) {
			t.Fatalf("%v and %v: %v, %v: nothing is in one of them", a, b, both, rest)
		}
	}
}

func spansOf(m map[int32]bool) []span {
	var list []int32
	for n := range m {
		list = append(list, n)
	}
	slices.Sort(list)
	return runs(list)
}

func TestPorts(t *testing.T) {
	ssh, web := Ports{{flow.TCP, 22, 22}}, Ports{{flow.TCP, 8000, 8090}, {flow.UDP, 53, 53}}
	both := ssh.Union(web)
	if got := both.String(); got != "22, 8000-8090, 53/udp" {
		t.Error(got)
	}
	if got := AllPorts().Minus(both).Union(both); !got.IsAll() || got.String() != "all" {
		t.Error(got)
	}
	if got := (Ports{{flow.TCP, 0, 5}, {flow.UDP, 7, 65535}}).String(); got != "0-5, 7-65535/udp" {
		t.Error(got)
	}
	if got := (Ports{}).String() + Ports(nil).String(); got != "nonenone" {
		t.Error(got)
	}
	if got := both.And(Ports{{flow.TCP, 0, 65535}}).String(); got != "22, 8000-8090" {
		t.Error(got)
	}
	if got := AllPorts().Minus(Ports{{flow.TCP, 0, 65535}}).String(); got != "udp, sctp" {
		t.Error(got)
	}
}

// A run that holds nothing adds nothing.
func TestAppendSpan(t *testing.T) {
	list := []span{{3, 5}}
	for _, empty := range []span{{7, 7}, {8, 6}} {
		if got := appendSpan(slices.Clone(list), empty); !slices.Equal(got, list) {
			t.Errorf("%v and %v: %v", list, empty, got)
		}
		if got := appendSpan(nil, empty); len(got) > 0 {
			t.Errorf("%v alone: %v", empty, got)
		}
	}
}
