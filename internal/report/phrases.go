package report

import "github.com/portolan-net/portolan/flow"

// The report's own phrases: what stands around the sentences that the answer
// itself brings. They live in the same catalogue.
const (
	phraseDeliver       flow.Code = "phrase-deliver"    // reached, of, seen
	phraseOr            flow.Code = "phrase-or"         // between words
	phraseAskedAt       flow.Code = "phrase-asked-at"   // kind of address
	phraseSharedBy      flow.Code = "phrase-shared-by"  // address, services
	phraseItsKind       flow.Code = "phrase-its-kind"   // kind of address
	phrasePath          flow.Code = "phrase-path"       // number, of
	phrasePaths         flow.Code = "phrase-paths"      // first, last, of
	phraseFrom          flow.Code = "phrase-from"       // places
	phraseFirstNode     flow.Code = "phrase-first-node" // nodes
	phraseTo            flow.Code = "phrase-to"         // endpoints
	phraseFirstShown    flow.Code = "phrase-first-shown"
	phraseNow           flow.Code = "phrase-now"  // tuple
	phraseMore          flow.Code = "phrase-more" // names, how many more
	phraseCulprit       flow.Code = "phrase-culprit"
	phraseAlso          flow.Code = "phrase-also"
	phraseNearest       flow.Code = "phrase-nearest"
	phraseAssumed       flow.Code = "phrase-assumed"
	phraseDeviates      flow.Code = "phrase-deviates"
	phraseIgnored       flow.Code = "phrase-ignored"
	phraseDeniesToo     flow.Code = "phrase-denies-too"     // policy
	phraseAndRules      flow.Code = "phrase-and-rules"      // how many
	phraseBy            flow.Code = "phrase-by"             // manager
	phraseSince         flow.Code = "phrase-since"          // time
	phraseOnlyIsolating flow.Code = "phrase-only-isolating" // pod
	phrasePeersMatch    flow.Code = "phrase-peers-match"
	phrasePortsMatch    flow.Code = "phrase-ports-match"

	phrasePortOf       flow.Code = "phrase-port-of"     // port
	phraseTargetPort   flow.Code = "phrase-target-port" // port
	phraseColumnFrom   flow.Code = "phrase-column-from"
	phraseColumnTarget flow.Code = "phrase-column-target"
	phraseNodePortOf   flow.Code = "phrase-node-port-of" // number
	phraseRowClient    flow.Code = "phrase-row-client"   // client, nodes
	phraseRowNode      flow.Code = "phrase-row-node"     // nodes
	phraseRowPods      flow.Code = "phrase-row-pods"     // namespace, pods
	phraseByCulprit    flow.Code = "phrase-by-culprit"   // policy
	phraseSawNode      flow.Code = "phrase-saw-node"
	phraseSawClient    flow.Code = "phrase-saw-client"
	phraseNote         flow.Code = "phrase-note"
	phraseProofless    flow.Code = "phrase-proofless"     // nodes
	phraseShared       flow.Code = "phrase-shared"        // address, count, nodes
	phraseNotShared    flow.Code = "phrase-not-shared"    // address, nodes
	phraseSharer       flow.Code = "phrase-sharer"        // service, ports, nodes
	phraseIsLocalDead  flow.Code = "phrase-is-local-dead" // nodes
	phraseIsLocalFine  flow.Code = "phrase-is-local-fine"
	phraseLocalDead    flow.Code = "phrase-local-dead" // nodes
	phraseLocalFine    flow.Code = "phrase-local-fine"
	phraseNoNode       flow.Code = "phrase-no-node"
	phraseUnknownNodes flow.Code = "phrase-unknown-nodes"
	phraseSampled      flow.Code = "phrase-sampled"
	phraseSampledPods  flow.Code = "phrase-sampled-pods" // how many
	phraseUnknown      flow.Code = "phrase-unknown"

	phraseTally        flow.Code = "phrase-tally"         // lines, held, false
	phraseTallyUnknown flow.Code = "phrase-tally-unknown" // lines, held, false, unknown
	phraseVia          flow.Code = "phrase-via"           // from, node
	phraseExpected     flow.Code = "phrase-expected"      // field, expected, predicted
	phraseAssertedAt   flow.Code = "phrase-asserted-at"   // position
	phraseNone         flow.Code = "phrase-none"
)

// Words that stand as arguments ("@" and the code): where packets go, what a
// thing is.
const (
	wordLocalPods      flow.Code = "toward-local-pods"
	wordRemotePods     flow.Code = "toward-remote-pods"
	wordOtherNodes     flow.Code = "toward-other-nodes"
	wordUnknownAddress flow.Code = "unknown-address"
	wordPod            flow.Code = "pod"
	wordNode           flow.Code = "node"
)
