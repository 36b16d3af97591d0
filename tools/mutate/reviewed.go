package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// review is a line of the lists in reviewed/: mutants that change nothing anybody asks
// for, and why. A word may be a pattern as path.Match has them, but for the text,
// which is "*" or what is there; "…" in it stands for anything.
type review struct {
	file, fn, kind, text string
	reason, list         string
	line                 int
	used                 bool
}

// readReviewed reads the lists of a directory. A reason stands on a line that begins
// with "#", and holds for the lines below it, up to the next.
func readReviewed(dir string) ([]*review, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var out []*review
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list, err := parseReviewed(bytes.NewReader(b), filepath.Base(name))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func parseReviewed(from io.Reader, name string) ([]*review, error) {
	var out []*review
	reason, lines := "", bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" {
			continue
		}
		if r, ok := strings.CutPrefix(line, "# "); ok {
			reason = r
			continue
		}
		words := strings.SplitN(line, "\t", 4)
		if len(words) != 4 || reason == "" {
			return nil, fmt.Errorf("%s:%d: want a reason above, and FILE, FUNCTION, KIND and TEXT with tabs between", name, n)
		}
		out = append(out, &review{file: words[0], fn: words[1], kind: words[2], text: words[3], reason: reason, list: name, line: n})
	}
	return out, lines.Err()
}

func (r *review) covers(m *mutant) bool {
	key := strings.SplitN(m.key(), "\t", 4)
	for i, pattern := range []string{r.file, r.fn, r.kind} {
		if ok, err := path.Match(pattern, key[i]); !ok || err != nil {
			return false
		}
	}
	return r.text == "*" || like(key[3], strings.Split(r.text, "…"))
}

// like reports whether the text is the parts in order, with anything in between.
func like(text string, parts []string) bool {
	rest, ok := strings.CutPrefix(text, parts[0])
	if len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, p)
		if at < 0 {
			return false
		}
		rest = rest[at+len(p):]
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// report prints the table and the survivors, and says how many findings there
// are: survivors that nobody reviewed, and of a whole run reviews of mutants that
// no longer survive, of the packages that were broken.
func report(w io.Writer, results []result, known []*review, whole bool) int {
	counts := map[string]*[4]int{"all": {}}
	var left []result
	broken := map[string]bool{}
	for _, r := range results {
		broken[path.Dir(r.file)] = true
		if counts[r.kind] == nil {
			counts[r.kind] = &[4]int{}
		}
		column := 1
		if !r.killed {
			column = 3
			for _, k := range known {
				if k.covers(r.mutant) {
					k.used, column = true, 2
				}
			}
		}
		for _, k := range []string{r.kind, "all"} {
			counts[k][0]++
			counts[k][column]++
		}
		if column == 3 {
			left = append(left, r)
		}
	}
	fmt.Fprintf(w, "%-18s %8s %8s %8s %8s\n", "kind", "mutants", "killed", "reviewed", "survive")
	for _, k := range append(slices.DeleteFunc(slices.Sorted(maps.Keys(counts)), func(k string) bool { return k == "all" }), "all") {
		fmt.Fprintf(w, "%-18s %8d %8d %8d %8d\n", k, counts[k][0], counts[k][1], counts[k][2], counts[k][3])
	}
	bad := len(left)
	for _, r := range left {
		how := "survives"
		if !r.met {
			how = "no test meets it"
		}
		fmt.Fprintf(w, "%s:%d: %s\n%s\n", r.file, r.line, how, r.key())
	}
	for _, k := range known {
		if whole && !k.used && broken[path.Dir(k.file)] {
			bad++
			fmt.Fprintf(w, "%s:%d: no such survivor any more: %s %s %s %s\n", k.list, k.line, k.file, k.fn, k.kind, k.text)
		}
	}
	return bad
}

// survivorsOf keeps the mutants whose keys a table lists.
func survivorsOf(name string, all []*mutant) ([]*mutant, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		listed[strings.TrimSuffix(line, "\n")] = true
	}
	return slices.DeleteFunc(all, func(m *mutant) bool { return !listed[m.key()] }), nil
}
