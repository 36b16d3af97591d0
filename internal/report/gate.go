package report

import (
	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
)

// Gate is what a command found, for the formats that CI systems read: SARIF,
// GitHub's annotations, Markdown. lint, assert and diff fill it in.
type Gate struct {
	Command string // "lint"
	Rules   []GateRule
	Notices []Notice
	// Summary is one line that sums up.
	Summary string
	// Note is what of the Summary a reader of SARIF must know as well, if anything.
	Note string
	Lang Lang
}

// GateRule is a kind of notice.
type GateRule struct {
	ID       string
	Severity check.Severity
	Help     LintHelp
	URL      string
}

// Notice is one finding, in words.
type Notice struct {
	Rule     string
	Severity check.Severity
	Object   string
	Field    string
	Position flow.Position
	Message  string
	// Fingerprint is the same in the next run.
	Fingerprint string
	Related     []flow.Origin
	// Suppressed: it was taken out, in the source or by the baseline, and why.
	Suppressed, InSource bool
	Why                  string
}

// Home is where the project's documents are read.
const Home = "https://github.com/portolan-net/portolan"

// LintGate is a Lint as a Gate.
func LintGate(l *check.Lint, lang Lang) *Gate {
	g := &Gate{Command: "lint", Lang: lang, Summary: lintSummary(l, lang)}
	for _, r := range check.Rules() {
		g.Rules = append(g.Rules, GateRule{
			ID: string(r.Code), Severity: r.Severity, Help: lang.LintHelp(r.Code), URL: Home + "/blob/main/" + r.Code.Anchor(),
		})
	}
	for i := range l.Findings {
		g.Notices = append(g.Notices, lintNotice(&l.Findings[i], lang))
	}
	for i := range l.Suppressed {
		s := &l.Suppressed[i]
		n := lintNotice(&s.Finding, lang)
		n.Suppressed, n.InSource, n.Why = true, s.Why != "", Clean(s.Why)
		g.Notices = append(g.Notices, n)
	}
	return g
}

func lintNotice(f *check.Finding, lang Lang) Notice {
	return Notice{
		Rule: string(f.Code), Severity: f.Severity, Object: Clean(f.Object.String()), Field: Clean(f.Field), Position: f.Position,
		Message: lang.Say(f.Reason), Fingerprint: f.Fingerprint(), Related: f.Related,
	}
}

func lintSummary(l *check.Lint, lang Lang) string {
	s := lang.t(phraseLintSum, l.Count(check.Error), l.Count(check.Warning), l.Count(check.Info), l.Objects)
	if n := len(l.Suppressed); n > 0 {
		s += (&Printer{Lang: lang}).pause() + lang.t(phraseLintSuppressed, n)
	}
	return s
}

// assertRule is the one kind of notice that assert has.
const assertRule = "expectation"

// AssertGate is the answers of assert as a Gate: each line that is not as
// asserted, or has no answer, is a notice.
func AssertGate(rs []check.Result, lang Lang) *Gate {
	held, wrong, unknown := Tally(rs)
	p := &Printer{Lang: lang}
	g := &Gate{Command: "assert", Lang: lang, Summary: lang.t(phraseTally, len(rs), held, wrong)}
	if unknown > 0 {
		g.Summary = lang.t(phraseTallyUnknown, len(rs), held, wrong, unknown)
	}
	g.Rules = []GateRule{{
		ID: assertRule, Severity: check.Error, URL: Home + "/blob/main/docs/cli.md#expectations",
		Help: LintHelp{What: lang.t(phraseAssertRule), Why: lang.t(phraseAssertWhy), Do: lang.t(phraseAssertDo)},
	}}
	for i := range rs {
		if n, ok := p.assertNotice(&rs[i]); ok {
			g.Notices = append(g.Notices, n)
		}
	}
	return g
}

func (p *Printer) assertNotice(r *check.Result) (Notice, bool) {
	e := r.Expectation
	n := Notice{Rule: assertRule, Severity: check.Error, Position: e.Position, Object: "Expectations/" + Clean(e.Set)}
	q := Clean(e.From)
	if e.Via != "" {
		q = p.t(phraseVia, q, e.Via)
	}
	n.Message = q + " -> " + Clean(e.To)
	n.Fingerprint = fingerprint(assertRule, e.Set, e.From, e.Via, e.To)
	switch {
	case r.Err != nil:
		n.Message += p.Lang.colonSpace() + Clean(r.Err.Error())
		if r.Held() {
			n.Severity = check.Warning
		}
	case !r.Held():
		for i, d := range r.Differs {
			n.Message += map[bool]string{true: p.Lang.colonSpace(), false: p.pause()}[i == 0] + p.differs(r, d)
		}
	default:
		return n, false
	}
	return n, true
}
