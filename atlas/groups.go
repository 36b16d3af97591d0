package atlas

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// mostWorkloads is how many are shown one by one if nobody chose.
const mostWorkloads = 30

// folding puts units into groups.
type folding struct {
	c        *reach.Chart
	imagined map[reach.Unit]*Imagined
	by       Fold
	// fine are namespaces whose workloads stand apart whatever the fold.
	fine map[string]bool
	// example is the pod that somebody named, to stand for its like.
	example *cluster.Pod
	// counts are what of a unit's ports counts.
	counts func(reach.Unit) reach.Ports
}

// key is what units of one group have in common.
type key struct {
	sort      Sort
	namespace string
	workload  flow.Object
	unit      reach.Unit
}

func (f *folding) keyOf(n reach.Unit, u *reach.UnitInfo) key {
	by := f.by
	if by == ByNamespace && f.fine[u.Namespace] {
		by = ByWorkload
	}
	switch {
	case f.imagined[n] != nil:
		return key{sort: ImaginedPods, unit: n}
	case by == ByNamespace:
		return key{sort: Namespace, namespace: u.Namespace}
	case by == ByClass:
		return key{sort: Class, namespace: u.Namespace, unit: n}
	case u.Workload.IsZero():
		// Nobody but their labels tells what bare pods are.
		return key{sort: BarePods, namespace: u.Namespace, unit: n}
	}
	return key{sort: Workload, namespace: u.Namespace, workload: u.Workload}
}

// groups are those of the units for which keep is true, by namespace, imagined
// pods first.
func (f *folding) groups(keep func(reach.Unit, *reach.UnitInfo) bool) []Group {
	at := map[key]int{}
	var out []Group
	var units [][]reach.Unit
	for n := range reach.Unit(f.c.Units()) {
		u := f.c.Unit(n)
		if !keep(n, &u) {
			continue
		}
		k := f.keyOf(n, &u)
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Group{Sort: k.sort, Namespace: u.Namespace, Workload: k.workload, Example: u.Example, Isolated: map[policy.Direction]int{}})
			units = append(units, nil)
		}
		g := &out[i]
		if f.example != nil && f.c.UnitOf(f.example) == n {
			g.Example = f.example
		}
		units[i] = append(units[i], n)
		g.Pods += u.Pods
		for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
			if f.c.Isolates(u.Example, d) {
				g.Isolated[d] += u.Pods
			}
		}
	}
	for i := range out {
		out[i].units = reach.SetOf(units[i])
		f.expose(&out[i], units[i])
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return cmp.Or(int(b.Sort/ImaginedPods)-int(a.Sort/ImaginedPods), strings.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Sort, b.Sort),
			a.Workload.Compare(b.Workload), strings.Compare(a.Example.Name, b.Example.Name))
	})
	f.name(out)
	return out
}

// name gives each group a name of its own.
func (f *folding) name(list []Group) {
	seen := map[string]int{}
	for i := range list {
		g := &list[i]
		switch g.Sort {
		case Namespace:
			g.Name = g.Namespace
		case Workload:
			g.Name = g.Namespace + "/" + g.Workload.Name
		case ImaginedPods:
			g.Name = f.imaginedName(g)
		default:
			g.Name = g.Namespace + "/" + g.Example.Name
			if g.Pods > 1 {
				g.Name += " +" + strconv.Itoa(g.Pods-1)
			}
		}
		seen[g.Name]++
	}
	for i := range list {
		g := &list[i]
		switch {
		case seen[g.Name] < 2:
		case g.Sort == Workload:
			g.Name += " (" + g.Workload.Kind + ")"
		case g.Sort == BarePods:
			g.Name += " (Pod)"
		}
	}
	again := map[string]int{}
	for i := range list {
		if again[list[i].Name]++; again[list[i].Name] > 1 {
			list[i].Name += " #" + strconv.Itoa(again[list[i].Name])
		}
	}
}

func (f *folding) imaginedName(g *Group) string {
	for n := range g.units.All {
		return strings.TrimSpace(f.imagined[n].Namespace + ": " + labelWords(f.imagined[n]))
	}
	return g.Namespace
}

func labelWords(x *Imagined) string {
	var words []string
	for k, v := range x.Labels {
		words = append(words, k+"="+v)
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// expose asks what addresses may connect to.
func (f *folding) expose(g *Group, units []reach.Unit) {
	e := &g.Exposure
	var closed reach.Ports
	for _, n := range units {
		counts := f.counts(n)
		open := f.c.OpenToAll(n).And(counts)
		e.Some, closed = e.Some.Union(open), closed.Union(counts.Minus(open))
		for _, a := range f.c.FromAddresses(n) {
			ports := a.Ports.And(counts).Minus(open)
			switch {
			case len(ports) == 0:
			case !a.Sure:
				e.Perhaps = e.Perhaps.Union(ports)
			default:
				e.Limited, e.Ranges = e.Limited.Union(ports), append(e.Ranges, a.Ranges...)
			}
		}
	}
	e.All, e.Ranges = e.Some.Minus(closed), policy.MergeRanges(e.Ranges)
}

// counting is what of a unit's ports counts.
func counting(c *reach.Chart, how Counting) func(reach.Unit) reach.Ports {
	all := reach.AllPorts()
	return func(n reach.Unit) reach.Ports {
		switch how {
		case Open:
			return all
		case Answered:
			return c.Listens(n)
		case Declared:
		}
		var out reach.Ports
		for _, p := range c.Unit(n).Example.Ports {
			out = out.Union(reach.Ports{{Protocol: p.Protocol, First: p.Port, Last: p.Port}})
		}
		if len(out) == 0 {
			return all
		}
		return out
	}
}
