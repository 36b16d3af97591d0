package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// subjects looks at whom a policy isolates.
func (l *linter) subjects(p *cluster.NetworkPolicy) {
	c := l.x.subjects(p)
	field := at(p.Object(), "spec.podSelector", p.Position)
	switch {
	case len(c.host) > 0 && len(c.own) == 0 && !p.PodSelector.IsEmpty():
		l.found(OnlyHostSubjects, field, flow.Because(flow.CodeDescribeHostSubjects, podNames(c.host)))
	case len(c.host) > 0 && !p.PodSelector.IsEmpty():
		l.found(HostSubjects, field, flow.Because(flow.CodeDescribeHostSubjects, podNames(c.host)))
	}
	if !c.none() || p.PodSelector.IsEmpty() {
		return
	}
	if near := nearly(l.x.byNamespace[p.Namespace], &p.PodSelector); near != nil {
		l.found(MatchesNothing, field, flow.Because(flow.CodeLintNoPodNear, p.PodSelector.String(), p.Namespace, podName(near.pod), labelText(near.pod.Labels)))
	} else if l.x.live && len(l.x.byNamespace[p.Namespace]) > 0 {
		l.found(SelectsNobody, field, flow.Because(flow.CodeDescribeNobody, p.Namespace))
	}
}

// peers looks at whom a rule names.
func (l *linter) peers(r *ruleAt) {
	for i := range r.rule.Peers {
		peer := &r.rule.Peers[i]
		if peer.IPBlock != nil || l.meantAnd(r, i) {
			continue
		}
		c := l.x.peer(r.p, peer)
		switch {
		case len(c.own) > 0:
		case len(c.host) > 0:
			l.hostPeer(r, i, c)
		case !c.perhaps:
			l.nobody(r, i, peer)
		}
	}
}

// hostPeer: all pods that the peer selects use their node's network, so they
// come from its address, which no selector matches.
func (l *linter) hostPeer(r *ruleAt, i int, c *crowd) {
	code := PeerHost
	if r.d == policy.Ingress && slices.ContainsFunc(c.host, func(g *kin) bool { return l.forwards(g.pod) }) {
		code = NeverSNAT
	}
	if code == NeverSNAT {
		l.found(code, r.atPeer(i), flow.Because(flow.CodeLintNeverSNAT, podNames(c.host)))
		return
	}
	l.found(code, r.atPeer(i), flow.Because(flow.CodeDescribeHostPeers, podNames(c.host)))
}

// forwards reports whether the pod is of a program that forwards others' packets.
func (l *linter) forwards(p *cluster.Pod) bool {
	return slices.ContainsFunc(l.s.Clues, func(c cluster.Clue) bool { return c.Object == p.Owner || c.Object == p.Object() })
}

// nobody: a peer that selects no pod of the input. It is a finding where
// something shows who was meant, or where the input holds all there is.
func (l *linter) nobody(r *ruleAt, i int, peer *cluster.PolicyPeer) {
	if peer.NamespaceSelector == nil {
		l.nobodyHere(r, i, peer.PodSelector)
		return
	}
	if spaces, perhaps := l.x.namespaces(peer.NamespaceSelector); len(spaces) == 0 && !perhaps {
		l.noNamespace(r, i, peer)
	} else if len(spaces) > 0 && peer.PodSelector != nil {
		for _, ns := range spaces {
			if near := nearly(l.x.byNamespace[ns], peer.PodSelector); near != nil {
				l.found(MatchesNothing, r.atPeer(i), flow.Because(flow.CodeLintNoPodNear, peer.PodSelector.String(), ns, podName(near.pod), labelText(near.pod.Labels)))
				return
			}
		}
	}
}

// nobodyHere: a podSelector alone means the policy's own namespace.
func (l *linter) nobodyHere(r *ruleAt, i int, s *cluster.LabelSelector) {
	if s.IsEmpty() || len(l.x.byNamespace[r.p.Namespace]) == 0 {
		return
	}
	if near := nearly(l.x.byNamespace[r.p.Namespace], s); near != nil {
		l.found(MatchesNothing, r.atPeer(i), flow.Because(flow.CodeLintNoPodNear, s.String(), r.p.Namespace, podName(near.pod), labelText(near.pod.Labels)))
		return
	}
	if there := l.x.anywhere(s); !there.none() {
		one := slices.Concat(there.own, there.host)[0].pod
		l.found(NeedsNamespace, r.atPeer(i), flow.Because(flow.CodeLintOtherNamespace, s.String(), r.p.Namespace, one.Namespace))
	}
}

// dnsLabels are those of the cluster's DNS pods, which live in one namespace.
var dnsLabels = map[string]string{"kube-dns": "kube-system", "coredns": "kube-system", "node-local-dns": "kube-system"}

