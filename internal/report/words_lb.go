package report

import "github.com/portolan-net/portolan/flow"

// englishAddresses is the catalogue of load balancer addresses.
var englishAddresses = map[flow.Code]string{
	flow.CodeShareCluster:   "MetalLB lets %[2]s and %[3]s share %[1]s: one key (%[4]s), both Cluster, different ports",
	flow.CodeShareSelector:  "MetalLB lets %[2]s and %[3]s share %[1]s: one key (%[4]s), both Local with the selector %[5]s, different ports",
	flow.CodeShareNoKey:     "%[2]s can't share %[1]s with %[3]s: %[4]s has no metallb.io/allow-shared-ip",
	flow.CodeShareKeys:      "%[2]s can't share %[1]s with %[3]s: their keys (metallb.io/allow-shared-ip) are %[4]s and %[5]s",
	flow.CodeSharePolicies:  "%[2]s can't share %[1]s with %[3]s: externalTrafficPolicy %[4]s and %[5]s; a router sends the whole address, so both must be Cluster, or both Local with the same selector",
	flow.CodeShareSelectors: "%[2]s can't share %[1]s with %[3]s: both are Local and their selectors are %[4]s and %[5]s; a router sends the whole address, so they must be the same, or both Cluster",
	flow.CodeSharePort:      "%[2]s can't share %[1]s with %[3]s: port %[4]s is already in use there by %[3]s",

	flow.CodePending:            "%[1]s has no load balancer address yet (pending)",
	flow.CodePendingNoPools:     "the input holds no IPAddressPool: who gives %[1]s an address is not known; kubectl get ipaddresspools,bgpadvertisements,l2advertisements,bgppeers -A -o yaml shows MetalLB's",
	flow.CodePendingAllocatable: "nothing in the input stands in the way: MetalLB would give %[1]s %[2]s of pool %[3]s; kubectl describe shows its events",
	flow.CodePendingOtherClass:  "loadBalancerClass %[2]s leaves %[1]s to another controller than MetalLB",
	flow.CodePendingTypo:        "%[1]s has the annotation %[2]s, which means nothing to MetalLB: did you mean %[3]s?",
	flow.CodePendingTwice:       "%[1]s asks for an address twice, by metallb.io/loadBalancerIPs and by spec.loadBalancerIP: MetalLB gives none",
	flow.CodePendingInvalid:     "%[1]s asks in %[2]s for %[3]s, which is no address",
	flow.CodePendingFamily:      "%[1]s asks for %[2]s and is a Service of %[3]s: one address for each family is expected",
	flow.CodePendingNoPool:      "no pool holds the requested address %[1]s (pools: %[2]s)",
	flow.CodePendingAvoided:     "pool %[2]s holds %[1]s, but avoids addresses that end in .0 or .255 (avoidBuggyIPs)",
	flow.CodePendingOtherPool:   "the requested address %[1]s is of pool %[2]s, and the annotation address-pool asks for %[3]s",
	flow.CodePendingUnknownPool: "the annotation address-pool asks for %[1]s, and there is no such pool (pools: %[2]s)",
	flow.CodeRequestChanged:     "%[1]s asks for %[2]s and has %[3]s",
	flow.CodePoolFull:           "pool %[1]s is full: %[2]s of %[3]s, held by %[4]s",
	flow.CodePoolNoFamily:       "pool %[1]s has no %[2]s address to give",
	flow.CodePoolNamespaces:     "pool %[1]s is for namespaces %[2]s, not for %[3]s",
	flow.CodePoolServices:       "pool %[1]s is for Services labelled %[2]s, which %[3]s is not",
	flow.CodePoolNotAuto:        "pool %[1]s has autoAssign: false, it must be asked for by the annotation metallb.io/address-pool",
	flow.CodePoolNobody:         "the namespaceSelectors of pool %[1]s match no namespace: it must be asked for by the annotation metallb.io/address-pool",
	flow.CodePoolsOverlap:       "pools %[1]s and %[2]s both hold addresses of %[3]s: MetalLB refuses this configuration and keeps the last valid one",

	flow.CodeDetectedRouter:    "no router is told: %[1]s routes are detected from %[2]s",
	flow.CodeNoPoolHolds:       "no IPAddressPool holds %[1]s: nobody announces it",
	flow.CodeNoAdvertisement:   "no %[2]s selects pool %[3]s: nobody announces %[1]s",
	flow.CodeAdNotForService:   "%[2]s selects pool %[3]s, but by its serviceSelectors not this Service: nobody announces %[1]s",
	flow.CodeAdNotForNodes:     "%[2]s selects none of the nodes that could announce %[1]s (%[3]s)",
	flow.CodeNoPeerOnNodes:     "none of the nodes that would announce %[1]s (%[3]s) has a session for it (%[2]s)",
	flow.CodeSharedAndSelected: "%[2]s has serviceSelectors, and MetalLB announces nothing with allow-shared-ip by such an advertisement: nobody answers for %[1]s",
	flow.CodeNothingServes:     "nothing behind %[1]s serves, so no node announces it",
	flow.CodeRoutedLeaders:     "%[1]s all answer for the address: the sharers' candidates differ",
	flow.CodeAssumedPeers:      "the input holds no BGPPeer: assumed that every node has a session with the router",
	flow.CodeAssumedInterfaces: "%[1]s answers on %[2]s only: assumed that the packet comes in there",

	phrasePendingLead:  "pending",
	phraseStaysCluster: "the one that changes its key, or becomes Local, loses the address",
	phraseStaysLocal:   "the one that changes its key or selector, or becomes Cluster, loses the address",
	phraseLosesIt:      "MetalLB takes %[2]s away from %[1]s: %[3]s",
	wordOneAddress:     "one address",
	wordNoSelector:     "empty",
}
