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
	at := 0
	for _, g := range s.Groups {
		p.line("")
		p.group(s, g, at)
		at += g.Count
	}
	p.blame(s)
	p.reasons("assumed", s.Answer.Assumptions)
	p.reasons("deviates", s.Answer.Deviations)
	p.ignored(s.Ignored)
	return p.Err()
}

func (p *Printer) traceHead(s *explain.Summary) {
	a := s.Answer
	var to []string
	for i := range a.Targets {
		to = append(to, targetWords(&a.Targets[i]))
	}
	p.para(p.verdict(a.Verdict)+"  ", Clean(a.Question.From)+" -> "+some(to, 3))
	seen := make([]string, 0, len(s.Seen))
	for _, x := range s.Seen {
		seen = append(seen, x.String())
	}
	p.para("  ", fmt.Sprintf("%d of %d paths deliver; a client sees: %s", s.Reached, s.Paths, strings.Join(seen, " or ")))
	for i := range a.Targets {
		if a.Targets[i].Chosen {
			p.para("  ", "asked at the "+a.Targets[i].Front.Kind.String()+", the usual address from there (@vip, @clusterip, @nodeport ask others)")
			break
		}
	}
	if len(s.Sharers) > 1 {
		var names []string
		for _, svc := range s.Sharers {
			names = append(names, svc.Namespace+"/"+svc.Name)
		}
		p.para("  ", fmt.Sprintf("%s is shared by %s", a.Targets[0].Addr.Addr(), some(names, 6)))
	}
}

// targetWords prints "198.51.100.17:22/tcp (svc/test/ssh, vip)".
func targetWords(t *path.Target) string {
	s := t.String()
	switch {
	case t.Front != nil:
		s += fmt.Sprintf(" (svc/%s/%s, its %s)", t.Front.Service.Namespace, t.Front.Service.Name, t.Front.Kind)
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
	head := fmt.Sprintf("path %d", before+1)
	if n := g.Count; n > 1 {
		head = fmt.Sprintf("paths %d-%d", before+1, before+n)
	}
	head += fmt.Sprintf(" of %d", s.Paths)
	var alike []string
	if len(g.Starts) > 1 {
		alike = append(alike, "from "+some(g.Starts, 4))
	}
	if len(g.Firsts) > 0 {
		alike = append(alike, "first node "+some(g.Firsts, 6))
	}
	if len(g.Endpoints) > 1 {
		alike = append(alike, "to "+some(g.Endpoints, 3))
	}
	if g.Count > 1 {
		alike = append(alike, "the first is shown")
	}
	p.para(p.paint(bold, head)+"  ", p.fate(t)+"; "+Clean(strings.Join(alike, "; ")))
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
	p.line(hopIndent + pad(p.paint(bold, Clean(at)), 24) + "  " + h.Steps[0].Before.String())
	for i := range h.Steps {
		p.step(&h.Steps[i])
	}
}

func (p *Printer) step(s *flow.Step) {
	lead := hopIndent + "  " + pad(s.Hook.String(), 12) + p.action(s.Action) + " "
	text := Say(s.Reason)
	if s.Before != s.After {
		text += "; now " + s.After.String()
	}
	if len(s.Origins) > 0 {
		text += " [" + originWords(s.Origins) + "]"
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

func originWords(origins []flow.Origin) string {
	var parts []string
	for i, o := range origins {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("and %d more", len(origins)-i))
			break
		}
		parts = append(parts, o.String())
	}
	return Clean(strings.Join(parts, "; "))
}

// mostMisses bounds the near misses shown for people; JSON has all.
const mostMisses = 4

// blame prints the culprit and how near the rules came.
func (p *Printer) blame(s *explain.Summary) {
	if len(s.Culprits) == 0 {
		return
	}
	p.line("")
	p.para(p.paint(bold, "culprit   "), Clean(culpritWords(s)))
	for _, o := range s.Culprits[1:] {
		p.para("also      ", Clean(o.String())+" denies it too")
	}
	for i := range s.Misses {
		if i == mostMisses {
			p.linef("          and %s", count(len(s.Misses)-i, "rule", "rules"))
			break
		}
		lead := "          "
		if i == 0 {
			lead = "nearest   "
		}
		p.para(lead, missWords(&s.Misses[i]))
	}
}

func culpritWords(s *explain.Summary) string {
	o := s.Culprits[0].String()
	for _, pol := range s.Denied.Decision.Isolating {
		if pol.Object() != s.Culprits[0] {
			continue
		}
		if at := pol.Position.String(); at != "" {
			o += " (" + at + ")"
		}
		if pol.Manager != "" {
			o += ", by " + pol.Manager
		}
		if pol.Created != "" {
			o += ", since " + pol.Created
		}
	}
	if len(s.Denied.Decision.Isolating) == 1 {
		o += ": the only policy that isolates " + s.Denied.Subject.Namespace + "/" + s.Denied.Subject.Name
	}
	return o
}

func missWords(m *policy.Miss) string {
	text := m.Origin.Object.String()
	if m.Origin.Field != "" {
		text += " " + m.Origin.Field
	}
	var why []string
	for _, r := range append(m.Ports, m.Peers...) {
		why = append(why, Say(r))
	}
	switch {
	case m.Empty:
	case len(m.Peers) == 0:
		why = append(why, "its peers match")
	case len(m.Ports) == 0:
		why = append(why, "its ports match")
	}
	return Clean(text) + ": " + strings.Join(why, "; ")
}

func (p *Printer) reasons(word string, rs []flow.Reason) {
	rs = explain.Fold(rs)
	for i, r := range rs {
		if i == 0 {
			p.line("")
		}
		lead := pad("", 10)
		if i == 0 {
			lead = pad(word, 10)
		}
		p.para(lead, Say(r))
	}
}

func (p *Printer) ignored(list []explain.Ignored) {
	for i, x := range list {
		lead := pad("", 10)
		if i == 0 {
			p.line("")
			lead = pad("ignored", 10)
		}
		p.para(lead, fmt.Sprintf("%d %s: %s", x.Count, Clean(x.Kind), Say(x.Reason)))
	}
}
