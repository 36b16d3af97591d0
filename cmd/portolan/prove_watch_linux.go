package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/internal/capture"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/internal/report"
)

// watching is what looks on while a question is asked.
type watching struct {
	tracer   *proof.Tracer
	captures []capturing
}

// capturing is one machine's packets on their way into a file.
type capturing struct {
	machine string
	file    *os.File
	capture *capture.Capture
}

// watch begins to trace and to capture.
func (r *prover) watch() error {
	if r.o.trace {
		t, err := r.session.Rules().Trace()
		if err != nil {
			return err
		}
		r.watching.tracer = t
	}
	if r.o.pcap == "" {
		return nil
	}
	if err := os.MkdirAll(r.o.pcap, 0o755); err != nil {
		return fmt.Errorf("--pcap: %w", err)
	}
	for _, m := range r.witnesses() {
		name := filepath.Join(r.o.pcap, fileName(m.Name)+".pcapng")
		file, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("--pcap: %w", err)
		}
		c, err := capture.Start(m, file, capture.Options{Name: m.Name})
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", m.Name, err), file.Close())
		}
		r.watching.captures = append(r.watching.captures, capturing{m.Name, file, c})
	}
	return nil
}

// witnesses are the machines whose packets are captured: the nodes, and who
// asks.
func (r *prover) witnesses() []*lab.Machine {
	all := r.session.Lab().Nodes()
	for _, from := range r.session.Places() {
		if m := r.session.Lab().Machine(from); m != nil && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// fileName is a machine's name without what files cannot have in theirs.
func fileName(machine string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, machine)
}

// watched ends what watch began.
func (r *prover) watched() error {
	var errs []error
	if t := r.watching.tracer; t != nil {
		roads, err := t.Roads(r.question())
		r.report.Roads = roads
		errs = append(errs, err, t.Close())
	}
	for _, c := range r.watching.captures {
		stats, err := c.capture.Stop()
		errs = append(errs, err, c.file.Close())
		r.report.Captures = append(r.report.Captures, report.Captured{Machine: c.machine, File: c.file.Name(), Packets: stats.Packets})
	}
	r.watching = watching{}
	return errors.Join(errs...)
}
