package flow

// What a fix says (package explain). The English sentence of each stands above
// it, shortened; %[n]s are the Reason's Args.
const (
	// CodeFixNone says: nothing that can be printed as an object repairs this
	CodeFixNone Code = "fix-none"
	// CodeFixPending says: %[1]s has no address yet
	CodeFixPending Code = "fix-pending"
	// CodeFixNoFrom says: no from: policy sees %[1]s
	CodeFixNoFrom Code = "fix-no-from"
	// CodeFixTargetPort says: port %[1]s is the target port, %[2]s the Service's
	CodeFixTargetPort Code = "fix-target-port"
	// CodeFixNarrowed says: %[1]s also selects %[2]s, which nothing isolates
	CodeFixNarrowed Code = "fix-narrowed"
	// CodeFixWouldIsolate says: a policy would isolate %[1]s, which %[2]s selects too
	CodeFixWouldIsolate Code = "fix-would-isolate"
	// CodeFixSameLabels says: no labels tell %[1]s from other pods
	CodeFixSameLabels Code = "fix-same-labels"

	// CodeFixOpens says: from %[1]s to %[2]s on %[3]s
	CodeFixOpens Code = "fix-opens"
	// CodeFixOpensAll says: from everywhere to %[1]s on %[2]s
	CodeFixOpensAll Code = "fix-opens-all"
	// CodeFixOpensOutside says: from clients outside and every node to %[1]s on %[2]s
	CodeFixOpensOutside Code = "fix-opens-outside"
	// CodeFixAlsoOpens says: it also opens %[1]s to %[2]s on %[3]s
	CodeFixAlsoOpens Code = "fix-also-opens"
	// CodeFixCloses says: it closes %[1]s to %[2]s on %[3]s
	CodeFixCloses Code = "fix-closes"
	// CodeFixTooMany says: %[1]s kinds of peers were not compared
	CodeFixTooMany Code = "fix-too-many"
	// CodeFixWorse says: %[1]s at %[2]s was %[3]s and becomes %[4]s
	CodeFixWorse Code = "fix-worse"

	// CodeFixReselect says: %[1]s selects %[2]s, which nobody has; %[3]s selects %[4]s
	CodeFixReselect Code = "fix-reselect"
	// CodeFixNearest says: %[1]s selects %[2]s, which nobody has; nearest: %[3]s
	CodeFixNearest Code = "fix-nearest"
	// CodeFixNoPods says: %[1]s selects %[2]s, and namespace %[3]s has no pods
	CodeFixNoPods Code = "fix-no-pods"
	// CodeFixNoSelector says: %[1]s has no selector
	CodeFixNoSelector Code = "fix-no-selector"
	// CodeFixNotReady says: %[1]s are selected and not ready
	CodeFixNotReady Code = "fix-not-ready"
	// CodeFixSlices says: %[1]s selects %[2]s, but its EndpointSlices do not list them
	CodeFixSlices Code = "fix-slices"
	// CodeFixRetarget says: target port of %[1]s: %[2]s becomes %[3]s, the only one of %[4]s
	CodeFixRetarget Code = "fix-retarget"
	// CodeFixTargets says: target port of %[1]s is %[2]s, but %[3]s declare %[4]s
	CodeFixTargets Code = "fix-targets"
	// CodeFixAskPort says: %[1]s declare %[2]s
	CodeFixAskPort Code = "fix-ask-port"
	// CodeFixExternalCluster says: externalTrafficPolicy of %[1]s becomes Cluster
	CodeFixExternalCluster Code = "fix-external-cluster"
	// CodeFixInternalCluster says: internalTrafficPolicy of %[1]s becomes Cluster
	CodeFixInternalCluster Code = "fix-internal-cluster"
	// CodeFixRanges says: loadBalancerSourceRanges of %[1]s get %[2]s
	CodeFixRanges Code = "fix-ranges"
	// CodeFixRangesWhom says: loadBalancerSourceRanges of %[1]s need the client's address
	CodeFixRangesWhom Code = "fix-ranges-whom"
	// CodeFixAnnounce says: nothing announces %[1]s
	CodeFixAnnounce Code = "fix-announce"
	// CodeFixLoop says: %[1]s goes round between router and nodes
	CodeFixLoop Code = "fix-loop"
	// CodeFixReply says: the packet arrives, its reply takes another way
	CodeFixReply Code = "fix-reply"
	// CodeFixAddress says: %[1]s is nobody's
	CodeFixAddress Code = "fix-address"
	// CodeFixHairpin says: turn hairpin mode on
	CodeFixHairpin Code = "fix-hairpin"
	// CodeFixFamily says: %[1]s is of a family that who asks has not
	CodeFixFamily Code = "fix-family"

	// CodeNearServicePort says: port %[1]s, the Service's
	CodeNearServicePort Code = "near-service-port"
	// CodeNearNodePort says: port %[1]s, the NodePort
	CodeNearNodePort Code = "near-node-port"
	// CodeNearAnyNamespace says: from namespaceSelector {}
	CodeNearAnyNamespace Code = "near-any-namespace"
	// CodeNearKubeProxy says: from pods %[1]s of kube-system
	CodeNearKubeProxy Code = "near-kube-proxy"
	// CodeNearNodes says: from ipBlocks of the nodes: %[1]s
	CodeNearNodes Code = "near-nodes"
	// CodeNearClient says: from ipBlocks of the clients: %[1]s
	CodeNearClient Code = "near-client"
	// CodeNearLocal says: externalTrafficPolicy Local alone
	CodeNearLocal Code = "near-local"
	// CodeNearPodSelector says: from podSelector %[1]s alone, which means namespace %[2]s
	CodeNearPodSelector Code = "near-pod-selector"
	// CodeNearServiceBlock says: to ipBlock %[1]s, the Service's address
	CodeNearServiceBlock Code = "near-service-block"
	// CodeNearOneSide says: %[1]s alone
	CodeNearOneSide Code = "near-one-side"
	// CodeFixNotPods says: policy sees %[1]s, no pods' addresses
	CodeFixNotPods Code = "fix-not-pods"
	// CodeFixNotInBlocks says: policy sees %[1]s, in none of the blocks
	CodeFixNotInBlocks Code = "fix-not-in-blocks"

	// CodeAltLocal says: externalTrafficPolicy Local and from ipBlock %[1]s
	CodeAltLocal Code = "alternative-local"
	// CodeAltClients says: from ipBlock %[1]s
	CodeAltClients Code = "alternative-clients"
	// CodeAltNodes says: from ipBlocks %[1]s of the nodes
	CodeAltNodes Code = "alternative-nodes"
	// CodeAltNodesClients says: from ipBlocks %[1]s of the nodes, %[2]s of the clients
	CodeAltNodesClients Code = "alternative-nodes-clients"
	// CodePriceDead says: what enters by %[1]s is dropped
	CodePriceDead Code = "price-dead-entries"
	// CodePriceShared says: %[1]s is shared with %[2]s
	CodePriceShared Code = "price-shared"
	// CodePriceClients says: every client has to be listed
	CodePriceClients Code = "price-clients"
	// CodePriceThrough says: %[1]s gets in by %[2]s as well
	CodePriceThrough Code = "price-through-nodes"
	// CodePriceNodes says: changes with the nodes
	CodePriceNodes Code = "price-nodes-change"
)
