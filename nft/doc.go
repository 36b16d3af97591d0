// Package nft prints a Model as one node's nftables program: what trace walks is
// what the kernel looks up.
//
//	Model ──┬─► skeleton   tables, chains, rules, empty maps: constant, plain nft text
//	        └─► elements   the rows of the maps: typed keys and data, with their Origins
//
//	prerouting/output  ranges ─► fronts ─► trip ─► list ─► [affinity] ─► slot ─► endpoint ─► dnat
//	input/forward      egress of the pods here: group, peer, port ─► allow
//	forward            ingress of the pods here: the same tables
//	postrouting        masquerade what was marked, and hairpins
//
// Big maps carry data, never verdicts: a verdict in a map is validated with the
// whole table at every change, which is what makes large Service tables slow. The
// number of chains does not depend on how many Services, pods or policies there
// are, only on how many different endpoint counts and affinity timeouts.
package nft
