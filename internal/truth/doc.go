// Package truth reads the measured clusters of testdata/truth: what real
// kernels, kube-proxy and NetworkPolicy enforcers did with real connections,
// as Expectations in our own notation. It is for tests.
//
//	cluster.yaml   what the API server held ─────────────► Snapshot
//	topology.yaml  what the network was     ─► Fabric ───►
//	observed.jsonl one probe a line         ─► Expectation, by dataplane
package truth
