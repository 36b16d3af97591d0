package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
)

// proofTable is what was asked, by target, rows that fare alike as one.
type proofTable struct {
	columns [2]flow.Code // of the two outcomes
	fold    folding
	rows    []*proofRow
	at      map[string]*proofRow
	notes   []string
	numbers map[string]int // of notes, from 1
}

type proofRow struct {
	to      []string // targets
	froms   []string
	vias    []string
	cells   [2]string
	marks   string
	differs bool
	count   int
}

// folding is how much is folded into one row.
type folding uint8

const (
	unfolded folding = iota
	// byTarget: pods of a namespace, nodes, clients; each address of a Service by
	// itself.
	byTarget
	// byKind: all pods, all addresses of a kind.
	byKind
)

// mostRows bounds a table whose rows are folded by target.
const mostRows = 48

func newProofTable(fold folding) *proofTable {
	return &proofTable{fold: fold, at: map[string]*proofRow{}, numbers: map[string]int{}}
}

// add folds a way into the row of its like.
func (t *proofTable) add(w *proof.Way, cells [2]string, notes []string) {
	if t.fold == byKind {
		notes = nil
	}
	marks := t.mark(notes)
	key := strings.Join([]string{t.kindOf(w.From), t.kindOf(w.Name), cells[0], cells[1], marks, fmt.Sprint(len(w.Differences) > 0)}, "\x00")
	if t.fold == unfolded {
		key = fmt.Sprint(len(t.rows))
	}
	r := t.at[key]
	if r == nil {
		r = &proofRow{cells: cells, marks: marks, differs: len(w.Differences) > 0}
		t.at[key] = r
		t.rows = append(t.rows, r)
	}
	r.to, r.froms = insert(r.to, w.Name), insert(r.froms, w.From)
	if via := cmp.Or(w.Via, w.Target.Node); via != "" {
		r.vias = insert(r.vias, via)
	}
	r.count++
}

