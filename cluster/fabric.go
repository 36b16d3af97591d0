package cluster

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/flow"
)

// Fabric is what Kubernetes objects do not say: who is outside, how routers
// send packets to nodes, and what the dataplane is. The zero value knows
// nothing; each use of a default is printed as an assumption.
type Fabric struct {
	Name      string
	Clients   []Client
	Routers   []Router
	Dataplane Dataplane
	Nodes     []FabricNode
	Position  flow.Position
}

// Client is somebody outside the cluster.
type Client struct {
	Name      string
	Addresses []netip.Addr
}

// Routes is how a router learns where an address lives.
type Routes string

// The ways. The zero value means static routes to every eligible node.
const (
	RoutesStatic Routes = "static"
	RoutesBGP    Routes = "bgp"
	RoutesL2     Routes = "l2"
)

// Router stands between clients and nodes.
type Router struct {
	Name      string
	Addresses []netip.Addr
	// Multipath is true for ECMP over all next hops, false for one of them.
	Multipath bool
	Routes    Routes
	// Nodes are the next hops of static routes; empty means every node eligible
	// for load balancers.
	Nodes []string
	// Prefixes are routed to the nodes besides the virtual IPs.
	Prefixes []netip.Prefix
}

// PodNetwork is how pods reach each other; it decides the masquerade address.
type PodNetwork string

// The pod networks. The zero value counts as PodNetworkRouted.
const (
	PodNetworkRouted PodNetwork = "routed"
	PodNetworkBridge PodNetwork = "bridge"
	PodNetworkVXLAN  PodNetwork = "vxlan"
	// PodNetworkGateway: one device leads to all pods, and its address is the first
	// of the node's pod CIDR (antrea-gw0).
	PodNetworkGateway PodNetwork = "gateway"
)

// EgressMasquerade is what the CNI itself rewrites on pods' packets.
type EgressMasquerade string

// The CNI's own masquerade. The zero value counts as EgressMasqueradeNone.
const (
	EgressMasqueradeNone       EgressMasquerade = "none"
	EgressMasqueradeOffCluster EgressMasquerade = "off-cluster"
	EgressMasqueradeNodesToo   EgressMasquerade = "nodes-too"
)

// Dataplane is what the Fabric says of it, as written; empty fields were not
// said and are filled from the profile (see Resolve).
type Dataplane struct {
	Profile             string
	Proxy               string
	Policy              string
	PodNetwork          PodNetwork
	ClusterCIDRs        []netip.Prefix
	ServiceCIDRs        []netip.Prefix
	MasqueradeAll       *bool
	PodEgressMasquerade EgressMasquerade
}

// FabricNode is what is known of one node's source addresses.
type FabricNode struct {
	Name       string
	Masquerade Masquerade
}

// Masquerade are the addresses a node puts on packets it masquerades, and on
// its own sockets' packets, by where they go: the address of the outgoing
// device. Each may hold one address per family.
type Masquerade struct {
	ToLocalPods        []netip.Addr
	ToPodsOnOtherNodes []netip.Addr
	ToOtherNodes       []netip.Addr
}

// All are the addresses, wherever they go.
func (m *Masquerade) All() []netip.Addr {
	return slices.Concat(m.ToLocalPods, m.ToPodsOnOtherNodes, m.ToOtherNodes)
}
