package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// longest is how long one step may take until the program counts as stuck: several
// times what Kubernetes' limits need.
const longest = 5 * time.Minute

// Handler serves /metrics, /healthz and /readyz.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", m.answer(m.healthy))
	mux.HandleFunc("GET /readyz", m.answer(m.ready))
	return mux
}

func (m *Metrics) answer(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := check(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintln(w, err) // the client notices
			return
		}
		_, _ = fmt.Fprintln(w, "ok") // the client notices
	}
}

// healthy: no step takes for ever.
func (m *Metrics) healthy() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.working.IsZero() && time.Since(m.working) > longest {
		return fmt.Errorf("one step takes since %s", m.working.UTC().Format(time.RFC3339))
	}
	return nil
}

// ready: the cluster was read, and something of it is current.
func (m *Metrics) ready() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !m.begun:
		return errors.New("the cluster is being read")
	case m.stale > 0 && m.stale >= len(m.resources()):
		return errors.New("nothing is heard of the cluster")
	}
	return nil
}

// Serve listens on an address until ctx ends, and returns where.
func (m *Metrics) Serve(ctx context.Context, addr string) (net.Addr, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	const patience = 10 * time.Second
	s := &http.Server{Handler: m.Handler(), ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: 3 * patience, IdleTimeout: 12 * patience}
	context.AfterFunc(ctx, func() { _ = s.Close() }) // nobody waits for it
	go func() { _ = s.Serve(l) }()                   // ends with ctx
	return l.Addr(), nil
}
