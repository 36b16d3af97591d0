package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// naive reads policies one by one, and asks every pod of the Snapshot each time.
type naive struct{ s *cluster.Snapshot }

// pods are those that have not finished, with a network of their own or their
// node's.
func (n naive) pods(host bool) (out []*cluster.Pod) {
	for i := range n.s.Pods {
		if p := &n.s.Pods[i]; p.Phase != cluster.PodSucceeded && p.Phase != cluster.PodFailed && p.HostNetwork == host {
			out = append(out, p)
		}
	}
	return out
}

// namespace: "no" or "yes" where its labels are known. Where they are not, it has
// its name for a label for certain, and any other or none.
func (n naive) namespace(s *cluster.LabelSelector, name string) string {
	for i := range n.s.Namespaces {
		if ns := &n.s.Namespaces[i]; ns.Name == name && !ns.Implied {
			return map[bool]string{true: "yes", false: "no"}[s.Matches(ns.Labels)]
		}
	}
	answer := "yes"
	need := func(key string, met bool) {
		switch {
		case key == metadataName && !met:
			answer = "no"
		case key != metadataName && answer == "yes":
			answer = "perhaps"
		}
	}
	for k, v := range s.MatchLabels {
		need(k, v == name)
	}
	for _, r := range s.MatchExpressions {
		need(r.Key, r.Matches(cluster.Labels{metadataName: name}))
	}
	return answer
}

// selects: "If PodSelector is also set, then the NetworkPolicyPeer as a whole
// selects the pods matching PodSelector in the namespaces selected by
// NamespaceSelector. Otherwise it selects all pods in the namespaces"; without
// namespaceSelector "the pods matching PodSelector in the policy's own namespace".
func (n naive) selects(p *cluster.NetworkPolicy, x *cluster.PolicyPeer, pod *cluster.Pod) string {
	switch {
	case x.PodSelector != nil && !x.PodSelector.Matches(pod.Labels):
		return "no"
	case x.NamespaceSelector != nil:
		return n.namespace(x.NamespaceSelector, pod.Namespace)
	case pod.Namespace == p.Namespace:
		return "yes"
	}
	return "no"
}

func whole(b *cluster.IPBlock) bool { return b.CIDR.Bits() == 0 && len(b.Except) == 0 }

// inBlock: "the CIDR and except", of any address.
func inBlock(b *cluster.IPBlock, addrs ...[]netip.Addr) bool {
	return slices.ContainsFunc(slices.Concat(addrs...), func(a netip.Addr) bool {
		return b.CIDR.Contains(a) && !slices.ContainsFunc(b.Except, func(e netip.Prefix) bool { return e.Contains(a) })
	})
}

func selectsAll(s *cluster.LabelSelector) bool {
	return s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0
}

// peer is one entry of from or to.
func (n naive) peer(p *cluster.NetworkPolicy, x *cluster.PolicyPeer) Peer {
	if b := x.IPBlock; b != nil {
		out := Peer{Kind: PeerBlock, Block: b, Ranges: BlockRanges(b), All: whole(b)}
		if whole(b) {
			return out
		}
		for _, pod := range n.pods(false) {
			if !pod.Invented && inBlock(b, pod.IPs) {
				out.Known = append(out.Known, pod)
			}
		}
		for _, node := range n.s.Nodes {
			if inBlock(b, node.InternalIPs, node.OtherIPs) {
				out.Nodes = append(out.Nodes, node.Name)
			}
		}
		return out
	}
	out := Peer{Kind: PeerPods, Namespace: p.Namespace, PodSelector: x.PodSelector}
	if x.NamespaceSelector != nil {
		out = Peer{Kind: PeerNamespaces, NamespaceSelector: x.NamespaceSelector, PodSelector: x.PodSelector}
		out.All = selectsAll(x.NamespaceSelector) && selectsAll(x.PodSelector)
	}
	for _, pod := range n.pods(false) {
		switch n.selects(p, x, pod) {
		case "yes":
			if !out.All {
				out.Known = append(out.Known, pod)
			}
		case "perhaps":
			out.Perhaps = append(out.Perhaps, pod)
		}
	}
	for _, pod := range n.pods(true) {
		if n.selects(p, x, pod) == "yes" {
			out.Host = append(out.Host, pod)
		}
	}
	return out
}

// serves reports whether a packet to the pod may be one that the peers of a rule
// mean, for certain; a rule without peers means everybody.
func (n naive) serves(p *cluster.NetworkPolicy, peers []cluster.PolicyPeer, pod *cluster.Pod) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(x cluster.PolicyPeer) bool {
		if b := x.IPBlock; b != nil {
			return whole(b) && slices.ContainsFunc(pod.IPs, func(a netip.Addr) bool { return a.Is6() == b.CIDR.Addr().Is6() }) ||
				!whole(b) && !pod.Invented && inBlock(b, pod.IPs)
		}
		return n.selects(p, &x, pod) == "yes"
	})
}

