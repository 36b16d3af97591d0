package oracle

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// This file is what proxies and enforcers beside kube-proxy's two modes and the
// API by the letter do, from their documents' sentences.

// isOf: a pod or a process of the node sent it.
func (w *world) isOf(pk packet, n *cluster.Node) bool {
	return pk.process == n.Name || w.livesOn(n.Name, pk.src)
}

// isFromPod is how a proxy tells pods. AntreaProxy and Cilium know the port or
// the socket a packet comes from, so only pods of the node are pods to them.
func (w *world) isFromPod(pk packet, n *cluster.Node) bool {
	if w.p.Proxy.PodsKeepSource {
		return pk.process != n.Name && w.podOn(n, pk.src) != nil
	}
	return w.isPodAddress(pk.src)
}

// keepsClient: "SNAT ... if the selected Endpoint is on another Node" (Antrea,
// OVS pipeline); Cilium forwards to a "local backend" without SNAT.
func (w *world) keepsClient(pk packet, n *cluster.Node, b backend) bool {
	if !w.p.Proxy.LocalBackendsKeepSource || pk.process == n.Name || w.isFromPod(pk, n) {
		return false
	}
	return w.podOn(n, b.at.Addr()) != nil || w.sendsAs(n, b.at.Addr())
}

// connectsToNode: Cilium's socket load balancer translates the node port of any
// node when a pod or process connects.
func (w *world) connectsToNode(pk packet, n *cluster.Node) bool {
	return w.p.Proxy.AtSocket && w.isOf(pk, n) && w.isNodes(pk.dst.Addr())
}

// isNodes: an address of some node, on whatever device.
func (w *world) isNodes(a netip.Addr) bool {
	for i := range w.s.Nodes {
		if w.sendsAs(&w.s.Nodes[i], a) {
			return true
		}
	}
	return false
}

// localOrAll: "Allow access from local PODs even if no local endpoints exist.
// Traffic from an external source will be routed but the reply will have the POD
// address and will be discarded" (kube-proxy pkg/proxy/ipvs).
func (w *world) localOrAll(list []backend, n *cluster.Node) []backend {
	here := localList(list, n)
	if len(here) == 0 && w.p.Proxy.LocalFallsBack {
		return clusterList(list, n)
	}
	return here
}

// isBound: "Bind service IP addresses to the dummy interface" kube-ipvs0 of every
// node: cluster IPs, external IPs and load balancer addresses.
func (w *world) isBound(a netip.Addr) bool {
	if !w.p.Proxy.BindsAddresses {
		return false
	}
	for i := range w.s.Services {
		svc := &w.s.Services[i]
		if len(svc.Ports) == 0 || !w.isProxied(svc, a.Is6()) {
			continue
		}
		for _, has := range addressesOf(svc) {
			if has == a {
				return true
			}
		}
	}
	return false
}

func addressesOf(svc *cluster.Service) (all []netip.Addr) {
	all = append(append(all, svc.ClusterIPs...), svc.ExternalIPs...)
	for _, in := range svc.Ingress {
		if !in.Proxy {
			all = append(all, in.IP)
		}
	}
	return all
}

// unusedBound: "prevent access to ports on the host through VIP addresses"
// (KUBE-IPVS-FILTER): REJECT.
func (w *world) unusedBound(pk packet, n *cluster.Node) {
	if !w.stoppedUnserved(pk, n) {
		w.reject(pk, n, flow.NotCaptured)
	}
}

// passesUnseen: IPVS sends "to the destination pod from the host rather than
// simply forwarded", past those who look at FORWARD only.
func (w *world) passesUnseen(pk packet, n *cluster.Node) bool {
	return w.p.Policy.ForwardOnly && w.p.Proxy.SkipsForward && pk.askedAt == n.Name && !w.isAddressOf(n, pk.dst.Addr())
}

// admitsOut asks a pod's egress; the agent of AWS before DNAT, with "the service
// IP ... in the PolicyEndpoint" beside the pods it stands for.
func (w *world) admitsOut(p *cluster.Pod, pk packet) bool {
	if !w.p.Policy.EgressBeforeDNAT || pk.askedAt != pk.at {
		return w.admits(p, pk, egress)
	}
	first := pk
	first.dst = pk.asked
	if w.admits(p, first, egress) {
		return true
	}
	pk.podsAlone = true
	return w.isClusterIP(pk.asked.Addr()) && w.admits(p, pk, egress)
}

// admitsIn asks a pod's ingress; enforcers at the pod's own device see what the
// node's masquerade left, and let the resident node's addresses pass. Antrea lets
// only pass what carries the mark of the node's own output chain.
func (w *world) admitsIn(p *cluster.Pod, pk packet) bool {
	if !w.p.Policy.AfterSNAT || !pk.shown.IsValid() || pk.shown == pk.src {
		return w.admits(p, pk, ingress)
	}
	if !w.p.Policy.ExemptsProcessesOnly && w.sendsAs(w.node(pk.at), pk.shown) {
		return true
	}
	pk.src = pk.shown
	return w.admits(p, pk, ingress)
}

// blockAdmits: for dataplanes of identities "CIDR rules do not apply to traffic
// where both sides of the connection are either managed by Cilium or use an IP
// address belonging to a node in the cluster" (Cilium, Layer 3 policies).
func (w *world) blockAdmits(b *cluster.IPBlock, pk packet, peer netip.Addr, s side) bool {
	if b == nil || pk.podsAlone {
		return false
	}
	if !w.p.Policy.Identities {
		return blockMatches(b, peer)
	}
	if w.podAt(peer) != nil {
		return false
	}
	if len(pk.nats) > 0 && s == ingress {
		if last := pk.nats[len(pk.nats)-1]; last.masqueraded && last.node != pk.at {
			return w.isWorld(last.src) && b.CIDR.Bits() == 0 && len(b.Except) == 0
		}
	}
	return !w.isNodes(peer) && blockMatches(b, peer)
}

// isWorld: "In the tunneling mode ... the request to the service will have the
// reserved:world security identity" (Cilium, Policy caveats).
func (w *world) isWorld(src netip.Addr) bool {
	return w.p.Policy.WorldOverTunnel && w.p.PodNetwork == cluster.PodNetworkVXLAN && w.isOutside(src)
}
