// Package capture writes the packets of every device of a network namespace to a
// file that Wireshark and tcpdump read (pcapng).
//
//	  namespace                                     file
//	┌───────────┐   ring of the kernel   ┌────────────────────────────────┐
//	│ lo  v0  …─┼──► ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪ ──►│ section │ lo │ v0 │ ▪ ▪ ▪ ▪ ▪ … │
//	└───────────┘      Stop: to the last └────────────────────────────────┘
//	                                       a block for each device, then
//	                                       one for each packet, with its time
//
// A packet appears once for every device that it passes, as the device's own
// (LINKTYPE_LINUX_SLL2: with the device's number, and whether it came or went).
//
// The ring is memory of ours, so its size does not depend on net.core.rmem_max,
// which a namespace without privileges cannot raise. Stop takes the capture off
// the devices, waits until no CPU is in it any more, and then reads the ring to its
// end: what was sent before Stop is in the file.
package capture
