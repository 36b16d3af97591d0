//go:build linux

package lab

import (
	"errors"
	"net"
	"os"
	"slices"

	"github.com/vishvananda/netlink"

	"github.com/portolan-net/portolan/cluster"
)

// bridgeMAC is that of a node's bridge to its pods.
var bridgeMAC = net.HardwareAddr{0xee, 0xee, 0xee, 0xee, 0xee, 0x01}

func (p *plan) gatewayMAC() net.HardwareAddr {
	if p.bridged() {
		return bridgeMAC
	}
	return gatewayMAC
}

// podBridge is cni0, or antrea-gw0: it has the node's address toward its pods.
// What crosses it meets the rules of ip and ip6 tables, as the kernel has it
// wherever br_netfilter is loaded: replies between two pods of one node are
// translated back only because of that.
func (p *plan) podBridge(c *config, n *node) dev {
	name := "cni0"
	if p.m.Profile.PodNetwork == cluster.PodNetworkGateway {
		name = "gw0"
	}
	d := c.bridge(name, bridgeMAC)
	if len(n.pods) > 0 {
		n.cables = append(n.cables, d)
	}
	c.try("bridge", func() error {
		if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
			return errors.New("this kernel has no br_netfilter at hand: modprobe br_netfilter")
		}
		return nil
	})
	c.set("net/bridge/bridge-nf-call-iptables", "1")
	if p.v6() {
		c.set("net/bridge/bridge-nf-call-ip6tables", "1")
	}
	for _, v6 := range p.families {
		if a := n.source(cluster.TowardLocalPods, v6); a.IsValid() {
			c.addr(d, a, true)
		}
	}
	return d
}

// hairpin lets a bridge send a frame back to the port it came from.
func (c *config) hairpin(port dev, on bool) {
	if on {
		c.try("hairpin", func() error { return c.h.LinkSetHairpin(port.link(), true) })
	}
}

// onBridge is a pod's view of a bridge: the other pods of its node are on the same
// wire.
func (p *plan) onBridge(c *config, n *node, self *pod, eth dev) {
	for _, one := range n.pods {
		for _, a := range one.Addrs {
			if one != self && slices.Contains(families(self.Addrs), a.Is6()) {
				c.neighbour(eth, a, one.number.mac(pods))
				c.route(route{to: only(a), dev: eth})
			}
		}
	}
}

// podTunnel is the device toward pods of other nodes, with an address of its
// own: a VXLAN, else a wire.
func (p *plan) podTunnel(c *config, n *node, eth dev) dev {
	var d dev
	if p.m.Profile.PodNetwork == cluster.PodNetworkVXLAN {
		d = p.vxlan(c, n, eth)
	} else {
		d = c.up("tun0")
	}
	for _, v6 := range p.families {
		if a := n.source(cluster.TowardRemotePods, v6); a.IsValid() {
			c.addr(d, a, true)
		}
	}
	p.neighbours(c, d, tun, p.machines()...)
	return d
}

// vxlan is flannel's: everybody's place is known beforehand.
func (p *plan) vxlan(c *config, n *node, eth dev) dev {
	v6 := p.underlay()
	a := attrs("flannel.1", n.hop.mac(tun))
	a.MTU = tunnelMTU
	d := c.add(&netlink.Vxlan{
		LinkAttrs: a, VxlanId: 1, VtepDevIndex: int(eth), SrcAddr: n.object.IP(v6).AsSlice(), Port: 8472,
	})
	for _, o := range p.nodes {
		if o != n {
			c.station(d, o.hop.mac(tun), o.object.IP(v6))
		}
	}
	return d
}

// underlay is the family that all nodes have, IPv4 before IPv6.
func (p *plan) underlay() (v6 bool) {
	for _, n := range p.nodes {
		if !n.object.IP(false).IsValid() {
			return true
		}
	}
	return false
}

// checkNetwork refuses what the pod network cannot do.
func (p *plan) checkNetwork() {
	if p.m.Profile.PodNetwork != cluster.PodNetworkVXLAN {
		return
	}
	v6 := p.underlay()
	for _, n := range p.nodes {
		if !n.object.IP(v6).IsValid() {
			p.refuse("Node/%s shares no family of addresses with the other nodes, so no tunnel leads there", n.object.Name)
		}
	}
}
