package model

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// A walk branches over every next hop and every endpoint: 300 nodes with an
// endpoint each are 90,000 paths, nearly all of them alike. The keys here say
// which nodes, and which endpoints, no table of this Model tells apart, so that
// one path can stand for all.

// NodeKey is equal for two nodes that treat a packet for some front alike, but
// for their own endpoints.
type NodeKey struct {
	zone                 string
	local, remote, other int32 // atoms of its masquerade addresses
	source               bool  // the packet claims to come from this node
}

// AlikeNode returns the node's key for a packet from src.
func (m *Model) AlikeNode(node string, src netip.Addr) NodeKey {
	k, ok := m.eligibleOf(src.Is6()).key(node)
	if !ok {
		k = m.nodeKey(node, src.Is6())
	}
	k.source = m.LocalAddress(node, src)
	return k
}

// nodeKey is the node's key for a packet that is not from the node itself.
func (m *Model) nodeKey(node string, v6 bool) NodeKey {
	own := m.Profile.Nodes[node]
	k := NodeKey{
		local:  m.judges.Atom(own.To(cluster.TowardLocalPods, v6)),
		remote: m.judges.Atom(own.To(cluster.TowardRemotePods, v6)),
		other:  m.judges.Atom(own.To(cluster.TowardOtherNodes, v6)),
	}
	if n := m.Index.Node(node); n != nil && m.Services.HintsZones() {
		k.zone = n.Labels[service.ZoneLabel]
	}
	return k
}

// Nodes are nodes that fare alike, with the source addresses of each. Thousands
// of nodes are one list that is kept once; a set of them is that list and the few
// that are left out. The zero value has none.
type Nodes struct {
	names   []string
	sources [3][]netip.Addr // by cluster.Toward, parallel to names
	cut     []int           // places that are left out, sorted
}

// Len is how many nodes there are.
func (n *Nodes) Len() int { return len(n.names) - len(n.cut) }

// First is the first node's name; there must be one.
func (n *Nodes) First() string {
	for i, c := range n.cut {
		if c != i {
			return n.names[i]
		}
	}
	return n.names[len(n.cut)]
}

// All calls yield with each name, in order.
func (n *Nodes) All(yield func(string) bool) {
	cut := n.cut
	for i, name := range n.names {
		if len(cut) > 0 && cut[0] == i {
			cut = cut[1:]
			continue
		}
		if !yield(name) {
			return
		}
	}
}

// Has reports whether the node is among them.
func (n *Nodes) Has(name string) bool {
	i := slices.Index(n.names, name)
	return i >= 0 && !slices.Contains(n.cut, i)
}

// Names are the nodes' names.
func (n *Nodes) Names() []string {
	if len(n.cut) == 0 {
		return n.names
	}
	return cutOut(n.names, n.cut)
}

// Sources returns what each node puts on packets it masquerades, in the order
// of Names.
func (n *Nodes) Sources(t cluster.Toward) []netip.Addr {
	if len(n.cut) == 0 {
		return n.sources[t]
	}
	return cutOut(n.sources[t], n.cut)
}

// Group makes Nodes of names.
func (m *Model) Group(names []string, v6 bool) Nodes {
	n := Nodes{names: names}
	for t := range n.sources {
		n.sources[t] = make([]netip.Addr, len(names))
	}
	for i, name := range names {
		own := m.Profile.Nodes[name]
		for t := range n.sources {
			n.sources[t][i] = own.To(cluster.Toward(t), v6)
		}
	}
	return n
}

// eligible are the nodes that load balancers use, in groups that fare alike for
// a packet from outside: computed once, since there may be thousands.
type eligible struct {
	groups []Nodes
	keys   []NodeKey         // of the groups; nil under other Judges, who have other atoms
	at     map[string][2]int // node -> group, place in it
}

func (m *Model) eligibleOf(v6 bool) *eligible {
	if v6 {
		return &m.eligible[1]
	}
	return &m.eligible[0]
}

// key is the node's, where it is known.
func (e *eligible) key(node string) (NodeKey, bool) {
	if at, ok := e.at[node]; ok && e.keys != nil {
		return e.keys[at[0]], true
	}
	return NodeKey{}, false
}

func (m *Model) compileEligible(v6 bool) eligible {
	e := eligible{at: map[string][2]int{}}
	byKey := map[NodeKey]int{}
	var names [][]string
	for _, n := range m.Announce.Eligible() {
		k := m.nodeKey(n, v6)
		i, ok := byKey[k]
		if !ok {
			i = len(names)
			byKey[k] = i
			e.keys, names = append(e.keys, k), append(names, nil)
		}
		e.at[n] = [2]int{i, len(names[i])}
		names[i] = append(names[i], n)
	}
	for _, list := range names {
		e.groups = append(e.groups, m.Group(list, v6))
	}
	return e
}

// Everyone returns the eligible nodes in groups that fare alike, without those
// apart.
func (m *Model) Everyone(v6 bool, apart []string) []Nodes {
	e := m.eligibleOf(v6)
	cuts := make([][]int, len(e.groups))
	for _, n := range apart {
		if at, ok := e.at[n]; ok {
			cuts[at[0]] = append(cuts[at[0]], at[1])
		}
	}
	var out []Nodes
	for i, g := range e.groups {
		if len(cuts[i]) > 0 {
			slices.Sort(cuts[i])
			g.cut = slices.Compact(cuts[i])
		}
		if g.Len() > 0 {
			out = append(out, g)
		}
	}
	return out
}

