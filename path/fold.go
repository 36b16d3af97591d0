package path

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
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

// alikeNodes groups the next hops of a packet that fare alike; without folding
// each stands alone.
func (w *walker) alikeNodes(p *packet, choice announce.Choice) []model.Nodes {
	var groups []model.Nodes
	v6 := p.tuple.Dst.Addr().Is6()
	if !w.fold || p.first != "" {
		for _, n := range choice.Nodes {
			groups = append(groups, w.m.Group([]string{n}, v6))
		}
		return groups
	}
	own := w.ownBackends(p)
	nodes := choice.Nodes
	if choice.Everyone {
		// Nodes without endpoints of their own were grouped once and for all.
		nodes = slices.Sorted(maps.Keys(own))
		groups = w.m.Everyone(v6, nodes)
		nodes = slices.DeleteFunc(nodes, func(n string) bool { return !w.m.IsEligible(n) })
	}
	type key struct {
		model.NodeKey
		own string
	}
	names := map[key][]string{}
	var order []key
	for _, n := range nodes {
		k := key{w.m.AlikeNode(n, p.tuple.Src.Addr()), own[n]}
		if names[k] == nil {
			order = append(order, k)
		}
		names[k] = append(names[k], n)
	}
	for _, k := range order {
		groups = append(groups, w.m.Group(names[k], v6))
	}
	return groups
}

// ownBackends says for each node with endpoints of its own which they are: how
// many of each kind that fares alike.
func (w *walker) ownBackends(p *packet) map[string]string {
	own := map[string]string{}
	for _, f := range w.m.Services.At(p.tuple.Dst, p.tuple.Protocol) {
		if f.Backends.HintsNodes() {
			for i := range w.m.Snapshot.Nodes {
				own[w.m.Snapshot.Nodes[i].Name] = w.m.Snapshot.Nodes[i].Name
			}
		}
		all := f.Backends.All()
		numbers := map[model.BackendKey]byte{}
		for i := range all {
			b := &all[i]
			home := w.m.Home(b.Addr.Addr())
			k := w.m.AlikeBackend(b, home, p.tuple.Src.Addr(), p.tuple.Protocol)
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

func (w *walker) alikeBackends(p *packet, node string, chosen []*service.Backend) []backendGroup {
	var groups []backendGroup
	at := map[model.BackendKey]int{}
	for i, b := range chosen {
		k := model.BackendKey{}
		j, ok := 0, false
		if w.fold {
			k = w.m.AlikeBackend(b, node, p.tuple.Src.Addr(), p.tuple.Protocol)
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
func (w *walker) candidates(p *packet, node string, f *service.Front, list model.List, chosen []*service.Backend) []*service.Backend {
	if list == model.ClusterList || len(p.stands.nodes.Names) < 2 || node != p.first {
		return chosen
	}
	var all []*service.Backend
	for _, n := range p.stands.nodes.Names {
		all = append(all, f.Backends.Local(n)...)
	}
	return all
}

// choose lets the packet stand for a group of endpoints. Where it stands for
// several first nodes, endpoints on the node that is shown mean each node's own,
// and endpoints elsewhere mean every endpoint that is alike.
func (w *walker) choose(p *packet, node string, candidates []*service.Backend, g backendGroup) {
	p.backend = g.shown
	nodes := max(1, len(p.stands.nodes.Names))
	p.stands.count = nodes * len(g.members)
	p.stands.backends = g.members
	if nodes == 1 || node != p.first {
		return
	}
	src, proto := p.tuple.Src.Addr(), p.tuple.Protocol
	shownHome := w.m.Home(g.shown.Addr.Addr())
	shown := w.m.AlikeBackend(g.shown, shownHome, src, proto)
	p.stands.backends = nil
	for _, b := range candidates {
		home := w.m.Home(b.Addr.Addr())
		if w.m.AlikeBackend(b, home, src, proto) == shown && (shownHome != node || slices.Contains(p.stands.nodes.Names, home)) {
			p.stands.backends = append(p.stands.backends, b)
		}
	}
	for _, b := range g.members {
		// Alike where they were chosen, though slices place them otherwise.
		if !slices.Contains(p.stands.backends, b) {
			p.stands.backends = append(p.stands.backends, b)
		}
	}
}

// stand says what a finished packet stands for.
func (w *walker) stand(p *packet, t *Walked) Stands {
	s := Stands{Count: max(1, p.stands.count, len(p.stands.nodes.Names)), Firsts: p.stands.nodes.Names}
	if len(s.Firsts) == 0 && p.first != "" {
		s.Firsts = []string{p.first}
	}
	for _, b := range p.stands.backends {
		if arrives(t.Fate) {
			s.Endpoints = append(s.Endpoints, w.answering(b))
		} else {
			s.Endpoints = append(s.Endpoints, b.Endpoint)
		}
	}
	if len(s.Endpoints) < 2 && (t.Endpoint.Addr.IsValid() || !t.Endpoint.Pod.IsZero()) {
		s.Endpoints = []flow.Endpoint{t.Endpoint}
	}
	if !t.Source.IsValid() {
		return s
	}
	s.Sources = []netip.Addr{t.Source}
	if p.stands.masquerades && len(p.stands.nodes.Names) > 1 {
		s.Sources = p.stands.nodes.Sources(p.stands.toward)
	}
	return s
}
