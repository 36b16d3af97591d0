package path

import (
	"net/netip"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// start sends the packet from where it begins.
func (w *walker) start() error {
	dst, proto := w.target.Addr, w.target.Protocol
	if w.target.Pending != nil {
		w.pending()
		return nil
	}
	v6 := dst.Addr().Is6()
	p := &packet{tuple: flow.Tuple{Protocol: proto, Dst: dst}}
	switch w.from.kind {
	case flow.MachineClient:
		return w.fromClient(p, v6)
	case flow.MachineNode:
		w.fromProcess(p)
	default:
		w.fromPod(p, v6)
	}
	return nil
}

func (w *walker) fromClient(p *packet, v6 bool) error {
	p.tuple = p.tuple.WithSrc(w.from.addr(v6))
	p.enter(w.from.machine())
	if !p.tuple.Src.Addr().IsValid() {
		p.step(flow.Send, flow.Lose, flow.Because(flow.CodeNoFamily, w.from.name, family(v6)))
		w.end(p, flow.NoRoute, "")
		return nil
	}
	p.step(flow.Send, flow.Route, flow.Because(flow.CodeSent, p.tuple.Src.Addr().String()))
	if w.from.assumed {
		p.assume(flow.CodeAssumedClient, p.tuple.Src.Addr().String())
	}
	if w.target.Addr.Addr().IsLoopback() {
		return wrong(w.target.Addr.String(), "ask from node/NAME or pod/NAMESPACE/NAME", "a loopback address never leaves its own host")
	}
	if owner := w.m.Index.NodeByIP(w.target.Addr.Addr()); owner != nil && w.q.Via != "" && owner.Name != w.q.Via {
		return wrong(w.q.Via, "use --via "+owner.Name+" or leave it out",
			"%s is an address of node %s, a packet to it cannot enter elsewhere", w.target.Addr.Addr(), owner.Name)
	}
	w.routers(p, w.q.Via)
	return nil
}

func family(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

// routers sends the packet through every router that may be on its way.
func (w *walker) routers(p *packet, via string) {
	routers := w.m.Announce.Routers()
	for i := range routers {
		w.router(p.fork(), &routers[i], via)
	}
}

// router picks the next hop: each one it may pick is a branch.
func (w *walker) router(p *packet, r *cluster.Router, via string) {
	if !p.enter(flow.Machine{Kind: flow.MachineRouter, Name: r.Name}) {
		w.loop(p, flow.Machine{Kind: flow.MachineRouter, Name: r.Name})
		return
	}
	choice := w.m.Announce.NextHops(r, p.tuple.Dst.Addr())
	p.assumed = append(p.assumed, choice.Also...)
	if via != "" {
		w.forced(p, r, choice, via)
		return
	}
	switch {
	case w.m.Lacks("Node"):
		p.step(flow.Routing, flow.Doubt, flow.Because(flow.CodeMissingKind, "Node"))
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	case !choice.Known:
		w.outside(p)
	case len(choice.Nodes) == 0:
		p.step(flow.Routing, flow.Lose, choice.Why, choice.Origins...)
		w.end(p, flow.NotAnnounced, "")
	case w.foreignBalancer(p.tuple.Dst.Addr()) && w.m.Announce.Assumed():
		w.unknownBalancer(p)
	default:
		if !choice.Assumption.IsZero() {
			p.assumed = append(p.assumed, choice.Assumption)
		}
		for _, g := range w.alikeNodes(p, choice) {
			q := p.fork()
			q.step(flow.Routing, flow.Route, choice.Why)
			if len(g.Names) > 1 {
				q.stands.nodes = g
			}
			w.reach(q, g.Names[0])
		}
	}
}

// forced is a route that the question chose.
func (w *walker) forced(p *packet, r *cluster.Router, choice announce.Choice, via string) {
	p.step(flow.Routing, flow.Route, flow.Because(flow.CodeRoutedVia, via))
	offered := false
	for _, n := range choice.Nodes {
		offered = offered || n == via
	}
	if !offered {
		p.assume(flow.CodeAssumedRouted, p.tuple.Dst.Addr().String(), via, r.Name)
	}
	w.reach(p, via)
}

func (w *walker) reach(p *packet, node string) {
	if p.first == "" {
		p.first = node
	}
	w.node(p, node, false)
}

// foreignBalancer reports whether the address is kept by a load balancer of its
// own (ipMode: Proxy), about which nothing is known without a Fabric.
func (w *walker) foreignBalancer(addr netip.Addr) bool { return w.m.Services.ProxyMode(addr) != nil }

func (w *walker) unknownBalancer(p *packet) {
	svc := w.m.Services.ProxyMode(p.tuple.Dst.Addr())
	p.step(flow.Routing, flow.Doubt,
		flow.Because(flow.CodeNotCapturedProxy, p.tuple.Dst.Addr().String(), svc.Namespace+"/"+svc.Name),
		flow.Origin{Object: svc.Object(), Field: "status.loadBalancer", Position: svc.Position})
	w.endAs(p, flow.Unknown, flow.SeenUnknown)
}

// outside is an address that is not the cluster's. From outside that is a
// question about somebody else's network; from inside the packet has left.
func (w *walker) outside(p *packet) {
	dst := p.tuple.Dst
	if p.first == "" {
		p.step(flow.Routing, flow.Lose, flow.Because(flow.CodeNoRoute, dst.Addr().String()))
		w.end(p, flow.NoRoute, "")
		return
	}
	if w.m.ServiceAddress(dst.Addr()) {
		// Another router knows the way; this one has nobody to give it to.
		p.step(flow.Routing, flow.Lose, flow.Because(flow.CodeNotCaptured, dst.String()))
		w.end(p, flow.NotCaptured, "")
		return
	}
	p.step(flow.Routing, flow.Route, flow.Because(flow.CodeForwarded, dst.Addr().String()))
	p.enter(flow.Machine{Kind: flow.MachineOutside, Name: dst.Addr().String()})
	p.assume(flow.CodeAssumedOutside, dst.String())
	w.accept(p, dst.String(), "")
}

func (w *walker) loop(p *packet, at flow.Machine) {
	p.step(flow.Routing, flow.Lose, flow.Because(flow.CodeLoop, p.tuple.Dst.Addr().String(), at.String()))
	w.end(p, flow.Loop, "")
}
