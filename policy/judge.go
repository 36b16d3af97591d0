package policy

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Party is one end of a connection as the enforcing node sees it.
type Party struct {
	Addr netip.Addr   // the zero Addr: not known
	Pod  *cluster.Pod // the pod with its own network behind Addr, or nil
	// Unread is a pod that is known to stand behind Addr and not held by the
	// input, so that no selector can be judged.
	Unread flow.Object
	// Node: a node's address, or one that a node put there.
	Node bool
	// World: from outside the cluster, from no address in particular.
	World bool
	// NoBlocks: no ipBlock is asked.
	NoBlocks bool
}

// Question is one packet at one pod: does the pod's policy of one direction let
// it pass? Port is the destination port, after DNAT.
type Question struct {
	Direction Direction
	Subject   Party // the pod whose policies are asked; Pod is not nil
	Peer      Party // the other end
	Protocol  flow.Protocol
	Port      uint16
}

// server returns the end the packet goes to: named ports are its container
// ports.
func (q *Question) server() *cluster.Pod {
	if q.Direction == Ingress {
		return q.Subject.Pod
	}
	return q.Peer.Pod
}

// Verdict is the answer to a Question. The zero value is Undecided.
type Verdict uint8

// The verdicts.
const (
	Undecided Verdict = iota
	NotIsolated
	Admitted
	Denied
)

// Allowed reports whether the packet passes for certain.
func (v Verdict) Allowed() bool { return v == NotIsolated || v == Admitted }

// Decision is a Verdict with its reason.
type Decision struct {
	Verdict Verdict
	// By is the rule that admits, or for a denial the first isolating policy.
	By flow.Origin
	// Isolating are the policies that isolate the subject in this direction.
	Isolating []*cluster.NetworkPolicy
	// Deviation is set when the dataplane admits what the API denies.
	Deviation flow.Reason
	// Missing says what is not known, for Undecided.
	Missing flow.Reason
}

// Judge answers q. It reads the tables only; the reasons of the rules that did
// not admit are worked out by Explain, when someone asks.
func (t *Tables) Judge(q Question) Decision {
	group := t.isolating(q.Subject.Pod, q.Direction)
	if len(group) == 0 {
		return Decision{Verdict: NotIsolated}
	}
	d := Decision{Verdict: Denied}
	for _, i := range group {
		p := &t.snapshot.NetworkPolicies[i]
		d.Isolating = append(d.Isolating, p)
		if d.Verdict == Admitted {
			continue
		}
		r := t.tryRules(p, &q)
		switch {
		case r.m == yes:
			d.Verdict, d.By, d.Deviation = Admitted, r.by, r.deviation
		case r.m == perhaps && d.Verdict == Denied:
			d.Verdict, d.By, d.Missing = Undecided, r.by, r.missing
		}
	}
	if d.Verdict == Denied {
		p := d.Isolating[0]
		d.By = origin(p, "", p.Position)
		d.Deviation = t.byAddress(q)
	}
	return d
}

// match is a three-valued answer: what is not known must not become yes or no.
type match uint8

const (
	no match = iota
	perhaps
	yes
)

type ruleResult struct {
	m         match
	by        flow.Origin
	deviation flow.Reason
	missing   flow.Reason
}

// tryRules asks one policy's rules of the direction, and where the enforcer
// keeps both directions in one chain, the others too.
func (t *Tables) tryRules(p *cluster.NetworkPolicy, q *Question) ruleResult {
	best := ruleResult{}
	rules, field := q.Direction.rules(p)
	for i := range rules {
		r := t.tryRule(p, &rules[i], q)
		if r.m > best.m {
			best = r
			best.by = origin(p, field+"["+strconv.Itoa(i)+"]", rules[i].Position)
		}
		if best.m == yes {
			return best
		}
	}
	if r := t.tryOtherDirection(p, q); r.m > best.m {
		return r
	}
	return best
}

// tryOtherDirection is the deviation of enforcers with shared chains: the
// policy's rules of the other direction admit as well, if the policy selects
// the other end too.
func (t *Tables) tryOtherDirection(p *cluster.NetworkPolicy, q *Question) ruleResult {
	if !t.profile.SharedChains || !p.IsolatesIngress || !p.IsolatesEgress {
		return ruleResult{}
	}
	other := q.Peer.Pod
	if other == nil || other.Namespace != p.Namespace || !p.PodSelector.Matches(other.Labels) {
		return ruleResult{}
	}
	mirrored := Question{Direction: Egress, Subject: q.Peer, Peer: q.Subject, Protocol: q.Protocol, Port: q.Port}
	if q.Direction == Egress {
		mirrored.Direction = Ingress
	}
	rules, field := mirrored.Direction.rules(p)
	best := ruleResult{}
	for i := range rules {
		if r := t.tryRule(p, &rules[i], &mirrored); r.m > best.m {
			best = r
			best.by = origin(p, field+"["+strconv.Itoa(i)+"]", rules[i].Position)
			best.deviation = t.profile.Deviation(flow.CodeDeviationSharedChains)
		}
	}
	return best
}

