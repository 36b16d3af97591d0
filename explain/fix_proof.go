package explain

import (
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Proof is the comparison of the cluster as it is with the repaired one.
type Proof struct {
	// Opens says who is newly admitted where.
	Opens []flow.Reason
	// Others is what else changes; empty, or the fix is not the smallest.
	Others []flow.Reason
	// Pods, Ports and Peers count what was compared.
	Pods, Ports, Peers int
}

// peerKind is what one end of a compared packet is.
type peerKind uint8

const (
	peerClient peerKind = iota
	peerNode
	peerPod
)

// otherEnd is the other end of a compared packet.
type otherEnd struct {
	policy.Party
	kind peerKind
	name string
	// like are the names of those that no policy tells from it, its own first.
	like []string
}

// difference is a packet that policies judge otherwise after the change.
type difference struct {
	subject   *cluster.Pod
	like      []string // the subject, and the pods that no policy tells from it
	direction policy.Direction
	peer      otherEnd
	protocol  flow.Protocol
	port      uint16
	admitted  bool // after the change
}

// prove compares the judgements of all pods and, where Services change, what
// their other ports and neighbours answer.
func (r *repair) prove() *Proof {
	c := newComparison(r.m, r.after, r.teller())
	p := &Proof{Pods: len(r.m.Snapshot.Pods), Ports: c.numbers, Peers: len(c.peers)}
	diffs := c.run(r.policies)
	for i, g := range r.groups() {
		if i < len(r.policies) {
			p.Opens = append(p.Opens, g.opens(r.policies[i], diffs)...)
		}
	}
	p.Others = r.unexpected(diffs)
	if c.left > 0 {
		p.Others = append(p.Others, flow.Because(flow.CodeFixTooMany, strconv.Itoa(c.left)))
	}
	for i := range r.edits {
		p.Others = append(p.Others, r.neighbours(&r.edits[i], r.after)...)
	}
	return p
}

// teller says for which groups a pod counts as a subject and as a peer.
func (r *repair) teller() func(*cluster.Pod) string {
	groups := r.groups()
	return func(p *cluster.Pod) string {
		var b []byte
		for _, g := range groups {
			o := otherEnd{Party: policy.Party{Pod: p}}
			b = append(b, yesNo(g.wantsSubject(p)), yesNo(g.wantsPeer(&o)))
		}
		return string(b)
	}
}

func yesNo(b bool) byte {
	if b {
		return 'y'
	}
	return 'n'
}

// unexpected are the differences that no group asked for.
func (r *repair) unexpected(diffs []difference) []flow.Reason {
	groups := r.groups()
	var out []flow.Reason
	for _, d := range diffs {
		asked := false
		for i, g := range groups {
			asked = asked || i < len(r.policies) && g.wants(r.policies[i], &d)
		}
		if asked {
			continue
		}
		code := flow.CodeFixAlsoOpens
		if !d.admitted {
			code = flow.CodeFixCloses
		}
		if out = flow.Merge(out, []flow.Reason{flow.Because(code, d.from(), d.to(), portText(d.port, d.protocol))}); len(out) == maxOthers {
			break
		}
	}
	return out
}

// maxOthers bounds the list of side effects: one is enough to refuse.
const maxOthers = 6

func (d *difference) subjectName() string { return d.subject.Namespace + "/" + d.subject.Name }

func (d *difference) from() string {
	if d.direction == policy.Egress {
		return d.subjectName()
	}
	return d.peer.name
}

func (d *difference) to() string {
	if d.direction == policy.Egress {
		return d.peer.name
	}
	return d.subjectName()
}

// wants reports whether the difference is what the group's policy is for: its
// own pods, its own port, its own peers.
func (g *denialGroup) wants(p *cluster.NetworkPolicy, d *difference) bool {
	if !d.admitted || d.direction != g.direction || d.subject.Namespace != g.namespace || d.protocol != g.protocol {
		return false
	}
	if !p.PodSelector.Matches(d.subject.Labels) || !g.wantsSubject(d.subject) {
		return false
	}
	return g.wantsPort(p, d) && g.wantsPeer(&d.peer)
}

func (g *denialGroup) wantsSubject(p *cluster.Pod) bool {
	if s, ok := g.serviceSelector(g.subjects); ok && g.direction == policy.Ingress && s.Matches(p.Labels) {
		return true
	}
	return sibling(p, g.subjects)
}

func (g *denialGroup) wantsPort(p *cluster.NetworkPolicy, d *difference) bool {
	rules := slices.Concat(p.Ingress, p.Egress)
	for _, pp := range rules[0].Ports {
		server := d.subject
		if g.direction == policy.Egress {
			server = d.peer.Pod
		}
		if pp.Port.Number == d.port && pp.Port.Name == "" ||
			pp.Port.Name != "" && server != nil && slices.Contains(server.PortNumbers(pp.Protocol, pp.Port.Name), d.port) {
			return true
		}
	}
	return false
}

func (g *denialGroup) wantsPeer(o *otherEnd) bool {
	if g.fromAnywhere() {
		return true
	}
	if o.Pod != nil {
		pods := podsOf(g.peers)
		if len(pods) == 0 {
			return false
		}
		if s, ok := g.serviceSelector(pods); ok && g.direction == policy.Egress && o.Pod.Namespace == pods[0].Namespace && s.Matches(o.Pod.Labels) {
			return true
		}
		return sibling(o.Pod, pods)
	}
	return slices.ContainsFunc(g.peers, func(p policy.Party) bool { return p.Addr == o.Addr })
}

// opens says who is newly admitted by the group's policy, as the comparison
// found it.
func (g *denialGroup) opens(p *cluster.NetworkPolicy, diffs []difference) []flow.Reason {
	var subjects, peers, ports []string
	kinds := map[peerKind]bool{}
	for i := range diffs {
		d := &diffs[i]
		if !g.wants(p, d) {
			continue
		}
		subjects, peers = append(subjects, d.like...), append(peers, d.peer.like...)
		ports = append(ports, portText(d.port, d.protocol))
		kinds[d.peer.kind] = true
	}
	switch {
	case len(subjects) == 0:
		return nil
	case g.direction == policy.Egress:
		return []flow.Reason{flow.Because(flow.CodeFixOpens, fewNames(subjects), fewNames(peers), fewNames(ports))}
	case kinds[peerClient] && kinds[peerNode] && kinds[peerPod]:
		return []flow.Reason{flow.Because(flow.CodeFixOpensAll, fewNames(subjects), fewNames(ports))}
	case kinds[peerClient] && kinds[peerNode]:
		return []flow.Reason{flow.Because(flow.CodeFixOpensOutside, fewNames(subjects), fewNames(ports))}
	}
	return []flow.Reason{flow.Because(flow.CodeFixOpens, fewNames(peers), fewNames(subjects), fewNames(ports))}
}

// neighbours asks the other Services on the addresses of an edited one, and its
// own other ports: what gets worse is told.
func (r *repair) neighbours(e *Edit, after *model.Model) []flow.Reason {
	services := []*cluster.Service{e.Service}
	for _, f := range r.m.Services.Of(e.Service) {
		if !f.Addr.IsValid() {
			continue
		}
		for _, o := range r.m.Services.Owners(f.Addr) {
			if !slices.Contains(services, o) {
				services = append(services, o)
			}
		}
	}
	var out []flow.Reason
	for _, svc := range services {
		subjects, err := path.Subjects(r.m, "svc/"+svc.Namespace+"/"+svc.Name, "")
		if err != nil {
			continue
		}
		for i := range subjects {
			out = flow.Merge(out, r.compareSubject(&subjects[i], after))
		}
	}
	return out
}

func (r *repair) compareSubject(s *path.Subject, after *model.Model) []flow.Reason {
	var out []flow.Reason
	for _, t := range s.Targets {
		q := path.Question{From: r.q.From, To: t.To, Namespace: r.q.Namespace}
		was, err := path.Ask(r.m, q)
		if err != nil || was.Verdict == flow.NotReachable {
			continue
		}
		now, err := path.Ask(after, q)
		if err != nil {
			continue
		}
		w, n := tally(was), tally(now)
		if n.Reached*w.Paths < w.Reached*n.Paths {
			out = append(out, flow.Because(flow.CodeFixWorse, s.Title, t.To, w.short(), n.short()))
		}
	}
	return out
}
