package walk

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// pod is a packet at a pod's device. target is nil for a pod the input does not
// hold.
func (w *Walker) pod(p *Packet, node string, target *cluster.Pod) {
	if target == nil {
		w.unknownPod(p, node)
		return
	}
	w.enter(p, flow.Machine{Kind: flow.MachinePod, Namespace: target.Namespace, Name: target.Name})
	if p.Tuple.Src.Addr() == p.Tuple.Dst.Addr() {
		// A host discards what claims to come from itself.
		w.step(p, flow.Deliver, flow.Lose, flow.CodeSelfSource, About{Pod: target})
		w.end(p, flow.ReplyLost, node)
		return
	}
	w.listen(p, target, node)
}

// unknownPod is an endpoint whose pod is not in the input: what isolates it
// cannot be known, unless nothing could.
func (w *Walker) unknownPod(p *Packet, node string) {
	pod := p.Backend.Pod
	w.enter(p, flow.Machine{Kind: flow.MachinePod, Namespace: pod.Namespace, Name: pod.Name})
	if w.Unreadable(pod) {
		w.step(p, flow.Deliver, flow.Doubt, flow.CodePodUnknown, About{Object: pod})
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return
	}
	w.tell(p, Note{Kind: Assumed, Code: flow.CodeAssumedListening, About: About{Object: pod}})
	w.accept(p, About{Object: pod}, node)
}

// listen asks whether anything in the pod listens on the port.
func (w *Walker) listen(p *Packet, target *cluster.Pod, node string) {
	switch target.Listens(w.Protocol, p.Tuple.Dst.Port()) {
	case cluster.ListensNot:
		w.step(p, flow.Deliver, flow.Reject, flow.CodeNotListening, About{Pod: target})
		w.end(p, flow.NotListening, node)
		return
	case cluster.ListensAssumed:
		w.tell(p, Note{Kind: Assumed, Code: flow.CodeAssumedListening, About: About{Object: target.Object()}})
	case cluster.ListensDeclared:
	}
	w.accept(p, About{Pod: target}, node)
}

// host is a packet at a process of a node.
func (w *Walker) host(p *Packet, node string) {
	port := p.Tuple.Dst.Port()
	target := w.HostListener(node, port)
	if b := p.Backend; b != nil && b.Addr == p.Tuple.Dst && b.Target != nil && b.Target.HostNetwork {
		// All hostNetwork pods of a node share its ports: whoever declares this one
		// has it, whatever the slice says.
		if target == nil || b.Target.Declares(w.Protocol, port) {
			target = b.Target
		}
	}
	if target != nil {
		w.listen(p, target, node)
		return
	}
	about := About{Node: node}
	if svc := w.Services.HealthCheck(port); svc != nil && w.Protocol == flow.TCP {
		about.Service = svc
		w.step(p, flow.Input, flow.Pass, flow.CodeHealthCheck, about)
		w.accept(p, about, node)
		return
	}
	if model.InNodePortRange(port) && w.MayBePod() {
		w.missing(p, flow.Input, "Pod")
		return
	}
	if model.InNodePortRange(port) {
		w.step(p, flow.Input, flow.Reject, flow.CodeNotListening, about)
		w.end(p, flow.NotListening, node)
		return
	}
	w.tell(p, Note{Kind: Assumed, Code: flow.CodeAssumedNodeListens, About: about})
	w.accept(p, about, node)
}

// HostListener is the hostNetwork pod behind a node's port: the one asked for by
// name, else one that declares the port; nil where there is none.
func (w *Walker) HostListener(node string, port uint16) *cluster.Pod {
	if w.Pod.Kind != "" && w.To.Port() == port {
		if p := w.Index.Pod(w.Pod.Namespace, w.Pod.Name); p != nil && p.HostNetwork && p.Node == node {
			return p
		}
	}
	return w.Index.HostListener(node, w.Protocol, port)
}

// accept is somebody who listens; then the reply decides: only a node that
// translated can translate back.
func (w *Walker) accept(p *Packet, who About, node string) {
	w.step(p, flow.Deliver, flow.Accept, flow.CodeDelivered, who)
	ok, lost := w.Returns(p.NATs, node)
	if !ok {
		w.step(p, flow.Reply, flow.Lose, flow.CodeReplyLost, About{Node: lost})
		w.end(p, flow.ReplyLost, node)
		return
	}
	w.step(p, flow.Reply, flow.Pass, flow.CodeReplyReturns, About{})
	w.end(p, flow.Delivered, node)
}
