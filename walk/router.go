package walk

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// routers sends the packet through every router that may be on its way.
func (w *Walker) routers(p *Packet, via string) {
	all := w.Announce.Routers()
	for i := range all {
		q := p
		if i < len(all)-1 {
			q = p.Fork()
		}
		w.router(q, &all[i], via)
	}
}

// router picks the next hop: each one it may pick is a branch.
func (w *Walker) router(p *Packet, r *cluster.Router, via string) {
	at := flow.Machine{Kind: flow.MachineRouter, Name: r.Name}
	if !w.enter(p, at) {
		w.loop(p, at)
		return
	}
	choice := w.Announce.NextHops(r, p.Tuple.Dst.Addr())
	w.tell(p, Note{Kind: Routed, About: About{Choice: &choice}})
	if via != "" {
		w.step(p, flow.Routing, flow.Route, flow.CodeRoutedVia, About{Node: via, Router: r, Choice: &choice})
		w.Enter(p, via)
		return
	}
	switch {
	case w.Lacks("Node"):
		w.missing(p, flow.Routing, "Node")
	case choice.Unread != "":
		w.missing(p, flow.Routing, choice.Unread)
	case !choice.Known:
		w.outside(p)
	case len(choice.Nodes) == 0:
		w.tell(p, Note{Hook: flow.Routing, Action: flow.Lose, Reason: choice.Why, About: About{Choice: &choice}})
		w.end(p, flow.NotAnnounced, "")
	case w.foreignBalancer(p.Tuple.Dst.Addr()):
		w.unknownBalancer(p)
	default:
		w.Guide.Firsts(p, &choice)
	}
}

// missing ends where objects of a kind would say how it goes on.
func (w *Walker) missing(p *Packet, hook flow.Hook, kind string) {
	w.step(p, hook, flow.Doubt, flow.CodeMissingKind, About{Object: flow.Object{Kind: kind}})
	w.endAs(p, flow.Unknown, flow.SeenUnknown)
}

// Enter brings the packet to a node that a router chose.
func (w *Walker) Enter(p *Packet, node string) {
	if p.First == "" {
		p.First = node
	}
	w.node(p, node, false)
}

// foreignBalancer reports whether the address is kept by a load balancer of its
// own (ipMode: Proxy), about which nothing is known without a Fabric.
func (w *Walker) foreignBalancer(addr netip.Addr) bool {
	return w.Services.ProxyMode(addr) != nil && w.Announce.Assumed()
}

func (w *Walker) unknownBalancer(p *Packet) {
	w.step(p, flow.Routing, flow.Doubt, flow.CodeNotCapturedProxy, About{Service: w.Services.ProxyMode(p.Tuple.Dst.Addr())})
	w.endAs(p, flow.Unknown, flow.SeenUnknown)
}

// outside is an address that is not the cluster's. From outside that is a
// question about somebody else's network; from inside the packet has left.
func (w *Walker) outside(p *Packet) {
	if p.First == "" && w.Lacks("Service") { // it may be any Service's address
		w.missing(p, flow.Routing, "Service")
		return
	}
	if p.First == "" {
		w.step(p, flow.Routing, flow.Lose, flow.CodeNoRoute, About{})
		w.end(p, flow.NoRoute, "")
		return
	}
	if w.ServiceAddress(p.Tuple.Dst.Addr()) {
		// Another router knows the way; this one has nobody to give it to.
		w.step(p, flow.Routing, flow.Lose, flow.CodeNotCaptured, About{})
		w.end(p, flow.NotCaptured, "")
		return
	}
	if w.MayBePod() {
		w.missing(p, flow.Routing, "Pod")
		return
	}
	w.step(p, flow.Routing, flow.Route, flow.CodeForwarded, About{})
	w.enter(p, flow.Machine{Kind: flow.MachineOutside, Name: p.Tuple.Dst.Addr().String()})
	w.tell(p, Note{Kind: Assumed, Code: flow.CodeAssumedOutside})
	w.accept(p, About{}, "")
}

func (w *Walker) loop(p *Packet, at flow.Machine) {
	w.tell(p, Note{Hook: flow.Routing, Action: flow.Lose, Code: flow.CodeLoop, Machine: at})
	w.end(p, flow.Loop, "")
}

// leave sends the packet out by the default gateway.
func (w *Walker) leave(p *Packet, node string) {
	addr := p.Tuple.Dst.Addr()
	switch {
	case w.ServiceAddress(addr) && !w.routed(addr):
		w.step(p, flow.Forward, flow.Lose, flow.CodeNotCaptured, About{})
		w.end(p, flow.NotCaptured, node)
	case w.foreignBalancer(addr):
		w.unknownBalancer(p)
	default:
		w.routers(p, "")
	}
}

// routed reports whether some router sends the address back to the nodes.
func (w *Walker) routed(addr netip.Addr) bool {
	all := w.Announce.Routers()
	for i := range all {
		if w.Announce.NextHops(&all[i], addr).Known {
			return true
		}
	}
	return false
}
