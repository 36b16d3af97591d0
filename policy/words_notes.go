package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// notes are the remarks on one policy: what is particular about it first, then
// what holds of every policy like it.
func (d *Describer) notes(x *Description) []flow.Reason {
	also := d.alsoIsolating(x)
	var out []flow.Reason
	out = append(out, d.subjectNotes(x)...)
	for i := range x.Sides {
		out = append(out, d.sideNotes(x, &x.Sides[i])...)
	}
	out = append(out, d.nameNotes(x, also)...)
	out = append(out, peerNotes(x)...)
	switch {
	case len(also) > 0:
		out = append(out, flow.Because(flow.CodeDescribeAlsoIsolate, joined(also)))
	case !x.open():
		out = append(out, flow.Because(flow.CodeDescribeAddsUp))
	}
	if x.Sides[0].Isolates {
		out = append(out, flow.Because(flow.CodeDescribeOwnNode))
	}
	out = append(out, flow.Because(flow.CodeDescribeReplies))
	return append(out, d.profileNotes()...)
}

// open reports whether the policy allows everything in each direction that it
// isolates.
func (x *Description) open() bool {
	for i := range x.Sides {
		s := &x.Sides[i]
		all := func(r Rule) bool { return len(r.Ports) == 0 && r.Peers[0].Kind == PeerEverybody }
		if s.Isolates && !slices.ContainsFunc(s.Rules, all) {
			return false
		}
	}
	return true
}

// profileNotes say where the dataplane is not the API's letter.
func (d *Describer) profileNotes() []flow.Reason {
	switch p := d.t.profile; {
	case !p.Enforces:
		return []flow.Reason{flow.Because(flow.CodeNotEnforced, p.Name, fmt.Sprint(len(d.t.snapshot.NetworkPolicies)))}
	case !p.SelfOpen: // a real enforcer, not the one that stands for any
		return []flow.Reason{flow.Because(flow.CodeDescribeByTheLetter, p.Name)}
	}
	return nil
}

func (d *Describer) subjectNotes(x *Description) []flow.Reason {
	var out []flow.Reason
	if len(x.Subjects.Known) == 0 && d.PodsKnown() {
		out = append(out, flow.Because(flow.CodeDescribeNobody, x.Subjects.Namespace))
	}
	if len(x.Subjects.Host) > 0 {
		out = append(out, flow.Because(flow.CodeDescribeHostSubjects, podNames(x.Subjects.Host)))
	}
	return out
}

// sideNotes are about a direction as a whole: rules without effect, and the
// difference of empty and absent.
func (d *Describer) sideNotes(x *Description, s *Side) []flow.Reason {
	rules, field := s.Direction.rules(x.Policy)
	if !s.Isolates && len(rules) > 0 {
		return []flow.Reason{flow.Because(flow.CodeDescribeUnusedRules, s.Direction.String(), field)}
	}
	var out []flow.Reason
	list := map[Direction]string{Ingress: "from", Egress: "to"}[s.Direction]
	for i := range rules {
		at := fmt.Sprintf("%s[%d]", field, i)
		if rules[i].Peers != nil && len(rules[i].Peers) == 0 {
			out = append(out, flow.Because(flow.CodeDescribeEmptyList, at+"."+list))
		}
		if rules[i].Ports != nil && len(rules[i].Ports) == 0 {
			out = append(out, flow.Because(flow.CodeDescribeEmptyList, at+".ports"))
		}
		if len(rules[i].Peers)+len(rules[i].Ports) == 0 {
			out = append(out, flow.Because(flow.CodeDescribeAllowsAll, strings.ToLower(s.Direction.String())))
		}
	}
	return out
}

// peerNotes are about what selectors and blocks mean, each said once.
func peerNotes(x *Description) []flow.Reason {
	var f peerFacts
	for i := range x.Sides {
		if s := &x.Sides[i]; s.Isolates {
			for j := range s.Rules {
				f.rule(&s.Rules[j], s.Direction)
			}
		}
	}
	var out []flow.Reason
	add := func(when bool, code flow.Code, args ...string) {
		if when {
			out = append(out, flow.Because(code, args...))
		}
	}
	add(f.own, flow.CodeDescribeOwnNamespace, x.Policy.Namespace)
	add(f.or, flow.CodeDescribeOr)
	add(f.both, flow.CodeDescribeAnd)
	add(f.all, flow.CodeDescribeAllNamespaces)
	add(f.except, flow.CodeDescribeExcept)
	add(f.ports, flow.CodeDescribeTargetPorts)
	add(f.inbound, flow.CodeDescribeMasqueraded)
	add(len(f.host) > 0, flow.CodeDescribeHostPeers, podNames(f.host))
	return out
}

