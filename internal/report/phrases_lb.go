package report

import "github.com/portolan-net/portolan/flow"

// What stands around the sentences about load balancer addresses.
const (
	phrasePendingLead flow.Code = "phrase-pending"
	phraseMayShare    flow.Code = "phrase-may-share"     // reason
	phraseMayNotShare flow.Code = "phrase-may-not-share" // reason
	phraseStaysShared flow.Code = "phrase-stays-shared"
	phraseLosesIt     flow.Code = "phrase-loses-it" // service, addresses, reason

	wordOneAddress flow.Code = "one-address"
	wordNoSelector flow.Code = "no-selector"
)
