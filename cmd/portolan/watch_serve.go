package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/metrics"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/internal/watch"
)

// serve begins to serve metrics, and to write Events, where that is wanted.
func (a *app) serve(ctx context.Context, x *watcher, client *kube.Client, mirror *kube.Mirror) error {
	if x.events {
		var once sync.Mutex // stderr is one
		x.notes = client.Notes(ctx, func(s string) {
			once.Lock()
			defer once.Unlock()
			fmt.Fprintln(a.err, "portolan: warning: "+report.Clean(s))
		})
	}
	if x.metrics == "" {
		return nil
	}
	x.served = metrics.New(programVersion(), func() []metrics.Resource {
		all := mirror.Health()
		out := make([]metrics.Resource, len(all))
		for i := range all {
			h := &all[i]
			out[i] = metrics.Resource{Name: h.Resource, Connected: h.Connected, Forbidden: h.Forbidden, Heard: h.Heard, Objects: h.Objects, Relists: h.Relists}
		}
		return out
	})
	addr, err := x.served.Serve(ctx, x.metrics)
	if err != nil {
		return &usageError{what: "--metrics " + x.metrics + ": " + err.Error(), hint: "--metrics :9090, or 127.0.0.1:0 for any free port"}
	}
	fmt.Fprintf(a.err, "portolan: metrics at http://%s/metrics\n", addr)
	return nil
}

func (x *watcher) begin() {
	if x.served != nil {
		x.served.Begin()
	}
}

// end tells the others what a step brought.
func (x *watcher) end(w *watch.Watch, events []watch.Event, stale int) {
	if x.served != nil {
		x.served.Step(w, events, stale)
	}
	if x.notes == nil {
		return
	}
	for i := range events {
		e := &events[i]
		if o, reason := concerned(e); reason != "" {
			x.notes.Add(kube.Note{Service: o, Reason: reason, Warning: e.Kind == watch.Lost || e.Kind == watch.Violated, Text: report.WatchLine(e, x.cluster)})
		}
	}
}

// concerned is the Service that an event is about, and the Event's reason; "" for none.
func concerned(e *watch.Event) (flow.Object, string) {
	reason := map[watch.Kind]string{
		watch.Lost: "ReachabilityLost", watch.Gained: "ReachabilityGained", watch.Violated: "ExpectationViolated", watch.Restored: "ExpectationRestored",
	}[e.Kind]
	target := ""
	switch {
	case e.Service != nil:
		return e.Service.Object, reason
	case e.Question != nil:
		target = e.Question.To
	case e.Result != nil:
		target = e.Result.Expectation.To
	}
	target, _, _ = strings.Cut(target, "@")
	parts := strings.Split(target, "/")
	if len(parts) < 3 || parts[0] != "svc" && parts[0] != "service" {
		return flow.Object{}, ""
	}
	name, _, _ := strings.Cut(parts[2], ":")
	return flow.Object{Kind: "Service", Namespace: parts[1], Name: name}, reason
}
