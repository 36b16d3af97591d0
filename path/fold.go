package path

import (
	"maps"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
	"github.com/portolan-net/portolan/walk"
)

// fold is what a packet in progress stands for: the first nodes and endpoints
// that are walked by one of them. The zero value stands for itself.
type fold struct {
	nodes    model.Nodes        // the first nodes; none: the packet's own
	backends []*service.Backend // nil: the packet's own
	count    int                // paths, 0: one
	// toward is set where the first node masquerades: each node of nodes has an
	// address of its own.
	masquerades bool
	toward      cluster.Toward
}

// Firsts walks the next hops, one of each group that fares alike.
func (w *walker) Firsts(p *walk.Packet, choice *announce.Choice) {
	n := notesOf(p)
	if !choice.Assumption.IsZero() {
		n.assumed = append(n.assumed, choice.Assumption)
	}
	groups := w.alikeNodes(p, choice)
	for i, g := range groups {
		q := p
		if i < len(groups)-1 {
			q = p.Fork()
		}
		n := notesOf(q)
		n.step(flow.Step{Hook: flow.Routing, Action: flow.Route, Reason: choice.Why, Before: q.Tuple, After: q.Tuple})
		if g.Len() > 1 {
			n.stands.nodes = g
		}
		w.Enter(q, g.First())
	}
}

// Endpoints walks the endpoints that a node chooses from, one of each group that
// fares alike.
func (w *walker) Endpoints(p *walk.Packet, d *walk.Draw) {
	candidates := w.candidates(p, d)
	groups := w.alikeBackends(p, d)
	for i := range groups {
		g, q := &groups[i], p
		if i < len(groups)-1 {
			q = p.Fork()
		}
		w.choose(q, d, candidates, g)
		w.Through(q, d, g.shown, g.number)
	}
}

// alikeNodes groups the next hops of a packet that fare alike; without folding
// each stands alone.
func (w *walker) alikeNodes(p *walk.Packet, choice *announce.Choice) []model.Nodes {
	var groups []model.Nodes
	v6 := p.Tuple.Dst.Addr().Is6()
	if !w.fold || p.First != "" {
		for _, n := range choice.Nodes {
			groups = append(groups, w.Group([]string{n}, v6))
		}
		return groups
	}
	own := w.ownBackends(p)
	nodes := choice.Nodes
	if choice.Everyone {
		// Nodes without endpoints of their own were grouped once and for all.
		nodes = slices.Sorted(maps.Keys(own))
		groups = w.Everyone(v6, nodes)
		nodes = slices.DeleteFunc(nodes, func(n string) bool { return !w.IsEligible(n) })
	}
	type key struct {
		model.NodeKey
		own string
	}
	names := map[key][]string{}
	var order []key
	for _, n := range nodes {
		k := key{w.AlikeNode(n, p.Tuple.Src.Addr()), own[n]}
		if names[k] == nil {
			order = append(order, k)
		}
		names[k] = append(names[k], n)
	}
	for _, k := range order {
		groups = append(groups, w.Group(names[k], v6))
	}
	return groups
}

// mostKinds of endpoints are told apart by one byte.
const mostKinds = 200

// ownBackends says for each node with endpoints of its own which they are: how
// many of each kind that fares alike.
func (w *walker) ownBackends(p *walk.Packet) map[string]string {
	own := map[string]string{}
	for _, f := range w.Services.At(p.Tuple.Dst, p.Tuple.Protocol) {
		if f.Backends.HintsNodes() {
			for i := range w.Snapshot.Nodes {
				own[w.Snapshot.Nodes[i].Name] = w.Snapshot.Nodes[i].Name
			}
		}
		var kinds []model.BackendKey
		all := w.stances(p, f.Backends)
		for i := range all {
			b := &all[i]
			n := slices.Index(kinds, b.atHome)
			if n < 0 && len(kinds) <= mostKinds {
				n = len(kinds)
				kinds = append(kinds, b.atHome)
			}
			if len(kinds) > mostKinds || b.Node != b.Home {
				// Too many kinds to tell, or a slice that contradicts the pod: nodes
				// concerned stand alone.
				own[b.Home] += b.Home
				own[b.Node] += b.Node
				continue
			}
			own[b.Home] += string([]byte{byte(n), readiness(b.Backend)}) + strings.Join(b.Zones(), ",")
		}
	}
	return own
}

func readiness(b *service.Backend) byte {
	n := byte('a')
	for i, is := range []bool{b.Ready, b.Serving, b.Terminating} {
		if is {
			n += 1 << i
		}
	}
	return n
}

