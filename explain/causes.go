package explain

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// maxRounds bounds how many causes may stand one behind the other: a source
// range, an egress policy, an ingress policy, a port nobody listens on.
const maxRounds = 6

// mostAtoms bounds the sets that are tried.
const mostAtoms = 16

// chain collects everything that stops the failing observations in a world,
// also what stands behind what stops them first, and the world without it.
func (g *diagnosing) chain(w *world) ([]*atom, *world) {
	var all []*atom
	open := w
	for range maxRounds {
		fresh := false
		for _, i := range g.failing {
			for _, a := range stops(open.m, g.full.Snapshot, &g.obs[i], &open.looks[i]) {
				k := slices.IndexFunc(all, func(b *atom) bool { return b.key() == a.key() })
				if k >= 0 {
					all[k].absorb(a)
					continue
				}
				all, fresh = append(all, a), true
			}
		}
		if !fresh || len(all) > mostAtoms {
			break
		}
		next, err := g.world(append(slices.Clone(w.edits), undos(all)...)...)
		if err != nil {
			break
		}
		open = next
	}
	return g.byBlame(w, all), open
}

func undos(atoms []*atom) []undo {
	var out []undo
	for _, a := range atoms {
		if a.undo != nil {
			out = append(out, a.undo)
		}
	}
	return out
}

// byBlame orders policies as Culprits does; the others keep their order, which
// is the packet's.
func (g *diagnosing) byBlame(w *world, atoms []*atom) []*atom {
	var denied path.Answer
	for _, i := range g.failing {
		for t := range w.looks[i].traces {
			if t.Fate == flow.DeniedByPolicy {
				denied.Traces = append(denied.Traces, *t)
			}
		}
	}
	order := Culprits(w.m, &denied)
	slices.SortStableFunc(atoms, func(a, b *atom) int {
		i, j := slices.Index(order, a.object), slices.Index(order, b.object)
		if i < 0 || j < 0 {
			return 0
		}
		return i - j
	})
	return atoms
}

// cleared are the failing observations that would succeed without the atoms; ok
// is false where something that worked would not any more.
func (g *diagnosing) cleared(w *world, atoms []*atom) (flipped []int, ok bool) {
	after, err := g.world(append(slices.Clone(w.edits), undos(atoms)...)...)
	if err != nil {
		return nil, false
	}
	for i := range g.obs {
		o := &g.obs[i]
		k := &after.looks[i]
		switch {
		case o.Worked() && w.looks[i].mayConnect() && !k.mayConnect():
			return nil, false
		case !o.Failed() || !w.looks[i].fits(o, false):
		case k.mayConnect() && !o.failsAs(k), g.onlyFixed(after, i, atoms):
			flipped = append(flipped, i)
		}
	}
	return flipped, true
}

// onlyFixed: what still stops the observation is among the atoms, and cannot be
// thought away.
func (g *diagnosing) onlyFixed(w *world, i int, atoms []*atom) bool {
	left := stops(w.m, g.full.Snapshot, &g.obs[i], &w.looks[i])
	if len(left) == 0 {
		return false
	}
	return !slices.ContainsFunc(left, func(a *atom) bool {
		return !slices.ContainsFunc(atoms, func(b *atom) bool { return b.undo == nil && b.key() == a.key() })
	})
}

// causesIn are the causes among the objects of one world: an atom that alone
// explains every failure the world predicts; else the smallest set that does;
// else the atoms that explain a part. The world without any of them comes with
// it.
func (g *diagnosing) causesIn(w *world) ([]Cause, *world) {
	atoms, open := g.chain(w)
	var want []int
	for _, i := range g.failing {
		if w.looks[i].fits(&g.obs[i], false) {
			want = append(want, i)
		}
	}
	if len(atoms) == 0 || len(want) == 0 {
		return nil, open
	}
	var alone, part []Cause
	for _, a := range atoms {
		flipped, ok := g.cleared(w, []*atom{a})
		switch {
		case !ok || len(flipped) == 0:
		case len(flipped) == len(want):
			alone = append(alone, g.cause(w, []*atom{a}, flipped))
		default:
			part = append(part, g.cause(w, []*atom{a}, flipped))
		}
	}
	if len(alone) > 0 {
		return alone, open
	}
	if set, ok := g.smallest(w, atoms, len(want)); ok {
		return []Cause{g.cause(w, set, want)}, open
	}
	return part, open
}

