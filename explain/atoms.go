package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// CauseKind is what sort of thing a cause is.
type CauseKind uint8

// The kinds. The zero value is a suspicion that no object of the input shows.
const (
	CauseSuspicion CauseKind = iota
	CausePolicy
	CauseSourceRanges
	CauseTrafficPolicy
	CauseEndpoints
	CauseListening
	CauseAnnounced
	CauseAddress
	CausePath
	CauseDataplane
	CauseUnknown
	// CauseSeveral: several of the above, none alone.
	CauseSeveral
)

var causeKinds = [...]string{
	"suspicion", "policy", "source-ranges", "traffic-policy", "endpoints", "listening", "announcement", "address", "path",
	"dataplane", "unknown", "several",
}

// String is the kind's name in JSON.
func (k CauseKind) String() string {
	if int(k) < len(causeKinds) {
		return causeKinds[k]
	}
	return "kind?"
}

// atom is one thing that stops packets and can be thought away: one policy, one
// field of a Service.
type atom struct {
	kind   CauseKind
	object flow.Object
	reason flow.Reason
	// because is the decision itself, with the near misses of a denial.
	because []flow.Reason
	origins []flow.Origin
	undo    undo // nil: it cannot be thought away
	places  map[string]bool
}

func (a *atom) key() string {
	return a.kind.String() + " " + a.object.String() + " " + string(a.reason.Code)
}

// stops are the atoms that end the failing traces of an outlook in a Model:
// those traces that fail as it was seen, or all where none does and nothing
// gets through.
func stops(m *model.Model, full *cluster.Snapshot, o *Observation, k *outlook) []*atom {
	if k.noFront {
		return []*atom{noFront(m, full, o)}
	}
	asSeen := o.failsAs(k)
	if !asSeen && k.mayConnect() {
		return nil
	}
	var out []*atom
	for t := range k.traces {
		if t.Fate == flow.Delivered || t.Fate == flow.Unknown || asSeen && !o.sawTrace(t) {
			continue
		}
		for _, a := range stopsOf(m, full, t) {
			i := slices.IndexFunc(out, func(b *atom) bool { return b.key() == a.key() })
			if i < 0 {
				out = append(out, a)
				continue
			}
			out[i].absorb(a)
		}
	}
	return out
}

// failsAs reports whether the Model predicts a failure that was seen.
func (o *Observation) failsAs(k *outlook) bool {
	return slices.ContainsFunc(o.Seen, func(s Sighting) bool { return !s.Good() && k.allows(s) })
}

// sawTrace reports whether the trace ends in a way that was seen.
func (o *Observation) sawTrace(t *path.Walked) bool {
	one := outlook{seen: []flow.Seen{t.Seen}, of: 1}
	return o.failsAs(&one)
}

// absorb joins what one cause does at several places.
func (a *atom) absorb(b *atom) {
	for p := range b.places {
		a.places[p] = true
	}
	if len(a.reason.Args) > 1 && len(b.reason.Args) > 1 && a.kind == CauseTrafficPolicy {
		a.reason.Args[1] = joinNames(a.reason.Args[1], b.reason.Args[1])
	}
	if a.kind == CauseListening && b.undo != nil {
		first, second := a.undo, b.undo
		a.undo = func(s *cluster.Snapshot) { first(s); second(s) }
		a.reason.Args[2] = joinNames(a.reason.Args[2], b.reason.Args[2])
	}
}

