package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/kubetest"
)

// gateOf writes what every question of asked answers as Expectations, in their order.
func gateOf(t *testing.T, verdicts []string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("apiVersion: portolan.dev/v1alpha1\nkind: Expectations\nmetadata: {name: gate}\nspec:\n  expect:\n")
	for i, q := range asked {
		fmt.Fprintf(&b, "  - {from: %s, to: %q, verdict: %s}\n", q.from, q.to, verdicts[i])
	}
	name := filepath.Join(t.TempDir(), "gate.yaml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// truths are the verdicts with all rights.
func truths(t *testing.T) []string {
	t.Helper()
	t.Setenv("KUBECONFIG", kubetest.New(t, part).Kubeconfig(t))
	out := make([]string, len(asked))
	for i, q := range asked {
		out[i], _ = verdictOf(t, q.from, q.to)
	}
	return out
}

// opposite is another verdict, which is false.
func opposite(verdict string) string {
	if verdict == "REACHABLE" {
		return "UNREACHABLE"
	}
	return "REACHABLE"
}

// TestUnreadAssert: without any one right an Expectation is as with all, or has no answer;
// where the objects decide it has none, whatever it expects, and a gate is never passed.
func TestUnreadAssert(t *testing.T) {
	sandbox(t)
	right := truths(t)
	wrong := make([]string, len(right))
	for i := range right {
		wrong[i] = opposite(right[i])
	}
	for _, r := range rightsOf(t) {
		s := kubetest.New(t, part)
		s.Forbid("list", r)
		s.Forbid("get", r)
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		needed := 0
		for _, expected := range [][]string{right, wrong} {
			got := say(t, "", "assert", "-f", gateOf(t, expected), "--live", "-o", "json")
			var doc struct {
				Results []struct{ Verdict, Status string }
			}
			if err := json.Unmarshal([]byte(got.out), &doc); err != nil || len(doc.Results) != len(asked) {
				t.Fatalf("without %s: %v, code %d\n%s%s", r, err, got.code, got.out, got.err)
			}
			needed = 0
			for i, one := range doc.Results {
				unknown := one.Verdict == "UNKNOWN" || one.Verdict == ""
				needs := slices.Contains(asked[i].needs, r)
				if !unknown && one.Verdict != right[i] || needs && !unknown {
					t.Errorf("without %s %s -> %s is %s, and %s with it", r, asked[i].from, asked[i].to, one.Verdict, right[i])
				}
				if needs {
					needed++
				}
			}
			if needed > 0 && got.code == exitAnswered {
				t.Errorf("without %s code %d\n%s", r, got.code, got.err)
			}
			if !strings.Contains(got.err, r) {
				t.Errorf("without %s assert does not say so\n%s", r, got.err)
			}
		}
	}
}

// watchLine is what is read of a line.
type watchLine struct {
	Event, Now string
	Certain    bool
	Question   *struct{ From, To, Was, Now string }
	Unread     []struct{ Verb, Resource string }
	Summary    *struct {
		Answers []struct {
			Verdict  string
			From, To string
		}
	}
	Expectation *struct{ Verdict, From, To string }
}

func toldLines(t *testing.T, text string) []watchLine {
	t.Helper()
	var out []watchLine
	for line := range strings.Lines(text) {
		var l watchLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, l)
	}
	return out
}

// TestUnreadWatch: without any one right, from the beginning, what watch says of an
// Expectation is the truth or UNKNOWN; and it names the right.
func TestUnreadWatch(t *testing.T) {
	sandbox(t)
	right := truths(t)
	wrong := make([]string, len(right))
	for i := range right {
		wrong[i] = opposite(right[i])
	}
	gate := gateOf(t, wrong)
	for _, r := range rightsOf(t) {
		t.Run(r, func(t *testing.T) {
			l := kubetest.NewLive(t, part)
			l.Forbid("list", r)
			l.Forbid("watch", r)
			l.Forbid("get", r)
			w := startWatch(t, l, "--expect", gate, "-o", "json")
			w.out.await(t, `"event":"began"`, `"list"`, `"`+r+`"`)
			w.out.await(t, asked[len(asked)-1].to, `"violated"`) // the last of the beginning
			w.end()
			heldFalse(t, r, right, toldLines(t, w.out.String()))
		})
	}
}

// heldFalse checks what is said of Expectations that are false.
func heldFalse(t *testing.T, r string, right []string, lines []watchLine) {
	t.Helper()
	for i, q := range asked {
		told := false
		for _, l := range lines {
			if l.Expectation == nil || l.Expectation.From != q.from || l.Expectation.To != q.to {
				continue
			}
			told = true
			v := l.Expectation.Verdict
			unknown := v == "UNKNOWN" || v == ""
			if !unknown && v != right[i] || slices.Contains(q.needs, r) && !unknown || l.Event != "violated" || unknown == l.Certain {
				t.Errorf("without %s: %+v %+v, and %s with it", r, l, *l.Expectation, right[i])
			}
		}
		if !told {
			t.Errorf("without %s: nothing of %s -> %s", r, q.from, q.to)
		}
	}
}

// TestRightTaken: a right that goes while watching makes what needs it unknown, and
// nothing is said to be certainly lost or gained.
func TestRightTaken(t *testing.T) {
	sandbox(t)
	right := truths(t)
	gate := gateOf(t, right)
	for _, r := range rightsOf(t) {
		t.Run(r, func(t *testing.T) {
			l := kubetest.NewLive(t, part)
			w := startWatch(t, l, "--expect", gate, "-o", "json")
			w.out.await(t, `"event":"began"`)
			l.Forbid("list", r)
			l.Forbid("watch", r)
			l.Forbid("get", r)
			l.Drop()
			w.out.await(t, `"event":"unread"`, `"`+r+`"`)
			w.end()
			for _, one := range toldLines(t, w.out.String()) {
				if x := one.Expectation; x != nil && (x.Verdict != "UNKNOWN" && x.Verdict != "" || one.Certain) {
					t.Errorf("without %s: %+v %+v", r, one, *x)
				}
				if (one.Event == "lost" || one.Event == "gained") && one.Certain {
					t.Errorf("without %s: %+v", r, one)
				}
			}
			if t.Failed() {
				t.Log(w.out.String())
			}
		})
	}
}
