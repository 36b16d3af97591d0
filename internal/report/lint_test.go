package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Every code has help in every language, and no help is left without a code.
func TestEveryCodeHasHelp(t *testing.T) {
	for lang, words := range lintHelps {
		for _, r := range check.Rules() {
			h := words[r.Code]
			for what, s := range map[string]string{"what": h.What, "why": h.Why, "do": h.Do} {
				if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "。") || s != strings.TrimSpace(s) {
					t.Errorf("%s in %s, %s: %q", r.Code, lang, what, s)
				}
			}
		}
		if len(words) != len(check.Rules()) {
			t.Errorf("%d helps in %s for %d codes", len(words), lang, len(check.Rules()))
		}
	}
}

// docs/lint.md is what LintPage writes; UPDATE=1 rewrites it.
func TestLintPage(t *testing.T) {
	for lang, name := range map[Lang]string{English: "../../docs/lint.md", Chinese: "../../docs/lint.zh-CN.md"} {
		var b bytes.Buffer
		if err := LintPage(&b, lang); err != nil {
			t.Fatal(err)
		}
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(name); err != nil || !bytes.Equal(have, b.Bytes()) {
			t.Errorf("%s is out of date (%v): UPDATE=1 go test ./internal/report", name, err)
		}
	}
}

// hostileLint is a Lint whose names do what names should not.
func hostileLint() *check.Lint {
	find := func(c check.Code, file string, line int, name string) check.Finding {
		return check.Finding{
			Code: c, Severity: check.SeverityOf(c), Object: flow.Object{Kind: "NetworkPolicy", Namespace: "app", Name: name},
			Field: "spec.ingress[0]", Position: flow.Position{File: file, Line: line},
			Reason:  flow.Because(flow.CodeLintShadowed, "a|b", "<c>\n::error::x"),
			Related: []flow.Origin{{Object: flow.Object{Kind: "Service", Namespace: "app", Name: "s"}, Position: flow.Position{File: "b.yaml", Line: 2}}},
		}
	}
	l := &check.Lint{Objects: 4, Unchecked: []check.Unchecked{{Code: check.DNSMissed, Lacks: []string{"Pod"}}}}
	l.Findings = []check.Finding{
		find(check.ClosedBalancer, "dir with space/ä,b.yaml", 3, "x"),
		find(check.EmptyList, "<stdin>", 1, "y"),
		find(check.RuleShadowed, "", 0, "z"),
	}
	l.Suppressed = []check.Suppressed{
		{Finding: find(check.BlockIsEmpty, "a.yaml", 9, "n"), Why: "a reason"},
		{Finding: find(check.BlockIsEmpty, "a.yaml", 10, "m")},
	}
	return l
}

// The log holds to what SARIF 2.1.0 demands: the required properties, the values
// of enumerations, URIs, and indices that point to what they say. (The official
// schema was applied once, to logs of 350 results, without an error.)
func TestSarif(t *testing.T) {
	e := cluster.Expectation{From: "external/a", To: "svc/b/c:1", Set: "gate", Position: flow.Position{File: "e.yaml", Line: 4}, Verdict: flow.Reachable, HasVerdict: true}
	wrong := check.Result{Expectation: &e, Verdict: flow.NotReachable, Differs: []string{"verdict"}}
	for name, g := range map[string]*Gate{
		"lint": LintGate(hostileLint(), English), "clean": LintGate(&check.Lint{}, English),
		"assert": AssertGate([]check.Result{wrong}, English),
	} {
		var b bytes.Buffer
		if err := Sarif(&b, g); err != nil {
			t.Fatal(err)
		}
		var log struct {
			Schema  string `json:"$schema"`
			Version string
			Runs    []struct {
				Tool struct {
					Driver struct {
						Name, InformationURI string
						Rules                []map[string]any
					}
				}
				ColumnKind string
				Results    []map[string]any
			}
		}
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
			t.Fatalf("%s: %+v", name, log)
		}
		run := log.Runs[0]
		if run.Results == nil || len(run.Results) != len(g.Notices) || run.ColumnKind != "utf16CodeUnits" && run.ColumnKind != "unicodeCodePoints" {
			t.Errorf("%s: results %v, columnKind %q", name, run.Results, run.ColumnKind)
		}
		var ids []string
		for _, r := range run.Tool.Driver.Rules {
			id := text(r, "id")
			if id == "" || slices.Contains(ids, id) || text(r, "shortDescription", "text") == "" || text(r, "fullDescription", "text") == "" || text(r, "help", "text") == "" {
				t.Errorf("%s: rule %v", name, r)
			}
			ids = append(ids, id)
			if u, err := url.Parse(text(r, "helpUri")); err != nil || !u.IsAbs() {
				t.Errorf("%s: %v", name, err)
			}
			level(t, text(r, "defaultConfiguration", "level"))
		}
		for _, r := range run.Results {
			sarifResultHolds(t, r, ids)
		}
	}
}

func sarifResultHolds(t *testing.T, r map[string]any, ids []string) {
	t.Helper()
	index, ok := r["ruleIndex"].(float64)
	if !ok || index < 0 || int(index) >= len(ids) || ids[int(index)] != text(r, "ruleId") || text(r, "message", "text") == "" {
		t.Errorf("rule %v of %v", index, r)
	}
	level(t, text(r, "level"))
	if p := text(r, "partialFingerprints", fingerprintName); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(p) {
		t.Errorf("fingerprint %q", p)
	}
	places, _ := r["locations"].([]any)
	related, _ := r["relatedLocations"].([]any)
	if len(places) == 0 {
		t.Error("no location")
	}
	for _, p := range append(places, related...) {
		at, ok := p.(map[string]any)
		if !ok {
			t.Fatalf("location %v", p)
		}
		if at["physicalLocation"] == nil {
			continue
		}
		uri := text(at, "physicalLocation", "artifactLocation", "uri")
		if u, err := url.Parse(uri); err != nil || uri == "" || strings.ContainsAny(uri, " <>\\") || u.IsAbs() && u.Scheme != "file" {
			t.Errorf("uri %q: %v", uri, err)
		}
		if region, ok := at["physicalLocation"].(map[string]any)["region"].(map[string]any); ok {
			if n, ok := region["startLine"].(float64); !ok || n < 1 {
				t.Errorf("startLine %v", region)
			}
		}
	}
	for _, s := range objectsOf(r["suppressions"]) {
		if k := text(s, "kind"); k != "inSource" && k != "external" {
			t.Errorf("suppression of kind %q", k)
		}
	}
}

