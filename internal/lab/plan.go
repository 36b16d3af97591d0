//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/service"
)

// Unbuildable is a cluster that this lab cannot build, and why: two objects with
// one address, a node without any.
type Unbuildable struct{ Why []string }

// Error prints the first reasons.
func (e *Unbuildable) Error() string {
	const most = 4
	if n := len(e.Why); n > most {
		return fmt.Sprintf("lab: this cluster cannot be built: %s; and %d more", strings.Join(e.Why[:most], "; "), n-most)
	}
	return "lab: this cluster cannot be built: " + strings.Join(e.Why, "; ")
}

// Node is the name of the Node that the machine is, "" for one that is none.
func (m *Machine) Node() string {
	if m.Kind != flow.MachineNode {
		return ""
	}
	return strings.TrimPrefix(m.Name, "node/")
}

// Machine is one network namespace of the lab.
type Machine struct {
	// Name is "external/branch", "router/dcgw", "node/n1", "pod/test/web-0" or
	// "outside".
	Name  string
	Kind  flow.MachineKind
	Addrs []netip.Addr

	ns  *os.File
	hop hop // on lan, wan or out; 0: on none
}

// Do runs f on a thread inside the machine's network namespace, and waits. What
// f opens stays there; goroutines that f starts are not there.
func (m *Machine) Do(f func() error) error { return within(m.ns, f) }

// Netns is the file descriptor of the machine's network namespace. It is valid
// until the lab is closed.
func (m *Machine) Netns() int { return int(m.ns.Fd()) }

// node is a Machine with what hangs on it.
type node struct {
	*Machine
	number int
	object *cluster.Node
	pods   []*pod
	cables []dev // to the pods
	// first are the addresses toward other nodes and outside, own pods, and pods
	// elsewhere, by family.
	sources [3][2]netip.Addr
	// apart: pods of other nodes are reached by a device of its own.
	apart bool
}

func (n *node) source(t cluster.Toward, v6 bool) netip.Addr {
	if v6 {
		return n.sources[t][1]
	}
	return n.sources[t][0]
}

type pod struct {
	*Machine
	object *cluster.Pod
	number hop // on its node
}

// plan is who is where, worked out before anything is made.
type plan struct {
	m        *model.Model
	families []bool // v6 or not, those in use
	routers  []*Machine
	nodes    []*node
	clients  []*Machine
	outside  *Machine
	fabric   *Machine
	wires    []dev // in the fabric
	fresh    fresh
	byNode   map[string]*node
	apart    bool // some node reaches pods elsewhere by a device of its own
	aliases  map[string]alias

	servers              []server
	served               map[served]bool
	portFirst, portCount int

	owners map[netip.Addr]string
	wrong  []string
}

// alias is a client by its name: whose machine it is at, and its addresses.
type alias struct {
	at    *Machine
	addrs []netip.Addr
}

func newPlan(m *model.Model, o *Options) (*plan, error) {
	p := &plan{m: m, byNode: map[string]*node{}, owners: map[netip.Addr]string{}, aliases: map[string]alias{}, served: map[served]bool{}}
	p.fabric = &Machine{Name: "fabric"}
	for i := range m.Snapshot.Nodes {
		p.addNode(&m.Snapshot.Nodes[i])
	}
	if len(p.nodes) == 0 {
		p.refuse("there is no Node")
	}
	for i := range m.Snapshot.Pods {
		p.addPod(&m.Snapshot.Pods[i])
	}
	p.addStrangers()
	p.addRouters()
	for _, c := range slices.Concat(path.Outside(m), o.clients) {
		p.addClient(c)
	}
	p.outside = &Machine{Name: "outside", Kind: flow.MachineOutside, hop: hop(len(p.routers) + 1)}
	for _, addr := range m.Services.Addresses() {
		if who := p.owners[addr]; who != "" && !strings.HasPrefix(who, "Node/") {
			p.refuse("%s is an address of %s and of %s", addr, who, m.Services.Owners(addr)[0].Object())
		}
	}
	p.addOutside(o.targets)
	p.number()
	p.checkNetwork()
	p.listens(o.targets)
	p.choosePorts()
	if len(p.wrong) > 0 {
		return nil, &Unbuildable{Why: p.wrong}
	}
	return p, nil
}

func (p *plan) refuse(why string, args ...any) { p.wrong = append(p.wrong, fmt.Sprintf(why, args...)) }

// claim notes whose an address is.
func (p *plan) claim(addr netip.Addr, who string) {
	if other := p.owners[addr]; other != "" && other != who {
		p.refuse("%s is an address of %s and of %s", addr, other, who)
		return
	}
	p.owners[addr] = who
}

func (p *plan) addNode(object *cluster.Node) {
	n := &node{Machine: &Machine{Name: "node/" + object.Name, Kind: flow.MachineNode}, number: len(p.nodes), object: object}
	who := "Node/" + object.Name
	if len(object.InternalIPs) == 0 {
		p.refuse("%s has no InternalIP", who)
	}
	for _, t := range []cluster.Toward{cluster.TowardOtherNodes, cluster.TowardLocalPods, cluster.TowardRemotePods} {
		for i, v6 := range []bool{false, true} {
			n.sources[t][i] = p.m.Profile.SourceOf(object.Name, t, v6)
		}
	}
	masquerade := p.m.Profile.Nodes[object.Name]
	var all []netip.Addr
	for i := range n.sources[cluster.TowardOtherNodes] {
		if a := n.sources[cluster.TowardOtherNodes][i]; a.IsValid() {
			all = append(all, a) // first of its family, so that it is the source
		}
	}
	all = slices.Concat(all, object.InternalIPs, object.OtherIPs, masquerade.ToOtherNodes, masquerade.ToLocalPods, masquerade.ToPodsOnOtherNodes)
	for _, a := range all {
		if !slices.Contains(n.Addrs, a) {
			n.Addrs = append(n.Addrs, a)
			p.claim(a, who)
		}
	}
	for i := range 2 {
		far, out := n.sources[cluster.TowardRemotePods][i], n.sources[cluster.TowardOtherNodes][i]
		p.apart = p.apart || far.IsValid() && far != out
	}
	p.apart = p.apart || p.m.Profile.PodNetwork == cluster.PodNetworkVXLAN
	p.nodes = append(p.nodes, n)
	p.byNode[object.Name] = n
}

