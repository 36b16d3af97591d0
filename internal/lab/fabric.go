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
	for _, family := range []string{"iptables", "ip6tables", "arptables"} {
		c.offer("net/bridge/bridge-nf-call-"+family, "0")
	}
	if p.v6() {
		c.set("net/ipv6/conf/default/disable_ipv6", "1") // a bridge has no address
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
		c.carries(d)
	}
}

// settled waits until a machine has its addresses and its wires.
func (p *plan) settled(c *config, m *Machine) {
	if n := p.byNode[m.Node()]; n != nil {
		for _, d := range n.cables {
			c.carries(d)
		}
	}
	for _, a := range m.Addrs {
		c.local(a)
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

// families are those of some addresses: nobody asks from an address it has not.
func families(all []netip.Addr) []bool {
	var out []bool
	for _, v6 := range []bool{false, true} {
		if slices.ContainsFunc(all, func(a netip.Addr) bool { return a.Is6() == v6 }) {
			out = append(out, v6)
		}
	}
	return out
}

// configureOutside is the rest of the world: it answers, and never asks.
func (p *plan) configureOutside(c *config) {
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
	eth := c.up("eth0")
	own := p.ports(0, -1)
	c.set("net/ipv4/ip_local_port_range", fmt.Sprintf("%d %d", own.Low, own.High))
	c.addresses(eth, m.Addrs)
	p.neighbours(c, eth, wan, p.routers...)
	for _, v6 := range families(m.Addrs) {
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
