package oracle

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// atNode is a packet that a node received, or that its own process sent.
func (w *world) atNode(pk packet, n *cluster.Node) {
	if w.sendsAs(n, pk.src) && (pk.routed || pk.forwarded) && pk.src.Is4() {
		// The router, or another node, gave the node its own packet back: a martian
		// for IPv4.
		w.end(pk, flow.Loop, flow.Unreachable)
		return
	}
	captured := w.captures(pk, n)
	for _, c := range captured {
		w.serve(pk, n, c)
	}
	switch {
	case len(captured) > 0:
	case w.isBound(pk.dst.Addr()):
		w.unusedBound(pk, n)
	case w.isServiceAddress(pk.dst.Addr()):
		w.unusedClusterIP(pk, n)
	default:
		w.carry(pk, n, false)
	}
}

// toBackend is DNAT: the destination becomes the endpoint, and the packet goes
// through the routing decision again.
func (w *world) toBackend(pk packet, n *cluster.Node, b backend, masquerade bool) {
	pk.asked, pk.askedAt = pk.dst, n.Name
	pk.dst, pk.endpoint, pk.target = b.at, w.nameOf(b, pk.proto), w.targetOf(b)
	if p := w.podOn(n, pk.src); p != nil && w.p.Proxy.AtSocket && pk.src == b.at.Addr() {
		// The socket is connected to the pod's own address: "out of lo".
		w.toItself(pk, p)
		return
	}
	hairpin := w.p.PodNetwork != cluster.PodNetworkBridge
	if w.p.Hairpin != nil {
		hairpin = *w.p.Hairpin
	}
	if !hairpin && pk.src == b.at.Addr() && w.podOn(n, pk.src) != nil {
		// A bridge does not send a frame out of the port it came in by, unless that
		// port is in hairpin mode.
		w.end(pk, flow.NoRoute, flow.Timeout)
		return
	}
	if !masquerade {
		masquerade = w.isHairpin(pk, n, b)
	}
	if !masquerade || w.isAddressOf(n, b.at.Addr()) {
		pk = pk.translated(n.Name, pk.src, false)
	}
	w.carry(pk, n, masquerade)
}

// podOn returns the pod with that address if it runs on the node.
func (w *world) podOn(n *cluster.Node, a addr) *cluster.Pod {
	if p := w.podAt(a); p != nil && p.Node == n.Name {
		return p
	}
	return nil
}

// carry is what follows DNAT in netfilter's order: policy in forward or input,
// masquerade in postrouting, which input never reaches, and the next machine.
func (w *world) carry(pk packet, n *cluster.Node, masquerade bool) {
	forProcess := w.isAddressOf(n, pk.dst.Addr())
	pk.shown = pk.src
	rewrites := !forProcess && (masquerade || w.cniMasquerades(pk, n))
	if rewrites {
		pk.shown = w.p.SourceOf(n.Name, w.toward(n, pk.dst.Addr()), pk.v6())
	}
	if w.enforce(pk, n) {
		return
	}
	if forProcess {
		w.atProcess(pk, n)
		return
	}
	if rewrites {
		before := pk.src
		pk.src = pk.shown
		pk = pk.translated(n.Name, before, true)
	}
	w.leave(pk, n)
}

// cniMasquerades is what the CNI rewrites itself when a pod of this node sends:
// off-cluster, to what is neither pod nor node; nodes-too, to whatever is no
// pod.
func (w *world) cniMasquerades(pk packet, n *cluster.Node) bool {
	to := pk.dst.Addr()
	if w.podOn(n, pk.src) == nil || w.podAt(to) != nil || anyContains(w.p.ClusterCIDRs, to) {
		return false
	}
	switch w.p.PodEgressMasquerade {
	case cluster.EgressMasqueradeNone:
	case cluster.EgressMasqueradeOffCluster:
		return w.nodeAt(to) == nil
	case cluster.EgressMasqueradeNodesToo:
		return true
	}
	return false
}

// leave sends the packet to the machine that its destination belongs to.
func (w *world) leave(pk packet, n *cluster.Node) {
	sentHere := pk.process != ""
	pk.process, pk.forwarded = "", true // to the next machine it is a packet like any other
	to := pk.dst.Addr()
	if p := w.podAt(to); p != nil {
		if p.Node == n.Name {
			w.atPod(pk, p)
		} else {
			w.atNode(pk, w.node(p.Node))
		}
		return
	}
	if other := w.nodeAt(to); other != nil {
		w.atNode(pk, other)
		return
	}
	if anyContains(w.p.ClusterCIDRs, to) {
		w.nobody(pk, n, sentHere)
		return
	}
	w.atRouter(pk)
}

// nobody is a pod address that no pod has. An enforcer that fails closed lets
// nothing to it on the node whose range it is of, but from that node itself.
func (w *world) nobody(pk packet, n *cluster.Node, sentHere bool) {
	seen := flow.Unreachable
	for i := range w.s.Nodes {
		owner := &w.s.Nodes[i]
		if !w.p.Policy.FailsClosed || !anyContains(owner.PodCIDRs, pk.dst.Addr()) || sentHere && owner.Name == n.Name {
			continue
		}
		seen = flow.Timeout
		if w.p.Policy.Deny == cluster.DenyReject && w.returns(pk, owner.Name) {
			seen = flow.Refused
		}
		break
	}
	w.end(pk, flow.NoRoute, seen)
}
