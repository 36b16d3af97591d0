package prober

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/portolan-net/portolan/flow"
)

// Result is what a probe found out.
type Result struct {
	Plan *Plan
	// Means and Tool are what made the connections.
	Means Means
	Tool  string
	// Answers are in the order of Plan.Asks.
	Answers []Answered
	// Notes say what kept it from being found out, and what was left behind.
	Notes []flow.Reason
	// Created are the pods that were created, Left those of them that could not be
	// deleted.
	Created, Left []string
}

// Answered is one question with what happened.
type Answered struct {
	*Ask
	Outcomes []Outcome
	Verdict  Verdict
	Why      []flow.Reason
}

// run is a probe on its way.
type run struct {
	plan *Plan
	hand Hand
	out  *Result
	// container is where commands are run, of the pod.
	namespace, pod, container string
	tools                     []*tool
	next                      time.Time // when the next connection may be made
	told                      func(string)
}

// Do carries out a plan, and takes away what it created, also where ctx ends. told
// hears what is going on; nil is nobody.
func Do(ctx context.Context, p *Plan, hand Hand, told func(string)) *Result {
	r := &run{plan: p, hand: hand, out: &Result{Plan: p}, told: told}
	if told == nil {
		r.told = func(string) {}
	}
	defer r.clean(ctx)
	err := r.begin(ctx)
	for i := range p.Asks {
		r.out.Answers = append(r.out.Answers, Answered{Ask: &p.Asks[i]})
		a := &r.out.Answers[i]
		if err == nil {
			err = r.ask(ctx, a)
		}
		a.judge(p)
	}
	if err != nil {
		r.out.Notes = append(r.out.Notes, p.because(ctx, err))
	}
	return r.out
}

// because says in the product's words why something could not be found out.
func (p *Plan) because(ctx context.Context, err error) flow.Reason {
	var r *Refusal
	var none *noTool
	switch {
	case ctx.Err() != nil:
		return flow.Because(flow.CodeProbeStopped)
	case errors.As(err, &r) && r.Security():
		return flow.Because(flow.CodeProbeSecurity, p.Namespace, r.Message)
	case Forbidden(err):
		return flow.Because(flow.CodeProbeForbidden, r.Error())
	case errors.As(err, &none) && none.image != "":
		return flow.Because(flow.CodeProbeNoToolIn, none.image, toolNames())
	case errors.As(err, &none):
		return flow.Because(flow.CodeProbeNoTool, p.From)
	}
	return flow.Because(flow.CodeProbeFailed, err.Error())
}

// noTool is a container that cannot connect.
type noTool struct{ image string }

func (e *noTool) Error() string { return "no tool that can connect" }

func toolNames() string {
	var names []string
	for i := range tools {
		names = append(names, tools[i].name)
	}
	return strings.Join(names, ", ")
}

// begin finds the first means that works.
func (r *run) begin(ctx context.Context) error {
	var err error
	for _, m := range r.plan.Means {
		r.out.Means = m
		switch m {
		case NoMeans:
			return &noTool{}
		case Dialing:
			r.out.Tool = "portolan"
			return nil
		case Exec:
			err = r.look(ctx, r.plan.Namespace, r.plan.Pod.Name, r.plan.candidates(), "")
		case Ephemeral:
			err = r.ephemeral(ctx)
		case NewPod:
			err = r.newPod(ctx)
		}
		var none *noTool
		if !errors.As(err, &none) {
			return err
		}
	}
	return err
}

// candidates are the containers to look for tools in: they share one network.
func (p *Plan) candidates() []string {
	const most = 5
	if p.Options.Container != "" {
		return []string{p.Options.Container}
	}
	return p.Pod.Containers[:min(most, len(p.Pod.Containers))]
}

// look finds the tools of the first container that has any.
func (r *run) look(ctx context.Context, namespace, pod string, containers []string, image string) error {
	udp := r.plan.Asks[0].Target.Protocol == flow.UDP
	for _, c := range containers {
		r.told("looking for a tool in container " + c)
		o, err := r.exec(ctx, namespace, pod, c, lookCommand(), "")
		if err != nil {
			return err
		}
		r.tools = found(o.Stdout, udp)
		if o.Exit >= 126 { // no shell: an image may still hold portolan alone
			if o, err = r.exec(ctx, namespace, pod, c, []string{"portolan", "version"}, ""); err != nil {
				return err
			}
			if o.Exit == 0 {
				r.tools = []*tool{toolNamed("portolan")}
			}
		}
		if len(r.tools) > 0 {
			r.namespace, r.pod, r.container = namespace, pod, c
			r.out.Tool = r.tools[0].name
			return nil
		}
	}
	return &noTool{image: image}
}

// grace is how much longer than its own timeout a command may take.
const grace = 10 * time.Second

func (r *run) exec(ctx context.Context, namespace, pod, container string, command []string, stdin string) (Output, error) {
	within, cancel := context.WithTimeout(ctx, r.plan.Options.Timeout+grace)
	defer cancel()
	o, err := r.hand.Exec(within, namespace, pod, container, command, stdin)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return o, errors.New("the kubelet did not answer in time: " + strings.Join(command[:1], " "))
	}
	return o, err
}

// ask makes the connections of one question. The error is for when none can be made
// any more.
func (r *run) ask(ctx context.Context, a *Answered) error {
	for range a.Count {
		if err := r.wait(ctx); err != nil {
			return err
		}
		r.told("connecting to " + a.Target.String())
		o, err := r.connect(ctx, r.plan.attempt(a.Ask))
		if err != nil {
			return err
		}
		a.Outcomes = append(a.Outcomes, o)
	}
	return nil
}

// wait keeps to the rate.
func (r *run) wait(ctx context.Context) error {
	now := time.Now()
	if r.next.After(now) {
		t := time.NewTimer(r.next.Sub(now))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.next = time.Now().Add(time.Duration(float64(time.Second) / r.plan.Options.Rate))
	return ctx.Err()
}

// connect makes one connection. A tool that turns out not to understand is not asked
// again.
func (r *run) connect(ctx context.Context, a attempt) (Outcome, error) {
	if r.out.Means == Dialing {
		started := time.Now()
		d := Dial(ctx, a.proto, a.to, a.timeout, a.tell)
		o := d.outcome(a.proto)
		o.Took = time.Since(started)
		return o, ctx.Err()
	}
	var last Outcome
	for len(r.tools) > 0 {
		t := r.tools[0]
		stdin := ""
		if t.stdin != nil {
			stdin = t.stdin(&a)
		}
		started := time.Now()
		o, err := r.exec(ctx, r.namespace, r.pod, r.container, t.command(&a), stdin)
		if err != nil {
			return Outcome{}, err
		}
		ok := false
		if last, ok = t.read(&a, o, time.Since(started)); ok {
			r.out.Tool = t.name
			return last, nil
		}
		r.tools = r.tools[1:]
	}
	return last, errors.New("no tool of the container could connect; the last one said: " + last.Detail)
}
