package cluster

import (
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// MetalLB is its configuration: which addresses it may give to Services, and
// which nodes announce them to whom. References between its objects are names.
type MetalLB struct {
	Pools             []IPAddressPool
	BGPAdvertisements []BGPAdvertisement
	L2Advertisements  []L2Advertisement
	BGPPeers          []BGPPeer
}

// IPAddressPool is a metallb.io/v1beta1 IPAddressPool.
type IPAddressPool struct {
	Meta
	// Addresses are given in this order, each from its first to its last.
	Addresses []AddressRange
	// AutoAssign is false when Services must ask for the pool by its name.
	AutoAssign bool
	// AvoidBuggyIPs leaves IPv4 addresses ending in .0 and .255 alone.
	AvoidBuggyIPs bool
	// Allocation pins the pool to Services. Absent (nil) and empty differ: an
	// empty one pins it to every Service.
	Allocation *ServiceAllocation
}

// Object is the pool's name.
func (p *IPAddressPool) Object() flow.Object {
	return flow.Object{Kind: "IPAddressPool", Namespace: p.Namespace, Name: p.Name}
}

// Holds reports whether the address is one of the pool's, to give or to avoid.
func (p *IPAddressPool) Holds(a netip.Addr) bool {
	for _, r := range p.Addresses {
		if r.Contains(a) {
			return true
		}
	}
	return false
}

// AddressRange is a CIDR or a range "FIRST-LAST": all addresses from First to
// Last, both included, of one family.
type AddressRange struct {
	First, Last netip.Addr
}

// Contains reports whether the address lies in the range.
func (r AddressRange) Contains(a netip.Addr) bool {
	return a.Is6() == r.First.Is6() && r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0
}

// String prints "198.51.100.16-198.51.100.31".
func (r AddressRange) String() string {
	if r.First == r.Last {
		return r.First.String()
	}
	return r.First.String() + "-" + r.Last.String()
}

// ServiceAllocation is an IPAddressPool's spec.serviceAllocation.
type ServiceAllocation struct {
	// Priority orders pinned pools, the lower first; 0, not given, comes last.
	Priority           int
	Namespaces         []string
	NamespaceSelectors []LabelSelector
	ServiceSelectors   []LabelSelector
}

// BGPAdvertisement is a metallb.io/v1beta1 BGPAdvertisement. Without Pools and
// PoolSelectors it is for every pool, without another list for everything.
type BGPAdvertisement struct {
	Meta
	Pools               []string
	PoolSelectors       []LabelSelector
	NodeSelectors       []LabelSelector
	ServiceSelectors    []LabelSelector
	Peers               []string // names of BGPPeers
	AggregationLength   int      // default 32
	AggregationLengthV6 int      // default 128
	LocalPref           uint32
	Communities         []string
}

// Object is the advertisement's name.
func (b *BGPAdvertisement) Object() flow.Object {
	return flow.Object{Kind: "BGPAdvertisement", Namespace: b.Namespace, Name: b.Name}
}

// L2Advertisement is a metallb.io/v1beta1 L2Advertisement.
type L2Advertisement struct {
	Meta
	Pools            []string
	PoolSelectors    []LabelSelector
	NodeSelectors    []LabelSelector
	ServiceSelectors []LabelSelector
	// Interfaces are those it answers on; empty: all.
	Interfaces []string
	Preferred  []PreferredNodes
}

// Object is the advertisement's name.
func (l *L2Advertisement) Object() flow.Object {
	return flow.Object{Kind: "L2Advertisement", Namespace: l.Namespace, Name: l.Name}
}

// PreferredNodes raise the chance of nodes to lead: the highest sum of weights
// wins, before any hash.
type PreferredNodes struct {
	Weight   int
	Selector LabelSelector
}

// BGPPeer is a metallb.io/v1beta2 BGPPeer: a session from every node that one
// of the selectors matches; without any, from every node.
type BGPPeer struct {
	Meta
	Address       netip.Addr // zero where Interface is given
	Interface     string
	NodeSelectors []LabelSelector
	MyASN         uint32
	PeerASN       uint32 // 0: dynamicASN
}

// Object is the peer's name.
func (b *BGPPeer) Object() flow.Object {
	return flow.Object{Kind: "BGPPeer", Namespace: b.Namespace, Name: b.Name}
}

// AnySelects reports whether one of the selectors matches the labels, or there
// is none: MetalLB's lists of selectors are an OR, and empty ones select all.
func AnySelects(selectors []LabelSelector, labels Labels) bool {
	for i := range selectors {
		if selectors[i].Matches(labels) {
			return true
		}
	}
	return len(selectors) == 0
}

// SelectsPool reports whether an advertisement that names pools and selectors
// is for the pool.
func SelectsPool(names []string, selectors []LabelSelector, p *IPAddressPool) bool {
	for _, n := range names {
		if n == p.Name {
			return true
		}
	}
	if len(selectors) == 0 {
		return len(names) == 0
	}
	return AnySelects(selectors, p.Labels)
}
