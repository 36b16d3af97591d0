package path

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// fromProcess starts at output instead of prerouting, with the address of the
// device the packet would leave by.
func (w *walker) fromProcess(p *packet) {
	p.first = w.from.node
	dst := p.tuple.Dst.Addr()
	loc := w.m.Locate(w.from.node, dst)
	src := dst // a socket to an address of its own host uses that very address
	if loc.Place != model.Here && !w.m.Bound(dst) {
		src = w.sourceOf(p, w.from.node, loc.Toward(), dst.Is6())
	}
	p.tuple = p.tuple.WithSrc(src)
	w.node(p, w.from.node, true)
}

// fromPod leaves the pod; what a pod sends to itself never does.
func (w *walker) fromPod(p *packet, v6 bool) {
	p.first = w.from.node
	src := w.from.addr(v6)
	p.tuple = p.tuple.WithSrc(src)
	p.enter(w.from.machine())
	switch {
	case !src.IsValid():
		p.step(flow.Send, flow.Lose, flow.Because(flow.CodeNoFamily, w.from.name, family(v6)))
		w.end(p, flow.NoRoute, w.from.node)
	case p.tuple.Dst.Addr() == src || p.tuple.Dst.Addr().IsLoopback():
		p.tuple = p.tuple.WithSrc(p.tuple.Dst.Addr()) // as any host that talks to itself
		p.step(flow.Send, flow.Exempt, flow.Because(flow.CodeLoopback, w.from.name))
		w.listen(p, w.from.pod, w.from.node)
	default:
		p.step(flow.Send, flow.Route, flow.Because(flow.CodeSent, src.String()))
		w.node(p, w.from.node, false)
	}
}

// sourceOf is the address a node uses toward somewhere; what was not told is
// noted as assumed or unknown.
func (w *walker) sourceOf(p *packet, node string, toward cluster.Toward, v6 bool) netip.Addr {
	addr := w.m.Profile.SourceOf(node, toward, v6)
	switch {
	case !addr.IsValid():
		p.assume(flow.CodeUnknownMasquerade, node, towardWord(toward))
	case len(p.stands.nodes.Names) > 1 && node == p.first:
		w.assumeSources(p, toward, v6)
	case !w.m.Snapshot.Fabric.Told(node, toward, v6):
		p.assume(flow.CodeAssumedMasquerade, node, addr.String(), towardWord(toward))
	}
	return addr
}

// towardWord names where packets go in a sentence.
func towardWord(t cluster.Toward) string {
	switch t {
	case cluster.TowardLocalPods:
		return "@toward-local-pods"
	case cluster.TowardRemotePods:
		return "@toward-remote-pods"
	default:
		return "@toward-other-nodes"
	}
}

// assumeSources is the same for all the nodes a packet stands for: the first
// few, and how many.
func (w *walker) assumeSources(p *packet, toward cluster.Toward, v6 bool) {
	const most = 4
	var shown []string
	n := 0
	told := len(w.m.Snapshot.Fabric.Nodes) > 0
	for _, node := range p.stands.nodes.Names {
		if told && w.m.Snapshot.Fabric.Told(node, toward, v6) {
			continue
		}
		if n++; n <= most {
			shown = append(shown, node+" "+w.m.Profile.SourceOf(node, toward, v6).String())
		} else if !told {
			n = len(p.stands.nodes.Names)
			break
		}
	}
	switch {
	case n == 0:
		return
	case n > most:
		shown = append(shown, "...")
	}
	p.assume(flow.CodeAssumedMasquerades, strings.Join(shown, ", "), towardWord(toward), strconv.Itoa(n))
}

