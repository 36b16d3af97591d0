package path

import (
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/lbip"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/walk"
)

// pendingTarget is the load balancer address that a Service has not got, where
// that is what was asked for.
func pendingTarget(svc *cluster.Service, port *cluster.ServicePort, to parsedTo) (Target, bool) {
	if !lbip.Pending(svc) || to.at != "" && !strings.EqualFold(to.at, "vip") {
		return Target{}, false
	}
	return Target{Protocol: port.Protocol, Addr: netip.AddrPortFrom(netip.Addr{}, port.Port), Pending: svc}, true
}

// pending is a packet that has nowhere to go: it never leaves, and the steps say
// why there is no address.
func (w *walker) pending() {
	svc := w.target.Pending
	n := &notes{}
	p := &walk.Packet{Tuple: flow.Tuple{Protocol: w.target.Protocol, Dst: w.target.Addr}, Notes: n}
	n.enter(w.from.Machine())
	if w.from.assumed {
		n.assume(flow.CodeAssumedClient, w.from.Addrs[0].String())
	}
	origin := flow.Origin{Object: svc.Object(), Position: svc.Position}
	for _, r := range WhyPending(w.Model, svc) {
		n.step(flow.Step{Hook: flow.Send, Action: flow.Lose, Reason: r, Before: p.Tuple, After: p.Tuple, Origins: []flow.Origin{origin}})
	}
	w.End(p, flow.NotAnnounced, w.SeenFor(flow.NotAnnounced, w.target.Protocol, true))
}

// WhyPending says that a Service has no load balancer address, and why. It is
// nil for one that has, or that is of another type.
func WhyPending(m *model.Model, svc *cluster.Service) []flow.Reason {
	if !lbip.Pending(svc) {
		return nil
	}
	return append([]flow.Reason{flow.Because(flow.CodePending, svc.Namespace+"/"+svc.Name)}, m.Balancers.WhyPending(svc)...)
}

// Drawn reports whether a router sends an address to any node.
func Drawn(m *model.Model, to string) bool {
	addr, _, _ := strings.Cut(to, "/")
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return false
	}
	routers := m.Announce.Routers()
	for i := range routers {
		if len(m.Announce.NextHops(&routers[i], ap.Addr()).Nodes) > 0 {
			return true
		}
	}
	return false
}
