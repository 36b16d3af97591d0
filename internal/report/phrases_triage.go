package report

import "github.com/portolan-net/portolan/flow"

// Phrases of triage and diagnosis.
const (
	phraseDiagnosis        flow.Code = "phrase-diagnosis" // target
	phraseColumnSeen       flow.Code = "phrase-column-seen"
	phraseColumnModel      flow.Code = "phrase-column-model"
	phrasePredicted        flow.Code = "phrase-predicted" // seen, reached, of
	phraseAgrees           flow.Code = "phrase-agrees"
	phraseDiffers          flow.Code = "phrase-differs"
	phraseProvesLittle     flow.Code = "phrase-proves-little"
	phraseNoFront          flow.Code = "phrase-no-front"
	phraseAccused          flow.Code = "phrase-accused"
	phraseHypothesis       flow.Code = "phrase-hypothesis"
	phraseMayBe            flow.Code = "phrase-may-be"
	phraseExplainsAll      flow.Code = "phrase-explains-all"  // how many
	phraseExplainsSome     flow.Code = "phrase-explains-some" // k, n, observations
	phraseContradicted     flow.Code = "phrase-contradicted"  // observations
	phraseNext             flow.Code = "phrase-next"
	phraseUnder            flow.Code = "phrase-under" // assumption, cause
	phraseAllExpected      flow.Code = "phrase-all-expected"
	phraseNoPolicy         flow.Code = "phrase-no-policy-involved"
	phraseNothing          flow.Code = "phrase-nothing-explains"
	phraseNobody           flow.Code = "phrase-nobody-accused"
	phraseTriage           flow.Code = "phrase-triage" // services, ports
	phraseTriageBroken     flow.Code = "phrase-triage-broken"
	phraseTriagePartial    flow.Code = "phrase-triage-partial"
	phraseTriageRestricted flow.Code = "phrase-triage-restricted"
	phraseTriageUnknown    flow.Code = "phrase-triage-unknown"
	phraseTriageHealthy    flow.Code = "phrase-triage-healthy" // ports
	phraseServices         flow.Code = "phrase-services"       // how many
	phraseOneService       flow.Code = "phrase-one-service"
	phraseMoreAbout        flow.Code = "phrase-more-about" // command
	phraseAndMore          flow.Code = "phrase-and-more"   // how many
	phraseNot              flow.Code = "phrase-not"        // who
	phraseNoServices       flow.Code = "phrase-no-services"
)

// Words for who is concerned.
const (
	wordOutside   flow.Code = "who-outside"
	wordOwnPods   flow.Code = "who-own-pods"
	wordOtherPods flow.Code = "who-other-pods"
	wordNodes     flow.Code = "who-nodes"
)
