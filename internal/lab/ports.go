//go:build linux

package lab

import (
	"slices"

	"github.com/portolan-net/portolan/internal/probe"
)

// The source ports by which a client outside chooses its way. They lie above
// the NodePorts.
//
//	33000             64999
//	├──────┬──────┬──────┬──────┬──────┬──────┐
//	│r1    │r1 n1 │r1 n2 │r2    │r2 n1 │r2 n2 │
//	└──────┴──────┴──────┴──────┴──────┴──────┘
//
// Where a client is itself asked on such a port, the range stops short of it:
// what it answers must not look like what it asks.
const (
	firstPort = 33000
	lastPort  = 64999
	// leastPorts is how many one way must have, for connections at one time.
	leastPorts = 4
)

// choosePorts takes the longest range without a port of somebody outside.
func (p *plan) choosePorts() {
	var taken []int
	for _, s := range p.servers {
		for _, l := range s.at {
			if port := int(l.Addr.Port()); slices.Contains(p.clients, s.on) && port >= firstPort && port <= lastPort {
				taken = append(taken, port)
			}
		}
	}
	slices.Sort(taken)
	first := firstPort
	for _, port := range append(taken, lastPort+1) {
		if port-first > p.portCount {
			p.portFirst, p.portCount = first, port-first
		}
		first = port + 1
	}
	if p.portCount/p.ways() < leastPorts {
		p.refuse("%d routers and %d nodes are more ways in than there are source ports", len(p.routers), len(p.nodes))
	}
}

// ways is in how many ways a packet from outside may come: by each router's own
// choice, and by each router through each node.
func (p *plan) ways() int { return len(p.routers) * (len(p.nodes) + 1) }

// ports is the range of a router and a node by number; node -1 is the router's
// own choice.
func (p *plan) ports(router, node int) probe.Ports {
	n := p.portCount / p.ways()
	first := p.portFirst + (router*(len(p.nodes)+1)+node+1)*n
	return probe.Ports{Low: uint16(first), High: uint16(first + n - 1)}
}

// portsOf are all ranges of a router.
func (p *plan) portsOf(router int) probe.Ports {
	return probe.Ports{Low: p.ports(router, -1).Low, High: p.ports(router, len(p.nodes)-1).High}
}