func insert(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// mark gives notes their numbers.
func (t *proofTable) mark(notes []string) string {
	var marks []string
	for _, n := range notes {
		if t.numbers[n] == 0 {
			t.notes = append(t.notes, n)
			t.numbers[n] = len(t.notes)
		}
		marks = append(marks, fmt.Sprint(t.numbers[n]))
	}
	if len(marks) == 0 {
		return ""
	}
	return " [" + strings.Join(marks, ",") + "]"
}

// kindOf is what of a place or target may be folded.
func (t *proofTable) kindOf(name string) string {
	kind, rest, _ := strings.Cut(name, "/")
	switch {
	case kind == "node" || kind == "external" || kind == "pod" && t.fold == byKind:
		return kind
	case kind == "pod":
		ns, _, _ := strings.Cut(rest, "/")
		return kind + "/" + ns
	case kind == "svc" && t.fold == byKind:
		return name[strings.LastIndex(name, "@")+1:]
	}
	return name
}

// foldWays is the table of what was predicted and what the kernel did.
func (p *Printer) foldWays(x *Proof) *proofTable {
	return p.folded(x, func(t *proofTable) {
		t.columns = [2]flow.Code{phraseProveColumnPredicted, phraseProveColumnKernel}
		eachWay(x.Lines, func(w *proof.Way) {
			t.add(w, [2]string{seenWords(w.Predicted), seenWords(w.Observed)}, p.drops(w))
		})
	})
}

// folded fills a table, and once more with fewer rows where they are too many.
func (p *Printer) folded(x *Proof, fill func(*proofTable)) *proofTable {
	fold := byTarget
	if x.Unfolded {
		fold = unfolded
	}
	t := newProofTable(fold)
	fill(t)
	if len(t.rows) > mostRows && !x.Unfolded {
		t = newProofTable(byKind)
		fill(t)
	}
	p.sortRows(t)
	return t
}

func eachWay(lines []proof.Line, do func(*proof.Way)) {
	for i := range lines {
		for k := range lines[i].Ways {
			do(&lines[i].Ways[k])
		}
	}
}

// sortRows puts rows of one target together, Services before pods.
func (p *Printer) sortRows(t *proofTable) {
	key := func(r *proofRow) string {
		if strings.HasPrefix(r.to[0], "svc/") {
			return " " + t.kindOf(r.to[0])
		}
		return t.kindOf(r.to[0]) + " " + p.goals(t, r)
	}
	slices.SortStableFunc(t.rows, func(a, b *proofRow) int { return strings.Compare(key(a), key(b)) })
}

// foldChanges is the table of what the kernel does otherwise after a fix, and how
// many ways are as before.
func (p *Printer) foldChanges(x *Proof) (*proofTable, int) {
	before := map[string]*proof.Way{}
	eachWay(x.Lines, func(w *proof.Way) { before[wayKey(w)] = w })
	same := 0
	t := p.folded(x, func(t *proofTable) {
		t.columns, same = [2]flow.Code{phraseProveColumnKernel, phraseProveColumnFixed}, 0
		eachWay(x.After, func(w *proof.Way) {
			was := before[wayKey(w)]
			if was == nil || slices.Equal(seen(was.Observed), seen(w.Observed)) {
				same++
				return
			}
			t.add(w, [2]string{seenWords(was.Observed), seenWords(w.Observed)}, p.drops(w))
		})
	})
	return t, same
}

func wayKey(w *proof.Way) string {
	return w.From + "\x00" + w.Via + "\x00" + w.Target.String()
}

func seen(all []proof.Outcome) []flow.Seen {
	var out []flow.Seen
	for _, o := range all {
		out = append(out, o.Seen)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func seenWords(all []proof.Outcome) string {
	var words []string
	for _, s := range seen(all) {
		words = append(words, s.String())
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, "/")
}

// drops are the sentences of what the kernel's log tells of a way.
func (p *Printer) drops(w *proof.Way) []string {
	var notes []string
	for i := range w.Drops {
		notes = insert(notes, p.drop(&w.Drops[i]))
	}
	return notes
}

func (p *Printer) drop(d *proof.Drop) string {
	direction := strings.ToLower(d.Direction.String())
	if len(d.By) == 0 {
		return p.t(phraseProveStranger, d.Node, direction)
	}
	return p.t(phraseProveDropped, d.Node, policyNames(d), direction)
}

// policyNames lists the policies of a drop.
func policyNames(d *proof.Drop) string {
	var by []string
	for _, o := range d.By {
		by = append(by, o.Object.String())
	}
	return strings.Join(by, ", ")
}

// proofTable prints rows under their targets.
func (p *Printer) proofTable(t *proofTable) {
	if len(t.rows) == 0 {
		return
	}
	head := []string{p.t(phraseProveColumnFrom), p.t(phraseProveColumnVia), p.t(t.columns[0]), p.t(t.columns[1]), "N"}
	rows := [][]string{head}
	for _, r := range t.rows {
		rows = append(rows, []string{p.froms(r), cut(p.some(r.vias, 4), 16), r.cells[0], r.cells[1] + r.marks, fmt.Sprint(r.count)})
	}
	widths := p.proofWidths(rows)
	p.line("")
	p.proofLine(head, widths, "")
	last := ""
	for i, r := range t.rows {
		if to := p.goals(t, r); to != last {
			p.line("  " + p.paint(bold, to))
			last = to
		}
		color := ""
		if r.differs {
			color = red
		}
		p.proofLine(rows[i+1], widths, color)
	}
	for i, n := range t.notes {
		p.para(fmt.Sprintf("  [%d] ", i+1), n)
	}
}

// proofWidths fits the first column to what the others leave.
func (p *Printer) proofWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	room := p.Width - 4
	for at := 1; at < len(widths); at++ {
		if widths[at] = columnWidth(rows, at); widths[at] > 0 {
			room -= widths[at] + 2
		}
	}
	widths[0] = min(columnWidth(rows, 0), max(room, 16))
	return widths
}

func (p *Printer) proofLine(cells []string, widths []int, color string) {
	line := ""
	for at, c := range cells {
		if widths[at] == 0 {
			continue
		}
		if at == len(cells)-1 {
			line += strings.Repeat(" ", max(0, widths[at]-width(c))) + c
			break
		}
		line += pad(cut(c, widths[at]), widths[at]+2)
	}
	if color != "" {
		line = p.paint(color, line)
	}
	p.line("    " + line)
}

// froms names who asked, many of a kind by their number.
func (p *Printer) froms(r *proofRow) string {
	if len(r.froms) == 1 {
		return Clean(r.froms[0])
	}
	if strings.HasPrefix(r.froms[0], "pod/") {
		return p.pods(r.froms)
	}
	names := []string{Clean(r.froms[0])}
	for _, f := range r.froms[1:] {
		_, name, _ := strings.Cut(f, "/")
		names = append(names, Clean(name))
	}
	return p.some(names, 6)
}

// pods counts pods, of one namespace or of several.
func (p *Printer) pods(names []string) string {
	var namespaces []string
	for _, n := range names {
		namespaces = insert(namespaces, strings.Split(n+"//", "/")[1])
	}
	if len(namespaces) == 1 {
		return p.t(phraseProvePods, len(names), namespaces[0])
	}
	return p.t(phraseProvePodsOf, len(names), len(namespaces))
}

// goals names what was asked for, many of a kind by their number.
func (p *Printer) goals(t *proofTable, r *proofRow) string {
	switch {
	case len(r.to) == 1 && t.fold != byKind:
		return Clean(r.to[0])
	case strings.HasPrefix(r.to[0], "svc/"):
		return p.t(phraseProveServices, t.kindOf(r.to[0]))
	case t.fold == byKind:
		return p.t(phraseProveAnyPod)
	}
	return p.pods(r.to)
}
