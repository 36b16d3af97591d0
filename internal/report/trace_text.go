package report

import (
	"fmt"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Trace prints an answer: the verdict, then each different path hop by hop,
// then who is to blame and what was assumed.
func (p *Printer) Trace(s *explain.Summary) error {
	p.traceHead(s)
	p.pending(s.Pending)
	at := 0
	for _, g := range s.Groups {
		p.line("")
		p.group(s, g, at)
		at += g.Count
	}
	p.blame(s)
	p.reasons(phraseAssumed, s.Answer.Assumptions)
	p.reasons(phraseDeviates, s.Answer.Deviations)
	p.others(s.Others)
	p.ignored(s.Ignored)
	return p.Err()
}

func (p *Printer) traceHead(s *explain.Summary) {
	a := s.Answer
	var to []string
	for i := range a.Targets {
		to = append(to, p.target(&a.Targets[i]))
	}
	p.para(p.verdict(a.Verdict)+"  ", Clean(a.Question.From)+" -> "+p.some(to, 3))
	seen := make([]string, 0, len(s.Seen))
	for _, x := range s.Seen {
		seen = append(seen, x.String())
	}
	p.para("  ", p.t(phraseDeliver, s.Reached, s.Paths, strings.Join(seen, " "+p.t(phraseOr)+" ")))
	for i := range a.Targets {
		if a.Targets[i].Chosen {
			p.para("  ", p.t(phraseAskedAt, a.Targets[i].Front.Kind))
			break
		}
	}
	if len(s.Sharers) > 1 {
		var names []string
		for _, svc := range s.Sharers {
			names = append(names, svc.Namespace+"/"+svc.Name)
		}
		p.para("  ", p.t(phraseSharedBy, a.Targets[0].Addr.Addr(), p.some(names, 6)))
	}
}

// target prints "198.51.100.17:22/tcp (svc/test/ssh, its vip)".
func (p *Printer) target(t *path.Target) string {
	s := t.String()
	switch {
	case t.Front != nil:
		s += fmt.Sprintf(" (svc/%s/%s, %s)", t.Front.Service.Namespace, t.Front.Service.Name, p.t(phraseItsKind, t.Front.Kind))
	case t.Pending != nil:
		s += fmt.Sprintf(" (svc/%s/%s, %s)", t.Pending.Namespace, t.Pending.Name, p.t(phraseItsKind, "vip"))
	case !t.Pod.IsZero():
		s += " (pod/" + t.Pod.Namespace + "/" + t.Pod.Name + ")"
	case t.Node != "":
		s += " (node/" + t.Node + ")"
	}
	return Clean(s)
}

// group prints one path that stands for all like it.
func (p *Printer) group(s *explain.Summary, g *explain.Group, before int) {
	t := g.Shown()
	head := p.t(phrasePath, before+1, s.Paths)
	if g.Count > 1 {
		head = p.t(phrasePaths, before+1, before+g.Count, s.Paths)
	}
	var alike []string
	if len(g.Starts) > 1 {
		alike = append(alike, p.t(phraseFrom, p.some(g.Starts, 4)))
	}
	if len(g.Firsts) > 0 {
		alike = append(alike, p.t(phraseFirstNode, p.some(g.Firsts, 6)))
	}
	if len(g.Endpoints) > 1 {
		alike = append(alike, p.t(phraseTo, p.some(g.Endpoints, 3)))
	}
	if g.Count > 1 {
		alike = append(alike, p.t(phraseFirstShown))
	}
	p.para(p.paint(bold, head)+"  ", strings.Join(append([]string{p.fate(t)}, alike...), "; "))
	for i := range t.Hops {
		p.hop(&t.Hops[i])
	}
}

func (p *Printer) fate(t *path.Walked) string {
	word := t.Fate.String() + ", " + t.Seen.String()
	switch t.Fate {
	case flow.Delivered:
		return p.paint(green, word)
	case flow.Unknown:
		return p.paint(yellow, word)
	default:
		return p.paint(red, word)
	}
}

const hopIndent = "  "

func (p *Printer) hop(h *flow.Hop) {
	if len(h.Steps) == 0 {
		return
	}
	at := h.Machine.Kind.String() + " " + h.Machine.Name
	if h.Machine.Namespace != "" {
		at = h.Machine.Kind.String() + " " + h.Machine.Namespace + "/" + h.Machine.Name
	}
	lead, tuple := hopIndent+pad(p.paint(bold, Clean(at)), 24)+"  ", h.Steps[0].Before.String()
	if width(lead)+width(tuple) > p.Width {
		p.line(lead)
		lead = hopIndent + "  "
	}
	p.line(lead + tuple)
	for i := range h.Steps {
		p.step(&h.Steps[i])
	}
}

func (p *Printer) step(s *flow.Step) {
	lead := hopIndent + "  " + pad(s.Hook.String(), 12) + p.action(s.Action) + " "
	text := p.say(s.Reason)
	if s.Before != s.After {
		text += "; " + p.t(phraseNow, s.After)
	}
	if len(s.Origins) > 0 {
		text += " [" + p.origins(s.Origins) + "]"
	}
	p.para(lead, text)
}

// action is a mark and a word: the mark for the eye, the word for everybody.
func (p *Printer) action(a flow.Action) string {
	word := pad(strings.ToUpper(a.String()), 7)
	switch a {
	case flow.Drop, flow.Reject, flow.Lose:
		return p.paint(red, "x "+word)
	case flow.Doubt:
		return p.paint(yellow, "? "+word)
	case flow.Accept, flow.Admit:
		return p.paint(green, "+ "+word)
	case flow.ActionNone, flow.Pass, flow.Route, flow.DNAT, flow.SNAT, flow.Exempt:
	}
	return "  " + word
}

func (p *Printer) origins(origins []flow.Origin) string {
	var parts []string
	for _, o := range origins {
		parts = append(parts, o.String())
	}
	return p.some(parts, 3)
}

// mostMisses bounds the near misses shown for people; JSON has all.
const mostMisses = 4

// blame prints the culprit and how near the rules came.
func (p *Printer) blame(s *explain.Summary) {
	if len(s.Culprits) == 0 {
		return
	}
	p.line("")
	p.para(p.paint(bold, p.lead(phraseCulprit)), p.culprit(s))
	for _, o := range s.Culprits[1:] {
		p.para(p.lead(phraseAlso), p.t(phraseDeniesToo, o))
	}
	for i := range s.Misses {
		lead := pad("", 10)
		if i == mostMisses {
			p.line(lead + p.t(phraseAndRules, len(s.Misses)-i))
			break
		}
		if i == 0 {
			lead = p.lead(phraseNearest)
		}
		p.para(lead, p.miss(&s.Misses[i]))
	}
}

func (p *Printer) culprit(s *explain.Summary) string {
	o := s.Culprits[0].String()
	for _, pol := range s.Denied.Decision.Isolating {
		if pol.Object() != s.Culprits[0] {
			continue
		}
		if at := pol.Position.String(); at != "" {
			o += " (" + at + ")"
		}
		if pol.Manager != "" {
			o += ", " + p.t(phraseBy, pol.Manager)
		}
		if pol.Created != "" {
			o += ", " + p.t(phraseSince, pol.Created)
		}
	}
	if len(s.Denied.Decision.Isolating) == 1 {
		o += ": " + p.t(phraseOnlyIsolating, s.Denied.Subject.Namespace+"/"+s.Denied.Subject.Name)
	}
	return Clean(o)
}

func (p *Printer) miss(m *policy.Miss) string {
	text := m.Origin.Object.String()
	if m.Origin.Field != "" {
		text += " " + m.Origin.Field
	}
	var why []string
	for _, r := range append(m.Ports, m.Peers...) {
		why = append(why, p.say(r))
	}
	switch {
	case m.Empty:
	case len(m.Peers) == 0:
		why = append(why, p.t(phrasePeersMatch))
	case len(m.Ports) == 0:
		why = append(why, p.t(phrasePortsMatch))
	}
	return Clean(text) + ": " + strings.Join(why, "; ")
}

func (p *Printer) reasons(word flow.Code, rs []flow.Reason) {
	for i, r := range explain.Fold(rs) {
		lead := pad("", 10)
		if i == 0 {
			p.line("")
			lead = p.lead(word)
		}
		p.para(lead, p.say(r))
	}
}

func (p *Printer) ignored(list []explain.Ignored) {
	for i, x := range list {
		lead := pad("", 10)
		if i == 0 {
			p.line("")
			lead = p.lead(phraseIgnored)
		}
		p.para(lead, fmt.Sprintf("%d %s: %s", x.Count, Clean(x.Kind), p.say(x.Reason)))
	}
}
