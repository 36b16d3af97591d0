package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
)

// Prove prints what was built, where the kernel differs, what was predicted
// beside what it did, and the sum.
func (p *Printer) Prove(x *Proof) error {
	p.proveHead(x)
	p.differences(x.Lines, x.Unfolded)
	t := p.foldWays(x)
	p.proofTable(t)
	p.dropsBy(t, x.Lines)
	p.answered(x)
	p.admitted(x)
	p.proveFix(x)
	p.roads(x.Roads, x.Unfolded)
	p.captured(x.Captures)
	p.notProved(x.Lines)
	if x.All > len(x.Lines) {
		p.line("")
		p.para(p.lead(phraseProveLeft), p.t(phraseProveLeftOut, len(x.Lines), x.All))
	}
	p.reasons(phraseAssumed, x.Assumptions)
	p.proveSum(x)
	return p.Err()
}

func (p *Printer) proveHead(x *Proof) {
	b := &x.Built
	version, _, _ := strings.Cut(b.Kernel, "-")
	p.para("", p.t(phraseProveBuilt, p.t(phraseProveMachines, b.Nodes, b.Pods, b.Clients, b.Routers), version))
	d := &x.Dataplane
	text := p.t(phraseProveDataplane, d.Proxy, d.Policy, d.PodNetwork)
	_, comma, semicolon := p.marks()
	if d.Enforces {
		hook, deny := phraseProveBefore, phraseProveDrop
		if d.AfterSNAT {
			hook = phraseProveAfter
		}
		if d.Rejects {
			deny = phraseProveReject
		}
		text += semicolon + p.t(hook) + comma + p.t(deny)
	}
	if d.MasqueradeAll {
		text += semicolon + p.t(phraseProveAll)
	}
	p.para("", text+semicolon+p.t(phraseProveRules, b.Rules, b.Rows))
	for _, r := range x.Replaced {
		p.para("  ", p.replaced(r))
	}
}

func (p *Printer) replaced(e *model.UnprintableError) string {
	for _, f := range e.Flags {
		if f == "identities" {
			return p.t(phraseProveIdentity, e.Name)
		}
	}
	return p.t(phraseProveReplaced, e.Name, strings.Join(e.Flags, ", "))
}

// mostDifferences bounds what is shown for people; JSON has all.
const mostDifferences = 20

func (p *Printer) differences(lines []proof.Line, all bool) {
	shown, more := 0, 0
	for i := range lines {
		for k := range lines[i].Ways {
			w := &lines[i].Ways[k]
			if len(w.Differences) == 0 {
				continue
			}
			if shown++; shown > mostDifferences && !all {
				more++
				continue
			}
			if shown == 1 {
				p.line("")
				p.line(p.paint(red, p.t(phraseProveDiffers)))
			}
			p.para("  x ", p.wayWords(w))
			for _, d := range w.Differences {
				p.para("      ", p.say(differenceReason(&d)))
			}
		}
	}
	if more > 0 {
		p.para("    ", p.t(phraseProveMore, more))
	}
}

func (p *Printer) wayWords(w *proof.Way) string {
	from := Clean(w.From)
	if w.Via != "" {
		from = p.t(phraseVia, from, w.Via)
	}
	text := from + " -> " + Clean(w.Name)
	if at := w.Target.String(); at != w.Name {
		text += " (" + at + ")"
	}
	return text
}

// differenceReason is a difference as a sentence.
func differenceReason(d *proof.Difference) flow.Reason {
	switch d.Kind {
	case proof.Unpredicted:
		return flow.Because(phraseProveUnpredicted, d.Outcome.String())
	case proof.Unseen:
		return flow.Because(phraseProveUnseen, d.Outcome.String(), strconv.Itoa(d.Tries))
	case proof.OtherPolicies:
		return flow.Because(phraseProveOther, d.Drop.Node, policyNames(&d.Drop))
	case proof.Unsticky:
	}
	return flow.Because(phraseProveUnsticky)
}

// mostPolicies bounds the policies that are named for what was dropped.
const mostPolicies = 12

