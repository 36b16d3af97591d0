package check

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// ports looks at the ports of a rule, with the pods that serve them: the
// policy's own for ingress, the peers for egress.
func (l *linter) ports(r *ruleAt) {
	if len(r.rule.Ports) == 0 {
		return
	}
	servers, all := l.serversOf(r)
	for i := range r.rule.Ports {
		p := &r.rule.Ports[i]
		switch {
		case p.Port.Name != "":
			l.namedPort(r, i, servers, all)
		case p.Port.Number != 0 && p.EndPort == 0 && len(servers) > 0:
			if !l.servicePort(r, i, servers) {
				l.nodePort(r, i, servers)
			}
		}
	}
}

// serversOf are the known pods that the rule's ports are ports of. all is false
// where others may serve them too: addresses, everybody, unread namespaces.
func (l *linter) serversOf(r *ruleAt) (servers []*cluster.Pod, all bool) {
	if r.d == policy.Ingress {
		return l.x.subjects(r.p).pods(), true
	}
	all = len(r.rule.Peers) > 0
	for i := range r.rule.Peers {
		if r.rule.Peers[i].IPBlock != nil {
			all = false
			continue
		}
		c := l.x.peer(r.p, &r.rule.Peers[i])
		all = all && !c.perhaps
		servers = append(servers, c.pods()...)
	}
	return servers, all
}

// namedPort: a name that no pod has opens nothing.
func (l *linter) namedPort(r *ruleAt, i int, servers []*cluster.Pod, all bool) {
	p := &r.rule.Ports[i]
	blocks := 0
	for j := range r.rule.Peers {
		if r.rule.Peers[j].IPBlock != nil {
			blocks++
		}
	}
	if r.d == policy.Egress && blocks > 0 && blocks == len(r.rule.Peers) {
		l.found(NameTowardBlock, r.atPort(i), flow.Because(flow.CodeDescribeBlockNames, r.field, p.Port.Name))
		return
	}
	if !all || len(servers) == 0 {
		return
	}
	var have []string
	for _, pod := range servers {
		if len(pod.PortNumbers(p.Protocol, p.Port.Name)) > 0 {
			return
		}
		for _, c := range pod.Ports {
			if c.Name != "" && c.Protocol == p.Protocol && !slices.Contains(have, c.Name) {
				have = append(have, c.Name)
			}
		}
	}
	slices.Sort(have)
	l.found(NameUnknown, r.atPort(i), flow.Because(flow.CodeLintNameUnknown, p.Port.Name, p.Protocol.String(), firstPod(servers), orDash(names(have))))
}

