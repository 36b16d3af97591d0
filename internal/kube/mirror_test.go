package kube

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/manifest"
)

// quickly are options of a Mirror that does not wait for people.
func quickly() MirrorOptions {
	return MirrorOptions{
		Quiet: time.Millisecond, Longest: 10 * time.Millisecond, Retry: time.Millisecond,
		Stale: 100 * time.Millisecond, Poll: 20 * time.Millisecond,
	}
}

// mirror begins to follow the server, and returns the first Batch.
func mirror(t testing.TB, l *kubetest.Live, opt MirrorOptions) (*Mirror, *Batch) {
	t.Helper()
	m := open(t, l.Server).Mirror(opt)
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Wait)
	return m, next(t, m)
}

func next(t testing.TB, m *Mirror) *Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := m.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// until reads batches until one is as wanted.
func until(t testing.TB, m *Mirror, what string, is func(*Batch) bool) *Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		b, err := m.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v; %+v", what, err, m.Health())
		}
		if is(b) {
			return b
		}
	}
}

// settled applies a last object, and returns the Batch that knows of it.
func settled(t testing.TB, l *kubetest.Live, m *Mirror, name string) *Batch {
	t.Helper()
	l.Apply(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")
	return until(t, m, "namespace "+name, func(b *Batch) bool {
		for i := range b.Input.Snapshot.Namespaces {
			if b.Input.Snapshot.Namespaces[i].Name == name {
				return true
			}
		}
		return false
	})
}

func dump(t testing.TB, l *kubetest.Live) *cluster.Snapshot {
	t.Helper()
	in, err := manifest.Parse("dump.json", l.Dump(), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return in.Snapshot
}

// TestMirror: what is mirrored is what a fresh list shows, from the start, and after a
// thousand changes with dropped connections, expired versions and servers that answer
// with errors on the way.
func TestMirror(t *testing.T) {
	l := kubetest.NewLive(t, example)
	l.Bookmarks = 5 * time.Millisecond
	m, first := mirror(t, l, quickly())
	if !first.First || len(first.Changes) > 0 {
		t.Errorf("first %v, %d changes", first.First, len(first.Changes))
	}
	fresh, _ := read(t, l.Server)
	same(t, first.Input.Snapshot, fresh)
	r := rand.New(rand.NewPCG(1, 2))
	rounds, changes := 20, 50
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		for n := range changes {
			l.Random(t, r)
			trouble(l, n)
		}
		b := settled(t, l, m, "round-"+strings.Repeat("i", round+1))
		// The namespace may be heard of before what was changed earlier.
		want, _ := read(t, l.Server)
		for i := 0; !alike(b.Input.Snapshot, want) && i < 200; i++ {
			b = until(t, m, "the rest", func(*Batch) bool { return true })
		}
		same(t, b.Input.Snapshot, want)
		same(t, b.Input.Snapshot, dump(t, l))
		if t.Failed() {
			t.FailNow()
		}
	}
}

// TestPoliciesAlone: after a change of policies the rest of the Snapshot is the one
// before, in memory, so that a Chart can follow.
func TestPoliciesAlone(t *testing.T) {
	l := kubetest.NewLive(t, example)
	m, first := mirror(t, l, quickly())
	l.Apply(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: test, managedFields: [{manager: helm, time: "2026-01-01T00:00:00Z"}]}, spec: {podSelector: {}}}`)
	b := next(t, m)
	if len(b.Changes) != 1 || b.Changes[0].Object.String() != "NetworkPolicy/test/p" || b.Changes[0].By != "helm" || b.Changes[0].How != Created {
		t.Fatalf("changes %+v", b.Changes)
	}
	if &b.Input.Snapshot.Pods[0] != &first.Input.Snapshot.Pods[0] || len(b.Input.Snapshot.NetworkPolicies) != 3 {
		t.Error("the pods are others")
	}
	was, err := b.With()
	if err != nil {
		t.Fatal(err)
	}
	same(t, was, first.Input.Snapshot)
	now, err := b.With(0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, now, b.Input.Snapshot)
}

// TestAskedAgain: who gives up waiting while a batch grows is told when he asks again.
func TestAskedAgain(t *testing.T) {
	l := kubetest.NewLive(t, example)
	opt := quickly()
	opt.Quiet, opt.Longest, opt.Stale = 100*time.Millisecond, 100*time.Millisecond, time.Hour
	m, _ := mirror(t, l, opt)
	m.rouse()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := m.Next(ctx); err == nil {
		t.Fatal("no error")
	}
	if len(m.wake) != 1 {
		t.Error("the next one would wait")
	}
}

// TestForbiddenLater: what may no longer be listed is not known from then on, and is
// known again when it may.
func TestForbiddenLater(t *testing.T) {
	l := kubetest.NewLive(t, example)
	m, _ := mirror(t, l, quickly())
	l.Forbid("list", "pods")
	l.Forbid("watch", "pods")
	l.Drop()
	b := until(t, m, "no pods", func(b *Batch) bool { return len(b.Unread) > 0 })
	if u := b.Unread[0]; !u.Forbidden || u.Resource != "pods" || len(b.Input.Snapshot.Pods) != 0 {
		t.Errorf("unread %+v, %d pods", u, len(b.Input.Snapshot.Pods))
	}
	l.Allow("list", "pods")
	b = until(t, m, "pods again", func(b *Batch) bool { return len(b.Input.Snapshot.Pods) > 0 })
	want, _ := read(t, l.Server)
	same(t, b.Input.Snapshot, want)
	// They are polled now; what changes is seen.
	l.Delete("pods", "monitoring", "prober-0")
	until(t, m, "a pod less", func(b *Batch) bool { return len(b.Input.Snapshot.Pods) == len(want.Pods)-1 })
	for _, h := range m.Health() {
		if h.Polled != (h.Resource == "pods") {
			t.Errorf("%+v", h)
		}
	}
}

// TestStale: a resource that is no longer heard of is called stale, with when it was,
// keeps its objects, and is fresh when it is heard of again.
func TestStale(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){
		"errors": func(w http.ResponseWriter, _ *http.Request) { kubetest.Refuse(w, 500, "InternalError", "etcd", "") },
		"closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"login": func(w http.ResponseWriter, _ *http.Request) {
			kubetest.Refuse(w, 401, "Unauthorized", "Unauthorized", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := kubetest.NewLive(t, example)
			m, first := mirror(t, l, quickly())
			l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/pods") {
					return false
				}
				fail(w, r)
				return true
			})
			l.Drop()
			b := until(t, m, "staleness", func(b *Batch) bool { return len(b.Stale) > 0 })
			if h := b.Stale[0]; len(b.Stale) != 1 || h.Resource != "pods" || h.Heard.IsZero() || h.Why == "" || len(b.Input.Snapshot.Pods) != len(first.Input.Snapshot.Pods) {
				t.Errorf("stale %+v", b.Stale)
			}
			l.Fail(nil)
			b = until(t, m, "freshness", func(b *Batch) bool { return len(b.Stale) == 0 })
			if len(b.Freshly) != 1 || b.Freshly[0] != "pods" {
				t.Errorf("freshly %v", b.Freshly)
			}
		})
	}
}

// TestHangs: a watch that falls silent is opened anew, and goes on where it was.
func TestHangs(t *testing.T) {
	l := kubetest.NewLive(t, example)
	var hung atomic.Int32
	l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("watch") == "" || !strings.HasSuffix(r.URL.Path, "/networkpolicies") || hung.Add(1) > 2 {
			return false
		}
		if hung.Load() == 2 { // the answer begins, and does not go on
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush() // the client notices
		}
		<-r.Context().Done()
		return true
	})
	opt := quickly()
	opt.Idle = 50 * time.Millisecond
	m, _ := mirror(t, l, opt)
	l.Apply(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: test}, spec: {podSelector: {}}}`)
	until(t, m, "the policy", func(b *Batch) bool { return len(b.Input.Snapshot.NetworkPolicies) == 3 })
	if hung.Load() < 3 {
		t.Errorf("hung %d times", hung.Load())
	}
}

