package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/check"
)

// noted is a policy with two findings, and the annotations given.
func noted(annotations string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: app, annotations: {" + annotations + "}}\n" +
		"spec: {podSelector: {}, ingress: [{from: [], ports: []}]}\n"
}

// A note takes out the code it names, with its reason; without one, or with a
// word that is no code, it takes out nothing and is a finding itself.
func TestNotes(t *testing.T) {
	const both = "empty-list-is-everything empty-list-is-everything"
	for _, c := range []struct{ name, annotations, left, out string }{
		{"none", "", both, ""},
		{"a reason", "portolan.dev/ignore: empty-list-is-everything our template", "", "our template|our template"},
		{"another spelling", "portolan.dev/ignore: EMPTY_LIST_IS_EVERYTHING our template", "", "our template|our template"},
		{"several", "portolan.dev/ignore: 'dns-blocked no names; empty-list-is-everything because'", "", "because|because"},
		{"by key", "portolan.dev/ignore.empty-list-is-everything: because", "", "because|because"},
		{"another code", "portolan.dev/ignore: dns-blocked no names", both, ""},
		{"no reason", "portolan.dev/ignore: empty-list-is-everything", both + " ignore-invalid", ""},
		{"no code", "portolan.dev/ignore: emptylist because", both + " ignore-invalid", ""},
		{"not to be silenced", "portolan.dev/ignore: 'nonsense x; ignore-invalid because'", both + " ignore-invalid", ""},
		{"another key", "portolan.dev/ignored: empty-list-is-everything because", both, ""},
	} {
		l := check.Run(read(t, "", noted(c.annotations), false), check.Options{})
		var left, out []string
		for _, f := range l.Findings {
			left = append(left, string(f.Code))
		}
		for _, s := range l.Suppressed {
			out = append(out, s.Why)
		}
		if strings.Join(left, " ") != c.left || strings.Join(out, "|") != c.out {
			t.Errorf("%s: left %q, out %q; want %q, %q", c.name, left, out, c.left, c.out)
		}
	}
}

// A baseline takes out as many findings of a code and object as it knows.
func TestBaselineCounts(t *testing.T) {
	m := read(t, "", noted(""), false)
	all := check.Run(m, check.Options{})
	for known, want := range map[int]int{0: 2, 1: 1, 2: 0, 5: 0} {
		b := &check.Baseline{Counts: map[string]int{all.Findings[0].Fingerprint(): known}}
		l := check.Run(m, check.Options{Baseline: b})
		if len(l.Findings) != want || len(l.Findings)+len(l.Suppressed) != 2 || b.Counts[all.Findings[0].Fingerprint()] != known {
			t.Errorf("%d known: %d findings, %d suppressed, baseline now %v", known, len(l.Findings), len(l.Suppressed), b.Counts)
		}
	}
}

// What the input lacks something for is not looked for, and said so: of kinds
// that are there at all.
func TestUnchecked(t *testing.T) {
	l := check.Run(read(t, "", noted(""), true), check.Options{Skip: []check.Code{check.EmptyList}})
	if len(l.Findings) != 0 || l.Objects != 1 {
		t.Errorf("%d findings in %d objects", len(l.Findings), l.Objects)
	}
	var codes []check.Code
	for _, u := range l.Unchecked {
		codes = append(codes, u.Code)
		if len(u.Lacks) == 0 {
			t.Errorf("%s lacks nothing", u.Code)
		}
	}
	for code, want := range map[check.Code]bool{
		check.SelectsNobody: true, check.NodeBlockOpens: true, check.EmptyList: false, check.SelectsNothing: false, check.PoolsOverlap: false,
	} {
		if slices.Contains(codes, code) != want {
			t.Errorf("%s unchecked: %v, want %v", code, !want, want)
		}
	}
}

// Codes are read in any spelling, and a wrong one has a nearest.
func TestParseCode(t *testing.T) {
	for word, want := range map[string]check.Code{"DNS_BLOCKED": check.DNSBlocked, " dns-blocked": check.DNSBlocked, "Pools-Overlap": check.PoolsOverlap} {
		if c, ok := check.ParseCode(word); !ok || c != want {
			t.Errorf("%q is %q, %v", word, c, ok)
		}
	}
	if _, ok := check.ParseCode("dns"); ok {
		t.Error("dns is a code")
	}
	if c := check.NearCode("dns-bloked"); c != check.DNSBlocked {
		t.Errorf("nearest is %q", c)
	}
	if c := check.NearCode("something else altogether"); c != "" {
		t.Errorf("nearest is %q", c)
	}
}

// Severities in words, and the worst of several.
func TestSeverity(t *testing.T) {
	for _, s := range check.Severities() {
		if back, ok := check.ParseSeverity(s.String()); !ok || back != s {
			t.Errorf("%s is %v, %v", s, back, ok)
		}
	}
	if _, ok := check.ParseSeverity("fatal"); ok {
		t.Error("fatal is a severity")
	}
	l := check.Lint{Findings: []check.Finding{{Severity: check.Info}, {Severity: check.Warning}}}
	if l.Worst() != check.Warning || (&check.Lint{}).Worst() != check.Nothing || l.Count(check.Info) != 1 {
		t.Errorf("worst %s", l.Worst())
	}
}

// A word that is far from every code is told to have no nearest one.
func TestNoNearCode(t *testing.T) {
	l := check.Run(read(t, "", noted("portolan.dev/ignore: '* all of it'"), false), check.Options{Only: []check.Code{check.IgnoreInvalid}})
	if len(l.Findings) != 1 || l.Findings[0].Reason.Args[2] != "@no-near-code" {
		t.Errorf("%+v", l.Findings)
	}
}
