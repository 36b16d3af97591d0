package model

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// What proxies other than kube-proxy's nftables and iptables modes do beside the
// Trips table.

// Masquerades reports whether a packet on this trip leaves for the address with
// the node's own source.
func (m *Model) Masquerades(t Trip, node string, to netip.Addr) bool {
	if !t.Masquerade || !t.SparesOwn {
		return t.Masquerade
	}
	place := m.Locate(node, to).Place
	return place != OwnPod && place != Here
}

// FallsBack reports whether the trip was to take local endpoints and the node
// has none.
func (m *Model) FallsBack(t Trip, f *service.Front, node string) bool {
	return t.List == LocalElseCluster && len(f.Backends.Local(node)) == 0
}

// Bound reports whether every node holds the address as one of its own, since
// some Service has it.
func (m *Model) Bound(addr netip.Addr) bool {
	if !m.Profile.Proxy.BindsAddresses {
		return false
	}
	return m.Services.ClusterIPOwner(addr) != nil ||
		slices.ContainsFunc(m.Services.Owners(addr), func(s *cluster.Service) bool {
			return slices.ContainsFunc(m.Services.Of(s), func(f *service.Front) bool { return f.Addr == addr })
		})
}

// Admits reports whether the front's source ranges hold the packet's source. A
// process that asks an address its node holds sends from that very address, and
// is told by its node's addresses.
func (m *Model) Admits(f *service.Front, node string, src netip.Addr) bool {
	if f.Admits(src) || src != f.Addr || !m.Bound(src) {
		return f.Admits(src)
	}
	n := m.Index.Node(node)
	return n != nil && n.IP(src.Is6()).IsValid() && f.Admits(n.IP(src.Is6()))
}

// closedToOutside: cluster IPs that the proxy takes from pods and nodes alone.
func (m *Model) closedToOutside(node string, t flow.Tuple) bool {
	return m.Profile.Proxy.ClusterIPsInsideOnly && m.Services.ClusterIPOwner(t.Dst.Addr()) != nil &&
		!m.startsHere(node, t.Src.Addr())
}

// translatesForNode: a client of this node that names the node port of any node
// is given the endpoint when it connects.
func (m *Model) translatesForNode(node string, t flow.Tuple) bool {
	return m.Profile.Proxy.AtSocket && m.nodeOf(t.Dst.Addr()) != "" && m.startsHere(node, t.Src.Addr())
}

// startsHere: a pod or a process of the node. Only a process's source may be
// unknown.
func (m *Model) startsHere(node string, src netip.Addr) bool {
	return !src.IsValid() || m.home(src) == node
}

// StaysInPod reports whether the pod that sent the packet was given itself when
// it connected, so that the packet never leaves it.
func (m *Model) StaysInPod(node string, t flow.Tuple, b *service.Backend) bool {
	if !m.Profile.Proxy.AtSocket || t.Src.Addr() != b.Addr.Addr() {
		return false
	}
	p := m.Index.PodByIP(t.Src.Addr())
	return p != nil && p.Node == node
}

// NotTaken says why a packet that no front took was left alone although a
// Service has its address and port; the zero Reason where none has.
func (m *Model) NotTaken(t flow.Tuple) flow.Reason {
	if !m.Profile.Proxy.ClusterIPsInsideOnly || len(m.Services.At(t.Dst, t.Protocol)) == 0 {
		return flow.Reason{}
	}
	return flow.Because(flow.CodeNotTakenFromOutside, m.Profile.Proxy.Name, t.Dst.String())
}
