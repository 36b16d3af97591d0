package proof

import "github.com/portolan-net/portolan/flow"

// Road is what the first packet of a connection met on one node, as the kernel
// traced it.
type Road struct {
	Node string
	// Tuple is the packet as it came. Its source port is left out.
	Tuple flow.Tuple
	// Packets is how many met just the same.
	Packets int
	Stops   []Stop
	// Verdict is the last one: "accept", "drop".
	Verdict string
}

// Stop is one rule that matched.
type Stop struct {
	Chain string
	// Rule is its text; "" for the end of a chain.
	Rule    string
	Verdict string
	// Rows are the elements that the rule found in the big maps.
	Rows []Found
}

// Found is an element that a rule found.
type Found struct {
	// Text is the element in nft's words.
	Text    string
	Origins []flow.Origin
}
