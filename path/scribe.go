package path

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
	"github.com/portolan-net/portolan/walk"
)

// Note writes down what happens to a packet.
func (w *walker) Note(p *walk.Packet, n walk.Note) {
	s := notesOf(p)
	switch n.Kind {
	case walk.Entered:
		s.enter(n.Machine)
	case walk.Assumed:
		s.assumed = append(s.assumed, w.assumption(p, &n))
	case walk.Deviated:
		s.deviates = append(s.deviates, w.deviation(n.Code))
	case walk.Sourced:
		w.sourced(p, s, &n)
	case walk.Routed:
		s.assumed = append(s.assumed, n.Choice.Also...)
	case walk.Untaken:
		if n.Reason = w.NotTaken(p.Tuple); !n.Reason.IsZero() {
			w.write(p, s, &n)
		}
	case walk.Step:
		w.write(p, s, &n)
		w.besides(p, s, &n)
	}
}

// write adds a step with its reason and the objects behind it.
func (w *walker) write(p *walk.Packet, s *notes, n *walk.Note) {
	step := flow.Step{Hook: n.Hook, Action: n.Action, Reason: n.Reason, Before: p.Tuple, After: p.Tuple, Origins: w.originsOf(n)}
	if n.Code != "" {
		step.Reason = w.reason(p, n)
	}
	if n.Action == flow.DNAT || n.Action == flow.SNAT {
		step.After = n.After
	}
	s.step(step)
}

// besides is what a step says without words of its own.
func (w *walker) besides(p *walk.Packet, s *notes, n *walk.Note) {
	switch n.Code {
	case flow.CodeSent:
		if w.from.assumed {
			s.assume(flow.CodeAssumedClient, p.Tuple.Src.Addr().String())
		}
	case flow.CodeRoutedVia:
		if !slices.Contains(n.Choice.Nodes, n.Node) {
			s.assume(flow.CodeAssumedRouted, p.Tuple.Dst.Addr().String(), n.Node, n.Router.Name)
		}
	case flow.CodeMasqueraded, flow.CodeMasqueradedSelf:
		if n.Node == p.First {
			s.stands.masquerades, s.stands.toward = true, n.Toward
		}
	default:
	}
}

// reason puts the arguments to a step's code.
func (w *walker) reason(p *walk.Packet, n *walk.Note) flow.Reason {
	dst, src := p.Tuple.Dst, p.Tuple.Src.Addr()
	say := func(args ...string) flow.Reason { return flow.Because(n.Code, args...) }
	switch n.Code {
	case flow.CodeNoFamily:
		return say(w.from.name, family(dst.Addr().Is6()))
	case flow.CodeSent, flow.CodeSourceKept, flow.CodeInputKeepsSource:
		return say(src.String())
	case flow.CodeSentByProcess:
		if pod := w.from.Pod; pod != nil {
			return flow.Because(flow.CodeSentByHostPod, pod.Namespace+"/"+pod.Name, n.Node)
		}
		return say(n.Node)
	case flow.CodeLoopback, flow.CodeStaysInPod:
		return say(w.from.name)
	case flow.CodeRoutedVia, flow.CodeErrorLost, flow.CodeReplyLost, flow.CodeBridgeHairpin:
		return say(n.Node)
	case flow.CodeMissingKind:
		return w.Missing(n.Object.Kind)
	case flow.CodeNoRoute, flow.CodeForwarded, flow.CodeNoPod:
		return say(dst.Addr().String())
	case flow.CodeNotCaptured:
		return say(dst.String())
	case flow.CodeNotCapturedProxy:
		return say(dst.Addr().String(), n.Service.Namespace+"/"+n.Service.Name)
	case flow.CodeForeignProxy:
		return say(n.Service.Namespace+"/"+n.Service.Name, dst.String())
	case flow.CodeLoop:
		return say(dst.Addr().String(), n.Machine.String())
	case flow.CodeOwnSource:
		return say(n.Node, src.String())
	case flow.CodeClosedToUnknown:
		return say(dst.Addr().String(), n.Node)
	case flow.CodeErrorDropped:
		return say(n.Pod.Namespace+"/"+n.Pod.Name, w.Profile.Policy.Name)
	case flow.CodeMasqueraded, flow.CodeMasqueradedSelf, flow.CodeMasqueradedCNI:
		return masqueraded(n)
	default:
		if n.Front != nil {
			return w.frontReason(p, n)
		}
		return w.deliveryReason(p, n)
	}
}

