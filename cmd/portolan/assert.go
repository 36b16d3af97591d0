package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/internal/report"
)

func (a *app) assert() *cobra.Command {
	var verbose bool
	c := &cobra.Command{
		Use:   "assert [FILE...]",
		Short: "Check that connections are as expected",
		Long: `Check Expectations against a cluster: each line asks one question and says what
the answer must be. Files may be given with -f or as arguments, in any order;
Expectations are recognised by their kind. docs/cli.md describes the fields.

Exit code 1 when a line is false, 2 when a line has no answer.`,
		Example: `  portolan assert -f cluster.yaml -f fabric.yaml expectations.yaml
  portolan assert -f cluster.yaml expectations.yaml -o junit > report.xml
  helm template chart | portolan assert -f - -f nodes.yaml expectations.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.runAssert(append(a.files, args...), verbose)
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "print the lines that hold, too")
	a.outputsFlag(c)
	return c
}

func (a *app) runAssert(files []string, verbose bool) error {
	outs, err := a.wanted(gateFormats...)
	if err != nil {
		return err
	}
	in, m, err := a.load(files)
	if err != nil {
		return err
	}
	if len(in.Expectations) == 0 {
		return &usageError{
			what: "the input holds no Expectations, so there is nothing to assert",
			hint: "add a file with kind: Expectations, or ask one question: portolan trace FROM TO -f ...",
		}
	}
	done := a.progress("asking")
	results := make([]check.Result, 0, len(in.Expectations))
	for i := range in.Expectations {
		results = append(results, check.Assert(m, &in.Expectations[i], a.ns))
	}
	done()
	_, wrong, unknown := report.Tally(results)
	switch {
	case wrong > 0:
		a.code = exitFinding
	case unknown > 0:
		a.code = exitUnknown
	}
	return a.gated(outs, gated{
		text:  func(p *report.Printer) error { return p.Assert(results, verbose) },
		json:  func(w io.Writer) error { return report.AssertJSON(w, results) },
		junit: func(w io.Writer) error { return report.AssertJUnit(w, results) },
		gate:  func(lang report.Lang) *report.Gate { return report.AssertGate(results, lang) },
	})
}
