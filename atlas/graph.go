package atlas

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

// What is too much for a graph one can read: then it shows namespaces, and beyond
// mostNamespaces there is none.
const (
	mostVertices   = 48
	mostNamespaces = 200
	mostServices   = 24
	mostEdges      = 4000
	// fewEdges are shown with their ports; more are put together by their Level.
	fewEdges = 60
)

// Graph is a Map in layers, from the left to the right: who is outside, the
// Services that they may ask, the pods behind them and all that connect to others,
// and who is connected to. Services without an address outside are left out.
type Graph struct {
	By       Fold
	Vertices []Vertex
	Edges    []Edge
}

// Layers is how many there are.
const Layers = 4

// Point is what a Vertex is.
type Point uint8

// The points.
const (
	Outside      Point = iota + 1
	Nodes              // processes of nodes
	OnePlace           // a client outside, or a node
	OneService         // one port
	SomeServices       // of a namespace
	Everybody          // all that connect
	Sender             // pods that connect, or are behind a Service
	Receiver           // pods that are connected to
	Joint              // where edges of many to many meet
)

// Vertex is one point of a Graph.
type Vertex struct {
	Point Point
	// Layer is from 0; a Joint stands behind its layer.
	Layer int
	Name  string
	// Count is pods of a group, ports of Services, nodes.
	Count int
	// World: policies let every address connect to some port.
	World bool
	// Namespace is whose it is.
	Namespace string
}

// Edge leads from one Vertex to another.
type Edge struct {
	From, To int
	Level    Level
	Ports    reach.Ports // that pass
	Perhaps  reach.Ports
	// Behind: not a connection that was asked about, but the endpoints of a Service.
	Behind bool
}

// graphOf draws a Map, or what it is folded to namespaces, or nothing.
func (x *making) graphOf(m *Map) *Graph {
	if max(len(m.Rows), len(m.Columns)) > mostVertices && m.By != ByNamespace {
		m = x.coarse(m)
	}
	if max(len(m.Rows), len(m.Columns)) > mostNamespaces {
		return nil
	}
	b := building{m: m, g: &Graph{By: m.By}, senders: map[string]int{}, receivers: map[int]int{}}
	b.services()
	if m.Place() != nil {
		b.order()
		return b.g
	}
	edges := 0
	for i := range m.Lines {
		if !m.Lines[i].None() {
			edges += len(m.Lines[i].From) * len(m.Lines[i].To)
		}
	}
	if edges > fewEdges {
		b.byLevel()
	} else {
		for i := range m.Lines {
			l := &m.Lines[i]
			b.bundle(l.From, l.To, &Edge{Level: LevelOf(l), Ports: l.Some, Perhaps: l.Perhaps})
		}
	}
	if len(b.g.Edges) > mostEdges {
		return nil
	}
	b.order()
	return b.g
}

// coarse is the Map by namespaces.
func (x *making) coarse(m *Map) *Map {
	o := m.Options
	o.By = ByNamespace
	y := *x
	y.o = &o
	n := &Map{Options: o, By: ByNamespace, Size: m.Size, Services: slices.Clone(m.Services)}
	y.putTogether(n)
	y.draw(n)
	at := map[string]int{}
	for j := range n.Columns {
		at[n.Columns[j].Namespace] = j
	}
	for i := range n.Services {
		var behind []int
		for _, j := range m.Services[i].Behind {
			behind = append(behind, at[m.Columns[j].Namespace])
		}
		slices.Sort(behind)
		n.Services[i].Behind = slices.Compact(behind)
	}
	return n
}

// building is a Graph on the way.
type building struct {
	m         *Map
	g         *Graph
	senders   map[string]int
	receivers map[int]int
}

func (b *building) add(v Vertex) int {
	b.g.Vertices = append(b.g.Vertices, v)
	return len(b.g.Vertices) - 1
}

func (b *building) edge(e Edge) { b.g.Edges = append(b.g.Edges, e) }

func levelOf(s *Sum) Level {
	switch s.Verdict {
	case flow.Reachable:
		return LevelAll
	case flow.Depends:
		return LevelPart
	case flow.VerdictUnknown:
		return LevelUnsure
	case flow.NotReachable:
	}
	return LevelNone
}

