package reach

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Each unit is in the one part whose answer is what it meets leg by leg and check by
// check; no part is empty, and no two say the same.
func TestPartition(t *testing.T) {
	const units = 12
	r := rand.New(rand.NewPCG(14, 1))
	parts := 0
	for n := range 6000 {
		p, says := randomTrip(r, units)
		p.ask([]span{{0, units}}, p.order())
		parts += len(p.out)
		in := make([]string, units)
		for i := range p.out {
			o := &p.out[i]
			if len(o.units) == 0 || slices.ContainsFunc(p.out[:i], func(q part) bool { return saysOf(&q.answer) == saysOf(&o.answer) }) {
				t.Fatalf("%d: a part of nobody, or told twice: %+v", n, p.out)
			}
			for u := range int32(units) {
				if has(o.units, u) {
					in[u] += saysOf(&o.answer)
				}
			}
		}
		for u := range in {
			if want := fares(&p, says, u); in[u] != want {
				t.Fatalf("%d: unit %d: %s, one by one %s: %+v", n, u, in[u], want, p.legs)
			}
		}
	}
	if parts < 12000 {
		t.Errorf("only %d parts", parts)
	}
}

// randomTrip is a trip of few legs on which few checks are asked again and again;
// says is what each of those says of each unit.
func randomTrip(r *rand.Rand, units int) (p partitioner, says [][]match) {
	for range 1 + r.IntN(5) {
		c, s := &cut{}, make([]match, units)
		likely := r.IntN(4) // which answer most get
		for u := range s {
			if s[u] = match(likely); likely == 3 || r.IntN(3) == 0 {
				s[u] = match(r.IntN(3))
			}
			c.units[s[u]] = appendSpan(c.units[s[u]], span{int32(u), int32(u) + 1})
		}
		p.cuts, says = append(p.cuts, c), append(says, s)
	}
	stops := 0
	for n := range 1 + r.IntN(4) {
		l := leg{fate: []flow.Fate{flow.Delivered, flow.DeniedByPolicy, flow.DeniedByPolicy, flow.Unknown}[r.IntN(4)], seen: flow.Refused + flow.Seen(r.IntN(2)), count: 1 + r.IntN(2)}
		var at []int
		first, length := 0, r.IntN(5)
		known := r.IntN(2) == 0                // a way that is known: of one leg, whose stops have no numbers
		if n > 0 && !known && r.IntN(2) == 0 { // it comes from some stops of the one before
			checks := p.legs[n-1].checks
			for first = min(length, r.IntN(4)); len(l.checks) < len(checks) && checks[len(l.checks)].stop < first && checks[0].number > 0; {
				at = append(at, p.at[n-1][len(l.checks)])
				l.checks = append(l.checks, checks[len(l.checks)])
			}
		}
		for stop := first; stop < length; stop++ {
			denied := flow.Refused + flow.Seen(r.IntN(2))
			number := 0
			if stops++; !known {
				number = stops
			}
			for range 1 + r.IntN(2) {
				l.checks = append(l.checks, check{stop: stop, denied: denied, number: number, count: min(l.count, 1+stop/3)})
				at = append(at, r.IntN(len(p.cuts)))
			}
		}
		p.legs, p.at = append(p.legs, l), append(p.at, at)
	}
	p.asking = slices.Repeat([]match{unasked}, len(p.cuts))
	return p, says
}

// fares is what one unit is told: a leg ends at the first stop where some check
// denies, else where one is open. What ends where several legs come from is one way,
// and counts as it did there.
func fares(p *partitioner, says [][]match, unit int) string {
	var a Answer
	var fates []flow.Fate
	var told []int
	for i := range p.legs {
		l := &p.legs[i]
		fate, seen, end := l.fate, l.seen, -1
		for j := len(l.checks) - 1; j >= 0; j-- { // the first stop is looked at last
			worst := yes
			for k := range l.checks {
				if l.checks[k].stop == l.checks[j].stop {
					worst = min(worst, says[p.at[i][k]][unit])
				}
			}
			switch {
			case worst == perhaps:
				fate, seen, end = flow.Unknown, flow.SeenUnknown, j
			case worst == no:
				fate, seen, end = flow.DeniedByPolicy, l.checks[j].denied, j
			}
		}
		count := l.count
		if end >= 0 && l.checks[end].number != 0 {
			if slices.Contains(told, l.checks[end].number) {
				continue
			}
			told, count = append(told, l.checks[end].number), l.checks[end].count
		}
		fates = append(fates, fate)
		if !slices.Contains(a.Fates, fate) {
			a.Fates = append(a.Fates, fate)
		}
		if !slices.Contains(a.Seen, seen) {
			a.Seen = append(a.Seen, seen)
		}
		if a.Legs += count; fate == flow.Delivered {
			a.Delivered += count
		}
	}
	slices.Sort(a.Fates)
	slices.Sort(a.Seen)
	a.Verdict = flow.Sum(fates)
	return saysOf(&a)
}

// Parts that are remembered are of trips with the same ways, not only with the same
// questions.
func TestPartitionKept(t *testing.T) {
	s := threeNodes("kube-proxy-iptables", "generic")
	eachItself(s)
	s.NetworkPolicies = []cluster.NetworkPolicy{*only("api1", "")} // nobody gets in
	c := Compile(compileSnapshot(t, s))
	c.unitsOf()
	from, to := podOf(s, "db1"), podOf(s, "api1")
	kind := c.placesOf().kindOf[c.UnitOf(from)]
	for _, tt := range []struct{ numbers, counts [2]int }{
		{[2]int{1, 1}, [2]int{1, 1}}, {[2]int{1, 2}, [2]int{1, 1}}, {[2]int{1, 1}, [2]int{3, 3}}, {[2]int{1, 2}, [2]int{1, 300}}, {[2]int{1, 2}, [2]int{300, 1}}, {[2]int{0, 0}, [2]int{1, 1}},
	} {
		var legs []leg
		for i := range 2 {
			q := policy.Question{Direction: policy.Ingress, Subject: ofPod(to.IPs[0], to), Peer: ofPod(from.IPs[0], from), Protocol: flow.TCP, Port: 80}
			legs = append(legs, leg{fate: flow.Delivered, seen: flow.Connected, count: 900, checks: []check{{Question: q, stop: 1, denied: flow.Timeout, number: tt.numbers[i], count: tt.counts[i]}}})
		}
		want := tt.counts[0]
		switch tt.numbers {
		case [2]int{1, 2}:
			want += tt.counts[1]
		case [2]int{}:
			want = 1800
		}
		parts := c.partition(legs, from, 0, kind)
		if len(parts) != 1 || parts[0].answer.Legs != want || parts[0].answer.Verdict != flow.NotReachable {
			t.Errorf("%v: %+v, want %d ways", tt, parts, want)
		}
	}
}
