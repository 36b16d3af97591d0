package report

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
)

type assertDoc struct {
	head
	Results []resultJSON `json:"results"`
	Held    int          `json:"held"`
	False   int          `json:"false"`
	Unknown int          `json:"unknown"`
}

type resultJSON struct {
	From        string   `json:"from"`
	Via         string   `json:"via"`
	To          string   `json:"to"`
	Verdict     string   `json:"verdict"`
	Seen        []string `json:"seen"`
	Fates       []string `json:"fates"`
	Endpoints   []string `json:"endpoints"`
	Sources     []string `json:"sources"`
	Culprits    []string `json:"culprits"`
	Assumptions []string `json:"assumptions"`
	Differs     []string `json:"differs"`
	Error       string   `json:"error,omitempty"`
	Set         string   `json:"set,omitempty"`
	File        string   `json:"file,omitempty"`
	Line        int      `json:"line,omitempty"`
}

// Tally counts results: held, false, and without an answer.
func Tally(rs []check.Result) (held, wrong, unknown int) {
	for i := range rs {
		if rs[i].Held() {
			held++
		} else {
			wrong++
		}
		if rs[i].Verdict == flow.VerdictUnknown {
			unknown++
		}
	}
	return held, wrong, unknown
}

// AssertJSON writes a document of kind Assertions, one result per line asked.
func AssertJSON(w io.Writer, rs []check.Result) error {
	d := assertDoc{head: head{APIVersion, "Assertions"}, Results: make([]resultJSON, 0, len(rs))}
	d.Held, d.False, d.Unknown = Tally(rs)
	for i := range rs {
		d.Results = append(d.Results, toResult(&rs[i]))
	}
	return write(w, d)
}

// sentences are reasons in words, sorted.
func sentences(rs []flow.Reason) []string {
	out := make([]string, 0, len(rs))
	for _, r := range rs {
		out = append(out, Say(r))
	}
	slices.Sort(out)
	return out
}

func toResult(r *check.Result) resultJSON {
	e := r.Expectation
	j := resultJSON{
		From: Clean(e.From), Via: Clean(e.Via), To: Clean(e.To), Verdict: r.Verdict.String(),
		Seen: stringsOf(r.Seen), Fates: stringsOf(r.Fates), Endpoints: list(r.Endpoints), Sources: list(r.Sources),
		Culprits: toObjects(r.Culprits), Assumptions: sentences(r.Assumptions), Differs: r.Differs,
		Set: Clean(e.Set), File: Clean(e.Position.File), Line: e.Position.Line,
	}
	if r.Err != nil {
		j.Error = Clean(r.Err.Error())
	}
	return j
}

// Assert prints what is not as asserted, then the count. Verbose prints the
// lines that hold, too.
func (p *Printer) Assert(rs []check.Result, verbose bool) error {
	for i := range rs {
		r := &rs[i]
		if r.Held() && !verbose && r.Err == nil {
			continue
		}
		p.result(r)
	}
	held, wrong, unknown := Tally(rs)
	if unknown > 0 {
		p.line(p.t(phraseTallyUnknown, len(rs), held, wrong, unknown))
	} else {
		p.line(p.t(phraseTally, len(rs), held, wrong))
	}
	return p.Err()
}

func (p *Printer) result(r *check.Result) {
	e := r.Expectation
	mark := p.paint(green, "ok    ")
	if !r.Held() {
		mark = p.paint(red, "FALSE ")
	} else if r.Err != nil || r.Verdict == flow.VerdictUnknown {
		mark = p.paint(yellow, "?     ")
	}
	q := Clean(e.From)
	if e.Via != "" {
		q = p.t(phraseVia, q, e.Via)
	}
	p.para(mark, q+" -> "+Clean(e.To)+": "+r.Verdict.String())
	if r.Err != nil {
		p.para("        ", Clean(r.Err.Error()))
	}
	for _, d := range r.Differs {
		p.para("        ", p.differs(r, d))
	}
	if !r.Held() {
		if len(r.Culprits) > 0 {
			p.para("        ", p.t(phraseBy, strings.Join(toObjects(r.Culprits), ", ")))
		}
		if at := e.Position.String(); at != "" {
			p.para("        ", p.t(phraseAssertedAt, at))
		}
	}
}

func (p *Printer) differs(r *check.Result, field string) string {
	expected, got := p.differing(r, field)
	return p.t(phraseExpected, field, expected, got)
}

func (p *Printer) differing(r *check.Result, field string) (expected, got string) {
	e := r.Expectation
	list := func(l []string) string {
		if len(l) == 0 {
			return p.t(phraseNone)
		}
		return Clean(strings.Join(l, ", "))
	}
	switch field {
	case "verdict":
		return e.Verdict.String(), r.Verdict.String()
	case "seen":
		return list(stringsOf(e.Seen)), list(stringsOf(r.Seen))
	case "fates":
		return list(stringsOf(e.Fates)), list(stringsOf(r.Fates))
	case "endpoints":
		return list(e.Endpoints), list(r.Endpoints)
	case "sources":
		return list(e.Sources), list(r.Sources)
	}
	return Clean(e.Culprit), list(toObjects(r.Culprits))
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// AssertJUnit writes the results as one JUnit test suite.
func AssertJUnit(w io.Writer, rs []check.Result) error {
	s := junitSuite{Name: "portolan assert", Tests: len(rs)}
	for i := range rs {
		r := &rs[i]
		e := r.Expectation
		c := junitCase{Class: Clean(e.Set), File: Clean(e.Position.File), Line: e.Position.Line}
		c.Name = Clean(e.From) + " -> " + Clean(e.To)
		if e.Via != "" {
			c.Name = Clean(e.From) + " via " + Clean(e.Via) + " -> " + Clean(e.To)
		}
		switch {
		case r.Err != nil && !(r.Held() && e.HasVerdict):
			s.Errors++
			c.Error = &junitProblem{Message: Clean(r.Err.Error())}
		case !r.Held():
			s.Failures++
			var lines []string
			for _, d := range r.Differs {
				lines = append(lines, NewPrinter(nil).differs(r, d))
			}
			c.Failure = &junitProblem{Message: lines[0], Text: strings.Join(lines, "\n")}
		}
		s.Cases = append(s.Cases, c)
	}
	return writeJUnit(w, &s)
}
