package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// options are what the command line asks for.
type options struct {
	root, only, skip, shard, tests, without, again string
	workers, each                                  int
	named, list, fresh, quick                      bool
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", "..", "the root of the module")
	flag.StringVar(&o.only, "run", "", "only mutants whose key (file, function, kind, text, by tabs) matches")
	flag.StringVar(&o.skip, "skip", "^$", "leave out files whose name matches")
	flag.StringVar(&o.shard, "shard", "1/1", "K/N: the Kth of N equal parts")
	flag.StringVar(&o.tests, "tests", "", "packages whose tests are asked besides those that are broken, by commas")
	flag.StringVar(&o.without, "without", "^$", "leave out tests whose name matches")
	flag.StringVar(&o.again, "again", "", "only the survivors of a table printed before, in this `FILE`")
	flag.IntVar(&o.workers, "j", 2, "tests at a time")
	flag.IntVar(&o.each, "sample", 1, "only every Nth mutant")
	flag.BoolVar(&o.named, "named", true, "try the named mutants, too")
	flag.BoolVar(&o.list, "list", false, "list the mutants and leave")
	flag.BoolVar(&o.fresh, "fresh", false, "only mutants that reviewed/ says nothing of")
	flag.BoolVar(&o.quick, "quick", false, "ask tests under -short alone")
	flag.Parse()
	code, err := mutate(&o, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		code = 2
	}
	os.Exit(code)
}

func mutate(o *options, packages []string) (int, error) {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return 2, err
	}
	known, err := readReviewed(filepath.Join(root, "tools", "mutate", "reviewed"))
	if err != nil {
		return 2, err
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return 2, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bad := 0
	if o.named {
		if bad, err = tryNamed(root, dir, o.workers); err != nil {
			return 2, err
		}
	}
	chosen, tests, err := prepare(o, known, root, dir, packages)
	if err != nil || o.list || len(packages) == 0 {
		return min(bad, 1), err
	}
	results := try(chosen, tests, known, o.workers)
	whole := o.only == "" && o.shard == "1/1" && o.each == 1 && o.skip == "^$" && o.without == "^$" && o.again == "" && !o.fresh
	bad += report(os.Stdout, results, known, whole)
	return min(bad, 1), nil
}

// prepare plans the mutants, builds the tests and runs each once.
func prepare(o *options, known []*review, root, dir string, packages []string) ([]*mutant, []*test, error) {
	if len(packages) == 0 {
		return nil, nil, nil
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, nil, err
	}
	skip, err := regexp.Compile(o.skip)
	if err != nil {
		return nil, nil, err
	}
	without, err := regexp.Compile(o.without)
	if err != nil {
		return nil, nil, err
	}
	pkgs, err := load(root, packages)
	if err != nil {
		return nil, nil, err
	}
	pl, replace, err := planFor(root, dir, pkgs, skip)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := choose(pl.mutants, only, o.shard, o.each)
	if err == nil && o.again != "" {
		chosen, err = survivorsOf(o.again, chosen)
	}
	if o.fresh {
		chosen = slices.DeleteFunc(chosen, func(m *mutant) bool { return slices.ContainsFunc(known, func(r *review) bool { return r.covers(m) }) })
	}
	if err != nil {
		return nil, nil, err
	}
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%d\t%d\t%s\n", m.id, m.line, m.key())
		}
		return chosen, nil, nil
	}
	overlay, err := writeOverlay(dir, replace)
	if err != nil {
		return nil, nil, err
	}
	others := strings.FieldsFunc(o.tests, func(r rune) bool { return r == ',' })
	programs, err := build(root, dir, overlay, append(packages, others...))
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(os.Stderr, "%d mutants, %d of them chosen, %d test programs\n", len(pl.mutants), len(chosen), len(programs))
	tests, err := survey(dir, programs, without, o.quick)
	return chosen, tests, err
}

// choose keeps the mutants of a part.
func choose(all []*mutant, only *regexp.Regexp, shard string, each int) ([]*mutant, error) {
	k, n, ok := strings.Cut(shard, "/")
	part, err1 := strconv.Atoi(k)
	parts, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || part < 1 || part > parts {
		return nil, fmt.Errorf("-shard %q: want K/N, as 2/4", shard)
	}
	var out []*mutant
	for _, m := range all {
		if only.MatchString(m.key()) && m.id%parts == part-1 && m.id%each == 0 {
			out = append(out, m)
		}
	}
	return out, nil
}