// meantAnd: the peer beside selects namespaces, this one pods that those
// namespaces have: two dashes where one was meant. Where the policy's own
// namespace has such pods as well, it is a finding only if the other item opens
// more than them.
func (l *linter) meantAnd(r *ruleAt, i int) bool {
	s := r.rule.Peers[i].PodSelector
	if s == nil || s.IsEmpty() || r.rule.Peers[i].NamespaceSelector != nil {
		return false
	}
	var other *cluster.LabelSelector
	for _, j := range []int{i - 1, i + 1} {
		if j >= 0 && j < len(r.rule.Peers) && r.rule.Peers[j].NamespaceSelector != nil && r.rule.Peers[j].PodSelector == nil {
			other = r.rule.Peers[j].NamespaceSelector
			break
		}
	}
	if other == nil || other.IsEmpty() {
		return false
	}
	here, there := l.x.in(r.p.Namespace, s), l.x.across(other, s)
	more := l.besides(other, s, r.p.Namespace)
	home := dnsLabels[s.MatchLabels["k8s-app"]]
	switch {
	case !there.none() && (here.none() || len(more) > 0 && !l.selectsOwn(other, r.p.Namespace)):
	case there.none() && here.none() && home != "" && home != r.p.Namespace:
	default:
		return false
	}
	l.found(MeantAnd, r.atPeer(i), flow.Because(flow.CodeLintMeantAnd, other.String(), s.String(), r.p.Namespace, cmp.Or(names(more), "@no-pod-today")))
	return true
}

// besides are the pods of the namespaces that the selector of pods does not
// mean: what two items open more than one.
func (l *linter) besides(namespaces, s *cluster.LabelSelector, own string) []string {
	var out []string
	for _, g := range l.x.across(namespaces, nil).own {
		if !s.Matches(g.pod.Labels) && g.pod.Namespace != own {
			out = append(out, podName(g.pod))
		}
	}
	return out
}

func (l *linter) selectsOwn(s *cluster.LabelSelector, namespace string) bool {
	yes, _ := l.m.Policies.SelectsNamespace(s, namespace)
	return yes
}

// noNamespace: a namespaceSelector that selects no namespace there is.
func (l *linter) noNamespace(r *ruleAt, i int, peer *cluster.PolicyPeer) {
	s := peer.NamespaceSelector
	switch name := l.namedBy(s); {
	case name != "":
		l.found(MatchesNothing, r.atPeer(i), flow.Because(flow.CodeLintNamespaceByName, s.String(), name))
	case !l.x.anywhere(s).none() && len(s.MatchLabels)+len(s.MatchExpressions) > 0 && !l.onlyName(s):
		one := l.x.anywhere(s)
		pod := slices.Concat(one.own, one.host)[0].pod
		l.found(HoldsPodLabels, r.atPeer(i), flow.Because(flow.CodeLintHoldsPodLabels, s.String(), podName(pod), pod.Namespace))
	case l.nearNamespace(s) != "":
		l.found(MatchesNothing, r.atPeer(i), flow.Because(flow.CodeLintNamespaceNear, s.String(), l.nearNamespace(s)))
	case l.x.whole:
		l.found(MatchesNothing, r.atPeer(i), flow.Because(flow.CodeLintNoNamespace, s.String()))
	}
}

func (l *linter) onlyName(s *cluster.LabelSelector) bool {
	_, byName := s.MatchLabels[namespaceName]
	return byName
}

// namespaceName is the label that the API server gives every namespace.
const namespaceName = "kubernetes.io/metadata.name"

// namedBy is the namespace whose name the selector demands as a label that the
// namespace does not carry, "" if there is none.
func (l *linter) namedBy(s *cluster.LabelSelector) string {
	if len(s.MatchLabels) != 1 || len(s.MatchExpressions) > 0 {
		return ""
	}
	for k, v := range s.MatchLabels {
		ns := l.m.Index.Namespace(v)
		if k != namespaceName && ns != nil && !ns.Implied && slices.Contains([]string{"name", "namespace", "ns"}, base(k)) {
			return v
		}
	}
	return ""
}

// nearNamespace is the namespace whose labels differ from the selector by a
// slip.
func (l *linter) nearNamespace(s *cluster.LabelSelector) string {
	if len(s.MatchExpressions) > 0 {
		return ""
	}
	for i := range l.s.Namespaces {
		if ns := &l.s.Namespaces[i]; !ns.Implied && slip(s.MatchLabels, ns.Labels) {
			return ns.Name + " (" + labelText(ns.Labels) + ")"
		}
	}
	return ""
}

func podName(p *cluster.Pod) string { return p.Namespace + "/" + p.Name }

func podNames(all []*kin) string {
	out := make([]string, 0, len(all))
	for _, g := range all {
		out = append(out, podName(g.pod))
	}
	return names(out)
}

// labelText prints labels as kubectl does, the volatile ones left out.
func labelText(labels cluster.Labels) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if k != "pod-template-hash" && k != "controller-revision-hash" {
			out = append(out, k+"="+labels[k])
		}
	}
	if len(out) == 0 {
		return "-"
	}
	return strings.Join(out, ",")
}
