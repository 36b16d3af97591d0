package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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
	usual := interrupts
	t.Cleanup(func() { interrupts = usual })
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
	for line := range strings.Lines(w.out.String()) {
		if !regexp.MustCompile(`^\d\d:\d\d:\d\d (watching|lost|gained) `).MatchString(line) {
			t.Errorf("line %q", line)
		}
	}
}

// TestWatchOne: one question, and one Service, with what they answer at first.
func TestWatchOne(t *testing.T) {
	l := healthy(t)
	w := startWatch(t, l, "external", "svc/test/ssh:22")
	w.out.await(t, "watching test: external -> svc/test/ssh:22 REACHABLE\n")
	l.Apply(t, "{apiVersion: v1, kind: Namespace, metadata: {name: other}}")
	l.Apply(t, denyOthers)
	w.out.await(t, " lost external -> svc/test/ssh:22 (REACHABLE, now UNREACHABLE) by NetworkPolicy test/deny-from-other-namespaces created by helm\n")
	l.Delete("services", "test", "ssh")
	l.Delete("networkpolicies.networking.k8s.io", "test", "deny-from-other-namespaces")
	w.end()
	if n := strings.Count(w.out.String(), "\n"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestWatchServices(t *testing.T) {
	l := healthy(t)
	w := startWatch(t, l, "svc/test/ssh", "-o", "json")
	w.out.await(t, `"event":"began"`, `"service":"Service/test/ssh"`, `"outside":"REACHABLE"`)
	l.Apply(t, denyOthers)
	line := w.out.await(t, `"event":"lost"`)
	var e struct {
		APIVersion, Kind, Time, Event, Cluster, Service string
		Port                                            int
		Certain                                         bool
		Changes                                         []map[string]any
		Causes                                          [][]struct{ Object, How, By string }
		Stale                                           []any
	}
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		t.Fatal(err)
	}
	if e.APIVersion != "portolan.dev/v1alpha1" || e.Kind != "WatchEvent" || e.Service != "Service/test/ssh" || e.Port != 22 || !e.Certain || len(e.Changes) == 0 || e.Stale == nil {
		t.Errorf("%+v", e)
	}
	if len(e.Causes) != 1 || len(e.Causes[0]) != 1 || e.Causes[0][0].Object != "NetworkPolicy/test/deny-from-other-namespaces" || e.Causes[0][0].How != "created" || e.Causes[0][0].By != "helm" {
		t.Errorf("causes %+v", e.Causes)
	}
	if strings.Contains(w.out.String(), "Service/test/http") {
		t.Error("another Service is told of")
	}
}

const watchGate = `apiVersion: portolan.dev/v1alpha1
kind: Expectations
metadata: {name: gate}
spec:
  expect:
  - {from: external, to: "svc/test/ssh:22", verdict: REACHABLE}
`

// TestWatchExpect: a violation and its end are told, in either language, with who did
// it; and end the command where that is wanted.
func TestWatchExpect(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gate.yaml")
	if err := os.WriteFile(name, []byte(watchGate), 0o600); err != nil {
		t.Fatal(err)
	}
	l := healthy(t)
	w := startWatch(t, l, "svc/test/http", "--expect", name)
	w.out.await(t, "1 of 1 expectations hold")
	l.Apply(t, denyOthers)
	w.out.await(t, " violated external -> svc/test/ssh:22 [gate]: verdict is UNREACHABLE, expected REACHABLE by NetworkPolicy test/deny-from-other-namespaces created by helm\n")
	l.Apply(t, allowSSH)
	w.out.await(t, " restored external -> svc/test/ssh:22 [gate] by NetworkPolicy test/allow-ssh created by kubectl-client-side-apply\n")
	if code := w.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	l.Delete("networkpolicies.networking.k8s.io", "test", "allow-ssh")
	w = startWatch(t, l, "--expect", name, "--exit-on-violation", "--lang", "zh")
	w.out.await(t, "违反预期 external -> svc/test/ssh:22［gate］")
	if code := <-w.code; code != 1 {
		t.Errorf("exit code %d", code)
	}
	w.code <- 1
}

// TestWatchServes: metrics, health and Events.
func TestWatchServes(t *testing.T) {
	l := healthy(t)
	events := make(chan string, 100)
	l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		text, err := io.ReadAll(r.Body)
		if err == nil {
			events <- r.URL.Path + " " + string(text)
		}
		w.WriteHeader(http.StatusCreated)
		return true
	})
	w := startWatch(t, l, "--metrics", "127.0.0.1:0", "--events")
	line := w.err.await(t, "metrics at http://")
	_, url, _ := strings.Cut(strings.TrimSpace(line), " at ")
	w.out.await(t, "watching")
	scrape := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; {
			res, err := http.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err == nil && strings.Contains(string(text), want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no %s in:\n%s", want, text)
			}
		}
	}
	scrape(`portolan_service_verdict{from="outside",front="vip",namespace="test",port="22",protocol="TCP",service="ssh"} 1`)
	l.Apply(t, denyOthers)
	scrape(`portolan_service_verdict{from="outside",front="vip",namespace="test",port="22",protocol="TCP",service="ssh"} 0`)
	for {
		e := <-events
		if strings.HasPrefix(e, "/apis/events.k8s.io/v1/namespaces/test/events ") && strings.Contains(e, "svc/test/ssh:22 by NetworkPolicy test/deny-from-other-namespaces created by helm") {
			break
		}
	}
	for _, asked := range l.Asked() {
		if !strings.HasPrefix(asked, "GET ") && !strings.HasPrefix(asked, "POST /apis/events.k8s.io/v1/namespaces/test/events") {
			t.Errorf("asked %s", asked)
		}
	}
}

