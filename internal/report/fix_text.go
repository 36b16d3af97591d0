package report

import (
	"io"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
)

// FixYAML writes what repairs the question and nothing else: NetworkPolicies
// for kubectl apply, or where there are none the patch of a Service. It writes
// nothing where the proof does not hold.
func FixYAML(w io.Writer, f *explain.Fix, lang Lang) error {
	if !f.Holds() {
		return nil
	}
	return lang.fixYAML(w, f, documents(f.Policies, f.Edits))
}

// fixYAML writes documents, below a comment where the proof covers only what was read.
func (l Lang) fixYAML(w io.Writer, f *explain.Fix, docs []object) error {
	if len(f.Unread) > 0 && len(docs) > 0 {
		if _, err := io.WriteString(w, "# "+l.unproved(f)+"\n"); err != nil {
			return err
		}
	}
	return writeYAML(w, docs)
}

func (l Lang) unproved(f *explain.Fix) string {
	return l.Say(flow.Because(phraseFixUnread, Clean(strings.Join(f.Unread, ", "))))
}

// AlternativeYAML is the same for an alternative of a fix.
func AlternativeYAML(w io.Writer, f *explain.Fix, a *explain.Alternative, lang Lang) error {
	return lang.fixYAML(w, f, documents(a.Policies, a.Edits))
}

func documents(policies []*cluster.NetworkPolicy, edits []explain.Edit) []object {
	var docs []object
	for _, p := range policies {
		docs = append(docs, policyObject(p))
	}
	if len(docs) == 0 {
		for i := range edits {
			docs = append(docs, patchObject(&edits[i]))
		}
	}
	return docs
}

// To is the same printer on another stream.
func (p *Printer) To(w io.Writer, color bool) *Printer {
	return &Printer{w: w, Width: p.Width, Color: color, Lang: p.Lang}
}

// Fix prints the proof of a fix, and what else was tried.
func (p *Printer) Fix(f *explain.Fix) error {
	p.fixHead(f)
	switch f.Outcome {
	case explain.FixNeedless:
		p.para("  ", p.t(phraseFixNeedless))
		return p.Err()
	case explain.FixUnknown:
		p.para("  ", p.t(phraseFixUnknown))
		p.list(phraseUnknown, f.Why)
	case explain.FixWords:
		p.para("  ", p.t(phraseFixWords))
		p.list(phraseWouldHelp, f.Why)
	case explain.FixPolicy, explain.FixEdit:
		p.fixBody(f)
	}
	p.reasons(phraseAssumed, f.Assumptions)
	p.reasons(phraseDeviates, f.Deviations)
	p.ignored(f.Ignored)
	return p.Err()
}

func (p *Printer) fixHead(f *explain.Fix) {
	q := Clean(f.Question.From)
	if f.Question.Via != "" {
		q = p.t(phraseVia, q, f.Question.Via)
	}
	p.line(q + " -> " + Clean(f.Question.To))
	p.tally(phraseBefore, f.Before)
	if f.Outcome == explain.FixPolicy || f.Outcome == explain.FixEdit {
		p.tally(phraseAfter, f.After)
	}
}

func (p *Printer) tally(when flow.Code, t explain.Tally) {
	p.para("  "+pad(p.t(when), 8)+pad(p.verdict(t.Verdict), 13), p.of(t))
}

// tried is what was tried and how far it gets. The verdict is painted, so it
// does not pass through the catalogue.
func (p *Printer) tried(what flow.Reason, t explain.Tally) string {
	colon, comma, _ := p.marks()
	return p.say(what) + colon + p.verdict(t.Verdict) + comma + p.of(t)
}

// marks are the language's punctuation.
func (p *Printer) marks() (colon, comma, semicolon string) {
	if p.Lang == Chinese {
		return "：", "，", "；"
	}
	return ": ", ", ", "; "
}

func (p *Printer) of(t explain.Tally) string {
	if t.Paths == 0 {
		return ""
	}
	return p.t(phraseOf, t.Reached, t.Paths)
}

