package atlas

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

// mostCells bounds a Map: rows times columns.
const mostCells = 4 << 20

// making is a Map on the way.
type making struct {
	c        *reach.Chart
	o        *Options
	from, to *focus
	asked    map[reach.Unit]bool // who is asked for, not nil: nobody else's traffic
	imagined map[reach.Unit]*Imagined
	columnOf []int // by unit

	names  []string // namespaces, in the order of units
	nameOf []int    // by unit
}

// Make asks the Chart. The error is an *Error where the Options name what the
// cluster does not have, or more than a Map holds.
func Make(c *reach.Chart, o Options) (*Map, error) {
	c, err := imagine(c, o.Imagined)
	if err != nil {
		return nil, err
	}
	x := &making{c: c, o: &o, imagined: map[reach.Unit]*Imagined{}}
	if err := x.look(); err != nil {
		return nil, err
	}
	m := &Map{Options: o, By: o.By, Assumptions: assumptions(c), Foreign: foreign(c)}
	x.measure(m)
	if m.By == BySize {
		m.Chosen, m.By = true, ByWorkload
		if m.Size.Workloads > mostWorkloads {
			m.By = ByNamespace
		}
	}
	x.putTogether(m)
	if n := len(m.Rows) * len(m.Columns); n > mostCells {
		return nil, wrong(
			"--by "+m.By.String(), fmt.Sprintf("that is %d times %d groups, too many for one map", len(m.Rows), len(m.Columns)),
			"name a part: -n NAMESPACE, --from, --to; or --by namespace",
		)
	}
	x.servicesOf(m, func() { x.draw(m) })
	if !x.from.pods() {
		x.drawPlace(m)
	}
	m.Graph = x.graphOf(m)
	return m, nil
}

// look finds what the Options name.
func (x *making) look() error {
	var err error
	if x.from, err = find(x.c, x.o.From, x.o.Default, cluster.FromSide); err != nil {
		return err
	}
	if x.to, err = find(x.c, x.o.To, x.o.Default, cluster.ToSide); err != nil {
		return err
	}
	for i := range x.o.Imagined {
		p := x.c.Model().Index.Pod(x.o.Imagined[i].Namespace, imaginedName(i))
		x.imagined[x.c.UnitOf(p)] = &x.o.Imagined[i]
	}
	switch {
	case len(x.imagined) > 0:
		x.asked = map[reach.Unit]bool{}
		for n := range x.imagined {
			x.asked[n] = true
		}
	case x.from != nil:
		x.asked = x.from.units
	case x.to == nil && x.o.Namespace != "":
		f, err := focusOn(x.c, cluster.InNamespace(x.o.Namespace), cluster.FromSide)
		if err != nil {
			e := wrong(x.o.Namespace, "no pods of that namespace with addresses of their own in the input", "-n NAMESPACE")
			e.Missing, e.Namespace = "Pod", x.o.Namespace
			return e
		}
		x.asked = f.units
	}
	return nil
}

// measure counts what there is.
func (x *making) measure(m *Map) {
	s := x.c.Model().Snapshot
	m.Size = Size{Nodes: len(s.Nodes), Services: len(s.Services), Policies: len(s.NetworkPolicies), Classes: x.c.Units()}
	namespaces, owners := map[string]bool{}, map[key]bool{}
	f := x.folding(ByWorkload)
	for n := range reach.Unit(x.c.Units()) {
		u := x.c.Unit(n)
		owners[f.keyOf(n, &u)], namespaces[u.Namespace] = true, true
		m.Size.Pods += u.Pods
	}
	for i := range s.Pods {
		if s.Pods[i].HostNetwork && !s.Pods[i].Finished() {
			m.Size.HostPods++
		}
	}
	m.Size.Namespaces, m.Size.Workloads = len(namespaces), len(owners)
}

// putTogether makes rows and columns.
func (x *making) putTogether(m *Map) {
	f := x.folding(m.By)
	everybody := func(reach.Unit, *reach.UnitInfo) bool { return true }
	switch {
	case x.from == nil && x.to == nil:
		if x.o.By == BySize && x.o.Namespace != "" {
			f.fine = map[string]bool{x.o.Namespace: true}
		}
		m.Rows = f.groups(everybody)
		m.Columns = m.Rows
	case !x.from.pods():
		m.Rows, m.Columns = []Group{x.place()}, x.side(m, x.to)
	default:
		m.Rows, m.Columns = x.side(m, x.from), x.side(m, x.to)
	}
	x.columnOf = placesOf(x.c, m.Columns)
}

