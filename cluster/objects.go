package cluster

import (
	"net/netip"
	"strconv"

	"github.com/portolan-net/portolan/flow"
)

// Labels are an object's labels. Nil and empty mean the same.
type Labels = map[string]string

// Meta is what every object carries.
type Meta struct {
	Namespace   string // "" for cluster-scoped kinds
	Name        string
	Labels      Labels
	Annotations map[string]string // only those that may matter; see manifest
	// Created is metadata.creationTimestamp as written (RFC 3339), "" when
	// unknown. It orders objects of one input; it is never compared with now.
	Created string
	// Manager is the name of the newest manager in managedFields, or the Helm
	// release from meta.helm.sh/release-name; "" when unknown.
	Manager  string
	Position flow.Position
}

// Node is a v1 Node.
type Node struct {
	Meta
	// InternalIPs are status.addresses of type InternalIP, in order: the first
	// of a family is the node's primary address of that family.
	InternalIPs []netip.Addr
	// OtherIPs are addresses of other types (ExternalIP).
	OtherIPs []netip.Addr
	PodCIDRs []netip.Prefix
	// Ready is false only when a Ready condition says so: MetalLB and cloud
	// load balancers drop such nodes, kube-proxy on it goes on working.
	Ready bool
	// NetworkUnavailable is the condition of that name.
	NetworkUnavailable bool
	// Kubelet is status.nodeInfo.kubeletVersion.
	Kubelet string
	// Implied is true where Nodes could not be read and pods name this one. What they
	// do not tell is not known: labels, conditions, other addresses, pod ranges.
	Implied bool
}

// Namespace is a v1 Namespace.
type Namespace struct {
	Meta
	// Implied is true when no Namespace object was read and the name is known
	// from other objects only. Its labels are then unknown but for
	// kubernetes.io/metadata.name, which the API server always sets.
	Implied bool
}

// ContainerPort is one spec.containers[].ports[] entry, also of restartable
// init containers (sidecars).
type ContainerPort struct {
	Name     string
	Port     uint16
	Protocol flow.Protocol
}

// PodPhase is status.phase.
type PodPhase string

// The phases. An empty phase counts as Running, as in a manifest not yet applied.
const (
	PodPending   PodPhase = "Pending"
	PodRunning   PodPhase = "Running"
	PodSucceeded PodPhase = "Succeeded"
	PodFailed    PodPhase = "Failed"
)

// Pod is a v1 Pod, or one derived from a workload's template.
type Pod struct {
	Meta
	Node        string // spec.nodeName; "" when not scheduled or derived
	IPs         []netip.Addr
	HostIPs     []netip.Addr
	HostNetwork bool
	Ports       []ContainerPort
	Phase       PodPhase
	Ready       bool // condition Ready; true when a manifest has no status
	Terminating bool // metadata.deletionTimestamp is set
	// Owner is the controlling workload, resolved through ReplicaSet and Job
	// where those are in the input; zero for a bare pod.
	Owner flow.Object
	// Derived is true when no Pod object was read and this pod stands for the
	// replicas of Owner. It has invented addresses or none.
	Derived bool
	// Invented is true when IPs were made up, because the pod has not run yet:
	// they tell pods apart and mean nothing to an ipBlock.
	Invented bool
}

// Object is the pod's name.
func (p *Pod) Object() flow.Object {
	return flow.Object{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}
}

// Finished reports whether the pod's containers have ended for good: it keeps
// its object but no longer its network.
func (p *Pod) Finished() bool { return p.Phase == PodSucceeded || p.Phase == PodFailed }

// IP returns the pod's first address of the family (IPv6 or IPv4), or the zero
// Addr. For a hostNetwork pod it is the node's.
func (p *Pod) IP(v6 bool) netip.Addr { return firstOf(p.IPs, v6) }

// IP returns the node's primary address of the family, or the zero Addr.
func (n *Node) IP(v6 bool) netip.Addr { return firstOf(n.InternalIPs, v6) }

func firstOf(addrs []netip.Addr, v6 bool) netip.Addr {
	for _, a := range addrs {
		if a.Is6() == v6 {
			return a
		}
	}
	return netip.Addr{}
}

// ServiceType is spec.type.
type ServiceType string

// The types. ClusterIP is the API's default.
const (
	ServiceClusterIP    ServiceType = "ClusterIP"
	ServiceNodePort     ServiceType = "NodePort"
	ServiceLoadBalancer ServiceType = "LoadBalancer"
	ServiceExternalName ServiceType = "ExternalName"
)

// TrafficPolicy is spec.externalTrafficPolicy and spec.internalTrafficPolicy.
// The zero value counts as Cluster, the API's default.
type TrafficPolicy string

// The traffic policies.
const (
	PolicyCluster TrafficPolicy = "Cluster"
	PolicyLocal   TrafficPolicy = "Local"
)

// PortRef is a port given by number or by name; the zero value is absent.
type PortRef struct {
	Number uint16
	Name   string // wins when not empty
}

// IsZero reports whether no port is given.
func (r PortRef) IsZero() bool { return r == PortRef{} }

// ServicePort is one entry of spec.ports, defaults applied: a protocol, and a
// target port equal to Port where none was written.
type ServicePort struct {
	Name       string
	Protocol   flow.Protocol
	Port       uint16
	TargetPort PortRef
	NodePort   uint16 // 0: none allocated
	Position   flow.Position
}

// Ingress is one entry of status.loadBalancer.ingress.
type Ingress struct {
	IP       netip.Addr // zero when only a hostname is set
	Hostname string
	// Proxy is ipMode: Proxy, an address the nodes do not capture (KEP-1860).
	Proxy bool
}

