// Package kernel loads an nft.Program into the kernel of one network namespace,
// keeps it current, and reads back what the kernel counted, dropped and traced.
//
//	nft.Change ─┬─ Before ──► nft -f -        tables, chains, rules, empty sets
//	            └─ Ops ─────► netlink batch   elements, many to a message
//
//	Handle.Rows, Counters ◄── set dump        what is in the kernel, packets and bytes
//	Handle.Drops          ◄── NFLOG group     packets that a rule logged, before its verdict
//	Handle.Trace          ◄── nftrace         every rule that a marked packet met
//
// A Handle belongs to the namespace of the thread that opened it, and works from
// every thread after that. Nothing here needs more than CAP_NET_ADMIN over the
// namespace, so all of it works in a user namespace.
//
// What is atomic: the text, and each batch of Ops. Ops without a text are one
// batch, however many they are. In a user namespace the kernel bounds it by
// net.core.wmem_max (docs/decisions/010), so that a large change becomes several
// batches there, in the order of its Ops, and packets may come between two of
// them. Ops behind a text are batches of 512 KiB. A batch that fails changes
// nothing; those before it stay.
package kernel
