package report

import "github.com/portolan-net/portolan/flow"

// The phrases around a fix.
const (
	phraseFixNeedless    flow.Code = "phrase-fix-needless"
	phraseFixUnknown     flow.Code = "phrase-fix-unknown"
	phraseFixWords       flow.Code = "phrase-fix-words"
	phraseFixEdit        flow.Code = "phrase-fix-edit"
	phraseBefore         flow.Code = "phrase-before"
	phraseAfter          flow.Code = "phrase-after"
	phraseOf             flow.Code = "phrase-of" // reached, of
	phraseFix            flow.Code = "phrase-fix"
	phraseFixApply       flow.Code = "phrase-fix-apply" // policy
	phraseFixPatch       flow.Code = "phrase-fix-patch" // service
	phraseFixWhy         flow.Code = "phrase-fix-why"
	phraseFixOpens       flow.Code = "phrase-fix-opens"
	phraseFixProved      flow.Code = "phrase-fix-proved"
	phraseFixUnproved    flow.Code = "phrase-fix-unproved"
	phraseFixUnread      flow.Code = "phrase-fix-unread"   // kinds
	phraseFixCompared    flow.Code = "phrase-fix-compared" // pods, ports, peers
	phraseFixWalked      flow.Code = "phrase-fix-walked"
	phraseFixNotSmallest flow.Code = "phrase-fix-not-smallest"
	phraseTighter        flow.Code = "phrase-tighter"
	phrasePrice          flow.Code = "phrase-price"       // reason
	phraseAlternative    flow.Code = "phrase-alternative" // name
	phraseNotThis        flow.Code = "phrase-not-this"
	phraseWorksHere      flow.Code = "phrase-works-here"
	phraseWouldHelp      flow.Code = "phrase-would-help"
)
