package policy

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// namedPortDeviation holds what kube-router does with named ports beyond the
// API (pkg/controllers/netpol/policy.go). Ports of a rule that resolve to no
// number leave a rule without ports, which for pod peers admits every port; and
// a named egress port without peers takes its numbers from the pods of the
// policy's namespace and holds for every address.
func (t *Tables) namedPortDeviation(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) (match, flow.Reason) {
	if t.profile.EgressNameWithoutPeer && q.Direction == Egress && len(r.Peers) == 0 {
		for i := range r.Ports {
			pp := &r.Ports[i]
			if pp.Port.Name != "" && pp.Protocol == q.Protocol && t.namespaceUses(p.Namespace, pp, q.Port) {
				return yes, t.profile.Deviation(flow.CodeDeviationEgressName)
			}
		}
	}
	if t.profile.UnresolvedPortOpens && hasPodPeer(r) && q.Peer.Pod != nil && t.nothingResolves(p, r, q.Direction) {
		return yes, t.profile.Deviation(flow.CodeDeviationUnresolved)
	}
	return no, flow.Reason{}
}

func hasPodPeer(r *cluster.PolicyRule) bool {
	for i := range r.Peers {
		if r.Peers[i].IPBlock == nil {
			return true
		}
	}
	return false
}

func (t *Tables) namespaceUses(namespace string, pp *cluster.PolicyPort, port uint16) bool {
	for i := range t.snapshot.Pods {
		pod := &t.snapshot.Pods[i]
		if pod.Namespace == namespace && !pod.HostNetwork && !pod.Finished() && hasNamedPort(pod, pp.Protocol, pp.Port.Name, port) {
			return true
		}
	}
	return false
}

// nothingResolves reports whether every port of the rule is a name that no pod
// it is looked up on carries: the policy's own pods for ingress, the peers for
// egress.
func (t *Tables) nothingResolves(p *cluster.NetworkPolicy, r *cluster.PolicyRule, d Direction) bool {
	for i := range r.Ports {
		if r.Ports[i].Port.Name == "" {
			return false
		}
	}
	for i := range t.snapshot.Pods {
		pod := &t.snapshot.Pods[i]
		if pod.HostNetwork || pod.Finished() || !t.looksUp(p, r, d, pod) {
			continue
		}
		for j := range r.Ports {
			if len(pod.PortNumbers(r.Ports[j].Protocol, r.Ports[j].Port.Name)) > 0 {
				return false
			}
		}
	}
	return true
}

func (t *Tables) looksUp(p *cluster.NetworkPolicy, r *cluster.PolicyRule, d Direction, pod *cluster.Pod) bool {
	if d == Ingress {
		return pod.Namespace == p.Namespace && p.PodSelector.Matches(pod.Labels)
	}
	for i := range r.Peers {
		if r.Peers[i].IPBlock != nil {
			continue
		}
		if m, _ := t.peerMatches(p, &r.Peers[i], Party{Pod: pod}); m == yes {
			return true
		}
	}
	return false
}