// dropsBy says which policies dropped, those that dropped most first, where the
// rows of the table do not.
func (p *Printer) dropsBy(t *proofTable, lines []proof.Line) {
	if t.fold != byKind {
		return
	}
	ways := map[string]int{}
	eachWay(lines, func(w *proof.Way) {
		var names []string
		for i := range w.Drops {
			names = insert(names, policyNames(&w.Drops[i]))
		}
		for _, n := range names {
			ways[n]++
		}
	})
	names := slices.SortedFunc(maps.Keys(ways), func(a, b string) int { return cmp.Or(ways[b]-ways[a], strings.Compare(a, b)) })
	var all []string
	for _, n := range names {
		all = append(all, fmt.Sprintf("%s (%d)", cmp.Or(Clean(n), "?"), ways[n]))
	}
	if len(all) > 0 {
		p.line("")
		p.para(p.lead(phraseProveDropsBy), p.some(all, mostPolicies))
	}
}

// answered says who answered a single question, and as whom the client was seen.
func (p *Printer) answered(x *Proof) {
	if !x.Single {
		return
	}
	for i := range x.Lines {
		if o := &x.Lines[i].Observed; len(o.Endpoints) > 0 {
			p.line("")
			p.para(p.lead(phraseProveAnswered), p.some(o.Endpoints, 8))
			p.para(p.lead(phraseProveSaw), p.some(o.Sources, 8))
		}
	}
}

// admitted says which rules let a single question pass.
func (p *Printer) admitted(x *Proof) {
	if !x.Single {
		return
	}
	lead := p.lead(phraseProveAdmitted)
	for i := range x.Counted {
		if c := &x.Counted[i]; !c.Denies() {
			p.para(lead, p.t(phraseProveAdmits, c.Node, p.origins(c.Origins), c.Packets))
			lead = pad("", 10)
		}
	}
}

// unprovedGroup is questions that were not proved for the same reason.
type unprovedGroup struct {
	why   string
	count int
	first []string
}

func (p *Printer) notProved(lines []proof.Line) {
	var groups []*unprovedGroup
	at := map[string]*unprovedGroup{}
	for i := range lines {
		l := &lines[i]
		if l.Proved() {
			continue
		}
		why := p.unprovable(l)
		g := at[why]
		if g == nil {
			g = &unprovedGroup{why: why}
			at[why] = g
			groups = append(groups, g)
		}
		g.count++
		g.first = append(g.first, questionWords(l))
	}
	for i, g := range groups {
		lead := pad("", 10)
		if i == 0 {
			p.line("")
			lead = p.lead(phraseProveUnproved)
		}
		p.para(lead, p.t(phraseProveBecause, g.why, g.count, p.some(g.first, 2)))
	}
}

func questionWords(l *proof.Line) string {
	s := l.Question.From + " -> " + l.Question.To
	if l.Question.Via != "" {
		s = l.Question.From + " via " + l.Question.Via + " -> " + l.Question.To
	}
	return Clean(s)
}

var unprovableCodes = map[proof.Unprovable]flow.Code{
	proof.UnprovableUnknown:  phraseProveUnknown,
	proof.UnprovableSCTP:     phraseProveSCTP,
	proof.UnprovablePending:  phraseProvePending,
	proof.UnprovableUnread:   phraseProveUnread,
	proof.UnprovableNoSender: phraseProveNoSender,
}

func (p *Printer) unprovable(l *proof.Line) string {
	if l.Err != nil {
		return Clean(l.Err.Error())
	}
	if code := unprovableCodes[l.Unprovable]; code != "" {
		return p.t(code)
	}
	return string(l.Unprovable)
}

// proveFix shows what each change cures: where the kernel does otherwise now.
func (p *Printer) proveFix(x *Proof) {
	if len(x.Fixes) == 0 {
		return
	}
	word := phraseProveFixed
	for _, f := range x.Fixes {
		lead := pad("", 10)
		if word != "" {
			p.line("")
			lead = p.lead(word)
		}
		word = ""
		p.para(lead, p.fixedBy(f))
	}
	if x.After == nil {
		return
	}
	p.differences(x.After, x.Unfolded)
	t, same := p.foldChanges(x)
	p.proofTable(t)
	p.dropsBy(t, x.After)
	if len(t.rows) == 0 {
		p.para("  ", p.t(phraseProveNotCured))
	}
	if same > 0 {
		p.para("  ", p.t(phraseProveSame, same))
	}
}

