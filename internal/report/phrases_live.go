package report

import "github.com/portolan-net/portolan/flow"

// The phrases of auth and snapshot.
const (
	helpAuth     flow.Code = "help-auth"
	helpSnapshot flow.Code = "help-snapshot"

	phraseRightAllowed flow.Code = "phrase-right-allowed"
	phraseRightMissing flow.Code = "phrase-right-missing"
	phraseRightAsked   flow.Code = "phrase-right-asked" // granted, all
	phraseRightBind    flow.Code = "phrase-right-bind"
)
