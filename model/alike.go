package model

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// A walk branches over every next hop and every endpoint: 300 nodes with an
// endpoint each are 90,000 paths, nearly all of them alike. The keys here say
// which nodes, and which endpoints, no table of this Model tells apart, so that
// one path can stand for all.

// NodeKey is equal for two nodes that treat a packet for some front alike, but
// for their own endpoints.
type NodeKey struct {
	zone                 string
	local, remote, other int32 // atoms of its masquerade addresses
	source               bool  // the packet claims to come from this node
}

// AlikeNode returns the node's key for a packet from src.
func (m *Model) AlikeNode(node string, src netip.Addr) NodeKey {
	v6 := src.Is6()
	k := NodeKey{
		local:  m.Policies.Atom(m.Profile.SourceOf(node, cluster.TowardLocalPods, v6)),
		remote: m.Policies.Atom(m.Profile.SourceOf(node, cluster.TowardRemotePods, v6)),
		other:  m.Policies.Atom(m.Profile.SourceOf(node, cluster.TowardOtherNodes, v6)),
		source: m.LocalAddress(node, src),
	}
	if n := m.Index.Node(node); n != nil {
		k.zone = n.Labels[service.ZoneLabel]
	}
	return k
}

// BackendKey is equal for two endpoints that fare alike once a node has chosen
// them, seen from that node and that client.
type BackendKey struct {
	place  Place
	class  int   // of pods, as policy tells them
	atom   int32 // of its address
	port   uint16
	listed bool // the slice says it is on this node
	// near is true where the endpoint lives on the client's own node: the reply
	// then takes another way.
	near bool
	// alone sets apart what must be walked by itself.
	alone netip.AddrPort
	pod   flow.Object // of a pod the input does not hold
}

// AlikeBackend returns the endpoint's key for a packet from src, chosen on
// node.
func (m *Model) AlikeBackend(b *service.Backend, node string, src netip.Addr, proto flow.Protocol) BackendKey {
	loc := m.Locate(node, b.Addr.Addr())
	k := BackendKey{
		place: loc.Place, class: -1, atom: m.Policies.Atom(b.Addr.Addr()), port: b.Addr.Port(), listed: b.Node == node,
		near: loc.Node != "" && loc.Node == m.home(src),
	}
	switch {
	case loc.Pod != nil && (loc.Pod.Node == b.Node || b.Node != node):
		k.class = m.Policies.ClassOf(loc.Pod)
	case b.Host && b.Target != nil && m.primary(b):
		k.class = -2 - int(b.Target.Listens(proto, b.Addr.Port()))
	default:
		// Addresses outside, pods the input does not hold, and slices that contradict
		// the pod: one by one.
		k.alone, k.pod = b.Addr, b.Pod
	}
	if b.Addr.Addr() == src || loc.Pod != nil && loc.Pod.Invented {
		k.alone = b.Addr
	}
	return k
}

// primary reports whether the endpoint's address is its node's primary one.
func (m *Model) primary(b *service.Backend) bool {
	n := m.Index.NodeByIP(b.Addr.Addr())
	return n != nil && n.IP(b.Addr.Addr().Is6()) == b.Addr.Addr()
}

// Home is the node an address lives on, "" for one outside the cluster.
func (m *Model) Home(addr netip.Addr) string { return m.home(addr) }
