package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// The hooks of a node, in netfilter's order.

func (w *walker) node(p *packet, node string, process bool) {
	if !p.enter(flow.MachineNode, node) {
		w.end(p, flow.Loop, "")
		return
	}
	if !process && p.hops > 1 && w.m.DiscardsOwn(node, p.tuple.Src.Addr()) {
		w.endAs(p, flow.Loop, flow.Timeout)
		return
	}
	fronts := w.m.Capture(node, p.tuple)
	if len(fronts) == 0 {
		if w.m.Services.ForeignProxy(p.tuple.Dst, w.m.LocalAddress(node, p.tuple.Dst.Addr())) != nil {
			w.endAs(p, flow.Unknown, flow.SeenUnknown)
			return
		}
		w.uncaptured(p, node, process)
		return
	}
	for i, f := range fronts {
		q := p
		if i < len(fronts)-1 {
			q = p.fork()
		}
		w.captured(q, node, process, f)
	}
}

func (w *walker) captured(p *packet, node string, process bool, f *service.Front) {
	if !w.ranges(p, node, process, f) {
		return
	}
	trip := w.m.Trip(w.m.Arrives(node, p.tuple, process), f)
	backends, outcome := w.m.Choose(f, trip, node, process)
	switch outcome {
	case model.RejectEmpty:
		if w.beforeVerdict(p, node, process) {
			w.refuse(p, flow.NoEndpoints, node)
		}
	case model.DropNotLocal:
		if w.beforeVerdict(p, node, process) {
			w.end(p, flow.NoLocalEndpoint, node)
		}
	case model.UnknownEmpty:
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	case model.LeaveEmpty:
		w.route(p, node, process, false)
	case model.Chosen:
		w.chosen(p, node, process, f, trip, backends)
	}
}

// chosen goes on with every endpoint, or one of each kind that fares alike.
func (w *walker) chosen(p *packet, node string, process bool, f *service.Front, trip model.Trip, backends []*service.Backend) {
	if !w.fold {
		for _, b := range backends {
			w.dnat(p.fork(), node, process, b, trip, 1)
		}
		return
	}
	var targets map[*service.Backend]*target
	if w.c.hasWays() {
		targets = w.c.targetsOf(f.Backends, w.proto)
	}
	var few [8]alike
	kinds := few[:0]
	for _, b := range backends {
		k := alike{shown: b, count: 1}
		if t := targets[b]; t != nil && t.plain && b.Addr.Addr() != p.tuple.Src.Addr() {
			k.target, k.local = t, t.node == node
		} else {
			k.key = w.m.AlikeBackend(b, node, p.tuple.Src.Addr(), w.proto)
		}
		at := slices.IndexFunc(kinds, k.same)
		if at < 0 {
			kinds = append(kinds, k)
		} else {
			kinds[at].count++
		}
	}
	for i := range kinds {
		k := &kinds[i]
		q := p
		if p.count = k.count; k.target == nil || !w.fill(p, node, process, k.target, k.shown, trip) {
			if i < len(kinds)-1 || k.target != nil {
				q = p.fork()
			}
			w.dnat(q, node, process, k.shown, trip, k.count)
		}
	}
}

// alike is endpoints that fare alike on a node.
type alike struct {
	shown  *service.Backend
	count  int
	key    model.BackendKey
	target *target // instead of key, for a pod like most
	local  bool
}

func (k alike) same(o alike) bool {
	if k.target != nil && o.target != nil {
		return k.target.kind == o.target.kind && k.local == o.local
	}
	return k.target == nil && o.target == nil && k.key == o.key
}

func (w *walker) ranges(p *packet, node string, process bool, f *service.Front) bool {
	checked, first := w.m.Restricted(f)
	if !checked || w.m.Admits(f, node, p.tuple.Src.Addr()) {
		return true
	}
	if !first && !w.beforeVerdict(p, node, process) {
		return false
	}
	w.end(p, flow.DeniedBySourceRanges, node)
	return false
}

func (w *walker) beforeVerdict(p *packet, node string, process bool) bool {
	hook := passHook(process)
	if w.m.LocalAddress(node, p.tuple.Dst.Addr()) {
		hook = flow.Input
	}
	return w.police(p, model.Stop{Node: node, Hook: hook, Tuple: p.tuple, Process: process, Masqueraded: p.tuple.Src.Addr(), Verdict: true})
}

func passHook(process bool) flow.Hook {
	if process {
		return flow.Output
	}
	return flow.Forward
}

func (w *walker) refuse(p *packet, fate flow.Fate, node string) {
	w.endAs(p, fate, w.m.SeenFor(fate, w.proto, w.refusalReturns(p, node)))
}

func (w *walker) refusalReturns(p *packet, node string) bool {
	return w.errorReturns(p, node) && (w.from.kind != flow.MachinePod || w.m.ErrorReaches(node, w.from.pod))
}

func (w *walker) dnat(p *packet, node string, process bool, b *service.Backend, trip model.Trip, count int) {
	p.backend, p.count = b, count
	stays := w.m.StaysInPod(node, p.tuple, b)
	p.nat(node, true, p.tuple.WithDst(b.Addr))
	if stays {
		w.listen(p, w.from.pod, node)
		return
	}
	w.route(p, node, process, w.m.Masquerades(trip, node, b.Addr.Addr()))
}

func (w *walker) uncaptured(p *packet, node string, process bool) {
	action, _ := w.m.ServiceAddressCheck(p.tuple)
	if action == flow.Pass {
		w.route(p, node, process, false)
		return
	}
	if !w.beforeVerdict(p, node, process) {
		return
	}
	if action == flow.Reject && w.refusalReturns(p, node) {
		w.endAs(p, flow.NotCaptured, flow.Refused)
		return
	}
	w.endAs(p, flow.NotCaptured, flow.Timeout)
}

