package cluster

// The built-in profiles. Each fact names where it was read or measured; the
// measured ones are repeated with their scenario in docs/semantics.md.

// proxies are the Service proxies by name.
var proxies = map[string]ProxyProfile{
	"kube-proxy-nftables": {
		Name:             "kube-proxy-nftables",
		Source:           "kube-proxy v1.37 pkg/proxy/nftables",
		Captures:         true,
		ChecksClusterIPs: true,
		HairpinLocalOnly: true,
		RangesBeforeDNAT: true,
		DetectsLocalPods: true,
	},
	"kube-proxy-iptables": {
		Name:                      "kube-proxy-iptables",
		Source:                    "kube-proxy v1.37 pkg/proxy/iptables",
		Captures:                  true,
		NodePortOnEveryAddress:    true,
		RangesNeedEndpoints:       true,
		ProcessSkipsEmptyExternal: true,
		DetectsLocalPods:          true,
	},
}

// enforcers are the NetworkPolicy enforcers by name.
var enforcers = map[string]PolicyProfile{
	// The API by the letter, at netfilter's usual place.
	"generic": {
		Name:     "generic",
		Source:   "Kubernetes documentation, concepts/services-networking/network-policies",
		Enforces: true,
		SelfOpen: true,
	},
	// No enforcer: NetworkPolicies are stored and have no effect ("Creating a
	// NetworkPolicy resource without a controller that implements it will have no
	// effect").
	"none": {
		Name:   "none",
		Source: "Kubernetes documentation, concepts/services-networking/network-policies",
	},
	"kube-router": {
		Name:                    "kube-router",
		Source:                  "kube-router after v2.9.0, pkg/controllers/netpol, and packets",
		Enforces:                true,
		Deny:                    DenyReject,
		Self:                    SelfEither,
		BeforeProxyVerdicts:     true,
		SharedChains:            true,
		UnresolvedPortOpens:     true,
		EgressNameWithoutPeer:   true,
		EgressBlockIgnoresNames: true,
		SkipsNodePortRange:      true,
	},
	"kube-network-policies": {
		Name:             "kube-network-policies",
		Source:           "kube-network-policies 5f81cc3, pkg/dataplane and pkg/networkpolicy, and packets",
		Enforces:         true,
		Span:             SpanBothEnds,
		RootBypasses:     true,
		DropsProxyErrors: true,
	},
}

// bundles are what dataplane.profile may name: a proxy and an enforcer.
var bundles = map[string][2]string{
	"generic":               {"kube-proxy-nftables", "generic"},
	"kube-router":           {"kube-proxy-nftables", "kube-router"},
	"kube-network-policies": {"kube-proxy-nftables", "kube-network-policies"},
	"none":                  {"kube-proxy-nftables", "none"},
}
