// Command bench measures what Portolan promises to be fast at, in one run, and
// prints a table: `make bench`. With -peer it also runs netpol-analyzer and
// ourselves on the same folders: `make bench PEER=path`.
//
//	generate.Cluster ──► dump.json ──► bench measure FILE   a process for each size
//	                         │              │
//	                         │              └─► load, compile, map, diff, change, ask ──► table
//	                         │
//	                         ├──► netpol-analyzer list ──┐
//	                         └──► bench list ────────────┴──► time, memory; same answers?
//
// A size has a process of its own, so that its memory is what it needed and the
// collector starts afresh. What is timed is the library; `bench list` does what
// `netpol-analyzer list` does, as a whole process.
package main
