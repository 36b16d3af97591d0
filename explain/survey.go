package explain

import (
	"fmt"
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

// Survey is one Service port, or one address, asked from every kind of place.
type Survey struct {
	Service *cluster.Service // nil for an address that is no Service's
	Port    *cluster.ServicePort
	Title   string
	Columns []Column
	Rows    []Row
	Reasons []Because // numbered from 1 in the cells
	Sharing *Sharing
	// Pending says why the Service has no load balancer address; nil where it has.
	Pending []flow.Reason
	// Proofless: nodes on which a success proves nothing, because their own
	// processes are not judged.
	Proofless   []string
	Assumptions []flow.Reason
	Deviations  []flow.Reason
	Ignored     []Ignored
	// Others is what other profiles that fit would change; see TryOthers.
	Others []OtherSurvey
	// Sampled is the number of pods that were not asked because others stand for
	// them; 0: every pod was.
	Sampled int
}

// Column is one address of the Service.
type Column struct {
	Kind service.Kind
	To   string
}

// Row is places that fare alike in every column.
type Row struct {
	Kind   flow.MachineKind // MachineClient, MachineNode, MachinePod
	Group  string           // namespace of pods, name of the client
	Places []string
	Cells  []Cell
}

// Cell is what the places of a row get at one address.
type Cell struct {
	Verdict flow.Verdict
	Seen    []flow.Seen
	Sources []string
	Reached int
	Of      int
	// Reasons are indices into Survey.Reasons.
	Reasons []int
	// None: the address cannot be asked from here.
	None bool
}

// Because is one reason why something is not reached, with who gave it.
type Because struct {
	Fate    flow.Fate
	Reason  flow.Reason
	Origins []flow.Origin
	Culprit flow.Object
	// Subjects are whom it concerns: the pods that deny, or do not listen.
	Subjects []string
	// Saw are the ends that a denying policy saw, and As how they differ from who
	// really asked. Both are empty for other fates.
	Saw []string
	As  SeenAs
}

// SeenAs is what a policy took the client for.
type SeenAs uint8

// The ways.
const (
	// AsOther: not a question of who asks.
	AsOther SeenAs = iota
	// AsItself: the client's own address, not yet masqueraded.
	AsItself
	// AsNode: the address of a node that masqueraded it.
	AsNode
	// AsPod: a pod.
	AsPod
)

// maxAsked bounds the pods asked one by one; beyond it one pod of each
// namespace, set of policies and node stands for its like.
const maxAsked = 400

// Surveys asks for a target in every way: svc/NS/NAME[:PORT], or an address.
// A Service without a port is surveyed port by port.
func Surveys(m *model.Model, target, namespace string) ([]*Survey, error) {
	subjects, err := path.Subjects(m, target, namespace)
	if err != nil {
		return nil, err
	}
	var out []*Survey
	for _, s := range subjects {
		sv := &Survey{Service: s.Service, Port: s.Port, Title: s.Title, Ignored: Unused(m.Snapshot)}
		for _, c := range s.Targets {
			sv.Columns = append(sv.Columns, Column{Kind: c.Kind, To: c.To})
		}
		sv.ask(m)
		sv.Sharing = sharing(m, s.Service)
		if s.Service != nil {
			sv.Pending = path.WhyPending(m, s.Service)
		}
		out = append(out, sv)
	}
	return out, nil
}

// ask fills the rows: clients through each first node, nodes, pods.
func (s *Survey) ask(m *model.Model) {
	rows := map[string]int{}
	for _, p := range s.places(m) {
		cells := make([]Cell, len(s.Columns))
		for i, c := range s.Columns {
			cells[i] = s.cell(m, p, c)
		}
		if slices.ContainsFunc(cells, func(c Cell) bool { return !c.None }) {
			s.fold(rows, p, cells)
		}
	}
}

type place struct {
	kind  flow.MachineKind
	group string
	name  string // as printed in the row
	from  string
	via   string
}

func (s *Survey) places(m *model.Model) []place {
	var out []place
	for _, c := range path.Clients(m) {
		for i := range m.Snapshot.Nodes {
			n := m.Snapshot.Nodes[i].Name
			out = append(out, place{flow.MachineClient, c, n, "external/" + c, n})
		}
	}
	for i := range m.Snapshot.Nodes {
		n := m.Snapshot.Nodes[i].Name
		out = append(out, place{flow.MachineNode, "", n, "node/" + n, ""})
	}
	if slices.ContainsFunc(s.Columns, func(c Column) bool { return path.EntryUnknown(m, c.To) }) {
		for _, c := range path.Clients(m) {
			out = append(out, place{flow.MachineClient, c, "?", "external/" + c, ""})
		}
	}
	return append(out, s.pods(m)...)
}

func (s *Survey) pods(m *model.Model) []place {
	var out []place
	seen := map[string]bool{}
	sample := len(m.Snapshot.Pods) > maxAsked
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		if p.Finished() || p.HostNetwork || len(p.IPs) == 0 {
			continue
		}
		if sample {
			k := fmt.Sprint(p.Namespace, "\x00", p.Node, "\x00", m.Policies.ClassOf(p))
			if seen[k] {
				s.Sampled++
				continue
			}
			seen[k] = true
		}
		out = append(out, place{flow.MachinePod, p.Namespace, p.Name, "pod/" + p.Namespace + "/" + p.Name, ""})
	}
	return out
}