func masqueraded(n *walk.Note) flow.Reason {
	source := "?"
	if a := n.After.Src.Addr(); a.IsValid() {
		source = a.String()
	}
	if n.Code == flow.CodeMasqueraded {
		return flow.Because(n.Code, source, towardWord(n.Toward))
	}
	return flow.Because(n.Code, source)
}

// frontReason is about a Service front that took the packet.
func (w *walker) frontReason(p *walk.Packet, n *walk.Note) flow.Reason {
	name := n.Front.Service.Namespace + "/" + n.Front.Service.Name + ":" + strconv.Itoa(int(n.Front.Named.Port))
	switch n.Code {
	case flow.CodeInRanges, flow.CodeOutsideRanges:
		return flow.Because(n.Code, p.Tuple.Src.Addr().String(), n.Front.Service.Namespace+"/"+n.Front.Service.Name)
	case flow.CodeNoEndpoints, flow.CodeEmptySkipped:
		return flow.Because(n.Code, name)
	case flow.CodeNoLocalEndpoint:
		return flow.Because(n.Code, name, n.Node)
	default: // why the Trip is as it is
		b := p.Backend
		return flow.Because(n.Code, name, n.Front.Kind.String(), b.String(), strconv.Itoa(n.Number), strconv.Itoa(n.Of), b.Addr.String(), b.Node)
	}
}

// deliveryReason is about who is there at the end.
func (w *walker) deliveryReason(p *walk.Packet, n *walk.Note) flow.Reason {
	who := p.Tuple.Dst.String()
	switch {
	case n.Pod != nil:
		who = n.Pod.Namespace + "/" + n.Pod.Name
	case n.Object.Kind != "":
		who = n.Object.Namespace + "/" + n.Object.Name
	case n.Node != "":
		who = "@node " + n.Node
	}
	switch n.Code {
	case flow.CodeDelivered:
		source := "@unknown-address"
		if p.Tuple.Src.Addr().IsValid() {
			source = p.Tuple.Src.Addr().String()
		}
		return flow.Because(n.Code, who, source)
	case flow.CodeNotListening:
		return flow.Because(n.Code, who, packetPort(p), declared(n.Pod, p.Tuple.Protocol))
	case flow.CodeHealthCheck:
		return flow.Because(n.Code, n.Service.Namespace+"/"+n.Service.Name, n.Node)
	case flow.CodeReplyReturns:
		if by := translators(p.NATs); by != "" {
			return flow.Because(flow.CodeReplyTranslated, by)
		}
		return flow.Because(n.Code)
	default: // PodUnknown, SelfSource
		return flow.Because(n.Code, who)
	}
}

// originsOf are the objects behind a step.
func (w *walker) originsOf(n *walk.Note) []flow.Origin {
	switch n.Code {
	case flow.CodeNotListening:
		if n.Pod != nil {
			return []flow.Origin{{Object: n.Pod.Object(), Field: "spec.containers", Position: n.Pod.Position}}
		}
	case flow.CodeInRanges, flow.CodeOutsideRanges:
		svc := n.Front.Service
		return []flow.Origin{{Object: svc.Object(), Field: "spec.loadBalancerSourceRanges", Position: svc.Position}}
	case flow.CodeHealthCheck:
		return []flow.Origin{{Object: n.Service.Object(), Field: "spec.healthCheckNodePort", Position: n.Service.Position}}
	case flow.CodeNotCapturedProxy:
		return []flow.Origin{{Object: n.Service.Object(), Field: "status.loadBalancer", Position: n.Service.Position}}
	case flow.CodeForeignProxy:
		return []flow.Origin{{Object: n.Service.Object(), Position: n.Service.Position}}
	default:
		if n.Front != nil {
			return []flow.Origin{n.Front.Origin()}
		}
		if n.Choice != nil && n.Code == "" {
			return n.Choice.Origins
		}
	}
	return nil
}

