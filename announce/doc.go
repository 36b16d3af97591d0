// Package announce decides which nodes draw an address from a router, and why.
//
//	client ──► router ──┬─► n1   static: the next hops someone typed in
//	                    ├─► n2   bgp:    the nodes that announce the address
//	                    └─► n3   l2:     the one node that answers for it
//
// Where the input holds MetalLB's objects, they narrow down who announces:
//
//	address ──► IPAddressPool ──► Advertisement ──► nodes ──► BGPPeer ──► router
//	            holds it?         selects pool,     selected  selects
//	                              and Service?      by it     the node?
//
// It knows nodes, routers and, for each external address, who wants it drawn;
// it knows neither Services nor policies. Package model brings them together.
package announce