func (s *Survey) cell(m *model.Model, p place, c Column) Cell {
	q := path.Question{From: p.from, To: c.To, Via: p.via}
	if p.kind == flow.MachineClient {
		switch c.Kind {
		case service.ClusterIP:
			return Cell{None: true} // nothing routes a cluster address unless a Fabric says so
		case service.NodePort:
			q.To = s.nodePort(m, p.via)
		case service.LoadBalancer, service.ExternalIP:
			switch {
			case p.via == "" || path.EntryUnknown(m, c.To) || path.Draws(m, c.To, p.via):
			case path.Drawn(m, c.To):
				return Cell{None: true}
			default:
				q.Via = "" // nobody draws it: the router says why
			}
		}
	}
	if c.Kind == service.NodePort && p.kind == flow.MachineNode {
		q.To = s.nodePort(m, p.name)
	}
	if q.To == "" {
		return Cell{None: true}
	}
	a, err := path.Ask(m, q)
	if err != nil {
		return Cell{None: true}
	}
	return s.read(m, a)
}

// nodePort is the NodePort on one node, as IP:PORT of the Service's family.
func (s *Survey) nodePort(m *model.Model, node string) string {
	n := m.Index.Node(node)
	if s.Port == nil || s.Port.NodePort == 0 || n == nil {
		return ""
	}
	for _, f := range m.Services.Of(s.Service) {
		if f.Kind == service.NodePort && f.Named == s.Port && n.IP(f.IPv6).IsValid() {
			return netip.AddrPortFrom(n.IP(f.IPv6), f.Port).String() + "/" + strings.ToLower(s.Port.Protocol.String())
		}
	}
	return ""
}

func (s *Survey) read(m *model.Model, a *path.Answer) Cell {
	c := Cell{Verdict: a.Verdict}
	for i := range a.Traces {
		t := &a.Traces[i]
		c.Seen = append(c.Seen, t.Seen)
		c.Of += t.Count
		if t.Fate == flow.Delivered {
			c.Reached += t.Count
			for _, a := range t.Sources() {
				c.Sources = append(c.Sources, a.String())
			}
			s.exempted(t)
			continue
		}
		c.Reasons = append(c.Reasons, s.reason(m, t))
	}
	slices.Sort(c.Seen)
	c.Seen = slices.Compact(c.Seen)
	slices.Sort(c.Sources)
	c.Sources = slices.Compact(c.Sources)
	slices.Sort(c.Reasons)
	c.Reasons = slices.Compact(c.Reasons)
	s.Assumptions = flow.Merge(s.Assumptions, a.Assumptions)
	s.Deviations = flow.Merge(s.Deviations, a.Deviations)
	return c
}

// exempted notes nodes whose own processes got past an isolated pod's policies.
func (s *Survey) exempted(t *path.Walked) {
	for i := range t.Judged {
		j := &t.Judged[i]
		code := j.Exempt.Code
		if code != flow.CodeExemptNode && code != flow.CodeExemptRoot || len(j.Decision.Isolating) == 0 || j.Decision.Verdict.Allowed() {
			continue
		}
		if !slices.Contains(s.Proofless, t.First) {
			s.Proofless = append(s.Proofless, t.First)
		}
	}
}