func (w *walker) assumption(p *walk.Packet, n *walk.Note) flow.Reason {
	switch n.Code {
	case flow.CodeAssumedOwner:
		return flow.Because(n.Code, p.Tuple.Dst.String(), ownerNames(n.Fronts))
	case flow.CodeAssumedAffinity:
		return flow.Because(n.Code, n.Front.Service.Namespace+"/"+n.Front.Service.Name)
	case flow.CodeAssumedListening:
		return flow.Because(n.Code, n.Object.Namespace+"/"+n.Object.Name, packetPort(p))
	case flow.CodeAssumedNodeListens:
		return flow.Because(n.Code, n.Node, packetPort(p))
	default: // AssumedOutside
		return flow.Because(n.Code, p.Tuple.Dst.String())
	}
}

func (w *walker) deviation(code flow.Code) flow.Reason {
	if code == flow.CodeDeviationErrors {
		return w.Profile.Policy.Deviation(code)
	}
	return flow.Because(code, w.Profile.Proxy.Name)
}

// sourced notes what was not told of the address that a node uses.
func (w *walker) sourced(p *walk.Packet, s *notes, n *walk.Note) {
	addr := w.Profile.SourceOf(n.Node, n.Toward, n.IPv6)
	switch {
	case !addr.IsValid():
		s.assume(flow.CodeUnknownMasquerade, n.Node, towardWord(n.Toward))
	case s.stands.nodes.Len() > 1 && n.Node == p.First:
		w.assumeSources(s, n.Toward, n.IPv6)
	case !w.Snapshot.Fabric.Told(n.Node, n.Toward, n.IPv6):
		s.assume(flow.CodeAssumedMasquerade, n.Node, addr.String(), towardWord(n.Toward))
	}
}

// assumeSources is the same for all the nodes a packet stands for: the first
// few, and how many.
func (w *walker) assumeSources(s *notes, toward cluster.Toward, v6 bool) {
	const most = 4
	var shown []string
	n := 0
	told := len(w.Snapshot.Fabric.Nodes) > 0
	for node := range s.stands.nodes.All {
		if told && w.Snapshot.Fabric.Told(node, toward, v6) {
			continue
		}
		if n++; n <= most {
			shown = append(shown, node+" "+w.Profile.SourceOf(node, toward, v6).String())
		} else if !told {
			n = s.stands.nodes.Len()
			break
		}
	}
	switch {
	case n == 0:
		return
	case n > most:
		shown = append(shown, "...")
	}
	s.assume(flow.CodeAssumedMasquerades, strings.Join(shown, ", "), towardWord(toward), strconv.Itoa(n))
}

// Judged writes down what an enforcer found, up to a denial. All of it counts.
func (w *walker) Judged(p *walk.Packet, at *model.Stop, found []model.Judgement) []model.Judgement {
	s := notesOf(p)
	for i := range found {
		j := &found[i]
		s.judged = append(s.judged, *j)
		if !j.Deviation.IsZero() {
			s.deviates = append(s.deviates, j.Deviation)
		}
		if !j.Assumption.IsZero() {
			s.assumed = append(s.assumed, j.Assumption)
		}
		step := w.judgement(j)
		if step.Hook = at.Hook; j.Question.Direction == policy.Egress {
			step.Hook = flow.Egress
		}
		step.Before, step.After = p.Tuple, p.Tuple
		s.step(step)
		if !j.Passes() && j.Decision.Verdict != policy.Undecided {
			break
		}
	}
	return found
}

func (w *walker) judgement(j *model.Judgement) flow.Step {
	words := judgementWords(j)
	switch {
	case !j.Exempt.IsZero():
		return flow.Step{Action: flow.Exempt, Reason: j.Exempt}
	case j.Decision.Verdict == policy.NotIsolated:
		return flow.Step{Action: flow.Pass, Reason: flow.Because(flow.CodeNotIsolated, words[0], words[1])}
	case j.Decision.Verdict == policy.Admitted:
		return flow.Step{Action: flow.Admit, Reason: flow.Because(flow.CodeAdmitted, words...), Origins: []flow.Origin{j.Decision.By}}
	case j.Decision.Verdict == policy.Undecided:
		return flow.Step{Action: flow.Doubt, Reason: j.Decision.Missing, Origins: origins(j)}
	default:
		return flow.Step{Action: w.Denial(), Reason: flow.Because(flow.CodeDenied, words...), Origins: origins(j)}
	}
}

func ownerNames(fronts []*service.Front) string {
	names := make([]string, 0, len(fronts))
	for _, f := range fronts {
		names = append(names, f.Service.Namespace+"/"+f.Service.Name)
	}
	return strings.Join(names, ", ")
}
