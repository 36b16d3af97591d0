package draw

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// spot is where a vertex is: a box, or for a joint a point.
type spot struct {
	x, y, wide, tall float64
	label            string
}

func (s *spot) left() (x, y float64)  { return s.x, s.y + s.tall/2 }
func (s *spot) right() (x, y float64) { return s.x + s.wide, s.y + s.tall/2 }

const (
	boxTall    = 24.0
	boxStep    = 34.0
	boxFont    = 12.0
	mostBox    = 270.0
	gap        = 120.0 // between layers, for the edges
	jointGap   = 90.0  // more, on either side of joints
	headTall   = 92.0
	jointStep  = 9.0
	jointRound = 3.5
)

// placed is a Graph with a place for each vertex.
type placed struct {
	spots      []spot
	columnX    [atlas.Layers]float64
	wide, tall float64
	// middle is what the last gap has more than the others.
	middle float64
}

// place puts layers side by side and the vertices of each under each other, evenly,
// joints beside what they join.
func place(g *atlas.Graph, words report.MapWords) *placed {
	p := &placed{spots: make([]spot, len(g.Vertices))}
	var layer [atlas.Layers][]int
	var joints []int
	for n := range g.Vertices {
		v := &g.Vertices[n]
		if v.Point == atlas.Joint {
			joints = append(joints, n)
			continue
		}
		layer[v.Layer] = append(layer[v.Layer], n)
		p.spots[n].label = label(v, words)
	}
	most := 0
	for _, l := range layer {
		most = max(most, len(l))
	}
	if len(joints) > 0 || len(g.Edges) > 60 {
		p.middle = jointGap + float64(min(len(g.Edges), 300))
	}
	tall := max(float64(most)*boxStep, float64(len(joints))*jointStep)
	x := edgeRoom
	for i, l := range layer {
		if p.columnX[i] = x; len(l) == 0 {
			continue
		}
		wide := textWidth(words.Layer(i), 12)
		for _, n := range l {
			wide = max(wide, min(textWidth(p.spots[n].label, boxFont)+28, mostBox))
		}
		step := tall / float64(len(l))
		for k, n := range l {
			s := &p.spots[n]
			s.x, s.wide, s.tall = x, wide, boxTall
			s.y = headTall + (float64(k)+0.5)*step - boxTall/2
		}
		x += wide + gap
		if i == 2 {
			x += p.middle
		}
	}
	p.wide, p.tall = x-gap+edgeRoom, headTall+tall+edgeRoom
	p.joints(g, joints, tall)
	return p
}

// joints stand in the middle of the gap, each in the height of what it joins, as
// far apart as there is room.
func (p *placed) joints(g *atlas.Graph, joints []int, tall float64) {
	if len(joints) == 0 {
		return
	}
	sum, count := map[int]float64{}, map[int]float64{}
	for i := range g.Edges {
		e := &g.Edges[i]
		for _, side := range [][2]int{{e.From, e.To}, {e.To, e.From}} {
			if g.Vertices[side[0]].Point == atlas.Joint {
				_, y := p.spots[side[1]].left()
				sum[side[0]] += y
				count[side[0]]++
			}
		}
	}
	for _, n := range joints {
		p.spots[n].y = sum[n] / max(count[n], 1)
	}
	slices.SortStableFunc(joints, func(a, b int) int { return cmp.Compare(p.spots[a].y, p.spots[b].y) })
	step := min(jointStep*2, tall/float64(len(joints)))
	last := headTall - step
	for _, n := range joints {
		p.spots[n].y = max(p.spots[n].y, last+step)
		last = p.spots[n].y
	}
	limit := headTall + tall
	for i := len(joints) - 1; i >= 0; i-- {
		s := &p.spots[joints[i]]
		s.y = min(s.y, limit)
		limit = s.y - step
		s.x = p.columnX[3] - (gap+p.middle)/2
	}
}

func label(v *atlas.Vertex, words report.MapWords) string {
	text := words.Point(v)
	if (v.Point == atlas.Sender || v.Point == atlas.Receiver || v.Point == atlas.Nodes) && v.Count > 1 {
		text += fmt.Sprintf(" (%d)", v.Count)
	}
	return text
}

