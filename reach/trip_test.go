package reach

import (
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// A leg ends at its first stop that does not let everything pass: by a denial there,
// or else by a doubt.
func TestEndFor(t *testing.T) {
	end := ending{flow.NotListening, flow.Refused}
	denied, doubt := ending{flow.DeniedByPolicy, flow.Refused}, ending{flow.Unknown, flow.SeenUnknown}
	for _, tt := range []struct {
		name    string
		stops   []int
		answers []match
		want    ending
	}{
		{"nobody asks", nil, nil, end},
		{"all pass", []int{1, 1, 2}, []match{yes, yes, yes}, end},
		{"what was not asked passes", []int{1, 2}, []match{unasked, unasked}, end},
		{"denied at once", []int{1}, []match{no}, denied},
		{"denied behind a stop", []int{1, 2}, []match{yes, no}, denied},
		{"in doubt", []int{1, 2}, []match{yes, perhaps}, doubt},
		{"a denial counts before a doubt beside it", []int{1, 1}, []match{perhaps, no}, denied},
		{"a doubt ends it before a denial behind it", []int{1, 2}, []match{perhaps, no}, doubt},
		{"a denial before a doubt behind it", []int{1, 2}, []match{no, perhaps}, denied},
	} {
		l := leg{fate: end.fate, seen: end.seen}
		for _, n := range tt.stops {
			l.checks = append(l.checks, check{stop: n, denied: denied.seen})
		}
		if got := l.endFor(func(i int) match { return tt.answers[i] }); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Answers are equal if they end alike, and as many of so many ways arrive.
func TestAnswerEqual(t *testing.T) {
	var a Answer
	a.add(flow.Delivered, flow.Connected, 1)
	a.add(flow.DeniedByPolicy, flow.Timeout, 1)
	a.finish([]ending{{flow.Delivered, flow.Connected}, {flow.DeniedByPolicy, flow.Timeout}})
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
