// Package cluster holds one moment of a cluster as plain data: a Snapshot.
//
//	Snapshot ─┬─ Nodes, Namespaces, Pods, Services, EndpointSlices,
//	          │  NetworkPolicies          Kubernetes' field names, API defaults applied
//	          ├─ Fabric                   what the API does not say: clients, routers, source addresses
//	          ├─ Foreign                  objects that may change a verdict and that we do not model
//	          └─ Ignored, Notes           what was left out, what was derived
//	Profile                               how a dataplane behaves, as data (profiles.go)
//
// Optional API fields keep the difference between absent and empty, since
// NetworkPolicy gives it a meaning: a nil *LabelSelector is absent, a selector
// without requirements selects everything; a nil slice is absent, a non-nil
// empty slice is empty.
package cluster
