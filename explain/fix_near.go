package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// NearMiss is a change that people try instead, walked on the cluster that has
// it.
type NearMiss struct {
	What  flow.Reason
	After Tally
	// Why are the reasons of the paths that still fail. Where it works after all,
	// they say what it opens.
	Why []flow.Reason
}

// Works reports whether the change does what was asked.
func (n *NearMiss) Works() bool { return n.After.Verdict == flow.Reachable }

// variant is a policy in the place of one that the fix has, or an edit without
// any.
type variant struct {
	what   flow.Reason
	number int // of the policy it replaces; -1: no policy at all
	policy *cluster.NetworkPolicy
	alone  bool // the other policies of the fix are left out
	edits  []Edit
}

// nearMisses walks the usual wrong repairs of each denial.
func (r *repair) nearMisses() []NearMiss {
	var out []NearMiss
	groups := r.groups()
	for i, g := range groups {
		if i >= len(r.policies) {
			break
		}
		for _, v := range r.variants(g, i) {
			if n, ok := r.walkVariant(&v); ok {
				out = append(out, n)
			}
		}
	}
	return out
}

func (r *repair) variants(g *denialGroup, i int) []variant {
	var out []variant
	add := func(p *cluster.NetworkPolicy, code flow.Code, args ...string) {
		out = append(out, variant{what: flow.Because(code, args...), number: i, policy: p})
	}
	right := r.policies[i]
	if g.front != nil {
		for _, wrong := range []struct {
			port uint16
			code flow.Code
		}{{g.front.Named.Port, flow.CodeNearServicePort}, {g.front.Named.NodePort, flow.CodeNearNodePort}} {
			if wrong.port != 0 && !slices.Contains(g.ports, wrong.port) {
				add(g.withPorts(right, wrong.port), wrong.code, strconv.Itoa(int(wrong.port)))
			}
		}
	}
	switch {
	case g.direction == policy.Egress:
		r.egressVariants(g, right, add)
	case g.fromAnywhere():
		out = append(out, r.sourceVariants(g, i)...)
	default:
		r.peerVariants(g, right, add)
	}
	if len(r.policies) > 1 {
		out = append(out, variant{what: flow.Because(flow.CodeNearOneSide, right.Object().String()), number: i, policy: right, alone: true})
	}
	return out
}

// egressVariants: the Service's address instead of the pods behind it.
func (r *repair) egressVariants(g *denialGroup, right *cluster.NetworkPolicy, add func(*cluster.NetworkPolicy, flow.Code, ...string)) {
	for i := range r.before.Targets {
		t := &r.before.Targets[i]
		if t.Front == nil || !t.Front.Addr.IsValid() {
			continue
		}
		block := cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: hostPrefix(t.Front.Addr)}}
		add(g.withPeers(right, block), flow.CodeNearServiceBlock, hostPrefix(t.Front.Addr).String())
	}
}

// peerVariants: a podSelector alone, which means the policy's own namespace.
func (r *repair) peerVariants(g *denialGroup, right *cluster.NetworkPolicy, add func(*cluster.NetworkPolicy, flow.Code, ...string)) {
	for _, rule := range right.Ingress {
		for _, p := range rule.Peers {
			if p.NamespaceSelector == nil || p.PodSelector == nil {
				continue
			}
			add(g.withPeers(right, cluster.PolicyPeer{PodSelector: p.PodSelector}), flow.CodeNearPodSelector, p.PodSelector.String(), g.namespace)
			return
		}
	}
}

// sourceVariants are the ways to name a source that nothing can name.
func (r *repair) sourceVariants(g *denialGroup, i int) []variant {
	var out []variant
	right := r.policies[i]
	add := func(code flow.Code, arg string, peers ...cluster.PolicyPeer) {
		out = append(out, variant{what: flow.Because(code, arg), number: i, policy: g.withPeers(right, peers...)})
	}
	every := cluster.LabelSelector{}
	add(flow.CodeNearAnyNamespace, "", cluster.PolicyPeer{NamespaceSelector: &every})
	system := cluster.LabelSelector{MatchLabels: cluster.Labels{metadataName: "kube-system"}}
	proxy := cluster.LabelSelector{MatchLabels: cluster.Labels{"k8s-app": "kube-proxy"}}
	add(flow.CodeNearKubeProxy, "k8s-app=kube-proxy", cluster.PolicyPeer{NamespaceSelector: &system, PodSelector: &proxy})
	if nodes := r.internalIPs(g.peers[0].Addr.Is6()); len(nodes) > 0 {
		add(flow.CodeNearNodes, blockWords(nodes), blocks(nodes)...)
	}
	clients, _ := r.clients()
	if len(clients) > 0 {
		add(flow.CodeNearClient, blockWords(clients), blocks(clients)...)
	}
	if e := r.localEdit(g); e != nil {
		out = append(out, variant{what: flow.Because(flow.CodeNearLocal), number: -1, edits: []Edit{*e}})
	}
	return out
}

// withPorts is the policy with another port, withPeers with other peers.
func (g *denialGroup) withPorts(p *cluster.NetworkPolicy, port uint16) *cluster.NetworkPolicy {
	out, rule := *p, g.rule(p)
	rule.Ports = []cluster.PolicyPort{{Protocol: g.protocol, Port: cluster.PortRef{Number: port}}}
	g.setRule(&out, rule)
	return &out
}

