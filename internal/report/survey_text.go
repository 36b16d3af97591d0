package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// Surveys prints each Service port: the table of places, the reasons, what
// proves nothing, who shares the address.
func (p *Printer) Surveys(all []*explain.Survey) error {
	for i, s := range all {
		if i > 0 {
			p.line("")
		}
		p.survey(s)
	}
	return p.Err()
}

func (p *Printer) survey(s *explain.Survey) {
	p.para(p.paint(bold, Clean(s.Title))+"  ", p.service(s))
	p.pending(s.Pending)
	p.line("")
	p.table(s)
	p.because(s)
	p.proofless(s)
	p.sharing(s.Sharing)
	p.reasons(phraseAssumed, s.Assumptions)
	p.reasons(phraseDeviates, s.Deviations)
	p.otherSurveys(s)
	if s.Sampled > 0 {
		p.para(p.lead(phraseSampled), p.t(phraseSampledPods, s.Sampled))
	}
	p.ignored(s.Ignored)
}

func (p *Printer) service(s *explain.Survey) string {
	if s.Service == nil {
		return ""
	}
	words := p.t(phrasePortOf, fmt.Sprintf("%d/%s", s.Port.Port, strings.ToLower(s.Port.Protocol.String())))
	if s.Port.TargetPort.Name != "" {
		words += ", " + p.t(phraseTargetPort, s.Port.TargetPort.Name)
	} else if n := s.Port.TargetPort.Number; n != 0 && n != s.Port.Port {
		words += ", " + p.t(phraseTargetPort, n)
	}
	words += "; " + string(s.Service.Type)
	if s.Service.ExternalTrafficPolicy != "" {
		words += ", externalTrafficPolicy " + string(s.Service.ExternalTrafficPolicy)
	}
	return Clean(words)
}

// table has a line per kind of place and a column per address of the Service.
func (p *Printer) table(s *explain.Survey) {
	rows := [][]string{{p.t(phraseColumnFrom)}}
	for _, c := range s.Columns {
		title := strings.ToUpper(c.Kind.String())
		if c.Kind == 0 {
			title = p.t(phraseColumnTarget)
		}
		rows[0] = append(rows[0], title)
	}
	for i := range s.Rows {
		rows = append(rows, p.tableRow(&s.Rows[i]))
	}
	for _, part := range p.columns(rows) {
		p.grid(part)
	}
	for _, c := range s.Columns {
		switch c.Kind {
		case 0:
		case service.NodePort:
			p.line("  " + pad("NODEPORT", 10) + p.t(phraseNodePortOf, s.Port.NodePort))
		default:
			p.line("  " + pad(strings.ToUpper(c.Kind.String()), 10) + Clean(c.To))
		}
	}
}

// columns splits a table into as many as it takes for each to fit the width;
// the first column stands in all of them.
func (p *Printer) columns(rows [][]string) [][][]string {
	const name = 28 // at least, for the first column
	var parts [][][]string
	for at := 1; at < len(rows[0]); {
		part := make([][]string, len(rows))
		for i, r := range rows {
			part[i] = []string{r[0]}
		}
		for room := p.Width - 2 - name; at < len(rows[0]); at++ {
			if room -= columnWidth(rows, at) + 2; room < 0 && len(part[0]) > 1 {
				break
			}
			for i, r := range rows {
				part[i] = append(part[i], r[at])
			}
		}
		parts = append(parts, part)
	}
	return parts
}

func columnWidth(rows [][]string, at int) int {
	n := 0
	for _, r := range rows {
		n = max(n, width(r[at]))
	}
	return n
}

// grid prints rows in columns; the first gives way.
func (p *Printer) grid(rows [][]string) {
	room := p.Width - 2
	for at := 1; at < len(rows[0]); at++ {
		room -= columnWidth(rows, at) + 2
	}
	for _, r := range rows {
		r[0] = cut(r[0], max(room-2, 24))
	}
	for _, r := range rows {
		line := ""
		for at, c := range r {
			line += pad(c, columnWidth(rows, at)+2)
		}
		p.line("  " + line)
	}
}

func (p *Printer) tableRow(r *explain.Row) []string {
	var name string
	switch r.Kind {
	case flow.MachineClient:
		name = p.t(phraseRowClient, r.Group, p.some(r.Places, 3))
	case flow.MachineNode:
		name = p.t(phraseRowNode, p.some(r.Places, 4))
	default:
		name = p.t(phraseRowPods, r.Group, p.some(r.Places, 3))
	}
	row := []string{Clean(name)}
	for i := range r.Cells {
		row = append(row, p.cell(&r.Cells[i]))
	}
	return row
}

