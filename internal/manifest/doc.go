// Package manifest reads Kubernetes manifests and dumps into a Snapshot.
//
//	file  dir  stdin          -f, any number
//	     │
//	     ▼
//	documents, items of a List    split.go   cut at "---" and "- ", each with its first line
//	     │
//	     ▼
//	tree of nodes with lines      yaml.go, json.go   limits, aliases, duplicate keys
//	     │
//	     ▼
//	objects                       kinds.go decides; pod.go, service.go, netpol.go, ...: defaults
//	     │                        and validation as the API server does them
//	     ▼
//	Builder                       one object of a name; owners, derived pods and endpoints
//	     │
//	     ▼
//	Input                         Snapshot, Expectations, Warnings
//
// What an API server would refuse is an *Error with its file and line, never a
// guess: an answer about an ambiguous cluster is worth nothing. What is not
// modelled is listed in Snapshot.Ignored, and in Snapshot.Foreign when it may
// change a verdict (foreign.go). The input is not trusted: it is bounded
// (Limits), links do not lead out of a directory, and names that could drive a
// terminal do not get in.
package manifest
