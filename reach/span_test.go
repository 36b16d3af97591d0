package reach

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// Runs are sets: every operation equals the one on maps.
func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		a, b := map[int32]bool{}, map[int32]bool{}
		for range r.IntN(20) {
			a[r.Int32N(30)] = true
		}
		for range r.IntN(20) {
			b[r.Int32N(30)] = true
		}
		sa, sb := spansOf(a), spansOf(b)
		for name, got := range map[string][]span{"union": union(sa, sb), "intersect": intersect(sa, sb), "minus": minus(sa, sb)} {
			want := map[int32]bool{}
			for n := range int32(30) {
				in := map[string]bool{"union": a[n] || b[n], "intersect": a[n] && b[n], "minus": a[n] && !b[n]}[name]
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
	if got := both.And(Ports{{flow.TCP, 0, 65535}}).String(); got != "22, 8000-8090" {
		t.Error(got)
	}
	if got := AllPorts().Minus(Ports{{flow.TCP, 0, 65535}}).String(); got != "udp, sctp" {
		t.Error(got)
	}
}
