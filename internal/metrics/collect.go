package metrics

import (
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// collector serves the state of the moment.
type collector Metrics

var (
	descVerdict = prometheus.NewDesc("portolan_service_verdict",
		"How a Service port answers a kind of place by a kind of address: 1 all of it, 0.5 some, 0 none, -1 not known. Of several addresses the worst.",
		[]string{"namespace", "service", "port", "protocol", "front", "from"}, nil)
	descLeftOut = prometheus.NewDesc("portolan_service_verdicts_left_out",
		"Series of portolan_service_verdict beyond the bound, which are not served.", nil, nil)
	descHeld = prometheus.NewDesc("portolan_expectation_held",
		"Whether an Expectation holds: 1 or 0.", []string{"set", "from", "via", "to"}, nil)
	descAge = prometheus.NewDesc("portolan_mirror_age_seconds",
		"Since when nothing was heard of a resource; bookmarks come every minute. -1: never.", []string{"resource"}, nil)
	descConnected = prometheus.NewDesc("portolan_mirror_connected",
		"Whether a resource is watched right now: 1 or 0.", []string{"resource"}, nil)
	descForbidden = prometheus.NewDesc("portolan_mirror_forbidden",
		"Whether a resource may not be listed: 1 or 0.", []string{"resource"}, nil)
	descObjects = prometheus.NewDesc("portolan_mirror_objects",
		"Objects that are kept of a resource.", []string{"resource"}, nil)
	descRelists = prometheus.NewDesc("portolan_mirror_relists_total",
		"How often a list was read anew because a watch had expired.", []string{"resource"}, nil)
)

// Describe names what Collect serves.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descVerdict, descLeftOut, descHeld, descAge, descConnected, descForbidden, descObjects, descRelists} {
		out <- d
	}
}

// Collect serves the state.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	resources := c.resources() // has a lock of its own
	c.mu.Lock()
	defer c.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		for i := range labels {
			labels[i] = strings.ToValidUTF8(labels[i], "?")
		}
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for k, v := range c.verdicts {
		gauge(descVerdict, v, k.namespace, k.service, k.port, k.protocol, k.front, k.from)
	}
	gauge(descLeftOut, float64(c.leftOut))
	for k, v := range c.held {
		gauge(descHeld, v, k.set, k.from, k.via, k.to)
	}
	now := time.Now()
	for _, r := range resources {
		age := -1.0
		if !r.Heard.IsZero() {
			age = now.Sub(r.Heard).Seconds()
		}
		gauge(descAge, age, r.Name)
		gauge(descConnected, one(r.Connected), r.Name)
		gauge(descForbidden, one(r.Forbidden), r.Name)
		gauge(descObjects, float64(r.Objects), r.Name)
		out <- prometheus.MustNewConstMetric(descRelists, prometheus.CounterValue, float64(r.Relists), r.Name)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func itoa(n int) string { return strconv.Itoa(n) }
