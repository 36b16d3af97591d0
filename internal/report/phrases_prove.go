package report

import "github.com/portolan-net/portolan/flow"

// The phrases of a proof.
const (
	phraseProveBuilt     flow.Code = "phrase-prove-built"     // machines, kernel
	phraseProveMachines  flow.Code = "phrase-prove-machines"  // nodes, pods, clients, routers
	phraseProveRules     flow.Code = "phrase-prove-rules"     // rules, rows
	phraseProveDataplane flow.Code = "phrase-prove-dataplane" // proxy, policy, pod network
	phraseProveBefore    flow.Code = "phrase-prove-before-snat"
	phraseProveAfter     flow.Code = "phrase-prove-after-snat"
	phraseProveDrop      flow.Code = "phrase-prove-drop"
	phraseProveReject    flow.Code = "phrase-prove-reject"
	phraseProveAll       flow.Code = "phrase-prove-masquerade-all"
	phraseProveReplaced  flow.Code = "phrase-prove-replaced" // part, flags
	phraseProveIdentity  flow.Code = "phrase-prove-identity" // part

	phraseProveDiffers     flow.Code = "phrase-prove-differs"
	phraseProveUnpredicted flow.Code = "phrase-prove-unpredicted" // outcome
	phraseProveUnseen      flow.Code = "phrase-prove-unseen"      // outcome, tries
	phraseProveUnsticky    flow.Code = "phrase-prove-unsticky"
	phraseProveOther       flow.Code = "phrase-prove-other-policies" // node, policies
	phraseProveMore        flow.Code = "phrase-prove-more"           // how many

	phraseProveColumnFrom      flow.Code = "phrase-prove-column-from"
	phraseProveColumnVia       flow.Code = "phrase-prove-column-via"
	phraseProveColumnPredicted flow.Code = "phrase-prove-column-predicted"
	phraseProveColumnKernel    flow.Code = "phrase-prove-column-kernel"
	phraseProveColumnFixed     flow.Code = "phrase-prove-column-fixed"
	phraseProvePods            flow.Code = "phrase-prove-pods"     // how many, namespace
	phraseProvePodsOf          flow.Code = "phrase-prove-pods-of"  // how many, namespaces
	phraseProveServices        flow.Code = "phrase-prove-services" // kind of address
	phraseProveAnyPod          flow.Code = "phrase-prove-any-pod"
	phraseProveDropsBy         flow.Code = "phrase-prove-drops-by" // label
	phraseProveAdmitted        flow.Code = "phrase-prove-admitted" // label
	phraseProveAdmits          flow.Code = "phrase-prove-admits"   // node, rules, packets
	phraseProveDropped         flow.Code = "phrase-prove-dropped"  // node, policies, direction
	phraseProveStranger        flow.Code = "phrase-prove-stranger" // node, direction
	phraseProveAnswered        flow.Code = "phrase-prove-answered" // label
	phraseProveSaw             flow.Code = "phrase-prove-saw"      // label
	phraseProveUnproved        flow.Code = "phrase-prove-unproved" // label
	phraseProveBecause         flow.Code = "phrase-prove-because"  // reason, how many, examples
	phraseProveLeft            flow.Code = "phrase-prove-left"     // label
	phraseProveLeftOut         flow.Code = "phrase-prove-left-out" // asked, all
	phraseProveSum             flow.Code = "phrase-prove-sum"      // questions, as predicted, differ
	phraseProveSumOne          flow.Code = "phrase-prove-sum-one"  // questions, as predicted, differ
	phraseProveKept            flow.Code = "phrase-prove-kept"
	phraseProveKeptLab         flow.Code = "phrase-prove-kept-lab" // name
	phraseProveSumNot          flow.Code = "phrase-prove-sum-not"  // not provable
	phraseProveTook            flow.Code = "phrase-prove-took"     // connections, seconds
	phraseProveFixed           flow.Code = "phrase-prove-fixed"    // label
	phraseProveFixedBy         flow.Code = "phrase-prove-fixed-by" // object, question
	phraseProveFixless         flow.Code = "phrase-prove-fixless"  // question
	phraseProveNeedless        flow.Code = "phrase-prove-needless" // question
	phraseProveNotCured        flow.Code = "phrase-prove-not-cured"
	phraseProveSame            flow.Code = "phrase-prove-same" // how many
	phraseProveCaptured        flow.Code = "phrase-prove-captured"
	phraseProvePackets         flow.Code = "phrase-prove-packets" // machine, file, packets
	phraseProveRoad            flow.Code = "phrase-prove-road"    // node, tuple
	phraseProveEndAll          flow.Code = "phrase-prove-end-all" // verdict, rules
	phraseProveEnd             flow.Code = "phrase-prove-end"     // verdict, rules, not shown
	phraseProveTimes           flow.Code = "phrase-prove-times"   // how many

	phraseProveUnknown  flow.Code = "phrase-prove-unknown"
	phraseProveSCTP     flow.Code = "phrase-prove-sctp"
	phraseProvePending  flow.Code = "phrase-prove-pending"
	phraseProveUnread   flow.Code = "phrase-prove-unread"
	phraseProveNoSender flow.Code = "phrase-prove-no-sender"
)
