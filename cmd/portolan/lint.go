package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/cores"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
)

// linting is what the flags of lint say.
type linting struct {
	failOn         string
	only, skip     []string
	baseline       string
	write, verbose bool
	list           bool
}

func (a *app) lint() *cobra.Command {
	var x linting
	c := &cobra.Command{
		Use:   "lint [FILE...]",
		Short: "Find what does not do what it is there for",
		Long: `Look at NetworkPolicies, Services and load balancer addresses for what does not
do what it is there for, or does it otherwise than it reads. docs/lint.md says
what each code means and what to do. A part of a cluster will do: what the input
lacks something for is not looked for, and said so.

To take a finding out, annotate its object, with a reason:
  portolan.dev/ignore: "CODE reason; CODE reason"

Exit code 1 when something as bad as --fail-on is found; else 2 where something that
decides could not be read.`,
		Example: `  portolan lint -f cluster.yaml
  portolan lint manifests/ -R --fail-on error
  helm template chart | portolan lint -f -
  portolan lint -R . -o sarif=portolan.sarif -o text
  portolan lint -R . --baseline known.json --write-baseline`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if x.list {
				return a.listCodes()
			}
			return a.runLint(append(a.files, args...), &x)
		},
	}
	f := c.Flags()
	f.StringVar(&x.failOn, "fail-on", "warning", "least severity that makes exit code 1: error, warning, info or none")
	f.StringSliceVar(&x.only, "only", nil, "look for these codes only")
	f.StringSliceVar(&x.skip, "skip", nil, "leave these codes out")
	f.StringVar(&x.baseline, "baseline", "", "file of findings that are known and left out")
	f.BoolVar(&x.write, "write-baseline", false, "write what is found into the baseline file, and exit 0")
	f.BoolVarP(&x.verbose, "verbose", "v", false, "print notes in full, and what was taken out")
	f.BoolVar(&x.list, "list", false, "print the codes and what they are")
	a.outputsFlag(c)
	var codes []string
	for _, r := range check.Rules() {
		codes = append(codes, string(r.Code))
	}
	completeWords(c, map[string][]string{"fail-on": lintFailOn, "only": codes, "skip": codes})
	return c
}

// lintFailOn are the words of --fail-on.
var lintFailOn = []string{"error", "warning", "info", "none"}

// options turns the flags into what check understands.
func (x *linting) options() (check.Options, check.Severity, error) {
	var o check.Options
	failOn, ok := check.ParseSeverity(x.failOn)
	if !ok {
		return o, 0, &usageError{what: fmt.Sprintf("--fail-on %q is not error, warning, info or none", x.failOn), hint: "--fail-on warning"}
	}
	for _, list := range []struct {
		words []string
		to    *[]check.Code
	}{{x.only, &o.Only}, {x.skip, &o.Skip}} {
		for _, w := range list.words {
			c, ok := check.ParseCode(w)
			if !ok {
				hint := "portolan lint --list"
				if near := check.NearCode(w); near != "" {
					hint = string(near)
				}
				return o, 0, &usageError{what: fmt.Sprintf("%q is no code of lint", w), hint: hint}
			}
			*list.to = append(*list.to, c)
		}
	}
	if x.write && x.baseline == "" {
		return o, 0, &usageError{what: "--write-baseline needs the file", hint: "--baseline FILE --write-baseline"}
	}
	if x.baseline == "" || x.write {
		return o, failOn, nil
	}
	f, err := os.Open(x.baseline)
	if err != nil {
		return o, 0, &usageError{what: err.Error(), hint: "--baseline " + x.baseline + " --write-baseline makes it"}
	}
	defer func() { _ = f.Close() }() // only read from
	if o.Baseline, err = report.ReadBaseline(f); err != nil {
		return o, 0, &usageError{what: x.baseline + ": " + err.Error(), hint: "--baseline " + x.baseline + " --write-baseline makes it anew"}
	}
	return o, failOn, nil
}

func (a *app) runLint(files []string, x *linting) error {
	outs, err := a.wanted(gateFormats...)
	if err != nil {
		return err
	}
	o, failOn, err := x.options()
	if err != nil {
		return err
	}
	in, over, m, err := a.loadMost(files)
	if err != nil {
		return err
	}
	o.Also = append(warningFindings(in.Warnings), passedOver(over)...)
	done := a.progress("looking")
	l := check.Run(m, o)
	done()
	if x.write {
		return a.writeBaseline(x.baseline, l)
	}
	if worst := l.Worst(); failOn != check.Nothing && worst >= failOn {
		a.code = exitFinding
	} else if m.Snapshot.Partial() {
		a.code = exitUnknown
	}
	return a.gated(outs, gated{
		text:  func(p *report.Printer) error { return p.Lint(l, x.verbose) },
		json:  func(w io.Writer) error { return report.LintJSON(w, l) },
		junit: func(w io.Writer) error { return report.LintJUnit(w, l) },
		gate:  func(lang report.Lang) *report.Gate { return report.LintGate(l, lang) },
	})
}

// loadMost reads the input as a folder of a repository: files that are no use are
// findings, and so are the reader's warnings.
func (a *app) loadMost(paths []string) (*manifest.Input, []manifest.PassedOver, *model.Model, error) {
	src, err := a.source(paths, true)
	if err != nil {
		return nil, nil, nil, err
	}
	if src != files {
		in, m, err := a.loadAs(paths, true)
		return in, nil, m, err
	}
	done := a.progress("reading " + strings.Join(paths, ", "))
	in, over, err := manifest.LoadMost(paths, manifest.Options{Recursive: a.recurse, Stdin: a.in})
	done()
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := model.CompileOn(cores.All, in.Snapshot)
	return in, over, m, err
}

// passedOver are files that were not read, as findings.
func passedOver(all []manifest.PassedOver) []check.Finding {
	var out []check.Finding
	for _, x := range all {
		f := check.Finding{
			Code: check.ObjectRefused, Object: flow.Object{Kind: "File", Name: x.Position.File},
			Position: x.Position, Reason: flow.Because(flow.CodeLintNotRead, x.Reason),
		}
		if x.Aside {
			f.Code = check.DocumentSkipped
		}
		out = append(out, f)
	}
	return out
}

// warningFindings are the reader's warnings as findings.
func warningFindings(all []manifest.Warning) []check.Finding {
	var out []check.Finding
	for _, w := range all {
		code := check.UnknownField
		if w.Reason.Code == flow.CodeHostBits {
			code = check.HostBits
		}
		out = append(out, check.Finding{Code: code, Object: w.Object, Field: w.Field, Position: w.Position, Reason: w.Reason})
	}
	return out
}

func (a *app) writeBaseline(name string, l *check.Lint) error {
	f, err := os.Create(name)
	if err != nil {
		return &usageError{what: err.Error(), hint: "--baseline FILE, in a directory that can be written"}
	}
	if err := report.WriteBaseline(f, l); err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	return f.Close()
}

// listCodes prints every code with its severity and headline.
func (a *app) listCodes() error {
	rules := check.Rules()
	slices.SortStableFunc(rules, func(x, y check.Rule) int { return int(y.Severity) - int(x.Severity) })
	lang := report.Lang(a.lang)
	for _, r := range rules {
		fmt.Fprintf(a.out, "%-8s %s%s%s\n", r.Severity, r.Code, strings.Repeat(" ", max(1, 40-len(r.Code))), lang.LintHelp(r.Code).What)
	}
	return nil
}
