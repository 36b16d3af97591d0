package model

import (
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Stop is a packet at a node, where an enforcer may look at it: after DNAT, and
// with the source as the enforcer's hook sees it.
type Stop struct {
	Node  string
	Hook  flow.Hook // Forward, Output for the node's own processes, Input for a process as target
	Tuple flow.Tuple
	// Process: the packet comes from a process of this node.
	Process bool
	// Unread is the pod behind the destination when the input does not hold it:
	// its labels are not known.
	Unread flow.Object
	// Verdict: the proxy is about to reject or drop the packet as it is, so only
	// an enforcer that stands ahead of it looks.
	Verdict bool
	// Masqueraded is the source after this node's masquerade, the same as the
	// tuple's where it masquerades nothing. Only enforcers behind the masquerade
	// see it.
	Masqueraded netip.Addr
	// NATs are what nodes did to the packet so far, this one included.
	NATs []NAT
}

// Judgement is one pod's policies of one direction, asked about one packet.
type Judgement struct {
	Subject  *cluster.Pod
	Question policy.Question
	Decision policy.Decision
	// Exempt is set where the packet was not judged although the pod is isolated.
	Exempt flow.Reason
	// Deviation is set where the dataplane asks, or does not ask, against the API.
	Deviation flow.Reason
	// Assumption is set where the API leaves the answer open.
	Assumption flow.Reason
}

// Passes reports whether the packet gets past this judgement for certain.
func (j *Judgement) Passes() bool { return !j.Exempt.IsZero() || j.Decision.Verdict.Allowed() }

// Police returns every judgement a packet meets at a stop, in order: the
// source pod's egress, then the target pod's ingress. The packet passes if all
// of them do. None: nobody there is subject to policy.
func (m *Model) Police(s Stop) []Judgement {
	p := &m.Profile.Policy
	if !p.Enforces && len(m.foreign) == 0 || s.Verdict && !p.BeforeProxyVerdicts {
		return nil
	}
	src, dst := m.party(s.Tuple.Src.Addr()), m.party(s.Tuple.Dst.Addr())
	if dst.Pod == nil {
		dst.Unread = m.unreadAt(&s, dst)
	}
	if s.Process {
		src.Pod = nil
	}
	if p.AfterSNAT && s.Masqueraded != s.Tuple.Src.Addr() {
		return m.policeMasqueraded(s, src, dst)
	}
	egressHere := src.Pod != nil && src.Pod.Node == s.Node
	ingressHere := dst.Pod != nil && dst.Pod.Node == s.Node && s.Hook != flow.Input
	if p.Span == cluster.SpanBothEnds {
		return m.policeBothEnds(s, src, dst, egressHere, ingressHere)
	}
	var out []Judgement
	if egressHere {
		out = append(out, m.judge(s, policy.Egress, src, dst))
	}
	if ingressHere {
		out = append(out, m.judge(s, policy.Ingress, dst, src))
	}
	return m.self(out)
}

// policeMasqueraded is an enforcer at the pod's own device: egress sees the
// packet as the pod sent it, ingress as the masquerade left it.
func (m *Model) policeMasqueraded(s Stop, src, dst policy.Party) []Judgement {
	var out []Judgement
	if src.Pod != nil && src.Pod.Node == s.Node {
		out = append(out, m.judge(s, policy.Egress, src, dst))
	}
	if dst.Pod != nil && dst.Pod.Node == s.Node && s.Hook != flow.Input {
		out = append(out, m.judgeMasqueraded(s, dst, src))
	}
	return m.self(out)
}

func (m *Model) party(addr netip.Addr) policy.Party {
	p := policy.Party{Addr: addr, Node: m.nodeOf(addr) != ""}
	if addr.IsValid() {
		p.Pod = m.Index.PodByIP(addr)
	}
	svc := m.Services.ClusterIPOwner(addr)
	if p.Pod != nil && p.Pod.Invented || svc != nil && svc.Invented {
		p.Addr = netip.Addr{} // an address of ours is no ground for an ipBlock
	}
	return p
}

// policeBothEnds is kube-network-policies: a node queues a packet if either end
// is one of its own pods that any policy selects, and then judges both ends,
// wherever they run (pkg/dataplane/controller.go, pkg/networkpolicy/engine.go).
func (m *Model) policeBothEnds(s Stop, src, dst policy.Party, egressHere, ingressHere bool) []Judgement {
	concerned := egressHere && m.selected(src.Pod) || ingressHere && m.selected(dst.Pod)
	if s.Process && m.Profile.Policy.RootBypasses {
		concerned = ingressHere
	}
	if !concerned {
		return nil
	}
	var out []Judgement
	if src.Pod != nil {
		j := m.judge(s, policy.Egress, src, dst)
		j.elsewhere(m, egressHere)
		out = append(out, j)
	}
	if dst.Pod != nil && s.Hook != flow.Input {
		j := m.judge(s, policy.Ingress, dst, src)
		j.elsewhere(m, ingressHere)
		out = append(out, j)
	}
	return m.self(out)
}

// elsewhere marks a judgement that the API would leave to another node.
func (j *Judgement) elsewhere(m *Model, here bool) {
	if !here && j.Decision.Verdict != policy.NotIsolated {
		j.Deviation = m.Profile.Policy.Deviation(flow.CodeDeviationBothEnds)
	}
}

func (m *Model) selected(pod *cluster.Pod) bool {
	return m.judges.Selected(pod) || len(m.foreignTo(pod)) > 0
}

func (m *Model) judge(s Stop, d policy.Direction, subject, peer policy.Party) Judgement {
	j := Judgement{Subject: subject.Pod, Question: policy.Question{
		Direction: d, Subject: subject, Peer: peer, Protocol: s.Tuple.Protocol, Port: s.Tuple.Dst.Port(),
	}}
	m.identify(&j, &s)
	if m.Profile.Policy.Enforces {
		m.decide(&j, &s)
		j.Deviation = j.Decision.Deviation
	} else {
		j.Decision.Verdict = policy.NotIsolated
	}
	exempt, deviation := m.exempt(s, d, subject.Pod)
	if j.Exempt = exempt; !deviation.IsZero() {
		j.Deviation = deviation
	}
	m.skips(&j, &s)
	if j.Exempt.IsZero() {
		m.doubt(&j)
	}
	return j
}

// exempt is what no policy can close. The documentation: "traffic to and from
// the node where a Pod is running is always allowed, regardless of the IP address
// of the Pod or the node". Every enforcer we know keeps the half about traffic
// from the node and judges a pod's egress to its node like any other, so that
// half alone is a rule here. Enforcers know it by a local source address, or,
// kube-network-policies, by the process being root's.
func (m *Model) exempt(s Stop, d policy.Direction, subject *cluster.Pod) (why, deviation flow.Reason) {
	p := &m.Profile.Policy
	if d == policy.Ingress && (s.Process || !p.ExemptsProcessesOnly && m.LocalAddress(s.Node, s.Tuple.Src.Addr())) {
		if p.RootBypasses {
			return flow.Because(flow.CodeExemptRoot, s.Node), flow.Reason{}
		}
		return flow.Because(flow.CodeExemptNode, s.Node, subject.Namespace+"/"+subject.Name), flow.Reason{}
	}
	if p.SkipsNodePortRange && d == policy.Egress && s.Hook == flow.Input && InNodePortRange(s.Tuple.Dst.Port()) {
		return flow.Because(flow.CodeExemptNodePort), p.Deviation(flow.CodeDeviationNodePortRange)
	}
	return flow.Reason{}, flow.Reason{}
}

// InNodePortRange is kube-apiserver's default --service-node-port-range.
func InNodePortRange(port uint16) bool { return port >= 30000 && port <= 32767 }

// Denial is what the enforcer does with a packet it denies.
func (m *Model) Denial() flow.Action {
	if m.Profile.Policy.Deny == cluster.DenyReject {
		return flow.Reject
	}
	return flow.Drop
}

// doubt turns a judgement into Undecided where an object that we do not model
// may overrule it.
func (m *Model) doubt(j *Judgement) {
	var names, unread []string
	for _, f := range m.foreignTo(j.Subject) {
		switch {
		case f.DenyOnly && j.Decision.Verdict == policy.Denied:
		case f.Unread:
			unread = append(unread, f.Object.String())
		default:
			names = append(names, f.Object.String())
		}
	}
	code := flow.CodeForeignPolicy
	if len(unread) > 0 {
		code, names = flow.CodeUnreadPolicy, unread
	}
	if len(names) == 0 {
		return
	}
	if len(names) > 3 {
		names = append(names[:3], "...")
	}
	j.Decision.Verdict = policy.Undecided
	j.Decision.Missing = flow.Because(code, strings.Join(names, ", "), j.Subject.Namespace+"/"+j.Subject.Name)
}

func (m *Model) foreignTo(pod *cluster.Pod) []cluster.Foreign {
	return m.foreignIn(pod.Namespace)
}

// ForeignTo are the objects of other engines that may change what policies decide
// about the pod.
func (m *Model) ForeignTo(pod *cluster.Pod) []cluster.Foreign { return m.foreignTo(pod) }

// self applies the rule for a pod that reaches itself through a Service, which
// NetworkPolicy v1 leaves to the implementation.
func (m *Model) self(js []Judgement) []Judgement {
	if len(js) != 2 || js[0].Subject != js[1].Subject {
		return js
	}
	name := js[0].Subject.Namespace + "/" + js[0].Subject.Name
	switch m.Profile.Policy.Self {
	case cluster.SelfExempt:
		for i := range js {
			js[i].Exempt = flow.Because(flow.CodeExemptSelf, name)
			js[i].Deviation, js[i].Assumption = flow.Reason{}, flow.Reason{}
		}
	case cluster.SelfEither:
		if js[0].Passes() == js[1].Passes() {
			break
		}
		for i := range js {
			if !js[i].Passes() {
				js[i].Exempt = flow.Because(flow.CodeExemptSelf, name)
				js[i].Deviation = m.Profile.Policy.Deviation(flow.CodeDeviationSelfEither)
			}
		}
	case cluster.SelfJudged:
		isolated := len(js[0].Decision.Isolating)+len(js[1].Decision.Isolating) > 0
		if m.Profile.Policy.SelfOpen && isolated {
			js[0].Assumption = flow.Because(flow.CodeAssumedSelfJudged)
		}
	}
	return js
}

// Unreadable reports whether policy at an address cannot be judged because the
// pod behind it is not in the input although policies or others may isolate it.
func (m *Model) Unreadable(pod flow.Object) bool {
	for i := range m.Snapshot.NetworkPolicies {
		if m.Profile.Policy.Enforces && m.Snapshot.NetworkPolicies[i].Namespace == pod.Namespace {
			return true
		}
	}
	return len(m.foreignIn(pod.Namespace)) > 0
}

// ErrorReaches reports whether an ICMP error that the node itself raises for a
// packet of one of its pods gets back to that pod.
func (m *Model) ErrorReaches(node string, pod *cluster.Pod) bool {
	return !m.Profile.Policy.DropsProxyErrors || pod == nil || pod.Node != node || !m.selected(pod)
}
