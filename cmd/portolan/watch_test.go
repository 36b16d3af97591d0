package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portolan-net/portolan/internal/kubetest"
)

// lines is a writer whose lines can be waited for.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{}, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return n, err
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await returns the first line with all of the words.
func (l *lines) await(t *testing.T, words ...string) string {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		for line := range strings.Lines(l.String()) {
			has := true
			for _, w := range words {
				has = has && strings.Contains(line, w)
			}
			if has {
				return line
			}
		}
		select {
		case <-deadline:
			t.Fatalf("no line with %q in:\n%s", words, l)
		case <-l.more:
		}
	}
}

// watched is a `portolan watch` that runs.
type watched struct {
	out, err *lines
	stop     context.CancelFunc
	code     chan int
}

// end ends it as Ctrl-C does, and returns its exit code.
func (w *watched) end() int {
	w.stop()
	return <-w.code
}

// startWatch runs `portolan watch` on a server.
func startWatch(t *testing.T, l *kubetest.Live, args ...string) *watched {
	t.Helper()
	sandbox(t)
	t.Setenv("KUBECONFIG", l.Kubeconfig(t))
	ctx, stop := context.WithCancel(t.Context())
	w := &watched{out: newLines(), err: newLines(), stop: stop, code: make(chan int, 1)}
	interrupts = func() (context.Context, context.CancelFunc) { return ctx, stop }
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.code <- run(append([]string{"watch"}, args...), strings.NewReader(""), w.out, w.err)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		if t.Failed() {
			t.Logf("stdout:\n%sstderr:\n%s", w.out, w.err)
		}
	})
	return w
}

// healthy is the cluster of the post before the policies.
func healthy(t *testing.T) *kubetest.Live {
	t.Helper()
	l := kubetest.NewLive(t, "../../examples/shared-vip/cluster.yaml")
	for _, k := range l.Keys("networkpolicies.networking.k8s.io") {
		ns, name, _ := strings.Cut(k, "/")
		l.Delete("networkpolicies.networking.k8s.io", ns, name)
	}
	return l
}

const denyOthers = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,
 metadata: {name: deny-from-other-namespaces, namespace: test, managedFields: [{manager: helm, operation: Apply, time: "2026-01-01T00:00:00Z"}]},
 spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}}`

const allowSSH = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,
 metadata: {name: allow-ssh, namespace: test, managedFields: [{manager: kubectl-client-side-apply, time: "2026-01-01T00:00:00Z"}]},
 spec: {podSelector: {matchLabels: {app.kubernetes.io/name: ssh}}, policyTypes: [Ingress], ingress: [{}]}}`

// TestWatch: the post's upgrade, as it happens.
func TestWatch(t *testing.T) {
	l := healthy(t)
	w := startWatch(t, l)
	w.out.await(t, "watching test: ", " Services")
	l.Apply(t, denyOthers)
	w.out.await(t, " lost external", " -> svc/test/ssh:22 by NetworkPolicy test/deny-from-other-namespaces created by helm\n")
	l.Apply(t, allowSSH)
	w.out.await(t, " gained external", " -> svc/test/ssh:22 by NetworkPolicy test/allow-ssh created by kubectl-client-side-apply\n")
	if code := w.end(); code != 0 {
		t.Errorf("exit code %d: %s", code, w.err)
	}
	t.Log(w.out)
}
