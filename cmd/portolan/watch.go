package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/metrics"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/internal/watch"
	"github.com/portolan-net/portolan/path"
)

// watcher is what the flags of watch say.
type watcher struct {
	expect          []string
	exitOnViolation bool
	metrics         string
	events          bool

	mirror  kube.MirrorOptions
	cluster string
	expects []cluster.Expectation
	served  *metrics.Metrics // nil: nothing is served
	notes   *kube.Notes      // nil: no Events are written
}

// interrupts is a context that ends with Ctrl-C, or when a pod is to end; tests end
// it themselves.
var interrupts = func() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

func (a *app) watch() *cobra.Command {
	var x watcher
	c := &cobra.Command{
		Use:   "watch [FROM TO | SERVICE ...]",
		Short: "Say what is lost and gained in a live cluster, as it happens, and by whom",
		Long: `Watch the cluster, and print a line whenever somebody can no longer connect, or can
again: who, to what, and which object took or gave it, and who wrote that:

  12:03:11 lost external -> svc/test/ssh:22 by NetworkPolicy test/deny created by helm

With FROM TO that one question is watched, with Services these from everywhere,
without arguments everything. It begins with a line of what is watched and how it
answers now. Data that is no longer current is said to be stale, and so is an
answer that rests on it. Ctrl-C ends it, with exit code 0.

-f may name a Fabric (what lies outside of the cluster) and Expectations. Nothing is
written to the cluster, but for Events where --events asks for them.`,
		Example: `  portolan watch
  portolan watch svc/test/ssh:22
  portolan watch external svc/test/ssh:22
  portolan watch --expect expectations.yaml --exit-on-violation
  portolan watch --metrics :9090 --events -o json`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.format("text", "json"); err != nil {
				return err
			}
			ctx, stop := interrupts()
			defer stop()
			return a.runWatch(ctx, &x, args)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&x.expect, "expect", nil, "file with Expectations to keep true; repeat for more")
	f.StringVar(&x.metrics, "metrics", "", "address to serve Prometheus metrics, /healthz and /readyz on (:9090)")
	f.BoolVar(&x.events, "events", false, "write Events on the Services concerned")
	f.BoolVar(&x.exitOnViolation, "exit-on-violation", false, "exit 1 when an Expectation does not hold")
	return c
}

// watchedWhat puts the arguments into what to watch.
func (a *app) watchedWhat(args []string) (watch.Options, error) {
	opt := watch.Options{Namespace: a.ns, All: len(args) == 0}
	services := 0
	for _, s := range args {
		if isService(s) {
			services++
		}
	}
	switch {
	case len(args) == services:
		opt.Services = args
	case len(args) == 2 && !isService(args[0]):
		opt.Questions = []path.Question{{From: args[0], To: args[1], Namespace: a.ns}}
	default:
		return opt, &usageError{
			what: "watch takes FROM and TO, or Services, or nothing for everything",
			hint: "portolan watch external svc/NAMESPACE/NAME:PORT, or portolan watch svc/NAMESPACE/NAME",
		}
	}
	return opt, nil
}

func isService(arg string) bool {
	return strings.HasPrefix(arg, "svc/") || strings.HasPrefix(arg, "service/")
}

// beside reads the files: what the API server does not hold.
func (a *app) beside(x *watcher) error {
	files := append(append([]string{}, a.files...), x.expect...)
	if len(files) == 0 {
		return nil
	}
	in, err := manifest.Load(files, manifest.Options{Recursive: a.recurse, Stdin: a.in})
	if err != nil {
		return err
	}
	s := in.Snapshot
	if n := len(s.Nodes) + len(s.Pods) + len(s.Services) + len(s.NetworkPolicies) + len(s.EndpointSlices); n > 0 {
		return &usageError{
			what: "watch reads the cluster, and the files hold objects of one",
			hint: "leave a Fabric and Expectations in them; portolan diff says what files would change",
		}
	}
	if len(x.expect) > 0 && len(in.Expectations) == 0 {
		return &usageError{what: "the file of --expect holds no Expectations", hint: "kind: Expectations is described in docs/cli.md"}
	}
	x.mirror.Fabric, x.expects = &s.Fabric, in.Expectations
	return nil
}

// gcPercent lets garbage grow: a moment's tables are thrown away whole, and the
// collector is a quarter of the work otherwise.
const gcPercent = 400

