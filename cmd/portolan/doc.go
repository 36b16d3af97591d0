// Command portolan explains what happens to a packet in a Kubernetes cluster:
// which Service takes it, who rewrites it, which NetworkPolicy ends it, and why
// it still works from one place. Each file holds one command; none decides
// anything about traffic. prove starts the program again, in namespaces of its
// own (prove_linux.go).
//
//	arguments ──► root.go ─┬─ trace.go ────► path ──► explain ──► report
//	                       ├─ explain.go ──► explain.Surveys ───► report
//	                       ├─ describe.go ─► policy.Describer ──► report
//	                       ├─ prove.go ────► proof (a kernel) ──► report
//	                       └─ assert.go ───► check ─────────────► report
//	exit: 0 answered, 1 not as asserted or predicted, 2 cannot answer, 3 usage or input
package main
