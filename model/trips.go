package model

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// Arrival is where a packet comes from, as the proxy on a node can tell.
type Arrival uint8

// The arrivals. The zero value is not used.
const (
	// FromOutside: neither a pod nor this node. Other nodes are outside too.
	FromOutside Arrival = iota + 1
	// FromPod: the source address is a pod's (--detect-local-mode ClusterCIDR),
	// also when it is a pod of another node.
	FromPod
	// FromProcess: a process of this node, hostNetwork pods included.
	FromProcess
)

// List is which endpoints a proxy chooses from.
type List uint8

// The lists.
const (
	ClusterList List = iota
	LocalList
	// LocalElseCluster: the local list, or where it is empty the cluster list.
	LocalElseCluster
)

// Trip is one row of the Trips table: for where a packet comes from and what it
// asks for, whom it may get and which source it will show.
//
// The rows are kube-proxy's (pkg/proxy/nftables/proxier.go, the chains
// "external-" and "service-", and pkg/proxy/iptables), equal in both modes:
//
//	                 ClusterIP                 LB address, externalIP, NodePort
//	                 Cluster      Local        Cluster        Local
//	outside          all, masq    here, masq   all, masq      here, as it is
//	pod              all          here         all, masq      all, as it is     (a)
//	process          all, masq    here, masq   all, masq      all, masq         (b)
//
// (a) "pod traffic" short-circuit, (b) "src-type LOCAL" short-circuit: cluster
// traffic is subject to neither form of Local, as if it went out to the load
// balancer and came back. masqueradeAll adds masquerade to pods' ClusterIP row;
// without a way to tell pods, the ClusterIP rows do not masquerade and (a) is
// like outside. A pod that gets itself is masqueraded in every row.
//
// Other proxies change single cells: ipvs has "here, else all" for every Local
// cell, masquerading as its own column says; Cilium and AntreaProxy leave pods as
// they are, and clients outside too where the endpoint is on the same node.
type Trip struct {
	List       List
	Masquerade bool
	// SparesOwn: no masquerade toward endpoints of the node itself.
	SparesOwn bool
	// Why says which rule applies; args are filled in by the walk.
	Why flow.Code
}

func compileTrips(p *cluster.Profile) [4][2][2]Trip {
	const clusterIP, external, policyCluster, policyLocal = 0, 1, 0, 1
	var t [4][2][2]Trip
	local := LocalList
	if p.Proxy.LocalFallsBack {
		local = LocalElseCluster
	}
	for _, from := range []Arrival{FromOutside, FromPod, FromProcess} {
		masq := p.MasqueradeAll || p.Proxy.DetectsLocalPods && from != FromPod
		spares := p.Proxy.LocalBackendsKeepSource && from == FromOutside
		hides := !p.Proxy.PodsKeepSource || from != FromPod
		t[from][clusterIP][policyCluster] = Trip{ClusterList, masq, spares, flow.CodeCaptured}
		t[from][clusterIP][policyLocal] = Trip{local, masq, spares, flow.CodeCapturedLocal}
		t[from][external][policyCluster] = Trip{ClusterList, hides, spares, flow.CodeCaptured}
		t[from][external][policyLocal] = Trip{local, false, false, flow.CodeCapturedLocal}
	}
	if p.Proxy.LocalFallsBack {
		return t
	}
	t[FromProcess][external][policyLocal] = Trip{ClusterList, true, false, flow.CodeShortCircuitNode}
	if p.Proxy.DetectsLocalPods {
		t[FromPod][external][policyLocal] = Trip{ClusterList, false, false, flow.CodeShortCircuitPod}
	}
	return t
}

// Trip returns the row for a packet that arrives as from and asks front.
func (m *Model) Trip(from Arrival, f *service.Front) Trip {
	kind, policy := 0, 0
	if f.Kind.External() {
		kind = 1
	}
	if f.Local() {
		policy = 1
	}
	return m.trips[from][kind][policy]
}

// Arrives classifies a packet at a node. A pod is told by its address; where
// the cluster CIDR is not known, by being a pod of the input; by a proxy that
// keeps pods' sources, by the port it comes from.
func (m *Model) Arrives(node string, t flow.Tuple, process bool) Arrival {
	switch {
	case process:
		return FromProcess
	case !m.Profile.Proxy.DetectsLocalPods:
		return FromOutside
	case m.Profile.Proxy.PodsKeepSource:
		if p := m.Index.PodByIP(t.Src.Addr()); p != nil && p.Node == node {
			return FromPod
		}
		return FromOutside
	case m.Profile.DetectsAsPod(t.Src.Addr()):
		return FromPod
	case len(m.Profile.ClusterCIDRs) == 0 && m.Index.PodByIP(t.Src.Addr()) != nil:
		return FromPod
	}
	return FromOutside
}