func objectsOf(v any) []map[string]any {
	all, _ := v.([]any)
	var out []map[string]any
	for _, x := range all {
		m, _ := x.(map[string]any)
		out = append(out, m)
	}
	return out
}

func level(t *testing.T, l string) {
	t.Helper()
	if !slices.Contains([]string{"none", "note", "warning", "error"}, l) {
		t.Errorf("level %q", l)
	}
}

// text follows names into nested objects.
func text(m map[string]any, path ...string) string {
	for i, name := range path {
		if i == len(path)-1 {
			s, _ := m[name].(string)
			return s
		}
		m, _ = m[name].(map[string]any)
	}
	return ""
}

// A fingerprint is of the code and the object: neither file nor line changes it.
func TestFingerprint(t *testing.T) {
	a := hostileLint().Findings[0]
	b := a
	b.Position, b.Field = flow.Position{File: "elsewhere.yaml", Line: 99}, "spec"
	c, d := a, a
	c.Code, d.Object.Name = check.EmptyList, "other"
	if a.Fingerprint() != b.Fingerprint() || a.Fingerprint() == c.Fingerprint() || a.Fingerprint() == d.Fingerprint() {
		t.Errorf("%s %s %s %s", a.Fingerprint(), b.Fingerprint(), c.Fingerprint(), d.Fingerprint())
	}
}

// Names that would end a workflow command do not.
func TestGitHub(t *testing.T) {
	var b bytes.Buffer
	if err := GitHub(&b, LintGate(hostileLint(), English)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	want := []string{
		"::error title=load-balancer-closed-by-policy,file=dir with space/ä%2Cb.yaml,line=3::NetworkPolicy/app/x spec.ingress[0]: a|b allows nothing that <c> ::error::x does not allow already",
		"::warning title=empty-list-is-everything::NetworkPolicy/app/y spec.ingress[0]: a|b allows nothing that <c> ::error::x does not allow already",
		"::notice title=rule-shadowed::NetworkPolicy/app/z spec.ingress[0]: a|b allows nothing that <c> ::error::x does not allow already",
	}
	if len(lines) != 4 || !slices.Equal(lines[:3], want) {
		t.Errorf("%s", b.String())
	}
}

// Names that would end a cell, or be markup, do not.
func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := Markdown(&b, LintGate(hostileLint(), Chinese)); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "| ") && strings.Contains(line, "NetworkPolicy") {
			rows++
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 5 || strings.Contains(line, "<c>") {
				t.Errorf("%d bars in %q", n, line)
			}
		}
	}
	if rows != 3 {
		t.Errorf("%d rows in\n%s", rows, b.String())
	}
}

// A case for each finding and for each code without one, but for those that were
// not looked for.
func TestLintJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := LintJUnit(&b, hostileLint()); err != nil {
		t.Fatal(err)
	}
	var s junitSuite
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if want := len(check.Rules()) - 1; s.Failures != 3 || s.Tests != len(s.Cases) || s.Tests != want {
		t.Errorf("%d failures, %d tests, %d cases; want 3, %d", s.Failures, s.Tests, len(s.Cases), want)
	}
}

// What was written is read, and takes out as many as there were.
func TestBaseline(t *testing.T) {
	var b bytes.Buffer
	l := hostileLint()
	l.Findings = append(l.Findings, l.Findings[0])
	if err := WriteBaseline(&b, l); err != nil {
		t.Fatal(err)
	}
	back, err := ReadBaseline(&b)
	if err != nil {
		t.Fatal(err)
	}
	known, annotated, first := l.Suppressed[1].Fingerprint(), l.Suppressed[0].Fingerprint(), l.Findings[0].Fingerprint()
	if back.Counts[first] != 2 || back.Counts[known] != 1 || back.Counts[annotated] != 0 || len(back.Counts) != 4 {
		t.Errorf("%v", back.Counts)
	}
	for _, wrong := range []string{"", "{", `{"kind": "Lint", "apiVersion": "portolan.dev/v1alpha1"}`, `{"kind": "LintBaseline", "apiVersion": "v2"}`} {
		if _, err := ReadBaseline(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q is a baseline", wrong)
		}
	}
}

// Where there is nothing to name, words stand for it in either language.
func TestNothingToName(t *testing.T) {
	for _, r := range []flow.Reason{
		flow.Because(flow.CodeLintIgnoreUnknown, "portolan.dev/ignore", "*", "@no-near-code"),
		flow.Because(flow.CodeLintMeantAnd, "a=b", "c=d", "app", "@no-pod-today"),
	} {
		for lang, want := range map[Lang][]string{English: {"(nearest: none)", "(no such pod today)"}, Chinese: {"最接近的是 无", "（目前没有这样的 Pod）"}} {
			if s := lang.Say(r); strings.Contains(s, "@") || !slices.ContainsFunc(want, func(w string) bool { return strings.Contains(s, w) }) {
				t.Errorf("%s: %s", lang, s)
			}
		}
	}
}
