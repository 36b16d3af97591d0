package report

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/explain"
)

// mostMembers bounds the ports that are named in a group; JSON has all.
const mostMembers = 5

// Triage prints the groups of ports in trouble, the worst first, and how many
// are healthy.
func (p *Printer) Triage(t *explain.Triage) error {
	if t.Services == 0 {
		p.para("", p.t(phraseNoServices))
		p.ignored(t.Ignored)
		return p.Err()
	}
	p.para("", p.t(phraseTriage, t.Services, t.Ports))
	class := explain.TriageClass(0)
	for i := range t.Groups {
		g := &t.Groups[i]
		if g.Class != class {
			class = g.Class
			p.line("")
			p.line(p.className(class))
		}
		p.triageGroup(g)
	}
	p.line("")
	p.line(p.paint(green, p.t(phraseTriageHealthy, t.Healthy)))
	if len(t.Groups) > 0 {
		p.para("", p.t(phraseMoreAbout, "portolan explain "+Clean(t.Groups[0].Members[0].Title)+" -f ..."))
	}
	p.reasons(phraseAssumed, t.Assumptions)
	p.ignored(t.Ignored)
	return p.Err()
}

func (p *Printer) className(c explain.TriageClass) string {
	switch c {
	case explain.Broken:
		return p.paint(red, p.t(phraseTriageBroken))
	case explain.Partly:
		return p.paint(yellow, p.t(phraseTriagePartial))
	case explain.Restricted:
		return p.paint(bold, p.t(phraseTriageRestricted))
	case explain.Undecided:
	}
	return p.paint(yellow, p.t(phraseTriageUnknown))
}

// triageGroup is a sentence and the ports it is about: each with what is
// particular to it, or all in one line where nothing is.
func (p *Printer) triageGroup(g *explain.TriageGroup) {
	head := p.t(phraseOneService, p.say(g.Reason))
	if n := g.Services(); n > 1 {
		head = p.t(phraseServices, n, p.say(g.Reason))
	}
	p.para("  ", head)
	if !p.particular(g) {
		var names []string
		for i := range g.Members {
			names = append(names, g.Members[i].Title)
		}
		p.para("    ", p.some(names, 2*mostMembers)+p.who(g.Members[0].Who))
		return
	}
	for i := range g.Members[:min(mostMembers, len(g.Members))] {
		m := &g.Members[i]
		text := Clean(m.Title) + p.who(m.Who)
		if !m.Detail.IsZero() {
			text += ": " + p.say(m.Detail)
		}
		p.para("    ", text)
	}
	if n := len(g.Members) - mostMembers; n > 0 {
		p.para("    ", p.t(phraseAndMore, n))
	}
}

// particular reports whether the members of a group differ in more than their
// names.
func (p *Printer) particular(g *explain.TriageGroup) bool {
	return slices.ContainsFunc(g.Members, func(m explain.TriagePort) bool {
		return !m.Detail.IsZero() || !slices.Equal(m.Who, g.Members[0].Who)
	})
}

// who lists the kinds of place that do not get through.
func (p *Printer) who(words []string) string {
	if len(words) == 0 || slices.Equal(words, []string{"@" + string(wordOutside)}) {
		return ""
	}
	var out []string
	for _, w := range words {
		out = append(out, p.Lang.word(w))
	}
	return " (" + p.t(phraseNot, strings.Join(out, ", ")) + ")"
}
