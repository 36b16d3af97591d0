package oracle

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// kind is which of a Service's addresses a packet goes to.
type kind int

const (
	clusterIP kind = iota
	loadBalancer
	externalIP
	nodePort
)

// capture is one Service port that takes the packet on this node.
type capture struct {
	svc  *cluster.Service
	port *cluster.ServicePort
	kind kind
}

// captures are the Service ports whose address and port the packet has.
func (w *world) captures(pk packet, n *cluster.Node) (found []capture) {
	for i := range w.s.Services {
		svc := &w.s.Services[i]
		if !w.isProxied(svc, pk.v6()) {
			continue
		}
		for j := range svc.Ports {
			port := &svc.Ports[j]
			if port.Protocol != pk.proto {
				continue
			}
			if k, ok := w.match(pk, n, svc, port); ok {
				found = append(found, capture{svc, port, k})
			}
		}
	}
	return found
}

// isProxied: "For headless Services, a cluster IP is not allocated, kube-proxy
// does not handle these Services" (Headless Services); "Services of type
// ExternalName map a Service to a DNS name"; "kube-proxy ignores a Service with
// the label service.kubernetes.io/service-proxy-name" (Well-Known Labels). In a
// family without a ClusterIP the Service is not seen at all.
func (w *world) isProxied(svc *cluster.Service, v6 bool) bool {
	return w.p.Proxy.Captures && !svc.Headless && svc.Type != cluster.ServiceExternalName && svc.ProxyName == "" &&
		firstOfFamily(svc.ClusterIPs, v6).IsValid()
}

// match says as which kind of address the Service port takes the packet. An
// ingress address of ipMode Proxy is none: "traffic is delivered to the node or
// pod with the destination set to the node's IP and node port or the pod's IP
// and port" (API, LoadBalancerIngress.ipMode).
func (w *world) match(pk packet, n *cluster.Node, svc *cluster.Service, port *cluster.ServicePort) (kind, bool) {
	a := pk.dst.Addr()
	if port.NodePort != 0 && port.NodePort == pk.dst.Port() && (w.hasNodePorts(n, a) || w.connectsToNode(pk, n)) {
		return nodePort, true
	}
	if port.Port != pk.dst.Port() {
		return 0, false
	}
	for _, in := range svc.Ingress {
		if in.IP == a && !in.Proxy {
			return loadBalancer, true
		}
	}
	switch {
	case slices.Contains(svc.ClusterIPs, a):
		return clusterIP, !w.p.Proxy.ClusterIPsInsideOnly || w.isOf(pk, n)
	case slices.Contains(svc.ExternalIPs, a):
		return externalIP, true
	}
	return 0, false
}

// hasNodePorts: "--nodeport-addresses ... primary: only on the node's primary
// IPs" is nftables' default, every local address iptables'.
func (w *world) hasNodePorts(n *cluster.Node, a netip.Addr) bool {
	if w.p.Proxy.NodePortOnEveryAddress {
		return w.sendsAs(n, a)
	}
	return firstOfFamily(n.InternalIPs, a.Is6()) == a
}

// isServiceAddress: a ClusterIP of some Service, or an address of the range
// they are taken from.
func (w *world) isServiceAddress(a netip.Addr) bool {
	return w.isClusterIP(a) || anyContains(w.p.ServiceCIDRs, a)
}

func (w *world) isClusterIP(a netip.Addr) bool {
	for i := range w.s.Services {
		if slices.Contains(w.s.Services[i].ClusterIPs, a) {
			return true
		}
	}
	return false
}

// isServedClusterIP: a ClusterIP of a Service that this proxy handles.
func (w *world) isServedClusterIP(a netip.Addr) bool {
	for i := range w.s.Services {
		if svc := &w.s.Services[i]; w.isProxied(svc, a.Is6()) && slices.Contains(svc.ClusterIPs, a) && len(svc.Ports) > 0 {
			return true
		}
	}
	return false
}

