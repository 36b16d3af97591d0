//go:build linux

package lab

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
)

// buildNode configures a node and its pods.
func (p *plan) buildNode(n *node) error {
	if err := configure(n.ns, func(c *config) { p.configureNode(c, n) }); err != nil {
		return err
	}
	for _, one := range n.pods {
		if err := configure(one.ns, func(c *config) { p.configurePod(c, n, one) }); err != nil {
			return named(one.Machine, err)
		}
	}
	return nil
}

// onDevice are the addresses that a node has on the devices toward pods, where
// those carry anything.
func (p *plan) onDevice(n *node) []netip.Addr {
	var all []netip.Addr
	for i := range 2 {
		near, far := n.sources[cluster.TowardLocalPods][i], n.sources[cluster.TowardRemotePods][i]
		if (p.bridged() || p.ownVeth(n)) && len(n.pods) > 0 {
			all = append(all, near)
		}
		if n.apart {
			all = append(all, far)
		}
	}
	return all
}

// bridged reports whether pods of a node hang on a bridge.
func (p *plan) bridged() bool { return p.m.Profile.PodNetwork != cluster.PodNetworkRouted }

// ownVeth reports whether the devices of single pods need an address, since the
// kernel would take another one.
func (p *plan) ownVeth(n *node) bool {
	return !p.bridged() && (n.apart || n.sources[cluster.TowardLocalPods] != n.sources[cluster.TowardOtherNodes])
}

func (p *plan) configureNode(c *config, n *node) {
	eth := c.up("eth0")
	devices := p.onDevice(n)
	var own []netip.Addr
	for i, a := range n.Addrs {
		first := a == n.source(cluster.TowardOtherNodes, a.Is6())
		if first || !slices.Contains(devices, a) || slices.Index(n.Addrs, a) != i {
			own = append(own, a)
		}
	}
	c.addresses(eth, own)
	p.neighbours(c, eth, lan, p.routers...)
	p.neighbours(c, eth, lan, p.machines()...)
	p.podDevices(c, n)
	far := eth
	if n.apart {
		far = p.podTunnel(c, n, eth)
	}
	p.nodeRoutes(c, n, eth, far)
	p.masquerade(c, n)
}

// nodeRoutes are what package model calls the node's routing decision (Locate),
// from the most to the least particular. An address of the pods' range that no
// pod has goes to the router, which refuses it.
func (p *plan) nodeRoutes(c *config, n *node, eth, far dev) {
	for _, o := range p.nodes {
		for _, a := range o.Addrs {
			if o != n {
				c.route(route{to: only(a), dev: eth, via: []hop{o.hop}, source: n.source(cluster.TowardOtherNodes, a.Is6())})
			}
		}
	}
	for _, m := range p.clients {
		for _, a := range m.Addrs {
			c.route(route{to: only(a), dev: eth, via: hops(p.routers), source: n.source(cluster.TowardOtherNodes, a.Is6())})
		}
	}
	toPods := func(to netip.Prefix, o *node) {
		if o != n {
			c.route(route{to: to, dev: far, via: []hop{o.hop}, source: n.source(cluster.TowardRemotePods, to.Addr().Is6())})
		}
	}
	for _, s := range p.strays() {
		toPods(only(s.addr), s.node)
	}
	for prefix, o := range p.ranges() {
		toPods(prefix, o)
	}
	for _, v6 := range p.families {
		c.route(route{to: everywhere(v6), dev: eth, via: hops(p.routers), source: n.source(cluster.TowardOtherNodes, v6)})
	}
}

// gatewayMAC is the node's end of every pod's cable.
var gatewayMAC = net.HardwareAddr{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}

// gateway stands for the node on a pod's device.
const gateway hop = 0x0101 // 169.254.1.1, fe80::101

// tunnelMTU leaves room for what a tunnel puts around a packet.
const tunnelMTU = 1450

func (p *plan) mtu() int {
	if p.m.Profile.PodNetwork == cluster.PodNetworkVXLAN {
		return tunnelMTU
	}
	return 0
}

// podDevices are the node's ends of its pods' cables.
func (p *plan) podDevices(c *config, n *node) {
	bridge := dev(0)
	if p.bridged() {
		bridge = p.podBridge(c, n)
	}
	for _, one := range n.pods {
		mac := one.number.mac(pods)
		d := c.cable(cable{
			name: "pod" + strconv.Itoa(int(one.number)), alias: one.Name, mac: gatewayMAC, bridge: bridge, mtu: p.mtu(),
			peer: "eth0", peerMAC: mac, peerIn: one.ns,
		})
		n.cables = append(n.cables, d)
		at := d
		if bridge != 0 {
			at = bridge
			c.station(d, mac, netip.Addr{})
			c.hairpin(d, !p.m.BridgeDropsSelf())
		}
		for _, a := range one.Addrs {
			source := n.source(cluster.TowardLocalPods, a.Is6())
			if bridge == 0 && p.ownVeth(n) && source.IsValid() {
				c.addr(d, source, true)
			}
			c.neighbour(at, a, mac)
			c.route(route{to: only(a), dev: at, source: source})
		}
	}
}

func (p *plan) configurePod(c *config, n *node, one *pod) {
	eth := c.up("eth0")
	c.addresses(eth, one.Addrs)
	if p.bridged() {
		p.onBridge(c, n, one, eth)
	}
	for _, v6 := range families(one.Addrs) {
		c.neighbour(eth, gateway.addr(v6), p.gatewayMAC())
		c.route(route{to: everywhere(v6), dev: eth, via: []hop{gateway}})
	}
}
