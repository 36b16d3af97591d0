package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// remarks are notes as text, one for each.
type remarks []string

func (r *remarks) add(when bool, code flow.Code, args ...string) {
	if when {
		*r = append(*r, string(code)+"|"+strings.Join(args, "|"))
	}
}

// few are the first five names and how many more there are.
func few(list []string) string {
	if len(list) > 5 {
		list = append(slices.Clone(list[:5]), fmt.Sprintf("+%d", len(list)-5))
	}
	return strings.Join(list, ", ")
}

func podList(pods []*cluster.Pod) (out []string) {
	for _, p := range pods {
		if name := p.Namespace + "/" + p.Name; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// compareNotes holds the remarks on a policy against what each is for. Which of
// several Services is named is left open.
func (n naive) compareNotes(t *testing.T, d *Description) {
	t.Helper()
	var got, want remarks
	for _, r := range d.Notes {
		switch r.Code {
		case flow.CodeDescribeServicePort:
			if !slices.Contains(n.behindServices(d), strings.Join(r.Args, "|")) {
				t.Fatalf("%v is not a Service's port", r.Args)
			}
			got.add(true, r.Code, r.Args[0])
		case flow.CodeDescribeAlsoIsolate:
			got.add(true, r.Code, few(slices.Sorted(slices.Values(strings.Split(r.Args[0], ", ")))))
		default:
			got.add(true, r.Code, r.Args...)
		}
	}
	for _, s := range d.Sides {
		want = append(want, n.sideRemarks(d.Policy, &s)...)
	}
	want = append(want, n.subjectRemarks(d)...)
	want = append(want, n.peerRemarks(d)...)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s\n got %s\nwant %s\npolicy %+v", d.whole(), strings.Join(got, "\n     "), strings.Join(want, "\n     "), d.Policy)
	}
}

func (n naive) subjectRemarks(d *Description) (out remarks) {
	p := d.Policy
	known := len(n.pods(true))+len(n.pods(false)) > 0
	out.add(known && len(d.Subjects.Known) == 0, flow.CodeDescribeNobody, p.Namespace)
	out.add(len(d.Subjects.Host) > 0, flow.CodeDescribeHostSubjects, few(podList(d.Subjects.Host)))
	also := n.others(p, known)
	var others []string
	opens, dns := true, opensNames(p)
	for _, o := range also {
		others = append(others, "NetworkPolicy/"+o.Namespace+"/"+o.Name)
		dns = dns || opensNames(o)
	}
	for _, rules := range isolated(p) {
		opens = opens && slices.ContainsFunc(rules, func(r cluster.PolicyRule) bool { return len(r.Peers) == 0 && len(r.Ports) == 0 })
	}
	out.add(len(also) > 0, flow.CodeDescribeAlsoIsolate, few(slices.Sorted(slices.Values(others))))
	out.add(len(also) == 0 && !opens, flow.CodeDescribeAddsUp)
	out.add(p.IsolatesIngress, flow.CodeDescribeOwnNode)
	out.add(p.IsolatesEgress && !dns, flow.CodeDescribeNoNames)
	out.add(true, flow.CodeDescribeReplies)
	out.add(true, flow.CodeDescribeByTheLetter, "generic")
	return out
}

// isolated are the rules of the directions that policyTypes names.
func isolated(p *cluster.NetworkPolicy) map[Direction][]cluster.PolicyRule {
	out := map[Direction][]cluster.PolicyRule{}
	if p.IsolatesIngress {
		out[Ingress] = p.Ingress
	}
	if p.IsolatesEgress {
		out[Egress] = p.Egress
	}
	return out
}

// others isolate a pod that the policy isolates too, in a direction of both.
// Where no pod is known, every pod of the namespace is thought of, and those that
// the selector names.
func (n naive) others(p *cluster.NetworkPolicy, known bool) (out []*cluster.NetworkPolicy) {
	for i := range n.s.NetworkPolicies {
		o := &n.s.NetworkPolicies[i]
		side := o.IsolatesIngress && p.IsolatesIngress || o.IsolatesEgress && p.IsolatesEgress
		both := slices.ContainsFunc(n.pods(false), func(pod *cluster.Pod) bool { return n.subject(p, pod) && n.subject(o, pod) })
		if !known {
			both = o.Namespace == p.Namespace && (selectsAll(&o.PodSelector) || selectsAll(&p.PodSelector) || o.PodSelector.String() == p.PodSelector.String())
		}
		if o != p && side && both {
			out = append(out, o)
		}
	}
	return out
}

// opensNames: DNS is asked on 53/udp, in OpenShift on 5353/udp. A name may be
// that of either.
func opensNames(p *cluster.NetworkPolicy) bool {
	for _, r := range isolated(p)[Egress] {
		if len(r.Ports) == 0 {
			return true
		}
		for _, x := range r.Ports {
			for _, port := range []uint16{53, 5353} {
				every := x.Port.Number == 0 && x.Port.Name == ""
				if x.Protocol == flow.UDP && (every || x.Port.Name != "" || x.Port.Number == port || x.Port.Number < port && port <= x.EndPort) {
					return true
				}
			}
		}
	}
	return false
}

func (n naive) sideRemarks(p *cluster.NetworkPolicy, s *Side) (out remarks) {
	rules, field, list := p.Ingress, "spec.ingress", "from"
	if s.Direction == Egress {
		rules, field, list = p.Egress, "spec.egress", "to"
	}
	if !s.Isolates {
		out.add(len(rules) > 0, flow.CodeDescribeUnusedRules, map[Direction]string{Ingress: "Ingress", Egress: "Egress"}[s.Direction], field)
		return out
	}
	for i, r := range rules {
		at := fmt.Sprintf("%s[%d]", field, i)
		out.add(r.Peers != nil && len(r.Peers) == 0, flow.CodeDescribeEmptyList, at+"."+list)
		out.add(r.Ports != nil && len(r.Ports) == 0, flow.CodeDescribeEmptyList, at+".ports")
		out.add(len(r.Peers) == 0 && len(r.Ports) == 0, flow.CodeDescribeAllowsAll, map[Direction]string{Ingress: "ingress", Egress: "egress"}[s.Direction])
		block := len(r.Peers) == 0 || slices.ContainsFunc(r.Peers, func(x cluster.PolicyPeer) bool { return x.IPBlock != nil })
		for _, x := range r.Ports {
			out.add(s.Direction == Egress && block && x.Port.Name != "", flow.CodeDescribeBlockNames, at, x.Port.Name)
			out.add(len(n.behind(p, s.Direction, &r, x)) > 0, flow.CodeDescribeServicePort, fmt.Sprint(x.Port.Number))
		}
	}
	return out
}

// listed are the pods that packets of a rule go to, as far as they are listed:
// of a peer that is everybody none is.
func (n naive) listed(p *cluster.NetworkPolicy, d Direction, r *cluster.PolicyRule) (out []*cluster.Pod) {
	if d == Ingress {
		return n.servers(p, nil, Ingress)
	}
	for i := range r.Peers {
		x := n.peer(p, &r.Peers[i])
		out = append(out, x.Known...)
	}
	return out
}

// behind are the Services, with target port, whose port the rule opens by its
// number and whose pods listen on another; if no pod has the number itself.
func (n naive) behind(p *cluster.NetworkPolicy, d Direction, r *cluster.PolicyRule, x cluster.PolicyPort) (out []string) {
	if x.Port.Name != "" || x.Port.Number == 0 || x.EndPort > x.Port.Number {
		return nil
	}
	pods := n.listed(p, d, r)
	for _, pod := range pods {
		for _, c := range pod.Ports {
			if c.Protocol == x.Protocol && c.Port == x.Port.Number {
				return nil
			}
		}
	}
	for _, svc := range n.s.Services {
		selects := cluster.LabelSelector{MatchLabels: svc.Selector}
		backed := len(svc.Selector) > 0 && slices.ContainsFunc(pods, func(pod *cluster.Pod) bool { return pod.Namespace == svc.Namespace && selects.Matches(pod.Labels) })
		for _, sp := range svc.Ports {
			if backed && sp.Protocol == x.Protocol && sp.Port == x.Port.Number && sp.TargetPort != (cluster.PortRef{Number: sp.Port}) {
				target := fmt.Sprint(sp.TargetPort.Number)
				if sp.TargetPort.Name != "" {
					target = sp.TargetPort.Name
				}
				out = append(out, fmt.Sprintf("%d|%s/%s|%s", sp.Port, svc.Namespace, svc.Name, target))
			}
		}
	}
	return out
}

func (n naive) behindServices(d *Description) (out []string) {
	for dir, rules := range isolated(d.Policy) {
		for i := range rules {
			for _, x := range rules[i].Ports {
				out = append(out, n.behind(d.Policy, dir, &rules[i], x)...)
			}
		}
	}
	return out
}

// peerRemarks are about the peers of all rules that count, each said once.
func (n naive) peerRemarks(d *Description) (out remarks) {
	p := d.Policy
	var own, or, and, all, except, ports, selected bool
	var host, unknown []string
	for dir, rules := range isolated(p) {
		for _, r := range rules {
			var pods, spaces bool
			for _, x := range r.Peers {
				peer := n.peer(p, &x)
				pods = pods || x.IPBlock == nil && x.NamespaceSelector == nil
				spaces = spaces || x.NamespaceSelector != nil && x.PodSelector == nil
				and = and || x.NamespaceSelector != nil && x.PodSelector != nil
				all = all || x.IPBlock == nil && peer.All
				except = except || x.IPBlock != nil && len(x.IPBlock.Except) > 0
				selected = selected || dir == Ingress && x.IPBlock == nil
				for _, pod := range peer.Perhaps {
					unknown = append(unknown, pod.Namespace)
				}
				if !peer.All {
					host = append(host, podList(peer.Host)...)
				}
			}
			own, or = own || pods, or || pods && spaces
			ports = ports || len(r.Ports) > 0
		}
	}
	slices.Sort(host)
	slices.Sort(unknown)
	out.add(own, flow.CodeDescribeOwnNamespace, p.Namespace)
	out.add(or, flow.CodeDescribeOr)
	out.add(and, flow.CodeDescribeAnd)
	out.add(all, flow.CodeDescribeAllNamespaces)
	out.add(except, flow.CodeDescribeExcept)
	out.add(ports, flow.CodeDescribeTargetPorts)
	out.add(selected, flow.CodeDescribeMasqueraded)
	out.add(len(host) > 0, flow.CodeDescribeHostPeers, few(slices.Compact(host)))
	out.add(len(unknown) > 0, flow.CodeDescribeNoNamespace, strings.Join(slices.Compact(unknown), ", "))
	return out
}
