package model

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Where enforcers stand otherwise than behind DNAT and before the masquerade,
// and what they take an address for. What follows from their documents and was
// not measured is marked on the judgement.

// judgeMasqueraded is ingress behind the masquerade of the pod's own node: the
// packet shows an address of that node. Whoever exempts the resident node by its
// addresses lets it pass.
func (m *Model) judgeMasqueraded(s Stop, subject, before policy.Party) Judgement {
	p := &m.Profile.Policy
	was := m.judge(s, policy.Ingress, subject, before)
	s.Tuple = s.Tuple.WithSrc(s.Masqueraded)
	j := m.judge(s, policy.Ingress, subject, m.party(s.Masqueraded))
	if s.Process || j.Decision.Verdict == policy.NotIsolated {
		return j
	}
	shown := addrWords(s.Masqueraded)
	switch {
	case p.ExemptsProcessesOnly:
		j.Assumption = flow.Because(flow.CodeInferredGateway, p.Name, shown)
	case !s.Masqueraded.IsValid() || m.LocalAddress(s.Node, s.Masqueraded):
		j.Exempt = flow.Because(flow.CodeExemptLooksLikeNode, shown, s.Node, subject.Pod.Namespace+"/"+subject.Pod.Name)
		j.Assumption = flow.Because(flow.CodeInferredLooksLikeNode, p.Name, shown, s.Node)
	}
	if j.Passes() != was.Passes() {
		j.Deviation = p.Deviation(flow.CodeDeviationAfterSNAT)
	}
	return j
}

func addrWords(a netip.Addr) string {
	if !a.IsValid() {
		return "@unknown-address"
	}
	return a.String()
}

// identify notes what is known of the other end besides its address: that a node
// masqueraded the packet, or that a tunnel carries it as from outside.
func (m *Model) identify(j *Judgement, s *Stop) {
	if j.Question.Direction != policy.Ingress || len(s.NATs) == 0 {
		return
	}
	last := s.NATs[len(s.NATs)-1]
	if !last.SNAT || last.Node == s.Node {
		return
	}
	peer := &j.Question.Peer
	peer.Node = true
	p := &m.Profile.Policy
	if p.WorldOverTunnel && m.Profile.PodNetwork == cluster.PodNetworkVXLAN && m.home(last.Src) == "" {
		peer.Node, peer.World = false, true
		if m.judges.Isolates(j.Subject, policy.Ingress) {
			j.Assumption = flow.Because(flow.CodeInferredWorld, p.Name)
		}
	}
}

// decide asks the policies, with what the enforcer sees of the packet.
func (m *Model) decide(j *Judgement, s *Stop) {
	j.Decision = m.judges.Judge(j.Question)
	asked, ok := s.asked()
	if !ok || j.Question.Direction != policy.Egress || !m.Profile.Policy.EgressBeforeDNAT || j.Decision.Verdict == policy.NotIsolated {
		return
	}
	behind := j.Decision
	q := j.Question
	q.Peer, q.Port = m.party(asked.Addr()), asked.Port()
	j.Decision = m.judges.Judge(q)
	// The controller puts the cluster IP of a Service into the rules that select
	// the pods before which it stands.
	if j.Decision.Verdict != policy.Admitted && m.Services.ClusterIPOwner(asked.Addr()) != nil {
		pods := j.Question
		pods.Peer.NoBlocks = true
		if d := m.judges.Judge(pods); d.Verdict == policy.Admitted {
			j.Decision = d
			j.Assumption = flow.Because(flow.CodeInferredServiceIP, m.Profile.Policy.Name, asked.String())
			return
		}
	}
	j.Question = q
	if j.Decision.Verdict != behind.Verdict {
		j.Decision.Deviation = m.Profile.Policy.Deviation(flow.CodeDeviationBeforeDNAT)
	}
}

// ClosedBy is the node that drops what goes to an address of its pod range that
// no pod of the input has, "" where no enforcer does. Processes of that very node
// are not judged.
func (m *Model) ClosedBy(node string, addr netip.Addr, process bool) string {
	owner := m.cidrOwner(addr)
	if !m.Profile.Policy.FailsClosed || process && owner == node {
		return ""
	}
	return owner
}

// FailsClosed reports whether the enforcer lets nothing to and from addresses of
// a node's pod range that no known pod has.
func (m *Model) FailsClosed() bool { return m.Profile.Policy.FailsClosed }

// asked is the destination before this node's DNAT.
func (s *Stop) asked() (netip.AddrPort, bool) {
	if n := len(s.NATs); n > 0 && s.NATs[n-1].Node == s.Node && s.NATs[n-1].DNAT {
		return s.NATs[n-1].Dst, true
	}
	return netip.AddrPort{}, false
}

// skips is a packet that the proxy sends out through output, under an enforcer of
// the forward hook. Of an enforcer at that place that was not
// measured beside IPVS, or stands for none in particular, it is assumed that it
// looks at output too.
func (m *Model) skips(j *Judgement, s *Stop) {
	p := &m.Profile.Policy
	if _, translated := s.asked(); !translated || !m.Profile.Proxy.SkipsForward || s.Hook != flow.Forward {
		return
	}
	switch {
	case p.ForwardOnly && !j.Passes():
		j.Exempt = flow.Because(flow.CodeExemptForwardOnly, p.Name, m.Profile.Proxy.Name, s.Node)
		j.Deviation = p.Deviation(flow.CodeDeviationForwardOnly)
	case (p.SelfOpen || p.Unmeasured) && !p.AfterSNAT && !j.Passes():
		j.Assumption = flow.Because(flow.CodeAssumedNotSkipped, m.Profile.Proxy.Name)
	}
}
