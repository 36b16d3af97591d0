package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// sources looks at what policy sees of a client that comes through a Service:
// the client, or the node that masqueraded it.
func (l *linter) sources() {
	for i := range l.s.Services {
		svc := &l.s.Services[i]
		if svc.ProxyName != "" || svc.Type == cluster.ServiceExternalName {
			continue
		}
		for j := range svc.Ports {
			p := &svc.Ports[j]
			if external(svc) {
				l.fromOutside(svc, p)
			}
			l.equalPorts(svc, p)
		}
	}
	l.serviceBlocks()
}

// external: somebody outside may ask for it by an address of its own or a node
// port.
func external(svc *cluster.Service) bool {
	return svc.Type == cluster.ServiceLoadBalancer || svc.Type == cluster.ServiceNodePort || len(svc.ExternalIPs) > 0
}

// masquerades reports what the Trips table says of a client outside: its source
// is lost on a node without the endpoint, and on the endpoint's own.
func (l *linter) masquerades(svc *cluster.Service, p *cluster.ServicePort) (elsewhere, here bool) {
	t := l.m.Trip(model.FromOutside, &service.Front{Kind: service.NodePort, Service: svc, Named: p})
	return t.Masquerade, t.Masquerade && !t.SparesOwn && l.m.Profile.Policy.AfterSNAT
}

// fromOutside asks the policies of the pods behind a Service port about clients
// outside and about nodes.
func (l *linter) fromOutside(svc *cluster.Service, p *cluster.ServicePort) {
	lost, lostHere := l.masquerades(svc, p)
	closed := 0
	servers, others := l.x.policed(l.x.bothFamilies(svc, p)...)
	for _, s := range servers {
		isolating := l.m.Policies.Isolating(s.pod, policy.Ingress)
		if len(isolating) == 0 {
			continue
		}
		ask := func(x policy.Party) policy.Verdict { return l.judge(policy.Ingress, s.pod, x, p.Protocol, s.port) }
		client, node := ask(policy.Party{}), policy.Denied
		if lost {
			node = ask(policy.Party{Node: true})
		}
		switch {
		case client == policy.Denied && node == policy.Denied && !lostHere:
			closed++
		case lost && node == policy.Undecided:
			l.blocksOf(svc, p, s, isolating)
		}
	}
	if len(servers) > 0 && closed == len(servers) && !others {
		l.closed(svc, p, servers[0])
	}
}

// closed: nobody outside is admitted by any address, and yet the Service has a
// load balancer or node ports.
func (l *linter) closed(svc *cluster.Service, p *cluster.ServicePort, s server) {
	isolating := l.m.Policies.Isolating(s.pod, policy.Ingress)
	code, words := ClosedBalancer, flow.CodeLintClosed
	if svc.Type != cluster.ServiceLoadBalancer {
		code, words = ClosedNodePort, flow.CodeLintNodePortClosed
	}
	f := Finding{
		Code: code, Object: svc.Object(), Field: "spec.ports", Position: at(svc.Object(), "", p.Position, svc.Position).Position,
		Reason: flow.Because(words, svc.Namespace+"/"+svc.Name, portText(p), podName(s.pod), itoa(int(s.port)), policyObjects(isolating)),
	}
	for _, x := range isolating {
		f.Related = append(f.Related, object(x))
	}
	l.trace(&f, path.Question{From: "external", To: "svc/" + svc.Namespace + "/" + svc.Name + ":" + portText(p)})
	if f.Trace != nil && f.Trace.Fate != flow.DeniedByPolicy {
		return
	}
	l.add(f)
}

func portText(p *cluster.ServicePort) string {
	s := itoa(int(p.Port))
	if p.Protocol != flow.TCP {
		s += "/" + strings.ToLower(p.Protocol.String())
	}
	return s
}

func policyObjects(all []*cluster.NetworkPolicy) string {
	var out []string
	for _, p := range all {
		out = append(out, p.Object().String())
	}
	return names(out)
}

// mostTraced bounds how many findings get a trace.
const mostTraced = 200

// trace walks the question of a finding where the input has what it takes. An
// answer that delivers takes the finding's ground away: the walk is right.
func (l *linter) trace(f *Finding, q path.Question) {
	if l.traced++; l.traced > mostTraced || l.m.Lacks("Node") || !l.x.live || l.off[f.Code] {
		return
	}
	a, err := path.Ask(l.m, q)
	if err != nil {
		return
	}
	f.Ask = q
	for i := range a.Traces {
		if t := &a.Traces[i].Trace; f.Trace == nil || t.Fate == flow.DeniedByPolicy && f.Trace.Fate != flow.DeniedByPolicy {
			f.Trace = t
		}
	}
}

