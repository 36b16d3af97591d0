// Package announce decides which nodes draw an address from a router, and why.
//
//	client ──► router ──┬─► n1   static: the next hops someone typed in
//	                    ├─► n2   bgp:    the nodes that announce the address
//	                    └─► n3   l2:     the one node that answers for it
//
// It knows nodes, routers and, for each external address, who wants it drawn;
// it knows neither Services nor policies. Package model brings them together.
package announce
