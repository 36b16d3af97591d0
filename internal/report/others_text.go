package report

import (
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
)

// others prints what other profiles that fit would answer.
func (p *Printer) others(all []explain.Other) {
	for i := range all {
		o := &all[i]
		text := p.t(phraseOtherPaths, o.Verdict, o.Reached, o.Paths)
		if len(o.Via) > 0 {
			text = p.t(phraseOtherVia, text, p.some(o.Via, 4))
		}
		text += p.pause() + p.t(phraseOtherSees, p.seen(o.Seen)) + p.pause() + p.t(phraseOtherSince, p.say(o.Since))
		p.other(i, o.Profiles, text)
	}
}

// pause separates the parts of a sentence.
func (p *Printer) pause() string {
	if p.Lang == Chinese {
		return "；"
	}
	return "; "
}

func (p *Printer) other(i int, profiles []string, text string) {
	lead := pad("", 10)
	if i == 0 {
		p.line("")
		lead = p.lead(phraseOthers)
	}
	p.para(lead, p.t(phraseOther, strings.Join(profiles, ", "), text))
}

func (p *Printer) seen(seen []flow.Seen) string {
	var words []string
	for _, s := range seen {
		words = append(words, s.String())
	}
	return strings.Join(words, " "+p.t(phraseOr)+" ")
}

// mostChanges bounds what is told of one profile.
const mostChanges = 3

// otherSurveys prints which places would fare otherwise under other profiles.
func (p *Printer) otherSurveys(s *explain.Survey) {
	for i := range s.Others {
		o := &s.Others[i]
		var parts []string
		for k := range o.Changes {
			c := &o.Changes[k]
			if k == mostChanges {
				parts = append(parts, p.t(phraseOtherPlaces, len(o.Changes)-k))
				break
			}
			var to []string
			for _, n := range c.Columns {
				if col := s.Columns[n]; col.Kind != 0 {
					to = append(to, col.Kind.String())
				} else {
					to = append(to, Clean(col.To))
				}
			}
			parts = append(parts, p.t(phraseOtherPlace, p.some(c.Places, 3), strings.Join(to, ", "), p.cellWords(&c.Instead), p.cellWords(&c.Here)))
		}
		p.other(i, o.Profiles, strings.Join(append(parts, p.t(phraseOtherSince, p.say(o.Since))), p.pause()))
	}
}

func (p *Printer) cellWords(c *explain.Cell) string {
	return c.Verdict.String() + " (" + p.seen(c.Seen) + ")"
}