// inSourceRanges: "If specified and supported by the platform, this will
// restrict traffic through the cloud-provider load-balancer ... to the
// specified client IPs" (API, loadBalancerSourceRanges). Each family has its
// own ranges: with none of this family, or a /0 among them, nobody is excluded.
func inSourceRanges(svc *cluster.Service, src netip.Addr) bool {
	restricted := false
	for _, r := range svc.SourceRanges {
		if r.Addr().Is6() != src.Is6() {
			continue
		}
		if r.Bits() == 0 || r.Contains(src) {
			return true
		}
		restricted = true
	}
	return !restricted
}

// pick is what a proxy does with a packet: the endpoints it may choose, and
// whether it hides the client from them.
type pick struct {
	list       []backend
	masquerade bool
}

// choose reads the traffic policies.
func (w *world) choose(pk packet, n *cluster.Node, c capture, all []backend) pick {
	if c.kind == clusterIP {
		return w.chooseInternal(pk, n, c.svc, all)
	}
	return w.chooseExternal(pk, n, c.svc, all)
}

// chooseInternal: "InternalTrafficPolicy describes how nodes distribute service
// traffic they receive on the ClusterIP. If set to "Local", the proxy will
// assume that pods only want to talk to endpoints of the service on the same
// node as the pod, dropping the traffic if there are no local endpoints" (API).
// A source that is no pod is masqueraded, with --masquerade-all every source.
func (w *world) chooseInternal(pk packet, n *cluster.Node, svc *cluster.Service, all []backend) pick {
	p := pick{list: clusterList(all, n), masquerade: !w.isFromPod(pk, n) || w.p.MasqueradeAll}
	if svc.InternalTrafficPolicy == cluster.PolicyLocal {
		p.list = w.localOrAll(all, n)
	}
	return p
}

// chooseExternal: "externalTrafficPolicy describes how nodes distribute service
// traffic they receive on one of the Service's "externally-facing" addresses
// (NodePorts, ExternalIPs, and LoadBalancer IPs). If set to "Local" ... each
// node will deliver traffic only to the node-local endpoints of the service,
// without masquerading the client source IP. (Traffic mistakenly sent to a node
// with no endpoints will be dropped.) ... Note that traffic sent to an External
// IP or LoadBalancer IP from within the cluster will always get "Cluster"
// semantics" (API): pods keep their address, processes of the node do not.
func (w *world) chooseExternal(pk packet, n *cluster.Node, svc *cluster.Service, all []backend) pick {
	switch {
	case svc.ExternalTrafficPolicy != cluster.PolicyLocal:
		return pick{clusterList(all, n), !w.p.Proxy.PodsKeepSource || !w.isFromPod(pk, n)}
	case w.p.Proxy.LocalFallsBack:
	case w.isFromPod(pk, n):
		return pick{clusterList(all, n), false}
	case w.sendsAs(n, pk.src):
		return pick{clusterList(all, n), true}
	}
	return pick{w.localOrAll(all, n), false}
}

// isHairpin: "a Pod accesses itself through its Service": source and endpoint
// are one, and unless the source is rewritten the answer never leaves the pod.
func (w *world) isHairpin(pk packet, n *cluster.Node, b backend) bool {
	if pk.src != b.at.Addr() {
		return false
	}
	return !w.p.Proxy.HairpinLocalOnly || w.isListedOn(n, b)
}

// isListedOn: nftables mode keeps the hairpins of a node in one set of address
// and port, so the slice of any Service may put the endpoint there
// (nftables/proxier.go, hairpin-connections).
func (w *world) isListedOn(n *cluster.Node, b backend) bool {
	for i := range w.s.Services {
		svc := &w.s.Services[i]
		if !w.isProxied(svc, b.at.Addr().Is6()) {
			continue
		}
		for j := range svc.Ports {
			port := &svc.Ports[j]
			all := w.backends(svc, port, b.at.Addr().Is6())
			list := ready(all)
			if len(list) == 0 {
				list = draining(all)
			}
			if isLocalAnywhere(svc, port, b.at.Addr().Is6()) {
				list = append(list, localList(all, n)...)
			}
			for _, o := range list {
				if o.at == b.at && o.Node == n.Name {
					return true
				}
			}
		}
	}
	return false
}

