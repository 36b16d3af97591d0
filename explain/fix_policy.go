package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// denial is one packet that a pod's policies drop, with all that fare alike.
type denial struct {
	direction policy.Direction
	subjects  []*cluster.Pod
	peers     []policy.Party
	protocol  flow.Protocol
	port      uint16
	front     *service.Front // nil for a pod asked by itself
}

func (d *denial) key() string {
	return fmt.Sprint(d.direction, d.subjects[0].Object(), d.peers[0].Addr, d.protocol, d.port)
}

// addDenials adds what an answer's policies deny to what is known already.
func addDenials(known []denial, m *model.Model, a *path.Answer) []denial {
	for i := range a.Traces {
		t := &a.Traces[i]
		for j := range t.Denied {
			if t.Fate != flow.DeniedByPolicy || t.Denied[j].Decision.Verdict != policy.Denied {
				continue
			}
			d := newDenial(m, t, &t.Denied[j])
			if !slices.ContainsFunc(known, func(o denial) bool { return o.key() == d.key() }) {
				known = append(known, d)
			}
		}
	}
	return known
}

// newDenial reads a judgement; where its trace stands for several endpoints,
// they are all concerned.
func newDenial(m *model.Model, t *path.Walked, j *model.Judgement) denial {
	q := &j.Question
	d := denial{
		direction: q.Direction, subjects: []*cluster.Pod{j.Subject}, peers: []policy.Party{q.Peer},
		protocol: q.Protocol, port: q.Port, front: t.Target.Front,
	}
	d.others(m, t)
	return d
}

// others adds the pods and addresses that a folded trace stands for.
func (d *denial) others(m *model.Model, t *path.Walked) {
	for _, e := range t.Endpoints {
		pod := m.Index.Pod(e.Pod.Namespace, e.Pod.Name)
		switch {
		case d.direction == policy.Ingress && pod != nil && t.Endpoint.Pod == d.subjects[0].Object() && !slices.Contains(d.subjects, pod):
			d.subjects = append(d.subjects, pod)
		case d.direction == policy.Egress && t.Endpoint.Addr.Addr() == d.peers[0].Addr && e.Addr.Addr() != d.peers[0].Addr:
			if pod != nil && pod.HostNetwork {
				pod = nil
			}
			d.peers = append(d.peers, policy.Party{Addr: e.Addr.Addr(), Pod: pod})
		}
	}
	if d.direction == policy.Ingress && d.peers[0].Pod == nil && t.Masqueraded() && len(t.Firsts()) > 1 {
		for _, n := range t.Firsts() {
			if a := m.Profile.SourceOf(n, cluster.TowardRemotePods, d.peers[0].Addr.Is6()); a.IsValid() && a != d.peers[0].Addr {
				d.peers = append(d.peers, policy.Party{Addr: a})
			}
		}
	}
}

// denialGroup is denials that one NetworkPolicy can repair.
type denialGroup struct {
	direction policy.Direction
	namespace string
	subjects  []*cluster.Pod
	peers     []policy.Party
	protocol  flow.Protocol
	ports     []uint16
	front     *service.Front
	service   *cluster.Service // nil for none
}

// groups folds the denials by direction, namespace and protocol.
func (r *repair) groups() []*denialGroup {
	var out []*denialGroup
	for i := range r.denials {
		d := &r.denials[i]
		ns := d.subjects[0].Namespace
		at := slices.IndexFunc(out, func(g *denialGroup) bool {
			return g.direction == d.direction && g.namespace == ns && g.protocol == d.protocol
		})
		if at < 0 {
			at = len(out)
			out = append(out, &denialGroup{direction: d.direction, namespace: ns, protocol: d.protocol, front: d.front})
			if d.front != nil {
				out[at].service = r.service(d.front.Service)
			}
		}
		out[at].add(d)
	}
	return out
}

// service is the Service as the edits left it.
func (r *repair) service(svc *cluster.Service) *cluster.Service {
	if now := r.after.Index.Service(svc.Namespace, svc.Name); now != nil {
		return now
	}
	return svc
}

func (g *denialGroup) add(d *denial) {
	for _, p := range d.subjects {
		if !slices.ContainsFunc(g.subjects, func(o *cluster.Pod) bool { return o.Object() == p.Object() }) {
			g.subjects = append(g.subjects, p)
		}
	}
	for _, p := range d.peers {
		if !slices.ContainsFunc(g.peers, func(o policy.Party) bool { return o.Addr == p.Addr }) {
			g.peers = append(g.peers, p)
		}
	}
	if !slices.Contains(g.ports, d.port) {
		g.ports = append(g.ports, d.port)
		slices.Sort(g.ports)
	}
}