// layers draws a Graph under a title.
func layers(g *atlas.Graph, title string, words report.MapWords) *canvas {
	p := place(g, words)
	c := &canvas{wide: p.wide, tall: p.tall + 16 + float64(len(levels)+2)*20 + edgeRoom}
	c.wide = max(c.wide, edgeRoom*2+legendWidth(words), edgeRoom*2+textWidth(words.Endpoints(), 12)+40)
	c.text(edgeRoom, 24, 16, "head", title)
	c.text(edgeRoom, 44, 12, "faint", words.By(g.By))
	fmt.Fprint(c, `<g class="graph">`+"\n")
	seen := [atlas.Layers]bool{}
	for n := range g.Vertices {
		if v := &g.Vertices[n]; v.Point != atlas.Joint && !seen[v.Layer] {
			seen[v.Layer] = true
			c.text(p.columnX[v.Layer], 74, 12, "head", words.Layer(v.Layer))
		}
	}
	for i := range g.Edges {
		c.edge(g, &g.Edges[i], p, words)
	}
	for n := range g.Vertices {
		c.vertex(&g.Vertices[n], n, &p.spots[n], words)
	}
	fmt.Fprint(c, "</g>\n")
	c.edgeLegend(edgeRoom, p.tall+16, words)
	return c
}

// edge is a curve that leaves to the right and arrives from the left.
func (c *canvas) edge(g *atlas.Graph, e *atlas.Edge, p *placed, words report.MapWords) {
	x1, y1 := p.spots[e.From].right()
	x2, y2 := p.spots[e.To].left()
	bend := (x2 - x1) / 2
	class := e.Level.String()
	if e.Behind {
		class = "behind"
	}
	fmt.Fprintf(c, `<path class="e %s" data-from="%d" data-to="%d" d="M%s %sC%s %s %s %s %s %s"><title>%s</title></path>`+"\n",
		class, e.From, e.To, num(x1), num(y1), num(x1+bend), num(y1), num(x2-bend), num(y2), num(x2), num(y2), escape(edgeTitle(g, e, words)))
	if e.Level == atlas.LevelNone {
		x, y := near(x1, x1+bend, x2-bend, x2), near(y1, y1, y2, y2)
		fmt.Fprintf(c, `<path class="cross" d="M%s %sL%s %sM%s %sL%s %s"/>`+"\n", num(x-4), num(y-4), num(x+4), num(y+4), num(x-4), num(y+4), num(x+4), num(y-4))
	}
}

// near is a place on a curve close to its end, where curves of one target part.
func near(a, b, c, d float64) float64 {
	const t = 0.8
	u := 1 - t
	return u*u*u*a + 3*u*u*t*b + 3*u*t*t*c + t*t*t*d
}

func edgeTitle(g *atlas.Graph, e *atlas.Edge, words report.MapWords) string {
	end := func(n int) string {
		if v := &g.Vertices[n]; v.Point != atlas.Joint {
			return label(v, words)
		}
		return "…"
	}
	title := end(e.From) + " → " + end(e.To)
	switch {
	case e.Behind:
		return title + ": " + words.Endpoints()
	case len(e.Ports)+len(e.Perhaps) > 0:
		return title + ": " + words.EdgePorts(e)
	}
	return title + ": " + words.Level(e.Level)
}

func (c *canvas) vertex(v *atlas.Vertex, n int, s *spot, words report.MapWords) {
	if v.Point == atlas.Joint {
		fmt.Fprintf(c, `<circle class="joint" data-vertex="%d" cx="%s" cy="%s" r="%s"/>`+"\n", n, num(s.x), num(s.y), num(jointRound))
		return
	}
	class := "box"
	switch v.Point {
	case atlas.OneService, atlas.SomeServices:
		class += " service"
	case atlas.Outside, atlas.Nodes, atlas.OnePlace, atlas.Everybody:
		class += " place"
	case atlas.Sender, atlas.Receiver, atlas.Joint:
	}
	title := s.label
	if v.World {
		title += "; " + words.Badge()
	}
	fmt.Fprintf(c, `<g class="vertex" data-vertex="%d" data-name="%s"><title>%s</title><rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="4"/>`+"\n",
		n, escape(s.label), escape(title), class, num(s.x), num(s.y), num(s.wide), num(s.tall))
	room := s.wide - 16
	if v.World {
		room -= 12
		fmt.Fprintf(c, `<circle class="badge" cx="%s" cy="%s" r="4"/>`+"\n", num(s.x+s.wide-10), num(s.y+s.tall/2))
	}
	c.text(s.x+8, s.y+boxTall/2+boxFont*0.35, boxFont, "label", fit(s.label, boxFont, room))
	fmt.Fprint(c, "</g>\n")
}

func (c *canvas) edgeLegend(x, y float64, words report.MapWords) {
	row := func(class, text string) {
		fmt.Fprintf(c, `<path class="e %s" d="M%s %sh30"/>`+"\n", class, num(x), num(y+7))
		c.text(x+40, y+11.5, 12, "label", text)
		y += 20
	}
	for _, l := range levels {
		row(l.String(), words.Level(l))
	}
	row("behind", words.Endpoints())
	fmt.Fprintf(c, `<circle class="badge" cx="%s" cy="%s" r="4"/>`+"\n", num(x+15), num(y+7))
	c.text(x+40, y+11.5, 12, "label", words.Badge())
}
