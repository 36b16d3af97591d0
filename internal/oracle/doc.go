// Package oracle is the naive second opinion, for tests only: what happens to
// one packet in a cluster, written from the documentation's sentences without
// looking at the engine. It keeps no tables and no index. Every question scans
// the whole Snapshot again, every function quotes the sentence it implements,
// and where reality chooses, the packet is copied and every copy goes on.
//
//	Ask ─► client ─► router ─┐        process ─┐      pod ─┐
//	                         ▼                 ▼           ▼
//	                    ┌─ node ───────────────────────────────────────┐
//	      router.go     │ capture    whose address is this? (proxy.go)  │
//	      or next  ◄────│ pick       which endpoints?  (endpoints.go)   │
//	      node          │ enforce    who may pass?     (policy.go,      │
//	                    │                               enforcer.go)    │
//	                    │ leave      which source?     (node.go)        │
//	                    └──────────────────────┬───────────────────────┘
//	                                           ▼
//	                            pod or process: listening? does the
//	                            answer get back?        (arrive.go)
//
// What it does not compute: reasons, culprits, L2 announcements, session
// affinity (every endpoint stays possible) and pods whose addresses were invented.
//
// The package is trusted because it is tested itself: by hand-written cases, and
// against every measured connection of testdata/truth.
package oracle