func (p *Printer) fixBody(f *explain.Fix) {
	if f.Outcome == explain.FixEdit {
		p.para("  ", p.t(phraseFixEdit))
	}
	p.line("")
	p.commands(f.Policies, f.Edits)
	p.entries(phraseFixOpens, f.Proof.Opens)
	p.entries(phraseFixWhy, f.Why)
	if len(f.Proof.Others) == 0 {
		p.para(p.lead(phraseFixProved), p.proved(f))
	} else {
		p.para(p.paint(red, p.lead(phraseFixProved)), p.t(phraseFixNotSmallest))
		p.entries("", f.Proof.Others)
		p.unproved(f)
	}
	if len(f.Unread) > 0 {
		p.para(p.paint(yellow, p.lead(phraseFixUnproved)), p.Lang.unproved(f))
	}
	p.alternatives(f)
	p.nearMisses(f)
}

func (p *Printer) proved(f *explain.Fix) string {
	var parts []string
	if len(f.Policies) > 0 {
		parts = append(parts, p.t(phraseFixCompared, f.Proof.Pods, f.Proof.Ports, f.Proof.Peers))
	}
	if len(f.Edits) > 0 {
		parts = append(parts, p.t(phraseFixWalked))
	}
	_, _, semicolon := p.marks()
	return strings.Join(parts, semicolon)
}

// unproved shows what was tried where nobody can pipe it into a cluster.
func (p *Printer) unproved(f *explain.Fix) {
	var b strings.Builder
	if err := writeYAML(&b, documents(f.Policies, f.Edits)); err != nil {
		return
	}
	for _, l := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		p.line("            " + l)
	}
}

// commands say how to bring each object into the cluster.
func (p *Printer) commands(policies []*cluster.NetworkPolicy, edits []explain.Edit) {
	word := phraseFix
	for _, np := range policies {
		p.entry(word, p.t(phraseFixApply, np.Object()))
		word = ""
	}
	for i := range edits {
		p.entry(word, p.t(phraseFixPatch, edits[i].Object()))
		// A command is copied whole, so it is never wrapped.
		p.line(pad("", 10) + Clean(patchCommand(&edits[i], len(policies) == 0 && len(edits) == 1)))
		word = ""
	}
}

// entry is a paragraph behind a word at the edge; "" for none.
func (p *Printer) entry(word flow.Code, text string) {
	lead := pad("", 10)
	if word != "" {
		lead = p.lead(word)
	}
	p.para(lead, text)
}

func (p *Printer) entries(word flow.Code, rs []flow.Reason) {
	for _, r := range rs {
		p.entry(word, p.say(r))
		word = ""
	}
}

func (p *Printer) list(word flow.Code, rs []flow.Reason) {
	if len(rs) > 0 {
		p.line("")
	}
	p.entries(word, rs)
}

func (p *Printer) alternatives(f *explain.Fix) {
	for i := range f.Alternatives {
		a := &f.Alternatives[i]
		if i == 0 {
			p.line("")
		}
		word := phraseTighter
		if i > 0 {
			word = ""
		}
		_, _, semicolon := p.marks()
		p.entry(word, p.tried(a.What, a.After)+semicolon+p.t(phraseAlternative, a.Name))
		for _, price := range a.Prices {
			p.para(pad("", 12), p.t(phrasePrice, p.say(price)))
		}
	}
}

func (p *Printer) nearMisses(f *explain.Fix) {
	word := phraseNotThis
	for _, works := range []bool{false, true} {
		for i := range f.NearMisses {
			n := &f.NearMisses[i]
			if n.Works() != works {
				continue
			}
			if word == phraseNotThis {
				p.line("")
			}
			p.entry(word, p.nearMiss(n))
			word = ""
		}
	}
}

func (p *Printer) nearMiss(n *explain.NearMiss) string {
	var why []string
	for _, r := range n.Why {
		why = append(why, p.say(r))
	}
	text := p.tried(n.What, n.After)
	_, _, semicolon := p.marks()
	switch {
	case len(why) == 0:
		return text
	case n.Works():
		return text + semicolon + p.t(phraseWorksHere, strings.Join(why, semicolon))
	}
	return text + semicolon + strings.Join(why, semicolon)
}

// Alternative prints what an alternative reaches and costs.
func (p *Printer) Alternative(f *explain.Fix, a *explain.Alternative) error {
	p.fixHead(&explain.Fix{Question: f.Question, Outcome: explain.FixPolicy, Before: f.Before, After: a.After})
	p.line("")
	p.commands(a.Policies, a.Edits)
	p.entry(phraseTighter, p.say(a.What))
	for _, price := range a.Prices {
		p.para(pad("", 10), p.t(phrasePrice, p.say(price)))
	}
	p.reasons(phraseAssumed, f.Assumptions)
	return p.Err()
}
