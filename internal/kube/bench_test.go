package kube

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/kubetest"
)

// manyPods serves a list of n pods that exists nowhere: 8 kB each, as an API
// server sends them (no line breaks), with env, probes, volumes and managedFields.
func manyPods(s *kubetest.Server, n int) {
	env := strings.Repeat(`{"name":"SOME_SETTING","value":"a value that nobody needs to know"},`, 40)
	var fields strings.Builder
	for i := range 20 {
		fmt.Fprintf(&fields, `"f:part%d":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:env":{},"f:image":{}}}},`, i)
	}
	managed := fields.String()
	s.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/pods" {
			return false
		}
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		to := min(from+limit, n)
		var b bytes.Buffer
		b.WriteString(`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"`)
		if to < n {
			fmt.Fprintf(&b, `,"continue":"%d","remainingItemCount":%d`, to, n-to)
		}
		b.WriteString(`},"items":[`)
		for i := from; i < to; i++ {
			if i > from {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"metadata":{"name":"app-%d-7d9f8b6c5-x%d","namespace":"ns-%d","uid":"11111111-2222-3333-4444-%012d","creationTimestamp":"2026-01-01T00:00:00Z",`+
				`"labels":{"app":"app-%d","pod-template-hash":"7d9f8b6c5"},"ownerReferences":[{"kind":"ReplicaSet","name":"app-%d-7d9f8b6c5","controller":true}],`+
				`"managedFields":[{"manager":"kube-controller-manager","operation":"Update","time":"2026-01-01T00:00:00Z","fieldsV1":{%s"f:x":{}}}]},`+
				`"spec":{"nodeName":"n-%d","containers":[{"name":"app","image":"registry.example/app:1","env":[%s{"name":"X","value":"y"}],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}]},`+
				`"status":{"phase":"Running","podIP":"10.%d.%d.%d","podIPs":[{"ip":"10.%d.%d.%d"}],"hostIP":"192.0.2.1","conditions":[{"type":"Ready","status":"True"}]}}`,
				i/5, i, i%500, i, i/5, i/5, managed, i%5000, env, 128+i>>16, i>>8&255, i&255, 128+i>>16, i>>8&255, i&255)
		}
		b.WriteString(`]}`)
		_, _ = w.Write(b.Bytes()) // the client notices
		return true
	}
}

// peak is the most memory that the process had, in MiB, the server's included.
func peak(b testing.TB) int {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("needs /proc")
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return kib >> 10
}

// readMany reads n pods.
func readMany(t testing.TB, n int) {
	s := kubetest.New(t, example)
	manyPods(s, n)
	told := 0
	r, err := open(t, s).Read(context.Background(), Options{Progress: func(resource string, _, of int) {
		if resource == "pods" {
			told = of
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.Input()
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Snapshot.Pods) != n || told != n {
		t.Fatalf("read %d of %d pods, told %d", len(in.Snapshot.Pods), n, told)
	}
}

// BenchmarkPods reads 150,000 pods in 300 chunks: the memory must stay under 2 GiB.
func BenchmarkPods(b *testing.B) {
	for b.Loop() {
		readMany(b, 150_000)
	}
	b.ReportMetric(float64(peak(b)), "MiB-peak")
}

// TestPodsMemory: what stays of 5,000 pods (40 MB of JSON) is small.
func TestPodsMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	s := kubetest.New(t, example)
	manyPods(s, 5_000)
	r, err := open(t, s).Read(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if perPod := m.HeapAlloc / 5_000; perPod > 5000 {
		t.Errorf("%d bytes a pod", perPod)
	}
	runtime.KeepAlive(r)
}
