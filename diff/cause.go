package diff

import (
	"slices"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

// level is how well a question is answered: the more, the better.
type level uint8

const (
	levelNo level = iota
	levelUnknown
	levelSome
	levelYes
)

func levelOf(v flow.Verdict) level {
	switch v {
	case flow.Reachable:
		return levelYes
	case flow.Depends:
		return levelSome
	case flow.VerdictUnknown:
		return levelUnknown
	case flow.NotReachable:
	}
	return levelNo
}

// witness is one question that shows what was lost or gained.
type witness struct {
	touched
	was, now level
	// ask puts the question to a version of the part.
	ask func(c *reach.Chart) level
}

func (w *witness) shows(got level) bool {
	if w.now < w.was {
		return got < w.was
	}
	return got > w.was
}

// Bounds of the search, so that a version in which everything differs takes no
// longer than one may wait.
const (
	mostTries  = 96 // versions compiled for one witness
	mostCauses = 4  // that would each be enough
	mostWhole  = 2000
)

// explain finds the objects that took or gave what the witness shows.
func (x *comparison) explain(w *witness, l *Loss) {
	if x.beyond {
		return
	}
	if o := x.only(); o != nil {
		l.Causes = [][]*Object{{o}}
		return
	}
	if x.enough(&w.touched) {
		return
	}
	p := x.partOf(&w.touched)
	if len(p.touch) == 0 || !x.answersAlike(p, w) {
		if len(x.s[0].Pods)+len(x.s[1].Pods) > mostWhole {
			return
		}
		if p = x.whole(); !x.answersAlike(p, w) {
			return
		}
	}
	t := trial{p: p, w: w, left: mostTries}
	rest := p.touch
	for t.try(rest) && len(l.Causes) < mostCauses {
		set, ok := t.remembered(x.known, rest)
		if !ok {
			if set, ok = t.fewest(rest); !ok {
				break
			}
			x.known = append(x.known, set)
		}
		l.Causes = append(l.Causes, x.named(set))
		rest = without(rest, set)
	}
	l.More = t.try(rest) || t.left <= 0
}

// answersAlike: what the part says of both versions is what they say whole.
func (x *comparison) answersAlike(p *part, w *witness) bool {
	for v, want := range [2]level{w.was, w.now} {
		set := []int{}
		if v == 1 {
			set = p.touch
		}
		c := p.with(set)
		if c == nil || w.ask(c) != want {
			return false
		}
	}
	return true
}

// whole is all of both versions as a part.
func (x *comparison) whole() *part {
	if x.all == nil {
		x.all = &part{x: x, charts: map[string]*reach.Chart{}}
		for v := range x.s {
			x.all.s[v] = *x.s[v]
		}
		for i := range x.changed {
			x.all.touch = append(x.all.touch, i)
		}
	}
	return x.all
}

func (x *comparison) named(set []int) []*Object {
	out := make([]*Object, len(set))
	for i, n := range set {
		out[i] = x.changed[n]
	}
	return out
}

func without(all, some []int) []int {
	return slices.DeleteFunc(slices.Clone(all), func(n int) bool { return slices.Contains(some, n) })
}

// trial tries versions of a part for a witness.
type trial struct {
	p    *part
	w    *witness
	left int
}

// try reports whether the old version shows what the witness does once these
// objects are as in the new one.
func (t *trial) try(set []int) bool {
	if t.left--; t.left < 0 || len(set) == 0 {
		return false
	}
	c := t.p.with(set)
	return c != nil && t.w.shows(t.w.ask(c))
}

// remembered is a set that explained another witness, if it explains this one:
// enough by itself, and no less is.
func (t *trial) remembered(known [][]int, among []int) ([]int, bool) {
	for _, set := range known {
		if len(set) == 1 && slices.Contains(among, set[0]) && t.try(set) {
			return set, true
		}
	}
	return nil, false
}

// fewest is a set of which no part shows what the witness does, found by halving
// (Junker, "QuickXplain", AAAI 2004). It reports false where the search ran out, or
// where what is left is no cause after all.
func (t *trial) fewest(all []int) ([]int, bool) {
	set := t.narrow(nil, false, all)
	slices.Sort(set)
	if t.left <= 0 || len(set) == 0 || !t.try(set) {
		return nil, false
	}
	for i := 0; len(set) > 1 && i < len(set); {
		if less := without(set, set[i:i+1]); t.try(less) {
			set = less
			continue
		}
		i++
	}
	return set, t.left > 0
}

func (t *trial) narrow(given []int, grown bool, all []int) []int {
	if grown && t.try(ordered(given)) {
		return nil
	}
	if len(all) <= 1 {
		return all
	}
	half := len(all) / 2
	b := t.narrow(join(given, all[:half]), true, all[half:])
	a := t.narrow(join(given, b), len(b) > 0, all[:half])
	return join(a, b)
}

func join(a, b []int) []int { return append(slices.Clone(a), b...) }

func ordered(set []int) []int {
	out := slices.Clone(set)
	slices.Sort(out)
	return out
}
