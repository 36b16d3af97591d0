package model

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/lbip"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Model is a compiled Snapshot.
type Model struct {
	Snapshot *cluster.Snapshot
	Index    *cluster.Index
	Profile  *cluster.Profile
	Announce *announce.Table
	Services *service.Tables
	Policies *policy.Tables
	// Balancers says who has which load balancer address, and why not.
	Balancers *lbip.Table

	judges  Judges
	trips   [4][2][2]Trip
	foreign map[string][]cluster.Foreign // by namespace; "" holds the cluster-wide ones
	unread  unread
	// eligible nodes by family, IPv4 first
	eligible [2]eligible
	devices  map[netip.Addr]string // addresses of nodes' devices that their objects do not list
}

// Compile decides everything that can be decided before a question is asked.
// It returns an error when the Fabric contradicts itself or names what does not
// exist.
func Compile(s *cluster.Snapshot) (*Model, error) { return CompileOn(nil, s) }

// CompileOn is Compile on several cores.
func CompileOn(cores Cores, s *cluster.Snapshot) (*Model, error) {
	profile, err := cluster.Resolve(s)
	if err != nil {
		return nil, inFabric(s, err)
	}
	if err := validateFabric(s); err != nil {
		return nil, inFabric(s, err)
	}
	x := cluster.NewIndex(s)
	m := &Model{Snapshot: s, Index: x, Profile: profile, foreign: map[string][]cluster.Foreign{}, unread: unreadOf(s)}
	for _, f := range s.Foreign {
		m.foreign[f.Namespace] = append(m.foreign[f.Namespace], f)
	}
	m.devices = deviceAddresses(profile, s)
	m.trips = compileTrips(profile)
	cores.Beside(
		func() { m.Policies = policy.Compile(s, x, &profile.Policy) },
		func() {
			m.Services = service.Compile(s, x)
			m.Balancers = lbip.Allocate(s)
			m.Announce = announce.Compile(s, x, m.wants())
		},
	)
	m.judges = m.Policies
	m.eligible = [2]eligible{m.compileEligible(false), m.compileEligible(true)}
	return m, nil
}

// FabricError is a Fabric that cannot be used.
type FabricError struct {
	Position flow.Position
	Err      error
}

// Error prints "file:line: Fabric: what".
func (e *FabricError) Error() string {
	if at := e.Position.String(); at != "" {
		return at + ": Fabric: " + e.Err.Error()
	}
	return "Fabric: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *FabricError) Unwrap() error { return e.Err }

func inFabric(s *cluster.Snapshot, err error) error {
	return &FabricError{Position: s.Fabric.Position, Err: err}
}

func validateFabric(s *cluster.Snapshot) error {
	known := func(name string) bool {
		return s.UnreadOf("Node") != nil || slices.ContainsFunc(s.Nodes, func(n cluster.Node) bool { return n.Name == name })
	}
	for _, r := range s.Fabric.Routers {
		for _, n := range r.Nodes {
			if !known(n) {
				return fmt.Errorf("router %q has next hop %q, which is no Node of the input", r.Name, n)
			}
		}
	}
	owner := addressesOfNodes(s)
	for _, n := range s.Fabric.Nodes {
		if !known(n.Name) {
			return fmt.Errorf("nodes names %q, which is no Node of the input", n.Name)
		}
		for _, addr := range n.Masquerade.All() {
			if other, has := owner[addr]; has && other != n.Name {
				return fmt.Errorf("node %q masquerades with %s, which is an address of node %q", n.Name, addr, other)
			}
		}
	}
	return nil
}

// addressesOfNodes maps the addresses of Node objects to their names.
func addressesOfNodes(s *cluster.Snapshot) map[netip.Addr]string {
	all := map[netip.Addr]string{}
	for i := range s.Nodes {
		for _, addr := range slices.Concat(s.Nodes[i].InternalIPs, s.Nodes[i].OtherIPs) {
			all[addr] = s.Nodes[i].Name
		}
	}
	return all
}

// wants collects, for each external address, the Services that have it.
func (m *Model) wants() map[netip.Addr][]announce.Want {
	all := map[netip.Addr][]announce.Want{}
	for _, addr := range m.Services.Addresses() {
		for _, svc := range m.Services.Owners(addr) {
			w := announce.Want{
				Local: svc.ExternalTrafficPolicy == cluster.PolicyLocal, Serving: m.Services.Serving(svc),
				Labels: svc.Labels, Shares: lbip.Annotated(svc), Foreign: lbip.ForeignClass(svc),
			}
			w.Assigned = slices.ContainsFunc(svc.Ingress, func(in cluster.Ingress) bool { return in.IP == addr && !in.Proxy })
			if len(svc.Ingress) > 0 {
				w.First = svc.Ingress[0].IP
			}
			all[addr] = append(all[addr], w)
		}
	}
	return all
}

// deviceAddresses maps the masquerade addresses, which are those of bridges,
// tunnels and veths, to their nodes.
func deviceAddresses(p *cluster.Profile, s *cluster.Snapshot) map[netip.Addr]string {
	all := map[netip.Addr]string{}
	for i := range s.Nodes {
		name := s.Nodes[i].Name
		own := p.Nodes[name]
		for _, a := range own.All() {
			if _, taken := all[a]; !taken {
				all[a] = name
			}
		}
	}
	return all
}

// nodeOf returns the node that owns the address, on whatever device, or "".
func (m *Model) nodeOf(addr netip.Addr) string {
	if n := m.Index.NodeByIP(addr); n != nil {
		return n.Name
	}
	return m.devices[addr]
}

// LocalAddress reports whether addr is one of the node's own: its object's
// addresses, and those it puts on what it masquerades.
func (m *Model) LocalAddress(node string, addr netip.Addr) bool {
	return addr.IsValid() && node != "" && (addr.IsLoopback() || m.nodeOf(addr) == node)
}
