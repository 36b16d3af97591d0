package announce

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Want is one Service's wish that an address be drawn to nodes.
type Want struct {
	// Local: only nodes with an endpoint should draw it.
	Local bool
	// Serving are the nodes with an endpoint that serves, ready or terminating.
	Serving []string
	// Assigned: a load balancer controller gave the Service the address; an
	// externalIP is nobody's to announce.
	Assigned bool
	// Foreign: that controller is not MetalLB, whose objects say nothing of it.
	Foreign bool
	// Labels are what advertisements may select by.
	Labels cluster.Labels
	// Shares: whoever wants it carries a sharing key, whatever its value.
	Shares bool
	// First is the first of the addresses that belong together: it alone is
	// hashed. Zero: the address itself.
	First netip.Addr
}

// Table answers for the routers of one Snapshot. Immutable.
type Table struct {
	nodes    []cluster.Node
	index    *cluster.Index
	eligible []string
	wants    map[netip.Addr][]Want
	routers  []cluster.Router
	assumed  bool
	speakers speakers
	lacks    func(kind string) bool
}

// excludeLabel: "The label indicates that the node should be excluded from load
// balancers" (reference/labels-annotations-taints).
const excludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers"

// Compile builds the table. Without a router in the Fabric one is assumed, with
// static ECMP routes to every eligible node.
func Compile(s *cluster.Snapshot, x *cluster.Index, wants map[netip.Addr][]Want) *Table {
	t := &Table{nodes: s.Nodes, index: x, wants: wants, routers: s.Fabric.Routers, lacks: s.Lacks}
	if len(t.routers) == 0 {
		t.assumed = true
		t.routers = []cluster.Router{{Name: "gateway", Multipath: true, Routes: cluster.RoutesStatic}}
	}
	for i := range s.Nodes {
		if n := &s.Nodes[i]; Eligible(n) == "" {
			t.eligible = append(t.eligible, n.Name)
		}
	}
	t.speakers = compileSpeakers(s)
	return t
}

// Eligible returns "" when load balancers may use the node, else why not.
func Eligible(n *cluster.Node) string {
	if _, excluded := n.Labels[excludeLabel]; excluded {
		return "labelled " + excludeLabel
	}
	switch {
	case !n.Ready:
		return "not Ready"
	case n.NetworkUnavailable:
		return "NetworkUnavailable"
	}
	return ""
}

// Eligible returns the nodes that load balancers may use.
func (t *Table) Eligible() []string { return t.eligible }

// Routers returns the routers between clients and nodes.
func (t *Table) Routers() []cluster.Router { return t.routers }

// Assumed reports whether the router is an assumption.
func (t *Table) Assumed() bool { return t.assumed }

// Choice is where a router sends packets for one address.
type Choice struct {
	// Nodes are the next hops; several mean ECMP. Empty: nobody draws it.
	Nodes []string
	// Everyone is true when Nodes are all eligible nodes.
	Everyone bool
	// Known is false when the address is none of the cluster's: the router has
	// its own routes for it.
	Known bool
	// Unread is a kind of which objects could not be read that decide who draws the
	// address; Nodes says nothing then.
	Unread string
	Why    flow.Reason
	// Origins are the objects behind Why.
	Origins []flow.Origin
	// Assumption, if any, that Why rests on.
	Assumption flow.Reason
	// Also are assumptions about the router and its peers.
	Also []flow.Reason
}

// NextHops returns where the router sends packets for addr: to the node that
// owns it, to whom draws it if it is some Service's, or by a prefix.
func (t *Table) NextHops(r *cluster.Router, addr netip.Addr) Choice {
	c := t.nextHops(r, addr)
	if t.assumed && len(c.Also) == 0 {
		c.Also = []flow.Reason{flow.Because(flow.CodeAssumedRouter)}
	}
	return c
}

func (t *Table) nextHops(r *cluster.Router, addr netip.Addr) Choice {
	if n := t.index.NodeByIP(addr); n != nil {
		return Choice{Nodes: []string{n.Name}, Known: true, Why: flow.Because(flow.CodeRoutedToOwner, n.Name)}
	}
	if wants, ok := t.wants[addr]; ok {
		return t.draw(r, addr, wants)
	}
	if slices.ContainsFunc(r.Prefixes, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return t.prefix(r, addr)
	}
	return Choice{}
}

func (t *Table) prefix(r *cluster.Router, addr netip.Addr) Choice {
	if p := t.index.PodByIP(addr); p != nil && p.Node != "" {
		return Choice{Nodes: []string{p.Node}, Known: true, Why: flow.Because(flow.CodeRoutedToOwner, p.Node)}
	}
	return t.static(r, addr)
}

func (t *Table) draw(r *cluster.Router, addr netip.Addr, wants []Want) Choice {
	if kind := t.unread(r, wants); kind != "" {
		return Choice{Known: true, Unread: kind}
	}
	routes, detected := r.Routes, flow.Reason{}
	if t.assumed {
		routes, detected = t.detect(addr, wants)
	}
	c := Choice{}
	switch routes {
	case cluster.RoutesBGP:
		c = t.bgp(r, addr, wants)
	case cluster.RoutesL2:
		c = t.l2(addr, wants)
	default:
		return t.static(r, addr)
	}
	if !detected.IsZero() {
		c.Also = append([]flow.Reason{detected}, c.Also...)
	}
	return c
}

func (t *Table) static(r *cluster.Router, addr netip.Addr) Choice {
	nodes := r.Nodes
	if len(nodes) == 0 {
		c := t.limit(r, addr, t.eligible, "static")
		c.Everyone = len(c.Nodes) == len(t.eligible)
		return c
	}
	return t.limit(r, addr, nodes, "static")
}

// limit applies multipath: a router without ECMP uses one next hop only.
func (t *Table) limit(r *cluster.Router, addr netip.Addr, nodes []string, how string) Choice {
	c := Choice{Nodes: nodes, Known: true}
	switch {
	case len(nodes) == 0:
		c.Why = flow.Because(flow.CodeNotAnnounced, addr.String(), how)
	case !r.Multipath:
		c.Nodes = nodes[:1]
		c.Why = flow.Because(flow.CodeRoutedOne, nodes[0], how, strconv.Itoa(len(nodes)))
		c.Assumption = flow.Because(flow.CodeAssumedNextHop, r.Name, nodes[0])
	default:
		c.Why = flow.Because(flow.CodeRouted, strconv.Itoa(len(nodes)), how)
	}
	return c
}

// byAddress orders nodes by their address, the last tie-break of BGP's decision
// process (RFC 4271 9.1.2.2).
func (t *Table) byAddress(a, b string, v6 bool) int {
	return cmp.Or(t.index.Node(a).IP(v6).Compare(t.index.Node(b).IP(v6)), strings.Compare(a, b))
}
