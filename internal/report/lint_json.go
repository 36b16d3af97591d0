package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/check"
)

type lintDoc struct {
	head
	Findings   []findingJSON    `json:"findings"`
	Suppressed []suppressedJSON `json:"suppressed"`
	Unchecked  []uncheckedJSON  `json:"unchecked"`
	Errors     int              `json:"errors"`
	Warnings   int              `json:"warnings"`
	Notes      int              `json:"notes"`
	Objects    int              `json:"objects"`
}

type findingJSON struct {
	Code        string       `json:"code"`
	Severity    string       `json:"severity"`
	Object      string       `json:"object"`
	Field       string       `json:"field,omitempty"`
	File        string       `json:"file,omitempty"`
	Line        int          `json:"line,omitempty"`
	Fingerprint string       `json:"fingerprint"`
	Reason      reasonJSON   `json:"reason"`
	Related     []originJSON `json:"related"`
	Why         string       `json:"why"`
	Do          string       `json:"do"`
	Ask         *askJSON     `json:"ask,omitempty"`
}

type askJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
	Fate string `json:"fate"`
}

type suppressedJSON struct {
	findingJSON
	By     string `json:"by"` // annotation or baseline
	Reason string `json:"justification,omitempty"`
}

type uncheckedJSON struct {
	Code  string   `json:"code"`
	Lacks []string `json:"lacks"`
}

// LintJSON writes a document of kind Lint.
func LintJSON(w io.Writer, l *check.Lint) error {
	d := lintDoc{
		head: head{APIVersion, "Lint"}, Findings: []findingJSON{}, Suppressed: []suppressedJSON{}, Unchecked: []uncheckedJSON{},
		Errors: l.Count(check.Error), Warnings: l.Count(check.Warning), Notes: l.Count(check.Info), Objects: l.Objects,
	}
	for i := range l.Findings {
		d.Findings = append(d.Findings, toFinding(&l.Findings[i]))
	}
	for i := range l.Suppressed {
		s := &l.Suppressed[i]
		by := "annotation"
		if s.Why == "" {
			by = "baseline"
		}
		d.Suppressed = append(d.Suppressed, suppressedJSON{toFinding(&s.Finding), by, Clean(s.Why)})
	}
	for _, u := range l.Unchecked {
		d.Unchecked = append(d.Unchecked, uncheckedJSON{string(u.Code), u.Lacks})
	}
	return write(w, d)
}

func toFinding(f *check.Finding) findingJSON {
	help := English.LintHelp(f.Code)
	j := findingJSON{
		Code: string(f.Code), Severity: f.Severity.String(), Object: Clean(f.Object.String()), Field: Clean(f.Field),
		File: Clean(f.Position.File), Line: f.Position.Line, Fingerprint: f.Fingerprint(), Reason: toReason(f.Reason),
		Related: toOrigins(f.Related), Why: help.Why, Do: help.Do,
	}
	if f.Ask.To != "" && f.Trace != nil {
		j.Ask = &askJSON{Clean(f.Ask.From), Clean(f.Ask.To), f.Trace.Fate.String()}
	}
	return j
}

// LintJUnit writes one test case for each finding, and one that passes for each
// code that found nothing.
func LintJUnit(w io.Writer, l *check.Lint) error {
	s := junitSuite{Name: "portolan lint"}
	found := map[check.Code]bool{}
	off := map[check.Code]bool{}
	for _, u := range l.Unchecked {
		off[u.Code] = true
	}
	for i := range l.Findings {
		f := &l.Findings[i]
		found[f.Code] = true
		text := Say(f.Reason)
		s.Failures++
		help := English.LintHelp(f.Code)
		s.Cases = append(s.Cases, junitCase{
			Name: strings.TrimSpace(Clean(f.Object.String() + " " + f.Field)), Class: string(f.Code), File: Clean(f.Position.File), Line: f.Position.Line,
			Failure: &junitProblem{Message: fmt.Sprintf("%s: %s", f.Severity, text), Text: text + "\n" + help.Why + "\n" + help.Do},
		})
	}
	for _, r := range check.Rules() {
		if !found[r.Code] && !off[r.Code] {
			s.Cases = append(s.Cases, junitCase{Name: English.LintHelp(r.Code).What, Class: string(r.Code)})
		}
	}
	s.Tests = len(s.Cases)
	return writeJUnit(w, &s)
}

func writeJUnit(w io.Writer, s *junitSuite) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type baselineDoc struct {
	head
	Findings []baselineJSON `json:"findings"`
}

type baselineJSON struct {
	Code        string `json:"code"`
	Object      string `json:"object"`
	Count       int    `json:"count"`
	Fingerprint string `json:"fingerprint"`
}

// WriteBaseline writes the findings that are known from now on, those of an
// earlier baseline that still stand among them.
func WriteBaseline(w io.Writer, l *check.Lint) error {
	d := baselineDoc{head: head{APIVersion, "LintBaseline"}, Findings: []baselineJSON{}}
	at := map[string]int{}
	add := func(f *check.Finding) {
		k := f.Fingerprint()
		i, ok := at[k]
		if !ok {
			i = len(d.Findings)
			at[k] = i
			d.Findings = append(d.Findings, baselineJSON{Code: string(f.Code), Object: Clean(f.Object.String()), Fingerprint: k})
		}
		d.Findings[i].Count++
	}
	for i := range l.Findings {
		add(&l.Findings[i])
	}
	for i := range l.Suppressed {
		if l.Suppressed[i].Why == "" {
			add(&l.Suppressed[i].Finding)
		}
	}
	return write(w, d)
}

// ReadBaseline reads what WriteBaseline wrote.
func ReadBaseline(r io.Reader) (*check.Baseline, error) {
	var d baselineDoc
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, err
	}
	if d.Kind != "LintBaseline" || d.APIVersion != APIVersion {
		return nil, fmt.Errorf("kind %q of %q, LintBaseline of %s is expected", d.Kind, d.APIVersion, APIVersion)
	}
	b := &check.Baseline{Counts: map[string]int{}}
	for _, f := range d.Findings {
		b.Counts[f.Fingerprint] += f.Count
	}
	return b, nil
}
