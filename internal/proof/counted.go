package proof

import "github.com/portolan-net/portolan/flow"

// Counted is what a row of the policy maps has counted: packets that it admitted,
// or for a group those that were denied.
type Counted struct {
	Node string
	// Set is the map's name; "groups" counts denials.
	Set     string
	Text    string // the row in nft's words
	Origins []flow.Origin
	Packets uint64
}

// Denies reports whether the packets were denied.
func (c *Counted) Denies() bool { return c.Set == "groups" }
