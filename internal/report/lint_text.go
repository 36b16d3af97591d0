package report

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
)

// Lint prints the findings by code, the worst first, with the help of a code
// once. Notes (info) are one line for a code unless verbose, which also prints
// what was taken out.
func (p *Printer) Lint(l *check.Lint, verbose bool) error {
	for i := 0; i < len(l.Findings); {
		j := i
		for j < len(l.Findings) && l.Findings[j].Code == l.Findings[i].Code {
			j++
		}
		p.lintCode(l.Findings[i:j], verbose)
		i = j
	}
	if verbose {
		p.lintSuppressed(l.Suppressed)
	}
	p.lintUnchecked(l.Unchecked, verbose)
	if len(l.Findings) == 0 && len(l.Suppressed) == 0 {
		p.line(p.t(phraseLintClean))
	}
	p.line(lintSummary(l, p.Lang))
	return p.Err()
}

func (p *Printer) lintCode(all []check.Finding, verbose bool) {
	first := &all[0]
	help := p.Lang.LintHelp(first.Code)
	p.para(p.severity(first.Severity)+" ", p.paint(bold, string(first.Code))+p.Lang.colonSpace()+help.What)
	if first.Severity == check.Info && !verbose {
		var names []string
		for i := range all {
			if n := all[i].Object.String(); !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		p.para("  ", p.t(phraseLintFold, p.some(names, 3)))
		p.line("")
		return
	}
	var last flow.Object
	for i := range all {
		p.lintFinding(&all[i], last == all[i].Object)
		last = all[i].Object
	}
	p.para("  "+pad(p.t(phraseLintWhy), 6), help.Why)
	p.para("  "+pad(p.t(phraseLintDo), 6), help.Do)
	if q := see(all); q != "" {
		p.para("  "+pad(p.t(phraseLintSee), 6), q)
	}
	p.line("")
}

func (p *Printer) severity(s check.Severity) string {
	word := pad(severityWord(p.Lang, s), 7)
	switch s {
	case check.Error:
		return p.paint(red, word)
	case check.Warning:
		return p.paint(yellow, word)
	case check.Info, check.Nothing:
	}
	return p.paint(dim, word)
}

func (p *Printer) lintFinding(f *check.Finding, again bool) {
	if !again {
		head := Clean(f.Object.String())
		if f.Object.Kind == "File" {
			head = f.Object.Kind
		}
		if at := f.Position.String(); at != "" {
			head += " (" + Clean(at) + ")"
		}
		p.para("  ", head)
	}
	text := p.say(f.Reason)
	if f.Field != "" && !strings.Contains(text, f.Field) {
		text = Clean(f.Field) + p.Lang.colonSpace() + text
	}
	p.para("    ", text)
}

// see is the command that shows the first finding that has one.
func see(all []check.Finding) string {
	for i := range all {
		if q := all[i].Ask; q.To != "" {
			return "portolan explain " + shellWord(strings.TrimSuffix(q.To, "@vip")) + " -f ..."
		}
	}
	return ""
}

func (p *Printer) lintSuppressed(all []check.Suppressed) {
	for i := range all {
		f := &all[i]
		why := f.Why
		if why == "" {
			why = p.t(phraseLintBaseline)
		}
		p.para(pad("-", 8), string(f.Code)+" "+Clean(f.Object.String())+p.Lang.colonSpace()+Clean(why))
	}
	if len(all) > 0 {
		p.line("")
	}
}

func (p *Printer) lintUnchecked(all []check.Unchecked, verbose bool) {
	for _, x := range uncheckedBy(all) {
		text := p.t(phraseLintLacksMany, x.lacks, len(x.codes))
		if verbose || len(x.codes) <= 3 {
			text = p.t(phraseLintLacks, x.lacks, strings.Join(x.codes, ", "))
		}
		p.para(pad(p.t(phraseLintUnchecked), 10), text)
	}
	if len(all) > 0 {
		p.line("")
	}
}

type unchecked struct {
	lacks string
	codes []string
}

// uncheckedBy puts codes together that lack the same.
func uncheckedBy(all []check.Unchecked) []unchecked {
	var out []unchecked
	for _, u := range all {
		lacks := strings.Join(u.Lacks, ", ")
		i := slices.IndexFunc(out, func(x unchecked) bool { return x.lacks == lacks })
		if i < 0 {
			i = len(out)
			out = append(out, unchecked{lacks: lacks})
		}
		out[i].codes = append(out[i].codes, string(u.Code))
	}
	return out
}