// draft writes one policy for each group, or says why none can.
func (r *repair) draft() ([]*cluster.NetworkPolicy, []flow.Reason) {
	var out []*cluster.NetworkPolicy
	for _, g := range r.groups() {
		p, why := g.draft(r.m, out)
		if p == nil {
			return nil, []flow.Reason{why}
		}
		out = append(out, p)
	}
	return out, nil
}

func (g *denialGroup) draft(m *model.Model, taken []*cluster.NetworkPolicy) (*cluster.NetworkPolicy, flow.Reason) {
	selector, ok := narrowed(m, g.podSelector(m), g.subjects, g.direction)
	if !ok {
		return nil, flow.Because(flow.CodeFixWouldIsolate, podWords(unisolated(m, g.namespace, &selector, g.direction)), selector.String())
	}
	p := &cluster.NetworkPolicy{
		Meta:        cluster.Meta{Namespace: g.namespace, Name: policyName(m, taken, g.namespace, g.name())},
		PodSelector: selector,
	}
	g.setRule(p, cluster.PolicyRule{Peers: g.policyPeers(m), Ports: g.policyPorts(m)})
	return p, flow.Reason{}
}

func (g *denialGroup) setRule(p *cluster.NetworkPolicy, r cluster.PolicyRule) {
	if g.direction == policy.Egress {
		p.IsolatesEgress, p.Egress, p.Ingress, p.IsolatesIngress = true, []cluster.PolicyRule{r}, nil, false
		return
	}
	p.IsolatesIngress, p.Ingress, p.Egress, p.IsolatesEgress = true, []cluster.PolicyRule{r}, nil, false
}

// name says what the policy allows.
func (g *denialGroup) name() string {
	target := ""
	if g.service != nil {
		target = g.service.Name
	}
	if g.direction == policy.Ingress {
		if target == "" {
			target = appName(g.subjects)
		}
		return "allow-" + target
	}
	if target == "" {
		target = "egress"
		if pods := podsOf(g.peers); len(pods) > 0 {
			target = appName(pods)
		}
	}
	return "allow-" + appName(g.subjects) + "-to-" + target
}

// podSelector is the Service's own selector for the pods behind it, else the
// fewest labels that tell the pods.
func (g *denialGroup) podSelector(m *model.Model) cluster.LabelSelector {
	if g.direction == policy.Ingress {
		if s, ok := g.serviceSelector(g.subjects); ok {
			return s
		}
	}
	return cluster.LabelSelector{MatchLabels: labelsOf(m, g.subjects)}
}

func (g *denialGroup) serviceSelector(pods []*cluster.Pod) (cluster.LabelSelector, bool) {
	if g.service == nil || len(g.service.Selector) == 0 {
		return cluster.LabelSelector{}, false
	}
	s := cluster.LabelSelector{MatchLabels: g.service.Selector}
	return s, pods[0].Namespace == g.service.Namespace && matchesAll(&s, pods)
}

// policyPeers: none where policy sees an address on the way in, since nothing
// selects a node or a client for good; else pods by namespace and labels, and
// on the way out addresses as blocks.
func (g *denialGroup) policyPeers(m *model.Model) []cluster.PolicyPeer {
	if g.fromAnywhere() {
		return nil
	}
	var out []cluster.PolicyPeer
	byNamespace := map[string][]*cluster.Pod{}
	var order []string
	for _, p := range g.peers {
		if p.Pod == nil {
			out = append(out, cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: hostPrefix(p.Addr)}})
			continue
		}
		if byNamespace[p.Pod.Namespace] == nil {
			order = append(order, p.Pod.Namespace)
		}
		byNamespace[p.Pod.Namespace] = append(byNamespace[p.Pod.Namespace], p.Pod)
	}
	for _, ns := range order {
		for _, s := range g.peerSelectors(m, byNamespace[ns]) {
			peer := cluster.PolicyPeer{PodSelector: &s}
			if ns != g.namespace {
				peer.NamespaceSelector = &cluster.LabelSelector{MatchLabels: cluster.Labels{metadataName: ns}}
			}
			out = append(out, peer)
		}
	}
	return out
}

// metadataName is the label that the API server gives every namespace.
const metadataName = "kubernetes.io/metadata.name"