// isLocalAnywhere reports whether some address of the Service port has a Local
// policy.
func isLocalAnywhere(svc *cluster.Service, port *cluster.ServicePort, v6 bool) bool {
	outside := port.NodePort != 0 || firstOfFamily(svc.ExternalIPs, v6).IsValid()
	for _, in := range svc.Ingress {
		outside = outside || in.IP.IsValid() && in.IP.Is6() == v6 && !in.Proxy
	}
	return svc.InternalTrafficPolicy == cluster.PolicyLocal || outside && svc.ExternalTrafficPolicy == cluster.PolicyLocal
}

// serve runs one Service port on one packet.
func (w *world) serve(pk packet, n *cluster.Node, c capture) {
	all := w.backends(c.svc, c.port, pk.v6())
	if w.excluded(pk, n, c, all) {
		if !w.p.Proxy.RangesBeforeDNAT && w.stoppedUnserved(pk, n) {
			return
		}
		w.end(pk, flow.DeniedBySourceRanges, flow.Timeout)
		return
	}
	p := w.choose(pk, n, c, all)
	switch {
	case len(p.list) > 0:
		for _, b := range p.list {
			w.toBackend(pk, n, b, p.masquerade && !w.keepsClient(pk, n, b))
		}
	case anywhere(all):
		if !w.stoppedUnserved(pk, n) {
			w.end(pk, flow.NoLocalEndpoint, flow.Timeout)
		}
	case w.p.Proxy.ProcessSkipsEmptyExternal && w.sendsAs(n, pk.src) && !pk.routed && (c.kind == loadBalancer || c.kind == externalIP):
		w.atRouter(pk) // the process's packet leaves as if there were no Service
	default:
		if !w.stoppedUnserved(pk, n) {
			w.reject(pk, n, flow.NoEndpoints)
		}
	}
}

// excluded: only the load balancer's address has source ranges.
func (w *world) excluded(pk packet, n *cluster.Node, c capture, all []backend) bool {
	if c.kind != loadBalancer || inSourceRanges(c.svc, pk.src) {
		return false
	}
	if pk.src == pk.dst.Addr() && w.isBound(pk.src) && inSourceRanges(c.svc, firstOfFamily(n.InternalIPs, pk.v6())) {
		return false // "if the node IP is in a range, the VIP itself is added"
	}
	return !w.p.Proxy.RangesNeedEndpoints || anywhere(all)
}

// reject is the proxy's own ICMP port unreachable.
func (w *world) reject(pk packet, n *cluster.Node, f flow.Fate) {
	w.end(pk, f, w.seenOfError(pk, n))
}

// unusedClusterIP: "rejects traffic to unused ports of a ClusterIP, drops
// traffic to unallocated ClusterIPs" (kube-proxy, nftables README); iptables
// mode does neither, and nobody answers.
func (w *world) unusedClusterIP(pk packet, n *cluster.Node) {
	if w.p.Proxy.ChecksClusterIPs && w.stoppedUnserved(pk, n) {
		return
	}
	if w.p.Proxy.ChecksClusterIPs && w.isServedClusterIP(pk.dst.Addr()) {
		w.reject(pk, n, flow.NotCaptured)
		return
	}
	if routers := w.s.Fabric.Routers; len(routers) > 0 && anyContains(routers[0].Prefixes, pk.dst.Addr()) && !w.p.Proxy.ChecksClusterIPs {
		w.carry(pk, n, false) // the router has the range and sends it back
		return
	}
	if !w.p.Proxy.ChecksClusterIPs && w.enforce(pk, n) {
		return
	}
	w.end(pk, flow.NotCaptured, flow.Timeout)
}
