package cluster

import (
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// Profile is how a cluster's dataplane behaves, as data. It is an input of
// model.Compile; nothing reads it later. The built-in ones are in profiles.go.
type Profile struct {
	Proxy  ProxyProfile
	Policy PolicyProfile

	PodNetwork          PodNetwork
	ClusterCIDRs        []netip.Prefix
	ServiceCIDRs        []netip.Prefix
	MasqueradeAll       bool
	PodEgressMasquerade EgressMasquerade
	// Nodes are the source addresses of each node by where packets go.
	Nodes map[string]Masquerade
	// podRanges are ClusterCIDRs, to be looked up.
	podRanges *Prefixes
	// ProxyCIDRs are the ranges by which the proxy was told to recognise pods; nil
	// where nobody tells, and it recognises ClusterCIDRs.
	ProxyCIDRs []netip.Prefix
	// Hairpin is whether the pods' bridge sends a frame out of the port it came in by;
	// nil is what the PodNetwork has as a rule.
	Hairpin *bool
	// Assumed says which of the above nobody told us, for every answer to print.
	Assumed []flow.Reason
}

// ProxyProfile is a Service proxy's behaviour. The zero value captures nothing.
type ProxyProfile struct {
	Name   string
	Source string // where the behaviour was read or measured
	// Captures is false where no proxy runs.
	Captures bool
	// NodePortOnEveryAddress: NodePorts answer on every local address of the
	// node, not on its primary one alone.
	NodePortOnEveryAddress bool
	// ChecksClusterIPs: a port that a ClusterIP does not serve is rejected, an
	// unallocated address of the service CIDR dropped.
	ChecksClusterIPs bool
	// HairpinLocalOnly: a pod's connection to itself is masqueraded only on the
	// pod's own node.
	HairpinLocalOnly bool
	// RangesBeforeDNAT: source ranges are checked before anything else. False:
	// in the filter hooks, where a policy enforcer may come first.
	RangesBeforeDNAT bool
	// RangesNeedEndpoints: source ranges of a Service without endpoints are not
	// installed at all.
	RangesNeedEndpoints bool
	// ProcessSkipsEmptyExternal: a node's own process asking a virtual IP without
	// endpoints is not rejected there; the packet leaves the node as it is.
	ProcessSkipsEmptyExternal bool
	// DetectsLocalPods: the proxy can tell pods' packets by their source address
	// (--detect-local-mode ClusterCIDR). False: no pod short-circuits.
	DetectsLocalPods bool
	// LocalBackendsKeepSource: what comes from outside and gets an endpoint of the
	// same node is not masqueraded.
	LocalBackendsKeepSource bool
	// PodsKeepSource: a pod's packet to an external address of a Service is not
	// masqueraded on the pod's own node. Only there it counts as a pod's.
	PodsKeepSource bool
	// AtSocket: pods and processes are given the endpoint when they connect: they
	// may name the node port of any node, and a pod that gets itself stays inside.
	AtSocket bool
	// ClusterIPsInsideOnly: cluster IPs are not taken from outside the cluster.
	ClusterIPsInsideOnly bool
	// LocalFallsBack: a Local traffic policy without an endpoint here takes those
	// elsewhere, masquerading no more than Local does.
	LocalFallsBack bool
	// BindsAddresses: every node holds the Services' addresses. A port of them that
	// no Service has is rejected, and a process that asks one sends from it.
	BindsAddresses bool
	// SkipsForward: what the proxy translates leaves the node through output, so
	// that an enforcer of the forward hook alone does not see it.
	SkipsForward bool
	// Unmeasured: read in documentation and source, not held against packets.
	Unmeasured bool
}

// Hook order of the policy enforcer, and what it does with a packet it denies.
type (
	// DenyAction is what becomes of a denied packet.
	DenyAction uint8
	// SelfRule is how a pod that reaches itself through a Service is judged.
	SelfRule uint8
	// Span is which pods' policies a node looks at.
	Span uint8
)

// The deny actions. The zero value is silence.
const (
	DenyDrop   DenyAction = iota
	DenyReject            // ICMP port unreachable, for TCP too
)

// The rules for a pod and itself.
const (
	// SelfJudged: egress and ingress both must admit the pod as its own peer.
	SelfJudged SelfRule = iota
	// SelfEither: it passes if either direction does, isolated or not.
	SelfEither
	// SelfExempt: never judged.
	SelfExempt
)

// The spans.
const (
	// SpanOwnPods: at a node, egress of its own pods and ingress of its own pods.
	SpanOwnPods Span = iota
	// SpanBothEnds: where either end is an own pod that any policy selects, both
	// ends are judged, wherever they run.
	SpanBothEnds
)

// PolicyProfile is a NetworkPolicy enforcer's behaviour. The zero value
// enforces nothing.
type PolicyProfile struct {
	Name     string
	Source   string
	Enforces bool
	// AfterSNAT: policy sees the masqueraded source on the node that masquerades.
	// False: it sees the source as it was.
	AfterSNAT bool
	Deny      DenyAction
	Self      SelfRule
	// SelfOpen: Self is a choice of ours, since the profile stands for no enforcer
	// in particular and the API leaves it open.
	SelfOpen bool
	Span     Span
	// BeforeProxyVerdicts: a pod's egress policy judges a Service address before
	// the proxy rejects or drops it for want of endpoints.
	BeforeProxyVerdicts bool
	// RootBypasses: packets of a node's root processes are never judged on that
	// node, whatever their destination. Otherwise only those to its own pods.
	RootBypasses bool
	// DropsProxyErrors: the ICMP error with which a node rejects a pod's packet
	// does not get back to a pod that any policy selects.
	DropsProxyErrors bool
	// SharedChains: the rules of a policy with both directions stand in one
	// chain, so that an egress rule admits at the server's ingress and the
	// reverse, where the policy selects both ends.
	SharedChains bool
	// UnresolvedPortOpens: a rule whose ports are all named, and resolve to no
	// number, admits its pod peers on every port.
	UnresolvedPortOpens bool
	// EgressNameWithoutPeer: where an egress rule has a named port and no peers,
	// the numbers come from the policy's namespace and count for every address.
	EgressNameWithoutPeer bool
	// EgressBlockIgnoresNames: an ipBlock of an egress rule admits nothing by a
	// named port.
	EgressBlockIgnoresNames bool
	// SkipsNodePortRange: a pod's packet to a local address of its own node and a
	// port from 30000 to 32767 is not judged.
	SkipsNodePortRange bool
	// ExemptsProcessesOnly: at the pod's node only what its processes generate is
	// exempt, not whatever shows one of the node's addresses.
	ExemptsProcessesOnly bool
	// Identities: an ipBlock matches what is outside the cluster, never a pod or a
	// node.
	Identities bool
	// WorldOverTunnel: on an overlay a client's packet that another node
	// masqueraded still counts as from outside, from no address in particular.
	WorldOverTunnel bool
	// EgressBeforeDNAT: a pod's egress is judged with the address and port it asked.
	EgressBeforeDNAT bool
	// FailsClosed: nothing passes to or from an address of a node's own pod range
	// that no known pod has.
	FailsClosed bool
	// ForwardOnly: the enforcer looks at the forward hook alone.
	ForwardOnly bool
	// Unmeasured: read in documentation and source, not held against packets.
	Unmeasured bool
}

// Deviation returns why a flag of the profile departs from the API, for the
// answers that rest on it.
func (p *PolicyProfile) Deviation(code flow.Code) flow.Reason {
	return flow.Because(code, p.Name)
}
