package report

import "github.com/portolan-net/portolan/flow"

// What stands around the answers of other profiles.
const (
	phraseOthers      flow.Code = "phrase-others"
	phraseOther       flow.Code = "phrase-other"       // profiles, answer
	phraseOtherPaths  flow.Code = "phrase-other-paths" // verdict, reached, of
	phraseOtherVia    flow.Code = "phrase-other-via"   // verdict and paths, nodes
	phraseOtherSees   flow.Code = "phrase-other-sees"  // what a client sees
	phraseOtherSince  flow.Code = "phrase-other-since" // reason
	phraseOtherPlace  flow.Code = "phrase-other-place" // places, address, answer, answer here
	phraseOtherPlaces flow.Code = "phrase-other-places"
)
