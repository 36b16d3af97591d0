package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
)

// The kinds of notice of a difference.
const (
	ruleServiceLost   = "service-lost"
	ruleServiceGained = "service-gained"
	rulePodsLost      = "connection-lost"
	rulePodsGained    = "connection-gained"
)

func serviceRule(it *diff.Item) string {
	if it.Lost {
		return ruleServiceLost
	}
	return ruleServiceGained
}

func connectionRule(c *diff.Connection) string {
	if c.Lost {
		return rulePodsLost
	}
	return rulePodsGained
}

// lossFingerprint names a loss by what it is of and which objects did it.
func lossFingerprint(l *diff.Loss, rule, object string) string {
	parts := []string{rule, object}
	for _, set := range l.Causes {
		for _, o := range set {
			parts = append(parts, o.Object.String())
		}
		parts = append(parts, "")
	}
	return fingerprint(parts...)
}

// linkName names a connection in English, whatever the language.
func linkName(c *diff.Connection) string {
	d := &differ{&Printer{Lang: English}, true}
	return d.link(c)
}

// DiffGate is a difference as a Gate: one notice for each Service port and list of
// causes, and for each connection of pods that no Service tells of. It stands at the
// object that did it.
func DiffGate(r *diff.Report, lang Lang) *Gate {
	d := &differ{&Printer{Lang: lang}, false}
	g := &Gate{Command: "diff", Lang: lang, Summary: d.summary(r)}
	g.Note = strings.Join(d.beside(r), d.pause())
	for _, x := range []struct {
		id        string
		severity  check.Severity
		what, why flow.Code
	}{
		{ruleServiceLost, check.Error, phraseDiffRuleServiceLost, phraseDiffWhyLost},
		{ruleServiceGained, check.Info, phraseDiffRuleServiceGained, phraseDiffWhyGained},
		{rulePodsLost, check.Warning, phraseDiffRulePodsLost, phraseDiffWhyLost},
		{rulePodsGained, check.Info, phraseDiffRulePodsGained, phraseDiffWhyGained},
	} {
		help := LintHelp{What: lang.t(x.what), Why: lang.t(x.why), Do: lang.t(phraseDiffDo)}
		g.Rules = append(g.Rules, GateRule{ID: x.id, Severity: x.severity, Help: help, URL: Home + "/blob/main/docs/cli.md#diff"})
	}
	for i := range r.Services {
		s := &r.Services[i]
		for _, items := range s.ByCause() {
			it := &items[0]
			g.Notices = append(g.Notices, d.notice(&it.Loss, serviceRule(it), s.Object.String(), servicePort(s), servicePort(s)+" "+d.what(items), s.Position))
		}
	}
	for i := range r.Connections {
		c := &r.Connections[i]
		if !c.Told {
			g.Notices = append(g.Notices, d.notice(&c.Loss, connectionRule(c), endObject(c), linkName(c), d.link(c), flow.Position{}))
		}
	}
	return g
}

func (d *differ) notice(l *diff.Loss, rule, object, name, text string, at flow.Position) Notice {
	n := Notice{Rule: rule, Severity: check.Info, Object: Clean(object), Position: at, Fingerprint: lossFingerprint(l, rule, name)}
	if l.Lost {
		n.Severity = check.Error
		if rule == rulePodsLost || !l.Sure {
			n.Severity = check.Warning
		}
	}
	phrase := phraseDiffGateGot
	if l.Lost {
		phrase = phraseDiffGateLost
	}
	n.Message = d.t(phrase, text, d.causes(l))
	for i, set := range l.Causes {
		for j, o := range set {
			if i+j == 0 && o.How != diff.Removed {
				n.Position = o.Position
			}
			n.Related = append(n.Related, flow.Origin{Object: o.Object, Position: o.Position})
		}
	}
	return n
}

// endObject is what a notice of a connection is about: the pods it leads to.
func endObject(c *diff.Connection) string {
	for _, e := range []*diff.End{&c.To, &c.From} {
		if len(e.Groups) > 0 {
			if g := &e.Groups[0]; !g.Object.IsZero() {
				return g.Object.String()
			} else if g.Namespace != "" {
				return "Namespace/" + g.Namespace
			}
		}
	}
	return "Pod/*"
}

// DiffJUnit writes one failing test case for each loss, one that passes for each
// gain, and one for all the rest.
func DiffJUnit(w io.Writer, r *diff.Report) error {
	g := DiffGate(r, English)
	s := junitSuite{Name: "portolan diff"}
	for i := range g.Notices {
		n := &g.Notices[i]
		c := junitCase{Name: n.Message, Class: n.Rule, File: Clean(n.Position.File), Line: n.Position.Line}
		if n.Rule == ruleServiceLost || n.Rule == rulePodsLost {
			s.Failures++
			c.Failure = &junitProblem{Message: n.Message, Text: n.Object + ": " + n.Message}
		}
		s.Cases = append(s.Cases, c)
	}
	s.Cases = append(s.Cases, junitCase{Name: fmt.Sprintf("%d Service ports unaffected", r.Same), Class: "unaffected"})
	d := &differ{&Printer{Lang: English}, false}
	if !r.Focus.All() {
		s.Cases = append(s.Cases, junitCase{Name: d.beyond(r), Class: "outside-focus"})
	}
	if len(r.Unread) > 0 {
		s.Cases = append(s.Cases, junitCase{Name: d.unread(r), Class: "not-read"})
	}
	s.Tests = len(s.Cases)
	return writeJUnit(w, &s)
}