// blocksOf looks at the ipBlocks that decide: those of clients outside never see
// them, those of nodes let everybody in.
func (l *linter) blocksOf(svc *cluster.Service, p *cluster.ServicePort, s server, isolating []*cluster.NetworkPolicy) {
	name := svc.Namespace + "/" + svc.Name
	for _, np := range isolating {
		for i := range np.Ingress {
			for j := range np.Ingress[i].Peers {
				b := np.Ingress[i].Peers[j].IPBlock
				if b == nil || !l.m.Policies.RuleOpens(&np.Ingress[i], s.pod, p.Protocol, s.port) {
					continue
				}
				r := &ruleAt{p: np, d: policy.Ingress, rule: &np.Ingress[i], field: "spec.ingress[" + itoa(i) + "]"}
				switch l.whose(b) {
				case blockOfNodes:
					l.nodeBlock(r, j, b, svc, p, s)
				case blockOfAll:
				case blockOutside:
					if l.neverSeen(s, p.Protocol) && !l.x.inCluster(b) {
						l.found(ClientBlock, r.atPeer(j), flow.Because(flow.CodeLintClientBlock, b.CIDR.String(), name, portText(p)), at(svc.Object(), "spec.externalTrafficPolicy", svc.Position))
					}
				}
			}
		}
	}
}

// neverSeen reports whether a node's address is denied at the server, so that
// clients whom a node masquerades are, too. Without nodes nothing says so.
func (l *linter) neverSeen(s server, proto flow.Protocol) bool {
	if len(l.s.Nodes) == 0 {
		return true
	}
	for i := range l.s.Nodes {
		n := &l.s.Nodes[i]
		from := l.m.Profile.SourceOf(n.Name, cluster.TowardRemotePods, s.pod.IP(false) == netip.Addr{})
		if n.Name == s.pod.Node || !from.IsValid() {
			continue
		}
		return l.judge(policy.Ingress, s.pod, policy.Party{Addr: from, Node: true}, proto, s.port) == policy.Denied
	}
	return false // one node: nobody masquerades elsewhere
}

// kindOfBlock is whose addresses a block holds.
type kindOfBlock uint8

const (
	blockOutside kindOfBlock = iota // every address but those of the nodes, too
	blockOfNodes
	blockOfAll
)

func (l *linter) whose(b *cluster.IPBlock) kindOfBlock {
	excepted := false
	for i := range l.s.Nodes {
		for _, ip := range l.s.Nodes[i].InternalIPs {
			switch {
			case b.Contains(ip) && b.CIDR.Bits() > 0:
				return blockOfNodes
			case b.Contains(ip):
				return blockOfAll
			}
			excepted = excepted || b.CIDR.Contains(ip)
		}
	}
	if b.CIDR.Bits() == 0 && !excepted {
		return blockOfAll
	}
	return blockOutside
}

// inCluster reports whether a block may be meant for pods or nodes: private
// addresses where the input does not say which they are, or those it says.
func (x *scene) inCluster(b *cluster.IPBlock) bool {
	if len(x.m.Snapshot.Nodes) == 0 || len(x.m.Profile.ClusterCIDRs) == 0 {
		return b.CIDR.Addr().IsPrivate() || b.CIDR.Addr().IsLinkLocalUnicast() || b.CIDR.Bits() < 8
	}
	return slices.ContainsFunc(x.m.Profile.ClusterCIDRs, func(c netip.Prefix) bool {
		return b.CIDR.Overlaps(c) && !slices.ContainsFunc(b.Except, func(e netip.Prefix) bool {
			return e.Bits() <= c.Bits() && e.Contains(c.Addr())
		})
	})
}

// nodeBlock: a block of nodes admits whoever comes through one of them, or where
// the pod network masquerades with other addresses, nobody.
func (l *linter) nodeBlock(r *ruleAt, j int, b *cluster.IPBlock, svc *cluster.Service, p *cluster.ServicePort, s server) {
	name := svc.Namespace + "/" + svc.Name
	for i := range l.s.Nodes {
		n := &l.s.Nodes[i]
		from := l.m.Profile.SourceOf(n.Name, cluster.TowardRemotePods, b.CIDR.Addr().Is6())
		if n.Name == s.pod.Node || !from.IsValid() || !slices.ContainsFunc(n.InternalIPs, b.Contains) {
			continue
		}
		switch v := l.judge(policy.Ingress, s.pod, policy.Party{Addr: from, Node: true}, p.Protocol, s.port); {
		case v.Allowed():
			l.found(NodeBlockOpens, r.atPeer(j), flow.Because(flow.CodeLintNodeBlockOpens, b.CIDR.String(), name, portText(p)), at(svc.Object(), "", svc.Position))
		case v == policy.Denied:
			l.found(NodeBlockMiss, r.atPeer(j), flow.Because(flow.CodeLintNodeBlockMiss, b.CIDR.String(), name, n.Name, from.String()), at(svc.Object(), "", svc.Position))
		}
		return
	}
}

