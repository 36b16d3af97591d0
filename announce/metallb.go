package announce

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// The kinds of advertisement, as the API names them.
const (
	kindBGP = "BGPAdvertisement"
	kindL2  = "L2Advertisement"
)

// speakers are MetalLB's objects, compiled: which advertisements are for which
// pool, and which nodes they select. Empty where the input holds no pool.
type speakers struct {
	pools []announced
	peers []cluster.BGPPeer
	all   map[string][]flow.Origin // the advertisements by kind, pools or not
}

// announced is a pool and what announces it.
type announced struct {
	pool *cluster.IPAddressPool
	ads  map[string][]advertisement // by kind
}

// advertisement is one of either kind.
type advertisement struct {
	origin     flow.Origin
	nodes      map[string]bool
	services   []cluster.LabelSelector
	peers      []string
	interfaces []string
	scores     map[string]int
}

func compileSpeakers(s *cluster.Snapshot) speakers {
	m := &s.MetalLB
	out := speakers{peers: m.BGPPeers, all: map[string][]flow.Origin{}}
	for i := range m.Pools {
		out.pools = append(out.pools, announced{pool: &m.Pools[i], ads: map[string][]advertisement{}})
	}
	for i := range m.BGPAdvertisements {
		b := &m.BGPAdvertisements[i]
		ad := advertisement{
			origin: flow.Origin{Object: b.Object(), Position: b.Position}, nodes: selected(s, b.NodeSelectors),
			services: b.ServiceSelectors, peers: b.Peers,
		}
		out.add(kindBGP, ad, b.Pools, b.PoolSelectors)
	}
	for i := range m.L2Advertisements {
		l := &m.L2Advertisements[i]
		ad := advertisement{
			origin: flow.Origin{Object: l.Object(), Position: l.Position}, nodes: selected(s, l.NodeSelectors),
			services: l.ServiceSelectors, interfaces: l.Interfaces, scores: scores(s, l.Preferred),
		}
		out.add(kindL2, ad, l.Pools, l.PoolSelectors)
	}
	return out
}

func (x *speakers) add(kind string, ad advertisement, pools []string, selectors []cluster.LabelSelector) {
	x.all[kind] = append(x.all[kind], ad.origin)
	for i := range x.pools {
		if p := &x.pools[i]; cluster.SelectsPool(pools, selectors, p.pool) {
			p.ads[kind] = append(p.ads[kind], ad)
		}
	}
}

func selected(s *cluster.Snapshot, selectors []cluster.LabelSelector) map[string]bool {
	out := map[string]bool{}
	for i := range s.Nodes {
		if n := &s.Nodes[i]; cluster.AnySelects(selectors, n.Labels) {
			out[n.Name] = true
		}
	}
	return out
}

func scores(s *cluster.Snapshot, preferred []cluster.PreferredNodes) map[string]int {
	out := map[string]int{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		for j := range preferred {
			if preferred[j].Selector.Matches(n.Labels) {
				out[n.Name] += preferred[j].Weight
			}
		}
	}
	return out
}

// poolOf is the pool that holds the address, or nil.
func (x *speakers) poolOf(addr netip.Addr) *announced {
	for i := range x.pools {
		if x.pools[i].pool.Holds(addr) {
			return &x.pools[i]
		}
	}
	return nil
}

// peersOf are the peers that are this router: those with one of its addresses,
// else all, since a router has more addresses than the Fabric tells. assumed:
// the input holds none.
func (x *speakers) peersOf(r *cluster.Router) (peers []*cluster.BGPPeer, assumed bool) {
	var all []*cluster.BGPPeer
	for i := range x.peers {
		p := &x.peers[i]
		all = append(all, p)
		if slices.Contains(r.Addresses, p.Address) {
			peers = append(peers, p)
		}
	}
	if len(peers) == 0 {
		peers = all
	}
	return peers, len(all) == 0
}

// detect infers how routers learn an address from the advertisements that are
// for its pool. Without MetalLB, or for an address that it did not give, routes
// are static: the zero Reason.
func (t *Table) detect(addr netip.Addr, wants []Want) (cluster.Routes, flow.Reason) {
	x := &t.speakers
	ours := slices.ContainsFunc(wants, func(w Want) bool { return w.Assigned && !w.Foreign })
	if !ours || len(x.pools)+len(x.all[kindBGP])+len(x.all[kindL2]) == 0 {
		return cluster.RoutesStatic, flow.Reason{}
	}
	bgp, l2 := x.all[kindBGP], x.all[kindL2]
	if p := x.poolOf(addr); p != nil && len(p.ads) > 0 {
		bgp, l2 = adOrigins(p.ads[kindBGP]), adOrigins(p.ads[kindL2])
	}
	switch {
	case len(bgp) > 0:
		return cluster.RoutesBGP, flow.Because(flow.CodeDetectedRouter, "BGP", objects(bgp))
	case len(l2) > 0:
		return cluster.RoutesL2, flow.Because(flow.CodeDetectedRouter, "L2", objects(l2))
	}
	return cluster.RoutesL2, flow.Because(flow.CodeDetectedRouter, "MetalLB", x.pools[0].pool.Object().String())
}

