package report

import "github.com/portolan-net/portolan/flow"

// What stands around the sentences about load balancer addresses.
const (
	phrasePendingLead  flow.Code = "phrase-pending"
	phraseStaysCluster flow.Code = "phrase-stays-cluster"
	phraseStaysLocal   flow.Code = "phrase-stays-local"
	phraseLosesIt      flow.Code = "phrase-loses-it" // service, addresses, reason

	wordOneAddress flow.Code = "one-address"
	wordNoSelector flow.Code = "no-selector"
)
