package oracle

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

type addr = netip.Addr

// targetOf is the pod that the endpoint refers to: "targetRef is a reference to
// a Kubernetes object that represents this endpoint" (API).
func (w *world) targetOf(b backend) *cluster.Pod {
	if b.Target.Kind != "Pod" {
		return nil
	}
	return w.pod(b.Target.Namespace, b.Target.Name)
}

// nameOf is how an endpoint is called: its pod, else the pod that has the
// address, else the address.
func (w *world) nameOf(b backend, proto flow.Protocol) string {
	if b.Target.Kind == "Pod" {
		return b.Target.Namespace + "/" + b.Target.Name
	}
	return w.nameOfAddress(b.at, proto)
}

func (w *world) nameOfAddress(at netip.AddrPort, proto flow.Protocol) string {
	if p := w.podAt(at.Addr()); p != nil {
		return p.Namespace + "/" + p.Name
	}
	if n := w.nodeAt(at.Addr()); n != nil {
		if p := w.hostListener(n, packet{dst: at, proto: proto}); p != nil {
			return p.Namespace + "/" + p.Name
		}
	}
	return at.String()
}

// hostListener is the hostNetwork pod of the node that declares the port.
func (w *world) hostListener(n *cluster.Node, pk packet) *cluster.Pod {
	for i := range w.s.Pods {
		p := &w.s.Pods[i]
		if p.HostNetwork && p.Node == n.Name && !finished(p) && declares(p, pk) {
			return p
		}
	}
	return nil
}

func declares(p *cluster.Pod, pk packet) bool {
	for _, c := range p.Ports {
		if c.Protocol == pk.proto && c.Port == pk.dst.Port() {
			return true
		}
	}
	return false
}

// listens: "List of ports to expose from the container. Not specifying a port
// here DOES NOT prevent that port from being exposed" (API, Container.ports): a
// pod that declares no port of the protocol is assumed to listen, one that
// declares others is assumed not to.
func listens(p *cluster.Pod, pk packet) bool {
	others := false
	for _, c := range p.Ports {
		if c.Protocol != pk.proto {
			continue
		}
		if c.Port == pk.dst.Port() {
			return true
		}
		others = true
	}
	return !others
}

// reached: who was asked for by address is known by name once the packet is
// there.
func (w *world) reached(pk packet) packet {
	if pk.endpoint == "" {
		pk.endpoint = w.nameOfAddress(pk.dst, pk.proto)
	}
	return pk
}

// atPod is the end of the trip: the pod's own network.
func (w *world) atPod(pk packet, p *cluster.Pod) {
	pk = w.reached(pk)
	if slices.Contains(p.IPs, pk.src) {
		// Its own address comes in from outside: a martian, discarded.
		w.arrived(pk, flow.ReplyLost, flow.Timeout)
		return
	}
	if listens(p, pk) {
		w.answer(pk, p.Node)
	} else {
		w.notListening(pk, p.Node)
	}
}

// atProcess is the end of the trip at a process of the node: a hostNetwork
// pod's, or one that Kubernetes does not know. The latter is assumed, but not
// in the range that belongs to NodePorts ("default: 30000-32767").
func (w *world) atProcess(pk packet, n *cluster.Node) {
	if w.isAddressOf(n, pk.src) || pk.process == n.Name && len(pk.nats) == 1 {
		pk.src = pk.dst.Addr() // out of lo and in again
	}
	p := w.hostListener(n, pk)
	if p != nil && pk.endpoint != "" && (pk.target == nil || !pk.target.HostNetwork || !declares(pk.target, pk)) {
		pk.endpoint = p.Namespace + "/" + p.Name // a port of a host is one socket, whoever the slice names
	}
	if p == nil && pk.target != nil && pk.target.HostNetwork {
		p = pk.target
	}
	pk = w.reached(pk)
	port := pk.dst.Port()
	switch {
	case p != nil && !listens(p, pk), p == nil && port >= 30000 && port <= 32767:
		w.notListening(pk, n.Name)
	default:
		w.answer(pk, n.Name)
	}
}

func (w *world) answer(pk packet, at string) {
	if w.returns(pk, at) {
		w.arrived(pk, flow.Delivered, flow.Connected)
	} else {
		w.arrived(pk, flow.ReplyLost, flow.Timeout)
	}
}

func (w *world) notListening(pk packet, at string) {
	if w.returns(pk, at) {
		w.arrived(pk, flow.NotListening, flow.Refused)
	} else {
		w.arrived(pk, flow.NotListening, flow.Timeout)
	}
}

// returns reports whether an answer that starts on the machine passes back
// through every node that translated the packet, the last one first: "packets
// sent to Services with Type=NodePort are source NAT'd ... so that the reply
// comes back the same way" (Using Source IP). A node sees the answer if it is
// sent to the node's own address, which masquerading makes sure of, if it
// starts there, or if whom it is sent to lives there.
func (w *world) returns(pk packet, at string) bool {
	for _, t := range slices.Backward(pk.nats) {
		if !t.masqueraded && at != t.node && !w.livesOn(t.node, t.src) {
			return false
		}
		at = t.node
	}
	return true
}

// seenOfError is what the client notices of an ICMP error raised on the node.
func (w *world) seenOfError(pk packet, n *cluster.Node) flow.Seen {
	if !w.returns(pk, n.Name) {
		return flow.Timeout
	}
	if p := w.podOn(n, pk.src); p != nil && w.p.Policy.Enforces && w.p.Policy.DropsProxyErrors && w.selectedByAny(p) {
		return flow.Timeout
	}
	return flow.Refused
}
