// Package generate makes clusters for benchmarks and for tests: plain Snapshots,
// the same for the same arguments.
//
//	Cluster ──► any size          like those that people run, for what grows
//	Tangle  ──► 2-4 nodes         everything a Snapshot can hold, in few values
//	   │            │
//	   │            └──► Question, again and again; Shrink where one is wrong
//	   └─ Whole: for the oracle    Runnable: for a kernel    Unclear: for UNKNOWN
//	Knot    ──► 2 nodes           NetworkPolicies alone, as dense as it goes
//
// The distributions of Cluster are those of clusters people run: a few big
// namespaces and many small ones, most policies about one app in its namespace,
// some about a whole namespace, a few with ipBlocks.
package generate
