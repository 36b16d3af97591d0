package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/path"
)

// observations reads --seen and --seen-file, in this order.
func (a *app) observations(seen []string, file string) ([]explain.Observation, error) {
	var out []explain.Observation
	for _, text := range seen {
		o, err := explain.ParseObservation(text)
		if err != nil {
			return nil, wrongSeen("--seen", err)
		}
		out = append(out, o)
	}
	if file == "" {
		return out, nil
	}
	more, err := a.observationFile(file)
	return append(out, more...), err
}

// observationFile reads one observation a line; empty lines and what stands
// behind # do not count.
func (a *app) observationFile(file string) ([]explain.Observation, error) {
	in := a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, &usageError{what: err.Error(), hint: "--seen-file is a file with one observation a line: node/n1 timeout"}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	var out []explain.Observation
	lines := bufio.NewScanner(io.LimitReader(in, 1<<20))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if strings.TrimSpace(text) == "" {
			continue
		}
		o, err := explain.ParseObservation(text)
		if err != nil {
			return nil, wrongSeen(fmt.Sprintf("%s:%d", file, n), err)
		}
		out = append(out, o)
	}
	if err := lines.Err(); err != nil {
		return nil, &usageError{what: file + ": " + err.Error(), hint: "one observation a line: node/n1 timeout"}
	}
	if len(out) == 0 {
		return nil, &usageError{what: file + " holds no observation", hint: "one observation a line: node/n1 timeout"}
	}
	return out, nil
}

// wrongSeen says where an observation stands that was not understood.
func wrongSeen(where string, err error) error {
	hint := ""
	var q *path.QuestionError
	if errors.As(err, &q) {
		hint = q.Hint
	}
	return &usageError{what: where + " " + err.Error(), hint: hint}
}

func (a *app) runDiagnosis(target string, seen []explain.Observation) error {
	m, err := a.loadCluster()
	if err != nil {
		return err
	}
	done := a.progress("weighing causes")
	d, err := explain.Diagnose(m, target, a.ns, seen)
	done()
	if err != nil {
		return err
	}
	if d.Outcome == explain.Unexplained {
		a.code = exitUnknown
	}
	if a.output == "json" {
		return report.DiagnosisJSON(a.out, d)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Diagnosis(d)
}
