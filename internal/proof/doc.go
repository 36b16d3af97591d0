// Package proof holds predictions against a real kernel: it lets path.Walk
// answer a question, sends the packets through a lab, and compares.
//
//	question ──► path.Walk ──► flights: from whom, to which address, by which first node
//	                              │        with every outcome that is predicted
//	                              ▼
//	        lab + dataplane ──► packets, until every outcome was seen ──► agrees, or differs in what
//
// Routers and proxies choose at random, so what is compared are sets. A flight is
// asked until all its outcomes were seen, and no fewer times than a second one
// would have had a fair chance to show; an outcome that was not predicted is a
// difference at once.
//
// Where the rules are ours, the kernel also says who: what it dropped is read from
// its log, by the number of the policy group (log.go), and what a packet met from
// its rule trace, joined with the rows that nft.Reader finds (road.go).
package proof
