package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Miss is one rule of one isolating policy that did not admit, and which part
// of it failed.
type Miss struct {
	Policy *cluster.NetworkPolicy
	// Origin is the rule, or the policy where it has no rule at all.
	Origin flow.Origin
	// Peers and Ports say what failed, entry by entry; empty: that part matches.
	Peers []flow.Reason
	Ports []flow.Reason
	// Empty is true where the policy has no rule of the direction at all.
	Empty bool
}

// Parts orders misses: the fewer parts fail the nearer the rule came.
func (m *Miss) Parts() int {
	switch {
	case m.Empty:
		return 3
	case len(m.Peers) > 0 && len(m.Ports) > 0:
		return 2
	}
	return 1
}

// Explain says, for a question that was denied, why each rule of each isolating
// policy did not admit, nearest miss first: a rule that fails in its ports or
// in its peers alone before one that fails in both, and rules before policies
// without any.
func (t *Tables) Explain(q Question) []Miss {
	var misses []Miss
	for _, i := range t.isolating(q.Subject.Pod, q.Direction) {
		p := &t.snapshot.NetworkPolicies[i]
		rules, field := q.Direction.rules(p)
		if len(rules) == 0 {
			misses = append(misses, Miss{
				Policy: p, Origin: origin(p, field, p.Position), Empty: true,
				Peers: []flow.Reason{flow.Because(flow.CodeMissNothing, strings.ToLower(q.Direction.String()))},
			})
			continue
		}
		for j := range rules {
			m := Miss{Policy: p, Origin: origin(p, field+"["+strconv.Itoa(j)+"]", rules[j].Position)}
			m.Peers = t.peerMisses(p, &rules[j], &q)
			m.Ports = t.portMisses(&rules[j], &q)
			misses = append(misses, m)
		}
	}
	slices.SortStableFunc(misses, func(a, b Miss) int { return a.Parts() - b.Parts() })
	return misses
}

func (t *Tables) peerMisses(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) []flow.Reason {
	if m, _ := t.peersMatch(p, r, q); m == yes {
		return nil
	}
	var why []flow.Reason
	for i := range r.Peers {
		why = append(why, t.peerMiss(p, &r.Peers[i], q.Peer))
	}
	return why
}

func (t *Tables) peerMiss(p *cluster.NetworkPolicy, peer *cluster.PolicyPeer, party Party) flow.Reason {
	if b := peer.IPBlock; b != nil {
		if !party.Addr.IsValid() {
			return flow.Because(flow.CodeAddressUnknown)
		}
		if t.profile.Identities && (party.Pod != nil || party.Node || party.World) {
			return flow.Because(flow.CodeMissIdentity, b.CIDR.String(), party.Addr.String())
		}
		for _, e := range b.Except {
			if b.CIDR.Contains(party.Addr) && e.Contains(party.Addr) {
				return flow.Because(flow.CodeMissExcept, e.String(), party.Addr.String())
			}
		}
		return flow.Because(flow.CodeMissBlock, b.CIDR.String(), party.Addr.String())
	}
	if party.Pod == nil && !party.Addr.IsValid() {
		return flow.Because(flow.CodeAddressUnknown)
	}
	if party.Pod == nil {
		return flow.Because(flow.CodeMissNotPod, party.Addr.String(), peerWords(p, peer))
	}
	if peer.NamespaceSelector == nil && party.Pod.Namespace != p.Namespace {
		return flow.Because(flow.CodeMissOtherNS, p.Namespace, party.Pod.Namespace)
	}
	if peer.NamespaceSelector != nil {
		if m, missing := t.namespaceMatches(peer.NamespaceSelector, party.Pod.Namespace); m == perhaps {
			return missing
		} else if m == no {
			return flow.Because(flow.CodeMissNamespace, peer.NamespaceSelector.String(), party.Pod.Namespace)
		}
	}
	return flow.Because(flow.CodeMissSelector, peer.PodSelector.String(), party.Pod.Namespace+"/"+party.Pod.Name)
}

// peerWords is a peer's selectors in kubectl's notation.
func peerWords(p *cluster.NetworkPolicy, peer *cluster.PolicyPeer) string {
	switch {
	case peer.NamespaceSelector == nil:
		return "namespace " + p.Namespace + ", pods " + peer.PodSelector.String()
	case peer.PodSelector == nil:
		return "namespaces " + peer.NamespaceSelector.String()
	}
	return "namespaces " + peer.NamespaceSelector.String() + ", pods " + peer.PodSelector.String()
}

func (t *Tables) portMisses(r *cluster.PolicyRule, q *Question) []flow.Reason {
	if len(r.Ports) == 0 {
		return nil
	}
	var why []flow.Reason
	for i := range r.Ports {
		pp := &r.Ports[i]
		switch {
		case t.portMatches(pp, q):
			return nil
		case pp.Protocol != q.Protocol:
			why = append(why, flow.Because(flow.CodeMissProtocol, pp.Protocol.String(), q.Protocol.String()))
		case pp.Port.Name != "":
			why = append(why, flow.Because(flow.CodeMissNamedPort, pp.Port.Name, strconv.Itoa(int(q.Port))))
		default:
			why = append(why, flow.Because(flow.CodeMissPort, pp.Words(), strconv.Itoa(int(q.Port))))
		}
	}
	return why
}
