package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/kubetest"
)

// BenchmarkWatch is `portolan watch` as a process of its own at ten changes a second:
// which part of a core it needs, and how long after the event the line is there. Two of
// the ten are a policy that closes a Service, or its end. PODS (1000) are the sizes, with
// commas; one round takes SECONDS (20).
func BenchmarkWatch(b *testing.B) {
	seconds := 20
	if n, err := strconv.Atoi(os.Getenv("SECONDS")); err == nil {
		seconds = n
	}
	b.Setenv("KUBERNETES_SERVICE_HOST", "")
	for _, name := range strings.Split(cmp.Or(os.Getenv("PODS"), "1000"), ",") {
		pods, err := strconv.Atoi(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("pods="+name, func(b *testing.B) {
			l := generated(b, sized(pods))
			for range b.N {
				load(b, l, seconds)
			}
		})
	}
}

// sized is a cluster of so many pods: those that benchmarks name, or between them.
func sized(pods int) generate.Size {
	for _, s := range []generate.Size{generate.Small, generate.Medium, generate.Large, generate.Limits} {
		if s.Pods == pods {
			return s
		}
	}
	return generate.Size{Nodes: max(3, pods/30), Pods: pods, Services: max(2, pods/12), Policies: max(2, pods/12)}
}

// generated serves a cluster of a size.
func generated(b *testing.B, size generate.Size) *kubetest.Live {
	b.Helper()
	name := filepath.Join(b.TempDir(), "cluster.json")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if err := generate.WriteJSON(f, generate.Cluster(size, 1), true); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	l := kubetest.NewLive(b, name)
	l.Apply(b, benchService)
	return l
}

// loaded is a watch under load.
type loaded struct {
	b    *testing.B
	l    *kubetest.Live
	keys map[string][]string // names by resource: these objects only change

	lines   chan line
	policy  string // that closes the Service, or did; "" before the first
	stands  bool
	pending time.Time // since when its line is awaited; zero: it is not
	late    []time.Duration
}

// line is what the process said, and when.
type line struct {
	text string
	at   time.Time
}

func load(b *testing.B, l *kubetest.Live, seconds int) {
	c, lines := begun(b, l)
	x := &loaded{b: b, l: l, lines: lines, keys: map[string][]string{}}
	x.await("watching")
	before, begun := used(b, c.Process.Pid), time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; n < seconds*10; {
		select {
		case s, ok := <-lines:
			x.heard(s, ok)
			continue
		case <-tick.C:
		}
		if n%5 > 0 {
			x.busy(n)
		} else if x.pending.IsZero() {
			x.turn(n)
		}
		n++
	}
	took := time.Since(begun)
	cores := (used(b, c.Process.Pid) - before).Seconds() / took.Seconds()
	if !x.pending.IsZero() {
		x.await(x.word())
	}
	slices.Sort(x.late)
	b.ReportMetric(cores, "cores")
	b.ReportMetric(float64(x.late[len(x.late)/2])/1e6, "ms-median")
	b.ReportMetric(float64(x.late[len(x.late)-1])/1e6, "ms-most")
	b.ReportMetric(float64(len(x.late)), "lines")
	b.ReportMetric(float64(resident(b, c.Process.Pid))/(1<<20), "MiB")
	b.ReportMetric(0, "ns/op")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		b.Errorf("exit: %v", err)
	}
}

// begun starts the process.
func begun(b *testing.B, l *kubetest.Live) (*exec.Cmd, chan line) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(b.TempDir(), "portolan")
	if err := os.Symlink(self, name); err != nil {
		b.Fatal(err)
	}
	c := exec.CommandContext(b.Context(), name, "watch", "--kubeconfig", l.Kubeconfig(b))
	c.Args[0] = name
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	lines := make(chan line, 4096)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- line{s.Text(), time.Now()}
		}
	}()
	return c, lines
}

// await reads lines until one has a word.
func (x *loaded) await(word string) {
	x.b.Helper()
	deadline := time.After(5 * time.Minute)
	for {
		select {
		case s, ok := <-x.lines:
			if x.heard(s, ok); strings.Contains(s.text, word) {
				return
			}
		case <-deadline:
			x.b.Fatalf("no line with %q", word)
		}
	}
}

