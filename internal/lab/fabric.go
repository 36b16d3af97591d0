//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
)

// The segments, as they are in hardware addresses.
const (
	lan  = iota + 1 // routers and nodes
	wan             // clients and routers
	out             // routers and the rest of the world
	tun             // nodes, for packets between pods
	pods            // a node and its pods
)

// wire makes the segments and plugs everybody in.
func (p *plan) wire(c *config) {
	c.up("lo")
	for _, family := range []string{"iptables", "ip6tables", "arptables"} {
		c.offer("net/bridge/bridge-nf-call-"+family, "0")
	}
	if p.v6() {
		c.set("net/ipv6/conf/default/disable_ipv6", "1") // a bridge needs no address
	}
	names := map[byte]string{lan: "lan", wan: "wan", out: "out", tun: "tun"}
	bridges := map[byte]dev{}
	plug := func(segment byte, m *Machine, peer string) {
		if bridges[segment] == 0 {
			bridges[segment] = c.bridge(names[segment], nil)
		}
		port := c.cable(cable{
			name: names[segment] + strconv.Itoa(int(m.hop)), alias: m.Name, bridge: bridges[segment],
			peer: peer, peerMAC: m.hop.mac(segment), peerIn: m.ns,
		})
		c.station(port, m.hop.mac(segment), netip.Addr{})
		p.wires = append(p.wires, port)
	}
	for _, r := range p.routers {
		plug(lan, r, "lan")
		plug(wan, r, "wan")
		plug(out, r, "out")
	}
	plug(out, p.outside, "eth0")
	for _, m := range p.clients {
		plug(wan, m, "eth0")
	}
	for _, n := range p.nodes {
		plug(lan, n.Machine, "eth0")
		if p.apart && p.m.Profile.PodNetwork != cluster.PodNetworkVXLAN {
			plug(tun, n.Machine, "tun0")
		}
	}
}

// settle waits until all wires of the segments carry.
func (p *plan) settle(c *config) {
	for _, d := range p.wires {
		c.settled(d)
	}
}

// neighbours tells a machine who else is on a segment.
func (p *plan) neighbours(c *config, d dev, segment byte, who ...*Machine) {
	for _, m := range who {
		for _, v6 := range p.families {
			c.neighbour(d, m.hop.addr(v6), m.hop.mac(segment))
		}
	}
}

func (p *plan) machines() []*Machine {
	all := make([]*Machine, len(p.nodes))
	for i, n := range p.nodes {
		all[i] = n.Machine
	}
	return all
}

// addresses gives a device its addresses; the first of each family is the
// source.
func (c *config) addresses(d dev, all []netip.Addr) {
	seen := [2]bool{}
	for _, a := range all {
		c.addr(d, a, !seen[index(a.Is6())])
		seen[index(a.Is6())] = true
	}
}

func hops(all []*Machine) []hop {
	out := make([]hop, len(all))
	for i, m := range all {
		out[i] = m.hop
	}
	return out
}

// configureOutside is the rest of the world: it answers, and never asks.
func (p *plan) configureOutside(c *config) {
	c.host(p.v6())
	c.up("lo")
	eth := c.up("eth0")
	c.addresses(eth, p.outside.Addrs)
	p.neighbours(c, eth, out, p.routers...)
	for _, v6 := range p.families {
		c.route(route{to: everywhere(v6), dev: eth, via: hops(p.routers)})
	}
}

// configureClient is somebody outside. Its source port says which router it
// takes.
func (p *plan) configureClient(c *config, m *Machine) {
	c.host(p.v6())
	c.up("lo")
	eth := c.up("eth0")
	own := p.ports(0, -1)
	c.set("net/ipv4/ip_local_port_range", fmt.Sprintf("%d %d", own.Low, own.High))
	c.addresses(eth, m.Addrs)
	p.neighbours(c, eth, wan, p.routers...)
	for _, v6 := range p.families {
		c.route(route{to: everywhere(v6), dev: eth, via: hops(p.routers[:1])})
		if len(p.routers) < 2 {
			continue
		}
		for i := range p.routers {
			table := firstTable + i
			c.route(route{to: everywhere(v6), table: table, dev: eth, via: hops(p.routers[i : i+1])})
			c.rule(rule{v6: v6, priority: 100, table: table, sources: p.portsOf(i)})
		}
	}
}

