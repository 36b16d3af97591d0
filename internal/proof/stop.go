package proof

import "github.com/portolan-net/portolan/flow"

// Stop is one rule that a packet met on a node, as the kernel traced it.
type Stop struct {
	Node string
	// Packet counts the packets of a node, from 1.
	Packet int
	// Tuple is the packet as the chain saw it; the zero Tuple where the kernel did
	// not tell.
	Tuple   flow.Tuple
	Chain   string
	Rule    string // its text; "" for a chain's policy
	Verdict string
	// Row is the element that decided, in nft's words, and Origins are the objects
	// it comes from.
	Row     string
	Origins []flow.Origin
}
