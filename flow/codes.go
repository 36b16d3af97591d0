package flow

// The codes of what the walk says. The words are in internal/report; each code
// here has a sentence there in every language, and a test holds them together.
const (
	// Profile and Fabric: what was assumed.
	CodeAssumedProfile     Code = "assumed-profile"      // profile name
	CodeAssumedPodNetwork  Code = "assumed-pod-network"  // pod network
	CodeAssumedMasquerade  Code = "assumed-masquerade"   // node, address, where to
	CodeAssumedMasquerades Code = "assumed-masquerades"  // nodes with addresses, where to, how many
	CodeUnknownMasquerade  Code = "unknown-masquerade"   // node, where to
	CodeAssumedClusterCIDR Code = "assumed-cluster-cidr" // cidrs
	CodeNoClusterCIDR      Code = "no-cluster-cidr"
	CodeAssumedClient      Code = "assumed-client" // address
	CodeAssumedRouter      Code = "assumed-router"
	CodeAssumedRouted      Code = "assumed-routed"       // target, node: via forces
	CodeAssumedListening   Code = "assumed-listening"    // pod, port
	CodeAssumedNodeListens Code = "assumed-node-listens" // node, port
	CodeAssumedOutside     Code = "assumed-outside"      // address
	CodeAssumedAffinity    Code = "assumed-affinity"     // service
	CodeAssumedOwner       Code = "assumed-owner"        // services that claim one address
	CodeAssumedSelfJudged  Code = "assumed-self-judged"
	CodeNoPolicyInInput    Code = "no-policy-in-input"
	CodeNotEnforced        Code = "policies-not-enforced"

	// Hops.
	CodeSent              Code = "sent"                       // source
	CodeSentByProcess     Code = "sent-by-process"            // node, source
	CodeSentByHostPod     Code = "sent-by-host-pod"           // pod, node
	CodeLoopback          Code = "loopback"                   // pod
	CodeRouted            Code = "routed"                     // node, how many, why
	CodeRoutedOne         Code = "routed-one"                 // node, how, of how many
	CodeRoutedLeader      Code = "routed-leader"              // node, of how many
	CodeAssumedNextHop    Code = "assumed-next-hop"           // router, node
	CodeAssumedLeader     Code = "assumed-leader"             // node
	CodeRoutedVia         Code = "routed-via"                 // node
	CodeRoutedToOwner     Code = "routed-to-owner"            // node
	CodeNotAnnounced      Code = "not-announced"              // address, why
	CodeNoRoute           Code = "no-route"                   // address
	CodeNoFamily          Code = "no-family"                  // who, family
	CodeInRanges          Code = "in-source-ranges"           // source, service
	CodeOutsideRanges     Code = "outside-source-ranges"      // source, service
	CodeCaptured          Code = "captured"                   // service:port, front, endpoint, k of n
	CodeCapturedLocal     Code = "captured-local"             // service:port, front, endpoint: traffic policy Local
	CodeShortCircuitPod   Code = "short-circuit-pod"          // service
	CodeShortCircuitNode  Code = "short-circuit-node"         // service
	CodeNoEndpoints       Code = "no-endpoints"               // service:port
	CodeNoLocalEndpoint   Code = "no-local-endpoint"          // service:port, node
	CodeNotCaptured       Code = "not-captured"               // address:port
	CodeNotCapturedProxy  Code = "not-captured-ip-mode-proxy" // address, service
	CodeUnusedClusterPort Code = "unused-cluster-port"        // address:port
	CodeUnallocatedIP     Code = "unallocated-service-ip"     // address
	CodeEmptySkipped      Code = "empty-external-skipped"     // service:port
	CodeForwarded         Code = "forwarded"                  // to
	CodeMasqueraded       Code = "masqueraded"                // address, to where
	CodeMasqueradedSelf   Code = "masqueraded-hairpin"        // address
	CodeMasqueradedCNI    Code = "masqueraded-by-cni"         // address
	CodeSourceKept        Code = "source-kept"                // why
	CodeInputKeepsSource  Code = "input-keeps-source"
	CodeLoop              Code = "loop"              // address, machine
	CodeDelivered         Code = "delivered"         // who, source
	CodeNotListening      Code = "not-listening"     // who, port, declared
	CodeNoPod             Code = "no-pod"            // address
	CodeClosedToUnknown   Code = "closed-to-unknown" // address, node
	CodeReplyReturns      Code = "reply-returns"
	CodeReplyTranslated   Code = "reply-translated" // node
	CodeReplyLost         Code = "reply-lost"       // node
	CodeSelfSource        Code = "self-source"      // pod
	CodeOwnSource         Code = "own-source"       // node, address
	CodeBridgeHairpin     Code = "bridge-hairpin"   // node
	CodeErrorLost         Code = "error-lost"       // node
	CodeErrorDropped      Code = "error-dropped"    // pod, profile

	// Policy.
	CodeNotIsolated      Code = "not-isolated"         // pod, direction
	CodeAdmitted         Code = "admitted"             // pod, direction, peer, port
	CodeDenied           Code = "denied"               // pod, direction, peer, port
	CodeExemptNode       Code = "exempt-resident-node" // node, pod
	CodeForeignProxy     Code = "foreign-proxy"        // service, address
	CodeHealthCheck      Code = "health-check"         // service, node
	CodeExemptRoot       Code = "exempt-root-process"  // node
	CodeExemptNodePort   Code = "exempt-node-port-range"
	CodeExemptSelf       Code = "exempt-self"       // pod
	CodeForeignPolicy    Code = "foreign-policy"    // objects, pod
	CodePodUnknown       Code = "pod-unknown"       // pod
	CodeNamespaceUnknown Code = "namespace-unknown" // namespace
	CodeAddressUnknown   Code = "address-unknown"   // where
	CodeMissingKind      Code = "missing-kind"      // kinds
	CodeUnreadKind       Code = "unread-kind"       // kind, right

	// Why a rule does not admit.
	CodeMissNothing     Code = "miss-no-rules"             // direction
	CodeMissSelector    Code = "miss-selector"             // selector, peer
	CodeMissNamespace   Code = "miss-namespace"            // selector, namespace
	CodeMissNotPod      Code = "miss-not-a-pod"            // address
	CodeMissOtherNS     Code = "miss-other-namespace"      // policy namespace, pod's
	CodeMissBlock       Code = "miss-ip-block"             // cidr, address
	CodeMissExcept      Code = "miss-except"               // except, address
	CodeMissPort        Code = "miss-port"                 // ports of the rule, port
	CodeMissPortIsFront Code = "miss-port-is-service-port" // rule port, target port
	CodeMissProtocol    Code = "miss-protocol"             // protocol
	CodeMissNamedPort   Code = "miss-named-port"           // name

	// Deviations of a dataplane from the API (docs/semantics.md).
	CodeDeviationSharedChains  Code = "deviation-shared-chains"
	CodeDeviationSelfEither    Code = "deviation-self-either"
	CodeDeviationUnresolved    Code = "deviation-unresolved-port"
	CodeDeviationEgressName    Code = "deviation-egress-name"
	CodeDeviationBothEnds      Code = "deviation-both-ends"
	CodeDeviationErrors        Code = "deviation-drops-proxy-errors"
	CodeDeviationNodePortRange Code = "deviation-node-port-range"
	CodeDeviationHairpinRemote Code = "deviation-hairpin-remote"
	CodeDeviationEmptyExternal Code = "deviation-empty-external"
)
