package reach

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// A leg ends at its first stop that does not let everything pass: by a denial there,
// or else by a doubt.
func TestEndFor(t *testing.T) {
	end := ending{fate: flow.NotListening, seen: flow.Refused, count: 6}
	denied, doubt := ending{fate: flow.DeniedByPolicy, seen: flow.Refused, count: 6}, ending{fate: flow.Unknown, seen: flow.SeenUnknown, count: 6}
	for _, tt := range []struct {
		name    string
		stops   []int
		answers []match
		ends    int // the stop
		want    ending
	}{
		{"nobody asks", nil, nil, 0, end},
		{"all pass", []int{1, 1, 2}, []match{yes, yes, yes}, 0, end},
		{"what was not asked passes", []int{1, 2}, []match{unasked, unasked}, 0, end},
		{"denied at once", []int{1}, []match{no}, 1, denied},
		{"denied behind a stop", []int{1, 2}, []match{yes, no}, 2, denied},
		{"in doubt", []int{1, 2}, []match{yes, perhaps}, 2, doubt},
		{"a denial counts before a doubt beside it", []int{1, 1}, []match{perhaps, no}, 1, denied},
		{"a doubt ends it before a denial behind it", []int{1, 2}, []match{perhaps, no}, 1, doubt},
		{"a denial before a doubt behind it", []int{1, 2}, []match{no, perhaps}, 1, denied},
	} {
		l := leg{fate: end.fate, seen: end.seen, count: 6}
		for _, n := range tt.stops {
			l.checks = append(l.checks, check{stop: n, denied: denied.seen, count: 2})
		}
		answers := func(i int) match { return tt.answers[i] }
		if got := l.endFor(answers); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		// Where another leg comes from the stops, too, they are what they were there.
		for i := range l.checks {
			l.checks[i].number = 10 + l.checks[i].stop
		}
		if tt.want != end {
			tt.want.count, tt.want.number = 2, 10+tt.ends
		}
		if got := l.endFor(answers); got != tt.want {
			t.Errorf("%s, shared: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Answers are equal if they end alike, and as many of so many ways arrive.
func TestAnswerEqual(t *testing.T) {
	a := sum([]ending{{fate: flow.Delivered, seen: flow.Connected, count: 1}, {fate: flow.DeniedByPolicy, seen: flow.Timeout, count: 1}})
	for _, tt := range []struct {
		name string
		but  func(*Answer)
		want bool
	}{
		{"the same", func(*Answer) {}, true},
		{"twice as many of twice the ways", func(b *Answer) { b.Delivered, b.Legs = 2, 4 }, true},
		{"more of the ways", func(b *Answer) { b.Delivered, b.Legs = 2, 3 }, false},
		{"another end", func(b *Answer) { b.Fates = []flow.Fate{flow.Delivered, flow.NoRoute} }, false},
		{"something else is seen", func(b *Answer) { b.Seen = []flow.Seen{flow.Connected, flow.Refused} }, false},
	} {
		b := a
		tt.but(&b)
		if a.equal(&b) != tt.want || b.equal(&a) != tt.want {
			t.Errorf("%s: not %v", tt.name, tt.want)
		}
	}
}

// Nobody, and a pod that policies are not about, is no unit.
func TestUnitAt(t *testing.T) {
	var w worstCase
	w.pods(3, func(i int, p *cluster.Pod) { p.HostNetwork = i == 1 })
	w.s.Pods[2].IPs = nil
	c := Compile(compileSnapshot(t, &w.s))
	c.onlyUnits()
	elsewhere := cluster.Pod{Meta: cluster.Meta{Namespace: "b", Name: "p0"}, IPs: w.s.Pods[0].IPs}
	for p, want := range map[*cluster.Pod]int32{nil: -1, &w.s.Pods[0]: 0, &w.s.Pods[1]: -1, &w.s.Pods[2]: -1, &elsewhere: -1} {
		if got := c.unitAt(p); got != want {
			t.Errorf("%v is unit %d, want %d", p, got, want)
		}
	}
}

// tripCases are clients that show their address, or that of a node: with a pod that
// is let in, and is at an address outside.
var tripCases = []entryCase{
	{name: "clients show their address", nodes: 2, local: true, pods: []int{0, 1}, lets: [][]string{{"203.0.113.1/32"}, {"203.0.113.2/32"}}, others: []string{"192.168.0.15"}},
	{name: "nodes are let in", nodes: 3, pods: []int{0, 1}, lets: [][]string{{"172.16.0.14/31"}, {"172.16.0.15/32"}}, others: []string{"192.168.0.15"}},
	{name: "nodes are kept out", nodes: 3, pods: []int{0, 1}, lets: [][]string{{"203.0.113.0/24"}, {"172.16.0.13/32"}}, others: []string{"192.168.0.15"}},
}

func (e *entryCase) fronts(t *testing.T, clients ...string) *fronts {
	t.Helper()
	s := e.snapshot()
	for _, a := range clients {
		s.Fabric.Clients = append(s.Fabric.Clients, cluster.Client{Name: "at-" + a, Addresses: []netip.Addr{netip.MustParseAddr(a)}})
	}
	f := &fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
	f.c = Compile(f.m)
	return f
}

// Who asked before does not matter: clients fare as Walk says after pods have asked,
// and behind nodes that stand for them.
func TestTripsOneAfterTheOther(t *testing.T) {
	for _, tt := range tripCases {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.fronts(t, "203.0.113.1", "203.0.113.2")
			f.cluster()
			if f.verdicts[flow.NotReachable]+f.verdicts[flow.Depends] == 0 || f.verdicts[flow.Reachable] == 0 {
				t.Errorf("%v", f.verdicts)
			}
		})
	}
}

// A client with the address of a pod is that pod to policies.
func TestTripsFromThePodsAddress(t *testing.T) {
	for _, tt := range tripCases {
		t.Run(tt.name, func(t *testing.T) {
			f, asked := tt.fronts(t, "192.168.0.15"), 0
			for front := range f.c.Fronts {
				for i := range front.Outside {
					if o := &front.Outside[i]; len(o.Clients) > 0 && front.Kind != service.NodePort {
						to, _ := f.target(front, "")
						f.compare(front, "external/at-192.168.0.15", to, "", []*Answer{&o.Answer})
						asked++
					}
				}
			}
			if asked != 2 {
				t.Errorf("%d asked", asked)
			}
		})
	}
}
