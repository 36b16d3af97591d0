package nft

import (
	"slices"
	"strings"
)

// Diff is what makes a kernel that holds old hold next. old may be nil: nothing of
// ours is there yet, or it is to be replaced whole.
func Diff(old, next *Program) Change {
	if old == nil || !alikeTables(old, next) {
		return whole(next)
	}
	var c Change
	for i, t := range next.Tables {
		c.Before += growth(old.Tables[i], t)
		c.Ops = append(c.Ops, changes(old.Tables[i], t)...)
	}
	return c
}

// whole replaces everything.
func whole(p *Program) Change {
	c := Change{Before: p.Skeleton(), After: p.open()}
	for _, t := range p.Tables {
		c.Ops = append(c.Ops, changes(&Table{Family: t.Family}, t)...)
	}
	return c
}

// alikeTables reports whether two programs have the same families and the same
// fixed chains, so that one can become the other step by step.
func alikeTables(a, b *Program) bool {
	return slices.EqualFunc(a.Tables, b.Tables, func(x, y *Table) bool {
		return x.Family == y.Family && slices.EqualFunc(x.fixed(), y.fixed(), func(c, d *Chain) bool {
			return c.Name == d.Name && c.Hook == d.Hook && slices.Equal(c.Rules, d.Rules)
		})
	})
}

// changes compares two tables part by part. Rows of new sets come first to last,
// in the order of the sets' declaration, which is from what is looked up last to
// what is looked up first; rows that go, the other way round.
func changes(old, next *Table) []Op {
	ops := diffed{family: next.Family, adds: map[string][]Op{}, deletes: map[string][]Op{}}
	// Parts mostly stay in their places.
	var olds, news []*part
	for i := range max(len(old.parts), len(next.parts)) {
		if i < len(old.parts) && i < len(next.parts) && old.parts[i] == next.parts[i] {
			continue
		}
		if i < len(old.parts) {
			olds = append(olds, old.parts[i])
		}
		if i < len(next.parts) {
			news = append(news, next.parts[i])
		}
	}
	was := map[string]*part{}
	for _, p := range olds {
		was[p.name] = p
	}
	for _, p := range news {
		if before := was[p.name]; before != p {
			ops.compare(before, p)
		}
		delete(was, p.name)
	}
	for _, p := range olds {
		if was[p.name] != nil {
			ops.compare(p, nil)
		}
	}
	return ops.inOrder(next.Sets)
}

// diffed collects operations by set.
type diffed struct {
	family  Family
	adds    map[string][]Op // replacements too: Delete, then add
	deletes map[string][]Op
}

// compare notes what makes one part another; either may be nil.
func (d *diffed) compare(old, next *part) {
	type at struct{ set, key, end string }
	before := map[at]row{}
	if old != nil {
		for _, r := range old.rows {
			before[at{r.set.Name, r.element.Key, r.element.End}] = r
		}
	}
	if next != nil {
		for _, r := range next.rows {
			k := at{r.set.Name, r.element.Key, r.element.End}
			if b, there := before[k]; there {
				delete(before, k)
				if b.element.Data == r.element.Data && b.element.Comment == r.element.Comment {
					continue
				}
				d.adds[k.set] = append(d.adds[k.set], Op{Delete: true, Family: d.family, Set: r.set, Element: b.element})
			}
			d.adds[k.set] = append(d.adds[k.set], Op{Family: d.family, Set: r.set, Element: r.element})
		}
	}
	if old == nil {
		return
	}
	for _, r := range old.rows {
		k := at{r.set.Name, r.element.Key, r.element.End}
		if _, gone := before[k]; gone {
			d.deletes[k.set] = append(d.deletes[k.set], Op{Delete: true, Family: d.family, Set: r.set, Element: r.element})
		}
	}
}

// inOrder is adds, then deletes. Of ranges the deletes come first, since the
// kernel takes no range that overlaps another.
func (d *diffed) inOrder(sets []*Set) []Op {
	var ops []Op
	for _, s := range sets {
		d.moved(s.Name)
		if s.Interval {
			ops = append(ops, d.deletes[s.Name]...)
			delete(d.deletes, s.Name)
		}
		ops = append(ops, d.adds[s.Name]...)
	}
	for _, s := range slices.Backward(sets) {
		ops = append(ops, d.deletes[s.Name]...)
	}
	return ops
}

// moved finds the keys that go from one part to another: two Services claim an
// address, and now the other one has it. They are replaced in their place.
func (d *diffed) moved(set string) {
	if len(d.adds[set]) == 0 || len(d.deletes[set]) == 0 {
		return
	}
	type at struct{ key, end string }
	gone := map[at]Op{}
	for _, op := range d.deletes[set] {
		gone[at{op.Element.Key, op.Element.End}] = op
	}
	var adds []Op
	replaced := map[at]bool{}
	for _, op := range d.adds[set] {
		k := at{op.Element.Key, op.Element.End}
		if was, there := gone[k]; there && !op.Delete {
			replaced[k] = true
			if was.Element.Data == op.Element.Data && was.Element.Comment == op.Element.Comment {
				continue
			}
			adds = append(adds, was)
		}
		adds = append(adds, op)
	}
	d.adds[set] = adds
	d.deletes[set] = slices.DeleteFunc(d.deletes[set], func(op Op) bool { return replaced[at{op.Element.Key, op.Element.End}] })
}

// fixed are the chains that every program of the same options has.
func (t *Table) fixed() []*Chain {
	return slices.DeleteFunc(slices.Clone(t.Chains), (*Chain).grown)
}

// growth is the text for what next has grown beyond old.
func growth(old, next *Table) string {
	var declared, dispatch strings.Builder
	for _, s := range next.Sets {
		if s.Grown && old.Set(s.Name) == nil {
			s.write(&declared)
		}
	}
	for _, c := range next.Chains {
		if c.grown() && !slices.ContainsFunc(old.Chains, func(o *Chain) bool { return o.Name == c.Name }) {
			c.write(&declared)
			next.writeDispatch(&dispatch, c)
		}
	}
	if declared.Len() == 0 {
		return ""
	}
	return "table " + next.Family.String() + " " + TableName + " {\n" + declared.String() + "}\n" + dispatch.String()
}
