// Package portolan explains what happens to a packet in a Kubernetes cluster:
// it takes the packet by the hand, from the client through the router, the
// nodes, the Service and the policies to the pod, and says how the trip ends,
// who decided it, and what would change it.
//
// This package holds no code: it is the trip on one page, and layers_test.go
// beside it is the import policy of the repository, as a test.
//
// # The trip
//
// One function per hook, in netfilter's order. A rewritten destination goes
// through the routing decision again, which may lead to another machine.
//
//	client ──► router ──► node n1 (the first) ─────────────► node n2 (the pod's) ────────► pod
//	           static     │                                  │                             │
//	           BGP ECMP   ├ prerouting   source ranges, then ├ forward   POLICY            ├ listening?
//	           L2 leader  │              DNAT to an endpoint │           (sees n1's        │
//	                      ├ forward      POLICY, if the pod  │           address, if n1    ▼
//	                      │              is on this node     │           masqueraded)    reply
//	                      │              (sees the CLIENT's  └ postrouting                 │
//	                      │              address)                                          │
//	                      └ postrouting  masquerade                                        │
//	   ◄──────────────────┴──── only a node that translated can translate back ◄───────────┘
//
//	process of a node ──► output instead of prerouting; never judged by policy on its own node
//	pod               ──► its own egress policy first, at its own node
//	target is a process of the node ──► input instead of forward; never meets postrouting
//
// The walk branches wherever reality chooses: the router's next hop, the
// proxy's endpoint. So the answer to a question is a set of traces.
//
// # How it is put together
//
//	kubectl get ... -o yaml
//	   │ internal/manifest: defaults as the API server applies them, file:line kept
//	   ▼
//	cluster.Snapshot ──► announce ─┐
//	                 ──► service  ─┼─► model.Compile ──► Model: tables whose rows name their Origin
//	                 ──► policy   ─┘                       │
//	                                                       ├─► walk     takes a packet along, hook by hook
//	                                                       ├─► path     writes its way down: []Trace
//	                                                       ├─► explain  verdict, culprit, near misses
//	                                                       ├─► check    compares with Expectations, lints
//	                                                       ├─► reach    joins them over the whole cluster
//	                                                       └─► nft      prints them as a node's rules
//	                                                              │
//	                                      internal/report ◄───────┤ words, in each language
//	                                      internal/kernel ◄───────┘ what a node's kernel holds
//	internal/lab     the cluster out of network namespaces, without root
//	internal/proof   what path foretells beside what packets do there
//
// Two rules carry it. The top level is pure, internal/ touches the world: a
// top-level package has no I/O, clock, goroutine, logger or Kubernetes client.
// And decide once, interpret twice: what a Service or a policy means is decided
// in model.Compile; whoever walks, joins or prints the tables holds no rule of
// its own. docs/decisions says why.
//
// # Words
//
//   - Tuple: protocol, source and destination as one machine sees them now. NAT
//     yields a new Tuple.
//   - Step: one decision, with its Reason and its Origins. Hop: the Steps of one
//     machine, in hook order. Trace: one complete path, and its Fate.
//   - Fate: why a Trace ended: Delivered, DeniedByPolicy, NoLocalEndpoint, ...
//     The zero value is Unknown, never Delivered.
//   - Seen: what the client notices of it: connected, refused, timeout,
//     unreachable.
//   - Verdict: all Traces of a question together. REACHABLE: every one is
//     delivered. UNREACHABLE: none. DEPENDS: some. UNKNOWN: what is missing could
//     change it.
//   - Origin: the object, the field of it and the file:line that caused a
//     decision.
//   - Culprit: of several policies that deny, the one to blame first: the one
//     whose removal alone lets the packet pass; then the nearest miss; then the
//     newest; then by name.
//   - Finding: something a check says: a code, a severity, an object with its
//     file:line, the Trace behind it.
//   - Fabric: what Kubernetes objects do not say: the clients outside, the
//     routers and how they route, the dataplane, the nodes' source addresses.
//   - Profile: how the dataplane behaves, as data: an input of model.Compile.
//
// # Where to start reading
//
// Package flow has the words as types. Then package walk, top down: walk.go,
// node.go, forward.go; each function is one hook and asks package model what to do there.
// model/trips.go is the table most arguments are about. docs/semantics.md lists
// every rule with the sentence it comes from.
package portolan
