package draw

import (
	"fmt"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// frame is where the cells of a matrix are.
type frame struct {
	x, y, cell float64
	font       float64
	labels     float64 // room for the names of rows, on the left
	heads      float64 // room for the names of columns, above
	margin     float64 // room for big names of namespaces, right and below
	scale      float64 // of what is to be read from afar, too
	top        float64 // room for the title
	bare       bool    // without title and legend, which the page has itself
}

const (
	edgeRoom  = 16.0
	titleRoom = 56.0
	mostLabel = 300.0
	smallCell = 10.0
)

// frameOf gives few groups large cells, and many small ones with namespaces named
// in large letters beside them, to be read from afar.
func frameOf(m *atlas.Map, words report.MapWords, bare bool) frame {
	n := max(len(m.Rows), len(m.Columns))
	f := frame{cell: 26, font: 12, bare: bare}
	switch {
	case n > 60:
		f.cell, f.font = smallCell, 9
	case n > 20:
		f.cell, f.font = 17, 11
	}
	f.labels, f.heads = max(longest(m.Rows, f.font), textWidth(words.Axes(), f.font)), longest(m.Columns, f.font)
	f.scale = max(1, float64(n)*f.cell/1400)
	if f.top = titleRoom * f.scale; bare {
		f.top, f.scale = 8, 1
	}
	f.x, f.y = edgeRoom+f.labels+8, f.top+f.heads+8
	if n > 60 && m.By != atlas.ByNamespace {
		for _, list := range [][]atlas.Group{m.Rows, m.Columns} {
			for _, b := range blocks(list) {
				f.margin = max(f.margin, textWidth(b.name, b.font(f.cell))+24)
			}
		}
	}
	return f
}

func longest(list []atlas.Group, font float64) float64 {
	w := 60.0
	for i := range list {
		w = max(w, textWidth(report.Clean(list[i].Name), font))
	}
	return min(w, mostLabel)
}

// block is groups of one namespace that stand together.
type block struct {
	name     string
	from, to int
}

func blocks(list []atlas.Group) []block {
	var out []block
	for i := range list {
		if i == 0 || list[i].Namespace != list[i-1].Namespace {
			out = append(out, block{name: report.Clean(list[i].Namespace), from: i})
		}
		out[len(out)-1].to = i + 1
	}
	return out
}

// font is as large as the block has room for.
func (b block) font(cell float64) float64 {
	return min(max(float64(b.to-b.from)*cell*0.6, cell*0.9), 44)
}

// matrix draws who reaches whom: rows are senders, columns receivers. Bare it is for
// the page.
func matrix(m *atlas.Map, words report.MapWords, bare bool) *canvas {
	f := frameOf(m, words, bare)
	wide, tall := float64(len(m.Columns))*f.cell, float64(len(m.Rows))*f.cell
	c := &canvas{}
	c.wide, c.tall = f.x+wide+f.margin+edgeRoom, f.y+tall+f.margin+edgeRoom
	if !bare {
		c.wide = max(c.wide, edgeRoom*2+legendWidth(words)*f.scale, edgeRoom*2+textWidth(words.Size(m), 12)*f.scale)
		c.tall += 16 + legendTall*f.scale
		c.text(edgeRoom, 24*f.scale, 16*f.scale, "head", words.Title())
		c.text(edgeRoom, 44*f.scale, 12*f.scale, "faint", words.Size(m))
	}
	fmt.Fprintf(c, `<g class="matrix" data-x="%s" data-y="%s" data-cell="%s">`+"\n", num(f.x), num(f.y), num(f.cell))
	fmt.Fprintf(c, `<rect class="none" x="%s" y="%s" width="%s" height="%s"/>`+"\n", num(f.x), num(f.y), num(wide), num(tall))
	c.cells(m, &f, words)
	c.rules(m, &f)
	c.names(m, &f, words)
	fmt.Fprint(c, "</g>\n")
	if !bare {
		c.legend(edgeRoom, f.y+tall+f.margin+16, f.scale, words)
	}
	return c
}

// names are those of the columns, upward, and of the rows, to the right, over the
// cells: the page keeps them in sight.
func (c *canvas) names(m *atlas.Map, f *frame, words report.MapWords) {
	side := func(name string, x, y, wide, tall float64) {
		fmt.Fprintf(c, `<g class="names" data-side="%s">`+"\n", name)
		if f.bare {
			fmt.Fprintf(c, `<rect class="paper" x="%s" y="%s" width="%s" height="%s"/>`+"\n", num(x), num(y), num(wide), num(tall))
		}
	}
	side("columns", f.x-4, 0, c.wide-f.x+4, f.y-5)
	c.columnNames(m, f)
	fmt.Fprint(c, "</g>\n")
	side("rows", 0, f.y-4, f.x-5, c.tall-f.y+4)
	c.rowNames(m, f)
	fmt.Fprint(c, "</g>\n")
	side("corner", 0, 0, f.x-5, f.y-5)
	c.text(f.x-8, f.y-8, f.font, "faint", words.Axes(), ` text-anchor="end"`)
	fmt.Fprint(c, "</g>\n")
}

func (c *canvas) rowNames(m *atlas.Map, f *frame) {
	for i := range m.Rows {
		y := f.y + (float64(i)+0.5)*f.cell + f.font*0.35
		c.text(f.x-8, y, f.font, "label", fit(m.Rows[i].Name, f.font, f.labels), ` text-anchor="end"`, attr("data-row", fmt.Sprint(i)))
	}
}

func (c *canvas) columnNames(m *atlas.Map, f *frame) {
	for j := range m.Columns {
		x := f.x + (float64(j)+0.5)*f.cell + f.font*0.35
		turn := fmt.Sprintf(` transform="rotate(-90 %s %s)"`, num(x), num(f.y-8))
		c.text(x, f.y-8, f.font, "label", fit(m.Columns[j].Name, f.font, f.heads), turn, attr("data-column", fmt.Sprint(j)))
	}
}

// cells are runs of one row that are alike, each a box with its ports behind it;
// of many rows, those that are alike next to each other are one box.
func (c *canvas) cells(m *atlas.Map, f *frame, words report.MapWords) {
	grid := m.Grid()
	done := make([][]bool, len(grid))
	for i := range grid {
		done[i] = make([]bool, len(grid[i]))
	}
	alike := func(row, from, to, line int) bool {
		for j := from; j < to; j++ {
			if grid[row][j] != line || done[row][j] {
				return false
			}
		}
		return true
	}
	for i := range grid {
		for j := 0; j < len(grid[i]); j++ {
			if done[i][j] {
				continue
			}
			r := region{i, i + 1, j, j + 1, grid[i][j]}
			for r.right < len(grid[i]) && !done[i][r.right] && grid[i][r.right] == r.line {
				r.right++
			}
			for f.cell <= smallCell && r.below < len(grid) && alike(r.below, r.left, r.right, r.line) {
				r.below++
			}
			for row := r.top; row < r.below; row++ {
				for k := r.left; k < r.right; k++ {
					done[row][k] = true
				}
			}
			c.region(m, f, words, &r)
		}
	}
}

// region is cells next to each other that are alike; below and right are behind
// it.
type region struct{ top, below, left, right, line int }

func (c *canvas) region(m *atlas.Map, f *frame, words report.MapWords, r *region) {
	x, y := f.x+float64(r.left)*f.cell, f.y+float64(r.top)*f.cell
	wide, tall := float64(r.right-r.left)*f.cell, float64(r.below-r.top)*f.cell
	if r.line < 0 {
		inset := f.cell * 0.38
		for i := r.top; i < r.below; i++ {
			for j := r.left; j < r.right; j++ {
				fmt.Fprintf(c, `<rect class="na" x="%s" y="%s" width="%s" height="%s"/>`+"\n",
					num(f.x+float64(j)*f.cell+inset), num(f.y+float64(i)*f.cell+inset), num(f.cell-2*inset), num(f.cell-2*inset))
			}
		}
		return
	}
	l := &m.Lines[r.line]
	if l.None() {
		return
	}
	title := span(m.Rows, r.top, r.below) + " → " + span(m.Columns, r.left, r.right) + ": " + words.PortsInFull(l)
	fmt.Fprintf(c, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`+"\n",
		atlas.LevelOf(l), num(x), num(y), num(wide), num(tall), escape(title))
}

// span names groups next to each other by the first and the last.
func span(list []atlas.Group, from, to int) string {
	if to-from == 1 {
		return list[from].Name
	}
	return list[from].Name + " … " + list[to-1].Name
}

// rules part the cells, and namespaces more so.
func (c *canvas) rules(m *atlas.Map, f *frame) {
	wide, tall := float64(len(m.Columns))*f.cell, float64(len(m.Rows))*f.cell
	line := func(class string, x1, y1, x2, y2 float64) {
		fmt.Fprintf(c, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, num(x1), num(y1), num(x2), num(y2))
	}
	if f.cell > smallCell {
		for i := 1; i < len(m.Rows); i++ {
			line("rule", f.x, f.y+float64(i)*f.cell, f.x+wide, f.y+float64(i)*f.cell)
		}
		for j := 1; j < len(m.Columns); j++ {
			line("rule", f.x+float64(j)*f.cell, f.y, f.x+float64(j)*f.cell, f.y+tall)
		}
	}
	fmt.Fprintf(c, `<rect class="border" fill="none" x="%s" y="%s" width="%s" height="%s"/>`+"\n", num(f.x), num(f.y), num(wide), num(tall))
	if m.By == atlas.ByNamespace && m.Options.Namespace == "" {
		return
	}
	for _, b := range blocks(m.Rows) {
		y := f.y + float64(b.from)*f.cell
		if b.from > 0 {
			line("border", f.x-4, y, f.x+wide, y)
		}
		if f.margin > 0 {
			size := b.font(f.cell)
			c.text(f.x+wide+12, y+float64(b.to-b.from)*f.cell/2+size*0.35, size, "faint", b.name)
		}
	}
	for _, b := range blocks(m.Columns) {
		x := f.x + float64(b.from)*f.cell
		if b.from > 0 {
			line("border", x, f.y-4, x, f.y+tall)
		}
		if f.margin > 0 {
			size := b.font(f.cell)
			at := x + float64(b.to-b.from)*f.cell/2 - size*0.35
			c.text(at, f.y+tall+12, size, "faint", b.name, fmt.Sprintf(` transform="rotate(90 %s %s)"`, num(at), num(f.y+tall+12)))
		}
	}
}
