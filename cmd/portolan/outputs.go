package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/report"
)

// output is one "-o FORMAT[=FILE]".
type output struct{ format, file string }

// gateFormats are those of every command that CI runs.
var gateFormats = []string{"text", "json", "sarif", "junit", "github", "md"}

// outputsFlag gives a command an -o that may be repeated, each time with a file.
func (a *app) outputsFlag(c *cobra.Command) { a.outputsFlagOf(c, gateFormats) }

// outputsFlagOf is outputsFlag for a command with formats of its own.
func (a *app) outputsFlagOf(c *cobra.Command, formats []string) {
	c.Flags().StringArrayVarP(&a.outputs, "output", "o", []string{"text"},
		strings.Join(formats, ", ")+"; FORMAT=FILE writes a file; repeat for more")
	completeWords(c, map[string][]string{"output": formats})
}

// wanted reads the -o flags. Only one of them may go to stdout.
func (a *app) wanted(offered ...string) ([]output, error) {
	var all []output
	stdout := ""
	for _, word := range a.outputs {
		format, file, named := strings.Cut(word, "=")
		switch {
		case !slices.Contains(offered, format):
			return nil, &usageError{what: fmt.Sprintf("-o %q is not one of %s", format, strings.Join(offered, ", ")), hint: "-o " + offered[0]}
		case named && file == "":
			return nil, &usageError{what: fmt.Sprintf("-o %q names no file", word), hint: "-o " + format + "=FILE"}
		case !named && stdout != "":
			return nil, &usageError{what: fmt.Sprintf("-o %s and -o %s both go to stdout", stdout, format), hint: "-o " + stdout + " -o " + format + "=FILE"}
		case !named:
			stdout = format
		}
		all = append(all, output{format, file})
	}
	return all, nil
}

// each writes every output with what is given: files first, so that nothing
// stands on stdout where one cannot be written.
func (a *app) each(all []output, emit func(format string, p *report.Printer, w io.Writer) error) error {
	for _, o := range all {
		if o.file == "" {
			continue
		}
		if err := a.toFile(o, emit); err != nil {
			return err
		}
	}
	for _, o := range all {
		if o.file != "" {
			continue
		}
		p, err := a.printer()
		if err != nil {
			return err
		}
		if err := emit(o.format, p, a.out); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) toFile(o output, emit func(format string, p *report.Printer, w io.Writer) error) error {
	f, err := os.Create(o.file)
	if err != nil {
		return &usageError{what: err.Error(), hint: "-o " + o.format + "=FILE, in a directory that can be written"}
	}
	p := report.NewPrinter(f)
	p.Lang = report.Lang(a.lang)
	if err := emit(o.format, p, f); err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	return f.Close()
}

// gated is how a command that CI runs says what it found.
type gated struct {
	text        func(p *report.Printer) error
	json, junit func(w io.Writer) error
	gate        func(lang report.Lang) *report.Gate
}

// gated writes every output. SARIF is for machines, and always English.
func (a *app) gated(all []output, g gated) error {
	return a.each(all, func(format string, p *report.Printer, w io.Writer) error {
		switch format {
		case "text":
			return g.text(p)
		case "json":
			return g.json(w)
		case "junit":
			return g.junit(w)
		case "sarif":
			return gate(format, w, g.gate(report.English))
		}
		return gate(format, w, g.gate(p.Lang))
	})
}

// gate writes the formats that are made of notices.
func gate(format string, w io.Writer, g *report.Gate) error {
	switch format {
	case "github":
		return report.GitHub(w, g)
	case "md":
		return report.Markdown(w, g)
	}
	return report.Sarif(w, g)
}