// node is one machine: prerouting or output, then where routing leads.
func (w *walker) node(p *packet, node string, process bool) {
	at := flow.Machine{Kind: flow.MachineNode, Name: node}
	if !p.enter(at) {
		w.loop(p, at)
		return
	}
	if process {
		w.sendWords(p, node)
	} else if len(p.hops) > 1 && w.m.DiscardsOwn(node, p.tuple.Src.Addr()) {
		// A host takes no packet from the wire that claims to be its own.
		p.step(flow.Prerouting, flow.Lose, flow.Because(flow.CodeOwnSource, node, p.tuple.Src.Addr().String()))
		w.endAs(p, flow.Loop, flow.Timeout)
		return
	}
	fronts := w.m.Capture(node, p.tuple)
	if svc := w.m.Services.ForeignProxy(p.tuple.Dst, w.m.LocalAddress(node, p.tuple.Dst.Addr())); svc != nil && len(fronts) == 0 {
		p.step(entryHook(process), flow.Doubt, flow.Because(flow.CodeForeignProxy, svc.Namespace+"/"+svc.Name, p.tuple.Dst.String()),
			flow.Origin{Object: svc.Object(), Position: svc.Position})
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return
	}
	if len(fronts) == 0 {
		w.uncaptured(p, node, process)
		return
	}
	if len(fronts) > 1 {
		p.assume(flow.CodeAssumedOwner, p.tuple.Dst.String(), ownerNames(fronts))
	}
	for _, f := range fronts {
		w.captured(p.fork(), node, process, f)
	}
}

func (w *walker) sendWords(p *packet, node string) {
	if w.from.pod != nil {
		p.step(flow.Send, flow.Route, flow.Because(flow.CodeSentByHostPod, w.from.pod.Namespace+"/"+w.from.pod.Name, node))
		return
	}
	p.step(flow.Send, flow.Route, flow.Because(flow.CodeSentByProcess, node))
}