// Service is a v1 Service.
type Service struct {
	Meta
	Type       ServiceType
	Headless   bool         // spec.clusterIP: None
	ClusterIPs []netip.Addr // spec.clusterIPs without None; empty until allocated
	// Invented is true when ClusterIPs were made up, because the API server has not
	// allocated any yet: no ipBlock holds them, or not.
	Invented bool
	// ExternalName is spec.externalName.
	ExternalName string
	ExternalIPs  []netip.Addr
	// LoadBalancerIP is the deprecated spec.loadBalancerIP, as requested.
	LoadBalancerIP    netip.Addr
	LoadBalancerClass string
	Ingress           []Ingress
	// Selector is nil when absent: endpoints are then somebody else's work.
	Selector              Labels
	Ports                 []ServicePort
	ExternalTrafficPolicy TrafficPolicy
	InternalTrafficPolicy TrafficPolicy
	// TrafficDistribution is spec.trafficDistribution as written.
	TrafficDistribution string
	// SourceRanges are spec.loadBalancerSourceRanges.
	SourceRanges             []netip.Prefix
	SessionAffinity          bool // ClientIP
	AffinitySeconds          int  // default 10800
	PublishNotReadyAddresses bool
	HealthCheckNodePort      uint16
	// NoNodePorts is allocateLoadBalancerNodePorts: false.
	NoNodePorts bool
	// ProxyName is the label service.kubernetes.io/service-proxy-name: the
	// default proxy leaves such a Service alone.
	ProxyName string
	// Families are spec.ipFamilies: true for IPv6. Empty when unknown.
	Families []bool
	// RequireDualStack is ipFamilyPolicy: RequireDualStack.
	RequireDualStack bool
}

// Object is the Service's name.
func (s *Service) Object() flow.Object {
	return flow.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Name}
}

// LacksClusterIP reports whether the API server would give the Service a cluster IP,
// and none is known.
func (s *Service) LacksClusterIP() bool {
	return len(s.ClusterIPs) == 0 && !s.Headless && s.Type != ServiceExternalName
}

// Endpoint is one entry of an EndpointSlice. Nil conditions are resolved by
// the loader as the API says (ready and serving unset mean true, terminating
// unset means false).
type Endpoint struct {
	Addresses   []netip.Addr
	Ready       bool
	Serving     bool
	Terminating bool
	Node        string
	Zone        string
	Target      flow.Object // targetRef; zero when absent
	HintZones   []string
	HintNodes   []string
}

// EndpointPort is one entry of an EndpointSlice's ports. Port 0 means the
// slice gives no number ("all ports").
type EndpointPort struct {
	Name     string
	Protocol flow.Protocol
	Port     uint16
}

// EndpointSlice is a discovery.k8s.io/v1 EndpointSlice, or v1 Endpoints
// converted to one.
type EndpointSlice struct {
	Meta
	// Service is the label kubernetes.io/service-name.
	Service   string
	IPv6      bool
	FQDN      bool // addressType FQDN: no proxy uses it
	Endpoints []Endpoint
	Ports     []EndpointPort
	// Derived is true when no slice was read for the Service and this one was
	// computed from its selector and the pods.
	Derived bool
}

// NetworkPolicy is a networking.k8s.io/v1 NetworkPolicy, policyTypes defaulted.
type NetworkPolicy struct {
	Meta
	PodSelector LabelSelector
	// Isolates says which directions policyTypes names.
	IsolatesIngress bool
	IsolatesEgress  bool
	Ingress         []PolicyRule
	Egress          []PolicyRule
}

// Object is the policy's name.
func (p *NetworkPolicy) Object() flow.Object {
	return flow.Object{Kind: "NetworkPolicy", Namespace: p.Namespace, Name: p.Name}
}

// PolicyRule is one ingress or egress rule. Empty or absent Peers mean every
// peer and empty or absent Ports mean every port: "If this field is empty or
// missing, this rule matches all sources" (API, NetworkPolicyIngressRule.from).
type PolicyRule struct {
	Peers    []PolicyPeer
	Ports    []PolicyPort
	Position flow.Position
}

// PolicyPeer is one entry of from or to. Either IPBlock is set, or at least one
// selector; a peer with none of them never comes out of the loader.
type PolicyPeer struct {
	PodSelector       *LabelSelector
	NamespaceSelector *LabelSelector
	IPBlock           *IPBlock
	Position          flow.Position
}

// IPBlock is a range without its exceptions.
type IPBlock struct {
	CIDR   netip.Prefix
	Except []netip.Prefix
}

// PolicyPort is one entry of ports. A zero Port means every port of Protocol.
type PolicyPort struct {
	Protocol flow.Protocol
	Port     PortRef
	EndPort  uint16 // 0: Port alone
	Position flow.Position
}

// Operator is a label selector operator.
type Operator string

// The operators of metav1.LabelSelectorRequirement.
const (
	OpIn           Operator = "In"
	OpNotIn        Operator = "NotIn"
	OpExists       Operator = "Exists"
	OpDoesNotExist Operator = "DoesNotExist"
)

// Requirement is one matchExpressions entry.
type Requirement struct {
	Key      string
	Operator Operator
	Values   []string
}

// LabelSelector is a metav1.LabelSelector. Its zero value has no requirement
// and selects everything; an absent selector is a nil pointer.
type LabelSelector struct {
	MatchLabels      Labels
	MatchExpressions []Requirement
}

// Words prints the port as people write it: "6379", "8000-8090", "http", or ""
// for every port.
func (p *PolicyPort) Words() string {
	switch {
	case p.Port.Name != "":
		return p.Port.Name
	case p.Port.Number == 0:
		return ""
	case p.EndPort != 0:
		return strconv.Itoa(int(p.Port.Number)) + "-" + strconv.Itoa(int(p.EndPort))
	}
	return strconv.Itoa(int(p.Port.Number))
}