// TestWatchOutage: data that is no longer current is said to be stale, and answers that
// rest on it say so; what may not be read is said at once.
func TestWatchOutage(t *testing.T) {
	l := healthy(t)
	l.Forbid("list", "endpointslices.discovery.k8s.io")
	w := startWatch(t, l)
	w.out.await(t, "watching test:", "cannot read list endpointslices.discovery.k8s.io")
	l.Allow("list", "endpointslices.discovery.k8s.io")
	l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/pods") {
			return false
		}
		kubetest.Refuse(w, http.StatusInternalServerError, "InternalError", "etcd\x1b[31m", "")
		return true
	})
	l.Drop()
	line := w.out.await(t, " stale pods: last heard of at ", "etcd")
	if strings.Contains(line, "\x1b") {
		t.Errorf("%q", line)
	}
	l.Apply(t, denyOthers)
	w.out.await(t, " lost ", "[on old data: pods, last heard of at ")
	l.Fail(nil)
	w.out.await(t, " current again: pods\n")
}

// TestWatchWrong: what makes no sense is refused, with what to do.
func TestWatchWrong(t *testing.T) {
	l := healthy(t)
	sandbox(t)
	t.Setenv("KUBECONFIG", l.Kubeconfig(t))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"external"}, "FROM and TO"},
		{[]string{"external", "svc/test/ssh", "svc/test/http"}, "FROM and TO"},
		{[]string{"--local"}, "needs a cluster"},
		{[]string{"svc/test/nothing"}, "no such Service"},
		{[]string{"external", "svc/test/nothing"}, "no such Service"},
		{[]string{"-o", "yaml"}, "is not one of"},
		{[]string{"-f", "../../examples/shared-vip/cluster.yaml"}, "hold objects of one"},
		{[]string{"--expect", "../../examples/shared-vip/fabric.yaml"}, "no Expectations"},
		{[]string{"--metrics", "nowhere:at:all"}, "--metrics"},
		{[]string{"--context", "nobody"}, "nobody"},
	} {
		if got := say(t, "", append([]string{"watch"}, c.args...)...); got.code != 3 || !strings.Contains(got.err, c.want) || !strings.Contains(got.err, "try: ") {
			t.Errorf("%q: exit %d, %s", c.args, got.code, got.err)
		}
	}
}
