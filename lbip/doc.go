// Package lbip says which Service has which load balancer address, and why one
// has none: MetalLB's pools, requests and sharing keys as a state machine.
//
//	Service ──► asks for an address? ──► the pool that holds it ──┐
//	   │        asks for a pool?     ──► that pool ───────────────┼─► free, or
//	   └──────► neither: pools pinned to it, by priority,         │   may share?
//	            then pools for everybody ─────────────────────────┘      │
//	                                                 yes: it has it ◄────┤
//	                                       no: pending, with reasons ◄───┘
//
// The rules are those of MetalLB's allocator (internal/allocator/allocator.go,
// controller/service.go), quirks included; docs/semantics.md lists them as L1
// to L8. The package owns the rule about sharing; whoever announces addresses
// takes it as given.
//
// Not computed: what MetalLB's pools looked like in the past, and the order in
// which Services were changed. An address that a Service has stays with it
// while the rules let it; of several that want one, the oldest gets it. Who knows
// an earlier version (AllocateAfter) knows which of them changed: that one loses it.
package lbip