func joinNames(a, b string) string {
	all := slices.Concat(strings.Split(a, ", "), strings.Split(b, ", "))
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

func stopsOf(m *model.Model, full *cluster.Snapshot, t *path.Walked) []*atom {
	last := lastDecision(t)
	one := &atom{because: []flow.Reason{last.Reason}, origins: last.Origins, places: map[string]bool{t.First: true}}
	var svc *cluster.Service
	if t.Target.Front != nil {
		svc = t.Target.Front.Service
		one.object = svc.Object()
	}
	switch t.Fate {
	case flow.DeniedByPolicy:
		return policyAtoms(m, t)
	case flow.DeniedBySourceRanges:
		one.kind, one.reason = CauseSourceRanges, flow.Because(flow.CodeCauseRanges, objectName(svc))
		one.undo = changeService(one.object, func(s *cluster.Service) { s.SourceRanges = nil })
	case flow.NoEndpoints:
		one.kind, one.reason = CauseEndpoints, last.Reason
		if svc != nil {
			one.reason, one.undo = WhyEmpty(full, svc, t.Target.Front.Named), serve(svc)
		}
	case flow.NoLocalEndpoint:
		one.local(t)
	case flow.NotListening:
		one.listening(m, t)
	case flow.NotAnnounced:
		if one.pending(m, t) {
			break
		}
		one.kind, one.undo, one.object, one.reason = CauseAnnounced, announceEverywhere, flow.Object{}, last.Reason
		if unfit := unfitNodes(m); unfit != "" {
			one.reason = flow.Because(flow.CodeCauseAnnounced, t.Target.Addr.Addr().String(), unfit)
		}
	default:
		one.kind, one.reason = CausePath, last.Reason
	}
	return []*atom{one}
}

// pending is a Service that has no load balancer address, and why it has none.
func (a *atom) pending(m *model.Model, t *path.Walked) bool {
	svc := t.Target.Pending
	if svc == nil {
		return false
	}
	a.kind, a.object = CauseAddress, svc.Object()
	a.reason = flow.Because(flow.CodeCausePending, a.object.String())
	a.because = path.WhyPending(m, svc)[1:]
	a.origins = []flow.Origin{{Object: a.object, Position: svc.Position}}
	return true
}

func objectName(svc *cluster.Service) string {
	if svc == nil {
		return "?"
	}
	return svc.Object().String()
}

func (a *atom) local(t *path.Walked) {
	a.kind, a.reason = CauseTrafficPolicy, flow.Because(flow.CodeCauseLocal, a.object.String(), strings.Join(t.Firsts(), ", "))
	a.undo = changeService(a.object, func(s *cluster.Service) { s.ExternalTrafficPolicy = cluster.PolicyCluster })
	if f := t.Target.Front; f != nil && !f.Kind.External() {
		a.reason.Code = flow.CodeCauseInternalLocal
		a.undo = changeService(a.object, func(s *cluster.Service) { s.InternalTrafficPolicy = cluster.PolicyCluster })
	}
}

// listening: all endpoints of a Service, or some of them, do not declare the
// port they get.
func (a *atom) listening(m *model.Model, t *path.Walked) {
	a.kind = CauseListening
	var pods []flow.Object
	var names []string
	for _, e := range t.Endpoints {
		if !e.Pod.IsZero() {
			pods, names = append(pods, e.Pod), append(names, e.Pod.Namespace+"/"+e.Pod.Name)
		}
	}
	port := t.Endpoint.Addr.Port()
	a.reason = flow.Because(flow.CodeCauseListening, a.object.String(), strconv.Itoa(int(port)), strings.Join(names, ", "), "")
	if len(pods) == 0 {
		a.reason = lastDecision(t).Reason
		a.kind = CausePath
		return
	}
	if p := m.Index.Pod(pods[0].Namespace, pods[0].Name); p != nil {
		a.reason.Args[3] = declaredPorts(p, t.Target.Protocol)
	}
	if a.object.IsZero() {
		a.object = pods[0]
		a.reason.Args[0] = a.object.String()
	}
	if f := t.Target.Front; f != nil {
		for _, b := range f.Backends.Cluster(nil) {
			if b.Target != nil && b.Target.Listens(f.Protocol, b.Addr.Port()) != cluster.ListensNot {
				a.reason.Code = flow.CodeCauseStranger
			}
		}
	}
	a.undo = hear(pods, t.Target.Protocol, port)
}

func declaredPorts(p *cluster.Pod, proto flow.Protocol) string {
	var out []string
	for _, c := range p.Ports {
		if c.Protocol == proto {
			out = append(out, strconv.Itoa(int(c.Port)))
		}
	}
	return strings.Join(out, ", ")
}

func unfitNodes(m *model.Model) string {
	var out []string
	for i := range m.Snapshot.Nodes {
		if n := &m.Snapshot.Nodes[i]; announce.Eligible(n) != "" {
			out = append(out, n.Name+" "+announce.Eligible(n))
		}
	}
	return few(out)
}

// policyAtoms are the policies that isolate where the trace was denied: each of
// them, since any that stays would go on denying.
func policyAtoms(m *model.Model, t *path.Walked) []*atom {
	var out []*atom
	for i := range t.Denied {
		j := &t.Denied[i]
		if j.Decision.Verdict != policy.Denied {
			continue
		}
		misses := m.Policies.Explain(j.Question)
		hintServicePort(misses, t)
		for _, p := range j.Decision.Isolating {
			a := &atom{
				kind: CausePolicy, object: p.Object(), reason: flow.Because(flow.CodeCausePolicy, p.Object().String()),
				because: []flow.Reason{deniedWords(t, j)},
				origins: []flow.Origin{{Object: p.Object(), Position: p.Position}},
				undo:    dropPolicy(p.Object()), places: map[string]bool{t.First: true},
			}
			if k := rank(misses, p); k >= 0 {
				a.because = append(a.because, slices.Concat(misses[k].Peers, misses[k].Ports)...)
				a.origins[0] = misses[k].Origin
			}
			out = append(out, a)
		}
	}
	return out
}

// deniedWords is the step that reported the judgement.
func deniedWords(t *path.Walked, j *model.Judgement) flow.Reason {
	want := strings.ToLower(j.Question.Direction.String())
	for _, h := range t.Hops {
		for _, s := range h.Steps {
			if s.Reason.Code == flow.CodeDenied && s.Reason.Args[1] == want {
				return s.Reason
			}
		}
	}
	return lastDecision(t).Reason
}

// noFront is a Service without an address for the place: pending, of a type
// that has none, or headless and without endpoints.
func noFront(m *model.Model, full *cluster.Snapshot, o *Observation) *atom {
	a := &atom{kind: CauseAddress, places: map[string]bool{}, reason: flow.Because(flow.CodeCauseNoFront, o.To, "?")}
	subjects, err := path.Subjects(m, o.To, o.ns)
	if err != nil || len(subjects) == 0 || subjects[0].Service == nil {
		return a
	}
	svc := subjects[0].Service
	a.object = svc.Object()
	a.origins = []flow.Origin{{Object: a.object, Position: svc.Position}}
	switch {
	case svc.Headless || strings.Contains(o.To, "@endpoints"):
		a.kind, a.reason = CauseEndpoints, WhyEmpty(full, svc, subjects[0].Port)
	case svc.Type == cluster.ServiceLoadBalancer:
		a.reason = flow.Because(flow.CodeCausePending, a.object.String())
	default:
		a.reason = flow.Because(flow.CodeCauseNoFront, a.object.String(), string(svc.Type))
	}
	return a
}