// IsEligible reports whether load balancers may use the node.
func (m *Model) IsEligible(node string) bool {
	_, ok := m.eligible[0].at[node]
	return ok
}

func cutOut[T any](list []T, places []int) []T {
	out := make([]T, 0, len(list))
	from := 0
	for _, at := range places {
		out = append(out, list[from:at]...)
		from = at + 1
	}
	return append(out, list[from:]...)
}

// BackendKey is equal for two endpoints that fare alike once a node has chosen
// them, seen from that node and that client.
type BackendKey struct {
	place  Place
	class  int   // of pods, as policy tells them
	atom   int32 // of its address
	port   uint16
	listed bool // the slice says it is on this node
	// near is true where the endpoint lives on the client's own node: the reply
	// then takes another way.
	near bool
	// alone sets apart what must be walked by itself.
	alone netip.AddrPort
	pod   flow.Object // of a pod the input does not hold
}

// AlikeBackend returns the endpoint's key for a packet from src, chosen on
// node.
func (m *Model) AlikeBackend(b *service.Backend, node string, src netip.Addr, proto flow.Protocol) BackendKey {
	s := m.Stance(b, m.home(src), src, proto)
	return s.Key(node)
}

// Stance is an endpoint as packets from one client find it, whichever node chooses
// it.
type Stance struct {
	// Home is the node the endpoint lives on, "" for one outside the cluster.
	Home string

	*service.Backend
	at          holder
	class, host int   // of pods, as policy tells them; of hostNetwork pods, 0 for others
	atom        int32 // of its address
	client      string
	apart       bool // the client itself, or an address that a Service or another node has, too
}

// Stance tells how the endpoint stands to packets from src, an address that lives
// on the node client ("": outside).
func (m *Model) Stance(b *service.Backend, client string, src netip.Addr, proto flow.Protocol) Stance {
	addr, owner := b.Addr.Addr(), m.nodeOf(src)
	s := Stance{Backend: b, at: m.holder(addr), class: -1, atom: m.judges.Atom(addr), client: client}
	s.apart = addr == src || m.OfService(addr) || owner != "" && owner != client
	s.Home = s.at.node
	if s.at.pod != nil {
		s.Home, s.class, s.apart = s.at.pod.Node, m.judges.ClassOf(s.at.pod), s.apart || s.at.node != ""
	}
	if b.Host && b.Target != nil && b.Target.HostNetwork && m.primary(b) {
		s.host = -2 - int(m.onHost(b, proto).Listens(proto, b.Addr.Port()))
	}
	return s
}

// Key is the endpoint's key where the node has chosen it.
func (s *Stance) Key(node string) BackendKey {
	loc, b := s.at.from(node), s.Backend
	k := BackendKey{
		place: loc.Place, class: -1, atom: s.atom, port: b.Addr.Port(), listed: b.Node == node,
		near: loc.Node != "" && loc.Node == s.client,
	}
	switch {
	case loc.Pod != nil && (loc.Pod.Node == b.Node || b.Node != node):
		k.class = s.class
	case s.host != 0:
		k.class = s.host
	default:
		// Addresses outside, pods the input does not hold, and slices that contradict
		// the pod: one by one.
		k.alone, k.pod = b.Addr, b.Pod
	}
	if s.apart || loc.Pod != nil && loc.Pod.Invented {
		k.alone = b.Addr
	}
	return k
}

// Alone reports whether no other endpoint has the key.
func (k *BackendKey) Alone() bool { return k.alone.IsValid() }

// onHost is the hostNetwork pod that has the endpoint's port on its node: the
// target, unless another declares it.
func (m *Model) onHost(b *service.Backend, proto flow.Protocol) *cluster.Pod {
	n := m.Index.NodeByIP(b.Addr.Addr())
	if p := m.Index.HostListener(n.Name, proto, b.Addr.Port()); p != nil && !b.Target.Declares(proto, b.Addr.Port()) {
		return p
	}
	return b.Target
}

// primary reports whether the endpoint's address is its node's primary one.
func (m *Model) primary(b *service.Backend) bool {
	n := m.Index.NodeByIP(b.Addr.Addr())
	return n != nil && n.IP(b.Addr.Addr().Is6()) == b.Addr.Addr()
}

// Home is the node an address lives on, "" for one outside the cluster.
func (m *Model) Home(addr netip.Addr) string { return m.home(addr) }

// NodeOf is the node whose own address it is, on whatever device, "" where it is no
// node's.
func (m *Model) NodeOf(addr netip.Addr) string { return m.nodeOf(addr) }

// OfService reports whether some Service has the address, or may be given it.
func (m *Model) OfService(addr netip.Addr) bool {
	return m.ServiceAddress(addr) || len(m.Services.Owners(addr)) > 0 || m.Services.ForeignProxy(netip.AddrPortFrom(addr, 0), false) != nil
}
