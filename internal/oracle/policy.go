package oracle

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
)

// This file is the NetworkPolicy API by the letter. enforcer.go says when a
// node asks it, and where enforcers depart from it.

// side is the direction of a rule, or of isolation.
type side int

const (
	ingress side = iota
	egress
)

// selects: "podSelector selects the pods to which this NetworkPolicy object
// applies ... in the policy's own namespace. An empty podSelector matches all
// pods in this namespace." hostNetwork pods are no pods to a policy.
func selects(np *cluster.NetworkPolicy, p *cluster.Pod) bool {
	return p != nil && np.Namespace == p.Namespace && matches(&np.PodSelector, p.Labels)
}

// selectedByAny reports whether any policy at all selects the pod.
func (w *world) selectedByAny(p *cluster.Pod) bool {
	for i := range w.s.NetworkPolicies {
		if selects(&w.s.NetworkPolicies[i], p) {
			return true
		}
	}
	return false
}

// admits: "By default, a pod is non-isolated ... A pod is isolated for ingress
// [egress] if there is any NetworkPolicy that both selects the pod and has
// "Ingress" ["Egress"] in its policyTypes ... When a pod is isolated ... the
// only allowed connections ... are those allowed by the ingress [egress] list of
// some NetworkPolicy that applies to the pod ... The effects of those lists
// combine additively."
func (w *world) admits(p *cluster.Pod, pk packet, s side) bool {
	isolated := false
	for i := range w.s.NetworkPolicies {
		np := &w.s.NetworkPolicies[i]
		if !selects(np, p) || !isolates(np, s) {
			continue
		}
		isolated = true
		if w.listAdmits(np, pk, s) || w.otherListAdmits(np, pk, s) {
			return true
		}
	}
	return !isolated
}

func isolates(np *cluster.NetworkPolicy, s side) bool {
	if s == ingress {
		return np.IsolatesIngress
	}
	return np.IsolatesEgress
}

// listAdmits: "Each NetworkPolicy may include a list of allowed ingress
// [egress] rules. Each rule allows traffic which matches both the from [to] and
// ports sections."
func (w *world) listAdmits(np *cluster.NetworkPolicy, pk packet, s side) bool {
	rules, peer := np.Ingress, pk.src
	if s == egress {
		rules, peer = np.Egress, pk.dst.Addr()
	}
	for i := range rules {
		if w.ruleAdmits(np, &rules[i], pk, peer, s) {
			return true
		}
	}
	return false
}

func (w *world) ruleAdmits(np *cluster.NetworkPolicy, r *cluster.PolicyRule, pk packet, peer netip.Addr, s side) bool {
	if w.p.Policy.EgressBlockIgnoresNames && s == egress && len(r.Peers) > 0 && len(r.Ports) > 0 {
		if w.numbersOrPodsAdmit(np, r, pk, peer) {
			return true
		}
	} else if w.peersMatch(np, r, pk, peer, s) && w.portsMatch(np, r, pk, s) {
		return true
	}
	return w.unresolvedOpens(np, r, peer, s)
}

// numbersOrPodsAdmit is kube-router's egress rule with peers: it writes rules
// for its blocks with the numbers only, and for its pods with the names too.
func (w *world) numbersOrPodsAdmit(np *cluster.NetworkPolicy, r *cluster.PolicyRule, pk packet, peer netip.Addr) bool {
	var numbers cluster.PolicyRule
	for i := range r.Ports {
		if r.Ports[i].Port.Name == "" {
			numbers.Ports = append(numbers.Ports, r.Ports[i])
		}
	}
	for i := range r.Peers {
		if blockMatches(r.Peers[i].IPBlock, peer) && len(numbers.Ports) > 0 && w.portsMatch(np, &numbers, pk, egress) {
			return true
		}
		if w.selectorsMatch(np, &r.Peers[i], w.podAt(peer)) && w.portsMatch(np, r, pk, egress) {
			return true
		}
	}
	return false
}

// peersMatch: "Items in this list are combined using a logical OR operation. If
// this field is empty or missing, this rule matches all sources [destinations]"
// (API, NetworkPolicyIngressRule.from).
func (w *world) peersMatch(np *cluster.NetworkPolicy, r *cluster.PolicyRule, pk packet, peer netip.Addr, s side) bool {
	if len(r.Peers) == 0 {
		return true
	}
	for i := range r.Peers {
		if w.blockAdmits(r.Peers[i].IPBlock, pk, peer, s) || w.selectorsMatch(np, &r.Peers[i], w.podAt(peer)) {
			return true
		}
	}
	return false
}

