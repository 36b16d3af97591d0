//go:build linux

package proof_test

import (
	"fmt"
	"maps"
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

// features are what must be met among the questions of the usual run, each by a
// packet on its way and not by an object that lies beside it.
var features = []string{
	"IPv4", "IPv6", "TCP", "UDP", "dual stack cluster", "IPv6-only cluster",
	"proxy portolan", "proxy kube-proxy-nftables", "policy portolan", "policy generic", "policy none",
	"pod network routed", "pod network bridge", "pod network vxlan", "pod network gateway",
	"masqueradeAll", "CNI masquerade off-cluster", "CNI masquerade nodes-too", "cluster CIDRs not told", "masquerade address told",
	"from client", "from address of no client", "from node", "from pod", "from hostNetwork pod",
	"routes static", "routes static, nodes listed", "routes bgp", "routes l2", "ECMP", "one next hop", "two routers", "first node forced", "prefix routed to nodes",

	"front clusterip Cluster", "front clusterip Local", "front vip Cluster", "front vip Local",
	"front externalip Cluster", "front externalip Local", "front nodeport Cluster", "front nodeport Local",
	"several Services claim it", "address shared by Services", "session affinity", "source ranges admit", "source ranges deny",
	"endpoint terminating", "endpoint not ready beside", "hints of a zone", "hints of a node", "endpoint hostNetwork pod", "endpoint outside the cluster",
	"hairpin", "health check of a node", "unused port of a cluster IP", "unallocated service address",
	"short circuit of a pod", "short circuit of a node", "masqueraded by a Service", "masqueraded by the CNI", "reply translated",

	"denied, drop, IPv4", "denied, drop, IPv6", "denied, reject, IPv4", "denied, reject, IPv6", "denied, UDP reject",
	"denied ingress", "denied egress", "denied ingress behind masquerade", "denied ingress before masquerade",
	"admitted ingress", "admitted egress", "admitted behind masquerade", "admitted before masquerade", "resident node exempt",
	"admits by podSelector", "admits by namespaceSelector", "admits by both selectors", "admits by ipBlock", "admits by ipBlock with except", "admits everybody",
	"admits by port name", "admits by port range", "admits by protocol alone", "admits every port",
}

// featuresOf are those that the traces of a question meet.
func featuresOf(m *model.Model, a *path.Answer) map[string]bool {
	f := met{m: m, a: a, is: map[string]bool{}}
	f.cluster()
	for i := range a.Traces {
		t := &a.Traces[i]
		f.add("fate %v", t.Fate)
		f.add("seen %v", t.Seen)
		f.ends(t)
		f.front(t)
		for _, h := range t.Hops {
			for j := range h.Steps {
				f.step(t, &h.Steps[j])
			}
		}
		for j := range t.Judged {
			f.judged(t, &t.Judged[j])
		}
	}
	return f.is
}

type met struct {
	m  *model.Model
	a  *path.Answer
	is map[string]bool
}

func (f *met) add(format string, args ...any) { f.is[fmt.Sprintf(format, args...)] = true }

func (f *met) when(is bool, feature string) {
	if is {
		f.is[feature] = true
	}
}

// cluster is what the dataplane and the routers are.
func (f *met) cluster() {
	p, s := f.m.Profile, f.m.Snapshot
	f.add("proxy %s", p.Proxy.Name)
	f.add("policy %s", p.Policy.Name)
	f.add("pod network %s", p.PodNetwork)
	f.when(p.MasqueradeAll, "masqueradeAll")
	f.when(len(s.Fabric.Dataplane.ClusterCIDRs) == 0, "cluster CIDRs not told")
	f.when(len(s.Fabric.Nodes) > 0, "masquerade address told")
	v4, v6 := s.Nodes[0].IP(false).IsValid(), s.Nodes[0].IP(true).IsValid()
	f.when(v4 && v6, "dual stack cluster")
	f.when(!v4, "IPv6-only cluster")
	f.when(f.a.Question.Via != "", "first node forced")
	from, name, _ := strings.Cut(f.a.Question.From, "/")
	switch ns, pod, _ := strings.Cut(name, "/"); from {
	case "external":
		_, err := netip.ParseAddr(name)
		f.when(err == nil, "from address of no client")
		f.when(err != nil, "from client")
	case "node":
		f.add("from node")
	default:
		host := f.m.Index.Pod(ns, pod).HostNetwork
		f.when(host, "from hostNetwork pod")
		f.when(!host, "from pod")
	}
}

// ends are the two ends of a trace, and the routers between.
func (f *met) ends(t *path.Walked) {
	to := t.Target.Addr
	f.add("%v", t.Target.Protocol)
	f.when(to.Addr().Is4(), "IPv4")
	f.when(to.Addr().Is6(), "IPv6")
	for _, h := range t.Hops {
		if h.Machine.Kind != flow.MachineRouter {
			continue
		}
		routers := f.m.Announce.Routers()
		f.when(len(routers) > 1, "two routers")
		for i := range routers {
			r := &routers[i]
			f.add("routes %s", r.Routes)
			f.when(len(r.Nodes) > 0, "routes static, nodes listed")
			f.when(slices.ContainsFunc(r.Prefixes, func(p netip.Prefix) bool { return p.Contains(to.Addr()) }), "prefix routed to nodes")
			choice := f.m.Announce.NextHops(r, to.Addr())
			f.when(r.Multipath && len(choice.Nodes) > 1, "ECMP")
			f.when(!r.Multipath && len(choice.Nodes) == 1, "one next hop")
		}
	}
}

// front is the Service a trace went by.
func (f *met) front(t *path.Walked) {
	fronts := f.m.Services.At(t.Target.Addr, t.Target.Protocol)
	if f.m.Index.NodeByIP(t.Target.Addr.Addr()) != nil && len(fronts) == 0 {
		fronts = f.m.Services.NodePorts(t.Target.Addr.Addr().Is6(), t.Target.Protocol, t.Target.Addr.Port())
	}
	f.when(len(fronts) > 1, "several Services claim it")
	f.when(len(f.m.Services.Owners(t.Target.Addr.Addr())) > 1, "address shared by Services")
	f.when(slices.ContainsFunc(t.Assumptions, func(r flow.Reason) bool { return r.Code == flow.CodeAssumedAffinity }), "session affinity")
	if len(fronts) == 0 || t.Fate != flow.Delivered || !captured(t) {
		return
	}
	first := fronts[0]
	if first.Local() {
		f.add("front %v Local", first.Kind)
	} else {
		f.add("front %v Cluster", first.Kind)
	}
	f.endpoint(t, first)
}

func captured(t *path.Walked) bool {
	return slices.ContainsFunc(t.Hops, func(h flow.Hop) bool {
		return slices.ContainsFunc(h.Steps, func(s flow.Step) bool { return s.Action == flow.DNAT })
	})
}

func (f *met) endpoint(t *path.Walked, first *service.Front) {
	all := first.Backends.All()
	for i := range all {
		b := &all[i]
		if b.Addr != t.Endpoint.Addr {
			f.when(!b.Ready && !b.Terminating, "endpoint not ready beside")
			continue
		}
		f.when(b.Terminating, "endpoint terminating")
		f.when(b.Host, "endpoint hostNetwork pod")
		f.when(!b.Host && f.m.Index.PodByIP(b.Addr.Addr()) == nil, "endpoint outside the cluster")
	}
	for i := range f.m.Snapshot.EndpointSlices {
		s := &f.m.Snapshot.EndpointSlices[i]
		if s.Namespace != first.Service.Namespace || s.Service != first.Service.Name {
			continue
		}
		for _, e := range s.Endpoints {
			if slices.Contains(e.Addresses, t.Endpoint.Addr.Addr()) {
				f.when(len(e.HintZones) > 0, "hints of a zone")
				f.when(len(e.HintNodes) > 0, "hints of a node")
			}
		}
	}
}

// codes are steps by what they say.
var codes = map[flow.Code]string{
	flow.CodeInRanges: "source ranges admit", flow.CodeOutsideRanges: "source ranges deny", flow.CodeHealthCheck: "health check of a node",
	flow.CodeUnusedClusterPort: "unused port of a cluster IP", flow.CodeUnallocatedIP: "unallocated service address",
	flow.CodeShortCircuitPod: "short circuit of a pod", flow.CodeShortCircuitNode: "short circuit of a node",
	flow.CodeMasqueraded: "masqueraded by a Service", flow.CodeMasqueradedCNI: "masqueraded by the CNI", flow.CodeMasqueradedSelf: "hairpin",
	flow.CodeReplyTranslated: "reply translated", flow.CodeExemptNode: "resident node exempt",
}

func (f *met) step(t *path.Walked, s *flow.Step) {
	f.add("says %s", s.Reason.Code)
	if w := codes[s.Reason.Code]; w != "" {
		f.add("%s", w)
	}
	if s.Reason.Code == flow.CodeMasqueradedCNI {
		f.add("CNI masquerade %s", f.m.Profile.PodEgressMasquerade)
	}
	if s.Reason.Code == flow.CodeDenied {
		f.when(true, map[bool]string{false: "denied, " + s.Action.String() + ", IPv4", true: "denied, " + s.Action.String() + ", IPv6"}[s.Before.Dst.Addr().Is6()])
		f.when(s.Action == flow.Reject && t.Target.Protocol == flow.UDP, "denied, UDP reject")
	}
}

// judged is where policy stood and which rule admitted.
func (f *met) judged(t *path.Walked, j *model.Judgement) {
	verdict := ""
	switch {
	case !j.Exempt.IsZero():
	case j.Decision.Verdict == policy.Denied:
		verdict = "denied"
	case j.Decision.Verdict == policy.Admitted:
		verdict = "admitted"
	default:
	}
	if verdict == "" {
		return
	}
	f.add("%s %s", verdict, strings.ToLower(j.Question.Direction.String()))
	if t.Masqueraded() || verdict == "denied" {
		side := map[bool]string{true: "behind masquerade", false: "before masquerade"}[f.m.JudgesAfterSNAT()]
		if verdict == "admitted" {
			f.add("admitted %s", side)
		} else if j.Question.Direction == policy.Ingress && captured(t) {
			f.add("denied ingress %s", side)
		}
	}
	if verdict == "admitted" {
		f.rule(j)
	}
}

// rule is what the admitting rule is made of.
func (f *met) rule(j *model.Judgement) {
	by := j.Decision.By
	for i := range f.m.Snapshot.NetworkPolicies {
		p := &f.m.Snapshot.NetworkPolicies[i]
		if p.Object() != by.Object {
			continue
		}
		rules, n := p.Ingress, 0
		if j.Question.Direction == policy.Egress {
			rules = p.Egress
		}
		_, rest, _ := strings.Cut(by.Field, "[")
		if _, err := fmt.Sscanf(rest, "%d]", &n); err != nil || n >= len(rules) {
			f.add("rule of unknown number: %s", by.Field)
			return
		}
		f.peers(rules[n].Peers)
		f.ports(rules[n].Ports)
	}
}

// peers counts a rule's peers where there is only one: it was that one.
func (f *met) peers(peers []cluster.PolicyPeer) {
	f.when(len(peers) == 0, "admits everybody")
	if len(peers) != 1 {
		return
	}
	switch p := &peers[0]; {
	case p.IPBlock != nil && len(p.IPBlock.Except) > 0:
		f.add("admits by ipBlock with except")
	case p.IPBlock != nil:
		f.add("admits by ipBlock")
	case p.PodSelector != nil && p.NamespaceSelector != nil:
		f.add("admits by both selectors")
	case p.PodSelector != nil:
		f.add("admits by podSelector")
	default:
		f.add("admits by namespaceSelector")
	}
}

func (f *met) ports(ports []cluster.PolicyPort) {
	f.when(len(ports) == 0, "admits every port")
	if len(ports) != 1 {
		return
	}
	switch p := &ports[0]; {
	case p.Port.Name != "":
		f.add("admits by port name")
	case p.EndPort != 0:
		f.add("admits by port range")
	case p.Port.Number == 0:
		f.add("admits by protocol alone")
	}
}

// missing are the features that nothing had to do with.
func missing(counted map[string]int) []string {
	var all []string
	for _, f := range features {
		if counted[f] == 0 {
			all = append(all, f)
		}
	}
	return all
}

// table prints how many questions met what.
func (r *run) table() {
	for _, f := range slices.Sorted(maps.Keys(r.features)) {
		r.t.Logf("%6d  %s", r.features[f], f)
	}
}