// port is one entry of ports; servers are the pods on which a name is looked up.
func (n naive) port(x *cluster.PolicyPort, servers []*cluster.Pod) Port {
	out := Port{Protocol: x.Protocol, First: x.Port.Number, Last: max(x.Port.Number, x.EndPort)}
	if x.Port.Name == "" {
		return out
	}
	out = Port{Protocol: x.Protocol, Name: x.Port.Name}
	for _, number := range []uint16{53, 80, 8080, 8443} { // what wordsCluster's pods have
		var pods []*cluster.Pod
		for _, pod := range servers {
			if gives(pod, x, number) {
				pods = append(pods, pod)
			}
		}
		if pods != nil {
			out.Numbers = append(out.Numbers, NamedPort{number, pods})
		}
	}
	return out
}

func gives(pod *cluster.Pod, x *cluster.PolicyPort, number uint16) bool {
	return slices.ContainsFunc(pod.Ports, func(c cluster.ContainerPort) bool {
		return c.Name == x.Port.Name && c.Protocol == x.Protocol && c.Port == number
	})
}

func naiveOrigin(p *cluster.NetworkPolicy, field string, at flow.Position) flow.Origin {
	if at.Line == 0 {
		at = p.Position
	}
	return flow.Origin{Object: flow.Object{Kind: "NetworkPolicy", Namespace: p.Namespace, Name: p.Name}, Field: field, Position: at}
}

// side are the rules of a direction.
func (n naive) side(p *cluster.NetworkPolicy, d Direction) Side {
	out := Side{Direction: d, Isolates: p.IsolatesIngress}
	rules, field, list := p.Ingress, "spec.ingress[", "].from["
	if d == Egress {
		out.Isolates, rules, field, list = p.IsolatesEgress, p.Egress, "spec.egress[", "].to["
	}
	for i := range rules {
		x := &rules[i]
		r := Rule{Origin: naiveOrigin(p, field+strconv.Itoa(i)+"]", x.Position)}
		for j := range x.Peers {
			peer := n.peer(p, &x.Peers[j])
			peer.Origin = naiveOrigin(p, field+strconv.Itoa(i)+list+strconv.Itoa(j)+"]", x.Peers[j].Position)
			r.Peers = append(r.Peers, peer)
		}
		if len(x.Peers) == 0 {
			r.Peers = []Peer{{Kind: PeerEverybody, All: true, Origin: r.Origin}}
		}
		for j := range x.Ports {
			r.Ports = append(r.Ports, n.port(&x.Ports[j], n.servers(p, x.Peers, d)))
		}
		out.Rules = append(out.Rules, r)
	}
	return out
}

// servers are the pods that packets of a rule go to: the policy's own, or those
// that the rule means.
func (n naive) servers(p *cluster.NetworkPolicy, peers []cluster.PolicyPeer, d Direction) (out []*cluster.Pod) {
	for _, pod := range n.pods(false) {
		if d == Ingress && n.subject(p, pod) || d == Egress && n.serves(p, peers, pod) {
			out = append(out, pod)
		}
	}
	return out
}

// subject: "selects the pods to which this NetworkPolicy object applies", in its
// namespace.
func (n naive) subject(p *cluster.NetworkPolicy, pod *cluster.Pod) bool {
	return pod.Namespace == p.Namespace && p.PodSelector.Matches(pod.Labels)
}

// describe is the whole policy but for its notes.
func (n naive) describe(p *cluster.NetworkPolicy) *Description {
	subjects := n.peer(p, &cluster.PolicyPeer{PodSelector: &p.PodSelector})
	subjects.Origin = naiveOrigin(p, "spec.podSelector", p.Position)
	return &Description{Policy: p, Subjects: subjects, Sides: [2]Side{n.side(p, Ingress), n.side(p, Egress)}}
}

// The lists of a peer and the numbers of a name are written in order, and what
// is listed twice is written twice.
func (x *Peer) whole() string {
	selector := func(s *cluster.LabelSelector) string {
		if s == nil {
			return "none"
		}
		return s.String()
	}
	return fmt.Sprintf("%s %s: namespace %q, namespaces %s, pods %s, block %v, ranges %s, all %v, known %s, perhaps %s, host %s, nodes %v",
		x.Kind, where(x.Origin), x.Namespace, selector(x.NamespaceSelector), selector(x.PodSelector), x.Block, rangesText(x.Ranges), x.All,
		names(x.Known), names(x.Perhaps), names(x.Host), slices.Sorted(slices.Values(x.Nodes)))
}

func where(o flow.Origin) string {
	return fmt.Sprintf("%s %s line %d", o.Object, o.Field, o.Position.Line)
}

func wholePorts(ports []Port) string {
	var out []string
	for _, p := range ports {
		numbers := slices.Clone(p.Numbers)
		slices.SortFunc(numbers, func(a, b NamedPort) int { return int(a.Number) - int(b.Number) })
		p.Numbers = numbers
		out = append(out, portsText([]Port{p}))
	}
	return strings.Join(out, ", ")
}

func (x *Description) whole() string {
	out := x.Policy.Name + " " + x.Subjects.whole() + "\n"
	for _, s := range x.Sides {
		out += fmt.Sprintf("%s isolates %v\n", s.Direction, s.Isolates)
		for _, r := range s.Rules {
			out += "  " + where(r.Origin) + " on " + wholePorts(r.Ports) + "\n"
			for i := range r.Peers {
				out += "    " + r.Peers[i].whole() + "\n"
			}
		}
	}
	return out
}