// peerFacts are which kinds of peer a policy has.
type peerFacts struct {
	own, both, all, except, ports bool
	or                            bool // pods and namespaces as two items of one list
	inbound                       bool // an ingress rule that selects pods
	host                          []*cluster.Pod
}

func (f *peerFacts) rule(r *Rule, d Direction) {
	f.ports = f.ports || len(r.Ports) > 0
	var own, alone bool
	for i := range r.Peers {
		p := &r.Peers[i]
		namespaces := p.Kind == PeerNamespaces
		own = own || p.Kind == PeerPods
		alone = alone || namespaces && p.PodSelector == nil
		f.both = f.both || namespaces && p.PodSelector != nil
		f.all = f.all || namespaces && p.All
		f.except = f.except || p.Kind == PeerBlock && len(p.Block.Except) > 0
		f.inbound = f.inbound || d == Ingress && (namespaces || p.Kind == PeerPods)
		if !p.All {
			f.host = append(f.host, p.Host...)
		}
	}
	f.own = f.own || own
	f.or = f.or || own && alone
}

// nameNotes are about what stands behind names: namespaces whose labels are not
// known, port names, Service ports, and DNS.
func (d *Describer) nameNotes(x *Description, also []*cluster.NetworkPolicy) []flow.Reason {
	var out []flow.Reason
	unknown := map[string]bool{}
	for i := range x.Sides {
		s := &x.Sides[i]
		if !s.Isolates {
			continue
		}
		for j := range s.Rules {
			r := &s.Rules[j]
			for k := range r.Peers {
				for _, pod := range r.Peers[k].Perhaps {
					unknown[pod.Namespace] = true
				}
			}
			out = append(out, blockNames(s, r)...)
			out = append(out, d.servicePorts(x, s, r)...)
		}
	}
	if len(unknown) > 0 {
		out = append(out, flow.Because(flow.CodeDescribeNoNamespace, strings.Join(sortedKeys(unknown), ", ")))
	}
	if x.Policy.IsolatesEgress && !slices.ContainsFunc(append(also, x.Policy), opensDNS) {
		out = append(out, flow.Because(flow.CodeDescribeNoNames))
	}
	return out
}

// blockNames: a port name is looked up on a pod, so toward a plain address it
// opens nothing.
func blockNames(s *Side, r *Rule) []flow.Reason {
	if s.Direction != Egress || !slices.ContainsFunc(r.Peers, func(p Peer) bool { return p.Kind == PeerBlock || p.Kind == PeerEverybody }) {
		return nil
	}
	var out []flow.Reason
	for i := range r.Ports {
		if r.Ports[i].Name != "" {
			out = append(out, flow.Because(flow.CodeDescribeBlockNames, r.Origin.Field, r.Ports[i].Name))
		}
	}
	return out
}

// opensDNS reports whether an egress rule of the policy lets anybody be asked on
// 53/udp, or where OpenShift's DNS pods listen on 5353/udp, or may do so by a name.
func opensDNS(p *cluster.NetworkPolicy) bool {
	if !p.IsolatesEgress {
		return false
	}
	for i := range p.Egress {
		if len(p.Egress[i].Ports) == 0 {
			return true
		}
		for _, pp := range p.Egress[i].Ports {
			within := func(n uint16) bool { return pp.Port.Number <= n && n <= max(pp.Port.Number, pp.EndPort) }
			if pp.Protocol == flow.UDP && (pp.Port.IsZero() || pp.Port.Name != "" || within(53) || within(5353)) {
				return true
			}
		}
	}
	return false
}

