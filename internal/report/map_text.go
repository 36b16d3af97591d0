package report

import (
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/reach"
)

// MapView is what of a Map is printed, and with what beside it.
type MapView struct {
	*atlas.Map
	Ignored []explain.Ignored
	// Exposure: who reaches Services and what is open to the world, in full, and
	// nothing else.
	Exposure bool
	// All lines, however many there are.
	All bool
}

// Bounds of what is printed without being asked for.
const (
	mostMatrix       = 16 // columns
	mostMapLines     = 40
	mostServiceLines = 24
)

// Map prints who can reach what.
func (p *Printer) Map(v *MapView) error {
	p.mapHead(v)
	if !v.Exposure {
		p.connections(v)
	}
	p.services(v)
	p.world(v)
	p.mapNotes(v)
	p.reasons(phraseAssumed, v.Assumptions)
	p.ignored(v.Ignored)
	return p.Err()
}

func (p *Printer) mapHead(v *MapView) {
	w := p.Lang.MapWords()
	text := p.t(phraseMapSize, v.Size.Workloads, v.Size.Namespaces, v.Size.Pods) + w.semicolon()
	if v.Chosen && v.Options.From+v.Options.To+v.Options.Namespace == "" {
		var others []string
		for _, f := range []atlas.Fold{atlas.ByNamespace, atlas.ByWorkload, atlas.ByClass} {
			if f != v.By {
				others = append(others, "--by "+f.String())
			}
		}
		text += p.t(phraseMapChosen, w.Grouping(v.Map), strings.Join(others, ", "))
	} else {
		text += p.t(phraseMapBy, w.Grouping(v.Map))
	}
	p.para("", text)
	if v.Exposure {
		return
	}
	p.para("", p.t(phraseMapCells, v.Whole, v.Partly, v.Closed))
	if v.Unsure > 0 {
		p.para("", p.paint(yellow, p.t(phraseMapUnsure, v.Unsure)))
	}
}

// connections prints a matrix of few groups, or a list of many.
func (p *Printer) connections(v *MapView) {
	p.line("")
	if len(v.Columns) > mostMatrix || len(v.Rows) > 2*mostMatrix || v.Options.Only != atlas.Everything || v.Focus != nil {
		p.mapList(v)
		return
	}
	grid := v.Grid()
	if p.matrix(v, grid, p.portCell) {
		p.line("")
		p.para("  ", p.t(phraseMapLegend))
		return
	}
	p.matrix(v, grid, symbolCell)
	p.line("")
	p.para("  ", p.t(phraseMapSymbols))
	p.line("")
	p.mapList(v)
}

// matrix prints the grid if it fits; the last resort always does.
func (p *Printer) matrix(v *MapView, grid [][]int, cell func(*reach.Line) string) bool {
	rows := [][]string{{p.t(phraseMapFromTo)}}
	for j := range v.Columns {
		head := strconv.Itoa(j + 1)
		if !v.Same() {
			head = Clean(v.Columns[j].Name)
		}
		rows[0] = append(rows[0], head)
	}
	for i := range v.Rows {
		name := Clean(v.Rows[i].Name)
		if v.Same() {
			name = strconv.Itoa(i+1) + " " + name
		}
		row := []string{name}
		for j := range v.Columns {
			text := "-"
			if grid[i][j] >= 0 {
				text = cell(&v.Lines[grid[i][j]])
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	room := p.Width - 2 - min(columnWidth(rows, 0), 32) - 2
	for at := 1; at < len(rows[0]); at++ {
		w := columnWidth(rows, at)
		if room -= w + 2; room < -2 || w > 24 {
			return false
		}
	}
	p.grid(rows)
	return true
}

// portCell is the ports that are open; what is closed to all is a dot.
func (p *Printer) portCell(l *reach.Line) string {
	if l.None() {
		return "."
	}
	return strings.ReplaceAll(p.Lang.MapWords().Ports(l), ", ", ",")
}

func symbolCell(l *reach.Line) string {
	switch atlas.LevelOf(l) {
	case atlas.LevelAll:
		return "#"
	case atlas.LevelPart:
		return "~"
	case atlas.LevelUnsure:
		return "?"
	case atlas.LevelNone:
	}
	return "."
}

// mapList prints a line for cells that are alike.
func (p *Printer) mapList(v *MapView) {
	w := p.Lang.MapWords()
	rows := [][]string{{p.t(phraseColumnFrom), p.t(phraseMapTo), p.t(phraseMapPorts)}}
	left := 0
	for _, l := range v.Folded() {
		if l.None() && v.Options.Only != atlas.Blocked {
			continue
		}
		if len(rows) > mostMapLines && !v.All {
			left++
			continue
		}
		ports := w.Ports(&l)
		if v.Options.Only == atlas.Blocked {
			ports = w.PortsInFull(&l)
		}
		rows = append(rows, []string{w.AllOf(l.From, v.Rows, 3), w.AllOf(l.To, v.Columns, 3), ports})
	}
	if len(rows) == 1 {
		p.para("  ", p.t(phraseMapNothing))
		return
	}
	p.wrapped(rows, []int{30, 26})
	if left > 0 {
		p.para("  ", p.t(phraseMapRest, left))
	}
	if v.Options.Only != atlas.Blocked {
		p.para("  ", p.t(phraseMapNotListed))
	}
	p.line("")
	p.para("  ", p.t(phraseMapLegend))
}

// wrapped prints rows in columns that are at most so wide; what is wider goes on
// in the next line of its column.
func (p *Printer) wrapped(rows [][]string, most []int) {
	room := p.Width - 2
	widths := make([]int, len(rows[0]))
	for at := range most {
		widths[at] = min(columnWidth(rows, at), most[at])
		room -= widths[at] + 2
	}
	widths[len(widths)-1] = max(room, 16)
	for _, r := range rows {
		var cells [][]string
		tall := 0
		for at, text := range r {
			cells = append(cells, wrapHard(text, widths[at]))
			tall = max(tall, len(cells[at]))
		}
		for i := range tall {
			line := ""
			for at, c := range cells {
				text := ""
				if i < len(c) {
					text = c[i]
				}
				line += pad(text, widths[at]+2)
			}
			p.line("  " + line)
		}
	}
}

// wrapHard is wrap that breaks words, too, behind a slash or dash if there is one.
func wrapHard(text string, room int) []string {
	var out []string
	for _, l := range wrap(text, room) {
		for width(l) > room {
			at, n := 0, 0
			for i, r := range l {
				if n += width(string(r)); n > room {
					break
				}
				at = i + len(string(r))
			}
			if cut := strings.LastIndexAny(l[:at], "/-.,"); cut > at/2 {
				at = cut + 1
			}
			out, l = append(out, l[:at]), " "+l[at:]
		}
		out = append(out, l)
	}
	return out
}

// mapNotes says what is not in the groups, and which ports count.
func (p *Printer) mapNotes(v *MapView) {
	for i, n := range p.Lang.MapWords().notes(v.Map) {
		lead := pad("", 10)
		if i == 0 {
			p.line("")
			lead = p.lead(phraseMapNote)
		}
		p.para(lead, n)
	}
}
