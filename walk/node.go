package walk

import (
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// node is one machine: prerouting or output, then where routing leads.
func (w *Walker) node(p *Packet, node string, process bool) {
	at := flow.Machine{Kind: flow.MachineNode, Name: node}
	if !w.enter(p, at) {
		w.loop(p, at)
		return
	}
	if process {
		w.step(p, flow.Send, flow.Route, flow.CodeSentByProcess, About{Node: node})
	} else if len(p.visited) > 1 && w.DiscardsOwn(node, p.Tuple.Src.Addr()) {
		// A host takes no packet from the wire that claims to be its own.
		w.step(p, flow.Prerouting, flow.Lose, flow.CodeOwnSource, About{Node: node})
		w.endAs(p, flow.Loop, flow.Timeout)
		return
	}
	fronts := w.Capture(node, p.Tuple)
	if len(fronts) == 0 {
		if svc := w.Services.ForeignProxy(p.Tuple.Dst, w.LocalAddress(node, p.Tuple.Dst.Addr())); svc != nil {
			w.step(p, entryHook(process), flow.Doubt, flow.CodeForeignProxy, About{Service: svc})
			w.endAs(p, flow.Unknown, flow.SeenUnknown)
			return
		}
		if w.MayBeTaken(node, p.Tuple) {
			w.missing(p, entryHook(process), "Service")
			return
		}
		w.uncaptured(p, node, process)
		return
	}
	if len(fronts) > 1 {
		w.tell(p, Note{Kind: Assumed, Code: flow.CodeAssumedOwner, About: About{Fronts: fronts}})
	}
	for i, f := range fronts {
		q := p
		if i < len(fronts)-1 {
			q = p.Fork()
		}
		w.captured(q, node, process, f)
	}
}

func entryHook(process bool) flow.Hook {
	if process {
		return flow.Output
	}
	return flow.Prerouting
}

func passHook(process bool) flow.Hook {
	if process {
		return flow.Output
	}
	return flow.Forward
}

// captured is prerouting or output for a packet that a proxy rule takes: source
// ranges, the choice of an endpoint, DNAT.
func (w *Walker) captured(p *Packet, node string, process bool, f *service.Front) {
	if !w.ranges(p, node, process, f) {
		return
	}
	trip := w.Trip(w.Arrives(node, p.Tuple, process), f)
	backends, outcome := w.Choose(f, trip, node, process)
	about := About{Front: f, Node: node}
	switch outcome {
	case model.RejectEmpty:
		if w.beforeVerdict(p, node, process) {
			w.step(p, w.verdictHook(p, node, process), flow.Reject, flow.CodeNoEndpoints, about)
			w.refuse(p, flow.NoEndpoints, node)
		}
	case model.DropNotLocal:
		if w.beforeVerdict(p, node, process) {
			w.step(p, w.verdictHook(p, node, process), flow.Drop, flow.CodeNoLocalEndpoint, about)
			w.end(p, flow.NoLocalEndpoint, node)
		}
	case model.UnknownEmpty:
		w.missing(p, entryHook(process), "EndpointSlice")
	case model.LeaveEmpty:
		w.step(p, flow.Output, flow.Pass, flow.CodeEmptySkipped, about)
		w.tell(p, Note{Kind: Deviated, Code: flow.CodeDeviationEmptyExternal})
		w.route(p, node, process, false)
	case model.Chosen:
		if f.Service.SessionAffinity && len(backends) > 1 {
			w.tell(p, Note{Kind: Assumed, Code: flow.CodeAssumedAffinity, About: about})
		}
		w.Guide.Endpoints(p, &Draw{node, process, f, trip, backends})
	}
}

// ranges checks loadBalancerSourceRanges. It reports false when the branch
// ended.
func (w *Walker) ranges(p *Packet, node string, process bool, f *service.Front) bool {
	checked, first := w.Restricted(f)
	if !checked {
		return true
	}
	about := About{Front: f, Node: node}
	if w.Admits(f, node, p.Tuple.Src.Addr()) {
		w.step(p, entryHook(process), flow.Pass, flow.CodeInRanges, about)
		return true
	}
	hook := entryHook(process)
	if !first {
		// The packet stays as it is and is dropped where it would be forwarded, so an
		// enforcer ahead of the proxy in that hook may answer before.
		hook = w.verdictHook(p, node, process)
		if !w.beforeVerdict(p, node, process) {
			return false
		}
	}
	w.step(p, hook, flow.Drop, flow.CodeOutsideRanges, about)
	w.end(p, flow.DeniedBySourceRanges, node)
	return false
}

// verdictHook is where a proxy's verdict on an untranslated packet falls.
func (w *Walker) verdictHook(p *Packet, node string, process bool) flow.Hook {
	if w.LocalAddress(node, p.Tuple.Dst.Addr()) {
		return flow.Input
	}
	return passHook(process)
}

// beforeVerdict lets an enforcer that stands ahead of the proxy's verdicts judge
// the packet as it is. It reports false when the branch ended.
func (w *Walker) beforeVerdict(p *Packet, node string, process bool) bool {
	return w.police(p, model.Stop{
		Node: node, Hook: w.verdictHook(p, node, process), Tuple: p.Tuple, Process: process, Masqueraded: p.Tuple.Src.Addr(),
		Verdict: true,
	})
}

// refuse ends a branch with an error the node itself raises.
func (w *Walker) refuse(p *Packet, fate flow.Fate, node string) {
	w.endAs(p, fate, w.SeenFor(fate, w.Protocol, w.refusalReturns(p, node)))
}

// refusalReturns reports whether an error that the node itself raises gets back
// to who asked.
func (w *Walker) refusalReturns(p *Packet, node string) bool {
	if !w.ErrorReturns(p, node) {
		return false
	}
	if w.From.Kind == flow.MachinePod && !w.ErrorReaches(node, w.From.Pod) {
		w.step(p, flow.Reply, flow.Drop, flow.CodeErrorDropped, About{Pod: w.From.Pod})
		w.tell(p, Note{Kind: Deviated, Code: flow.CodeDeviationErrors})
		return false
	}
	return true
}

// Through walks on with one of the endpoints that a node chooses from; number
// is its place among them, from 1.
func (w *Walker) Through(p *Packet, d *Draw, b *service.Backend, number int) {
	p.Backend = b
	stays := w.From.Kind == flow.MachinePod && w.StaysInPod(d.Node, p.Tuple, b)
	note := Note{Hook: entryHook(d.Process), Action: flow.DNAT, Code: d.Trip.Why}
	note.About = About{Node: d.Node, Front: d.Front, Draw: d, Number: number, Of: len(d.Backends)}
	if w.FallsBack(d.Trip, d.Front, d.Node) {
		note.Code = flow.CodeFallsBack
		w.tell(p, Note{Kind: Deviated, Code: flow.CodeDeviationFallsBack})
	}
	w.nat(p, note, p.Tuple.WithDst(b.Addr))
	if stays {
		w.step(p, flow.Output, flow.Exempt, flow.CodeStaysInPod, About{})
		w.listen(p, w.From.Pod, d.Node)
		return
	}
	w.route(p, d.Node, d.Process, w.Masquerades(d.Trip, d.Node, b.Addr.Addr()))
}

// uncaptured is a packet no Service front took.
func (w *Walker) uncaptured(p *Packet, node string, process bool) {
	w.tell(p, Note{Kind: Untaken, Hook: entryHook(process), Action: flow.Pass})
	action, why := w.ServiceAddressCheck(p.Tuple)
	if action == flow.Pass {
		w.route(p, node, process, false)
		return
	}
	if !w.beforeVerdict(p, node, process) {
		return
	}
	w.tell(p, Note{Hook: passHook(process), Action: action, Reason: why})
	if action == flow.Reject && w.refusalReturns(p, node) {
		w.endAs(p, flow.NotCaptured, flow.Refused)
		return
	}
	w.endAs(p, flow.NotCaptured, flow.Timeout)
}
