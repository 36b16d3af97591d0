package reach

import (
	"cmp"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Difference is what one version of a cluster admits and another does not, for
// the pods that are in both: those with the same name, and else those of the same
// workload.
type Difference struct {
	Old, New *Chart
	// Pods are what the Units of Changes are: a number is a place here.
	Pods []Both
	// Changes are of connections between pods, and of pods and addresses.
	Changes []Change
	// Gone are pods of the old version that have nobody in the new one, Come those
	// of the new; each in its Chart's Units.
	Gone, Come Set
	// Fronts are Services that answer otherwise.
	Fronts []FrontChange

	changed [2][]span // of Pods: those with other rows
	of      [2][][]int32
}

// Both is pods that are one Unit in either version.
type Both struct{ Old, New Unit }

// Diff compares two Charts.
func Diff(old, young *Chart) *Difference {
	old.unitsOf()
	young.unitsOf()
	d := &Difference{Old: old, New: young}
	d.match()
	charts := [2]*Chart{d.renumber(old, 0), d.renumber(young, 1)}
	for f := range charts[0].units.members {
		if len(charts[0].units.members[f]) == 0 {
			continue
		}
		x := compare{was: charts[0], now: charts[1], family: family(f), level: yes}
		x.canon()
		x.find()
		for s := range d.changed {
			d.changed[s] = union(d.changed[s], x.changed[s])
		}
		d.Changes = append(d.Changes, x.run()...)
		if x.uncertain() {
			x.level = perhaps
			d.Changes = append(d.Changes, x.run()...)
		}
	}
	d.Fronts = d.fronts()
	return d
}

// match finds who is who.
func (d *Difference) match() {
	old, young := d.Old.m.Snapshot.Pods, d.New.m.Snapshot.Pods
	oldUnit, newUnit := d.Old.units.ofPod, d.New.units.ofPod
	seen := map[Both]bool{}
	matched := make([]bool, len(young))
	var leftOld []int32
	for i := range old {
		if oldUnit[i] < 0 {
			continue
		}
		var j int32
		if i < len(young) && young[i].Name == old[i].Name && young[i].Namespace == old[i].Namespace {
			j = int32(i) // mostly nothing moved
		} else {
			j = int32(d.New.m.Index.PodNumber(old[i].Namespace, old[i].Name))
		}
		if j >= 0 && newUnit[j] >= 0 {
			matched[j] = true
			b := Both{Unit(oldUnit[i]), Unit(newUnit[j])}
			if n := len(d.Pods); n == 0 || d.Pods[n-1] != b {
				if !seen[b] {
					seen[b] = true
					d.Pods = append(d.Pods, b)
				}
			}
			continue
		}
		leftOld = append(leftOld, int32(i))
	}
	workloads := map[flow.Object][]Unit{}
	var come []int32
	for j := range young {
		if newUnit[j] < 0 || matched[j] {
			continue
		}
		if o := young[j].Owner; !o.IsZero() {
			if u := Unit(newUnit[j]); !slices.Contains(workloads[o], u) {
				workloads[o] = append(workloads[o], u)
			}
		}
		come = append(come, int32(j))
	}
	var gone []int32
	known := map[flow.Object]bool{}
	for _, i := range leftOld {
		units := workloads[old[i].Owner]
		if len(units) == 0 {
			gone = append(gone, oldUnit[i])
			continue
		}
		known[old[i].Owner] = true
		for _, u := range units {
			if b := (Both{Unit(oldUnit[i]), u}); !seen[b] {
				seen[b] = true
				d.Pods = append(d.Pods, b)
			}
		}
	}
	var fresh []int32
	for _, j := range come {
		if !known[young[j].Owner] {
			fresh = append(fresh, newUnit[j])
		}
	}
	d.Gone, d.Come = setOf(gone), setOf(fresh)
	slices.SortFunc(d.Pods, func(a, b Both) int { return cmp.Or(cmp.Compare(a.New, b.New), cmp.Compare(a.Old, b.Old)) })
}

func setOf(numbers []int32) Set {
	slices.Sort(numbers)
	return Set{runs(slices.Compact(numbers))}
}

// renumber is a Chart whose units are those of both versions.
func (d *Difference) renumber(c *Chart, which int) *Chart {
	n := *c
	n.places, n.rows, n.stale, n.trips, n.cuts = nil, [2]*rows{}, [2][]span{}, nil, [2]*cuts{}
	u := &units{base: c.units, places: make([][]int32, len(c.units.list)), unclear: c.units.unclear}
	for i, b := range d.Pods {
		own := b.Old
		if which == 1 {
			own = b.New
		}
		un := c.units.list[own]
		un.families = d.Old.units.list[b.Old].families & d.New.units.list[b.New].families
		u.list = append(u.list, un)
		u.places[own] = append(u.places[own], int32(i))
		for f := range u.members {
			if un.families&(1<<f) != 0 {
				u.members[f] = appendSpan(u.members[f], span{int32(i), int32(i) + 1})
			}
		}
	}
	d.of[which] = u.places
	n.units = u
	return &n
}

// renumbered are units of the Chart that was renumbered.
func (u *units) renumbered(list []span, f family) []span {
	var out []int32
	for _, s := range list {
		for i := s.from; i < s.to; i++ {
			out = append(out, u.places[i]...)
		}
	}
	slices.Sort(out)
	return intersect2(runs(out), u.members[f])
}

// canon numbers the sets of both Charts so that equal ones have equal numbers.
func (x *compare) canon() {
	known := map[string]int32{}
	for i, c := range []*Chart{x.was, x.now} {
		x.ids[i] = make([]int32, len(c.kept))
		for set := range c.kept {
			text := c.setText(int32(set), x.family)
			id, ok := known[text]
			if !ok {
				id = int32(len(known))
				known[text] = id
			}
			x.ids[i][set] = id
		}
	}
}

// setText is who is in a set, written down: pods, and addresses besides.
func (c *Chart) setText(set int32, f family) string {
	s, p := c.expand(set, f), c.set(set)
	ranges := ofFamilyRanges(p.ranges, f)
	if p.everybody {
		ranges = []policy.Range{space(f)}
	}
	return string(appendRanges(appendList(appendList(nil, s.yes), s.perhaps), ranges))
}

// find looks for the units with other rows.
func (x *compare) find() {
	for s := range x.moved {
		same := map[[2]*row]bool{}
		was, now := x.was.rowsOf(side(s)), x.now.rowsOf(side(s))
		for i := range x.now.units.list {
			a, b := was.ofUnit[x.family][i], now.ofUnit[x.family][i]
			if a < 0 { // and b, in a family that they have not in both
				continue
			}
			k := [2]*row{was.list[x.family][a], now.list[x.family][b]}
			is, ok := same[k]
			if !ok {
				is = true
				x.each(&movedRow{was: k[0], now: k[1]}, func(int32, int32, span) { is = false })
				same[k] = is
			}
			if !is {
				x.changed[s] = appendSpan(x.changed[s], span{int32(i), int32(i) + 1})
			}
		}
		x.moved[s] = x.move(side(s))
	}
}

// PodsOf are the pods of both versions behind a number of Changes.
func (d *Difference) PodsOf(n Unit) (old, young []*cluster.Pod) {
	return d.Old.Pods(d.Pods[n].Old), d.New.Pods(d.Pods[n].New)
}
