// Package metrics serves what a watch knows to Prometheus, and whether it is well.
//
//	watch.Fronts ──────► portolan_service_verdict      one series for each kind of
//	check.Results ─────► portolan_expectation_held     address, port and kind of place
//	kube.Health ───────► portolan_mirror_*
//	watch.Events ──────► portolan_events_total  ──►  /metrics  /healthz  /readyz
//
// How many series there are is bounded: verdicts by MaxVerdicts, the rest by what is
// watched. Nothing is asked of the cluster for a scrape.
package metrics
