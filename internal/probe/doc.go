// Package probe makes real TCP and UDP connections, from and to as many network
// namespaces as there are, all from one process, and tells what a client notices
// of each: connected, refused, unreachable, or silence.
//
//	                     one process
//	┌───────────────────────────────────────────────────────────┐
//	│ Run: one loop, thousands of        Servers: one loop, all │
//	│ sockets that wait for a sign       sockets that answer    │
//	└──┬──────────────┬─────────────────────────▲──────────▲────┘
//	   │ Place.Do     │                         │          │
//	┌──▼───────┐   ┌──▼───────┐    packets   ┌──┴───────┐ ┌┴─────────┐
//	│ client   │   │ node n1  ├─────────────►│ pod a    │ │ pod b    │
//	└──────────┘   └──────────┘              └──────────┘ └──────────┘
//	 a socket stays in the namespace in which it was made
//
// # What counts
//
//	TCP   SYN ──► handshake ──► "nonce\n" ──► Answer with that nonce   Connected
//	UDP                          "nonce\n" ──► Answer with that nonce   Connected
//	      RST, ICMP port unreachable                                    Refused
//	      another ICMP error; no route here                             Unreachable
//	      nothing for Probe.Timeout                                     Timeout
//
// The Answer names the server and the source address it saw, so a Connected has
// proved both ways. It is one line of JSON; what does not parse, or repeats
// another nonce, is SeenUnknown and never Connected.
//
// A TCP client is told of every ICMP error while it connects, of none
// afterwards. A UDP client is told of those that Linux takes as hard: a closed
// port or protocol, and a prohibition; of no route, no host or an exceeded TTL it
// hears nothing and waits (RFC 1122 4.1.3.3; icmp_err_convert in the kernel's
// net/ipv4/icmp.c, tab_unreach in net/ipv6/icmp.c).
//
// An ICMP error may come back before connect has returned, as it does over a
// veth. The kernel then tells the socket only when it sends the SYN again, after
// a second; so every socket asks for the error queue (IP_RECVERR, IPV6_RECVERR),
// which is told at once.
//
// # When silence is a Timeout
//
// A machine that is busy must not turn an answer into a Timeout. A probe
// is given up when all of this holds:
//
//  1. Timeout has passed since the last sign: the SYN, or the nonce after the
//     handshake. The clock does not count what the loop itself was kept from
//     running (clock.go), as when the process is stopped or out of its CPU quota.
//  2. The loop has looked at every socket after that moment.
//  3. Where a server must act, and it is one of Options.Servers, its loop has made
//     two whole turns after that moment, and the loop of the probes one more.
//
// Nothing is sent twice, since a second packet could take another way. So nothing
// may be lost on ours: no more is sent at once than a server's socket holds, and
// the next when Options.Servers have taken that (ask.go). Servers of other
// processes can be overrun; a smaller Options.Window helps.
package probe
