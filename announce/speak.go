package announce

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// could are the nodes that one Want lets announce, whatever advertisements say,
// as MetalLB decides (speaker/bgp_controller.go, layer2_controller.go): for
// Cluster every eligible node once anything serves, for Local the eligible nodes
// where something serves.
func (t *Table) could(w *Want) []string {
	if !w.Assigned || len(w.Serving) == 0 {
		return nil
	}
	if !w.Local {
		return t.eligible
	}
	var nodes []string
	for _, n := range t.eligible {
		if slices.Contains(w.Serving, n) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// bgp are the nodes that announce the address to the router. A route is the
// address's, not the Service's, so of a shared one it is the union.
func (t *Table) bgp(r *cluster.Router, addr netip.Addr, wants []Want) Choice {
	x := t.asked(addr, wants, kindBGP)
	peers, assumed := t.speakers.peersOf(r)
	var nodes []string
	drawn := map[string]bool{}
	for i := range x.offers {
		o := &x.offers[i]
		for _, n := range o.nodes {
			if !drawn[n] && t.reaches(peers, n, o) {
				drawn[n] = true
				nodes = append(nodes, n)
			}
		}
	}
	slices.SortFunc(nodes, func(a, b string) int { return t.byAddress(a, b, addr.Is6()) })
	if len(nodes) == 0 {
		c := x.nobody()
		if c.Why.Code == "" {
			c.Why = flow.Because(flow.CodeNoPeerOnNodes, addr.String(), objects(peerOrigins(peers)), x.nodes())
			c.Origins = peerOrigins(peers)
		}
		return c
	}
	c := t.limit(r, addr, nodes, "bgp")
	if assumed && x.configured {
		c.Also = append(c.Also, flow.Because(flow.CodeAssumedPeers))
	}
	return c
}

// reaches reports whether a node has a session that the offer goes out by.
// Without any peer in the input each node is taken to have one.
func (t *Table) reaches(peers []*cluster.BGPPeer, node string, o *offer) bool {
	if len(t.speakers.peers) == 0 || len(o.ads) == 0 {
		return true
	}
	labels := t.index.Node(node).Labels
	return slices.ContainsFunc(peers, func(p *cluster.BGPPeer) bool {
		return cluster.AnySelects(p.NodeSelectors, labels) && slices.ContainsFunc(o.ads, func(a *advertisement) bool {
			return a.nodes[node] && (len(a.peers) == 0 || slices.Contains(a.peers, p.Name))
		})
	})
}

// l2 is the node that answers for the address. Each sharer's speakers elect one;
// as they hash the same address they agree, unless their candidates differ.
func (t *Table) l2(addr netip.Addr, wants []Want) Choice {
	x := t.asked(addr, wants, kindL2)
	var leaders []string
	candidates, c := 0, Choice{Known: true}
	for i := range x.offers {
		o := &x.offers[i]
		if len(o.nodes) == 0 {
			continue
		}
		l := o.leader(addr)
		if !slices.Contains(leaders, l) {
			leaders = append(leaders, l)
		}
		candidates = max(candidates, len(o.nodes))
		c.Also = flow.Merge(c.Also, o.interfaces(l))
	}
	switch len(leaders) {
	case 0:
		return x.nobody()
	case 1:
		c.Why = flow.Because(flow.CodeRoutedLeader, leaders[0], strconv.Itoa(candidates))
	default:
		slices.Sort(leaders)
		c.Why = flow.Because(flow.CodeRoutedLeaders, strings.Join(leaders, ", "))
	}
	c.Nodes = leaders
	c.Assumption = flow.Because(flow.CodeAssumedLeader, strings.Join(leaders, ", "))
	return c
}

// leader is the candidate with the highest preference, then the lowest sha256
// of "node#address", which is how MetalLB's speakers agree without talking.
func (o *offer) leader(addr netip.Addr) string {
	if o.want.First.IsValid() {
		addr = o.want.First
	}
	hash := func(n string) []byte {
		h := sha256.Sum256([]byte(n + "#" + addr.String()))
		return h[:]
	}
	return slices.MinFunc(o.nodes, func(a, b string) int {
		return cmp.Or(cmp.Compare(o.score(b), o.score(a)), bytes.Compare(hash(a), hash(b)))
	})
}

func (o *offer) score(node string) int {
	n := 0
	for _, a := range o.ads {
		n += a.scores[node]
	}
	return n
}

// interfaces are the assumptions about where a leader answers: on all of its
// interfaces, unless every advertisement names some.
func (o *offer) interfaces(node string) []flow.Reason {
	var out []flow.Reason
	for _, a := range o.ads {
		switch {
		case !a.nodes[node]:
		case len(a.interfaces) == 0:
			return nil
		default:
			out = append(out, flow.Because(flow.CodeAssumedInterfaces, a.origin.Object.String(), strings.Join(a.interfaces, ", ")))
		}
	}
	return out
}
