package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// names looks whether pods whose egress is policed can still resolve names. Pods
// with the same policies are looked at once.
func (l *linter) names() {
	dns := l.dnsServers()
	cache := l.dnsCache()
	seen := map[string]bool{}
	for _, g := range l.x.kin {
		if g.pod.HostNetwork {
			continue
		}
		isolating := l.m.Policies.Isolating(g.pod, policy.Egress)
		if len(isolating) == 0 || !talks(isolating) {
			continue
		}
		k := policyNames(isolating)
		if seen[k] {
			continue
		}
		seen[k] = true
		l.resolves(g.pod, isolating, dns, cache)
	}
	if !l.x.live {
		l.namesOfTemplates()
	}
}

func policyNames(all []*cluster.NetworkPolicy) string {
	var out []string
	for _, p := range all {
		out = append(out, p.Namespace+"/"+p.Name)
	}
	return strings.Join(out, ",")
}

// talks reports whether some policy lets the pod ask other pods, or everybody:
// such a pod looks names up. One that may ask nobody, plain addresses only, or
// the API server, whose address stands in the environment, is not expected to.
func talks(isolating []*cluster.NetworkPolicy) bool {
	return slices.ContainsFunc(isolating, func(p *cluster.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Egress, func(r cluster.PolicyRule) bool {
			return !onlyAPIServer(&r) && (len(r.Peers) == 0 || slices.ContainsFunc(r.Peers, func(x cluster.PolicyPeer) bool { return x.IPBlock == nil }))
		})
	})
}

// apiServerPort is where API servers listen, behind the Service's 443.
const apiServerPort = 6443

func onlyAPIServer(r *cluster.PolicyRule) bool {
	return len(r.Ports) > 0 && !slices.ContainsFunc(r.Ports, func(p cluster.PolicyPort) bool { return p.Port.Number != apiServerPort })
}

// dnsPort is where clients ask; the Service in front may lead elsewhere.
const dnsPort = 53

// resolves asks for one pod: does any rule open 53/udp at all, and does what is
// opened reach the cluster's DNS.
func (l *linter) resolves(pod *cluster.Pod, isolating []*cluster.NetworkPolicy, dns []server, cache []netip.Addr) {
	denied := func(p policy.Party, port uint16) bool {
		return l.judge(policy.Egress, pod, p, flow.UDP, port) == policy.Denied
	}
	if !slices.ContainsFunc(isolating, l.opensDNS) {
		if len(dns) == 0 || slices.ContainsFunc(dns, func(s server) bool { return denied(partyOf(s.pod), s.port) }) {
			l.found(DNSBlocked, object(blames(isolating)), flow.Because(flow.CodeLintDNSBlocked, podName(pod), blames(isolating).Object().String()))
		}
		return
	}
	at53 := slices.IndexFunc(isolating, l.opensDNS)
	for _, s := range dns {
		if denied(partyOf(s.pod), s.port) {
			l.found(DNSMissed, object(isolating[at53]), flow.Because(flow.CodeLintDNSMissed, podName(pod), podName(s.pod), itoa(int(s.port))))
			return
		}
	}
	if len(cache) > 0 && !slices.ContainsFunc(cache, func(a netip.Addr) bool { return !denied(policy.Party{Addr: a, Node: true}, dnsPort) }) {
		l.found(NodeLocalDNS, object(isolating[at53]), flow.Because(flow.CodeLintNodeLocalDNS, podName(pod), cache[0].String()))
	}
}

// opensDNS reports whether the policy lets DNS be asked, as far as who is meant
// may be it: pods of a namespace where no DNS lives are not.
func (l *linter) opensDNS(p *cluster.NetworkPolicy) bool {
	may := *p
	may.Egress = slices.DeleteFunc(slices.Clone(p.Egress), func(r cluster.PolicyRule) bool {
		return len(r.Peers) > 0 && len(r.Ports) == 0 && !slices.ContainsFunc(r.Peers, func(x cluster.PolicyPeer) bool { return l.mayBeDNS(p, &x) })
	})
	return policy.OpensDNS(&may)
}

func (l *linter) mayBeDNS(p *cluster.NetworkPolicy, peer *cluster.PolicyPeer) bool {
	if peer.IPBlock != nil {
		return true
	}
	return slices.ContainsFunc(dnsServices, func(home [2]string) bool {
		if peer.NamespaceSelector == nil {
			return p.Namespace == home[0]
		}
		yes, known := l.m.Policies.SelectsNamespace(peer.NamespaceSelector, home[0])
		return yes || !known
	})
}

// blames is the policy to name: the one that lets something out and not DNS, else
// the first.
func blames(isolating []*cluster.NetworkPolicy) *cluster.NetworkPolicy {
	for _, p := range isolating {
		if talks([]*cluster.NetworkPolicy{p}) {
			return p
		}
	}
	return isolating[0]
}

// namesOfTemplates does the same for policies of a namespace whose pods are not
// in the input: only what holds whatever pods there are.
func (l *linter) namesOfTemplates() {
	byNamespace := map[string][]*cluster.NetworkPolicy{}
	for i := range l.s.NetworkPolicies {
		p := &l.s.NetworkPolicies[i]
		byNamespace[p.Namespace] = append(byNamespace[p.Namespace], p)
	}
	for i := range l.s.NetworkPolicies {
		p := &l.s.NetworkPolicies[i]
		if !p.IsolatesEgress || !l.x.subjects(p).none() || !talks([]*cluster.NetworkPolicy{p}) {
			continue
		}
		if !slices.ContainsFunc(byNamespace[p.Namespace], l.opensDNS) {
			l.found(DNSBlocked, object(p), flow.Because(flow.CodeLintDNSBlockedFor, p.Object().String(), p.Namespace))
		}
	}
}

// dnsServices are the cluster's DNS in the distributions, by namespace and name.
var dnsServices = [][2]string{{"kube-system", "kube-dns"}, {"kube-system", "coredns"}, {"openshift-dns", "dns-default"}}

func (l *linter) isDNS(svc *cluster.Service) bool {
	return slices.Contains(dnsServices, [2]string{svc.Namespace, svc.Name})
}

// dnsServers are the pods behind the cluster's DNS Service, where the input has
// it.
func (l *linter) dnsServers() []server {
	for _, name := range dnsServices {
		svc := l.m.Index.Service(name[0], name[1])
		if svc == nil {
			continue
		}
		for i := range svc.Ports {
			if p := &svc.Ports[i]; p.Port == dnsPort && p.Protocol == flow.UDP {
				return l.x.servers(svc, p)
			}
		}
	}
	return nil
}

// nodeLocal is the address of NodeLocal DNSCache's manifest.
var nodeLocal = netip.MustParseAddr("169.254.20.10")

// dnsCache are the addresses of NodeLocal DNSCache where its pods are in the
// input: its own, and the DNS Service's, which it takes over in iptables mode.
func (l *linter) dnsCache() []netip.Addr {
	for _, app := range []string{"node-local-dns", "kube-dns"} {
		there := l.x.anywhere(&cluster.LabelSelector{MatchLabels: cluster.Labels{"k8s-app": app}})
		if len(there.host) > 0 {
			return []netip.Addr{nodeLocal}
		}
	}
	return nil
}