// reason numbers why a trace failed, telling equal reasons as one.
func (s *Survey) reason(m *model.Model, t *path.Walked) int {
	last := lastDecision(t)
	b := Because{Fate: t.Fate, Reason: last.Reason, Origins: last.Origins}
	if t.Fate == flow.DeniedByPolicy {
		b.Culprit = culpritOf(m, t)
	}
	b.subjectsOf(t)
	i := slices.IndexFunc(s.Reasons, func(o Because) bool {
		return o.Fate == b.Fate && o.Culprit == b.Culprit && o.As == b.As && o.Reason.String() == b.Reason.String()
	})
	if i >= 0 {
		s.Reasons[i].Saw = union(s.Reasons[i].Saw, b.Saw)
		s.Reasons[i].Subjects = union(s.Reasons[i].Subjects, b.Subjects)
		return i
	}
	s.Reasons = append(s.Reasons, b)
	return len(s.Reasons) - 1
}

func union(a, b []string) []string {
	a = append(a, b...)
	slices.Sort(a)
	return slices.Compact(a)
}

// subjectsOf moves out of the sentence what differs by place: which pod, and
// which end was seen. What a policy takes the client for stays.
func (b *Because) subjectsOf(t *path.Walked) {
	args := slices.Clone(b.Reason.Args)
	b.Reason.Args = args
	switch b.Reason.Code {
	case flow.CodeNotListening:
		b.Subjects, args[0] = endpoints(t, args[0]), ""
	case flow.CodeDenied:
		q := &t.Denied[0].Question
		if q.Direction == policy.Egress {
			return
		}
		b.Subjects, args[0] = endpoints(t, args[0]), ""
		b.Saw, args[2] = []string{args[2]}, ""
		switch {
		case q.Peer.Pod != nil:
			b.As = AsPod
		case t.Masqueraded():
			b.As = AsNode
		default:
			b.As = AsItself
		}
	default:
	}
}

func endpoints(t *path.Walked, shown string) []string {
	var out []string
	for _, e := range t.Endpoints {
		out = append(out, e.String())
	}
	if len(out) == 0 {
		return []string{shown}
	}
	return out
}

func culpritOf(m *model.Model, t *path.Walked) flow.Object {
	if all := Culprits(m, &path.Answer{Traces: []path.Walked{*t}}); len(all) > 0 {
		return all[0]
	}
	return flow.Object{}
}

// lastDecision is the step that ended a trace: the last that did more than
// carry an answer back.
func lastDecision(t *path.Walked) flow.Step {
	for i := len(t.Hops) - 1; i >= 0; i-- {
		for j := len(t.Hops[i].Steps) - 1; j >= 0; j-- {
			st := t.Hops[i].Steps[j]
			if st.Hook == flow.Reply && t.Fate != flow.ReplyLost {
				continue
			}
			if st.Action == flow.Drop || st.Action == flow.Reject || st.Action == flow.Lose || st.Action == flow.Doubt {
				return st
			}
		}
	}
	return flow.Step{}
}

func (s *Survey) fold(rows map[string]int, p place, cells []Cell) {
	var k strings.Builder
	fmt.Fprint(&k, p.kind, "\x00", p.group)
	for _, c := range cells {
		fmt.Fprint(&k, "\x00", c.None, c.Verdict, c.Seen, c.Reasons)
		if c.Verdict == flow.Depends {
			fmt.Fprint(&k, "\x00", c.Reached, "\x00", c.Of)
		}
	}
	i, ok := rows[k.String()]
	if !ok {
		i = len(s.Rows)
		rows[k.String()] = i
		s.Rows = append(s.Rows, Row{Kind: p.kind, Group: p.group, Cells: cells})
	}
	r := &s.Rows[i]
	r.Places = append(r.Places, p.name)
	for j := range r.Cells {
		r.Cells[j].Sources = append(r.Cells[j].Sources, cells[j].Sources...)
		slices.Sort(r.Cells[j].Sources)
		r.Cells[j].Sources = slices.Compact(r.Cells[j].Sources)
	}
}

// Has reports whether some place gets the verdict at some address.
func (s *Survey) Has(v flow.Verdict) bool {
	for _, r := range s.Rows {
		for _, c := range r.Cells {
			if !c.None && c.Verdict == v {
				return true
			}
		}
	}
	return false
}