// peerSelectors are one selector for the pods of one Service, else one for each
// workload.
func (g *denialGroup) peerSelectors(m *model.Model, pods []*cluster.Pod) []cluster.LabelSelector {
	if g.direction == policy.Egress {
		if s, ok := g.serviceSelector(pods); ok {
			return []cluster.LabelSelector{s}
		}
	}
	var out []cluster.LabelSelector
	for len(pods) > 0 {
		var same, rest []*cluster.Pod
		for _, p := range pods {
			if sibling(p, pods[:1]) {
				same = append(same, p)
			} else {
				rest = append(rest, p)
			}
		}
		s := cluster.LabelSelector{MatchLabels: labelsOf(m, same)}
		if !slices.ContainsFunc(out, func(o cluster.LabelSelector) bool { return o.String() == s.String() }) {
			out = append(out, s)
		}
		pods = rest
	}
	return out
}

// fromAnywhere reports whether some source cannot be selected.
func (g *denialGroup) fromAnywhere() bool {
	return g.direction == policy.Ingress && slices.ContainsFunc(g.peers, func(p policy.Party) bool { return p.Pod == nil })
}

// policyPorts are the target port's number, or its name where the numbers of
// the endpoints differ.
func (g *denialGroup) policyPorts(m *model.Model) []cluster.PolicyPort {
	if name := g.portName(m); name != "" {
		return []cluster.PolicyPort{{Protocol: g.protocol, Port: cluster.PortRef{Name: name}}}
	}
	var out []cluster.PolicyPort
	for _, n := range g.ports {
		out = append(out, cluster.PolicyPort{Protocol: g.protocol, Port: cluster.PortRef{Number: n}})
	}
	return out
}

func (g *denialGroup) portName(m *model.Model) string {
	if g.front == nil || g.service == nil {
		return ""
	}
	name := ""
	for i := range g.service.Ports {
		if p := &g.service.Ports[i]; p.Port == g.front.Named.Port && p.Protocol == g.protocol {
			name = p.TargetPort.Name
		}
	}
	if name == "" || g.direction == policy.Egress && len(podsOf(g.peers)) < len(g.peers) {
		return ""
	}
	numbers := slices.Clone(g.ports)
	s := cluster.LabelSelector{MatchLabels: g.service.Selector}
	for _, p := range podsSelected(m, g.service.Namespace, &s) {
		numbers = append(numbers, p.PortNumbers(g.protocol, name)...)
	}
	slices.Sort(numbers)
	if len(slices.Compact(numbers)) < 2 {
		return ""
	}
	return name
}

func podsOf(peers []policy.Party) []*cluster.Pod {
	var out []*cluster.Pod
	for _, p := range peers {
		if p.Pod != nil {
			out = append(out, p.Pod)
		}
	}
	return out
}

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// why says why the policy is as wide as it is.
func (g *denialGroup) why(m *model.Model) []flow.Reason {
	var out []flow.Reason
	if g.fromAnywhere() {
		var seen []string
		for _, p := range g.peers {
			if p.Pod == nil {
				seen = append(seen, p.Addr.String())
			}
		}
		out = append(out, flow.Because(flow.CodeFixNoFrom, fewNames(seen)))
	}
	if g.front != nil && !slices.Contains(g.ports, g.front.Named.Port) {
		out = append(out, flow.Because(flow.CodeFixTargetPort, strconv.Itoa(int(g.ports[0])), strconv.Itoa(int(g.front.Named.Port))))
	}
	if same := g.indistinct(m); len(same) > 0 {
		out = append(out, flow.Because(flow.CodeFixSameLabels, podWords(same)))
	}
	own := g.podSelector(m)
	if joined, ok := narrowed(m, own, g.subjects, g.direction); ok && joined.String() != own.String() {
		out = append(out, flow.Because(flow.CodeFixNarrowed, own.String(), podWords(unisolated(m, g.namespace, &own, g.direction))))
	}
	return out
}

// indistinct are the pods, of those that labels have to select, whose labels
// other workloads have as well.
func (g *denialGroup) indistinct(m *model.Model) []*cluster.Pod {
	var out []*cluster.Pod
	lists := [][]*cluster.Pod{}
	if _, ok := g.serviceSelector(g.subjects); !ok || g.direction == policy.Egress {
		lists = append(lists, g.subjects)
	}
	if peers := podsOf(g.peers); !g.fromAnywhere() && len(peers) > 0 {
		if _, ok := g.serviceSelector(peers); !ok || g.direction == policy.Ingress {
			lists = append(lists, peers)
		}
	}
	for _, list := range lists {
		for _, p := range list {
			if !onlySiblings(m, list, labelsOf(m, []*cluster.Pod{p})) {
				out = append(out, p)
			}
		}
	}
	return out
}
