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
	p.para(p.paint(bold, Clean(s.Title))+"  ", serviceWords(s))
	p.line("")
	p.table(s)
	p.because(s)
	p.proofless(s)
	p.sharing(s.Sharing)
	p.reasons("assumed", s.Assumptions)
	p.reasons("deviates", s.Deviations)
	if s.Sampled > 0 {
		p.para(pad("sampled", 10), fmt.Sprintf("%d pods were not asked: others with the same namespace, policies and node stand for them", s.Sampled))
	}
	p.ignored(s.Ignored)
}

func serviceWords(s *explain.Survey) string {
	if s.Service == nil {
		return ""
	}
	words := fmt.Sprintf("port %d/%s", s.Port.Port, strings.ToLower(s.Port.Protocol.String()))
	if s.Port.TargetPort.Name != "" {
		words += ", target port " + s.Port.TargetPort.Name
	} else if n := s.Port.TargetPort.Number; n != 0 && n != s.Port.Port {
		words += ", target port " + strconv.Itoa(int(n))
	}
	words += "; " + string(s.Service.Type)
	if s.Service.ExternalTrafficPolicy != "" {
		words += ", externalTrafficPolicy " + string(s.Service.ExternalTrafficPolicy)
	}
	return Clean(words)
}

// table has a line per kind of place and a column per address of the Service.
func (p *Printer) table(s *explain.Survey) {
	rows := [][]string{{"FROM"}}
	for _, c := range s.Columns {
		title := strings.ToUpper(c.Kind.String())
		if c.Kind == 0 {
			title = "TARGET"
		}
		rows[0] = append(rows[0], title)
	}
	for i := range s.Rows {
		rows = append(rows, p.tableRow(&s.Rows[i]))
	}
	widths := make([]int, len(rows[0]))
	room := p.Width - 2
	for i := len(widths) - 1; i >= 0; i-- {
		for _, r := range rows {
			if i == 0 {
				r[0] = cut(r[0], max(room, 24))
			}
			widths[i] = max(widths[i], width(r[i]))
		}
		room -= widths[i] + 2
	}
	for _, r := range rows {
		line := ""
		for i, c := range r {
			line += pad(c, widths[i]+2)
		}
		p.line("  " + line)
	}
	for _, c := range s.Columns {
		switch c.Kind {
		case 0:
		case service.NodePort:
			p.line("  " + pad("NODEPORT", 10) + fmt.Sprintf("%d of the node entered, or of the place's own node", s.Port.NodePort))
		default:
			p.line("  " + pad(strings.ToUpper(c.Kind.String()), 10) + Clean(c.To))
		}
	}
}

func (p *Printer) tableRow(r *explain.Row) []string {
	var name string
	switch r.Kind {
	case flow.MachineClient:
		name = "external/" + r.Group + " via " + some(r.Places, 3)
	case flow.MachineNode:
		name = "node " + some(r.Places, 4)
	default:
		name = "pods of " + r.Group + ": " + some(r.Places, 3)
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
	r := []rune(s)
	return string(r[:min(len(r), n-3)]) + "..."
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
	for _, r := range c.Reasons {
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
	return p.paint(yellow, "? unknown") + note
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
			text += " by " + b.Culprit.String()
		}
		text += ": " + becauseWords(b)
		if len(b.Origins) > 0 {
			text += " [" + originWords(b.Origins) + "]"
		}
		p.para(fmt.Sprintf("  [%d] ", i+1), text)
	}
}

// becauseWords is the sentence of a reason, and for a denial what the policy
// took the client for.
func becauseWords(b *explain.Because) string {
	r := b.Reason
	r.Args = append([]string{}, r.Args...)
	if len(b.Subjects) > 0 {
		r.Args[0] = some(b.Subjects, 3)
	}
	if b.As == explain.AsOther {
		return Say(r)
	}
	r.Args[2] = some(b.Saw, 3)
	switch b.As {
	case explain.AsNode:
		return Say(r) + "; that is the node which masqueraded the packet (SNAT): policy does not see who asked"
	case explain.AsItself:
		return Say(r) + "; that is who asked: policy is judged before the masquerade here"
	default:
		return Say(r)
	}
}

func (p *Printer) proofless(s *explain.Survey) {
	if len(s.Proofless) == 0 {
		return
	}
	p.line("")
	p.para("  note  ", fmt.Sprintf("policies never judge a node's own processes toward its own pods (%s): "+
		"that it works there proves nothing about any other place.", Clean(some(s.Proofless, 4))))
}

func (p *Printer) sharing(sh *explain.Sharing) {
	if sh == nil {
		return
	}
	p.line("")
	if len(sh.Services) > 1 {
		p.para("  ", fmt.Sprintf("%s is shared by %s; a router sends it to %s, whichever Service is meant:",
			sh.Addr, count(len(sh.Services), "Service", "Services"), some(sh.Entries, 6)))
	} else {
		p.para("  ", fmt.Sprintf("A router sends %s to %s.", sh.Addr, some(sh.Entries, 6)))
	}
	for i := range sh.Services {
		x := &sh.Services[i]
		text := fmt.Sprintf("%s/%s port %s, endpoints on %s", x.Service.Namespace, x.Service.Name, strings.Join(x.Ports, ", "), orNone(some(x.Nodes, 4)))
		switch {
		case x.Service.ExternalTrafficPolicy == "Local" && len(x.Dead) > 0:
			text += "; it is Local: what enters by " + some(x.Dead, 4) + " is dropped"
		case x.Service.ExternalTrafficPolicy == "Local":
			text += "; it is Local, and every entry has an endpoint"
		case len(x.Dead) > 0:
			text += "; with Local what enters by " + some(x.Dead, 4) + " would be dropped"
		default:
			text += "; with Local every entry would still have an endpoint"
		}
		p.para("    ", Clean(text))
	}
}

func orNone(s string) string {
	if s == "" {
		return "no node"
	}
	return s
}