// servicePorts finds rules that open the port of a Service where its pods listen
// on another.
func (d *Describer) servicePorts(x *Description, s *Side, r *Rule) []flow.Reason {
	servers := x.Subjects.Known
	if s.Direction == Egress {
		servers = nil
		for i := range r.Peers {
			servers = append(servers, r.Peers[i].Known...)
		}
	}
	var out []flow.Reason
	for i := range r.Ports {
		p := &r.Ports[i]
		if p.First == 0 || p.First != p.Last {
			continue
		}
		if svc, port := d.serviceWith(p, servers); svc != nil {
			out = append(out, flow.Because(flow.CodeDescribeServicePort, fmt.Sprint(p.First), svc.Namespace+"/"+svc.Name, portRef(port.TargetPort)))
		}
	}
	return out
}

func portRef(r cluster.PortRef) string {
	if r.Name != "" {
		return r.Name
	}
	return fmt.Sprint(r.Number)
}

// serviceWith returns the Service of these pods whose port, and not whose target
// port, is p, if none of its pods has p itself.
func (d *Describer) serviceWith(p *Port, servers []*cluster.Pod) (*cluster.Service, *cluster.ServicePort) {
	if slices.ContainsFunc(servers, func(pod *cluster.Pod) bool { return pod.Declares(p.Protocol, p.First) }) {
		return nil, nil
	}
	asked := map[string]bool{}
	for _, pod := range servers {
		if asked[pod.Namespace] {
			continue
		}
		asked[pod.Namespace] = true
		if svc, sp := d.serviceIn(pod.Namespace, p, servers); svc != nil {
			return svc, sp
		}
	}
	return nil, nil
}

// serviceIn is serviceWith for the Services of one namespace.
func (d *Describer) serviceIn(namespace string, p *Port, servers []*cluster.Pod) (*cluster.Service, *cluster.ServicePort) {
	for _, svc := range d.services[servedPort{namespace, span{p.Protocol, p.First, p.First}}] {
		selector := cluster.LabelSelector{MatchLabels: svc.Selector}
		backs := func(pod *cluster.Pod) bool { return pod.Namespace == svc.Namespace && selector.Matches(pod.Labels) }
		if len(svc.Selector) == 0 || !slices.ContainsFunc(servers, backs) {
			continue
		}
		for j := range svc.Ports {
			sp := &svc.Ports[j]
			if sp.Protocol == p.Protocol && sp.Port == p.First && sp.TargetPort.Number != p.First {
				return svc, sp
			}
		}
	}
	return nil, nil
}

// alsoIsolating are the other policies that isolate a subject of x in a
// direction of x. Where no pod is known, those whose selector certainly selects
// a pod that x selects too, should there be one.
func (d *Describer) alsoIsolating(x *Description) []*cluster.NetworkPolicy {
	var out []*cluster.NetworkPolicy
	add := func(p *cluster.NetworkPolicy) {
		if p != x.Policy && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	classes := map[int]bool{}
	for _, pod := range x.Subjects.Known {
		c := d.t.ClassOf(pod)
		if classes[c] {
			continue
		}
		classes[c] = true
		for i := range x.Sides {
			if x.Sides[i].Isolates {
				for _, p := range d.t.Isolating(pod, x.Sides[i].Direction) {
					add(p)
				}
			}
		}
	}
	if d.PodsKnown() {
		return out
	}
	for i := range d.t.snapshot.NetworkPolicies {
		p := &d.t.snapshot.NetworkPolicies[i]
		sameSide := p.IsolatesIngress && x.Policy.IsolatesIngress || p.IsolatesEgress && x.Policy.IsolatesEgress
		if p.Namespace == x.Policy.Namespace && sameSide && sureOverlap(&p.PodSelector, &x.Policy.PodSelector) {
			add(p)
		}
	}
	return out
}

func sureOverlap(a, b *cluster.LabelSelector) bool {
	return a.IsEmpty() || b.IsEmpty() || a.String() == b.String()
}

// mostNamed bounds the names in one remark.
const mostNamed = 5

func podNames(pods []*cluster.Pod) string {
	names := map[string]bool{}
	for _, p := range pods {
		names[p.Namespace+"/"+p.Name] = true
	}
	return fewNames(sortedKeys(names))
}

func joined(policies []*cluster.NetworkPolicy) string {
	names := make([]string, 0, len(policies))
	for _, p := range policies {
		names = append(names, p.Object().String())
	}
	return fewNames(names)
}

func fewNames(names []string) string {
	if n := len(names) - mostNamed; n > 0 {
		names = append(slices.Clone(names[:mostNamed]), fmt.Sprintf("+%d", n))
	}
	return strings.Join(names, ", ")
}