func (x *making) folding(by Fold) *folding {
	return &folding{c: x.c, imagined: x.imagined, by: by, counts: counting(x.c, x.o.Ports)}
}

// side are the groups of one end: what was named in more detail than the rest.
func (x *making) side(m *Map, f *focus) []Group {
	by := m.By
	if f != nil && x.o.By == BySize {
		by = ByWorkload
	}
	if f != nil && f.pod != nil {
		by = ByClass
	}
	g := x.folding(by)
	if f != nil {
		g.example = f.pod
	}
	return g.groups(func(n reach.Unit, _ *reach.UnitInfo) bool { return f.holds(n) })
}

func placesOf(c *reach.Chart, groups []Group) []int {
	out := make([]int, c.Units())
	for i := range out {
		out[i] = -1
	}
	for g := range groups {
		for n := range groups[g].units.All {
			out[n] = g
		}
	}
	return out
}

// draw asks for the cells: all, or those of the groups that are asked for.
func (x *making) draw(m *Map) {
	counts := counting(x.c, x.o.Ports)
	switch {
	case !x.from.pods():
		return // Services say who answers there
	case x.asked == nil || x.from != nil:
		x.keep(m, x.c.Table(inReach(m.Rows), inReach(m.Columns), counts))
	default:
		rows := inReach(m.Rows)
		var asked, others []reach.Group
		focus := map[int]bool{}
		m.Focus = focus
		for i := range rows {
			mine := x.isAsked(&m.Rows[i])
			if mine {
				focus[i] = true
			}
			asked, others = append(asked, only(rows[i], mine)), append(others, only(rows[i], !mine))
		}
		x.keep(m, append(x.c.Table(asked, rows, counts), x.c.Table(others, asked, counts)...))
	}
	m.count()
}

// count counts the cells of the lines.
func (m *Map) count() {
	for i := range m.Lines {
		l := &m.Lines[i]
		n := len(l.From) * len(l.To)
		switch LevelOf(l) {
		case LevelAll:
			m.Whole += n
		case LevelPart:
			m.Partly += n
		case LevelNone:
			m.Closed += n
		case LevelUnsure:
		}
		if len(l.Perhaps) > 0 {
			m.Unsure += n
		}
	}
}

func (x *making) isAsked(g *Group) bool {
	for n := range g.units.All {
		if x.asked[n] {
			return true
		}
	}
	return false
}

// only is the group, or an empty one in its place.
func only(g reach.Group, keep bool) reach.Group {
	if !keep {
		g.Units = reach.Set{}
	}
	return g
}

func inReach(list []Group) []reach.Group {
	out := make([]reach.Group, len(list))
	for i := range list {
		out[i] = reach.Group{Name: list[i].Name, Namespace: list[i].Namespace, Workload: list[i].Workload, Units: list[i].units, Pods: list[i].Pods}
	}
	return out
}

// keep takes the lines that Only leaves, those to the first columns first.
func (x *making) keep(m *Map, lines []reach.Line) {
	for _, l := range lines {
		if x.o.Only == Blocked && l.Whole() {
			continue
		}
		if x.o.Only == Exposed {
			l.To = slices.DeleteFunc(slices.Clone(l.To), func(j int) bool { return !m.Columns[j].Exposure.Any() })
		}
		if len(l.To) > 0 {
			m.Lines = append(m.Lines, l)
		}
	}
	slices.SortStableFunc(m.Lines, func(a, b reach.Line) int {
		return cmp.Or(cmp.Compare(a.To[0], b.To[0]), cmp.Compare(LevelOf(&b), LevelOf(&a)), cmp.Compare(a.From[0], b.From[0]))
	})
}

// assumptions are the Model's, and what the reader noted.
func assumptions(c *reach.Chart) []flow.Reason {
	return flow.Merge(flow.Merge(nil, c.Model().Profile.Assumed), c.Model().Snapshot.Notes)
}

// foreign counts objects that are not modelled by their kind.
func foreign(c *reach.Chart) []Foreign {
	var out []Foreign
	for _, o := range c.Model().Snapshot.Foreign {
		at := slices.IndexFunc(out, func(f Foreign) bool { return f.Kind == o.Object.Kind && f.Engine == o.Engine })
		if at < 0 {
			at = len(out)
			out = append(out, Foreign{Kind: o.Object.Kind, Engine: o.Engine})
		}
		out[at].Count++
	}
	return out
}
