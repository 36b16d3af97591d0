package path

import (
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// pod is a packet at a pod's device. target is nil for a pod the input does not
// hold.
func (w *walker) pod(p *packet, node string, target *cluster.Pod) {
	if target == nil {
		w.unknownPod(p, node)
		return
	}
	p.enter(flow.Machine{Kind: flow.MachinePod, Namespace: target.Namespace, Name: target.Name})
	if p.tuple.Src.Addr() == p.tuple.Dst.Addr() {
		// A host discards what claims to come from itself.
		p.step(flow.Deliver, flow.Lose, flow.Because(flow.CodeSelfSource, target.Namespace+"/"+target.Name))
		w.end(p, flow.ReplyLost, node)
		return
	}
	w.listen(p, target, node)
}

// unknownPod is an endpoint whose pod is not in the input: what isolates it
// cannot be known, unless nothing could.
func (w *walker) unknownPod(p *packet, node string) {
	pod := p.backend.Pod
	p.enter(flow.Machine{Kind: flow.MachinePod, Namespace: pod.Namespace, Name: pod.Name})
	if w.m.Unreadable(pod) {
		p.step(flow.Deliver, flow.Doubt, flow.Because(flow.CodePodUnknown, pod.Namespace+"/"+pod.Name))
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return
	}
	p.assume(flow.CodeAssumedListening, pod.Namespace+"/"+pod.Name, packetPort(p))
	w.accept(p, pod.Namespace+"/"+pod.Name, node)
}

func packetPort(p *packet) string {
	return strconv.Itoa(int(p.tuple.Dst.Port())) + "/" + strings.ToLower(p.tuple.Protocol.String())
}

// listen asks whether anything in the pod listens on the port.
func (w *walker) listen(p *packet, target *cluster.Pod, node string) {
	name := target.Namespace + "/" + target.Name
	switch target.Listens(p.tuple.Protocol, p.tuple.Dst.Port()) {
	case cluster.ListensNot:
		p.step(flow.Deliver, flow.Reject, flow.Because(flow.CodeNotListening, name, packetPort(p), declared(target, p.tuple.Protocol)),
			flow.Origin{Object: target.Object(), Field: "spec.containers", Position: target.Position})
		w.end(p, flow.NotListening, node)
		return
	case cluster.ListensAssumed:
		p.assume(flow.CodeAssumedListening, name, packetPort(p))
	case cluster.ListensDeclared:
	}
	w.accept(p, name, node)
}

func declared(p *cluster.Pod, proto flow.Protocol) string {
	var ports []string
	for _, c := range p.Ports {
		if c.Protocol == proto {
			ports = append(ports, strconv.Itoa(int(c.Port)))
		}
	}
	return strings.Join(ports, ", ")
}

// host is a packet at a process of a node.
func (w *walker) host(p *packet, node string) {
	port := p.tuple.Dst.Port()
	target := w.hostListener(node, port)
	if b := p.backend; b != nil && b.Addr == p.tuple.Dst && b.Target != nil && b.Target.HostNetwork {
		// All hostNetwork pods of a node share its ports: whoever declares this one
		// has it, whatever the slice says.
		if target == nil || b.Target.Declares(p.tuple.Protocol, port) {
			target = b.Target
		}
	}
	if target != nil {
		w.listen(p, target, node)
		return
	}
	if svc := w.m.Services.HealthCheck(port); svc != nil && p.tuple.Protocol == flow.TCP {
		p.step(flow.Input, flow.Pass, flow.Because(flow.CodeHealthCheck, svc.Namespace+"/"+svc.Name, node),
			flow.Origin{Object: svc.Object(), Field: "spec.healthCheckNodePort", Position: svc.Position})
		w.accept(p, "@node "+node, node)
		return
	}
	if model.InNodePortRange(port) {
		p.step(flow.Input, flow.Reject, flow.Because(flow.CodeNotListening, "@node "+node, packetPort(p), ""))
		w.end(p, flow.NotListening, node)
		return
	}
	p.assume(flow.CodeAssumedNodeListens, node, packetPort(p))
	w.accept(p, "@node "+node, node)
}

// accept is somebody who listens; then the reply decides.
func (w *walker) accept(p *packet, who, node string) {
	source := "@unknown-address"
	if p.tuple.Src.Addr().IsValid() {
		source = p.tuple.Src.Addr().String()
	}
	p.step(flow.Deliver, flow.Accept, flow.Because(flow.CodeDelivered, who, source))
	w.reply(p, node)
}

// reply walks back: only a node that translated can translate back.
func (w *walker) reply(p *packet, node string) {
	ok, lost := w.m.Returns(p.nats, node)
	if !ok {
		p.step(flow.Reply, flow.Lose, flow.Because(flow.CodeReplyLost, lost))
		w.end(p, flow.ReplyLost, node)
		return
	}
	if n := translators(p.nats); n != "" {
		p.step(flow.Reply, flow.Pass, flow.Because(flow.CodeReplyTranslated, n))
	} else {
		p.step(flow.Reply, flow.Pass, flow.Because(flow.CodeReplyReturns))
	}
	w.end(p, flow.Delivered, node)
}

func translators(nats []model.NAT) string {
	var nodes []string
	for i := len(nats) - 1; i >= 0; i-- {
		nodes = append(nodes, nats[i].Node)
	}
	return strings.Join(nodes, ", then ")
}
