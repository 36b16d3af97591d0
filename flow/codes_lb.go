package flow

// The codes of load balancer addresses: who may share one, why a Service has
// none, who announces it. Arguments that begin with an address hold
// "@one-address" where none is meant in particular.
const (
	// Whether two Services may have one address; address, one, the other first.
	CodeShareCluster   Code = "share-both-cluster"     // address, a, b, key
	CodeShareSelector  Code = "share-same-selector"    // address, a, b, key, selector
	CodeShareNoKey     Code = "share-no-key"           // address, a, b, who has no key
	CodeShareKeys      Code = "share-keys-differ"      // address, a, b, key of a, key of b
	CodeSharePolicies  Code = "share-policies-differ"  // address, a, b, policy of a, policy of b
	CodeShareSelectors Code = "share-selectors-differ" // address, a, b, selector of a, selector of b
	CodeSharePort      Code = "share-port-in-use"      // address, a, b, port

	// Why a Service has no address.
	CodePending            Code = "pending"                 // service
	CodePendingNoPools     Code = "pending-no-pools"        // service
	CodePendingAllocatable Code = "pending-allocatable"     // service, addresses, pool
	CodePendingOtherClass  Code = "pending-other-class"     // service, class
	CodePendingTypo        Code = "pending-annotation-typo" // service, annotation, what was meant
	CodePendingTwice       Code = "pending-requested-twice" // service
	CodePendingInvalid     Code = "pending-request-invalid" // service, field, value
	CodePendingFamily      Code = "pending-request-family"  // service, addresses
	CodePendingNoPool      Code = "pending-no-pool-holds"   // addresses, pools
	CodePendingAvoided     Code = "pending-address-avoided" // address, pool
	CodePendingOtherPool   Code = "pending-other-pool"      // addresses, their pool, the pool asked for
	CodePendingUnknownPool Code = "pending-unknown-pool"    // pool asked for, pools
	CodeRequestChanged     Code = "request-changed"         // service, addresses asked for, addresses it has
	CodePoolFull           Code = "pool-full"               // pool, used, of, holders
	CodePoolNoFamily       Code = "pool-no-family"          // pool, family
	CodePoolNamespaces     Code = "pool-for-namespaces"     // pool, namespaces, namespace
	CodePoolServices       Code = "pool-for-services"       // pool, selectors, service
	CodePoolNotAuto        Code = "pool-not-auto-assign"    // pool
	CodePoolNobody         Code = "pool-for-nobody"         // pool
	CodePoolsOverlap       Code = "pools-overlap"           // pool, pool, range

	// Who announces an address.
	CodeDetectedRouter    Code = "detected-router"               // how, advertisements
	CodeNoPoolHolds       Code = "announced-by-nobody-pool"      // address
	CodeNoAdvertisement   Code = "no-advertisement"              // address, kind, pool
	CodeAdNotForService   Code = "advertisement-not-for-service" // address, advertisements, pool
	CodeAdNotForNodes     Code = "advertisement-not-for-nodes"   // address, advertisements, nodes that could
	CodeNoPeerOnNodes     Code = "no-peer-on-nodes"              // address, peers, nodes that could
	CodeSharedAndSelected Code = "shared-and-service-selected"   // address, advertisement
	CodeNothingServes     Code = "nothing-serves"                // address
	CodeRoutedLeaders     Code = "routed-leaders"                // nodes
	CodeAssumedNoAds      Code = "assumed-no-advertisement"
	CodeAssumedPeers      Code = "assumed-peers"
	CodeAssumedInterfaces Code = "assumed-interfaces" // advertisement, interfaces
)
