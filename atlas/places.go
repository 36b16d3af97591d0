package atlas

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// What connects from outside the cluster, or from a node, connects to Services. In
// the row of such a Place a cell says what of the pods behind them answers there:
//
//	external ──► svc/test/http:80 ──► test/http-0 +1: 8080
//	             (Sum: some or all)    (some or all of the column's pods)

// place is the row of what connects.
func (x *making) place() Group {
	g := Group{Sort: OneNode, Name: "node/" + x.from.Node, Isolated: map[policy.Direction]int{}}
	if x.from.Outside {
		g.Sort, g.Name = Clients, x.from.Text
	}
	return g
}

// placeSum is the Sum of a Service that the Place asks.
func (x *making) placeSum(s *Service) *Sum {
	if x.from.Outside {
		return &s.Outside
	}
	return &s.Nodes
}

// outsideParts are clients outside that are asked for.
func (x *making) outsideParts(f *reach.Front) []Part {
	var out []Part
	for i := range f.Outside {
		o := &f.Outside[i]
		p := Part{Ranges: o.Ranges, Answer: o.Answer, Places: 1}
		for _, c := range o.Clients {
			p.Clients = append(p.Clients, c.Name)
		}
		for _, v := range o.Via {
			p.Via = append(p.Via, Part{Nodes: v.Nodes, Places: v.Nodes.Len(), Answer: v.Answer})
		}
		if x.from == nil || x.narrow(&p, o, f.IPv6) {
			out = append(out, p)
		}
	}
	return out
}

// narrow leaves of a part the client that was named, if it has it.
func (x *making) narrow(p *Part, o *reach.FromOutside, ipv6 bool) bool {
	if x.from.Client == "" {
		return true
	}
	a := x.from.Addr()
	for i := range o.Clients {
		if c := &o.Clients[i]; x.from.ShowsClient(c) && (!a.IsValid() || a.Is6() == ipv6) {
			p.Clients, p.Ranges = []string{c.Name}, nil
			return true
		}
	}
	if slices.ContainsFunc(o.Ranges, func(r policy.Range) bool { return a.IsValid() && r.Contains(a) }) {
		p.Clients, p.Ranges = nil, []policy.Range{{First: a, Last: a}}
		return true
	}
	return false
}

// nodeParts are nodes that are asked for.
func (x *making) nodeParts(f *reach.Front) []Part {
	var out []Part
	for i := range f.Nodes {
		nodes := f.Nodes[i].Nodes
		if x.from != nil {
			if nodes = nodes.Only(x.from.Node); nodes.Len() == 0 {
				continue
			}
		}
		out = append(out, Part{Nodes: nodes, Places: nodes.Len(), Answer: f.Nodes[i].Answer})
	}
	return out
}

// drawPlace makes the row of a Place, and leaves the columns that it asks.
func (x *making) drawPlace(m *Map) {
	cells := make([]cell, len(m.Columns))
	for i := range m.Services {
		x.answered(&m.Services[i], cells)
	}
	at := map[string]int{}
	for j := range cells {
		l := cells[j].line(x, &m.Columns[j])
		if l == nil {
			continue
		}
		key := fmt.Sprint(l.Asked, l.All, l.Some, l.Perhaps)
		n, ok := at[key]
		if !ok {
			n = len(m.Lines)
			at[key], m.Lines = n, append(m.Lines, *l)
		}
		m.Lines[n].To = append(m.Lines[n].To, j)
	}
	if x.to == nil {
		m.keepColumns(func(j int) bool { return len(cells[j].ports) > 0 })
	}
	slices.SortStableFunc(m.Lines, func(a, b reach.Line) int { return cmp.Compare(a.To[0], b.To[0]) })
	m.count()
}

// cell is what Services lead to in a column: by port the pods behind them, and how
// these are answered for.
type cell struct {
	ports map[reach.PortRange]*answered
}

type answered struct {
	all           map[*cluster.Pod]bool // from which every answer comes
	some, perhaps bool
}

// answered puts a Service port into the cells of the pods behind it.
func (x *making) answered(s *Service, cells []cell) {
	sum := x.placeSum(s)
	for _, b := range backends(x.c, s.Service, s.Port) {
		if b.Target == nil || x.c.UnitOf(b.Target) < 0 {
			continue
		}
		j := x.columnOf[x.c.UnitOf(b.Target)]
		if j < 0 || sum.Of == 0 {
			continue
		}
		if cells[j].ports == nil {
			cells[j].ports = map[reach.PortRange]*answered{}
		}
		k := reach.PortRange{Protocol: s.Port.Protocol, First: b.Addr.Port(), Last: b.Addr.Port()}
		a := cells[j].ports[k]
		if a == nil {
			a = &answered{all: map[*cluster.Pod]bool{}}
			cells[j].ports[k] = a
		}
		switch levelOf(sum) {
		case LevelAll:
			a.some, a.all[b.Target] = true, true
		case LevelPart:
			a.some = true
		case LevelUnsure:
			a.perhaps = true
		case LevelNone:
		}
	}
}

// line is the cell as a Line of the one row; nil where no Service leads there.
func (c *cell) line(x *making, g *Group) *reach.Line {
	if len(c.ports) == 0 {
		return nil
	}
	l := &reach.Line{From: []int{0}}
	for port, a := range c.ports {
		one := reach.Ports{port}
		l.Asked = l.Asked.Union(one)
		if a.some {
			l.Some = l.Some.Union(one)
		}
		if a.perhaps {
			l.Perhaps = l.Perhaps.Union(one)
		}
		if len(a.all) >= max(x.having(g, port), 1) {
			l.All = l.All.Union(one)
		}
	}
	return l
}

// having is how many pods of a group have a port.
func (x *making) having(g *Group, port reach.PortRange) int {
	counts := counting(x.c, x.o.Ports)
	n := 0
	for u := range g.units.All {
		if counts(u).Contains(port.Protocol, port.First) {
			n += x.c.Unit(u).Pods
		}
	}
	return n
}

// keepColumns leaves some columns.
func (m *Map) keepColumns(keep func(int) bool) {
	to := make([]int, len(m.Columns))
	var kept []Group
	for j := range m.Columns {
		if to[j] = -1; keep(j) {
			to[j] = len(kept)
			kept = append(kept, m.Columns[j])
		}
	}
	m.Columns = kept
	move := func(list []int) []int {
		var out []int
		for _, j := range list {
			if to[j] >= 0 {
				out = append(out, to[j])
			}
		}
		return out
	}
	for i := range m.Lines {
		m.Lines[i].To = move(m.Lines[i].To)
	}
	for i := range m.Services {
		m.Services[i].Behind = move(m.Services[i].Behind)
	}
}
