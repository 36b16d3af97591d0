package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/kubeexec"
	"github.com/portolan-net/portolan/internal/prober"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
)

// probing is what the flags of probe say.
type probing struct {
	prober.Options
	yes, dryRun, clean, everywhere bool
}

func (a *app) probe() *cobra.Command {
	x := &probing{}
	c := &cobra.Command{
		Use:   "probe FROM TO",
		Short: "Really connect, in the cluster, and compare with the prediction",
		Long: `Make the connection that trace predicts, and say whether it fares as predicted.
Where it does not, say which assumption would explain what was seen.

FROM  external, external/NAME    this machine, which has to be outside the cluster
      pod/NAMESPACE/NAME         a command in the pod, with a tool that it has (python3,
                                 nc, socat, perl, bash, curl, wget, portolan); where it has
                                 none, --image IMAGE adds an ephemeral container, or with
                                 --how pod a short-lived pod with the same labels
      node/NAME                  a short-lived pod in the node's network; needs --image
TO    as in trace; TCP and UDP

Two stages tell the way from the end: the address in question, and the pods behind it
directly (from outside: their NodePort on two nodes).

The plan is shown first: addresses, commands, and what is created, as YAML. --yes does
it without asking; without a terminal and --yes nothing is done, which is exit code 3.
What was created is deleted again, on Ctrl-C and on errors, too; it ends by itself at
its deadline, and --clean deletes what a crash left. Nothing else is ever touched.

Exit codes: 0 as predicted; 1 not as predicted; 2 could not be found out, or not done;
3 usage or input error.`,
		Example: `  portolan probe pod/test/worker-0 svc/test/ssh:22
  portolan probe pod/test/worker-0 svc/test/ssh:22 --image busybox --yes
  portolan probe node/n2 198.51.100.17:22 --image busybox -n probes
  portolan probe external svc/test/ssh:22 --yes -o json
  portolan probe node/n2 svc/test/ssh --image busybox --dry-run -o yaml
  portolan probe --clean -A`,
		Args: func(c *cobra.Command, args []string) error {
			if x.clean && len(args) == 0 {
				return nil
			}
			return twoArgs(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if x.clean {
				return a.cleanProbes(x, args)
			}
			return a.runProbe(x, args)
		},
	}
	f := c.Flags()
	f.StringVar(&x.Question.Via, "via", "", "node that a client's packet enters by, instead of the router's choice")
	f.StringVar(&x.Image, "image", "", "image of ephemeral containers and pods; it needs sleep and a tool (busybox)")
	f.StringVar(&x.How, "how", "", "exec, ephemeral or pod; the default is exec, then ephemeral if there is --image")
	f.StringVar(&x.Container, "container", "", "container to run commands in; the default is the first that has a tool")
	f.IntVar(&x.Count, "count", 0, "connections to each address; the default is 3, or 10 where chance decides")
	f.IntVar(&x.Most, "most", prober.DefaultMost, "connections in all, at most")
	f.Float64Var(&x.Rate, "rate", prober.DefaultRate, "connections a second, at most")
	f.DurationVar(&x.Timeout, "timeout", prober.DefaultTimeout, "how long silence may last")
	f.DurationVar(&x.Start, "start-timeout", prober.DefaultStart, "how long a container may take to start")
	f.BoolVar(&x.AskedOnly, "asked-only", false, "leave out the pods behind the Service")
	f.BoolVar(&x.Tell, "tell", false, "send TCP servers a line too, and hear whether they say who they are")
	f.BoolVarP(&x.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&x.dryRun, "dry-run", false, "print the plan, and do nothing")
	f.BoolVar(&x.clean, "clean", false, "delete what earlier probes left")
	f.BoolVarP(&x.everywhere, "all-namespaces", "A", false, "with --clean: in all namespaces")
	return c
}

// check refuses bounds that make no sense.
func (x *probing) check() error {
	const fastest, longest = 100, 60 * time.Second
	switch {
	case x.Rate <= 0 || x.Rate > fastest:
		return &usageError{what: fmt.Sprintf("--rate %g is not between 0 and %d", x.Rate, fastest), hint: "--rate 5"}
	case x.Most < 1 || x.Most > 1000:
		return &usageError{what: fmt.Sprintf("--most %d is not between 1 and 1000", x.Most), hint: "--most 50"}
	case x.Count < 0:
		return &usageError{what: fmt.Sprintf("--count %d is negative", x.Count), hint: "--count 5"}
	case x.Timeout < 100*time.Millisecond || x.Timeout > longest:
		return &usageError{what: fmt.Sprintf("--timeout %s is not between 100ms and %s", x.Timeout, longest), hint: "--timeout 3s"}
	case x.Start < time.Second || x.Start > 10*time.Minute:
		return &usageError{what: fmt.Sprintf("--start-timeout %s is not between 1s and 10m", x.Start), hint: "--start-timeout 1m"}
	}
	return nil
}

func (a *app) runProbe(x *probing, args []string) error {
	if err := a.format("text", "json", "yaml"); err != nil {
		return err
	}
	if err := x.check(); err != nil {
		return err
	}
	if a.living.local {
		return &usageError{what: "probe connects in a cluster, and --local reads none", hint: "portolan prove shows it without a cluster"}
	}
	a.living.live = true // -f holds what the cluster does not say, such as a Fabric
	x.Question.From, x.Question.To, x.Question.Namespace = args[0], args[1], a.ns
	x.Here = prober.ThisMachine()
	hand, err := a.hand()
	if err != nil {
		return err
	}
	m, err := a.loadCluster()
	if err != nil {
		return err
	}
	plan, err := prober.NewPlan(context.Background(), m, hand, x.Options)
	if err != nil {
		return a.unplanned(err)
	}
	if x.dryRun || a.output == "yaml" {
		return a.printPlan(a.out, plan)
	}
	if willing, err := a.agreed(x, plan); !willing || err != nil {
		return err
	}
	return a.doProbe(m, plan, hand)
}

func (a *app) hand() (*kubeexec.Client, error) {
	c, err := kube.Open(a.living.flags)
	if err != nil {
		return nil, err
	}
	return kubeexec.New(c)
}

// unplanned: a cluster that does not answer, or refuses, leaves the question open.
func (a *app) unplanned(err error) error {
	if prober.Forbidden(err) {
		a.code = exitUnknown
		a.refusedBy(err.Error(), "portolan auth --for probe")
		return nil
	}
	return err
}

func (a *app) refusedBy(what, hint string) {
	fmt.Fprintln(a.err, "portolan: "+report.Clean(what))
	fmt.Fprintln(a.err, "  try: "+report.Clean(hint))
}

func (a *app) printPlan(w io.Writer, plan *prober.Plan) error {
	switch a.output {
	case "json":
		return report.ProbePlanJSON(w, plan)
	case "yaml":
		return report.ProbeYAML(w, plan)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.On(w).ProbePlan(plan)
}

// agreed shows the plan, and asks. Without a terminal nobody can agree.
func (a *app) agreed(x *probing, plan *prober.Plan) (bool, error) {
	if x.yes {
		return true, nil
	}
	if !a.asks() {
		if err := a.printPlan(a.out, plan); err != nil {
			return false, err
		}
		return false, &usageError{what: "nothing was done: there is no terminal to ask at", hint: "--yes does it, --dry-run only shows the plan"}
	}
	p, err := a.printer()
	if err != nil {
		return false, err
	}
	if err := p.On(a.err).ProbePlan(plan); err != nil {
		return false, err
	}
	return a.confirm(false), nil
}

// asks reports whether somebody can answer.
func (a *app) asks() bool {
	in, ok := a.in.(io.Writer) // files are
	return ok && isTerminal(in) && isTerminal(a.err)
}

// confirm asks on stderr; everything but yes is no.
func (a *app) confirm(deleting bool) bool {
	fmt.Fprint(a.err, report.Lang(a.lang).Confirm(deleting)+" ")
	line, _ := bufio.NewReader(io.LimitReader(a.in, 64)).ReadString('\n') // no answer is no
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "是":
		return true
	}
	a.code = exitUnknown
	return false
}

// doProbe carries out the plan. The first Ctrl-C stops it and cleans up, the second
// ends the program.
func (a *app) doProbe(m *model.Model, plan *prober.Plan, hand prober.Hand) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	done := a.progress("probing")
	r := prober.Do(ctx, plan, hand, nil)
	done()
	switch r.Verdict() {
	case prober.Differs:
		a.code = exitFinding
	case prober.Undecided:
		a.code = exitUnknown
	case prober.Agrees:
	}
	x := r.Explain(m)
	if a.output == "json" {
		return report.ProbeJSON(a.out, r, x)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Probe(r, x)
}

// cleanProbes deletes what earlier probes left.
func (a *app) cleanProbes(x *probing, args []string) error {
	if err := a.format("text"); err != nil {
		return err
	}
	if len(args) > 0 {
		return &usageError{what: "--clean takes no question", hint: "portolan probe --clean -n NAMESPACE, or -A"}
	}
	hand, err := a.hand()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	namespace := a.ns
	if x.everywhere {
		namespace = ""
	}
	pods, err := prober.Leftovers(ctx, hand, namespace)
	if err != nil {
		return a.unplanned(err)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	if err := p.Leftovers(pods); err != nil || len(pods) == 0 || x.dryRun {
		return err
	}
	switch {
	case x.yes:
	case !a.asks():
		return &usageError{what: "nothing was deleted: there is no terminal to ask at", hint: "portolan probe --clean --yes"}
	case !a.confirm(true):
		return nil
	}
	left := prober.Remove(ctx, hand, pods)
	if len(left) > 0 {
		a.code = exitUnknown
	}
	return p.Removed(len(pods)-len(left), left)
}

// dial connects once and prints what happened as one line of JSON: what probe runs in
// a container that has portolan.
func (a *app) dial() *cobra.Command {
	var timeout time.Duration
	var tell bool
	c := &cobra.Command{
		Use: "dial tcp|udp IP:PORT", Hidden: true, Short: "Connect once, for probe", Args: twoArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			to, err := netip.ParseAddrPort(args[1])
			if err != nil {
				return &usageError{what: err.Error(), hint: "portolan dial tcp 192.0.2.1:22"}
			}
			proto, ok := prober.Protocol(args[0])
			if !ok {
				return &usageError{what: fmt.Sprintf("%q is not tcp or udp", args[0]), hint: "portolan dial tcp 192.0.2.1:22"}
			}
			return report.DialJSON(a.out, prober.Dial(context.Background(), proto, to, timeout, tell))
		},
	}
	c.Flags().DurationVar(&timeout, "timeout", prober.DefaultTimeout, "how long silence may last")
	c.Flags().BoolVar(&tell, "tell", false, "send a TCP server a line, too")
	return c
}
