package report

import "github.com/portolan-net/portolan/flow"

// The phrases of probe.
const (
	helpProbe flow.Code = "help-probe"

	phraseProbePlan      flow.Code = "phrase-probe-plan"      // id, from, to
	phraseProbeBy        flow.Code = "phrase-probe-by"        // lead
	phraseProbeBounds    flow.Code = "phrase-probe-bounds"    // lead
	phraseProbeLimits    flow.Code = "phrase-probe-limits"    // connections, rate, timeout
	phraseProbeDial      flow.Code = "phrase-probe-dial"      //
	phraseProbeExec      flow.Code = "phrase-probe-exec"      // place, containers
	phraseProbeEphemeral flow.Code = "phrase-probe-ephemeral" // image, place
	phraseProbePod       flow.Code = "phrase-probe-pod"       // name, node, image, seconds
	phraseProbeElse      flow.Code = "phrase-probe-else"      // first, then
	phraseProbeRuns      flow.Code = "phrase-probe-runs"      // lead
	phraseProbeFirst     flow.Code = "phrase-probe-first"     //
	phraseProbeOneOf     flow.Code = "phrase-probe-one-of"    //
	phraseProbeCreates   flow.Code = "phrase-probe-creates"   //
	phraseProbeGoes      flow.Code = "phrase-probe-goes"      //
	phraseProbeNote      flow.Code = "phrase-probe-note"      // lead
	phraseProbeStage     flow.Code = "phrase-probe-stage"     // column
	phraseProbeAddress   flow.Code = "phrase-probe-address"   // column
	phraseProbeTimes     flow.Code = "phrase-probe-times"     // column
	phraseProbeAsked     flow.Code = "phrase-probe-stage-asked"
	phraseProbeDirect    flow.Code = "phrase-probe-stage-direct"
	phraseProbeNode      flow.Code = "phrase-probe-stage-node"
	phraseProbeAgrees    flow.Code = "phrase-probe-agrees"
	phraseProbeDiffers   flow.Code = "phrase-probe-differs"
	phraseProbeUndecided flow.Code = "phrase-probe-undecided"
	phraseProbeNothing   flow.Code = "phrase-probe-nothing"
	phraseProbeServers   flow.Code = "phrase-probe-servers" // who answered, how often
	phraseProbeSources   flow.Code = "phrase-probe-sources" // sources seen
	phraseProbeWrong     flow.Code = "phrase-probe-wrong"
	phraseProbeTrust     flow.Code = "phrase-probe-trust"
	phraseProbeProfiles  flow.Code = "phrase-probe-profiles"
	phraseProbeLeftovers flow.Code = "phrase-probe-leftovers" // how many
	phraseProbeNoneLeft  flow.Code = "phrase-probe-none-left"
	phraseProbeRemoved   flow.Code = "phrase-probe-removed" // how many
	phraseProbeConfirm   flow.Code = "phrase-probe-confirm"
	phraseProbeRemove    flow.Code = "phrase-probe-remove"
	phraseProbeRights    flow.Code = "phrase-probe-rights" // granted, all
	phraseProbeBind      flow.Code = "phrase-probe-bind"
)
