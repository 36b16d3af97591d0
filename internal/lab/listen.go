//go:build linux

package lab

import (
	"context"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/probe"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/service"
)

// server is one name at a machine and what it listens on.
type server struct {
	on   *Machine
	name string
	at   []probe.Listener
}

// wanted is an address and port that something may ask for.
type wanted struct {
	proto flow.Protocol
	addr  netip.AddrPort
	// pod is who is meant by it, on a node: a hostNetwork pod that does not say its
	// ports.
	pod *cluster.Pod
}

// listens works out who listens where, as package path takes it to be: a pod that
// declares ports of a protocol on those alone, one that declares none on whatever
// is asked of it; a node's process likewise, but not on a free port of the
// NodePorts' range.
func (p *plan) listens(targets []path.Target) {
	asked := p.wanted(targets)
	byAddr := map[netip.Addr][]wanted{}
	var loopback []wanted
	for _, w := range asked {
		if a := w.addr.Addr(); a.IsLoopback() {
			loopback = append(loopback, w)
		} else {
			byAddr[a] = append(byAddr[a], w)
		}
	}
	of := func(m *Machine) []wanted {
		all := slices.Clone(loopback)
		for _, a := range m.Addrs {
			all = append(all, byAddr[a]...)
		}
		return all
	}
	for _, n := range p.nodes {
		for _, one := range n.pods {
			p.podListens(one, of(one.Machine))
		}
		p.nodeListens(n, of(n.Machine))
	}
	for _, w := range asked {
		if m := p.outsider(w.addr.Addr()); m != nil {
			p.serve(m, w.addr.String(), w.proto, w.addr)
		}
	}
}

// wanted are the targets of questions and of Services, each once, in order. What
// cannot be a socket here is left out.
func (p *plan) wanted(targets []path.Target) []wanted {
	at := map[wanted]bool{}
	var all []wanted
	add := func(w wanted) {
		if w.proto == flow.SCTP || !w.addr.IsValid() || w.addr.Port() == 0 || at[w] {
			return
		}
		at[w] = true
		all = append(all, w)
	}
	p.backends(func(f *service.Front, b *service.Backend) {
		w := wanted{proto: f.Protocol, addr: b.Addr}
		if b.Target != nil && b.Target.HostNetwork {
			w.pod = b.Target
		}
		add(w)
	})
	for _, t := range targets {
		add(wanted{proto: t.Protocol, addr: t.Addr, pod: p.hostPod(t.Pod)})
	}
	slices.SortStableFunc(all, func(a, b wanted) int { return a.addr.Compare(b.addr) })
	return all
}

func (p *plan) backends(each func(*service.Front, *service.Backend)) {
	for i := range p.m.Snapshot.Services {
		for _, f := range p.m.Services.Of(&p.m.Snapshot.Services[i]) {
			all := f.Backends.All()
			for j := range all {
				each(f, &all[j])
			}
		}
	}
}

func (p *plan) hostPod(o flow.Object) *cluster.Pod {
	if one := p.m.Index.Pod(o.Namespace, o.Name); one != nil && one.HostNetwork {
		return one
	}
	return nil
}

// serve adds a listener; of one name all are together.
func (p *plan) serve(on *Machine, name string, proto flow.Protocol, at netip.AddrPort) {
	l := probe.Listener{Protocol: proto, Addr: at}
	key := served{on, l}
	if p.served[key] {
		return
	}
	p.served[key] = true
	if n := len(p.servers); n > 0 && p.servers[n-1].on == on && p.servers[n-1].name == name {
		p.servers[n-1].at = append(p.servers[n-1].at, l)
		return
	}
	p.servers = append(p.servers, server{on: on, name: name, at: []probe.Listener{l}})
}

type served struct {
	on *Machine
	at probe.Listener
}

// podListens: a pod that the input does not hold listens on whatever Services
// ask of it.
func (p *plan) podListens(one *pod, asked []wanted) {
	for _, proto := range []flow.Protocol{flow.TCP, flow.UDP} {
		declared := false
		for _, c := range one.object.Ports {
			if c.Protocol == proto {
				declared = true
				p.podServes(one, proto, c.Port, asked)
			}
		}
		if declared {
			continue
		}
		for _, w := range asked {
			if w.proto == proto {
				p.podServes(one, proto, w.addr.Port(), asked)
			}
		}
	}
}