func cut(s string, n int) string {
	if width(s) <= n {
		return s
	}
	out := ""
	for _, r := range s {
		if width(out+string(r)) > n-3 {
			break
		}
		out += string(r)
	}
	return out + "..."
}

func (p *Printer) cell(c *explain.Cell) string {
	if c.None {
		return "-"
	}
	var seen []string
	for _, s := range c.Seen {
		seen = append(seen, s.String())
	}
	var marks []string
	const most = 4
	for i, r := range c.Reasons {
		if i == most {
			marks = append(marks, fmt.Sprintf("+%d", len(c.Reasons)-most))
			break
		}
		marks = append(marks, strconv.Itoa(r+1))
	}
	note := ""
	if len(marks) > 0 {
		note = " [" + strings.Join(marks, ",") + "]"
	}
	switch c.Verdict {
	case flow.Reachable:
		return p.paint(green, "ok")
	case flow.NotReachable:
		return p.paint(red, "x "+strings.Join(seen, "/")) + note
	case flow.Depends:
		return p.paint(yellow, fmt.Sprintf("~ %d of %d", c.Reached, c.Of)) + note
	case flow.VerdictUnknown:
	}
	return p.paint(yellow, "? "+p.t(phraseUnknown)) + note
}

func (p *Printer) because(s *explain.Survey) {
	if len(s.Reasons) == 0 {
		return
	}
	p.line("")
	for i := range s.Reasons {
		b := &s.Reasons[i]
		text := b.Fate.String()
		if !b.Culprit.IsZero() {
			text += " " + p.t(phraseByCulprit, b.Culprit)
		}
		text += ": " + p.reason(b)
		if len(b.Origins) > 0 {
			text += " [" + p.origins(b.Origins) + "]"
		}
		p.para(fmt.Sprintf("  [%d] ", i+1), text)
	}
}

// reason is the sentence of a reason, and for a denial what the policy
// took the client for.
func (p *Printer) reason(b *explain.Because) string {
	r := b.Reason
	r.Args = append([]string{}, r.Args...)
	if len(b.Subjects) > 0 {
		r.Args[0] = p.some(b.Subjects, 3)
	}
	if b.As == explain.AsOther {
		return p.say(r)
	}
	r.Args[2] = p.some(b.Saw, 3)
	switch b.As {
	case explain.AsNode:
		return p.say(r) + "; " + p.t(phraseSawNode)
	case explain.AsItself:
		return p.say(r) + "; " + p.t(phraseSawClient)
	default:
		return p.say(r)
	}
}

func (p *Printer) proofless(s *explain.Survey) {
	if len(s.Proofless) == 0 {
		return
	}
	p.line("")
	p.para("  "+p.t(phraseNote)+"  ", p.t(phraseProofless, p.some(s.Proofless, 4)))
}

func (p *Printer) sharing(sh *explain.Sharing) {
	if sh == nil {
		return
	}
	p.line("")
	entries := p.some(sh.Entries, 6)
	switch {
	case !sh.Missing.IsZero():
		entries = p.t(phraseUnknownNodes)
	case len(sh.Entries) == 0:
		entries = p.t(phraseNoNode)
	}
	if len(sh.Services) > 1 {
		p.para("  ", p.t(phraseShared, sh.Addr, len(sh.Services), entries))
	} else {
		p.para("  ", p.t(phraseNotShared, sh.Addr, entries))
	}
	for i := range sh.Services {
		p.para("    ", p.sharer(&sh.Services[i], len(sh.Entries) > 0))
	}
	p.balance(sh)
}

// sharer says where one Service on an address lives, and what Local does, or
// would do, to it if anything enters.
func (p *Printer) sharer(x *explain.Sharer, entered bool) string {
	nodes := p.some(x.Nodes, 4)
	if nodes == "" {
		nodes = p.t(phraseNoNode)
	}
	text := p.t(phraseSharer, x.Service.Namespace+"/"+x.Service.Name, strings.Join(x.Ports, ", "), nodes)
	if !entered {
		return text
	}
	text += "; "
	dead := p.some(x.Dead, 4)
	switch local := x.Local(); {
	case local && len(x.Dead) > 0:
		return text + p.t(phraseIsLocalDead, dead)
	case local:
		return text + p.t(phraseIsLocalFine)
	case len(x.Dead) > 0:
		return text + p.t(phraseLocalDead, dead)
	}
	return text + p.t(phraseLocalFine)
}