// Routing tables and the order in which a router asks them.
//
//	100  from wan, source port of a node's range    its own table: to that node
//	200  announced: nodes, Services' addresses, prefixes
//	300  from wan, source port of the own range     nobody: not for clients
//	     main: pods, masquerade addresses, clients, the rest of the world
const (
	announced  = 800
	nobody     = 900
	firstTable = 1000
)

// configureRouter is a router: what it was told, and all that replies need.
func (p *plan) configureRouter(c *config, number int) {
	m := p.routers[number]
	c.host(p.v6())
	c.set("net/ipv4/fib_multipath_hash_policy", "1")
	if p.v6() {
		c.set("net/ipv6/fib_multipath_hash_policy", "1")
	}
	c.up("lo")
	inner, outer, world := c.up("lan"), c.up("wan"), c.up("out")
	c.addresses(inner, m.Addrs)
	p.neighbours(c, inner, lan, p.machines()...)
	p.neighbours(c, outer, wan, p.clients...)
	p.neighbours(c, world, out, p.outside)
	p.pins(c, number, inner)
	p.announcements(c, number, inner)
	for _, v6 := range p.families {
		c.route(route{to: everywhere(v6), table: nobody})
		c.rule(rule{v6: v6, priority: 200, table: announced})
		c.rule(rule{v6: v6, priority: 300, table: nobody, from: "wan", sources: p.ports(number, -1)})
		c.route(route{to: everywhere(v6), dev: world, via: []hop{p.outside.hop}})
	}
	p.replies(c, inner, outer)
}

// pins lead to one node each.
func (p *plan) pins(c *config, number int, inner dev) {
	for _, v6 := range p.families {
		for i, n := range p.nodes {
			c.route(route{to: everywhere(v6), table: firstTable + i, dev: inner, via: []hop{n.hop}})
			c.rule(rule{v6: v6, priority: 100, table: firstTable + i, from: "wan", sources: p.ports(number, i)})
		}
	}
}

// announcements are the routes that path takes the router to have.
func (p *plan) announcements(c *config, number int, inner dev) {
	r := &p.m.Announce.Routers()[number]
	to := func(prefix netip.Prefix, addr netip.Addr) {
		choice := p.m.Announce.NextHops(r, addr)
		if !choice.Known {
			return
		}
		one := route{to: prefix, table: announced}
		for _, name := range choice.Nodes {
			one.dev, one.via = inner, append(one.via, p.byNode[name].hop)
		}
		c.route(one)
	}
	for _, n := range p.nodes {
		for _, a := range slices.Concat(n.object.InternalIPs, n.object.OtherIPs) {
			to(only(a), a)
		}
	}
	for _, a := range p.m.Services.Addresses() {
		to(only(a), a)
	}
	for _, prefix := range r.Prefixes {
		for _, n := range p.nodes {
			for _, pod := range n.pods {
				for _, a := range pod.Addrs {
					if prefix.Contains(a) {
						to(only(a), a)
					}
				}
			}
		}
		to(prefix.Masked(), p.freeAddress(prefix))
	}
}

// freeAddress is one of the range that is nobody's in particular.
func (p *plan) freeAddress(prefix netip.Prefix) netip.Addr {
	a := prefix.Masked().Addr()
	for prefix.Contains(a) && (p.owners[a] != "" || len(p.m.Services.Owners(a)) > 0) {
		a = a.Next()
	}
	return a
}

// replies are the ways back, for which no route is announced: clients, pods, and
// addresses that nodes masquerade with. Service addresses that no router sends
// to nodes get lost.
func (p *plan) replies(c *config, inner, outer dev) {
	for _, m := range p.clients {
		for _, a := range m.Addrs {
			c.route(route{to: only(a), dev: outer, via: []hop{m.hop}})
		}
	}
	for _, n := range p.nodes {
		for _, a := range n.Addrs {
			c.route(route{to: only(a), dev: inner, via: []hop{n.hop}})
		}
	}
	for _, s := range p.strays() {
		c.route(route{to: only(s.addr), dev: inner, via: []hop{s.node.hop}})
	}
	for prefix, n := range p.ranges() {
		c.route(route{to: prefix, dev: inner, via: []hop{n.hop}})
	}
	for i := range p.m.Snapshot.Services {
		for _, a := range p.m.Snapshot.Services[i].ClusterIPs {
			c.route(route{to: only(a), silent: true})
		}
	}
	for _, prefix := range p.m.Profile.ServiceCIDRs {
		c.route(route{to: prefix, silent: true})
	}
}
