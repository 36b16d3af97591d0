package report

import "github.com/portolan-net/portolan/flow"

// The phrases of describe: a policy in words, a pod's policies in words.
const (
	phraseIsolatesBoth    flow.Code = "phrase-isolates-both"    // subjects
	phraseIsolatesIngress flow.Code = "phrase-isolates-ingress" // subjects
	phraseIsolatesEgress  flow.Code = "phrase-isolates-egress"  // subjects
	phraseIngressRule     flow.Code = "phrase-ingress-rule"     // sentence
	phraseIngressRules    flow.Code = "phrase-ingress-rules"    // sentence, number, of
	phraseEgressRule      flow.Code = "phrase-egress-rule"      // sentence
	phraseEgressRules     flow.Code = "phrase-egress-rules"     // sentence, number, of
	phraseNoIngressRule   flow.Code = "phrase-no-ingress-rule"
	phraseNoEgressRule    flow.Code = "phrase-no-egress-rule"
	phraseAllowsIn        flow.Code = "phrase-allows-in"        // subjects, ports, peer
	phraseAllowsTheseIn   flow.Code = "phrase-allows-these-in"  // subjects, ports
	phraseAllowsOut       flow.Code = "phrase-allows-out"       // subjects, ports, peer
	phraseAllowsTheseOut  flow.Code = "phrase-allows-these-out" // subjects, ports

	// Who.
	phraseEverybody       flow.Code = "phrase-everybody"
	phraseEverywhere      flow.Code = "phrase-everywhere"
	phraseAllPodsOf       flow.Code = "phrase-all-pods-of"        // namespace
	phrasePodsWith        flow.Code = "phrase-pods-with"          // namespace, labels
	phraseAllPodsOfAll    flow.Code = "phrase-all-pods-of-all"    //
	phrasePodsWithOfAll   flow.Code = "phrase-pods-with-of-all"   // labels
	phraseAllPodsOfThose  flow.Code = "phrase-all-pods-of-those"  // labels of namespaces
	phrasePodsWithOfThose flow.Code = "phrase-pods-with-of-those" // labels, labels of namespaces
	phraseLabels          flow.Code = "phrase-labels"             // labels
	phraseRequirements    flow.Code = "phrase-requirements"       // requirements
	phraseRequired        flow.Code = "phrase-required"           // requirement, requirement
	phraseLabelIn         flow.Code = "phrase-label-in"           // key, values
	phraseLabelNotIn      flow.Code = "phrase-label-not-in"       // key, values
	phraseLabelExists     flow.Code = "phrase-label-exists"       // key
	phraseLabelAbsent     flow.Code = "phrase-label-absent"       // key
	phraseAddresses       flow.Code = "phrase-addresses"          // ranges
	phraseBlock           flow.Code = "phrase-block"              // cidr, range
	phraseBlockExcept     flow.Code = "phrase-block-except"       // ranges, cidr, exceptions
	phraseNoAddress       flow.Code = "phrase-no-address"         // cidr, exceptions
	phraseEveryIPv4       flow.Code = "phrase-every-ipv4"
	phraseEveryIPv6       flow.Code = "phrase-every-ipv6"
	phraseKnown           flow.Code = "phrase-known"         // who, names, how many
	phraseKnownNone       flow.Code = "phrase-known-none"    // who
	phraseKnownPerhaps    flow.Code = "phrase-known-perhaps" // who, names
	phraseInBlock         flow.Code = "phrase-in-block"      // who, names
	phraseAnd             flow.Code = "phrase-and"           // a, b

	// Ports.
	phraseEveryPort   flow.Code = "phrase-every-port"
	phraseEveryPortOf flow.Code = "phrase-every-port-of" // protocol
	phrasePorts       flow.Code = "phrase-ports"         // port or range, protocol
	phraseNamedPort   flow.Code = "phrase-named-port"    // name, protocol
	phraseNamedPortIs flow.Code = "phrase-named-port-is" // port, numbers
	phraseNumberOn    flow.Code = "phrase-number-on"     // number, pods
	phraseNumberNone  flow.Code = "phrase-number-none"   // port

	// A pod.
	phraseOnNode       flow.Code = "phrase-on-node"    // node
	phraseHasLabels    flow.Code = "phrase-has-labels" // labels
	phraseIngress      flow.Code = "phrase-ingress"
	phraseEgress       flow.Code = "phrase-egress"
	phraseFreeIngress  flow.Code = "phrase-free-ingress"
	phraseFreeEgress   flow.Code = "phrase-free-egress"
	phraseOpenIngress  flow.Code = "phrase-open-ingress"  // policies, rules
	phraseOpenEgress   flow.Code = "phrase-open-egress"   // policies, rules
	phraseShutIngress  flow.Code = "phrase-shut-ingress"  // policies
	phraseShutEgress   flow.Code = "phrase-shut-egress"   // policies
	phraseUnionIngress flow.Code = "phrase-union-ingress" // policies
	phraseUnionEgress  flow.Code = "phrase-union-egress"  // policies
	phraseOnPorts      flow.Code = "phrase-on-ports"      // ports
	phraseUnionOf      flow.Code = "phrase-union-of"      // who, rules

	phraseRemarks flow.Code = "phrase-remarks"
	phraseRest    flow.Code = "phrase-rest"
)
