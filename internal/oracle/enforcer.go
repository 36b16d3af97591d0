package oracle

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// enforce asks the node's policy enforcer about a packet after DNAT and before
// the masquerade. It reports whether the packet ended here.
func (w *world) enforce(pk packet, n *cluster.Node) bool {
	if !w.p.Policy.Enforces || w.allowed(pk, n) {
		return false
	}
	seen := flow.Timeout
	if w.p.Policy.Deny == cluster.DenyReject && w.returns(pk, n.Name) {
		seen = flow.Refused
	}
	w.end(pk, flow.DeniedByPolicy, seen)
	return true
}

// stoppedUnserved: an enforcer may look before the proxy's own verdict, at the
// packet as the pod sent it.
func (w *world) stoppedUnserved(pk packet, n *cluster.Node) bool {
	return w.p.Policy.BeforeProxyVerdicts && w.enforce(pk, n)
}

// allowed: "For a connection from a source pod to a destination pod to be
// allowed, both the egress policy on the source pod and the ingress policy on
// the destination pod need to allow the connection. If either side does not
// allow the connection, it will not happen." Each node asks for its own pods.
func (w *world) allowed(pk packet, n *cluster.Node) bool {
	pk.at = n.Name
	if pk.process == n.Name || !w.p.Policy.ExemptsProcessesOnly && w.sendsAs(n, pk.src) {
		// "traffic to and from the node where a Pod is running is always allowed,
		// regardless of the IP address of the Pod or the node"
		return true
	}
	source, destination := w.podAt(pk.src), w.podAt(pk.dst.Addr())
	if w.skipsNodePort(pk, n) || w.passesUnseen(pk, n) {
		return true
	}
	if w.p.Policy.Span == cluster.SpanBothEnds {
		return !w.concerned(source, n) && !w.concerned(destination, n) || w.bothAdmit(source, destination, pk)
	}
	if source != nil && source.Node != n.Name {
		source = nil
	}
	if destination != nil && destination.Node != n.Name {
		destination = nil
	}
	return w.bothAdmit(source, destination, pk)
}

// concerned: a pod that runs here and that any policy selects.
func (w *world) concerned(p *cluster.Pod, n *cluster.Node) bool {
	return p != nil && p.Node == n.Name && w.selectedByAny(p)
}

// bothAdmit asks the source's egress and the destination's ingress; no pod, no
// question. A pod that reaches itself through a Service is both.
func (w *world) bothAdmit(source, destination *cluster.Pod, pk packet) bool {
	out := source == nil || w.admitsOut(source, pk)
	in := destination == nil || w.admitsIn(destination, pk)
	if source != nil && source == destination {
		switch w.p.Policy.Self {
		case cluster.SelfJudged:
		case cluster.SelfEither:
			return out || in
		case cluster.SelfExempt:
			return true
		}
	}
	return out && in
}

// skipsNodePort: packets for the node itself, to a port of the NodePort range
// ("default: 30000-32767"), which some enforcers let in whoever sends.
func (w *world) skipsNodePort(pk packet, n *cluster.Node) bool {
	port := pk.dst.Port()
	return w.p.Policy.SkipsNodePortRange && w.isAddressOf(n, pk.dst.Addr()) && port >= 30000 && port <= 32767
}

// otherListAdmits is kube-router's shared chain: where one policy has both
// directions and selects both ends, the rules of the other direction admit too.
func (w *world) otherListAdmits(np *cluster.NetworkPolicy, pk packet, s side) bool {
	if !w.p.Policy.SharedChains || !np.IsolatesIngress || !np.IsolatesEgress {
		return false
	}
	if s == ingress {
		return selects(np, w.podAt(pk.src)) && w.listAdmits(np, pk, egress)
	}
	return selects(np, w.podAt(pk.dst.Addr())) && w.listAdmits(np, pk, ingress)
}

// unresolvedOpens is kube-router's rule without ports: where all ports are
// names and no pod has them, it forgets the ports for the peers that are pods.
// An ingress name is sought in the pods the policy selects, an egress name in
// the pods the rule names.
func (w *world) unresolvedOpens(np *cluster.NetworkPolicy, r *cluster.PolicyRule, peer netip.Addr, s side) bool {
	if !w.p.Policy.UnresolvedPortOpens || len(r.Ports) == 0 {
		return false
	}
	for i := range r.Ports {
		if r.Ports[i].Port.Name == "" || w.anyPodNames(np, r, &r.Ports[i], s) {
			return false
		}
	}
	return w.isPeerPod(np, r, w.podAt(peer))
}

func (w *world) isPeerPod(np *cluster.NetworkPolicy, r *cluster.PolicyRule, p *cluster.Pod) bool {
	for i := range r.Peers {
		if w.selectorsMatch(np, &r.Peers[i], p) {
			return true
		}
	}
	return false
}

// anyPodNames reports whether a pod that a name is sought in has it.
func (w *world) anyPodNames(np *cluster.NetworkPolicy, r *cluster.PolicyRule, pp *cluster.PolicyPort, s side) bool {
	for i := range w.s.Pods {
		p := &w.s.Pods[i]
		if p.HostNetwork || finished(p) || len(p.IPs) == 0 {
			continue
		}
		if s == ingress && !selects(np, p) || s == egress && !w.isPeerPod(np, r, p) {
			continue
		}
		for _, c := range p.Ports {
			if c.Name == pp.Port.Name && c.Protocol == pp.Protocol {
				return true
			}
		}
	}
	return false
}

// podsOfNamespace are the pods in which kube-router seeks a named port of an
// egress rule without peers: those of the policy's namespace. Their numbers
// count whatever the destination.
func (w *world) podsOfNamespace(namespace string) (pods []*cluster.Pod) {
	for i := range w.s.Pods {
		if p := &w.s.Pods[i]; p.Namespace == namespace && !p.HostNetwork && !finished(p) && len(p.IPs) > 0 {
			pods = append(pods, p)
		}
	}
	return pods
}
