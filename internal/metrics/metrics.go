package metrics

import (
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/watch"
)

// MaxVerdicts bounds the series of portolan_service_verdict. What is beyond is
// counted in portolan_service_verdicts_left_out.
const MaxVerdicts = 30000

// Resource is how current a resource of the API server is.
type Resource struct {
	Name      string
	Connected bool
	Forbidden bool
	Heard     time.Time // zero: never
	Objects   int
	Relists   int
}

// Metrics keeps what is served. It is safe for use by several goroutines.
type Metrics struct {
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	compile  prometheus.Histogram
	diff     prometheus.Histogram

	mu        sync.Mutex
	verdicts  map[verdict]float64
	leftOut   int
	held      map[expectation]float64
	resources func() []Resource
	begun     bool
	stale     int       // resources that are no longer heard of
	working   time.Time // since when a step is worked on; zero: none is
}

// verdict is one series.
type verdict struct{ namespace, service, port, protocol, front, from string }

// expectation is one series.
type expectation struct{ set, from, via, to string }

// New is Metrics of a version of the program. resources is asked at each scrape.
func New(version string, resources func() []Resource) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), resources: resources,
		verdicts: map[verdict]float64{}, held: map[expectation]float64{},
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portolan_events_total", Help: "Lines that watch printed, by what they tell: lost, gained, violated, restored, stale, fresh, unread, trouble.",
		}, []string{"event"}),
		compile: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "portolan_compile_seconds", Help: "How long it took to compile a changed cluster anew.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}),
		diff: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "portolan_diff_seconds", Help: "How long it took to say what a change takes and gives.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "portolan_build_info", Help: "Always 1; the labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.events, m.compile, m.diff, info, (*collector)(m))
	for k := watch.Lost; k <= watch.Trouble; k++ {
		m.events.WithLabelValues(k.String())
	}
	return m
}

// Begin notes that a step is worked on.
func (m *Metrics) Begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.working = time.Now()
}

// Step takes over what a step brought.
func (m *Metrics) Step(w *watch.Watch, events []watch.Event, stale int) {
	for i := range events {
		if events[i].Kind != watch.Began {
			m.events.WithLabelValues(events[i].Kind.String()).Inc()
		}
	}
	cost := w.Cost()
	if cost.Compile > 0 {
		m.compile.Observe(cost.Compile.Seconds())
	}
	if cost.Diff > 0 {
		m.diff.Observe(cost.Diff.Seconds())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun, m.stale, m.working = true, stale, time.Time{}
	m.fronts(w.Fronts())
	m.results(w.Results())
}

// value is a verdict as a number: the alarm is below 1.
func value(v flow.Verdict) float64 {
	switch v {
	case flow.Reachable:
		return 1
	case flow.Depends:
		return 0.5
	case flow.NotReachable:
		return 0
	case flow.VerdictUnknown:
	}
	return -1
}

// fronts are the verdicts by kind of address: of several the worst.
func (m *Metrics) fronts(all []watch.Front) {
	clear(m.verdicts)
	m.leftOut = 0
	for i := range all {
		f := &all[i]
		for _, p := range f.Places {
			k := verdict{f.Service.Namespace, f.Service.Name, itoa(f.Port), f.Protocol.String(), f.Kind.String(), p.From.String()}
			v := value(p.Verdict)
			was, ok := m.verdicts[k]
			switch {
			case ok:
				m.verdicts[k] = min(was, v)
			case len(m.verdicts) >= MaxVerdicts:
				m.leftOut++
			default:
				m.verdicts[k] = v
			}
		}
	}
}

func (m *Metrics) results(all []check.Result) {
	clear(m.held)
	for i := range all {
		x := all[i].Expectation
		k := expectation{x.Set, x.From, x.Via, x.To}
		v := 0.0
		if all[i].Held() {
			v = 1
		}
		if was, ok := m.held[k]; ok {
			v = min(v, was)
		}
		m.held[k] = v
	}
}
