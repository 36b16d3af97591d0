// Command portolan explains what happens to a packet in a Kubernetes cluster:
// which Service takes it, who rewrites it, which NetworkPolicy ends it, and why
// it still works from one place. Each file holds one command; none decides
// anything about traffic.
//
//	arguments ──► root.go ─┬─ trace.go ────► path ──► explain ──► report
//	                       ├─ explain.go ──► explain.Surveys ───► report
//	                       ├─ describe.go ─► policy.Describer ──► report
//	                       └─ assert.go ───► check ─────────────► report
//	exit: 0 answered, 1 not as asserted, 2 cannot answer, 3 usage or input
package main
