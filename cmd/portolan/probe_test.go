package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/portolan-net/portolan/internal/kubetest"
)

// probed is a cluster whose pods run commands: world says why nc fails at an address, ""
// is that it connects.
func probed(t *testing.T, world func(pod, address string) string) *kubetest.Kubelet {
	t.Helper()
	sandbox(t)
	k := kubetest.NewKubelet(kubetest.NewLive(t, "../../examples/shared-vip/cluster.yaml"))
	t.Cleanup(func() { k.Check(t) })
	t.Setenv("KUBECONFIG", k.Kubeconfig(t))
	k.Run = netcat(world)
	return k
}

// netcat is a container that has nc alone.
func netcat(world func(pod, address string) string) func(c kubetest.Command) (int, error) {
	return func(c kubetest.Command) (int, error) {
		if c.Args[0] == "sh" {
			_, err := io.WriteString(c.Stdout, "/usr/bin/nc\n")
			return 0, err
		}
		if c.Args[0] != "nc" {
			return 0, fmt.Errorf("exec: %q: executable file not found in $PATH", c.Args[0])
		}
		n := len(c.Args)
		if why := world(c.Pod, c.Args[n-2]+":"+c.Args[n-1]); why != "" {
			_, err := io.WriteString(c.Stderr, "nc: connect to "+c.Args[n-2]+" port "+c.Args[n-1]+" (tcp) failed: "+why+"\n")
			return 1, err
		}
		_, err := io.WriteString(c.Stderr, "Connection to host succeeded!\n")
		return 0, err
	}
}

func connects(string, string) string { return "" }

// toolless is a container that has nothing at all.
func toolless(c kubetest.Command) (int, error) {
	return 0, fmt.Errorf("exec: %q: executable file not found in $PATH", c.Args[0])
}

// fast is a probe that does not wait.
func fast(args ...string) []string {
	return append([]string{"probe", "--rate", "100", "--count", "1", "--yes"}, args...)
}

const worker, monitor, ssh = "pod/test/worker-0", "pod/monitoring/prober-0", "svc/test/ssh:22"

// TestProbe: exit codes and what is said, for each way that it can end.
func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		name  string
		set   func(k *kubetest.Kubelet)
		world func(pod, address string) string
		args  []string
		code  int
		out   []string
		err   string
	}{
		{name: "as predicted", args: fast(worker, ssh), out: []string{"AS PREDICTED  pod/test/worker-0 -> svc/test/ssh:22 (exec, nc)", "asked   10.96.22.22:22/tcp    connected  connected x1", "direct  10.244.2.10:2222/tcp"}},
		{name: "denied, as predicted", world: func(string, string) string { return "Connection timed out" }, args: fast(monitor, ssh), out: []string{"AS PREDICTED", "timeout x1", "the pods do not answer directly either"}},
		{name: "in Chinese", args: fast(worker, ssh, "--lang", "zh"), out: []string{"与预测一致", "直连"}},
		{
			name: "on the way", world: func(_, address string) string {
				if address == "10.96.22.22:22" {
					return "Connection timed out"
				}
				return ""
			},
			args: fast(worker, ssh), code: 1,
			out: []string{"NOT AS PREDICTED", "timeout was seen, and not predicted", "what fails is on the way", "WHICH ASSUMPTION IS WRONG", "next", "assumed"},
		},
		{name: "not enforced", args: fast(monitor, ssh), code: 1, out: []string{"otherwise under none", "nobody enforces NetworkPolicies"}},
		{name: "refused", world: func(string, string) string { return "Connection refused" }, args: fast(worker, ssh), code: 1, out: []string{"refused was seen, and not predicted"}},
		{name: "no tool", set: func(k *kubetest.Kubelet) { k.Run = toolless }, args: fast(worker, ssh), code: 2, out: []string{"NOT FOUND OUT", "no container of pod/test/worker-0 has a tool", "--image"}},
		{name: "exec is forbidden", set: func(k *kubetest.Kubelet) { k.Forbid("get", "pods/exec"); k.Forbid("create", "pods/exec") }, args: fast(worker, ssh), code: 2, out: []string{"may not create pods/exec in namespace test", "portolan auth --for probe"}},
		{name: "get is forbidden", set: func(k *kubetest.Kubelet) { k.Forbid("get", "pods") }, args: fast(worker, ssh), code: 2, err: "may not get pods in namespace test"},
		{name: "a node without an image", args: fast("node/n1", ssh), code: 3, err: "a pod in the node's network needs an image"},
		{name: "a node", args: fast("node/n2", "svc/test/http:80", "--image", "busybox", "-n", "monitoring"), out: []string{"(pod, nc)"}},
		{
			name: "PodSecurity", set: func(k *kubetest.Kubelet) {
				k.Admit = func(map[string]any) string {
					return `pods "portolan-probe" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)`
				}
			},
			args: fast("node/n2", ssh, "--image", "busybox", "-n", "monitoring"), code: 2, out: []string{"PodSecurity of namespace monitoring refuses", "restricted:latest"},
		},
		{
			name: "no such image", set: func(k *kubetest.Kubelet) { k.Start = func(string) string { return "ImagePullBackOff" } },
			args: fast(worker, ssh, "--image", "nobody/\x1b[31mnothing", "--how", "pod"), code: 2, out: []string{"ImagePullBackOff"},
		},
		{name: "nobody to ask", args: []string{"probe", worker, ssh}, code: 3, out: []string{"10.96.22.22:22/tcp"}, err: "nothing was done"},
		{name: "dry run", args: []string{"probe", worker, ssh, "--image", "busybox", "--how", "pod", "--dry-run"}, out: []string{"CREATES", "activeDeadlineSeconds"}},
		{name: "sctp", args: fast(worker, "10.0.0.11:99/sctp"), code: 3, err: "nothing at hand speaks SCTP"},
		{name: "too fast", args: []string{"probe", worker, ssh, "--rate", "1e9"}, code: 3, err: "--rate"},
		{name: "too many", args: []string{"probe", worker, ssh, "--most", "0"}, code: 3, err: "--most"},
		{name: "too long", args: []string{"probe", worker, ssh, "--timeout", "1h"}, code: 3, err: "--timeout"},
		{name: "local", args: []string{"probe", worker, ssh, "--local", "-f", "x"}, code: 3, err: "--local reads none"},
		{name: "one argument", args: []string{"probe", worker}, code: 3, err: "FROM and TO"},
		{name: "clean takes no question", args: []string{"probe", worker, ssh, "--clean"}, code: 3, err: "--clean"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.world == nil {
				tt.world = connects
			}
			k := probed(t, tt.world)
			if tt.set != nil {
				tt.set(k)
			}
			before := k.Keys("pods")
			s := say(t, "", tt.args...)
			if s.code != tt.code || !strings.Contains(plainText(s.err), tt.err) {
				t.Errorf("exit code %d, want %d: %s%s", s.code, tt.code, s.out, s.err)
			}
			for _, want := range tt.out {
				if !strings.Contains(plainText(s.out), plainText(want)) {
					t.Errorf("no %q in\n%s%s", want, s.out, s.err)
				}
			}
			if strings.Contains(s.out+s.err, "\x1b") {
				t.Errorf("an escape sequence came through: %q", s.out)
			}
			if after := k.Keys("pods"); !slices.Equal(before, after) {
				t.Errorf("pods were %v, and are %v", before, after)
			}
			if len(tt.args) > 1 && !slices.Contains(tt.args, "--yes") && len(k.Runs()) > 0 {
				t.Errorf("commands were run: %v", k.Runs())
			}
		})
	}
}

