package model

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// NAT is what one node did to a packet; its reply must come back through there.
type NAT struct {
	Node string
	// Src and Dst are the addresses before this node touched them.
	Src  netip.Addr
	Dst  netip.AddrPort
	DNAT bool
	SNAT bool
}

// Returns reports whether what is sent back from a node, a reply or an ICMP
// error, passes every node that translated, in reverse order: "only a node that
// translated can translate back". Where it does not, lost is that node. from is
// the node it starts at, "" for outside.
func (m *Model) Returns(nats []NAT, from string) (ok bool, lost string) {
	at := from
	for i := len(nats) - 1; i >= 0; i-- {
		n := nats[i]
		// A masqueraded packet is answered to the node's own address. Otherwise the
		// answer goes straight to the source, and meets the node only if it starts
		// or ends there.
		if !n.SNAT && at != n.Node && m.home(n.Src) != n.Node {
			return false, n.Node
		}
		at = n.Node
	}
	return true, ""
}

// home is the node an address lives on, "" for one outside the cluster.
func (m *Model) home(addr netip.Addr) string {
	if p := m.Index.PodByIP(addr); p != nil {
		return p.Node
	}
	return m.nodeOf(addr)
}

// DiscardsOwn reports whether a host drops a packet from the wire because its
// source is one of the host's own addresses. Linux does for IPv4
// (fib_validate_source), not for IPv6.
func (m *Model) DiscardsOwn(node string, src netip.Addr) bool {
	return src.Is4() && m.LocalAddress(node, src)
}

// ServiceAddress reports whether the address is of the service range, or some
// Service's cluster address.
func (m *Model) ServiceAddress(addr netip.Addr) bool {
	return m.Profile.InServiceCIDR(addr) || m.Services.ClusterIPOwner(addr) != nil
}

// Place is where an address lives, seen from a node.
type Place uint8

// The places.
const (
	// Outside the cluster, or nobody's.
	Outside Place = iota
	// Here: the node itself.
	Here
	// OwnPod: a pod of this node.
	OwnPod
	// RemotePod: a pod of another node.
	RemotePod
	// RemoteNode: another node.
	RemoteNode
	// Nobody: an address of the pods' range that no pod has.
	Nobody
)

// Location is a Place with who is there.
type Location struct {
	Place Place
	Node  string
	Pod   *cluster.Pod
}

// Locate is the node's routing decision.
func (m *Model) Locate(node string, addr netip.Addr) Location {
	h := m.holder(addr)
	return h.from(node)
}

// holder is who has an address, wherever one looks from.
type holder struct {
	loopback bool
	node     string       // whose own address it is, on whatever device
	pod      *cluster.Pod // with a network of its own
	nobody   Location     // where neither has it
}

func (m *Model) holder(addr netip.Addr) holder {
	if !addr.IsValid() {
		return holder{}
	}
	h := holder{loopback: addr.IsLoopback(), node: m.nodeOf(addr), pod: m.Index.PodByIP(addr)}
	if h.node == "" && h.pod == nil && m.Profile.InClusterCIDR(addr) {
		h.nobody = Location{Place: Nobody, Node: m.cidrOwner(addr)}
	}
	return h
}

// from is where the holder is, seen from a node.
func (h *holder) from(node string) Location {
	switch {
	case node != "" && (h.loopback || h.node == node):
		return Location{Place: Here, Node: node}
	case h.pod != nil && h.pod.Node == node:
		return Location{Place: OwnPod, Node: node, Pod: h.pod}
	case h.pod != nil:
		return Location{Place: RemotePod, Node: h.pod.Node, Pod: h.pod}
	case h.node != "":
		return Location{Place: RemoteNode, Node: h.node}
	}
	return h.nobody
}

// cidrOwner is the node whose pod CIDR holds the address.
func (m *Model) cidrOwner(addr netip.Addr) string {
	for i := range m.Snapshot.Nodes {
		for _, c := range m.Snapshot.Nodes[i].PodCIDRs {
			if c.Contains(addr) {
				return m.Snapshot.Nodes[i].Name
			}
		}
	}
	return ""
}

// Toward says which source address a node uses for a location.
func (l Location) Toward() cluster.Toward {
	switch l.Place {
	case OwnPod:
		return cluster.TowardLocalPods
	case RemotePod, Nobody:
		return cluster.TowardRemotePods
	default:
		return cluster.TowardOtherNodes
	}
}

// MasqueradesItself reports whether the CNI rewrites the source of a pod's
// packet to the location, before any Service is involved.
func (m *Model) MasqueradesItself(l Location) bool {
	switch m.Profile.PodEgressMasquerade {
	case cluster.EgressMasqueradeOffCluster:
		return l.Place == Outside
	case cluster.EgressMasqueradeNodesToo:
		return l.Place == Outside || l.Place == RemoteNode
	default:
		return false
	}
}

// BridgeDropsSelf reports whether a pod's packet that DNAT turns back to the
// pod itself dies at the bridge: a bridge does not send a frame out of the port
// it came from unless the port is in hairpin mode.
func (m *Model) BridgeDropsSelf() bool {
	if on := m.Profile.Hairpin; on != nil {
		return !*on
	}
	return m.Profile.PodNetwork == cluster.PodNetworkBridge
}

// SeenFor is what a client notices of a fate, given whether an error or reset
// gets back to it.
func (m *Model) SeenFor(f flow.Fate, proto flow.Protocol, errorReturns bool) flow.Seen {
	switch f {
	case flow.Delivered:
		return flow.Connected
	case flow.DeniedByPolicy:
		if m.Profile.Policy.Deny == cluster.DenyReject && errorReturns {
			return flow.Refused
		}
		return flow.Timeout
	case flow.NoEndpoints, flow.NotListening:
		if errorReturns {
			return flow.Refused
		}
		return flow.Timeout
	case flow.DeniedBySourceRanges, flow.NoLocalEndpoint, flow.ReplyLost:
		return flow.Timeout
	case flow.NotAnnounced, flow.NoRoute, flow.Loop:
		if proto == flow.UDP {
			return flow.Timeout // a UDP socket is told of a closed port only (RFC 1122 4.1.3.3, Linux udp_err)
		}
		return flow.Unreachable
	case flow.NotCaptured:
		return flow.Timeout
	case flow.Unknown:
	}
	return flow.SeenUnknown
}
