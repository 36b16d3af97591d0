package main

import (
	"bufio"
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

// BenchmarkWatch is `portolan watch` as a process of its own at 1,000 pods and ten
// changes a second, of which one takes a Service away: which part of a core it needs,
// and how long after the event the line is there. One round takes SECONDS (20).
func BenchmarkWatch(b *testing.B) {
	seconds := 20
	if n, err := strconv.Atoi(os.Getenv("SECONDS")); err == nil {
		seconds = n
	}
	b.Setenv("KUBERNETES_SERVICE_HOST", "")
	l := generated(b, generate.Medium)
	for range b.N {
		load(b, l, seconds)
	}
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

func load(b *testing.B, l *kubetest.Live, seconds int) {
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
	heard := make(chan string, 4096)
	go func() {
		defer close(heard)
		for s := bufio.NewScanner(out); s.Scan(); {
			heard <- s.Text()
		}
	}()
	await := func(word string) time.Time {
		deadline := time.After(20 * time.Second)
		for {
			select {
			case line, ok := <-heard:
				if !ok {
					b.Fatalf("ended before %q", word)
				}
				if strings.Contains(line, word) {
					return time.Now()
				}
			case <-deadline:
				b.Fatalf("no line with %q", word)
			}
		}
	}
	await("watching")
	before, begun := used(b, c.Process.Pid), time.Now()
	var late []time.Duration
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := range seconds * 10 {
		<-tick.C
		if n%10 != 0 {
			busy(b, l, n)
			continue
		}
		policy := fmt.Sprintf("bench-%d", n)
		sent := l.SentAt(denyOne(b, l, policy))
		late = append(late, await(policy+" created").Sub(sent))
		l.Delete("networkpolicies.networking.k8s.io", benchNamespace, policy)
		await(policy + " deleted")
	}
	took := time.Since(begun)
	cores := (used(b, c.Process.Pid) - before).Seconds() / took.Seconds()
	slices.Sort(late)
	b.ReportMetric(cores, "cores")
	b.ReportMetric(float64(late[len(late)/2])/1e6, "ms-median")
	b.ReportMetric(float64(late[len(late)-1])/1e6, "ms-most")
	b.ReportMetric(float64(resident(b, c.Process.Pid))/(1<<20), "MiB")
	b.ReportMetric(0, "ns/op")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		b.Errorf("exit: %v", err)
	}
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
func busy(b *testing.B, l *kubetest.Live, n int) {
	edit := func(resource, kind, version string, change func(map[string]any)) {
		keys := l.Keys(resource)
		ns, name, _ := strings.Cut(keys[n*7919%len(keys)], "/")
		o := l.Object(resource, ns, name)
		o["kind"], o["apiVersion"] = kind, version
		change(o)
		l.ApplyObject(b, o)
	}
	switch n % 10 {
	case 1, 2, 3:
		edit("pods", "Pod", "v1", func(o map[string]any) {
			fieldsOf(o, "status")["conditions"] = []any{map[string]any{"type": "Ready", "status": [2]string{"True", "False"}[n/10%2]}}
		})
	case 4, 5, 6:
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