// TestProbeJSON: what is promised to scripts, of the plan and of what happened.
func TestProbeJSON(t *testing.T) {
	probed(t, connects)
	var plan struct {
		Kind, From string
		Means      []string
		Asks       []struct {
			Stage, Address string
			Predicted      []string
			Times          int
		}
		Commands [][]string
		Creates  []struct{ Kind string }
	}
	s := say(t, "", "probe", worker, ssh, "--image", "busybox", "--dry-run", "-o", "json")
	if err := json.Unmarshal([]byte(s.out), &plan); err != nil {
		t.Fatal(err, s.out)
	}
	if plan.Kind != "ProbePlan" || !slices.Equal(plan.Means, []string{"exec", "ephemeral"}) || len(plan.Asks) != 2 || plan.Asks[1].Stage != "direct" || len(plan.Commands) < 9 || len(plan.Creates) != 1 {
		t.Errorf("%+v", plan)
	}
	var doc struct {
		Kind, Verdict, Tool string
		Answers             []struct {
			Verdict  string
			Outcomes []struct{ Seen string }
		}
		Others, Causes []struct{}
	}
	s = say(t, "", fast(monitor, ssh, "-o", "json")...)
	if err := json.Unmarshal([]byte(s.out), &doc); err != nil {
		t.Fatal(err, s.out)
	}
	if doc.Kind != "Probe" || doc.Verdict != "differs" || doc.Tool != "nc" || len(doc.Answers) != 2 || doc.Answers[0].Outcomes[0].Seen != "connected" || len(doc.Others) == 0 || len(doc.Causes) == 0 {
		t.Errorf("%+v", doc)
	}
	s = say(t, "", "probe", "node/n1", ssh, "--image", "busybox", "-o", "yaml")
	if s.code != 0 || !strings.HasPrefix(s.out, "apiVersion: v1\nkind: Pod\n") {
		t.Errorf("%d: %s", s.code, s.out)
	}
}

