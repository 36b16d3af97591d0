package flow

// The codes about dataplanes that were not measured here, and what they do.
const (
	CodeAssumedUnmeasured   Code = "assumed-unmeasured"    // proxy and enforcer
	CodeAssumedUsualNetwork Code = "assumed-usual-network" // enforcer, pod network
	CodeAssumedPodEgress    Code = "assumed-pod-egress"    // enforcer, masquerade
	CodeAssumedNotSkipped   Code = "assumed-not-skipped"   // proxy

	CodeAssumedProxy    Code = "assumed-proxy"    // proxy
	CodeAssumedEnforcer Code = "assumed-enforcer" // enforcer

	// What the input itself shows of the dataplane.
	CodeDetectedProxy         Code = "detected-proxy"          // proxy, object
	CodeDetectedPolicy        Code = "detected-policy"         // enforcer, object
	CodeDetectedSeveral       Code = "detected-several"        // enforcers
	CodeDetectedPodNetwork    Code = "detected-pod-network"    // pod network, object
	CodeDetectedPodEgress     Code = "detected-pod-egress"     // masquerade, object
	CodeDetectedTunnel        Code = "detected-tunnel"         // plugin, object
	CodeDetectedClusterCIDR   Code = "detected-cluster-cidr"   // ranges, object
	CodeDetectedMasqueradeAll Code = "detected-masquerade-all" // value, object
	CodeDetectedUnmodelled    Code = "detected-unmodelled"     // setting, object
	CodeDetectedServiceCIDR   Code = "detected-service-cidr"   // ranges, object
	CodeDetectedPodsBeyond    Code = "detected-pods-beyond"    // proxy's ranges, object, pods' ranges, object
	CodeDetectedBlindProxy    Code = "detected-blind-proxy"    // object
	CodeDetectedHairpin       Code = "detected-hairpin"        // value, object
	CodeDetectedNoTunnel      Code = "detected-no-tunnel"      // plugin, object
	CodeDetectedMixedTunnel   Code = "detected-mixed-tunnel"   // setting, object
	CodeDetectedContradiction Code = "detected-contradiction"  // fact, value, object, other value, object
	CodeDetectedOverruled     Code = "detected-overruled"      // fact, value, object, value that counts, object

	// Inferred: follows from documents, and nobody has measured it.
	CodeInferredLooksLikeNode Code = "inferred-looks-like-node" // enforcer, address, node
	CodeInferredGateway       Code = "inferred-gateway"         // enforcer, address
	CodeInferredWorld         Code = "inferred-world"           // enforcer
	CodeInferredServiceIP     Code = "inferred-service-ip"      // enforcer, address

	CodeExemptLooksLikeNode Code = "exempt-looks-like-node" // address, node, pod
	CodeExemptForwardOnly   Code = "exempt-forward-only"    // enforcer, proxy, node
	CodeNotTakenFromOutside Code = "not-taken-from-outside" // proxy, address:port
	CodeStaysInPod          Code = "stays-in-pod"           // pod
	CodeFallsBack           Code = "falls-back"             // service:port, front, endpoint, k of n, address
	CodeUnusedBoundPort     Code = "unused-bound-port"      // address:port

	// Why another profile answers differently.
	CodeSinceAfterSNAT     Code = "since-after-snat"
	CodeSinceBeforeSNAT    Code = "since-before-snat"
	CodeSinceIdentities    Code = "since-identities"
	CodeSinceBeforeDNAT    Code = "since-before-dnat"
	CodeSinceSelf          Code = "since-self"
	CodeSinceNotEnforced   Code = "since-not-enforced"
	CodeSinceEnforced      Code = "since-enforced"
	CodeSinceDeny          Code = "since-deny"
	CodeSinceForwardOnly   Code = "since-forward-only"
	CodeSinceLocalBackends Code = "since-local-backends"
	CodeSincePodsKeep      Code = "since-pods-keep"
	CodeSinceSocket        Code = "since-socket"
	CodeSinceFallsBack     Code = "since-falls-back"
	CodeSinceClusterIPs    Code = "since-cluster-ips"
	CodeSincePolicy        Code = "since-policy"   // enforcer
	CodeSinceProxy         Code = "since-proxy"    // proxy
	CodeSinceNetwork       Code = "since-network"  // pod network
	CodeSinceEgress        Code = "since-egress"   // masquerade
	CodeSinceTogether      Code = "since-together" // proxy, enforcer, pod network

	CodeMissIdentity Code = "miss-identity" // cidr, address

	CodeDeviationIdentities  Code = "deviation-identities"
	CodeDeviationBeforeDNAT  Code = "deviation-before-dnat"
	CodeDeviationAfterSNAT   Code = "deviation-after-snat"
	CodeDeviationForwardOnly Code = "deviation-forward-only"
	CodeDeviationFallsBack   Code = "deviation-falls-back"
)