func (w *walker) route(p *packet, node string, process, masquerade bool) {
	loc := w.m.Locate(node, p.tuple.Dst.Addr())
	if b := p.backend; b != nil && loc.Pod == nil && b.Pod.Kind != "" && !b.Host && b.Addr == p.tuple.Dst {
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

func (w *walker) forward(p *packet, node string, process, masquerade bool, loc model.Location) bool {
	b := p.backend
	toSelf := b != nil && loc.Pod != nil && b.Addr == p.tuple.Dst && p.tuple.Src.Addr() == p.tuple.Dst.Addr()
	dnatHere := len(p.nats) > 0 && p.nats[len(p.nats)-1].Node == node
	if toSelf && dnatHere && loc.Place == model.OwnPod && w.m.BridgeDropsSelf() {
		w.endAs(p, flow.NoRoute, flow.Timeout)
		return false
	}
	if toSelf && dnatHere {
		masquerade = masquerade || w.m.HairpinMasquerades(node, b)
	}
	byCNI := !process && w.from.kind == flow.MachinePod && p.tuple.Src.Addr() == w.from.addr(p.tuple.Dst.Addr().Is6()) &&
		w.from.node == node && w.m.MasqueradesItself(loc)
	after := p.tuple
	if masquerade || byCNI {
		after = p.tuple.WithSrc(w.m.Profile.SourceOf(node, loc.Toward(), p.tuple.Dst.Addr().Is6()))
	}
	stop := model.Stop{Node: node, Hook: passHook(process), Tuple: p.tuple, Process: process, Masqueraded: after.Src.Addr()}
	if loc.Pod == nil && b != nil && b.Addr == p.tuple.Dst && !b.Host {
		stop.Unread = b.Pod
	}
	if !w.police(p, stop) {
		return false
	}
	if masquerade || byCNI {
		p.nat(node, false, after)
	}
	return true
}

func (w *walker) input(p *packet, node string, process bool) {
	if !process && !w.police(p, model.Stop{Node: node, Hook: flow.Input, Tuple: p.tuple, Masqueraded: p.tuple.Src.Addr()}) {
		return
	}
	if process && len(p.nats) > 0 && p.nats[len(p.nats)-1].Node == node {
		p.tuple = p.tuple.WithSrc(p.tuple.Dst.Addr())
	}
	w.host(p, node)
}

func (w *walker) leave(p *packet, node string) {
	addr := p.tuple.Dst.Addr()
	switch {
	case w.m.ServiceAddress(addr) && !w.routed(addr):
		w.end(p, flow.NotCaptured, node)
	case w.foreignBalancer(addr):
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	default:
		w.routers(p, "")
	}
}

func (w *walker) routed(addr netip.Addr) bool {
	routers := w.m.Announce.Routers()
	for i := range routers {
		if w.m.Announce.NextHops(&routers[i], addr).Known {
			return true
		}
	}
	return false
}

func (w *walker) nobody(p *packet, node string, process bool) {
	if len(w.m.Snapshot.Pods) == 0 {
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return
	}
	if at := w.m.ClosedBy(node, p.tuple.Dst.Addr(), process); at != "" {
		w.endAs(p, flow.NoRoute, w.m.SeenFor(flow.DeniedByPolicy, w.proto, w.errorReturns(p, at)))
		return
	}
	w.end(p, flow.NoRoute, node)
}

func (w *walker) pod(p *packet, node string, target *cluster.Pod) {
	if target == nil {
		if w.m.Unreadable(p.backend.Pod) {
			w.endAs(p, flow.Unknown, flow.SeenUnknown)
			return
		}
		w.accept(p, node)
		return
	}
	if p.tuple.Src.Addr() == p.tuple.Dst.Addr() {
		w.end(p, flow.ReplyLost, node)
		return
	}
	w.listen(p, target, node)
}

func (w *walker) listen(p *packet, target *cluster.Pod, node string) {
	if target.Listens(w.proto, p.tuple.Dst.Port()) == cluster.ListensNot {
		w.end(p, flow.NotListening, node)
		return
	}
	w.accept(p, node)
}

func (w *walker) host(p *packet, node string) {
	port := p.tuple.Dst.Port()
	target := w.hostListener(node, port)
	if b := p.backend; b != nil && b.Addr == p.tuple.Dst && b.Target != nil && b.Target.HostNetwork {
		if target == nil || b.Target.Declares(w.proto, port) {
			target = b.Target
		}
	}
	switch {
	case target != nil:
		w.listen(p, target, node)
	case w.proto == flow.TCP && w.m.Services.HealthCheck(port) != nil:
		w.accept(p, node)
	case model.InNodePortRange(port):
		w.end(p, flow.NotListening, node)
	default:
		w.accept(p, node)
	}
}

func (w *walker) hostListener(node string, port uint16) *cluster.Pod {
	if w.asked.Kind != "" && w.to.Port() == port {
		if p := w.m.Index.Pod(w.asked.Namespace, w.asked.Name); p != nil && p.HostNetwork && p.Node == node {
			return p
		}
	}
	return w.m.Index.HostListener(node, w.proto, port)
}

func (w *walker) accept(p *packet, node string) {
	if ok, _ := w.m.Returns(p.nats, node); !ok {
		w.end(p, flow.ReplyLost, node)
		return
	}
	w.end(p, flow.Delivered, node)
}
