package walk

import (
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// route is the routing decision after DNAT, and the hook it leads to.
func (w *Walker) route(p *Packet, node string, process, masquerade bool) {
	loc := w.Locate(node, p.Tuple.Dst.Addr())
	if b := p.Backend; b != nil && loc.Pod == nil && b.Pod.Kind != "" && !b.Host && b.Addr == p.Tuple.Dst {
		// A pod the input does not hold: the endpoint says where it is.
		loc = model.Location{Place: model.RemotePod, Node: b.Node}
		if b.Node == node {
			loc.Place = model.OwnPod
		}
	}
	if loc.Place == model.Here {
		w.input(p, node, process)
		return
	}
	if !w.forward(p, node, process, masquerade, loc) {
		return
	}
	switch loc.Place {
	case model.OwnPod:
		w.pod(p, node, loc.Pod)
	case model.RemotePod:
		if loc.Pod == nil {
			w.pod(p, loc.Node, nil)
			return
		}
		w.node(p, loc.Node, false)
	case model.RemoteNode:
		w.node(p, loc.Node, false)
	case model.Nobody:
		w.nobody(p, node, process)
	default:
		w.leave(p, node)
	}
}

// forward is policy on the node, then postrouting. It reports false when the
// branch ended.
func (w *Walker) forward(p *Packet, node string, process, masquerade bool, loc model.Location) bool {
	b := p.Backend
	toSelf := b != nil && loc.Pod != nil && b.Addr == p.Tuple.Dst && p.Tuple.Src.Addr() == p.Tuple.Dst.Addr()
	if toSelf && translatedOn(p, node) {
		if loc.Place == model.OwnPod && w.BridgeDropsSelf() {
			w.step(p, flow.Forward, flow.Drop, flow.CodeBridgeHairpin, About{Node: node})
			w.endAs(p, flow.NoRoute, flow.Timeout)
			return false
		}
		if !masquerade && !w.HairpinMasquerades(node, b) {
			w.tell(p, Note{Kind: Deviated, Code: flow.CodeDeviationHairpinRemote})
		} else {
			masquerade = true
		}
	}
	v6 := p.Tuple.Dst.Addr().Is6()
	byCNI := !process && w.From.Kind == flow.MachinePod && p.Tuple.Src.Addr() == w.From.Addr(v6) &&
		w.From.Node == node && w.MasqueradesItself(loc)
	after := p.Tuple
	if masquerade || byCNI {
		after = p.Tuple.WithSrc(w.sourceOf(p, node, loc.Toward(), v6))
	}
	stop := model.Stop{Node: node, Hook: passHook(process), Tuple: p.Tuple, Process: process, Masqueraded: after.Src.Addr()}
	if loc.Pod == nil && b != nil && b.Addr == p.Tuple.Dst && !b.Host {
		stop.Unread = b.Pod
	}
	if !w.police(p, stop) {
		return false
	}
	snat := Note{Hook: flow.Postrouting, Action: flow.SNAT, About: About{Node: node, Toward: loc.Toward()}}
	switch {
	case masquerade && toSelf:
		snat.Code = flow.CodeMasqueradedSelf
	case masquerade:
		snat.Code = flow.CodeMasqueraded
	case byCNI:
		snat.Code = flow.CodeMasqueradedCNI
	default:
		if translatedOn(p, node) {
			w.step(p, flow.Postrouting, flow.Pass, flow.CodeSourceKept, About{Node: node})
		}
		return true
	}
	w.nat(p, snat, after)
	return true
}

// translatedOn reports whether the node was the last to translate the packet.
func translatedOn(p *Packet, node string) bool {
	return len(p.NATs) > 0 && p.NATs[len(p.NATs)-1].Node == node
}

// nobody is an address of the pods' range that no pod of the input has.
func (w *Walker) nobody(p *Packet, node string, process bool) {
	if w.MayBePod() {
		w.missing(p, flow.Forward, "Pod")
		return
	}
	if len(w.Snapshot.Pods) == 0 {
		w.step(p, flow.Forward, flow.Lose, flow.CodeNoPod, About{})
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return
	}
	if at := w.ClosedBy(node, p.Tuple.Dst.Addr(), process); at != "" {
		w.step(p, flow.Forward, w.Denial(), flow.CodeClosedToUnknown, About{Node: at})
		w.endAs(p, flow.NoRoute, w.SeenFor(flow.DeniedByPolicy, w.Protocol, w.ErrorReturns(p, at)))
		return
	}
	w.step(p, flow.Forward, flow.Lose, flow.CodeNoPod, About{})
	w.end(p, flow.NoRoute, node)
}

// input is a packet for a process of this node: it never meets postrouting.
func (w *Walker) input(p *Packet, node string, process bool) {
	if !process && !w.police(p, model.Stop{Node: node, Hook: flow.Input, Tuple: p.Tuple, Masqueraded: p.Tuple.Src.Addr()}) {
		return
	}
	if translatedOn(p, node) {
		w.step(p, flow.Input, flow.Pass, flow.CodeInputKeepsSource, About{Node: node})
		if process {
			// The process talks to its own host: it sees the host's address.
			p.Tuple = p.Tuple.WithSrc(p.Tuple.Dst.Addr())
		}
	}
	w.host(p, node)
}