// podServes listens on every address of the pod. Where somebody asks a loopback
// address, that one goes by its own name.
func (p *plan) podServes(one *pod, proto flow.Protocol, port uint16, asked []wanted) {
	name := one.object.Namespace + "/" + one.object.Name
	own := slices.DeleteFunc(slices.Clone(asked), func(w wanted) bool {
		return w.proto != proto || w.addr.Port() != port || !w.addr.Addr().IsLoopback()
	})
	if len(own) == 0 {
		p.serve(one.Machine, name, proto, netip.AddrPortFrom(netip.Addr{}, port))
		return
	}
	for _, a := range one.Addrs {
		p.serve(one.Machine, name, proto, netip.AddrPortFrom(a, port))
	}
	for _, w := range own {
		p.serve(one.Machine, w.addr.String(), proto, w.addr)
	}
}

// nodeListens are the processes of a node.
func (p *plan) nodeListens(n *node, asked []wanted) {
	for _, one := range p.m.Index.HostPods(n.object.Name) {
		for _, c := range one.Ports {
			if c.Protocol == flow.SCTP {
				continue
			}
			for _, a := range n.Addrs {
				p.processListens(n, wanted{proto: c.Protocol, addr: netip.AddrPortFrom(a, c.Port)})
			}
		}
	}
	for i := range p.m.Snapshot.Services {
		if port := p.m.Snapshot.Services[i].HealthCheckNodePort; port != 0 && p.m.Services.HealthCheck(port) != nil {
			for _, a := range n.Addrs {
				p.processListens(n, wanted{proto: flow.TCP, addr: netip.AddrPortFrom(a, port)})
			}
		}
	}
	for _, w := range asked {
		p.processListens(n, w)
	}
}

// processListens decides about one port of a node, as path does where a packet
// ends at a process.
func (p *plan) processListens(n *node, w wanted) {
	port := w.addr.Port()
	who := p.m.Index.HostListener(n.object.Name, w.proto, port)
	if who == nil && w.pod != nil && w.pod.Node == n.object.Name {
		who = w.pod
	}
	name := w.addr.String()
	switch {
	case who != nil:
		if who.Listens(w.proto, port) == cluster.ListensNot {
			return
		}
		if p.m.Index.NodeByIP(w.addr.Addr()) != nil {
			name = who.Namespace + "/" + who.Name
		}
	case w.proto == flow.TCP && p.m.Services.HealthCheck(port) != nil:
	case model.InNodePortRange(port):
		return
	}
	p.serve(n.Machine, name, w.proto, w.addr)
}

// outsider is who answers for an address that is not the cluster's, nil for one
// that is.
func (p *plan) outsider(a netip.Addr) *Machine {
	for _, m := range slices.Concat(p.clients, p.routers, []*Machine{p.outside}) {
		if slices.Contains(m.Addrs, a) {
			return m
		}
	}
	return nil
}

// addOutside gives the rest of the world the addresses that are asked of it.
func (p *plan) addOutside(targets []path.Target) {
	add := func(a netip.Addr) {
		if a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && p.owners[a] == "" && p.isOutside(a) {
			p.owners[a] = "the rest of the world"
			p.outside.Addrs = append(p.outside.Addrs, a)
		}
	}
	for _, t := range targets {
		add(t.Addr.Addr())
	}
	p.backends(func(_ *service.Front, b *service.Backend) { add(b.Addr.Addr()) })
}

// isOutside: neither of the cluster's ranges nor routed into it by every router.
func (p *plan) isOutside(a netip.Addr) bool {
	if p.m.Profile.InClusterCIDR(a) || p.m.ServiceAddress(a) {
		return false
	}
	routers := p.m.Announce.Routers()
	for i := range routers {
		if !p.m.Announce.NextHops(&routers[i], a).Known {
			return true
		}
	}
	return len(routers) == 0
}

// startServers starts everybody who listens.
func (l *Lab) startServers(ctx context.Context) error {
	servers, err := probe.NewServers()
	if err != nil {
		return err
	}
	l.servers = servers
	l.closers = append(l.closers, func() error { servers.Close(); return nil })
	return parallel(ctx, len(l.plan.servers), func(i int) error {
		s := &l.plan.servers[i]
		_, err := servers.Listen(s.on, s.name, s.at...)
		return named(s.on, err)
	})
}

// Servers are all that listen in the lab. A pod answers as "NAMESPACE/NAME",
// whatever is no pod as "ADDRESS:PORT".
func (l *Lab) Servers() *probe.Servers { return l.servers }
