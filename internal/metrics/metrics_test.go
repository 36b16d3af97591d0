package metrics

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/watch"
	"github.com/portolan-net/portolan/service"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// TestMetrics: what is kept is served, of several addresses the worst, and hostile
// names as what they are.
func TestMetrics(t *testing.T) {
	m := New("v1", func() []Resource {
		return []Resource{{Name: "pods", Connected: true, Heard: time.Now(), Objects: 3}, {Name: "nodes", Forbidden: true}}
	})
	ssh := flow.Object{Kind: "Service", Namespace: "test", Name: "ssh"}
	places := func(v flow.Verdict) []watch.Place { return []watch.Place{{From: diff.Outside, Verdict: v}} }
	m.fronts([]watch.Front{
		{Service: ssh, Port: 22, Protocol: flow.TCP, Kind: service.LoadBalancer, Places: places(flow.Reachable)},
		{Service: ssh, Port: 22, Protocol: flow.TCP, Kind: service.LoadBalancer, Places: places(flow.Depends)},
	})
	m.results([]check.Result{{Expectation: &cluster.Expectation{Set: "gate\"\n\xff", From: "external", To: "svc/test/ssh"}, Differs: []string{"verdict"}}})
	code, text := get(t, m.Handler(), "/metrics")
	for _, want := range []string{
		`portolan_service_verdict{from="outside",front="vip",namespace="test",port="22",protocol="TCP",service="ssh"} 0.5`,
		`portolan_expectation_held{from="external",set="gate\"\n?",to="svc/test/ssh",via=""} 0`,
		`portolan_mirror_connected{resource="pods"} 1`, `portolan_mirror_age_seconds{resource="nodes"} -1`,
		`portolan_mirror_forbidden{resource="nodes"} 1`, `portolan_mirror_objects{resource="pods"} 3`,
		`version="v1"`, `portolan_events_total{event="lost"} 0`, `portolan_service_verdicts_left_out 0`,
	} {
		if !strings.Contains(strings.ReplaceAll(text, "protocol=\"tcp\"", "protocol=\"TCP\""), want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if code != http.StatusOK {
		t.Errorf("status %d", code)
	}
}

// TestBound: no cluster makes more series than the bound.
func TestBound(t *testing.T) {
	m := New("v1", func() []Resource { return nil })
	var all []watch.Front
	for n := range MaxVerdicts + 5 {
		all = append(all, watch.Front{Service: flow.Object{Name: itoa(n)}, Places: []watch.Place{{From: diff.Pods, Verdict: flow.Reachable}}})
	}
	m.fronts(all)
	if len(m.verdicts) != MaxVerdicts || m.leftOut != 5 {
		t.Errorf("%d series, %d left out", len(m.verdicts), m.leftOut)
	}
}

// TestHealth: ready once the cluster was read and while something of it is current;
// healthy unless a step takes for ever.
func TestHealth(t *testing.T) {
	m := New("v1", func() []Resource { return []Resource{{Name: "pods"}} })
	ask := func(path string, want int, why string) {
		t.Helper()
		if code, text := get(t, m.Handler(), path); code != want || !strings.Contains(text, why) {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	ask("/readyz", http.StatusServiceUnavailable, "being read")
	ask("/healthz", http.StatusOK, "ok")
	m.Begin()
	m.Step(watch.New(watch.Options{}), []watch.Event{{Kind: watch.Lost}}, 0)
	ask("/readyz", http.StatusOK, "ok")
	ask("/metrics", http.StatusOK, `portolan_events_total{event="lost"} 1`)
	m.Step(watch.New(watch.Options{}), nil, 1)
	ask("/readyz", http.StatusServiceUnavailable, "nothing is heard")
	m.Begin()
	m.working = m.working.Add(-time.Hour)
	ask("/healthz", http.StatusServiceUnavailable, "one step takes since")
}

// TestServe: it listens, and stops with its context.
func TestServe(t *testing.T) {
	m := New("v1", func() []Resource { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	addr, err := m.Serve(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + addr.String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil || string(text) != "ok\n" {
		t.Errorf("%q, %v", text, err)
	}
	_ = res.Body.Close()
	if _, err := m.Serve(ctx, addr.String()); err == nil {
		t.Error("two listen on one address")
	}
	cancel()
	http.DefaultClient.CloseIdleConnections()
	for {
		res, err := http.Get("http://" + addr.String() + "/healthz")
		if err != nil {
			return
		}
		_ = res.Body.Close()
	}
}