// runWatch watches until ctx ends.
func (a *app) runWatch(ctx context.Context, x *watcher, args []string) error {
	if a.living.local {
		return &usageError{what: "watch needs a cluster, and --local reads none", hint: "portolan watch --context NAME"}
	}
	opt, err := a.watchedWhat(args)
	if err != nil {
		return err
	}
	if err := a.beside(x); err != nil {
		return err
	}
	opt.Expectations = x.expects
	client, err := kube.Open(a.living.flags)
	if err != nil {
		return err
	}
	x.cluster = client.Name()
	x.mirror.Namespaces = x.namespaces(append(a.living.named, client.Namespace))
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	mirror := client.Mirror(x.mirror)
	defer mirror.Wait()
	defer cancel()
	if err := a.serve(ctx, x, client, mirror); err != nil {
		return err
	}
	opt.Fronts = x.served != nil
	done := a.progress("reading the cluster " + report.Clean(x.cluster))
	err = mirror.Start(ctx)
	done()
	if err == nil {
		err = a.follow(ctx, x, mirror, watch.New(opt))
	}
	if asked.Err() != nil {
		return nil // to end, whatever was under way
	}
	return err
}

// namespaces are those that were named, by the Expectations, too.
func (x *watcher) namespaces(named []string) []string {
	for i := range x.expects {
		for _, place := range []string{x.expects[i].From, x.expects[i].To} {
			if ns, ok := placed(place); ok {
				named = append(named, ns)
			}
		}
	}
	return named
}

// follow turns batches into lines.
func (a *app) follow(ctx context.Context, x *watcher, mirror *kube.Mirror, w *watch.Watch) error {
	tell, err := a.teller(x)
	if err != nil {
		return err
	}
	for {
		b, err := mirror.Next(ctx)
		if err != nil {
			return err
		}
		s := stepOf(b)
		x.begin()
		var events []watch.Event
		if b.First {
			first, err := w.Begin(s)
			if err != nil {
				return err
			}
			events = append([]watch.Event{*first}, alreadyFalse(w, s.At)...)
		} else {
			events = w.Next(s)
		}
		x.end(w, events, len(s.Stale))
		for i := range events {
			if err := tell(&events[i]); err != nil {
				return err
			}
			if x.exitOnViolation && events[i].Kind == watch.Violated {
				a.code = exitFinding
			}
		}
		if a.code == exitFinding {
			return nil
		}
	}
}

// alreadyFalse tells the Expectations that do not hold from the beginning.
func alreadyFalse(w *watch.Watch, at time.Time) []watch.Event {
	var out []watch.Event
	for _, r := range w.Results() {
		if !r.Held() {
			out = append(out, watch.Event{Kind: watch.Violated, At: at, Result: &r, Sure: r.Verdict != flow.VerdictUnknown})
		}
	}
	return out
}

// teller prints events as they come.
func (a *app) teller(x *watcher) (func(*watch.Event) error, error) {
	p, err := a.printer()
	if err != nil {
		return nil, err
	}
	if a.output == "json" {
		return func(e *watch.Event) error { return report.WatchJSON(a.out, e, x.cluster) }, nil
	}
	return func(e *watch.Event) error { return p.Watch(e, x.cluster) }, nil
}

// stepOf is a batch of the mirror as what it means is asked for.
func stepOf(b *kube.Batch) *watch.Step {
	s := &watch.Step{At: b.At, Snapshot: b.Input.Snapshot, Anew: b.Anew, With: b.With, Err: b.Err}
	for i := range b.Changes {
		c := &b.Changes[i]
		s.Changes = append(s.Changes, watch.Change{Object: c.Object, How: watch.How(c.How), By: c.By, At: c.At})
	}
	for i := range b.Stale {
		s.Stale = append(s.Stale, sourceOf(&b.Stale[i]))
	}
	for i := range b.Lately {
		s.Lately = append(s.Lately, sourceOf(&b.Lately[i]))
	}
	for _, name := range b.Freshly {
		s.Freshly = append(s.Freshly, watch.Source{Resource: name})
	}
	for i := range b.Unread {
		u := &b.Unread[i]
		s.Gaps = append(s.Gaps, watch.Gap{Verb: u.Verb, Resource: u.Resource, Forbidden: u.Forbidden, Why: u.Why, Object: u.Object, Except: u.Except})
	}
	return s
}

func sourceOf(h *kube.Health) watch.Source {
	return watch.Source{Resource: h.Resource, Heard: h.Heard, Why: fmt.Sprint(h.Why)}
}
