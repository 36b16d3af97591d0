package report

import "github.com/portolan-net/portolan/flow"

// englishProfile is about dataplanes that are read rather than measured.
var englishProfile = map[flow.Code]string{
	flow.CodeAssumedUnmeasured:   "how %[1]s behaves is read in documentation and source, not measured with packets",
	flow.CodeAssumedUsualNetwork: "the pod network is not told: assumed %[2]s, as %[1]s has it, so masquerade toward pods uses the first address of each node's pod CIDR",
	flow.CodeAssumedPodEgress:    "what the pod network itself masquerades is not told: assumed %[2]s, the default of %[1]s",
	flow.CodeAssumedNotSkipped:   "what %[1]s translates leaves by output and never meets forward: an enforcer of that hook alone would not see it; assumed that this one does",

	flow.CodeAssumedProxy:    "the Service proxy is not told: assumed %[1]s",
	flow.CodeAssumedEnforcer: "the NetworkPolicy enforcer is not told: assumed %[1]s",

	flow.CodeDetectedProxy:         "detected: Service proxy %[1]s, because of %[2]s",
	flow.CodeDetectedPolicy:        "detected: NetworkPolicy enforcer %[1]s, because of %[2]s",
	flow.CodeDetectedSeveral:       "several NetworkPolicy enforcers show in the input (%[1]s): which one enforces is not told",
	flow.CodeDetectedPodNetwork:    "detected: pod network %[1]s, because of %[2]s",
	flow.CodeDetectedPodEgress:     "detected: the pod network masquerades %[1]s, because of %[2]s",
	flow.CodeDetectedTunnel:        "detected: tunnels of %[1]s, whose addresses nodes use toward pods on other nodes, because of %[2]s",
	flow.CodeDetectedClusterCIDR:   "detected: cluster CIDR %[1]s, because of %[2]s",
	flow.CodeDetectedMasqueradeAll: "detected: masqueradeAll %[1]s, because of %[2]s",
	flow.CodeDetectedUnmodelled:    "%[2]s sets %[1]s, which is not modelled: the answer is that of the default",

	flow.CodeInferredLooksLikeNode: "%[1]s sees the packet behind the masquerade, from %[2]s, an address of %[3]s itself, and lets it pass as the resident node's: inferred from documents, not measured",
	flow.CodeInferredGateway:       "%[1]s sees the packet behind the masquerade and judges it by %[2]s, since only what the node's own processes generate is exempt: inferred from documents, not measured",
	flow.CodeInferredWorld:         "%[1]s takes the packet for one from outside the cluster without an address: only an ipBlock of every address matches it; inferred from documents, not measured",
	flow.CodeInferredServiceIP:     "%[1]s judges egress before DNAT: a rule for pods is taken to admit %[2]s, the cluster IP of a Service before them; inferred from its source, not measured",

	flow.CodeExemptLooksLikeNode: "the masqueraded packet shows %[1]s, an address of node %[2]s: policy of %[3]s lets it pass as the resident node's",
	flow.CodeExemptForwardOnly:   "%[1]s looks at the forward hook alone, and what %[2]s translates on %[3]s does not meet it",
	flow.CodeNotTakenFromOutside: "%[1]s takes the cluster IP %[2]s from inside the cluster only",
	flow.CodeStaysInPod:          "%[1]s is given itself when it connects: the packet never leaves the pod",
	flow.CodeFallsBack:           "%[1]s (%[2]s), traffic policy Local and no endpoint here: endpoint %[3]s at %[6]s all the same, %[4]s of %[5]s",
	flow.CodeUnusedBoundPort:     "every node holds this address and no Service has port %[1]s: rejected",

	flow.CodeSinceAfterSNAT:     "policy sees the node's address after SNAT",
	flow.CodeSinceBeforeSNAT:    "policy sees the source before SNAT",
	flow.CodeSinceIdentities:    "an ipBlock matches neither pods nor nodes",
	flow.CodeSinceBeforeDNAT:    "egress is judged before DNAT",
	flow.CodeSinceSelf:          "a pod that reaches itself through a Service is judged otherwise",
	flow.CodeSinceNotEnforced:   "nobody enforces NetworkPolicies",
	flow.CodeSinceEnforced:      "NetworkPolicies are enforced",
	flow.CodeSinceDeny:          "what policy denies is rejected in the one and dropped in the other",
	flow.CodeSinceForwardOnly:   "the enforcer does not see what leaves by output",
	flow.CodeSinceLocalBackends: "endpoints on the node that a client enters see the client, not the node",
	flow.CodeSincePodsKeep:      "the proxy does not masquerade pods",
	flow.CodeSinceSocket:        "pods and processes are given the endpoint when they connect",
	flow.CodeSinceFallsBack:     "a Local traffic policy without an endpoint here takes those elsewhere",
	flow.CodeSinceClusterIPs:    "cluster IPs are taken from inside only",
	flow.CodeSincePolicy:        "%[1]s enforces otherwise",
	flow.CodeSinceProxy:         "%[1]s forwards otherwise",
	flow.CodeSinceNetwork:       "nodes use other source addresses on a pod network of kind %[1]s",
	flow.CodeSinceEgress:        "the pod network's own masquerade is %[1]s",
	flow.CodeSinceTogether:      "%[1]s, %[2]s and the pod network %[3]s differ together",

	phraseOthers:      "otherwise",
	phraseOther:       "under %[1]s: %[2]s",
	phraseOtherPaths:  "%[1]s %[2]s of %[3]s",
	phraseOtherVia:    "%[1]s (via %[2]s)",
	phraseOtherSees:   "a client sees: %[1]s",
	phraseOtherSince:  "since %[1]s",
	phraseOtherPlace:  "%[1]s, %[2]s: %[3]s instead of %[4]s",
	phraseOtherPlaces: "and %[1]s more",

	flow.CodeMissIdentity: "%[2]s is of the cluster, and an ipBlock (%[1]s) names only what is outside",

	flow.CodeDeviationIdentities:  "%[1]s denies this although an ipBlock holds the address: it tells pods and nodes by identity, not by address",
	flow.CodeDeviationBeforeDNAT:  "%[1]s judges egress with the Service's address and port, before DNAT; behind it the answer would differ",
	flow.CodeDeviationAfterSNAT:   "%[1]s judges ingress behind the masquerade of the same node; before it the answer would differ",
	flow.CodeDeviationForwardOnly: "%[1]s never sees this packet, which leaves by output: its policies do not protect the pod here",
	flow.CodeDeviationFallsBack:   "%[1]s sends what a Local traffic policy keeps here to endpoints elsewhere where this node has none",
}