// equalPorts: an enforcer that judges egress before DNAT looks at the Service's
// port, so a policy written for the pods' port denies.
func (l *linter) equalPorts(svc *cluster.Service, p *cluster.ServicePort) {
	if !l.m.Profile.Policy.EgressBeforeDNAT || svc.Headless {
		return
	}
	for _, s := range l.x.servers(svc, p) {
		if s.port != p.Port && p.TargetPort.Name == "" && l.m.Policies.Isolates(s.pod, policy.Ingress) {
			l.found(SamePortNeeded, at(svc.Object(), "spec.ports", p.Position, svc.Position),
				flow.Because(flow.CodeLintEqualPorts, l.m.Profile.Policy.Name, svc.Namespace+"/"+svc.Name, itoa(int(p.Port)), itoa(int(s.port))))
			return
		}
	}
}

// serviceBlocks: an ipBlock of an egress rule that means a Service's address.
// Policy is judged behind DNAT, so it never sees that address.
func (l *linter) serviceBlocks() {
	if l.m.Profile.Policy.EgressBeforeDNAT {
		return
	}
	for i := range l.s.NetworkPolicies {
		np := &l.s.NetworkPolicies[i]
		if !np.IsolatesEgress {
			continue
		}
		for k := range np.Egress {
			r := &ruleAt{p: np, d: policy.Egress, rule: &np.Egress[k], field: "spec.egress[" + itoa(k) + "]"}
			for j := range r.rule.Peers {
				if b := r.rule.Peers[j].IPBlock; b != nil && b.CIDR.IsSingleIP() {
					l.serviceBlock(r, j, b.CIDR.Addr())
				}
			}
		}
	}
}

// serviceBlock asks for each port of the Service that has the address whether
// pods of the policy are kept from what is behind it.
func (l *linter) serviceBlock(r *ruleAt, j int, addr netip.Addr) {
	var owners []*cluster.Service
	if svc := l.m.Services.ClusterIPOwner(addr); svc != nil {
		owners = append(owners, svc)
	}
	owners = append(owners, l.m.Services.Owners(addr)...)
	subjects := l.x.subjects(r.p).pods()
	if len(subjects) == 0 {
		return
	}
	l.endpointBlock(r, j, addr, subjects[0])
	for _, svc := range owners {
		for i := range svc.Ports {
			p := &svc.Ports[i]
			if !l.m.Policies.RuleOpens(r.rule, nil, p.Protocol, p.Port) {
				continue
			}
			all := l.x.backends(svc, p).All()
			for b := range all {
				to := policy.Party{Addr: all[b].Addr.Addr(), Node: all[b].Host}
				if t := all[b].Target; t != nil && !t.HostNetwork {
					to = partyOf(t)
				}
				if l.judge(policy.Egress, subjects[0], to, p.Protocol, all[b].Addr.Port()) == policy.Denied {
					l.found(BlockIsService, r.atPeer(j), flow.Because(flow.CodeLintServiceBlock, addr.String(), svc.Namespace+"/"+svc.Name, portText(p), all[b].Addr.String()),
						at(svc.Object(), "", svc.Position))
					return
				}
			}
		}
	}
}

// endpointBlock: a block that means an endpoint which is no pod (the API server,
// say), with the port of the Service in front of it instead of its own.
func (l *linter) endpointBlock(r *ruleAt, j int, addr netip.Addr, subject *cluster.Pod) {
	for _, e := range l.x.manual()[addr] {
		if e.at.Port() == e.port.Port || !l.m.Policies.RuleOpens(r.rule, nil, e.port.Protocol, e.port.Port) {
			continue
		}
		to := policy.Party{Addr: addr, Node: l.m.Index.NodeByIP(addr) != nil}
		if l.judge(policy.Egress, subject, to, e.port.Protocol, e.at.Port()) == policy.Denied {
			l.found(PortIsServicePort, r.atPeer(j),
				flow.Because(flow.CodeDescribeServicePort, itoa(int(e.port.Port)), e.service.Namespace+"/"+e.service.Name, itoa(int(e.at.Port()))),
				at(e.service.Object(), "", e.service.Position))
			return
		}
	}
}
