package report

import (
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/explain"
)

// Diagnosis prints what was seen beside what is predicted, then the causes, the
// likeliest first.
func (p *Printer) Diagnosis(d *explain.Diagnosis) error {
	p.para(p.paint(bold, p.outcome(d))+"  ", p.t(phraseDiagnosis, d.Target))
	p.line("")
	p.checked(d)
	p.conclusion(d)
	for i := range d.Causes {
		p.cause(d, i)
	}
	p.reasons(phraseAssumed, d.Assumptions)
	p.reasons(phraseDeviates, d.Deviations)
	p.ignored(d.Ignored)
	return p.Err()
}

func (p *Printer) outcome(d *explain.Diagnosis) string {
	word := strings.ToUpper(d.Outcome.String())
	switch d.Outcome {
	case explain.Explained, explain.Expected:
		return p.paint(green, word)
	default:
		return p.paint(yellow, word)
	}
}

// checked has a line per observation: as it was written, what is predicted,
// whether they agree.
func (p *Printer) checked(d *explain.Diagnosis) {
	rows := [][3]string{{p.t(phraseColumnSeen), p.t(phraseColumnModel), ""}}
	for i := range d.Seen {
		c := &d.Seen[i]
		rows = append(rows, [3]string{Clean(c.Text), p.prediction(c), p.agreement(c)})
	}
	var widths [2]int
	for _, r := range rows {
		for i := range widths {
			widths[i] = min(max(widths[i], width(r[i])), p.Width/2)
		}
	}
	proofless := false
	for i, r := range rows {
		note := ""
		if i > 0 && d.Seen[i-1].Proofless {
			note, proofless = " *", true
		}
		if width(r[0]) > widths[0] { // too long to stand beside the rest
			p.line("  " + r[0])
			r[0] = ""
		}
		p.line("  " + pad(r[0], widths[0]+2) + pad(r[1], widths[1]+2) + r[2] + note)
	}
	if proofless {
		p.para("  * ", p.t(phraseProvesLittle))
	}
}

func (p *Printer) prediction(c *explain.Checked) string {
	switch {
	case c.NoAddress:
		return p.t(phraseNoFront)
	case c.Unknown:
		return p.t(phraseUnknown)
	}
	words := strings.Join(stringsOf(c.Predicted), "/")
	if c.Reached > 0 && c.Reached < c.Of {
		return p.t(phrasePredicted, words, c.Reached, c.Of)
	}
	return words
}

func (p *Printer) agreement(c *explain.Checked) string {
	switch {
	case c.Unknown:
		return ""
	case c.Fits:
		return p.paint(green, p.t(phraseAgrees))
	}
	return p.paint(red, p.t(phraseDiffers))
}

// conclusion is the answer in one sentence, where it is not the first cause.
func (p *Printer) conclusion(d *explain.Diagnosis) {
	if len(d.Accused()) > 0 {
		return
	}
	p.line("")
	switch {
	case d.Outcome == explain.Expected:
		p.para("  ", p.t(phraseAllExpected))
		return
	case d.NoObjectInvolved():
		p.para("  ", p.t(phraseNoPolicy))
	case d.Outcome == explain.Unexplained:
		p.para("  ", p.t(phraseNothing))
	}
	p.para("  ", p.t(phraseNobody))
}

func (p *Printer) cause(d *explain.Diagnosis, i int) {
	c := &d.Causes[i]
	p.line("")
	text := p.say(c.Reason)
	if c.Under.Code != "" && !c.Under.Equal(c.Reason) {
		text = p.t(phraseUnder, p.say(c.Under), text)
	}
	p.para(pad(itoa(i+1)+" "+p.standing(c), 12), text)
	lead := pad("", 4)
	for _, b := range c.Because {
		p.para(lead+"- ", p.say(b))
	}
	if len(c.Origins) > 0 {
		p.para(lead, "["+p.origins(c.Origins)+"]")
	}
	if len(c.Explains) == len(d.Seen) {
		p.para(lead, p.t(phraseExplainsAll, len(d.Seen)))
	} else {
		p.para(lead, p.t(phraseExplainsSome, len(c.Explains), len(d.Seen), quoted(d, c.Explains)))
	}
	if len(c.Contradicts) > 0 {
		p.para(lead, p.t(phraseContradicted, quoted(d, c.Contradicts)))
	}
	if !c.Next.IsZero() {
		p.para(lead+p.t(phraseNext)+"  ", p.say(c.Next))
	}
}

func (p *Printer) standing(c *explain.Cause) string {
	switch {
	case c.Accused:
		return p.paint(bold, p.t(phraseAccused))
	case c.Kind == explain.CauseSuspicion:
		return p.t(phraseHypothesis)
	}
	return p.t(phraseMayBe)
}

// quoted lists observations as they were written.
func quoted(d *explain.Diagnosis, which []int) string {
	texts := make([]string, 0, len(which))
	for _, i := range which {
		texts = append(texts, Clean(d.Seen[i].Text))
	}
	return strings.Join(texts, "; ")
}

func itoa(n int) string { return strconv.Itoa(n) }