func (t *Tables) tryRule(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) ruleResult {
	ports, deviation := t.portsMatch(p, r, q)
	if ports == no {
		return t.unresolvedPorts(p, r, q)
	}
	peers, missing := t.peersMatch(p, r, q)
	return ruleResult{m: min(ports, peers), deviation: deviation, missing: missing}
}

// peersMatch: "If this field is empty or missing, this rule matches all
// sources" (NetworkPolicyIngressRule.from, and to for destinations).
func (t *Tables) peersMatch(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) (match, flow.Reason) {
	if len(r.Peers) == 0 {
		return yes, flow.Reason{}
	}
	best, missing := no, flow.Reason{}
	for i := range r.Peers {
		if t.blockWithoutNames(&r.Peers[i], r, q) {
			continue
		}
		m, why := t.peerMatches(p, &r.Peers[i], q.Peer)
		if m > best {
			best, missing = m, why
		}
	}
	return best, missing
}

// peerMatches is NetworkPolicyPeer: ipBlock alone, or podSelector in the
// policy's own namespace, or namespaceSelector with or without podSelector.
func (t *Tables) peerMatches(p *cluster.NetworkPolicy, peer *cluster.PolicyPeer, party Party) (match, flow.Reason) {
	if peer.IPBlock != nil {
		switch {
		case party.NoBlocks || t.profile.Identities && (party.Pod != nil || party.Node):
			return no, flow.Reason{}
		case party.World:
			return is(peer.IPBlock.CIDR.Bits() == 0 && len(peer.IPBlock.Except) == 0), flow.Reason{}
		case !party.Addr.IsValid():
			return perhaps, flow.Because(flow.CodeAddressUnknown)
		case peer.IPBlock.Contains(party.Addr):
			return yes, flow.Reason{}
		}
		return no, flow.Reason{}
	}
	if party.Pod == nil && !party.Unread.IsZero() {
		return perhaps, flow.Because(flow.CodePodUnknown, strings.TrimPrefix(party.Unread.Namespace+"/"+party.Unread.Name, "/"))
	}
	if party.Pod == nil {
		return no, flow.Reason{}
	}
	if peer.PodSelector != nil && !peer.PodSelector.Matches(party.Pod.Labels) {
		return no, flow.Reason{}
	}
	if peer.NamespaceSelector == nil {
		return is(party.Pod.Namespace == p.Namespace), flow.Reason{}
	}
	return t.namespaceMatches(peer.NamespaceSelector, party.Pod.Namespace)
}

func is(b bool) match {
	if b {
		return yes
	}
	return no
}

const metadataName = "kubernetes.io/metadata.name"

// namespaceMatches: a namespace whose object was not read has one label that is
// certain, kubernetes.io/metadata.name, which the API server sets; a selector
// that needs another is undecided.
func (t *Tables) namespaceMatches(s *cluster.LabelSelector, name string) (match, flow.Reason) {
	ns := t.index.Namespace(name)
	if ns != nil && !ns.Implied {
		return is(s.Matches(ns.Labels)), flow.Reason{}
	}
	certain := cluster.Labels{metadataName: name}
	answer := yes
	for k, v := range s.MatchLabels {
		switch {
		case k != metadataName:
			answer = min(answer, perhaps)
		case v != name:
			return no, flow.Reason{}
		}
	}
	for i := range s.MatchExpressions {
		r := &s.MatchExpressions[i]
		switch {
		case r.Key != metadataName:
			answer = min(answer, perhaps)
		case !r.Matches(certain):
			return no, flow.Reason{}
		}
	}
	return answer, flow.Because(flow.CodeNamespaceUnknown, name)
}

// portsMatch: "If this field is empty or missing, this rule matches all ports".
func (t *Tables) portsMatch(p *cluster.NetworkPolicy, r *cluster.PolicyRule, q *Question) (match, flow.Reason) {
	if len(r.Ports) == 0 {
		return yes, flow.Reason{}
	}
	if t.profile.EgressNameWithoutPeer && q.Direction == Egress && len(r.Peers) == 0 {
		return t.namesOfNamespace(p, r, q)
	}
	for i := range r.Ports {
		if t.portMatches(&r.Ports[i], q) {
			return yes, flow.Reason{}
		}
	}
	return no, flow.Reason{}
}

// portMatches is NetworkPolicyPort: a number, a range from port to endPort, a
// name (then the server's container port of that name and protocol), or the
// protocol alone.
func (t *Tables) portMatches(pp *cluster.PolicyPort, q *Question) bool {
	if pp.Protocol != q.Protocol {
		return false
	}
	switch {
	case pp.Port.IsZero():
		return true
	case pp.Port.Name != "":
		return hasNamedPort(q.server(), pp.Protocol, pp.Port.Name, q.Port)
	case pp.EndPort != 0:
		return pp.Port.Number <= q.Port && q.Port <= pp.EndPort
	}
	return pp.Port.Number == q.Port
}

func hasNamedPort(pod *cluster.Pod, proto flow.Protocol, name string, port uint16) bool {
	if pod == nil {
		return false
	}
	for _, n := range pod.PortNumbers(proto, name) {
		if n == port {
			return true
		}
	}
	return false
}
