//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"slices"
)

// Routing tables and the order in which a router asks them.
//
//	100  from wan, source port of a node's range    its own table: to that node
//	200  announced: nodes, Services' addresses, clients, prefixes
//	300  from wan, source port of the own range     closed: nothing else for clients
//	     main: pods, masquerade addresses, the rest of the world
const (
	announced  = 800
	closed     = 900
	firstTable = 1000
)

// configureRouter is a router: what it was told, and all that replies need.
func (p *plan) configureRouter(c *config, number int) {
	m := p.routers[number]
	c.rules(p.refusals(number))
	inner, outer, world := c.up("lan"), c.up("wan"), c.up("out")
	c.addresses(inner, m.Addrs)
	p.neighbours(c, inner, lan, p.machines()...)
	p.neighbours(c, outer, wan, p.clients...)
	p.neighbours(c, world, out, p.outside)
	p.pins(c, number, inner)
	p.announcements(c, number, inner, outer)
	for _, v6 := range p.families {
		c.route(route{to: everywhere(v6), table: closed, dev: world, via: []hop{p.outside.hop}})
		c.rule(rule{v6: v6, priority: 200, table: announced})
		c.rule(rule{v6: v6, priority: 300, table: closed, from: "wan", sources: p.ports(number, -1)})
		c.route(route{to: everywhere(v6), dev: world, via: []hop{p.outside.hop}})
	}
	p.replies(c, inner)
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
func (p *plan) announcements(c *config, number int, inner, outer dev) {
	r := &p.m.Announce.Routers()[number]
	to := func(prefix netip.Prefix, addr netip.Addr) {
		choice := p.m.Announce.NextHops(r, addr)
		one := route{to: prefix, table: announced, dev: inner}
		for _, name := range choice.Nodes {
			one.via = append(one.via, p.byNode[name].hop)
		}
		if len(one.via) > 0 {
			c.route(one)
		}
	}
	for _, n := range p.nodes {
		for _, a := range slices.Concat(n.object.InternalIPs, n.object.OtherIPs) {
			to(only(a), a)
		}
	}
	for _, a := range p.m.Services.Addresses() {
		to(only(a), a)
	}
	for _, m := range p.clients {
		for _, a := range m.Addrs {
			c.route(route{to: only(a), table: announced, dev: outer, via: []hop{m.hop}}) // also inside a prefix
		}
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

// replies are the ways back, for which no route is announced: pods, and addresses
// that nodes masquerade with. Service addresses that no router sends
// to nodes get lost.
func (p *plan) replies(c *config, inner dev) {
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
			c.route(route{to: only(a)})
		}
	}
	for _, prefix := range p.m.Profile.ServiceCIDRs {
		c.route(route{to: prefix})
	}
}

// refusals are what a router answers with an error. They are rules, since the
// kernel lets a route do so only a few times in a second for each host
// (net.ipv4.route.error_burst, which is not a namespace's own).
func (p *plan) refusals(number int) *rules {
	r := &p.m.Announce.Routers()[number]
	var inside, own, unannounced []netip.Prefix
	inside = append(inside, p.m.Profile.ClusterCIDRs...)
	for prefix := range p.ranges() {
		inside = append(inside, prefix)
	}
	for _, n := range p.nodes {
		for _, a := range n.Addrs {
			own = append(own, only(a))
		}
		for _, one := range n.pods {
			for _, a := range one.Addrs {
				own = append(own, only(a))
			}
		}
	}
	for _, m := range p.clients {
		for _, a := range m.Addrs {
			own = append(own, only(a))
		}
	}
	for _, a := range p.m.Services.Addresses() {
		if c := p.m.Announce.NextHops(r, a); c.Known && len(c.Nodes) == 0 {
			unannounced = append(unannounced, only(a))
		}
	}
	for _, prefix := range r.Prefixes {
		if c := p.m.Announce.NextHops(r, p.freeAddress(prefix)); c.Known && len(c.Nodes) == 0 {
			unannounced = append(unannounced, prefix)
		}
	}
	t := &rules{name: "router"}
	t.set("inside", inside)
	t.set("own", own)
	t.set("unannounced", unannounced)
	t.chain("forward", "type filter hook forward priority filter",
		`iifname "wan" oifname { "wan", "out" } reject with icmpx type host-unreachable`)
	for _, f := range [][2]string{{"ip", ""}, {"ip6", "6"}} {
		// What the question sends to a node goes there, announced or not.
		t.add("forward", fmt.Sprintf(`oifname != "lan" %s daddr @unannounced%s reject with icmpx type host-unreachable`, f[0], f[1]))
		t.add("forward", fmt.Sprintf(`iifname "lan" %s daddr @inside%s %s daddr != @own%s reject with icmpx type host-unreachable`, f[0], f[1], f[0], f[1]))
	}
	return t
}
