package report

import "github.com/portolan-net/portolan/flow"

// The phrases of a cluster that is watched.
const (
	phraseWatchWatching flow.Code = "phrase-watch-watching" // cluster, what
	phraseWatchAll      flow.Code = "phrase-watch-all"      // Services, pods, policies, nodes
	phraseWatchPorts    flow.Code = "phrase-watch-ports"    // answering everybody, some, nobody
	phraseWatchUnknown  flow.Code = "phrase-watch-unknown"  // ports of which it is not known
	phraseWatchFront    flow.Code = "phrase-watch-front"    // Service, kind of address, from where and what
	phraseWatchPlace    flow.Code = "phrase-watch-place"    // place, verdict
	phraseWatchAnswer   flow.Code = "phrase-watch-answer"   // from, to, verdict
	phraseWatchHeld     flow.Code = "phrase-watch-held"     // that hold, Expectations
	phraseWatchMissing  flow.Code = "phrase-watch-missing"  // resources
	phraseWatchNodes    flow.Code = "phrase-watch-nodes"
	phraseWatchPods     flow.Code = "phrase-watch-pods"

	phraseWatchLost     flow.Code = "phrase-watch-lost"
	phraseWatchGained   flow.Code = "phrase-watch-gained"
	phraseWatchViolated flow.Code = "phrase-watch-violated"
	phraseWatchRestored flow.Code = "phrase-watch-restored"
	phraseWatchStale    flow.Code = "phrase-watch-stale"   // resources, time, why
	phraseWatchFresh    flow.Code = "phrase-watch-fresh"   // resources
	phraseWatchUnread   flow.Code = "phrase-watch-unread"  // what cannot be read
	phraseWatchRead     flow.Code = "phrase-watch-read"    // all can be read again
	phraseWatchTrouble  flow.Code = "phrase-watch-trouble" // why

	phraseWatchEdge     flow.Code = "phrase-watch-edge"     // from, to
	phraseWatchExternal flow.Code = "phrase-watch-external" // clients
	phraseWatchVia      flow.Code = "phrase-watch-via"      // who, nodes
	phraseWatchVerdicts flow.Code = "phrase-watch-verdicts" // edge, was, now
	phraseWatchBy       flow.Code = "phrase-watch-by"       // what, causes
	phraseWatchOr       flow.Code = "phrase-watch-or"       // cause, cause
	phraseWatchAnd      flow.Code = "phrase-watch-and"      // cause, cause
	phraseWatchMore     flow.Code = "phrase-watch-more"     // causes
	phraseWatchNobody   flow.Code = "phrase-watch-nobody"
	phraseWatchCreated  flow.Code = "phrase-watch-created" // object
	phraseWatchChanged  flow.Code = "phrase-watch-changed" // object
	phraseWatchDeleted  flow.Code = "phrase-watch-deleted" // object
	phraseWatchWho      flow.Code = "phrase-watch-who"     // what was done, manager
	phraseWatchPerhaps  flow.Code = "phrase-watch-perhaps" // edge
	phraseWatchFolded   flow.Code = "phrase-watch-folded"  // Service ports, connections
	phraseWatchTooOld   flow.Code = "phrase-watch-too-old" // line, resources, time
	phraseWatchExpects  flow.Code = "phrase-watch-expects" // question, set, field, expected, predicted
	phraseWatchHolds    flow.Code = "phrase-watch-holds"   // question, set
	phraseWatchGone     flow.Code = "phrase-watch-gone"    // line, why
)