func ownerNames(fronts []*service.Front) string {
	s := ""
	for i, f := range fronts {
		if i > 0 {
			s += ", "
		}
		s += f.Service.Namespace + "/" + f.Service.Name
	}
	return s
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
func (w *walker) captured(p *packet, node string, process bool, f *service.Front) {
	if !w.ranges(p, node, process, f) {
		return
	}
	trip := w.m.Trip(w.m.Arrives(node, p.tuple, process), f)
	backends, outcome := w.m.Choose(f, trip, node, process)
	name := frontWords(f)
	switch outcome {
	case model.RejectEmpty:
		if w.beforeVerdict(p, node, process) {
			p.step(w.verdictHook(p, node, process), flow.Reject, flow.Because(flow.CodeNoEndpoints, name), f.Origin())
			w.refuse(p, flow.NoEndpoints, node)
		}
	case model.DropNotLocal:
		if w.beforeVerdict(p, node, process) {
			p.step(w.verdictHook(p, node, process), flow.Drop, flow.Because(flow.CodeNoLocalEndpoint, name, node), f.Origin())
			w.end(p, flow.NoLocalEndpoint, node)
		}
	case model.UnknownEmpty:
		p.step(entryHook(process), flow.Doubt, flow.Because(flow.CodeMissingKind, "EndpointSlice"), f.Origin())
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	case model.LeaveEmpty:
		p.step(flow.Output, flow.Pass, flow.Because(flow.CodeEmptySkipped, name), f.Origin())
		p.deviates = append(p.deviates, flow.Because(flow.CodeDeviationEmptyExternal, w.m.Profile.Proxy.Name))
		w.route(p, node, process, false)
	case model.Chosen:
		if f.Service.SessionAffinity && len(backends) > 1 {
			p.assume(flow.CodeAssumedAffinity, f.Service.Namespace+"/"+f.Service.Name)
		}
		candidates := w.candidates(p, node, f, trip.List, backends)
		for _, g := range w.alikeBackends(p, node, backends) {
			q := p.fork()
			w.choose(q, node, candidates, g)
			w.dnat(q, node, process, f, trip, g.number, len(backends))
		}
	}
}

func frontWords(f *service.Front) string {
	return fmt.Sprintf("%s/%s:%d", f.Service.Namespace, f.Service.Name, f.Named.Port)
}

// ranges checks loadBalancerSourceRanges. It reports false when the trace ended.
func (w *walker) ranges(p *packet, node string, process bool, f *service.Front) bool {
	checked, first := w.m.Restricted(f)
	if !checked {
		return true
	}
	src := p.tuple.Src.Addr()
	at := flow.Origin{Object: f.Service.Object(), Field: "spec.loadBalancerSourceRanges", Position: f.Service.Position}
	words := []string{src.String(), f.Service.Namespace + "/" + f.Service.Name}
	if w.m.Admits(f, node, src) {
		p.step(entryHook(process), flow.Pass, flow.Because(flow.CodeInRanges, words...), at)
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
	p.step(hook, flow.Drop, flow.Because(flow.CodeOutsideRanges, words...), at)
	w.end(p, flow.DeniedBySourceRanges, node)
	return false
}

// verdictHook is where a proxy's verdict on an untranslated packet falls.
func (w *walker) verdictHook(p *packet, node string, process bool) flow.Hook {
	if w.m.LocalAddress(node, p.tuple.Dst.Addr()) {
		return flow.Input
	}
	return passHook(process)
}

// beforeVerdict lets an enforcer that stands ahead of the proxy's verdicts judge
// the packet as it is. It reports false when the trace ended.
func (w *walker) beforeVerdict(p *packet, node string, process bool) bool {
	return w.police(p, model.Stop{
		Node: node, Hook: w.verdictHook(p, node, process), Tuple: p.tuple, Process: process, Masqueraded: p.tuple.Src.Addr(),
		Verdict: true,
	})
}

// refuse ends a trace with an error the node itself raises.
func (w *walker) refuse(p *packet, fate flow.Fate, node string) {
	w.endAs(p, fate, w.m.SeenFor(fate, p.tuple.Protocol, w.refusalReturns(p, node)))
}

// refusalReturns reports whether an error that the node itself raises gets back
// to who asked, and notes who keeps it where it does not.
func (w *walker) refusalReturns(p *packet, node string) bool {
	returns := w.errorReturns(p, node)
	if returns && w.from.kind == flow.MachinePod && !w.m.ErrorReaches(node, w.from.pod) {
		p.step(flow.Reply, flow.Drop, flow.Because(flow.CodeErrorDropped, w.from.pod.Namespace+"/"+w.from.pod.Name, w.m.Profile.Policy.Name))
		p.deviates = append(p.deviates, w.m.Profile.Policy.Deviation(flow.CodeDeviationErrors))
		returns = false
	}
	return returns
}

func (w *walker) dnat(p *packet, node string, process bool, f *service.Front, trip model.Trip, number, of int) {
	b := p.backend
	reason := flow.Because(trip.Why, frontWords(f), f.Kind.String(), b.String(), fmt.Sprint(number), fmt.Sprint(of), b.Addr.String(), b.Node)
	stays := w.m.StaysInPod(node, p.tuple, b)
	if w.m.FallsBack(trip, f, node) {
		reason.Code = flow.CodeFallsBack
		p.deviates = append(p.deviates, flow.Because(flow.CodeDeviationFallsBack, w.m.Profile.Proxy.Name))
	}
	p.nat(node, entryHook(process), flow.DNAT, p.tuple.WithDst(b.Addr), reason, f.Origin())
	if stays {
		p.step(flow.Output, flow.Exempt, flow.Because(flow.CodeStaysInPod, w.from.name))
		w.listen(p, w.from.pod, node)
		return
	}
	w.route(p, node, process, w.m.Masquerades(trip, node, b.Addr.Addr()))
}

// uncaptured is a packet no Service front took.
func (w *walker) uncaptured(p *packet, node string, process bool) {
	if why := w.m.NotTaken(p.tuple); !why.IsZero() {
		p.step(entryHook(process), flow.Pass, why)
	}
	action, why := w.m.ServiceAddressCheck(p.tuple)
	if action == flow.Pass {
		w.route(p, node, process, false)
		return
	}
	if !w.beforeVerdict(p, node, process) {
		return
	}
	p.step(passHook(process), action, why)
	if action == flow.Reject && w.refusalReturns(p, node) {
		w.endAs(p, flow.NotCaptured, flow.Refused)
		return
	}
	w.endAs(p, flow.NotCaptured, flow.Timeout)
}

// route is the routing decision after DNAT, and the hook it leads to.
func (w *walker) route(p *packet, node string, process, masquerade bool) {
	loc := w.m.Locate(node, p.tuple.Dst.Addr())
	if b := p.backend; b != nil && loc.Pod == nil && b.Pod.Kind != "" && !b.Host && b.Addr == p.tuple.Dst {
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
// trace ended.
func (w *walker) forward(p *packet, node string, process, masquerade bool, loc model.Location) bool {
	b := p.backend
	toSelf := b != nil && loc.Pod != nil && b.Addr == p.tuple.Dst && p.tuple.Src.Addr() == p.tuple.Dst.Addr()
	dnatHere := len(p.nats) > 0 && p.nats[len(p.nats)-1].Node == node
	if toSelf && dnatHere && loc.Place == model.OwnPod && w.m.BridgeDropsSelf() {
		p.step(flow.Forward, flow.Drop, flow.Because(flow.CodeBridgeHairpin, node))
		w.endAs(p, flow.NoRoute, flow.Timeout)
		return false
	}
	if toSelf && dnatHere {
		if masquerade || w.m.HairpinMasquerades(node, b) {
			masquerade = true
		} else {
			p.deviates = append(p.deviates, flow.Because(flow.CodeDeviationHairpinRemote, w.m.Profile.Proxy.Name))
		}
	}
	byCNI := !process && w.from.kind == flow.MachinePod && p.tuple.Src.Addr() == w.from.addr(p.tuple.Dst.Addr().Is6()) &&
		w.from.node == node && w.m.MasqueradesItself(loc)
	after := p.tuple
	if masquerade || byCNI {
		after = p.tuple.WithSrc(w.sourceOf(p, node, loc.Toward(), p.tuple.Dst.Addr().Is6()))
	}
	stop := model.Stop{Node: node, Hook: passHook(process), Tuple: p.tuple, Process: process, Masqueraded: after.Src.Addr()}
	if loc.Pod == nil && b != nil && b.Addr == p.tuple.Dst && !b.Host {
		stop.Unread = b.Pod
	}
	if !w.police(p, stop) {
		return false
	}
	w.postrouting(p, node, masquerade, byCNI, toSelf, after, loc)
	return true
}

// postrouting rewrites the source where a rule marked the packet.
func (w *walker) postrouting(p *packet, node string, masquerade, byCNI, toSelf bool, after flow.Tuple, loc model.Location) {
	to := towardWord(loc.Toward())
	source := "?"
	if after.Src.Addr().IsValid() {
		source = after.Src.Addr().String()
	}
	switch {
	case masquerade && node == p.first:
		p.stands.masquerades, p.stands.toward = true, loc.Toward()
	default:
	}
	switch {
	case masquerade && toSelf:
		p.nat(node, flow.Postrouting, flow.SNAT, after, flow.Because(flow.CodeMasqueradedSelf, source))
	case masquerade:
		p.nat(node, flow.Postrouting, flow.SNAT, after, flow.Because(flow.CodeMasqueraded, source, to))
	case byCNI:
		p.nat(node, flow.Postrouting, flow.SNAT, after, flow.Because(flow.CodeMasqueradedCNI, source))
	case len(p.nats) > 0 && p.nats[len(p.nats)-1].Node == node:
		p.step(flow.Postrouting, flow.Pass, flow.Because(flow.CodeSourceKept, p.tuple.Src.Addr().String()))
	}
}

// input is a packet for a process of this node: it never meets postrouting.
func (w *walker) input(p *packet, node string, process bool) {
	if !process && !w.police(p, model.Stop{Node: node, Hook: flow.Input, Tuple: p.tuple, Masqueraded: p.tuple.Src.Addr()}) {
		return
	}
	if len(p.nats) > 0 && p.nats[len(p.nats)-1].Node == node {
		p.step(flow.Input, flow.Pass, flow.Because(flow.CodeInputKeepsSource, p.tuple.Src.Addr().String()))
		if process {
			// The process talks to its own host: it sees the host's address.
			p.tuple = p.tuple.WithSrc(p.tuple.Dst.Addr())
		}
	}
	w.host(p, node)
}