// smallest drops from a set of atoms what it can do without, those to blame last
// first.
func (g *diagnosing) smallest(w *world, atoms []*atom, want int) ([]*atom, bool) {
	enough := func(set []*atom) bool {
		flipped, ok := g.cleared(w, set)
		return ok && len(flipped) == want
	}
	if !enough(atoms) {
		return nil, false
	}
	set := slices.Clone(atoms)
	for i := len(atoms) - 1; i >= 0 && len(atoms) <= mostAtoms; i-- {
		less := slices.DeleteFunc(slices.Clone(set), func(a *atom) bool { return a == atoms[i] })
		if len(less) > 0 && enough(less) {
			set = less
		}
	}
	return set, true
}

func (g *diagnosing) cause(w *world, set []*atom, flipped []int) Cause {
	first := set[0]
	c := Cause{Kind: first.kind, Reason: first.reason, Because: first.because, Origins: first.origins}
	var names []string
	policies := true
	for _, a := range set {
		policies = policies && a.kind == CausePolicy
		if !a.object.IsZero() && !slices.Contains(c.Objects, a.object) {
			c.Objects = append(c.Objects, a.object)
			names = append(names, a.object.String())
		}
	}
	if len(set) > 1 {
		c.Kind, c.Because, c.Origins = CauseSeveral, nil, nil
		c.Reason = flow.Because(flow.CodeCauseSeveral, strings.Join(names, ", "))
		if policies {
			c.Reason.Code = flow.CodeCausePolicies
		}
		for _, a := range set {
			if a.kind == CausePolicy {
				c.Because = flow.Merge(c.Because, a.because[min(1, len(a.because)-1):])
			} else {
				c.Because = append(c.Because, a.reason)
			}
			c.Origins = append(c.Origins, a.origins...)
		}
	}
	g.measure(&c, w, flipped)
	c.expects = g.foretell(w)
	return c
}

// measure says which observations a cause explains: the failures it stands
// behind, and the successes its world predicts.
func (g *diagnosing) measure(c *Cause, w *world, flipped []int) {
	for i := range g.obs {
		o := &g.obs[i]
		fits := w.looks[i].fits(o, false)
		switch {
		case fits && (!o.Failed() || slices.Contains(flipped, i)):
			c.Explains = append(c.Explains, i)
		case !fits && o.Worked() && !w.looks[i].mayConnect(), !fits && w.looks[i].fits(o, true):
			c.Contradicts = append(c.Contradicts, i)
		}
	}
}

// foretell is what a world says about places nobody asked from yet.
func (g *diagnosing) foretell(w *world) func(*Observation) expectation {
	return func(o *Observation) expectation {
		k, err := g.foresee(w.m, o)
		switch {
		case err != nil || k.unknown:
			return eitherWay
		case k.connects():
			return expectsConnected
		case !k.mayConnect():
			return expectsFailure
		}
		return eitherWay
	}
}

// unknowns are what the model does not understand and what may decide a failure.
func (g *diagnosing) unknowns(w *world) []Cause {
	var c Cause
	for i := range g.obs {
		if !w.looks[i].unknown {
			continue
		}
		c.Explains = append(c.Explains, i)
		for t := range w.looks[i].traces {
			if t.Fate == flow.Unknown {
				last := lastDecision(t)
				c.Because = flow.Merge(c.Because, []flow.Reason{last.Reason})
			}
		}
	}
	if len(c.Because) == 0 {
		return nil
	}
	c.Kind, c.Reason, c.Because = CauseUnknown, c.Because[0], c.Because[1:]
	return []Cause{c}
}