// askers are the vertices of what is outside and of nodes, or of the one that the
// Map is about: -1 is none.
func (b *building) askers() (outside, nodes int) {
	if p := b.m.Place(); p != nil {
		v := Vertex{Point: OnePlace, Name: p.Name}
		switch {
		case p.Sort == OneNode:
			return -1, b.add(v)
		case p.Name == "external":
			v.Point = Outside
		}
		return b.add(v), -1
	}
	return b.add(Vertex{Point: Outside, Name: "outside"}), b.add(Vertex{Point: Nodes, Name: "nodes", Count: b.m.Size.Nodes})
}

// behind are the pods behind a Service: they are connected to, and where others than
// pods are told of they may connect as well.
func (b *building) behind(j int) int {
	if b.m.Place() != nil {
		return b.receiver(j)
	}
	return b.sender(&b.m.Columns[j])
}

// services are those with an address outside, or that the node asks; many as one for
// each namespace.
func (b *building) services() {
	var list []*Service
	for i := range b.m.Services {
		if s := &b.m.Services[i]; s.Outside.Of > 0 || b.m.Place() != nil {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return
	}
	outside, nodes := b.askers()
	at := map[string]int{}
	best := map[int][2]Level{}
	for _, s := range list {
		key, v := s.Title, Vertex{Point: OneService, Layer: 1, Name: s.Title, Namespace: s.Service.Namespace}
		if len(list) > mostServices {
			key, v.Point, v.Name = s.Service.Namespace, SomeServices, s.Service.Namespace
		}
		n, ok := at[key]
		if !ok {
			n = b.add(v)
			at[key] = n
			best[n] = [2]Level{levelOf(&s.Outside), levelOf(&s.Nodes)}
		} else {
			best[n] = [2]Level{both(best[n][0], levelOf(&s.Outside)), both(best[n][1], levelOf(&s.Nodes))}
		}
		b.g.Vertices[n].Count++
		for _, j := range s.Behind {
			e := Edge{From: n, To: b.behind(j), Level: LevelAll, Behind: true}
			if !slices.ContainsFunc(b.g.Edges, func(o Edge) bool { return o.From == e.From && o.To == e.To }) {
				b.edge(e)
			}
		}
	}
	for n := range b.g.Vertices {
		if l, ok := best[n]; ok {
			for at, from := range []int{outside, nodes} {
				if from >= 0 {
					b.edge(Edge{From: from, To: n, Level: l[at]})
				}
			}
		}
	}
}

// both is the level of two together.
func both(a, b Level) Level {
	switch {
	case a == b:
		return a
	case a == LevelUnsure || b == LevelUnsure:
		return LevelUnsure
	}
	return LevelPart
}

func (b *building) sender(g *Group) int {
	n, ok := b.senders[g.Name]
	if !ok {
		n = b.add(Vertex{Point: Sender, Layer: 2, Name: g.Name, Count: g.Pods, World: len(g.Exposure.Some) > 0, Namespace: g.Namespace})
		b.senders[g.Name] = n
	}
	return n
}

func (b *building) receiver(j int) int {
	n, ok := b.receivers[j]
	if !ok {
		g := &b.m.Columns[j]
		n = b.add(Vertex{Point: Receiver, Layer: 3, Name: g.Name, Count: g.Pods, World: len(g.Exposure.Some) > 0, Namespace: g.Namespace})
		b.receivers[j] = n
	}
	return n
}

// bundle is edges from each to each, through a joint where both are many.
func (b *building) bundle(from, to []int, e *Edge) {
	if e.Level == LevelNone || len(from)*len(to) == 0 {
		return
	}
	link := func(from, to int) {
		l := *e
		l.From, l.To = from, to
		b.edge(l)
	}
	if len(from) == 1 || len(to) == 1 {
		for _, i := range from {
			for _, j := range to {
				link(b.sender(&b.m.Rows[i]), b.receiver(j))
			}
		}
		return
	}
	joint := b.add(Vertex{Point: Joint, Layer: 2, Name: strconv.Itoa(len(b.g.Vertices))})
	for _, i := range from {
		link(b.sender(&b.m.Rows[i]), joint)
	}
	for _, j := range to {
		link(joint, b.receiver(j))
	}
}

// byLevel draws lines of one level as one, whatever their ports, and what everybody
// may do once: only those who may do more have an edge of their own.
func (b *building) byLevel() {
	type bunch struct {
		level Level
		from  string
	}
	at := map[bunch]int{}
	var from, to [][]int
	var edges []Edge
	everybody := -1
	for j, rows := range b.columnLevels() {
		base := LevelNone
		if len(rows.of[LevelNone]) == 0 && len(b.m.Rows) > 3 && b.m.Focus == nil {
			for base = LevelUnsure; base < LevelAll && len(rows.of[base]) == 0; {
				base++
			}
			if everybody < 0 {
				everybody = b.add(Vertex{Point: Everybody, Layer: 2, Count: len(b.m.Rows)})
			}
			e := rows.edges[base]
			e.From, e.To = everybody, b.receiver(j)
			b.edge(e)
		}
		for l := base + 1; l <= LevelAll; l++ {
			if len(rows.of[l]) == 0 {
				continue
			}
			k := bunch{l, fmt.Sprint(rows.of[l])}
			n, ok := at[k]
			if !ok {
				n = len(edges)
				at[k] = n
				from, to, edges = append(from, rows.of[l]), append(to, nil), append(edges, Edge{Level: l})
			}
			to[n] = append(to[n], j)
			edges[n].Ports, edges[n].Perhaps = edges[n].Ports.Union(rows.edges[l].Ports), edges[n].Perhaps.Union(rows.edges[l].Perhaps)
		}
	}
	for n := range edges {
		b.bundle(from[n], to[n], &edges[n])
	}
}

// levels are the rows of a column by level, and what passes for each.
type levels struct {
	of    [LevelAll + 1][]int
	edges [LevelAll + 1]Edge
}

func (b *building) columnLevels() []levels {
	out := make([]levels, len(b.m.Columns))
	for i := range b.m.Lines {
		l := &b.m.Lines[i]
		level := LevelOf(l)
		for _, j := range l.To {
			c := &out[j]
			c.of[level] = append(c.of[level], l.From...)
			e := &c.edges[level]
			e.Level, e.Ports, e.Perhaps = level, e.Ports.Union(l.Some), e.Perhaps.Union(l.Perhaps)
		}
	}
	for j := range out {
		for l := range out[j].of {
			slices.Sort(out[j].of[l])
		}
	}
	return out
}

// order puts the vertices of a layer in the order of the groups: joints to the
// middle of what they join.
func (b *building) order() {
	place := map[string]float64{}
	for i := range b.m.Rows {
		place[b.m.Rows[i].Name] = float64(i)
	}
	for j := range b.m.Columns {
		if _, ok := place[b.m.Columns[j].Name]; !ok {
			place[b.m.Columns[j].Name] = float64(j)
		}
	}
	at := make([]float64, len(b.g.Vertices))
	for n := range b.g.Vertices {
		at[n] = place[b.g.Vertices[n].Name]
		if b.g.Vertices[n].Point == Everybody {
			at[n] = -1
		}
	}
	sum, count := make([]float64, len(at)), make([]float64, len(at))
	for _, e := range b.g.Edges {
		for _, side := range [][2]int{{e.From, e.To}, {e.To, e.From}} {
			if p := b.g.Vertices[side[0]].Point; p == Joint || p == OneService || p == SomeServices {
				if q := b.g.Vertices[side[1]].Point; q == Sender || q == Receiver {
					sum[side[0]] += at[side[1]]
					count[side[0]]++
				}
			}
		}
	}
	for n := range at {
		if count[n] > 0 {
			at[n] = sum[n] / count[n]
		}
	}
	b.renumber(at)
}

// renumber sorts the vertices by layer and place.
func (b *building) renumber(at []float64) {
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	rank := func(n int) float64 {
		v := &b.g.Vertices[n]
		layer := float64(v.Layer)
		if v.Point == Joint {
			layer += 0.5
		}
		return layer*1e6 + at[n]
	}
	slices.SortStableFunc(order, func(a, c int) int {
		switch d := rank(a) - rank(c); {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
		return 0
	})
	to := make([]int, len(at))
	vertices := make([]Vertex, len(at))
	for i, n := range order {
		to[n], vertices[i] = i, b.g.Vertices[n]
	}
	b.g.Vertices = vertices
	for i := range b.g.Edges {
		b.g.Edges[i].From, b.g.Edges[i].To = to[b.g.Edges[i].From], to[b.g.Edges[i].To]
	}
}
