package scenario_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const ruleBook = "../../docs/semantics.md"

var (
	ruleHead = regexp.MustCompile(`^\*\*([A-Z][0-9]+)\.\*\*`)
	proof    = regexp.MustCompile(`^Proved by: .*$`)
)

// TestRules holds docs/semantics.md and the scenarios together: every rule has
// a source and a scenario, every scenario's rules exist, and the line "Proved
// by:" names exactly the scenarios. UPDATE=1 rewrites these lines.
func TestRules(t *testing.T) {
	proofs := map[string][]string{}
	for _, s := range scenarios(t) {
		for _, r := range s.Rules {
			proofs[r] = append(proofs[r], "`"+base(s)+"`")
		}
	}
	text, err := os.ReadFile(ruleBook)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	seen, current, sourced := map[string]bool{}, "", true
	for i, line := range lines {
		if m := ruleHead.FindStringSubmatch(line); m != nil {
			if seen[m[1]] {
				t.Errorf("%s:%d: rule %s is there twice", ruleBook, i+1, m[1])
			}
			if !sourced {
				t.Errorf("%s:%d: the rule above, %s, has no source or no proof", ruleBook, i+1, current)
			}
			current, sourced, seen[m[1]] = m[1], false, true
		}
		if !proof.MatchString(line) {
			continue
		}
		sourced = strings.HasPrefix(lines[i-1], "Source: ")
		slices.Sort(proofs[current])
		if want := "Proved by: " + strings.Join(proofs[current], ", "); line != want && os.Getenv("UPDATE") == "" {
			t.Errorf("%s:%d: rule %s: %s\nexpected %s\n(UPDATE=1 go test ./internal/scenario)", ruleBook, i+1, current, line, want)
		} else {
			lines[i] = want
		}
		if len(proofs[current]) == 0 {
			t.Errorf("%s:%d: no scenario proves rule %s", ruleBook, i+1, current)
		}
	}
	for r, files := range proofs {
		if !seen[r] {
			t.Errorf("%s has no rule %s, which %v name", ruleBook, r, files)
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(ruleBook, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