// word is what the line has that is awaited.
func (x *loaded) word() string {
	return x.policy + " " + map[bool]string{true: "created", false: "deleted"}[x.stands]
}

// heard takes a line; ok is false at the end.
func (x *loaded) heard(s line, ok bool) {
	x.b.Helper()
	if !ok {
		x.b.Fatal("it ended")
	}
	if !x.pending.IsZero() && strings.Contains(s.text, x.word()) {
		x.late = append(x.late, s.at.Sub(x.pending))
		x.pending = time.Time{}
	}
}

// turn closes the Service, or opens it again.
func (x *loaded) turn(n int) {
	if x.stands = !x.stands; x.stands {
		x.policy = fmt.Sprintf("bench-%d", n)
		x.pending = x.l.SentAt(denyOne(x.b, x.l, x.policy))
		return
	}
	x.pending = time.Now()
	x.l.Delete("networkpolicies.networking.k8s.io", benchNamespace, x.policy)
}

// benchNamespace is one without policies, whose pods stand behind a Service.
const benchNamespace = "bench"

const benchService = `{apiVersion: v1, kind: Namespace, metadata: {name: bench}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: bench, labels: {a: b}}, spec: {nodeName: node-0001, containers: [{name: c, image: i}]},
 status: {phase: Running, podIP: 10.255.255.1, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: s, namespace: bench}, spec: {type: ClusterIP, clusterIP: 10.111.255.1, clusterIPs: [10.111.255.1], selector: {a: b}, ports: [{port: 80}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s-1, namespace: bench, labels: {kubernetes.io/service-name: s}}, addressType: IPv4,
 ports: [{port: 80}], endpoints: [{addresses: [10.255.255.1], conditions: {ready: true}, targetRef: {kind: Pod, namespace: bench, name: p}}]}
`

// denyOne closes the Service of benchNamespace.
func denyOne(b *testing.B, l *kubetest.Live, policy string) int {
	return l.Apply(b, fmt.Sprintf(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: bench}, spec: {podSelector: {}, policyTypes: [Ingress]}}`, policy))
}

// busy is what else changes in a cluster: pods that become ready or not with their
// slices, labels, what kubelets write, Services.
func (x *loaded) busy(n int) {
	edit := func(resource, kind, version string, change func(map[string]any)) {
		if x.keys[resource] == nil {
			x.keys[resource] = x.l.Keys(resource)
		}
		keys := x.keys[resource]
		ns, name, _ := strings.Cut(keys[n*7919%len(keys)], "/")
		o := x.l.Object(resource, ns, name)
		o["kind"], o["apiVersion"] = kind, version
		change(o)
		x.l.ApplyObject(x.b, o)
	}
	switch n % 10 {
	case 1, 2, 3:
		edit("pods", "Pod", "v1", func(o map[string]any) {
			fieldsOf(o, "status")["conditions"] = []any{map[string]any{"type": "Ready", "status": [2]string{"True", "False"}[n/10%2]}}
		})
	case 4, 6:
		edit("endpointslices.discovery.k8s.io", "EndpointSlice", "discovery.k8s.io/v1", func(o map[string]any) {
			all, _ := o["endpoints"].([]any)
			for _, e := range all[:min(1, len(all))] {
				if m, ok := e.(map[string]any); ok {
					m["conditions"] = map[string]any{"ready": n/10%2 == 0}
				}
			}
		})
	case 7:
		edit("pods", "Pod", "v1", func(o map[string]any) {
			fieldsOf(o, "metadata")["labels"] = map[string]any{"app": fmt.Sprintf("x%d", n%3)}
		})
	case 8:
		edit("pods", "Pod", "v1", func(o map[string]any) { fieldsOf(o, "status")["heartbeat"] = n })
	default:
		edit("services", "Service", "v1", func(o map[string]any) {
			fieldsOf(o, "spec")["internalTrafficPolicy"] = [2]string{"Cluster", "Local"}[n/10%2]
		})
	}
}

// fieldsOf is a mapping of an object.
func fieldsOf(o map[string]any, name string) map[string]any {
	m, ok := o[name].(map[string]any)
	if !ok {
		m = map[string]any{}
		o[name] = m
	}
	return m
}

// used is the processor time of a process so far.
func used(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	user, err := strconv.Atoi(f[11])
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.Atoi(f[12])
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is the memory of a process, in bytes.
func resident(b *testing.B, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
