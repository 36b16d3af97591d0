package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
	"github.com/portolan-net/portolan/path"
)

// runProve goes into namespaces of its own and does everything there.
func (a *app) runProve(o *proving) error {
	if o.rules {
		return a.printRules(o)
	}
	remove, err := a.carry()
	defer remove()
	if err != nil {
		return err
	}
	done, code, err := lab.Enter()
	if done {
		a.code = code
	}
	if done || err != nil {
		return ofMachine(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	r := &prover{app: a, o: o, ctx: ctx}
	err = r.run()
	if ctx.Err() != nil && err != nil {
		return errors.New("interrupted")
	}
	return ofMachine(err)
}

// ofMachine is an error of the machine as people read it: one line, without the
// package that found it.
func ofMachine(err error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "lab: ") {
		return err
	}
	return errors.New(strings.TrimPrefix(err.Error(), "lab: "))
}

// prover is a proof in progress.
type prover struct {
	*app
	o   *proving
	ctx context.Context
	bar *bar

	told    *model.Model // the input's
	m       *model.Model // under a dataplane that is ours to print
	report  report.Proof
	session *proof.Session
	watching
}

func (r *prover) run() error {
	if err := r.ground(); err != nil {
		return err
	}
	questions, err := r.questions()
	if err != nil {
		return err
	}
	r.bar = r.app.bar("building")
	err = r.ask(questions)
	r.bar.end()
	if r.session != nil {
		defer r.session.Close() //nolint:errcheck // the process ends, and takes everything with it
	}
	if err != nil {
		return err
	}
	if err := r.print(); err != nil || !r.o.keep {
		return err
	}
	return r.hold()
}

// ground reads the input and puts it on a dataplane that can be proved.
func (r *prover) ground() error {
	var err error
	if r.told, err = r.loadCluster(); err != nil {
		return err
	}
	m, replaced, err := proof.Ground(r.told, r.o.choice)
	if err != nil {
		return err
	}
	r.m = m
	p := m.Profile
	r.report.Replaced, r.report.Assumptions = replaced, p.Assumed
	r.report.Single, r.report.Unfolded = r.o.single(), r.o.all
	r.report.Dataplane = report.Dataplane{
		Proxy: p.Proxy.Name, Policy: p.Policy.Name, PodNetwork: string(p.PodNetwork), MasqueradeAll: p.MasqueradeAll,
		Enforces: m.Enforces(), AfterSNAT: m.JudgesAfterSNAT(), Rejects: nft.For(m).Reject,
	}
	return nil
}

// question is the single one.
func (r *prover) question() path.Question {
	return path.Question{From: r.o.from, To: r.o.to, Via: r.o.via, Namespace: r.app.ns}
}

// limit bounds how many questions are asked at once: each takes some memory.
const limit = 100000

// questions are those that were meant.
func (r *prover) questions() ([]path.Question, error) {
	if r.o.single() {
		r.report.All = 1
		q := r.question()
		_, err := path.Walk(r.m, q)
		return []path.Question{q}, err
	}
	filter := r.o.globs
	filter.Via = r.o.via
	if r.o.to != "" {
		filter.To = complete(r.o.to, r.app.ns)
	}
	most := r.o.most
	if most == 0 {
		most = limit + 1
	}
	questions, all := proof.Few(r.m, filter, most)
	if len(questions) > limit {
		return nil, &usageError{what: fmt.Sprintf("there are %d questions, more than fit at once (%d)", all, limit), hint: "choose some with --from and --to, or a number with --max"}
	}
	if all == 0 && r.o.to != "" {
		every := proof.Everywhere(r.m, filter, r.o.to, r.app.ns)
		if err := sensible(r.m, every); err != nil {
			return nil, err
		}
		questions, all = proof.Sample(every, r.o.most), len(every)
	}
	if all == 0 {
		return nil, &usageError{what: "no question is left to ask", hint: "--from and --to are globs over places and targets: --from 'node/*' --to 'svc/test/*'"}
	}
	r.report.All = all
	return questions, nil
}

// sensible returns why none of the questions can be asked.
func sensible(m *model.Model, questions []path.Question) error {
	var first error
	for _, q := range questions {
		_, err := path.Walk(m, q)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// complete writes the namespace into a target that has none.
func complete(to, namespace string) string {
	kind, name, has := strings.Cut(to, "/")
	bare, _, _ := strings.Cut(name, ":")
	if has && (kind == "svc" || kind == "pod") && !strings.Contains(bare, "/") {
		return kind + "/" + namespace + "/" + name
	}
	return to
}

// ask builds, asks, and asks again with the fix.
func (r *prover) ask(questions []path.Question) error {
	if err := r.open(r.m, questions); err != nil {
		return err
	}
	if err := r.watch(); err != nil {
		return err
	}
	lines, err := r.asked()
	if err := errors.Join(err, r.watched()); err != nil {
		return err
	}
	r.report.Lines = lines
	if r.o.single() || r.app.output == "json" {
		if r.report.Counted, err = r.session.Rules().Counted(); err != nil {
			return err
		}
	}
	if r.o.fix {
		return r.repair(questions)
	}
	return nil
}

// open builds the network and loads the rules.
func (r *prover) open(m *model.Model, questions []path.Question) error {
	started := time.Now()
	options := nft.For(m)
	options.Trace = r.o.trace
	s, err := proof.Open(r.ctx, m, questions, proof.Options{Dataplane: proof.OursWith(m, options), Log: true, Progress: r.bar.at})
	if err != nil {
		return err
	}
	r.session = s
	b := &r.report.Built
	b.Prepared += time.Since(started)
	b.Kernel = release()
	b.Nodes, b.Pods, b.Clients, b.Routers = 0, 0, 0, 0
	for _, machine := range s.Lab().Machines() {
		switch kind, _, _ := strings.Cut(machine.Name, "/"); kind {
		case "node":
			b.Nodes++
		case "pod":
			b.Pods++
		case "external":
			b.Clients++
		case "router":
			b.Routers++
		}
	}
	b.Rules, b.Rows = s.Rules().Size()
	return nil
}

func (r *prover) asked() ([]proof.Line, error) {
	started := time.Now()
	r.bar.now("asking")
	lines, err := r.session.Run(r.ctx)
	r.report.Built.Asked += time.Since(started)
	for i := range lines {
		r.report.Built.Connections += lines[i].Tries
	}
	return lines, err
}

// release is the kernel's, as uname -r prints it.
func release() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}

func (r *prover) print() error {
	switch r.report.Outcome() {
	case report.Differs:
		r.code = exitFinding
	case report.NothingProved:
		r.code = exitUnknown
	case report.AsPredicted:
	}
	if r.output == "json" {
		return report.ProveJSON(r.out, &r.report)
	}
	p, err := r.printer()
	if err != nil {
		return err
	}
	return p.Prove(&r.report)
}

// printRules prints every node's program.
func (a *app) printRules(o *proving) error {
	m, err := a.loadCluster()
	if err != nil {
		return err
	}
	m, replaced, err := proof.Ground(m, o.choice)
	if err != nil {
		return err
	}
	for _, e := range replaced {
		fmt.Fprintln(a.err, "portolan: warning: "+report.Clean(e.Error()))
	}
	for i := range m.Snapshot.Nodes {
		name := m.Snapshot.Nodes[i].Name
		p, err := nft.Compile(m, name, nft.For(m), nil)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "# node/%s\n%s", report.Clean(name), p)
	}
	return nil
}