// Outcome is what a proxy makes of a captured packet before any endpoint.
type Outcome uint8

// The outcomes.
const (
	// Chosen: one of the backends gets it.
	Chosen Outcome = iota
	// RejectEmpty: no endpoint anywhere, an ICMP port unreachable.
	RejectEmpty
	// DropNotLocal: endpoints elsewhere, none here, silence.
	DropNotLocal
	// LeaveEmpty: no endpoint anywhere, and no rule at this hook either; the
	// packet goes on as it is.
	LeaveEmpty
	// UnknownEmpty: no endpoint in the input, which does not hold what would tell
	// whether there are any.
	UnknownEmpty
)

// Choose returns the backends a proxy on the node may pick for a front.
func (m *Model) Choose(f *service.Front, trip Trip, node string, process bool) ([]*service.Backend, Outcome) {
	if !f.Backends.Any() {
		if m.BlindTo(f.Service) {
			return nil, UnknownEmpty
		}
		if process && f.Kind.External() && f.Kind != service.NodePort && m.Profile.Proxy.ProcessSkipsEmptyExternal {
			return nil, LeaveEmpty
		}
		return nil, RejectEmpty
	}
	if trip.List == ClusterList {
		return f.Backends.Cluster(m.Index.Node(node)), Chosen
	}
	if local := f.Backends.Local(node); len(local) > 0 {
		return local, Chosen
	}
	if trip.List == LocalElseCluster {
		return f.Backends.Cluster(m.Index.Node(node)), Chosen
	}
	return nil, DropNotLocal
}

// Restricted reports whether the proxy checks the front's source ranges at all,
// and whether it does so before DNAT and before any enforcer.
func (m *Model) Restricted(f *service.Front) (checked, first bool) {
	if len(f.Ranges) == 0 || m.Profile.Proxy.RangesNeedEndpoints && !f.Backends.Any() {
		return false, false
	}
	return true, m.Profile.Proxy.RangesBeforeDNAT
}

// Capture returns the fronts that take a packet on the node: several where
// several Services claim one address, none when it passes as it is.
func (m *Model) Capture(node string, t flow.Tuple) []*service.Front {
	if !m.Profile.Proxy.Captures {
		return nil
	}
	if fronts := m.Services.At(t.Dst, t.Protocol); len(fronts) > 0 {
		if m.closedToOutside(node, t) {
			return nil
		}
		return fronts
	}
	if m.answersNodePorts(node, t) || m.translatesForNode(node, t) {
		return m.Services.NodePorts(t.Dst.Addr().Is6(), t.Protocol, t.Dst.Port())
	}
	return nil
}

// answersNodePorts: kube-proxy's nftables mode listens on the node's primary
// address of the family, its iptables mode on every local address, loopback
// included (pkg/proxy/util/nodeport_addresses.go).
func (m *Model) answersNodePorts(node string, t flow.Tuple) bool {
	addr := t.Dst.Addr()
	if m.Profile.Proxy.NodePortOnEveryAddress {
		// 127.0.0.1 too (route_localnet), ::1 never.
		return m.LocalAddress(node, addr) && (addr.Is4() || !addr.IsLoopback())
	}
	n := m.Index.Node(node)
	return n != nil && n.IP(addr.Is6()) == addr
}

// ServiceAddressCheck is what a proxy does with a packet to a service address
// that no front took.
func (m *Model) ServiceAddressCheck(t flow.Tuple) (flow.Action, flow.Reason) {
	if m.Bound(t.Dst.Addr()) {
		return flow.Reject, flow.Because(flow.CodeUnusedBoundPort, t.Dst.String())
	}
	if !m.Profile.Proxy.ChecksClusterIPs {
		return flow.Pass, flow.Reason{}
	}
	if m.Services.ClusterIPOwner(t.Dst.Addr()) != nil {
		return flow.Reject, flow.Because(flow.CodeUnusedClusterPort, t.Dst.String())
	}
	if m.Profile.InServiceCIDR(t.Dst.Addr()) {
		return flow.Drop, flow.Because(flow.CodeUnallocatedIP, t.Dst.Addr().String())
	}
	return flow.Pass, flow.Reason{}
}

// HairpinMasquerades reports whether a node masquerades a pod's packet that it
// sends back to the same pod.
func (m *Model) HairpinMasquerades(node string, b *service.Backend) bool {
	return !m.Profile.Proxy.HairpinLocalOnly || m.Services.ServedOn(node, b.Addr)
}
