package report

import "github.com/portolan-net/portolan/flow"

// The phrases of a difference between two versions.
const (
	phraseDiffLost    flow.Code = "phrase-diff-lost"
	phraseDiffGained  flow.Code = "phrase-diff-gained"
	phraseDiffPerhaps flow.Code = "phrase-diff-perhaps" // what
	phraseDiffBy      flow.Code = "phrase-diff-by"
	phraseDiffOrBy    flow.Code = "phrase-diff-or-by"
	phraseDiffStill   flow.Code = "phrase-diff-still"
	phraseDiffTry     flow.Code = "phrase-diff-try"

	phraseDiffFrom      flow.Code = "phrase-diff-from"   // who
	phraseDiffAnd       flow.Code = "phrase-diff-and"    // a list, the last
	phraseDiffBeside    flow.Code = "phrase-diff-beside" // Service ports
	phraseDiffOutside   flow.Code = "phrase-diff-outside"
	phraseDiffClients   flow.Code = "phrase-diff-clients"   // names or ranges
	phraseDiffEntering  flow.Code = "phrase-diff-entering"  // who, nodes
	phraseDiffNodes     flow.Code = "phrase-diff-nodes"     // how many, of how many, names
	phraseDiffAllNodes  flow.Code = "phrase-diff-all-nodes" // how many
	phraseDiffAllPods   flow.Code = "phrase-diff-all-pods"
	phraseDiffPodsOf    flow.Code = "phrase-diff-pods-of"    // namespace
	phraseDiffAlike     flow.Code = "phrase-diff-alike"      // pod, how many more
	phraseDiffOn        flow.Code = "phrase-diff-on"         // pods, nodes
	phraseDiffFronts    flow.Code = "phrase-diff-fronts"     // who, kinds of address
	phraseDiffPartly    flow.Code = "phrase-diff-partly"     // who, delivered, ways
	phraseDiffMoved     flow.Code = "phrase-diff-moved"      // from, to
	phraseDiffPortMoved flow.Code = "phrase-diff-port-moved" // from, to
	phraseDiffOthers    flow.Code = "phrase-diff-others"     // addresses that are no pod's
	phraseDiffLink      flow.Code = "phrase-diff-link"       // from, to, ports
	phraseDiffAnyPort   flow.Code = "phrase-diff-any-port"

	phraseDiffAdded    flow.Code = "phrase-diff-added"    // object
	phraseDiffRemoved  flow.Code = "phrase-diff-removed"  // object
	phraseDiffChanged  flow.Code = "phrase-diff-changed"  // object, fields
	phraseDiffTogether flow.Code = "phrase-diff-together" // objects
	phraseDiffNobody   flow.Code = "phrase-diff-nobody"
	phraseDiffMore     flow.Code = "phrase-diff-more"

	phraseDiffNothing      flow.Code = "phrase-diff-nothing"
	phraseDiffNothingThere flow.Code = "phrase-diff-nothing-there" // in the focus
	phraseDiffBeyond       flow.Code = "phrase-diff-beyond"        // how many changes
	phraseDiffBeyondOne    flow.Code = "phrase-diff-beyond-one"
	phraseDiffUnaddressed  flow.Code = "phrase-diff-unaddressed" // count
	phraseDiffUnread       flow.Code = "phrase-diff-unread"      // kinds
	phraseDiffGone         flow.Code = "phrase-diff-gone"
	phraseDiffCome         flow.Code = "phrase-diff-come"
	phraseDiffSum          flow.Code = "phrase-diff-sum"       // ports lost, gained, as before, objects
	phraseDiffPods         flow.Code = "phrase-diff-pods"      // connections lost, gained
	phraseDiffFolded       flow.Code = "phrase-diff-folded"    // how many
	phraseDiffObjects      flow.Code = "phrase-diff-objects"   // heading
	phraseDiffGateLost     flow.Code = "phrase-diff-gate-lost" // who, causes
	phraseDiffGateGot      flow.Code = "phrase-diff-gate-gained"

	phraseDiffRuleServiceLost   flow.Code = "phrase-diff-rule-service-lost"
	phraseDiffRuleServiceGained flow.Code = "phrase-diff-rule-service-gained"
	phraseDiffRulePodsLost      flow.Code = "phrase-diff-rule-pods-lost"
	phraseDiffRulePodsGained    flow.Code = "phrase-diff-rule-pods-gained"
	phraseDiffWhyLost           flow.Code = "phrase-diff-why-lost"
	phraseDiffWhyGained         flow.Code = "phrase-diff-why-gained"
	phraseDiffDo                flow.Code = "phrase-diff-do"
)
