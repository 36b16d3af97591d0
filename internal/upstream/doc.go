// Package upstream runs kube-proxy's own proxiers (pkg/proxy/nftables and
// pkg/proxy/iptables of k8s.io/kubernetes) without an API server: the judge of
// what we predict of Services, and the peer in benchmarks. It is a module of its
// own, so that the product's go.mod stays without Kubernetes.
//
//	cluster.Snapshot ──► Objects (v1, discovery)      Config of one node
//	                         │                             │
//	 the caller's process    └────────────┬────────────────┘
//	──────────────────────────────────────┼───────────────── pipes, JSON
//	 a child in the node's namespaces     ▼
//	 (the same binary, see Serve)     proxier ─► sync ─► nft -f - ─► kernel
//	                                      └─► what it logged as an error
//
// A child for each node, because kube-proxy starts goroutines (its sync loop,
// the watch over iptables), and a goroutine runs on a thread of any namespace.
// Every thread of the child is in the namespaces in which the child was started.
//
// A sync is called, not waited for: when Start or Apply returns, the rules are in
// the kernel.
//
// Dataplane is that on every node of a lab, with our rules for NetworkPolicy beside
// it: what package path predicts of Services is held against kube-proxy itself.
package upstream
