package cluster

import "github.com/portolan-net/portolan/flow"

// Expectation is one line of an Expectations object: a question and, field by
// field, the answer someone relies on. A nil slice or a zero value was not
// written and is not compared; an empty slice was written and means none.
type Expectation struct {
	From, Via, To string // in the notation of docs/cli.md, as written
	Verdict       flow.Verdict
	HasVerdict    bool // tells an expected UNKNOWN from nothing expected
	Seen          []flow.Seen
	Fates         []flow.Fate
	Endpoints     []string
	Sources       []string
	Culprit       string
	Set           string // metadata.name of the Expectations object
	Position      flow.Position
}
