package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
)

// Every scenario is linted, and what is found stands in one file to be read: a
// finding that comes or goes is a change that somebody judges. UPDATE=1 rewrites
// it.
func TestScenarios(t *testing.T) {
	const dir, golden = "../testdata/scenarios", "testdata/scenarios.txt"
	files, err := scenario.Find(dir)
	if err != nil || len(files) < 100 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	var b strings.Builder
	for _, file := range files {
		s, err := scenario.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.Snapshot(filepath.Join(dir, "labs"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		l := check.Run(m, check.Options{})
		if len(l.Findings) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", strings.TrimSuffix(filepath.Base(file), ".txtar"), s.Title)
		for _, f := range l.Findings {
			fmt.Fprintf(&b, "\t%-7s %s %s\n\t\t%s\n", f.Severity, f.Code, strings.TrimSpace(f.Object.String()+" "+f.Field), f.Reason)
		}
	}
	same(t, golden, b.String())
}

// same compares with a golden file, or with UPDATE=1 rewrites it.
func same(t *testing.T, golden, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s:%d: got %q; UPDATE=1 rewrites it", golden, i+1, g[i])
		}
	}
	t.Fatalf("%s has more lines than there are findings; UPDATE=1 rewrites it", golden)
}
