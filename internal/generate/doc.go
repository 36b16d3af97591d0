// Package generate makes clusters of any size for benchmarks and for tests of
// what grows: plain Snapshots, the same for the same Size and seed.
//
//	Size ──► namespaces ──► apps (labels, ports) ──► pods on nodes
//	                          ├──► Services with endpoints
//	                          └──► NetworkPolicies: mostly one app to another
//
// The distributions are those of clusters people run: a few big namespaces and
// many small ones, most policies about one app in its namespace, some about a
// whole namespace, a few with ipBlocks.
package generate
