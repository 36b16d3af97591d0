package oracle

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// atRouter hands the packet to every node that may get it.
func (w *world) atRouter(pk packet) {
	hops, routed, outside := w.nextHops(pk)
	switch {
	case outside:
		w.outside(pk)
	case len(hops) == 0 && (w.isVirtual(pk) || routed):
		w.end(pk, flow.NotAnnounced, flow.Unreachable)
	case len(hops) == 0:
		w.end(pk, flow.NoRoute, flow.Unreachable)
	case pk.routed:
		// It was a node's turn already and the node gave it back: the next one
		// will do the same, until the packet's time is up.
		w.end(pk, flow.Loop, flow.Unreachable)
	default:
		pk.routed = true
		for _, n := range hops {
			w.atNode(pk, n)
		}
	}
}

// nextHops are the nodes the router may choose. routed is true when somebody
// gave the router the prefix, outside when the address is beyond it.
func (w *world) nextHops(pk packet) (hops []*cluster.Node, routed, outside bool) {
	r := cluster.Router{Multipath: true}
	if len(w.s.Fabric.Routers) > 0 {
		r = w.s.Fabric.Routers[0]
	}
	a := pk.dst.Addr()
	if via := w.node(w.via); via != nil && pk.endpoint == "" {
		return []*cluster.Node{via}, false, false // whoever asks this way takes that route as given
	}
	if n := w.nodeAt(a); n != nil {
		return []*cluster.Node{n}, false, false // the router and the nodes share a network
	}
	routed = anyContains(r.Prefixes, a)
	switch p := w.podAt(a); {
	case routed && p != nil:
		return []*cluster.Node{w.node(p.Node)}, true, false
	case routed:
		hops = w.staticHops(r)
	case r.Routes == cluster.RoutesBGP:
		hops = w.announcers(pk)
	case w.isVirtual(pk):
		hops = w.staticHops(r)
	}
	if len(hops) == 0 && !routed && w.isBeyond(pk) && (pk.endpoint != "" || !w.isOutside(pk.src)) {
		return nil, routed, true
	}
	if !r.Multipath && len(hops) > 1 {
		hops = hops[:1]
	}
	return hops, routed, false
}

// isBeyond: an address that belongs to nothing the Snapshot knows.
func (w *world) isBeyond(pk packet) bool {
	a := pk.dst.Addr()
	return !w.isVirtual(pk) && w.podAt(a) == nil && !w.isServiceAddress(a) && !anyContains(w.p.ClusterCIDRs, a)
}

// isOutside: nobody of the cluster sends from the address.
func (w *world) isOutside(a netip.Addr) bool {
	for i := range w.s.Nodes {
		if w.sendsAs(&w.s.Nodes[i], a) {
			return false
		}
	}
	return w.podAt(a) == nil
}

// isVirtual: the address is in some Service's status.loadBalancer.ingress ("a
// list containing ingress points for the load-balancer. Traffic intended for
// the service should be sent to these ingress points") or spec.externalIPs ("a
// list of IP addresses for which nodes in the cluster will also accept traffic
// for this service").
func (w *world) isVirtual(pk packet) bool {
	for i := range w.s.Services {
		svc := &w.s.Services[i]
		if slices.Contains(svc.ExternalIPs, pk.dst.Addr()) {
			return true
		}
		for _, in := range svc.Ingress {
			if in.IP == pk.dst.Addr() {
				return true
			}
		}
	}
	return false
}

// staticHops are the nodes somebody wrote into the router, or else all that a
// load balancer would use.
func (w *world) staticHops(r cluster.Router) (hops []*cluster.Node) {
	for _, name := range r.Nodes {
		if n := w.node(name); n != nil {
			hops = append(hops, n)
		}
	}
	if len(r.Nodes) > 0 {
		return hops
	}
	return w.eligible()
}

// eligible: "node.kubernetes.io/exclude-from-external-load-balancers ... you can
// add labels to particular worker nodes to exclude them from the list of
// backend servers used by external load balancers" (Well-Known Labels), and the
// node must be ready and have a network.
func (w *world) eligible() (nodes []*cluster.Node) {
	for i := range w.s.Nodes {
		n := &w.s.Nodes[i]
		_, excluded := n.Labels["node.kubernetes.io/exclude-from-external-load-balancers"]
		if !excluded && n.Ready && !n.NetworkUnavailable {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// announcers are MetalLB's BGP speakers that draw the address. "With the
// Cluster traffic policy ... every node in your cluster will attract traffic for
// the service IP"; with Local "nodes will only attract traffic if they are
// running one or more of the service's pods locally" (MetalLB, Usage, BGP). Of
// several Services on one address each may draw it.
func (w *world) announcers(pk packet) (nodes []*cluster.Node) {
	for _, n := range w.eligible() {
		if w.announces(n, pk) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func (w *world) announces(n *cluster.Node, pk packet) bool {
	for i := range w.s.Services {
		svc := &w.s.Services[i]
		for _, in := range svc.Ingress {
			if in.IP == pk.dst.Addr() && !in.Proxy && w.hasHealthy(svc, n) {
				return true
			}
		}
	}
	return false
}

// hasHealthy: some endpoint is ready or serving, with Local one on the node. All
// slices of the Service count, whatever their family and ports (MetalLB,
// speaker/bgp_controller.go, hasHealthyEndpoint).
func (w *world) hasHealthy(svc *cluster.Service, n *cluster.Node) bool {
	for i := range w.s.EndpointSlices {
		slice := &w.s.EndpointSlices[i]
		if slice.Namespace != svc.Namespace || slice.Service != svc.Name {
			continue
		}
		for _, e := range slice.Endpoints {
			here := svc.ExternalTrafficPolicy != cluster.PolicyLocal || e.Node == n.Name
			if here && (e.Ready || e.Serving) {
				return true
			}
		}
	}
	return false
}

// outside: somebody beyond the router gets it, and is assumed to answer.
func (w *world) outside(pk packet) {
	pk = w.reached(pk)
	w.answer(pk, "")
}