// TestOddEvent: an object that is not understood is doubt, until it is another.
func TestOddEvent(t *testing.T) {
	l := kubetest.NewLive(t, example)
	m, _ := mirror(t, l, quickly())
	l.Apply(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: future, namespace: monitoring}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: everywhere}}]}]}}`)
	b := until(t, m, "doubt", func(b *Batch) bool { return len(b.Input.Snapshot.Foreign) > 0 })
	want, _ := read(t, l.Server)
	same(t, b.Input.Snapshot, want)
	l.Delete("networkpolicies.networking.k8s.io", "monitoring", "future")
	until(t, m, "certainty", func(b *Batch) bool { return len(b.Input.Snapshot.Foreign) == 0 })
}

// TestNewKind: a kind that is served later is followed, and forgotten with its
// definition.
func TestNewKind(t *testing.T) {
	l := kubetest.NewLive(t, example)
	opt := quickly()
	opt.Look = 20 * time.Millisecond
	m, _ := mirror(t, l, opt)
	l.Apply(t, "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, namespace: test}}")
	until(t, m, "the policy", func(b *Batch) bool { return len(b.Input.Snapshot.Foreign) == 1 })
	l.Withdraw("ciliumnetworkpolicies.cilium.io")
	until(t, m, "its end", func(b *Batch) bool { return len(b.Input.Snapshot.Foreign) == 0 })
}

// TestMirrorNothing: nobody watches what may not be read at all.
func TestMirrorNothing(t *testing.T) {
	l := kubetest.NewLive(t, example)
	l.Fail(func(w http.ResponseWriter, _ *http.Request) bool {
		kubetest.Refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized", "")
		return true
	})
	if err := open(t, l.Server).Mirror(quickly()).Start(t.Context()); err == nil {
		t.Error("no error")
	}
}

// alike is same, without failing.
func alike(got, want *cluster.Snapshot) bool {
	nowhere(reflect.ValueOf(got))
	nowhere(reflect.ValueOf(want))
	g, err := json.Marshal(got)
	if err != nil {
		return false
	}
	w, err := json.Marshal(want)
	return err == nil && string(g) == string(w)
}

// trouble comes after the nth of fifty changes: connections are lost, history is, the
// server fails for ten of them.
func trouble(l *kubetest.Live, n int) {
	switch n {
	case 10:
		l.Drop()
	case 20:
		l.Compact()
	case 30:
		l.Fail(func(w http.ResponseWriter, _ *http.Request) bool {
			kubetest.Refuse(w, http.StatusInternalServerError, "InternalError", "etcd", "")
			return true
		})
		l.Drop()
	case 40:
		l.Fail(nil)
	}
}