func (p *Printer) fixedBy(f *explain.Fix) string {
	q := Clean(f.Question.From + " -> " + f.Question.To)
	var by []string
	for _, np := range f.Policies {
		by = append(by, np.Object().String())
	}
	for i := range f.Edits {
		by = append(by, f.Edits[i].Object().String())
	}
	switch {
	case f.Outcome == explain.FixNeedless:
		return p.t(phraseProveNeedless, q)
	case len(by) == 0:
		return p.t(phraseProveFixless, q)
	}
	return p.t(phraseProveFixedBy, p.some(by, 4), q)
}

func (p *Printer) captured(all []Captured) {
	for i, c := range all {
		lead := pad("", 10)
		if i == 0 {
			p.line("")
			lead = p.lead(phraseProveCaptured)
		}
		p.line(lead + p.t(phraseProvePackets, c.Machine, c.File, c.Packets))
	}
}

// roads prints the kernel's rule trace, and what stands behind the rows of the
// maps: the rules that decide, or all.
func (p *Printer) roads(all []proof.Road, every bool) {
	for i := range all {
		r := &all[i]
		p.line("")
		head := p.t(phraseProveRoad, r.Node, r.Tuple)
		if r.Packets > 1 {
			head += p.t(phraseProveTimes, r.Packets)
		}
		p.para("", p.paint(bold, head))
		chain, left := "", 0
		for k := range r.Stops {
			s := &r.Stops[k]
			if !every && !decides(s) {
				left++
				continue
			}
			if s.Chain != chain {
				chain = s.Chain
				p.line("  " + Clean(chain))
			}
			p.stop(s)
		}
		end := phraseProveEnd
		if left == 0 {
			end = phraseProveEndAll
		}
		p.para("  ", p.t(end, r.Verdict, len(r.Stops), left))
	}
}

// decides reports whether a rule does more than lead to the next one.
func decides(s *proof.Stop) bool {
	if slices.ContainsFunc(s.Rows, func(f proof.Found) bool { return len(f.Origins) > 0 }) {
		return true
	}
	word, _, _ := strings.Cut(s.Rule, " ")
	return word == "masquerade" || s.Verdict == "drop" || strings.Contains(s.Rule, "reject") || strings.HasPrefix(s.Rule, "counter ")
}

func (p *Printer) stop(s *proof.Stop) {
	rule := s.Rule
	if rule == "" {
		rule = s.Verdict
	}
	p.para("    ", Clean(rule))
	for i := range s.Rows {
		p.para("      = ", p.found(&s.Rows[i]))
	}
}

func (p *Printer) found(f *proof.Found) string {
	text := Clean(f.Text)
	if len(f.Origins) > 0 {
		text += " [" + p.origins(f.Origins) + "]"
	}
	return text
}

func (p *Printer) proveSum(x *Proof) {
	lines := x.Lines
	if x.After != nil {
		lines = append(lines[:len(lines):len(lines)], x.After...)
	}
	agree, differ, not := count(lines)
	sum := phraseProveSum
	if len(lines) == 1 {
		sum = phraseProveSumOne
	}
	text := p.t(sum, len(lines), agree, differ)
	_, comma, _ := p.marks()
	if not > 0 {
		text += comma + p.t(phraseProveSumNot, not)
	}
	color := green
	switch x.Outcome() {
	case Differs:
		color = red
	case NothingProved:
		color = yellow
	case AsPredicted:
	}
	p.line("")
	took := x.Built.Prepared + x.Built.Asked
	p.para("", p.paint(color, text))
	p.para("", p.t(phraseProveTook, x.Built.Connections, fmt.Sprintf("%.1f", took.Seconds())))
}

// Kept says that the network stays up, and how to get in. The name is the
// network's where several are kept, or "".
func (p *Printer) Kept(machine, name string) error {
	p.para("", p.t(phraseProveKept))
	p.line("  portolan prove --shell " + Clean(machine))
	if name != "" {
		p.para("", p.t(phraseProveKeptLab, name))
	}
	return p.Err()
}