func firstPod(pods []*cluster.Pod) string {
	all := make([]string, 0, len(pods))
	for _, p := range pods {
		all = append(all, podName(p))
	}
	return names(all)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// servicePort: the number is the port of a Service whose pods listen on another,
// and no policy admits the rule's peers there.
func (l *linter) servicePort(r *ruleAt, i int, servers []*cluster.Pod) bool {
	p := &r.rule.Ports[i]
	if l.m.Profile.Policy.EgressBeforeDNAT && r.d == policy.Egress {
		return false
	}
	svc, sp := l.x.describer.ServiceWith(p.Protocol, p.Port.Number, servers)
	if svc == nil || r.d == policy.Egress && p.Port.Number == dnsPort && l.isDNS(svc) {
		return false // dns-rule-misses-dns says it
	}
	for _, s := range l.x.servers(svc, sp) {
		if s.port == p.Port.Number || !slices.ContainsFunc(servers, func(x *cluster.Pod) bool { return l.alike(x, s.pod) }) {
			continue
		}
		if l.deniedAt(r, s, p.Protocol) {
			l.found(PortIsServicePort, r.atPort(i),
				flow.Because(flow.CodeDescribeServicePort, itoa(int(p.Port.Number)), svc.Namespace+"/"+svc.Name, itoa(int(s.port))),
				at(svc.Object(), "spec.ports", sp.Position, svc.Position))
			return true
		}
	}
	return false
}

// alike: no policy tells the pods apart.
func (l *linter) alike(a, b *cluster.Pod) bool {
	return a == b || l.m.Policies.ClassOf(a) == l.m.Policies.ClassOf(b)
}

// deniedAt asks the policies whether somebody whom the rule names is kept from
// the server's real port.
func (l *linter) deniedAt(r *ruleAt, s server, proto flow.Protocol) bool {
	if r.d == policy.Egress {
		for _, subject := range l.x.subjects(r.p).pods() {
			if l.judge(policy.Egress, subject, partyOf(s.pod), proto, s.port) == policy.Denied {
				return true
			}
		}
		return false
	}
	for _, w := range l.witnesses(r) {
		if l.judge(policy.Ingress, s.pod, w, proto, s.port) == policy.Denied {
			return true
		}
	}
	return false
}

// stranger stands for whoever is outside: an address of the documentation's
// range (RFC 5737) that no cluster has.
var stranger = netip.MustParseAddr("192.0.2.1")

// witnesses are somebody for each peer of a rule: a pod it selects, an address of
// its block, a stranger where it names nobody. A selector whose pods are not in
// the input gets a pod made after it.
func (l *linter) witnesses(r *ruleAt) []policy.Party {
	if len(r.rule.Peers) == 0 {
		return []policy.Party{{Addr: stranger}}
	}
	var out []policy.Party
	for i := range r.rule.Peers {
		peer := &r.rule.Peers[i]
		if b := peer.IPBlock; b != nil {
			if left := policy.BlockRanges(b); len(left) > 0 {
				out = append(out, policy.Party{Addr: left[0].Last})
			}
			continue
		}
		if c := l.x.peer(r.p, peer); len(c.own) > 0 {
			out = append(out, partyOf(c.own[0].pod))
		} else if pod := imagined(r.p, peer); pod != nil {
			out = append(out, policy.Party{Pod: pod})
		}
	}
	return out
}

// imagined is a pod that a peer selects, made after its selectors; nil where they
// ask for more than labels.
func imagined(p *cluster.NetworkPolicy, peer *cluster.PolicyPeer) *cluster.Pod {
	pod := &cluster.Pod{Meta: cluster.Meta{Namespace: p.Namespace, Name: "anybody", Labels: cluster.Labels{}}}
	if s := peer.PodSelector; s != nil {
		if len(s.MatchExpressions) > 0 {
			return nil
		}
		pod.Labels = s.MatchLabels
	}
	if s := peer.NamespaceSelector; s != nil {
		name := s.MatchLabels[namespaceName]
		if name == "" || len(s.MatchLabels) > 1 || len(s.MatchExpressions) > 0 {
			return nil
		}
		pod.Namespace = name
	}
	return pod
}

// nodePort: the number is a node port of a Service of these very pods, which no
// pod declares. Policy never sees it.
func (l *linter) nodePort(r *ruleAt, i int, servers []*cluster.Pod) {
	p := &r.rule.Ports[i]
	for _, svc := range l.x.nodePorts[nodePort{p.Protocol, p.Port.Number}] {
		behind := l.x.behind(svc).pods()
		mine := func(x *cluster.Pod) bool { return slices.Contains(servers, x) }
		if !slices.ContainsFunc(behind, mine) ||
			slices.ContainsFunc(servers, func(x *cluster.Pod) bool { return x.Declares(p.Protocol, p.Port.Number) }) {
			continue
		}
		l.found(PortIsNodePort, r.atPort(i),
			flow.Because(flow.CodeLintNodePort, itoa(int(p.Port.Number)), svc.Namespace+"/"+svc.Name, targetsOf(svc, p)),
			at(svc.Object(), "spec.ports", svc.Position))
		return
	}
}

// targetsOf is the target port behind a node port.
func targetsOf(svc *cluster.Service, p *cluster.PolicyPort) string {
	for i := range svc.Ports {
		if sp := &svc.Ports[i]; sp.NodePort == p.Port.Number && sp.Protocol == p.Protocol {
			return refText(sp.TargetPort)
		}
	}
	return "-"
}

func refText(r cluster.PortRef) string {
	if r.Name != "" {
		return r.Name
	}
	return itoa(int(r.Number))
}
