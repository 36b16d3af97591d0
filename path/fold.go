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
	for _, g := range w.alikeNodes(p, choice) {
		q := p.Fork()
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
	for _, g := range w.alikeBackends(p, d.Node, d.Backends) {
		q := p.Fork()
		w.choose(q, d.Node, candidates, g)
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
		all := f.Backends.All()
		numbers := map[model.BackendKey]byte{}
		for i := range all {
			b := &all[i]
			home := w.Home(b.Addr.Addr())
			k := w.AlikeBackend(b, home, p.Tuple.Src.Addr(), p.Tuple.Protocol)
			n, ok := numbers[k]
			if !ok {
				n = byte(len(numbers))
				numbers[k] = n
			}
			if len(numbers) > 200 || b.Node != home {
				// Too many kinds to tell, or a slice that contradicts the pod: nodes
				// concerned stand alone.
				own[home] += home
				own[b.Node] += b.Node
				continue
			}
			own[home] += string([]byte{n, readiness(b)}) + strings.Join(b.Zones(), ",")
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

// backendGroup is endpoints that fare alike on the node that chose them.
type backendGroup struct {
	shown   *service.Backend
	members []*service.Backend
	number  int // of shown, from 1, among those chosen
}

func (w *walker) alikeBackends(p *walk.Packet, node string, chosen []*service.Backend) []backendGroup {
	var groups []backendGroup
	at := map[model.BackendKey]int{}
	for i, b := range chosen {
		k := model.BackendKey{}
		j, ok := 0, false
		if w.fold {
			k = w.AlikeBackend(b, node, p.Tuple.Src.Addr(), p.Tuple.Protocol)
			j, ok = at[k]
		}
		if !ok {
			j = len(groups)
			at[k] = j
			groups = append(groups, backendGroup{shown: b, number: i + 1})
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
func (w *walker) choose(p *walk.Packet, node string, candidates []*service.Backend, g backendGroup) {
	stands := &notesOf(p).stands
	nodes := max(1, stands.nodes.Len())
	stands.count = nodes * len(g.members)
	stands.backends = g.members
	if nodes == 1 || node != p.First {
		return
	}
	src, proto := p.Tuple.Src.Addr(), p.Tuple.Protocol
	shownHome := w.Home(g.shown.Addr.Addr())
	shown := w.AlikeBackend(g.shown, shownHome, src, proto)
	stands.backends = nil
	for _, b := range candidates {
		home := w.Home(b.Addr.Addr())
		if w.AlikeBackend(b, home, src, proto) == shown && (shownHome != node || stands.nodes.Has(home)) {
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
