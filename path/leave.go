package path

import (
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// leave sends the packet out by the default gateway.
func (w *walker) leave(p *packet, node string) {
	addr := p.tuple.Dst.Addr()
	switch {
	case w.m.ServiceAddress(addr) && !w.routed(addr):
		p.step(flow.Forward, flow.Lose, flow.Because(flow.CodeNotCaptured, p.tuple.Dst.String()))
		w.end(p, flow.NotCaptured, node)
	case w.foreignBalancer(addr) && w.m.Announce.Assumed():
		w.unknownBalancer(p)
	default:
		w.routers(p, "")
	}
}

// routed reports whether some router sends the address back to the nodes.
func (w *walker) routed(addr netip.Addr) bool {
	routers := w.m.Announce.Routers()
	for i := range routers {
		if w.m.Announce.NextHops(&routers[i], addr).Known {
			return true
		}
	}
	return false
}

// nobody is an address of the pods' range that no pod of the input has.
func (w *walker) nobody(p *packet, node string, process bool) {
	addr := p.tuple.Dst.Addr()
	if len(w.m.Snapshot.Pods) == 0 {
		p.step(flow.Forward, flow.Lose, flow.Because(flow.CodeNoPod, addr.String()))
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
		return
	}
	if at := w.m.ClosedBy(node, addr, process); at != "" {
		p.step(flow.Forward, w.m.Denial(), flow.Because(flow.CodeClosedToUnknown, addr.String(), at))
		w.endAs(p, flow.NoRoute, w.m.SeenFor(flow.DeniedByPolicy, p.tuple.Protocol, w.errorReturns(p, at)))
		return
	}
	p.step(flow.Forward, flow.Lose, flow.Because(flow.CodeNoPod, addr.String()))
	w.end(p, flow.NoRoute, node)
}