// TestProbeEphemeral: a container without tools is lent one; it cannot be taken back,
// which the plan says.
func TestProbeEphemeral(t *testing.T) {
	k := probed(t, connects)
	nc := k.Run
	k.Run = func(c kubetest.Command) (int, error) {
		if c.Container == "main" {
			return toolless(c)
		}
		return nc(c)
	}
	s := say(t, "", fast(worker, ssh, "--image", "busybox")...)
	if s.code != 0 || !strings.Contains(plainText(s.out), "(ephemeral, nc)") || !strings.Contains(plainText(s.out), "cannot be removed") {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
	if pod := fmt.Sprint(k.Object("pods", "test", "worker-0")); strings.Count(pod, "image:busybox") != 1 {
		t.Error(pod)
	}
}

const leftover = `
apiVersion: v1
kind: Pod
metadata: {name: portolan-probe-1, namespace: test, uid: u1, labels: {app.kubernetes.io/managed-by: portolan, portolan.dev/probe: "1"}}
status: {phase: Failed}
---
apiVersion: v1
kind: Pod
metadata: {name: somebody, namespace: test, uid: u2, labels: {app.kubernetes.io/managed-by: portolan, portolan.dev/probe: "2"}}
`

// TestProbeClean: leftovers are deleted where somebody wants it, and nothing else is.
func TestProbeClean(t *testing.T) {
	k := probed(t, connects)
	if s := say(t, "", "probe", "--clean", "-A"); s.code != 0 || !strings.Contains(s.out, "no pod of an earlier probe") {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
	k.Apply(t, leftover)
	before := len(k.Keys("pods"))
	for _, args := range [][]string{{"probe", "--clean", "-n", "test"}, {"probe", "--clean", "-n", "test", "--dry-run"}, {"probe", "--clean", "-n", "monitoring", "--yes"}} {
		say(t, "", args...)
		if n := len(k.Keys("pods")); n != before {
			t.Errorf("%v: %d pods of %d", args, n, before)
		}
	}
	s := say(t, "", "probe", "--clean", "-A", "--yes")
	if s.code != 0 || !strings.Contains(s.out, "Pod/test/portolan-probe-1") || strings.Contains(s.out, "somebody") || k.Object("pods", "test", "portolan-probe-1") != nil || len(k.Keys("pods")) != before-1 {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
	k.Apply(t, leftover)
	k.Forbid("delete", "pods")
	if s := say(t, "", "probe", "--clean", "-A", "--yes"); s.code != 2 || !strings.Contains(plainText(s.out), "may not delete pods in namespace test") {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
}

// TestProbeInterrupted: Ctrl-C while a command runs: the pod is deleted, and that it
// was stopped is said.
func TestProbeInterrupted(t *testing.T) {
	k := probed(t, connects)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	running, release := make(chan struct{}), make(chan struct{})
	nc := k.Run
	k.Run = func(c kubetest.Command) (int, error) {
		if c.Args[0] == "sh" {
			return nc(c)
		}
		if len(k.Keys("pods")) != 6 {
			t.Errorf("the pod that asks is not there: %v", k.Keys("pods"))
		}
		close(running)
		<-release
		return 0, nil
	}
	defer close(release)
	cmd := exec.CommandContext(t.Context(), self, fast("node/n2", ssh, "--image", "busybox", "-n", "test")...)
	cmd.Args[0] = "portolan" // by which TestMain knows that the program is meant
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-running
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(out.String(), "stopped before it was done") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	if n := len(k.Keys("pods")); n != 5 {
		t.Errorf("%d pods are left: %v", n, k.Keys("pods"))
	}
}

// TestProbeRights: the role, and the check of it.
func TestProbeRights(t *testing.T) {
	k := probed(t, connects)
	s := say(t, "", "auth", "--for", "probe", "-o", "yaml")
	for _, want := range []string{"name: portolan-prober", "pods/exec", "pods/ephemeralcontainers", "verbs: [delete]"} {
		if !strings.Contains(s.out, want) {
			t.Errorf("no %q in %s", want, s.out)
		}
	}
	if s := say(t, "", "auth", "--for", "probe"); s.code != 0 || !strings.Contains(s.out, "6 of 6") {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
	k.Forbid("create", "pods/exec")
	if s := say(t, "", "auth", "--for", "probe"); s.code != 1 || !strings.Contains(plainText(s.out), "create pods/exec without it no command can be run") {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
	if s := say(t, "", "auth", "--for", "x"); s.code != 3 {
		t.Errorf("%d: %s%s", s.code, s.out, s.err)
	}
}

// TestConfirm: everything but yes is no.
func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "是\n": true, "n\n": false, "\n": false, "": false, "yeah\n": false} {
		var errw strings.Builder
		a := &app{in: strings.NewReader(answer), err: &errw, lang: "en"}
		if got := a.confirm(false); got != want || (a.code == exitUnknown) == want || !strings.Contains(errw.String(), "[y/N]") {
			t.Errorf("%q: %v, exit code %d, %q", answer, got, a.code, errw.String())
		}
	}
}

// TestDial: one line of JSON.
func TestDial(t *testing.T) {
	s := say(t, "", "dial", "tcp", "127.0.0.1:1")
	var d struct{ Seen string }
	if err := json.Unmarshal([]byte(s.out), &d); err != nil || d.Seen != "refused" || strings.Count(s.out, "\n") != 1 {
		t.Errorf("%v: %s%s", err, s.out, s.err)
	}
	for _, args := range [][]string{{"dial", "sctp", "127.0.0.1:1"}, {"dial", "tcp", "localhost"}} {
		if s := say(t, "", args...); s.code != 3 {
			t.Errorf("%v: %d", args, s.code)
		}
	}
}
