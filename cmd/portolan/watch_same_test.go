package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/watch"
)

// TestWatchIsDiff: what is told of each of 1,000 random changes is what package diff
// says of the dumps before and after it, while watches end and versions expire.
func TestWatchIsDiff(t *testing.T) {
	l := kubetest.NewLive(t, "../../examples/shared-vip/cluster.yaml")
	client, err := kube.Open(kube.Flags{Kubeconfig: l.Kubeconfig(t)})
	if err != nil {
		t.Fatal(err)
	}
	m := client.Mirror(kube.MirrorOptions{Quiet: time.Millisecond, Longest: 5 * time.Millisecond, Retry: time.Millisecond})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Wait)
	w := watch.New(watch.Options{All: true})
	first := nextBatch(t, m)
	if _, err := w.Begin(stepOf(first)); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	was, changes, told := dumped(t, l), 1000, 0
	if testing.Short() {
		changes = 150
	}
	for n := range changes {
		what := l.Random(t, r)
		switch n % 40 {
		case 20:
			l.Drop()
		case 30:
			l.Compact()
		}
		now := dumped(t, l)
		want, err := diff.Compare(was, now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if text(t, was) != text(t, now) {
			got = eventsUntil(t, m, w, now)
		}
		if expected := linesOf(want); !slices.Equal(got, expected) {
			t.Fatalf("change %d, %s: told\n%q\nof the dumps\n%q", n, what, got, expected)
		}
		told += len(got)
		was = now
	}
	if told < changes/10 {
		t.Errorf("only %d lines for %d changes", told, changes)
	}
}

func nextBatch(t *testing.T, m *kube.Mirror) *kube.Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	b, err := m.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dumped is the server's dump, without lines and writers.
func dumped(t *testing.T, l *kubetest.Live) *cluster.Snapshot {
	t.Helper()
	in, err := manifest.Parse("", l.Dump(), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	forget(reflect.ValueOf(in.Snapshot))
	return in.Snapshot
}

// forget takes out what is not about traffic.
func forget(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			forget(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			forget(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case f.Type == reflect.TypeFor[flow.Position]() || f.Name == "Manager":
				v.Field(i).SetZero()
			case f.IsExported():
				forget(v.Field(i))
			}
		}
	default:
	}
}

// eventsUntil are the lines of all batches until the mirror shows a Snapshot.
func eventsUntil(t *testing.T, m *kube.Mirror, w *watch.Watch, want *cluster.Snapshot) []string {
	t.Helper()
	var out []string
	for {
		b := nextBatch(t, m)
		events := w.Next(stepOf(b))
		for i := range events {
			out = append(out, lineOf(t, &events[i])...)
		}
		forget(reflect.ValueOf(b.Input.Snapshot))
		if text(t, b.Input.Snapshot) == text(t, want) {
			slices.Sort(out)
			return out
		}
	}
}

func text(t *testing.T, s *cluster.Snapshot) string {
	t.Helper()
	out, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func lineOf(t *testing.T, e *watch.Event) []string {
	t.Helper()
	var out []string
	switch {
	case e.Service != nil:
		for i := range e.Items {
			out = append(out, itemLine(e.Service, &e.Items[i]))
		}
	case e.Connection != nil:
		out = append(out, linkLine(e.Connection))
	case e.Folded != nil:
		for range e.Folded.Connections {
			out = append(out, "a connection")
		}
	default:
		t.Errorf("told %v", e.Kind)
	}
	return out
}

func linesOf(r *diff.Report) []string {
	var out []string
	for i := range r.Services {
		for j := range r.Services[i].Items {
			out = append(out, itemLine(&r.Services[i], &r.Services[i].Items[j]))
		}
	}
	shown := 0
	for i := range r.Connections {
		if r.Connections[i].Told {
			continue
		}
		if shown++; shown > 4 {
			out = append(out, "a connection")
			continue
		}
		out = append(out, linkLine(&r.Connections[i]))
	}
	slices.Sort(out)
	return out
}

func itemLine(s *diff.Service, it *diff.Item) string {
	return fmt.Sprint(s.Object, s.Port.Port, it.Lost, it.Sure, it.More, it.Who, it.Fronts, it.Was, it.Now, causesOf(&it.Loss))
}

func linkLine(c *diff.Connection) string {
	return fmt.Sprint(c.Lost, c.Sure, c.More, c.From, c.To, c.Ports, causesOf(&c.Loss))
}

func causesOf(l *diff.Loss) string {
	var out string
	for _, set := range l.Causes {
		for _, o := range set {
			out += fmt.Sprint(o.Object, o.How, o.Fields, " ")
		}
		out += "; "
	}
	return out
}
