package policy

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// ends are ports at either end, where ranges begin and end.
var ends = []uint16{0, 1, 2, 3, 4, 5, 65531, 65532, 65533, 65534, 65535}

// probes are those and, for all that lies between, two more.
var probes = append(slices.Clone(ends), 6, 65530)

// A union is told in as few ranges as possible, in order, and holds what its parts
// do.
func TestMergeSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 31))
	for range 5000 {
		var parts []span
		for range r.IntN(6) {
			parts = append(parts, randomSpan(r))
		}
		whole := portSet{spans: mergeSpans(slices.Clone(parts))}
		for i, x := range whole.spans {
			for _, y := range whole.spans[:i] {
				if y.protocol > x.protocol || y.protocol == x.protocol && int(y.last)+1 >= int(x.first) {
					t.Fatalf("%v: %v", parts, whole.spans)
				}
			}
		}
		for _, n := range probes {
			for _, p := range []flow.Protocol{flow.TCP, flow.UDP} {
				if want := (&portSet{spans: parts}).has(p, n); whole.has(p, n) != want {
					t.Fatalf("%v: %v: %s %d %v", parts, whole.spans, p, n, want)
				}
			}
		}
	}
}

// A set holds another if every port of that one is in it; a name is any port but
// 0, or the same name.
func TestPortSetHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 31))
	counts := map[bool]int{}
	for range 20000 {
		a, b := smallSet(r), smallSet(r)
		want := !b.every
		for _, x := range b.spans {
			for _, n := range probes {
				if x.first <= n && n <= x.last && !a.has(x.protocol, n) {
					want = false
				}
			}
		}
		for _, x := range b.names {
			same := slices.ContainsFunc(a.names, func(n Port) bool { return n.Name == x.Name && n.Protocol == x.Protocol })
			for _, n := range probes[1:] {
				if !same && !a.has(x.Protocol, n) {
					want = false
				}
			}
		}
		want = want || a.every
		counts[want]++
		if got := a.holds(&b); got != want {
			t.Fatalf("%+v holds %+v: %v, want %v", a, b, got, want)
		}
	}
	if counts[true] < 1000 || counts[false] < 1000 {
		t.Errorf("%v", counts)
	}
}

func (s *portSet) has(p flow.Protocol, port uint16) bool {
	return slices.ContainsFunc(s.spans, func(x span) bool { return x.protocol == p && x.first <= port && port <= x.last })
}

// randomSpan begins and ends at either end.
func randomSpan(r *rand.Rand) span {
	x := span{pick(r, flow.TCP, flow.UDP), pick(r, ends...), pick(r, ends...)}
	if x.first, x.last = min(x.first, x.last), max(x.first, x.last); r.IntN(3) == 0 {
		x.first, x.last = pick[uint16](r, 0, 1, 2), pick[uint16](r, 65534, 65535)
	}
	return x
}

func smallSet(r *rand.Rand) portSet {
	s := portSet{every: r.IntN(12) == 0}
	for range r.IntN(4) {
		s.spans = append(s.spans, randomSpan(r))
	}
	s.spans = mergeSpans(s.spans)
	for range r.IntN(3) {
		s.names = append(s.names, Port{Protocol: pick(r, flow.TCP, flow.UDP), Name: pick(r, "http", "dns")})
	}
	return s
}

// A name is told unless every port that it may stand for is opened anyway, and once.
func TestPortsOfNames(t *testing.T) {
	name := Port{Protocol: flow.TCP, Name: "http"}
	for _, tt := range []struct {
		beside Port
		want   string
	}{
		{Port{Protocol: flow.TCP}, "TCP 0-0"},
		{Port{Protocol: flow.TCP, First: 1, Last: 65535}, "TCP 1-65535"},
		{Port{Protocol: flow.TCP, First: 2, Last: 65535}, "TCP 2-65535, TCP 0-0 http"},
		{Port{Protocol: flow.TCP, First: 1, Last: 65534}, "TCP 1-65534, TCP 0-0 http"},
		{Port{Protocol: flow.UDP}, "UDP 0-0, TCP 0-0 http"},
		{name, "TCP 0-0 http"},
		{Port{Protocol: flow.UDP, Name: "http"}, "TCP 0-0 http, UDP 0-0 http"},
	} {
		for _, ports := range [][]Port{{name, tt.beside}, {tt.beside, name}} {
			set, missing := portsOf(&Rule{Ports: ports}, Egress)
			wantText(t, portsText(ports), portsText(set.list()), tt.want)
			if missing != nil {
				t.Errorf("%v are the other end's", missing)
			}
		}
	}
}