// blockMatches: "ipBlock: This selects particular IP CIDR ranges to allow as
// ingress sources or egress destinations"; "except is a slice of CIDRs that
// should not be included within an IPBlock".
func blockMatches(b *cluster.IPBlock, a netip.Addr) bool {
	return b != nil && b.CIDR.Contains(a) && !anyContains(b.Except, a)
}

// selectorsMatch: "podSelector: This selects particular Pods in the same
// namespace as the NetworkPolicy ... namespaceSelector: This selects particular
// namespaces for which all Pods should be allowed ... namespaceSelector and
// podSelector: A single to/from entry that specifies both selects particular
// Pods within particular namespaces."
func (w *world) selectorsMatch(np *cluster.NetworkPolicy, peer *cluster.PolicyPeer, p *cluster.Pod) bool {
	if p == nil || peer.PodSelector == nil && peer.NamespaceSelector == nil {
		return false
	}
	if peer.NamespaceSelector == nil && p.Namespace != np.Namespace {
		return false
	}
	if peer.NamespaceSelector != nil && !matches(peer.NamespaceSelector, w.namespaceLabels(p.Namespace)) {
		return false
	}
	return peer.PodSelector == nil || matches(peer.PodSelector, p.Labels)
}

// namespaceLabels: "The Kubernetes control plane sets an immutable label
// kubernetes.io/metadata.name on all namespaces, the value of the label is the
// namespace name."
func (w *world) namespaceLabels(name string) cluster.Labels {
	for i := range w.s.Namespaces {
		if w.s.Namespaces[i].Name == name {
			return w.s.Namespaces[i].Labels
		}
	}
	return cluster.Labels{"kubernetes.io/metadata.name": name}
}

// portsMatch: "Each item in this list is combined using a logical OR. If this
// field is empty or missing, this rule matches all ports (traffic not restricted
// by port)" (API, NetworkPolicyIngressRule.ports).
func (w *world) portsMatch(np *cluster.NetworkPolicy, r *cluster.PolicyRule, pk packet, s side) bool {
	if len(r.Ports) == 0 {
		return true
	}
	for i := range r.Ports {
		pp := &r.Ports[i]
		if w.portMatches(pp, pk, w.namers(np, r, pk, s)) {
			return true
		}
	}
	return false
}

// portMatches: "port represents the port on the given protocol. This can either
// be a numerical or named port on a pod. If this field is not provided, this
// matches all port names and numbers. If present, only traffic on the specified
// protocol AND port will be matched"; "endPort indicates that the range of ports
// from port to endPort if set, inclusive, should be allowed". A name is the
// looked up in the pods given.
func (w *world) portMatches(pp *cluster.PolicyPort, pk packet, namers []*cluster.Pod) bool {
	port := pk.dst.Port()
	switch {
	case pp.Protocol != pk.proto:
		return false
	case pp.Port.Name != "":
		return anyNames(namers, pp, port)
	case pp.Port.Number == 0:
		return true
	case pp.EndPort != 0:
		return pp.Port.Number <= port && port <= pp.EndPort
	}
	return pp.Port.Number == port
}

// namers are the pods whose port names count: the destination's own. The
// exception is podsOfNamespace.
func (w *world) namers(np *cluster.NetworkPolicy, r *cluster.PolicyRule, pk packet, s side) []*cluster.Pod {
	if w.p.Policy.EgressNameWithoutPeer && s == egress && len(r.Peers) == 0 {
		return w.podsOfNamespace(np.Namespace)
	}
	if p := w.podAt(pk.dst.Addr()); p != nil {
		return []*cluster.Pod{p}
	}
	return nil
}

// anyNames reports whether one of the pods gives the number that name.
// Containers may share a name with different numbers: any of them counts.
func anyNames(pods []*cluster.Pod, pp *cluster.PolicyPort, port uint16) bool {
	for _, p := range pods {
		for _, c := range p.Ports {
			if c.Name == pp.Port.Name && c.Protocol == pp.Protocol && c.Port == port {
				return true
			}
		}
	}
	return false
}

// matches: "The result of matchLabels and matchExpressions are ANDed. An empty
// label selector matches all objects" (API, LabelSelector); In and Exists need
// the key, "NotIn ... and all resources with no labels with the key", "DoesNotExist
// ... without that key" (Labels and Selectors).
func matches(s *cluster.LabelSelector, labels cluster.Labels) bool {
	for k, want := range s.MatchLabels {
		if got, has := labels[k]; !has || got != want {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		got, has := labels[r.Key]
		listed := false
		for _, v := range r.Values {
			listed = listed || has && v == got
		}
		holds := map[cluster.Operator]bool{
			cluster.OpIn: listed, cluster.OpNotIn: !listed, cluster.OpExists: has, cluster.OpDoesNotExist: !has,
		}[r.Operator]
		if !holds {
			return false
		}
	}
	return true
}