// stance is an endpoint as the packet's source finds it.
type stance struct {
	model.Stance
	atHome model.BackendKey // where its own node chooses it
}

// stances are those of a front's endpoints, by Backend.Number. They are kept until
// another front, or another source, is asked about.
func (w *walker) stances(p *walk.Packet, of *service.Backends) []stance {
	src := p.Tuple.Src.Addr()
	if w.seen.of == of && w.seen.src == src {
		return w.seen.all
	}
	all, client := of.All(), w.Home(src)
	w.seen.of, w.seen.src, w.seen.all = of, src, make([]stance, len(all))
	for i := range all {
		s := &w.seen.all[i]
		s.Stance = w.Stance(&all[i], client, src, p.Tuple.Protocol)
		s.atHome = s.Key(s.Home)
	}
	return w.seen.all
}

// backendGroup is endpoints that fare alike on the node that chose them.
type backendGroup struct {
	key     model.BackendKey
	shown   *service.Backend
	members []*service.Backend
	number  int // of shown, from 1, among those chosen
}

func (w *walker) alikeBackends(p *walk.Packet, d *walk.Draw) []backendGroup {
	groups := make([]backendGroup, 0, 2) // here and elsewhere, mostly
	if !w.fold {
		for i, b := range d.Backends {
			groups = append(groups, backendGroup{shown: b, number: i + 1, members: d.Backends[i : i+1 : i+1]})
		}
		return groups
	}
	all := w.stances(p, d.Front.Backends)
	for i, b := range d.Backends {
		k := all[b.Number].Key(d.Node)
		j := -1
		if !k.Alone() {
			j = slices.IndexFunc(groups, func(g backendGroup) bool { return g.key == k })
		}
		if j < 0 {
			j = len(groups)
			groups = append(groups, backendGroup{key: k, shown: b, number: i + 1})
		}
		groups[j].members = append(groups[j].members, b)
	}
	return groups
}

// candidates are the endpoints that any of the first nodes the packet stands
// for may choose.
func (w *walker) candidates(p *walk.Packet, d *walk.Draw) []*service.Backend {
	firsts := &notesOf(p).stands.nodes
	if d.Trip.List == model.ClusterList || firsts.Len() < 2 || d.Node != p.First {
		return d.Backends
	}
	var all []*service.Backend
	for n := range firsts.All {
		all = append(all, d.Front.Backends.Local(n)...)
	}
	return all
}

// choose lets the packet stand for a group of endpoints. Where it stands for
// several first nodes, endpoints on the node that is shown mean each node's own,
// and endpoints elsewhere mean every endpoint that is alike.
func (w *walker) choose(p *walk.Packet, d *walk.Draw, candidates []*service.Backend, g *backendGroup) {
	stands := &notesOf(p).stands
	nodes := max(1, stands.nodes.Len())
	stands.count = nodes * len(g.members)
	stands.backends = g.members
	if nodes == 1 || d.Node != p.First {
		return
	}
	all := w.stances(p, d.Front.Backends)
	shown := &all[g.shown.Number]
	stands.backends = nil
	for _, b := range candidates {
		s := &all[b.Number]
		if s.atHome == shown.atHome && (shown.Home != d.Node || stands.nodes.Has(s.Home)) {
			stands.backends = append(stands.backends, b)
		}
	}
	for _, b := range g.members {
		// Alike where they were chosen, though slices place them otherwise.
		if !slices.Contains(stands.backends, b) {
			stands.backends = append(stands.backends, b)
		}
	}
}

// stand says what a finished packet stands for.
func (w *walker) stand(p *walk.Packet, n *notes, t *Walked) Stands {
	s := Stands{Count: max(1, n.stands.count, n.stands.nodes.Len()), nodes: n.stands.nodes, first: p.First, source: t.Source}
	s.masquerades, s.toward = n.stands.masquerades && n.stands.nodes.Len() > 1, n.stands.toward
	if len(n.stands.backends) > 1 {
		s.Endpoints = make([]flow.Endpoint, 0, len(n.stands.backends))
	}
	for _, b := range n.stands.backends {
		if arrives(t.Fate) {
			s.Endpoints = append(s.Endpoints, w.answering(b))
		} else {
			s.Endpoints = append(s.Endpoints, b.Endpoint)
		}
	}
	if len(s.Endpoints) < 2 && (t.Endpoint.Addr.IsValid() || !t.Endpoint.Pod.IsZero()) {
		s.Endpoints = []flow.Endpoint{t.Endpoint}
	}
	return s
}
