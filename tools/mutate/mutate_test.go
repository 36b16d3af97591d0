package main

import (
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const example = `package example

func Within(n, from, to int, list []int) (int, bool) {
	if from <= n && n < to {
		return n - from, true
	}
	for _, x := range list {
		if x == n {
			return max(x, 1), len(list) == 0
		}
	}
	return 0, false
}
`

const exampleTest = `package example

import "testing"

func TestWithin(t *testing.T) {
	if at, ok := Within(3, 3, 5, nil); at != 0 || !ok {
		t.Error(at, ok)
	}
	if _, ok := Within(5, 3, 5, nil); ok {
		t.Error("5 is in 3 to 5")
	}
}
`

// module writes a module of one package.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.org/example\n\ngo 1.26\n", "example.go": example, "example_test.go": exampleTest} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// The mutants of an example: what its test notices is killed, what it does not
// look at survives, and the changed source is Go.
func TestMutants(t *testing.T) {
	root, dir := module(t), t.TempDir()
	chosen, tests, err := prepare(&options{root: root, skip: "^$", without: "^$", shard: "1/1", each: 1}, nil, root, dir, []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := os.ReadFile(filepath.Join(dir, "0-example.go"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := format.Source(changed); err != nil {
		t.Errorf("%v in\n%s", err, changed)
	}
	results := try(chosen, tests, nil, 1)
	for want, keys := range map[string][]string{
		"killed":   {"boundary\tfrom <= n", "boundary\tn < to", "drop-operand\tn < to", "off-by-one\tn - from", "negate\ttrue", "drop-statement\treturn n - from, true"},
		"survives": {"drop-operand\tfrom <= n", "first-only\tlist", "min-max\tmax(x, 1)", "nil-empty\tlen(list) == 0"},
	} {
		for _, k := range keys {
			at := slices.IndexFunc(results, func(r result) bool { return r.key() == "example.go\tWithin\t"+k })
			if at < 0 {
				t.Errorf("no mutant %q", k)
				continue
			}
			if got := map[bool]string{true: "killed", false: "survives"}[results[at].killed]; got != want {
				t.Errorf("%q: %s, want %s", k, got, want)
			}
		}
	}
	var out strings.Builder
	if report(&out, results, nil, true) == 0 || !strings.Contains(out.String(), "no test meets it\nexample.go\tWithin\tmin-max\tmax(x, 1)\n") {
		t.Error(out.String())
	}
}

// A review holds for the survivors it describes; one that describes none is
// itself a finding.
func TestReviewed(t *testing.T) {
	list, err := parseReviewed(strings.NewReader("# only how fast\na.go\tf\t*\t*\nb.go\tg\tnegate\tx #2\n"), "r")
	if err != nil || len(list) != 2 || list[1].reason != "only how fast" {
		t.Fatalf("%v, %v", list, err)
	}
	survivor := result{mutant: &mutant{file: "a.go", fn: "f", kind: "boundary", text: "a < b"}, met: true}
	var out strings.Builder
	if n := report(&out, []result{survivor}, list, true); n != 1 || !strings.Contains(out.String(), "r:3: no such survivor") {
		t.Errorf("%d findings:\n%s", n, out.String())
	}
	if n := report(&out, []result{{mutant: &mutant{file: "c.go"}, met: true}}, nil, false); n != 1 {
		t.Errorf("%d findings", n)
	}
	for text, want := range map[string]bool{"a < b": true, "a…": true, "…< b": true, "a…b": true, "…": true, "a < b…": true, "a…<…b": true, "a": false, "…a": false, "a…c": false, "a < b…b": false} {
		if got := (&review{file: "*", fn: "*", kind: "*", text: text}).covers(survivor.mutant); got != want {
			t.Errorf("%q covers %q: %v", text, survivor.text, got)
		}
	}
	if _, err := parseReviewed(strings.NewReader("a.go\tf\t*\t*\n"), "r"); err == nil {
		t.Error("a line without a reason was read")
	}
}
