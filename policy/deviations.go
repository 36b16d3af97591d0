package policy

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// byAddress says of a denial whether an ipBlock would admit, did it match the
// addresses of pods and nodes.
func (t *Tables) byAddress(q Question) flow.Reason {
	if !t.profile.Identities || !q.Peer.Addr.IsValid() {
		return flow.Reason{}
	}
	plain, profile := *t, *t.profile
	profile.Identities = false
	plain.profile = &profile
	q.Peer.World = false
	if plain.Judge(q).Verdict != Admitted {
		return flow.Reason{}
	}
	return t.profile.Deviation(flow.CodeDeviationIdentities)
}

// What kube-router does with named ports beyond the API
// (pkg/controllers/netpol/policy.go).

// unresolvedPorts: ports of a rule that are all names, and resolve to no number,
// leave a rule without ports, which admits its pod peers on every one. Its
// ipBlocks admit nothing.
func (t *Tables) unresolvedPorts(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) ruleResult {
	if !t.profile.UnresolvedPortOpens || q.Peer.Pod == nil || !hasPodPeer(r) || !t.nothingResolves(p, r, q.Direction) {
		return ruleResult{}
	}
	best := ruleResult{}
	for i := range r.Peers {
		if r.Peers[i].IPBlock != nil {
			continue
		}
		if m, missing := t.peerMatches(p, &r.Peers[i], q.Peer); m > best.m {
			best = ruleResult{m: m, missing: missing, deviation: t.profile.Deviation(flow.CodeDeviationUnresolved)}
		}
	}
	return best
}

// namesOfNamespace: a named egress port without peers takes its numbers from
// the pods of the policy's namespace, and holds for every address.
func (t *Tables) namesOfNamespace(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) (match, flow.Reason) {
	for i := range r.Ports {
		pp := &r.Ports[i]
		if pp.Port.Name == "" {
			if t.portMatches(pp, q) {
				return yes, flow.Reason{}
			}
			continue
		}
		if pp.Protocol != q.Protocol || !t.namespaceUses(p.Namespace, pp, q.Port) {
			continue
		}
		if t.portMatches(pp, q) {
			return yes, flow.Reason{} // the API admits it as well
		}
		return yes, t.profile.Deviation(flow.CodeDeviationEgressName)
	}
	return no, flow.Reason{}
}

// blockWithoutNames: an egress ipBlock admits nothing by named ports; only the
// rule's numbers count for it.
func (t *Tables) blockWithoutNames(peer *cluster.PolicyPeer, r *cluster.PolicyRule, q *Question) bool {
	if !t.profile.EgressBlockIgnoresNames || q.Direction != Egress || peer.IPBlock == nil || len(r.Ports) == 0 {
		return false
	}
	for i := range r.Ports {
		if r.Ports[i].Port.Name == "" && t.portMatches(&r.Ports[i], q) {
			return false
		}
	}
	return true
}

func hasPodPeer(r *cluster.PolicyRule) bool {
	for i := range r.Peers {
		if r.Peers[i].IPBlock == nil {
			return true
		}
	}
	return false
}

// lookedUp: names are sought in pods that have an address of their own and have
// not finished.
func lookedUp(pod *cluster.Pod) bool {
	return !pod.HostNetwork && !pod.Finished() && len(pod.IPs) > 0
}

func (t *Tables) namespaceUses(namespace string, pp *cluster.PolicyPort, port uint16) bool {
	for i := range t.snapshot.Pods {
		pod := &t.snapshot.Pods[i]
		if pod.Namespace == namespace && lookedUp(pod) && hasNamedPort(pod, pp.Protocol, pp.Port.Name, port) {
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
		if !lookedUp(pod) || !t.looksUp(p, r, d, pod) {
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
