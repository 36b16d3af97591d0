package kubeexec_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/kubeexec"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/prober"
)

const onePod = `
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: test, uid: uid-a, labels: {app: a}}
spec: {nodeName: n1, containers: [{name: main}, {name: side}]}
status: {phase: Running, containerStatuses: [{name: main, state: {running: {}}}]}
`

// start is a cluster with a kubelet, and a client of it.
func start(t *testing.T, files ...string) (*kubetest.Kubelet, *kubeexec.Client, *kube.Client) {
	t.Helper()
	l := kubetest.NewLive(t, files...)
	k := kubetest.NewKubelet(l)
	t.Cleanup(func() { k.Check(t) })
	reader, err := kube.Open(kube.Flags{Kubeconfig: k.Kubeconfig(t)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := kubeexec.New(reader)
	if err != nil {
		t.Fatal(err)
	}
	return k, c, reader
}

// TestExec: output, exit codes and stdin come through, and what does not exist is 127.
func TestExec(t *testing.T) {
	k, c, _ := start(t)
	k.Apply(t, onePod)
	for _, tt := range []struct {
		name, stdin string
		command     []string
		want        prober.Output
	}{
		{"output", "", []string{"sh", "-c", "echo out; echo err >&2"}, prober.Output{Stdout: "out\n", Stderr: "err\n"}},
		{"exit code", "", []string{"sh", "-c", "exit 7"}, prober.Output{Exit: 7}},
		{"arguments are not a shell's", "", []string{"printf", "%s", "a b;c $HOME"}, prober.Output{Stdout: "a b;c $HOME"}},
		{"stdin", "line\n", []string{"cat"}, prober.Output{Stdout: "line\n"}},
		{"no stdin", "", []string{"cat"}, prober.Output{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Exec(t.Context(), "test", "a", "main", tt.command, tt.stdin)
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
	got, err := c.Exec(t.Context(), "test", "a", "main", []string{"no-such-command"}, "")
	if err != nil || got.Exit != 127 {
		t.Errorf("a command that does not exist: %+v, %v", got, err)
	}
	big, err := c.Exec(t.Context(), "test", "a", "main", []string{"head", "-c", "1000000", "/dev/zero"}, "")
	if err != nil || len(big.Stdout) != 64<<10 {
		t.Errorf("%d bytes of a long output, %v", len(big.Stdout), err)
	}
}

// TestExecEnds: who waits stops waiting when the context ends.
func TestExecEnds(t *testing.T) {
	k, c, _ := start(t)
	k.Apply(t, onePod)
	running, release := make(chan struct{}), make(chan struct{})
	k.Run = func(kubetest.Command) (int, error) {
		close(running)
		<-release
		return 0, nil
	}
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-running
		cancel()
	}()
	if _, err := c.Exec(ctx, "test", "a", "main", []string{"sleep", "3600"}, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestRefused: a Refusal names the verb, the resource and the namespace.
func TestRefused(t *testing.T) {
	k, c, _ := start(t)
	k.Apply(t, onePod)
	for _, verb := range []string{"get", "create"} {
		k.Forbid(verb, "pods/exec")
	}
	k.Forbid("create", "pods")
	k.Forbid("patch", "pods/ephemeralcontainers")
	k.Forbid("delete", "pods")
	_, execErr := c.Exec(t.Context(), "test", "a", "main", []string{"true"}, "")
	for name, err := range map[string]error{
		"create pods/exec":               execErr,
		"create pods":                    c.Create(t.Context(), "test", map[string]any{}),
		"patch pods/ephemeralcontainers": c.AddEphemeral(t.Context(), "test", "a", map[string]any{}),
		"delete pods":                    c.Delete(t.Context(), "test", "a", "uid-a"),
	} {
		if !prober.Forbidden(err) || !strings.Contains(err.Error(), "may not "+name+" in namespace test") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Pod(t.Context(), "test", "b"); !prober.NotFound(err) || !strings.Contains(err.Error(), "get pods in namespace test") {
		t.Errorf("a pod that does not exist: %v", err)
	}
	if _, err := c.Exec(t.Context(), "test", "b", "main", []string{"true"}, ""); !prober.Forbidden(err) {
		t.Errorf("exec in a pod that does not exist: %v", err)
	}
}

// TestNames: a name cannot lead to another path of the API.
func TestNames(t *testing.T) {
	k, c, _ := start(t)
	asked := len(k.Asked())
	for _, name := range []string{"", "..", ".", "a/../../secrets", "a?x=y", "a#b", "a%2f"} {
		if _, err := c.Pod(t.Context(), "test", name); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
		if err := c.Delete(t.Context(), name, "a", ""); err == nil {
			t.Errorf("%q is taken for a namespace", name)
		}
	}
	if len(k.Asked()) != asked {
		t.Errorf("the server was asked: %v", k.Asked()[asked:])
	}
}

// TestDelete: only the pod of the uid goes, and one that is gone is no error.
func TestDelete(t *testing.T) {
	k, c, _ := start(t)
	k.Apply(t, onePod)
	if err := c.Delete(t.Context(), "test", "a", "another"); err == nil || k.Object("pods", "test", "a") == nil {
		t.Errorf("a pod of another uid: %v", err)
	}
	if err := c.Delete(t.Context(), "test", "a", "uid-a"); err != nil || k.Object("pods", "test", "a") != nil {
		t.Errorf("the pod is not gone: %v", err)
	}
	if err := c.Delete(t.Context(), "test", "a", "uid-a"); err != nil {
		t.Errorf("a pod that is gone: %v", err)
	}
}

// TestPod: what of a pod counts, and lists by label.
func TestPod(t *testing.T) {
	k, c, _ := start(t)
	k.Apply(t, onePod)
	p, err := c.Pod(t.Context(), "test", "a")
	if err != nil || p.UID != "uid-a" || p.Node != "n1" || len(p.Containers) != 2 || !p.States[0].Running {
		t.Errorf("%+v, %v", p, err)
	}
	for selector, want := range map[string]int{"app=a": 1, "app": 1, "app=b": 0} {
		all, err := c.Marked(t.Context(), "", selector)
		if err != nil || len(all) != want {
			t.Errorf("%s: %v, %v", selector, all, err)
		}
	}
}

// TestOlder: a server without WebSockets is spoken to with SPDY.
func TestOlder(t *testing.T) {
	k, c, _ := start(t)
	k.Apply(t, onePod)
	k.Older = spdyStreams
	got, err := c.Exec(t.Context(), "test", "a", "main", []string{"sh", "-c", "cat; echo err >&2; exit 3"}, "in")
	if want := (prober.Output{Stdout: "in", Stderr: "err\n", Exit: 3}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	asked := k.Asked()
	if n := len(asked); n < 2 || asked[n-2] != "GET /api/v1/namespaces/test/pods/a/exec" || asked[n-1] != "POST /api/v1/namespaces/test/pods/a/exec" {
		t.Errorf("asked: %v", asked)
	}
	if got, err = c.Exec(t.Context(), "test", "a", "main", []string{"no-such-command"}, ""); err != nil || got.Exit != 127 {
		t.Errorf("a command that does not exist: %+v, %v", got, err)
	}
}

// spdyStreams is a kubelet's end of an exec over SPDY, v4.channel.k8s.io.
func spdyStreams(w http.ResponseWriter, r *http.Request) (in io.Reader, out, errs io.Writer, done func([]byte), ok bool) {
	if _, err := httpstream.Handshake(r, w, []string{"v4.channel.k8s.io"}); err != nil {
		return nil, nil, nil, nil, false
	}
	opened := make(chan httpstream.Stream, 4)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
		opened <- s
		return nil
	})
	if conn == nil {
		return nil, nil, nil, nil, false
	}
	want := 3
	if r.URL.Query().Get("stdin") != "" {
		want = 4
	}
	streams := map[string]httpstream.Stream{}
	for range want {
		s := <-opened
		streams[s.Headers().Get("streamType")] = s
	}
	in = strings.NewReader("")
	if s := streams["stdin"]; s != nil {
		in = s
	}
	return in, streams["stdout"], streams["stderr"], func(status []byte) {
		_, _ = streams["error"].Write(status) // the client notices
		_ = conn.Close()
	}, true
}
