package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// fourResults are one line of each sort: held, false, unknown as expected, and
// one that could not be asked.
func fourResults() []check.Result {
	e := func(to string) *cluster.Expectation {
		return &cluster.Expectation{From: "external", To: to, Set: "gate", Position: flow.Position{File: "x.yaml", Line: 7}}
	}
	closed := e("b")
	closed.Verdict, closed.HasVerdict = flow.Reachable, true
	return []check.Result{
		{Expectation: e("a"), Verdict: flow.Reachable, Differs: []string{}},
		{Expectation: closed, Verdict: flow.NotReachable, Differs: []string{"verdict"}, Culprits: []flow.Object{{Kind: "NetworkPolicy", Namespace: "test", Name: "deny"}}},
		{Expectation: e("c"), Verdict: flow.VerdictUnknown, Differs: []string{}},
		{Expectation: e("d"), Verdict: flow.VerdictUnknown, Err: errors.New("no such Service"), Differs: []string{"verdict"}},
	}
}

func TestTally(t *testing.T) {
	held, wrong, unknown := Tally(fourResults())
	if held != 2 || wrong != 2 || unknown != 2 {
		t.Errorf("%d held, %d false, %d without an answer; want 2 of each", held, wrong, unknown)
	}
}

// The results stand in the order asked, each with the fields of the design.
func TestAssertJSON(t *testing.T) {
	var b bytes.Buffer
	if err := AssertJSON(&b, fourResults()); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Results []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for i, to := range []string{"a", "b", "c", "d"} {
		if doc.Results[i]["to"] != to {
			t.Errorf("line %d is %v, want %s", i, doc.Results[i]["to"], to)
		}
		for _, field := range []string{"from", "via", "verdict", "seen", "fates", "endpoints", "sources", "culprits", "assumptions", "differs"} {
			if _, ok := doc.Results[i][field]; !ok {
				t.Errorf("line %d has no %s", i, field)
			}
		}
		if _, has := doc.Results[i]["error"]; has != (to == "d") {
			t.Errorf("line %d has an error: %v", i, has)
		}
	}
}

func TestAssertJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := AssertJUnit(&b, fourResults()); err != nil {
		t.Fatal(err)
	}
	var s junitSuite
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if s.Tests != 4 || s.Failures != 1 || s.Errors != 1 || len(s.Cases) != 4 {
		t.Errorf("%d tests, %d failures, %d errors, %d cases", s.Tests, s.Failures, s.Errors, len(s.Cases))
	}
	if f := s.Cases[1].Failure; f == nil || !strings.Contains(f.Message, "REACHABLE") || s.Cases[1].File != "x.yaml" || s.Cases[1].Line != 7 {
		t.Errorf("%+v", s.Cases[1])
	}
	if e := s.Cases[3].Error; e == nil || e.Message != "no such Service" {
		t.Errorf("%+v", s.Cases[3])
	}
}

// Text prints what is not as asserted, where it is asserted, and by whom;
// verbose prints the rest too.
func TestAssertText(t *testing.T) {
	for _, tt := range []struct {
		verbose    bool
		has, lacks []string
	}{
		{false, []string{"external -> b: UNREACHABLE", "NetworkPolicy/test/deny", "x.yaml:7", "no such Service", "4 "}, []string{"-> a", "-> c"}},
		{true, []string{"-> a: REACHABLE", "-> b", "-> c: UNKNOWN", "-> d"}, nil},
	} {
		var b bytes.Buffer
		if err := NewPrinter(&b).Assert(fourResults(), tt.verbose); err != nil {
			t.Fatal(err)
		}
		for _, s := range tt.has {
			if !strings.Contains(b.String(), s) {
				t.Errorf("verbose %v: no %q in\n%s", tt.verbose, s, b.String())
			}
		}
		for _, s := range tt.lacks {
			if strings.Contains(b.String(), s) {
				t.Errorf("verbose %v: %q in\n%s", tt.verbose, s, b.String())
			}
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// What cannot be written is an error, not silence.
func TestWriteErrors(t *testing.T) {
	for format, write := range map[string]func() error{
		"json":  func() error { return AssertJSON(fullDisk{}, fourResults()) },
		"junit": func() error { return AssertJUnit(fullDisk{}, fourResults()) },
		"text":  func() error { return NewPrinter(fullDisk{}).Assert(fourResults(), true) },
	} {
		if write() == nil {
			t.Errorf("%s: the writer's error is lost", format)
		}
	}
}
