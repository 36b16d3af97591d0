// Package e2e holds the commands against a cluster's real parts: kube-apiserver,
// etcd, the EndpointSlice controller, kube-proxy and kubectl, linked into the test
// binary as Go modules. It is a module of its own, so that the product's go.mod
// stays without them, and it has tests only.
//
//	Enter: user + network + mount + pid namespaces, of which nothing remains
//	┌───────────────────────────────────────────────────────────────────────┐
//	│  tests ──start──► children: this binary, by the name it is called     │
//	│    │                                                                  │
//	│    │     etcd ◄── kube-apiserver ◄─┬─ endpointslice-controller        │
//	│    │              127.0.0.1, RBAC  ├─ kubectl                         │
//	│    │                     ▲         └─ portolan (built by go build)    │
//	│    │               relay │                                            │
//	│    └──► lab:  node/n1 kube-proxy ─► kernel ◄─ our rules for policy    │
//	│               node/n2 kube-proxy ─► kernel ◄─ our rules for policy    │
//	│               real packets between clients, nodes and pods            │
//	└───────────────────────────────────────────────────────────────────────┘
//
// There is no kubelet, no scheduler and no controller but the one: nodes and pods
// are registered with the status that a kubelet would report, and the pods' traffic
// is a lab's (package lab). docs/decisions/017 says why.
package e2e
