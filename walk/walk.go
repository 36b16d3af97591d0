package walk

import (
	"net/netip"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Start is where packets begin.
type Start struct {
	Kind  flow.MachineKind // Client, Node (a process of it) or Pod (with a network of its own)
	Name  string           // of a client, for the record
	Addrs []netip.Addr     // of a client or pod; a process's depends on where it goes
	Node  string           // of a process or pod
	Pod   *cluster.Pod     // a pod; of a process: the hostNetwork pod, if it is one's
}

// Addr is the start's address of a family, or the zero Addr.
func (s *Start) Addr(v6 bool) netip.Addr {
	for _, a := range s.Addrs {
		if a.Is6() == v6 {
			return a
		}
	}
	return netip.Addr{}
}

// Machine is the machine that packets begin at.
func (s *Start) Machine() flow.Machine {
	switch s.Kind {
	case flow.MachinePod:
		return flow.Machine{Kind: flow.MachinePod, Namespace: s.Pod.Namespace, Name: s.Pod.Name}
	case flow.MachineNode:
		return flow.Machine{Kind: flow.MachineNode, Name: s.Node}
	default:
		return flow.Machine{Kind: flow.MachineClient, Name: s.Name}
	}
}

// Question is a packet: from whom to which address and port.
type Question struct {
	From     *Start
	Protocol flow.Protocol
	To       netip.AddrPort
	// Pod is the pod, if one was asked for by name: of those that share a node's
	// network it is the one that answers.
	Pod flow.Object
	// Via is the first node of a client's packet; "" leaves it to the router.
	Via string
}

// Guide says which of the branches that reality may choose from are walked, and
// keeps what comes of them.
//
// Whoever leaves branches out must have walked one that no table of the Model
// tells from them.
type Guide interface {
	// Firsts walks a router's next hops: it calls Enter for each, or for some.
	// There is at least one. The packet is the Guide's to fork or to use up.
	Firsts(p *Packet, choice *announce.Choice)
	// Endpoints walks those that a node chooses from: it calls Through for each, or
	// for some. There is at least one. The packet is the Guide's as above.
	Endpoints(p *Packet, draw *Draw)
	// Judged is what an enforcer found. The packet goes on by what Judged returns:
	// the same, or less of it.
	Judged(p *Packet, s *model.Stop, found []model.Judgement) []model.Judgement
	// End is how a branch ends.
	End(p *Packet, fate flow.Fate, seen flow.Seen)
}

// Draw is a node about to choose an endpoint.
type Draw struct {
	Node     string
	Process  bool // the packet is of a process of this node
	Front    *service.Front
	Trip     model.Trip
	Backends []*service.Backend
}

// Walker walks the packet of one Question. Scribe may be nil.
type Walker struct {
	*model.Model
	Question
	Guide  Guide
	Scribe Scribe
}

// Walk walks the packet from its start, by every branch the Guide wants.
func (w *Walker) Walk(notes Notes) {
	p := &Packet{Tuple: flow.Tuple{Protocol: w.Protocol, Dst: w.To}, Notes: notes}
	switch w.From.Kind {
	case flow.MachineClient:
		w.fromClient(p)
	case flow.MachineNode:
		w.fromProcess(p)
	default:
		w.fromPod(p)
	}
}

func (w *Walker) fromClient(p *Packet) {
	p.Tuple = p.Tuple.WithSrc(w.From.Addr(w.To.Addr().Is6()))
	w.enter(p, w.From.Machine())
	if !p.Tuple.Src.Addr().IsValid() {
		w.step(p, flow.Send, flow.Lose, flow.CodeNoFamily, About{})
		w.end(p, flow.NoRoute, "")
		return
	}
	w.step(p, flow.Send, flow.Route, flow.CodeSent, About{})
	w.routers(p, w.Via)
}

// fromProcess starts at output instead of prerouting, with the address of the
// device the packet would leave by.
func (w *Walker) fromProcess(p *Packet) {
	p.First = w.From.Node
	dst := p.Tuple.Dst.Addr()
	loc := w.Locate(w.From.Node, dst)
	src := dst // a socket to an address of its own host uses that very address
	if loc.Place != model.Here && !w.Bound(dst) {
		src = w.sourceOf(p, w.From.Node, loc.Toward(), dst.Is6())
	}
	p.Tuple = p.Tuple.WithSrc(src)
	w.node(p, w.From.Node, true)
}

// fromPod leaves the pod; what a pod sends to itself never does.
func (w *Walker) fromPod(p *Packet) {
	p.First = w.From.Node
	src := w.From.Addr(p.Tuple.Dst.Addr().Is6())
	p.Tuple = p.Tuple.WithSrc(src)
	w.enter(p, w.From.Machine())
	switch {
	case !src.IsValid():
		w.step(p, flow.Send, flow.Lose, flow.CodeNoFamily, About{})
		w.end(p, flow.NoRoute, w.From.Node)
	case p.Tuple.Dst.Addr() == src || p.Tuple.Dst.Addr().IsLoopback():
		p.Tuple = p.Tuple.WithSrc(p.Tuple.Dst.Addr()) // as any host that talks to itself
		w.step(p, flow.Send, flow.Exempt, flow.CodeLoopback, About{})
		w.listen(p, w.From.Pod, w.From.Node)
	default:
		w.step(p, flow.Send, flow.Route, flow.CodeSent, About{})
		w.node(p, w.From.Node, false)
	}
}

// sourceOf is the address a node uses toward somewhere.
func (w *Walker) sourceOf(p *Packet, node string, toward cluster.Toward, v6 bool) netip.Addr {
	w.tell(p, Note{Kind: Sourced, About: About{Node: node, Toward: toward, IPv6: v6}})
	return w.Profile.SourceOf(node, toward, v6)
}

// police lets a node's enforcer look. It reports false when the packet ended.
func (w *Walker) police(p *Packet, s model.Stop) bool {
	s.NATs = p.NATs
	undecided := false
	found := w.Guide.Judged(p, &s, w.Police(s))
	for i := range found {
		switch j := &found[i]; {
		case j.Passes():
		case j.Decision.Verdict == policy.Undecided:
			undecided = true
		default:
			w.end(p, flow.DeniedByPolicy, s.Node)
			return false
		}
	}
	if undecided {
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	}
	return !undecided
}

// end closes a branch. errorFrom is the node a refusal starts from; it matters
// only where the fate comes with one.
func (w *Walker) end(p *Packet, fate flow.Fate, errorFrom string) {
	returns, lost := w.Returns(p.NATs, errorFrom)
	seen := w.SeenFor(fate, w.Protocol, returns)
	if !returns && seen != w.SeenFor(fate, w.Protocol, true) {
		w.step(p, flow.Reply, flow.Lose, flow.CodeErrorLost, About{Node: lost})
	}
	w.endAs(p, fate, seen)
}

func (w *Walker) endAs(p *Packet, fate flow.Fate, seen flow.Seen) {
	if seen == flow.SeenUnknown && fate != flow.Unknown {
		seen = flow.Timeout
	}
	w.Guide.End(p, fate, seen)
}

// ErrorReturns reports whether an error that a node raises finds the way back
// through everything that translated the packet.
func (w *Walker) ErrorReturns(p *Packet, from string) bool {
	ok, _ := w.Returns(p.NATs, from)
	return ok
}
