package cluster

// The built-in profiles. Each fact names where it was read or measured; the
// measured ones are repeated with their scenario in docs/semantics.md. What is
// not measured is marked so, and answers under it say it.

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
	// The addresses are bound to the device kube-ipvs0 of every node. Local without
	// a local endpoint once meant nobody (kubernetes/kubernetes#92857) and since
	// kubernetes/kubernetes#97081 means everybody, "but the reply will have the POD
	// address". What IPVS translates meets input and output (#68055), and unused
	// ports of a bound address are rejected (KUBE-IPVS-FILTER, #72236).
	"kube-proxy-ipvs": {
		Name:                   "kube-proxy-ipvs",
		Source:                 "kube-proxy v1.31 pkg/proxy/ipvs/proxier.go, syncEndpoint and writeIptablesRules",
		Captures:               true,
		NodePortOnEveryAddress: true,
		HairpinLocalOnly:       true,
		DetectsLocalPods:       true,
		LocalFallsBack:         true,
		BindsAddresses:         true,
		SkipsForward:           true,
		Unmeasured:             true,
	},
	// kubeProxyReplacement with the default mode SNAT and the socket load balancer.
	"cilium": {
		Name: "cilium",
		Source: "cilium Documentation/network/kubernetes/kubeproxy-free.rst; " +
			"cilium/cilium#12311 for externalTrafficPolicy: Local inside the cluster",
		Captures:                true,
		NodePortOnEveryAddress:  true,
		RangesBeforeDNAT:        true,
		DetectsLocalPods:        true,
		LocalBackendsKeepSource: true,
		PodsKeepSource:          true,
		AtSocket:                true,
		ClusterIPsInsideOnly:    true,
		Unmeasured:              true,
	},
	// AntreaProxy with proxyAll: "SNATMark" marks only what goes from the gateway to
	// the tunnel, and hairpins.
	"antrea": {
		Name:                    "antrea",
		Source:                  "antrea docs/design/ovs-pipeline.md, SNATMark and SNAT; docs/antrea-proxy.md",
		Captures:                true,
		NodePortOnEveryAddress:  true,
		RangesBeforeDNAT:        true,
		DetectsLocalPods:        true,
		LocalBackendsKeepSource: true,
		PodsKeepSource:          true,
		Unmeasured:              true,
	},
	// Our own: what kube-proxy's nftables mode does.
	"portolan": {
		Name:             "portolan",
		Source:           "docs/semantics.md, S1 to T22",
		Captures:         true,
		ChecksClusterIPs: true,
		HairpinLocalOnly: true,
		RangesBeforeDNAT: true,
		DetectsLocalPods: true,
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
	// Our own: the API by the letter, a pod that reaches itself judged.
	"portolan": {
		Name:        "portolan",
		Source:      "docs/semantics.md, P1 to P22",
		Enforces:    true,
		FailsClosed: true,
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
	// FORWARD, by the pod's interface, before masquerade. That it sees
	// what IPVS sends through output is inferred: "v3.0 required for IPVS
	// NetworkPolicy support" (kubernetes/kubernetes#59656); #2165 reports otherwise.
	"calico": {
		Name: "calico",
		Source: "calico felix/rules/static.go and endpoints.go: from the host to a workload is not policed, " +
			"forward is; projectcalico/calico#2165 for IPVS",
		Enforces:   true,
		Unmeasured: true,
	},
	// An enforcer that looks at forward and knows nothing of IPVS.
	"forward-only": {
		Name:        "forward-only",
		Source:      "kubernetes/kubernetes#68055, projectcalico/calico#2165",
		Enforces:    true,
		ForwardOnly: true,
		Unmeasured:  true,
	},
	// tc at the pod, by the identity of the other end: nodes and pods have one of
	// their own, so no CIDR names them (policy-cidr-match-mode is empty by
	// default); hairpins are always allowed (cilium/cilium#15321, #27798).
	"cilium": {
		Name: "cilium",
		Source: "cilium Documentation/security/policy/caveats.rst and network/kubernetes/policy.rst; " +
			"cilium/cilium#9209, #20550",
		Enforces:        true,
		AfterSNAT:       true,
		Self:            SelfExempt,
		Identities:      true,
		WorldOverTunnel: true,
		Unmeasured:      true,
	},
	// eBPF at the pod's veth: egress before kube-proxy's DNAT, ingress behind its
	// masquerade, with the node's own address in the allow list.
	"aws": {
		Name: "aws",
		Source: "aws-network-policy-agent#56, #166; amazon-network-policy-controller-k8s pkg/resolvers; " +
			"open-telemetry/opentelemetry-operator#5621",
		Enforces:         true,
		AfterSNAT:        true,
		EgressBeforeDNAT: true,
		Unmeasured:       true,
	},
	// The OVS pipeline: only what the node's processes generate is marked and
	// exempt (antrea-io/antrea#280, #1816); hairpins are exempt (#5687).
	"antrea": {
		Name:                 "antrea",
		Source:               "antrea docs/design/ovs-pipeline.md, docs/antrea-network-policy.md; antrea-io/antrea#1816, #5687",
		Enforces:             true,
		AfterSNAT:            true,
		ExemptsProcessesOnly: true,
		Self:                 SelfExempt,
		Unmeasured:           true,
	},
}

// besideOthers is where an enforcer differs beside a proxy that is not its own.
var besideOthers = map[string]func(*PolicyProfile){
	// "In the tunneling mode ... the request to the service will have the
	// reserved:world security identity" is said of Cilium's own Services.
	"cilium": func(p *PolicyProfile) { p.WorldOverTunnel = false },
	// "kube-proxy performing SNAT ... conceals the original source IP": a hairpin is
	// any packet of the gateway.
	"antrea": func(p *PolicyProfile) { p.Self = SelfJudged },
}

// usual is the pod network an enforcer comes with where nothing else is told.
type usual struct {
	network PodNetwork
	egress  EgressMasquerade
}

// usualNetworks by enforcer. The networks' own masquerade: Calico's default
// IPPool has natOutgoing, for what is in no pool; Cilium spares the nodes; Antrea
// masquerades what leaves by another device than the gateway; the VPC CNI what
// leaves the VPC (AWS_VPC_K8S_CNI_EXTERNALSNAT false).
var usualNetworks = map[string]usual{
	"calico": {egress: EgressMasqueradeNodesToo},
	"cilium": {egress: EgressMasqueradeOffCluster},
	"aws":    {egress: EgressMasqueradeOffCluster},
	"antrea": {network: PodNetworkGateway, egress: EgressMasqueradeNodesToo},
}

// bundles are what dataplane.profile may name: a proxy and an enforcer.
var bundles = map[string][2]string{
	"generic":               {"kube-proxy-nftables", "generic"},
	"iptables":              {"kube-proxy-iptables", "generic"},
	"ipvs":                  {"kube-proxy-ipvs", "generic"},
	"ipvs-forward-only":     {"kube-proxy-ipvs", "forward-only"},
	"kube-router":           {"kube-proxy-nftables", "kube-router"},
	"kube-network-policies": {"kube-proxy-nftables", "kube-network-policies"},
	"none":                  {"kube-proxy-nftables", "none"},
	"calico":                {"kube-proxy-nftables", "calico"},
	"cilium":                {"cilium", "cilium"},
	"cilium-kube-proxy":     {"kube-proxy-nftables", "cilium"},
	"aws":                   {"kube-proxy-iptables", "aws"},
	"antrea":                {"antrea", "antrea"},
	"antrea-kube-proxy":     {"kube-proxy-nftables", "antrea"},
	"portolan":              {"portolan", "portolan"},
}