// addPod places a pod that has a network of its own. A pod that has ended or has
// no address has none.
func (p *plan) addPod(object *cluster.Pod) {
	if object.Finished() || object.HostNetwork || len(object.IPs) == 0 {
		return
	}
	who := object.Object().String()
	n := p.byNode[object.Node]
	if n == nil {
		p.refuse("%s is on no Node of the input", who)
		return
	}
	for _, a := range object.IPs {
		p.claim(a, who)
	}
	one := &pod{
		Machine: &Machine{Name: "pod/" + object.Namespace + "/" + object.Name, Kind: flow.MachinePod, Addrs: object.IPs},
		object:  object, number: hop(len(n.pods) + 1),
	}
	n.pods = append(n.pods, one)
}

// addStrangers places the pods that Services name and the input does not hold.
func (p *plan) addStrangers() {
	p.backends(func(_ *service.Front, b *service.Backend) {
		a := b.Addr.Addr()
		if b.Pod.IsZero() || b.Host || p.m.Index.PodByIP(a) != nil || p.byNode[b.Node] == nil || p.owners[a] != "" {
			return
		}
		stranger := &cluster.Pod{Node: b.Node, IPs: []netip.Addr{a}}
		stranger.Namespace, stranger.Name = b.Pod.Namespace, b.Pod.Name
		p.addPod(stranger)
	})
}

// addClient places a client. One that is called by an address of another is that
// other.
func (p *plan) addClient(c cluster.Client) {
	at := slices.IndexFunc(p.clients, func(m *Machine) bool {
		return len(c.Addresses) > 0 && !slices.ContainsFunc(c.Addresses, func(a netip.Addr) bool { return !slices.Contains(m.Addrs, a) })
	})
	if _, known := p.aliases[c.Name]; known && at >= 0 && p.aliases[c.Name].at == p.clients[at] {
		return
	}
	if at >= 0 {
		p.aliases[c.Name] = alias{p.clients[at], c.Addresses}
		return
	}
	m := &Machine{Name: "external/" + c.Name, Kind: flow.MachineClient, Addrs: c.Addresses}
	for _, a := range c.Addresses {
		p.claim(a, "client "+c.Name)
	}
	p.aliases[c.Name] = alias{m, c.Addresses}
	p.clients = append(p.clients, m)
}

func (p *plan) addRouters() {
	for i, r := range p.m.Announce.Routers() {
		m := &Machine{Name: "router/" + r.Name, Kind: flow.MachineRouter, Addrs: slices.Clone(r.Addresses), hop: hop(i + 1)}
		for _, a := range r.Addresses {
			p.claim(a, "router "+r.Name)
		}
		p.routers = append(p.routers, m)
	}
}

// number gives everybody a hop, and routers an address to complain from.
func (p *plan) number() {
	used := [2]bool{}
	for a := range p.owners {
		used[index(a.Is6())] = true
	}
	for _, a := range p.m.Services.Addresses() {
		used[index(a.Is6())] = true
	}
	for i, v6 := range []bool{false, true} {
		if used[i] {
			p.families = append(p.families, v6)
		}
	}
	for i, n := range p.nodes {
		n.hop = hop(len(p.routers) + 1 + i)
		n.apart = p.apart
	}
	for i, c := range p.clients {
		c.hop = hop(len(p.routers) + 1 + i)
	}
	spare := [2]netip.Addr{netip.MustParseAddr("100.127.255.0"), netip.MustParseAddr("fd50:6f72:746f::")}
	for _, r := range p.routers {
		for _, v6 := range p.families {
			if slices.ContainsFunc(r.Addrs, func(a netip.Addr) bool { return a.Is6() == v6 }) {
				continue
			}
			for a := spare[index(v6)].Next(); ; a = a.Next() {
				if p.owners[a] == "" {
					p.owners[a] = r.Name
					r.Addrs = append(r.Addrs, a)
					break
				}
			}
		}
	}
}

func index(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

func (p *plan) v6() bool { return slices.Contains(p.families, true) }

// ranges are the pod CIDRs by the node that has them; of several, the first.
func (p *plan) ranges() map[netip.Prefix]*node {
	all := map[netip.Prefix]*node{}
	for _, n := range p.nodes {
		for _, c := range n.object.PodCIDRs {
			if c = c.Masked(); all[c] == nil {
				all[c] = n
			}
		}
	}
	return all
}

// place is an address with the node that has it.
type place struct {
	addr netip.Addr
	node *node
}

// strays are the pods' addresses that a route to their node's range would not
// find.
func (p *plan) strays() []place {
	var found cluster.Prefixes
	var nodes []*node
	for _, n := range p.nodes {
		for _, c := range n.object.PodCIDRs {
			before := len(found.All())
			if found.Add(c); len(found.All()) > before {
				nodes = append(nodes, n)
			}
		}
	}
	var out []place
	for _, n := range p.nodes {
		for _, pod := range n.pods {
			for _, a := range pod.Addrs {
				if i := found.Longest(a); i == 0 || nodes[i-1] != n {
					out = append(out, place{a, n})
				}
			}
		}
	}
	return out
}