// decisive are the kinds that say who announces an address.
var decisive = []string{"IPAddressPool", kindBGP, kindL2, "BGPPeer"}

// unread is a kind that decides about an address and could not be read, "" if none:
// MetalLB's objects for what it may have given, where the Fabric does not say how the
// router learns its routes, or says that nodes announce them; and Services, for what
// those may share.
func (t *Table) unread(r *cluster.Router, wants []Want) string {
	ours := slices.ContainsFunc(wants, func(w Want) bool { return w.Assigned && !w.Foreign })
	if !ours || !t.assumed && r.Routes != cluster.RoutesBGP && r.Routes != cluster.RoutesL2 {
		return ""
	}
	for _, kind := range decisive {
		if t.lacks(kind) {
			return kind
		}
	}
	if t.lacks("Service") && slices.ContainsFunc(wants, func(w Want) bool { return w.Shares }) && len(t.speakers.all) > 0 {
		return "Service"
	}
	return ""
}

// Announced reports whether nodes announce the address to the router, by BGP or
// L2: then the route to a node comes and goes with what serves there.
func (t *Table) Announced(r *cluster.Router, addr netip.Addr) bool {
	routes := r.Routes
	if t.assumed {
		routes, _ = t.detect(addr, t.wants[addr])
	}
	return routes == cluster.RoutesBGP || routes == cluster.RoutesL2
}

// question is one address and who may announce it, by one kind.
type question struct {
	addr       netip.Addr
	kind       string
	wants      []Want
	offers     []offer
	configured bool // MetalLB's objects decide
	either     bool // advertisements of neither kind are for the pool
	absent     bool // the input holds none at all
	pool       *announced
}

// offer is one Want with the advertisements that are for it, and the nodes they
// leave.
type offer struct {
	want  *Want
	could []string
	ads   []*advertisement
	nodes []string
}

// asked works out the offers. Without a pool in the input, and for another
// controller's addresses, every node that could announce does.
func (t *Table) asked(addr netip.Addr, wants []Want, kind string) *question {
	x := &question{addr: addr, kind: kind, wants: wants, pool: t.speakers.poolOf(addr)}
	x.configured = len(t.speakers.pools) > 0
	x.either = x.pool != nil && len(x.pool.ads) == 0
	x.absent = len(t.speakers.all) == 0
	for i := range wants {
		w := &wants[i]
		o := offer{want: w, could: t.could(w)}
		switch {
		case !x.configured || w.Foreign:
			o.nodes = o.could
		case x.pool != nil && w.Assigned:
			o.ads = adsFor(x.pool.ads[kind], w)
			if !(kind == kindL2 && w.Shares && selective(o.ads) != nil) {
				o.nodes = o.selected()
			}
		}
		x.offers = append(x.offers, o)
	}
	return x
}

// adsFor are the advertisements whose serviceSelectors want the labels.
func adsFor(ads []advertisement, w *Want) []*advertisement {
	var out []*advertisement
	for i := range ads {
		if cluster.AnySelects(ads[i].services, w.Labels) {
			out = append(out, &ads[i])
		}
	}
	return out
}

// selective is an advertisement that selects Services, or nil: MetalLB's L2
// speakers announce none with a sharing key by it.
func selective(ads []*advertisement) *advertisement {
	for _, a := range ads {
		if len(a.services) > 0 {
			return a
		}
	}
	return nil
}

func (o *offer) selected() []string {
	var out []string
	for _, n := range o.could {
		if slices.ContainsFunc(o.ads, func(a *advertisement) bool { return a.nodes[n] }) {
			out = append(out, n)
		}
	}
	return out
}

// nodes names the nodes that could announce and are selected.
func (x *question) nodes() string {
	var all []string
	for i := range x.offers {
		all = append(all, x.offers[i].nodes...)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

func adOrigins(ads []advertisement) []flow.Origin {
	var out []flow.Origin
	for i := range ads {
		out = append(out, ads[i].origin)
	}
	return out
}

func peerOrigins(peers []*cluster.BGPPeer) []flow.Origin {
	var out []flow.Origin
	for _, p := range peers {
		out = append(out, flow.Origin{Object: p.Object(), Position: p.Position})
	}
	return out
}

// objects names the objects.
func objects(origins []flow.Origin) string {
	var names []string
	for _, o := range origins {
		names = append(names, o.Object.String())
	}
	return strings.Join(names, ", ")
}