func (g *denialGroup) withPeers(p *cluster.NetworkPolicy, peers ...cluster.PolicyPeer) *cluster.NetworkPolicy {
	out, rule := *p, g.rule(p)
	rule.Peers = peers
	g.setRule(&out, rule)
	return &out
}

func (g *denialGroup) rule(p *cluster.NetworkPolicy) cluster.PolicyRule {
	return slices.Concat(p.Ingress, p.Egress)[0]
}

// try walks the cluster with other policies and edits.
func (r *repair) try(edits []Edit, policies []*cluster.NetworkPolicy) (*model.Model, *path.Answer) {
	m, err := changed(r.m, edits, policies)
	if err != nil {
		return nil, nil
	}
	a, err := path.Ask(m, r.q)
	if err != nil {
		return nil, nil
	}
	return m, a
}

func (r *repair) walkVariant(v *variant) (NearMiss, bool) {
	edits := slices.Clone(r.edits)
	for _, e := range v.edits {
		edits = mergeEdit(edits, e)
	}
	var policies []*cluster.NetworkPolicy
	switch {
	case v.number < 0:
	case v.alone:
		policies = []*cluster.NetworkPolicy{v.policy}
	default:
		policies = slices.Clone(r.policies)
		policies[v.number] = v.policy
	}
	m, a := r.try(edits, policies)
	if m == nil {
		return NearMiss{}, false
	}
	n := NearMiss{What: v.what, After: tally(a)}
	if n.Works() {
		n.Why = r.worksBut(m, policies)
		if v.what.Code == flow.CodeNearNodes {
			n.Why = append(n.Why, r.through(edits, policies, r.groups()[v.number])...)
		}
	} else {
		n.Why = r.whyNot(m, a, v.policy)
	}
	return n, true
}

// worksBut says whom a change that works admits.
func (r *repair) worksBut(m *model.Model, policies []*cluster.NetworkPolicy) []flow.Reason {
	c := newComparison(r.m, m, r.teller())
	var from, to, ports []string
	diffs := c.run(policies)
	for i := range diffs {
		d := &diffs[i]
		if !d.admitted {
			continue
		}
		ends := [2][]string{d.peer.like, d.like}
		if d.direction == policy.Egress {
			ends[0], ends[1] = ends[1], ends[0]
		}
		from, to, ports = append(from, ends[0]...), append(to, ends[1]...), append(ports, portText(d.port, d.protocol))
	}
	if len(from) == 0 {
		return nil
	}
	return []flow.Reason{flow.Because(flow.CodeFixOpens, fewNames(from), fewNames(to), fewNames(ports))}
}

// whyNot says why paths still fail: what the policy in question did not match,
// addresses folded, else the decision that ended the path.
func (r *repair) whyNot(m *model.Model, a *path.Answer, candidate *cluster.NetworkPolicy) []flow.Reason {
	var out []flow.Reason
	var notPods, outside, dead []string
	for i := range a.Traces {
		t := &a.Traces[i]
		if t.Fate == flow.Delivered {
			continue
		}
		miss := r.missOf(m, t, candidate)
		switch {
		case t.Fate == flow.NoLocalEndpoint:
			dead = append(dead, t.Firsts()...)
			continue
		case miss == nil:
			out = flow.Merge(out, []flow.Reason{lastDecision(t).Reason})
			continue
		}
		for _, why := range slices.Concat(miss.Ports, miss.Peers) {
			switch {
			case len(miss.Ports) == 0 && why.Code == flow.CodeMissNotPod:
				notPods = append(notPods, sources(m, t, why.Args[0])...)
			case len(miss.Ports) == 0 && why.Code == flow.CodeMissBlock:
				outside = append(outside, sources(m, t, why.Args[1])...)
			case len(miss.Ports) == 0 || why.Code == flow.CodeMissPort:
				out = flow.Merge(out, []flow.Reason{why})
			}
		}
	}
	if len(dead) > 0 {
		out = append(out, flow.Because(flow.CodePriceDead, fewNames(dead)))
	}
	if len(notPods) > 0 {
		out = append(out, flow.Because(flow.CodeFixNotPods, fewNames(notPods)))
	}
	if len(outside) > 0 {
		out = append(out, flow.Because(flow.CodeFixNotInBlocks, fewNames(outside)))
	}
	return out
}

// missOf is why the policy in question did not admit a denied trace.
func (r *repair) missOf(m *model.Model, t *path.Walked, candidate *cluster.NetworkPolicy) *policy.Miss {
	if t.Fate != flow.DeniedByPolicy || len(t.Denied) == 0 || candidate == nil {
		return nil
	}
	misses := m.Policies.Explain(t.Denied[0].Question)
	for i := range misses {
		if misses[i].Policy.Object() == candidate.Object() {
			return &misses[i]
		}
	}
	return nil
}

// sources are the addresses that policy saw on the paths a trace stands for.
func sources(m *model.Model, t *path.Walked, shown string) []string {
	out := []string{shown}
	d := newDenial(m, t, &t.Denied[0])
	for _, p := range d.peers {
		out = append(out, p.Addr.String())
	}
	return out
}

func blockWords(list []string) string {
	if len(list) > 4 {
		list = append(slices.Clone(list[:4]), "...")
	}
	return strings.Join(list, ", ")
}
