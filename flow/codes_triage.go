package flow

// What triage and diagnosis say: why a Service does not work, and what may
// stand behind what was seen.
const (
	// Why a Service port has no endpoint.
	CodeEmptyManual   Code = "empty-no-selector"       // service
	CodeEmptySelector Code = "empty-selector"          // service, selector
	CodeEmptyNear     Code = "empty-selector-near"     // service, selector, pod, its labels
	CodeEmptyOther    Code = "empty-other-namespace"   // service, selector, namespace
	CodeEmptyUnready  Code = "empty-not-ready"         // service, pods
	CodeEmptyPort     Code = "empty-no-such-port"      // service, port name, pods
	CodeEmptySlices   Code = "empty-slices-in-waiting" // service, pods

	// Causes: what the objects of the input do.
	CodeCausePolicy        Code = "cause-policy"         // policy
	CodeCausePolicies      Code = "cause-policies"       // policies
	CodeCauseSeveral       Code = "cause-several"        // objects
	CodeCauseRanges        Code = "cause-source-ranges"  // service
	CodeCauseLocal         Code = "cause-local"          // service, nodes
	CodeCauseInternalLocal Code = "cause-internal-local" // service, nodes
	CodeCauseListening     Code = "cause-not-listening"  // service or pod, port, pods, declared
	CodeCauseStranger      Code = "cause-stranger"       // service, port, pods, declared
	CodeCauseAnnounced     Code = "cause-not-announced"  // address, nodes
	CodeCausePending       Code = "cause-pending"        // service
	CodeCauseNoFront       Code = "cause-no-front"       // service, type
	CodeCauseDataplane     Code = "cause-dataplane"      // axis, value

	// Suspicions: what no object of the input shows.
	CodeSuspectNetwork  Code = "suspect-network"
	CodeSuspectOutside  Code = "suspect-outside"
	CodeSuspectNode     Code = "suspect-node"             // node
	CodeSuspectRefusing Code = "suspect-refusing-process" // endpoints
	CodeSuspectSilent   Code = "suspect-silent-process"   // endpoints
	CodeSuspectEndpoint Code = "suspect-endpoint"         // endpoint
	CodeSuspectPods     Code = "suspect-pod-network"
	CodeSuspectUnseen   Code = "suspect-unseen"
	CodeSuspectStale    Code = "suspect-stale"

	// What to run next.
	CodeNextRun     Code = "next-run"     // command
	CodeNextConnect Code = "next-connect" // place, command
	CodeNextFail    Code = "next-fail"    // place, command

	// Axes of the dataplane.
	CodeAxisPolicy     Code = "axis-policy"
	CodeAxisProxy      Code = "axis-proxy"
	CodeAxisProfile    Code = "axis-profile"
	CodeAxisPodNetwork Code = "axis-pod-network"
	CodeAxisMasquerade Code = "axis-masquerade-all"
	CodeAxisListening  Code = "axis-listening"

	// Triage: what is wrong with a group of Services.
	CodeTriageEmptySelector Code = "triage-empty-selector"
	CodeTriageEmptyUnready  Code = "triage-empty-not-ready"
	CodeTriageEmptyPort     Code = "triage-empty-no-such-port"
	CodeTriageEmptyManual   Code = "triage-empty-no-selector"
	CodeTriageEmptySlices   Code = "triage-empty-slices"
	CodeTriagePending       Code = "triage-pending"
	CodeTriageDenied        Code = "triage-denied-outside"      // policy
	CodeTriageSome          Code = "triage-denied-some-outside" // policy
	CodeTriageLocal         Code = "triage-local"
	CodeTriageListening     Code = "triage-not-listening"
	CodeTriageStranger      Code = "triage-stranger"
	CodeTriageAnnounced     Code = "triage-not-announced"
	CodeTriageRanges        Code = "triage-source-ranges"
	CodeTriageInside        Code = "triage-inside" // policy
	CodeTriageOther         Code = "triage-other"  // fate
	CodeTriageUnknown       Code = "triage-unknown"
)
