package service

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Backend is one endpoint of a Service port that a proxy may use.
type Backend struct {
	flow.Endpoint
	// Target is the pod, nil when the input does not hold it.
	Target *cluster.Pod
	// Host is true when the address is a node's: a process, not a pod network.
	Host bool

	Ready       bool
	Serving     bool
	Terminating bool
	// Number is its place in All.
	Number int32
	zones  []string
	nodes  []string
}

// Backends are the endpoints of one Service port and family, in the order of
// their addresses.
type Backends struct {
	all     []Backend
	ready   []int // the ready ones
	leaving []int // serving although terminating, used when nothing is ready
}

// compileBackends joins slices on port name and protocol and reads the first
// address of each endpoint, as kube-proxy does (endpointslicecache.go). Service
// targetPort plays no part: the endpoint controller already resolved it.
func compileBackends(p *cluster.ServicePort, v6 bool, parts []*cluster.EndpointSlice, x *cluster.Index) *Backends {
	found := listed(p, v6, parts)
	b := &Backends{all: make([]Backend, len(found)), ready: make([]int, 0, len(found))}
	for i := range found {
		e := &b.all[i]
		*e = newBackend(&found[i], p.Protocol, x)
		e.Number = int32(i)
		switch {
		case e.Ready:
			b.ready = append(b.ready, i)
		case e.Serving && e.Terminating:
			b.leaving = append(b.leaving, i)
		}
	}
	return b
}

// endpoint is one of a slice, by the port asked for.
type endpoint struct {
	*cluster.Endpoint
	addr netip.AddrPort
}

// listed are the endpoints of a port, in the order of their addresses. Of one
// address twice the one that stays wins, of two the later.
func listed(p *cluster.ServicePort, v6 bool, parts []*cluster.EndpointSlice) []endpoint {
	var all []endpoint
	for _, s := range parts {
		if s.FQDN || s.IPv6 != v6 {
			continue
		}
		for _, port := range s.Ports {
			if port.Name != p.Name || port.Protocol != p.Protocol || port.Port == 0 {
				continue
			}
			all = slices.Grow(all, len(s.Endpoints))
			for i := range s.Endpoints {
				if e := &s.Endpoints[i]; len(e.Addresses) > 0 {
					all = append(all, endpoint{e, netip.AddrPortFrom(e.Addresses[0], port.Port)})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b endpoint) int { return a.addr.Compare(b.addr) })
	out := all[:0]
	for _, e := range all {
		switch n := len(out) - 1; {
		case n < 0 || out[n].addr != e.addr:
			out = append(out, e)
		case !e.Terminating:
			out[n] = e
		}
	}
	return out
}

func newBackend(e *endpoint, proto flow.Protocol, x *cluster.Index) Backend {
	addr := e.addr.Addr()
	node := x.NodeByIP(addr)
	b := Backend{
		Endpoint: flow.Endpoint{Node: e.Node, Addr: e.addr},
		Host:     node != nil,
		Ready:    e.Ready, Serving: e.Serving, Terminating: e.Terminating,
		zones: e.HintZones, nodes: e.HintNodes,
	}
	switch {
	case e.Target.Kind == "Pod":
		b.Pod = e.Target
		b.Target = x.PodAt(addr, e.Target.Namespace, e.Target.Name)
	case b.Host:
		b.Target = x.HostListener(node.Name, proto, e.addr.Port())
	default:
		b.Target = x.PodByIP(addr)
	}
	if b.Target != nil {
		b.Pod = b.Target.Object()
	}
	return b
}

// Any reports whether a proxy may use any of the endpoints, anywhere.
func (b *Backends) Any() bool { return len(b.ready) > 0 || len(b.leaving) > 0 }

// HintsNodes reports whether some endpoint has a hint for single nodes.
func (b *Backends) HintsNodes() bool {
	for i := range b.all {
		if len(b.all[i].nodes) > 0 {
			return true
		}
	}
	return false
}

// All returns every endpoint, usable or not.
func (b *Backends) All() []Backend { return b.all }

// Cluster returns what a proxy on the node may choose from when no Local policy
// restricts it: the ready endpoints its topology allows, else those that still
// serve while terminating, wherever they are (KEP-1669).
func (b *Backends) Cluster(node *cluster.Node) []*Backend {
	if len(b.ready) == 0 {
		return b.pick(b.leaving, nil)
	}
	return b.pick(b.ready, b.topology(node))
}

// Local returns the endpoints on the node: the ready ones, else those that
// still serve while terminating. Local policies ignore topology (KEP-2086).
func (b *Backends) Local(node string) []*Backend {
	here := func(e *Backend) bool { return node != "" && e.Node == node }
	if local := b.pick(b.ready, here); len(local) > 0 {
		return local
	}
	return b.pick(b.leaving, here)
}

// fallbacks are the endpoints to which Local policies fall back on their nodes.
func (b *Backends) fallbacks() []*Backend {
	if len(b.leaving) == 0 {
		return nil
	}
	ready := map[string]bool{}
	for _, i := range b.ready {
		ready[b.all[i].Node] = true
	}
	return b.pick(b.leaving, func(e *Backend) bool { return e.Node != "" && !ready[e.Node] })
}

func (b *Backends) pick(which []int, keep func(*Backend) bool) []*Backend {
	var out []*Backend
	for _, i := range which {
		if e := &b.all[i]; keep == nil || keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// ZoneLabel is the node label that topology hints compare with.
const ZoneLabel = "topology.kubernetes.io/zone"

// topology is pkg/proxy/topology.go: hints count only if every ready endpoint
// has them and one of them hints here; node hints before zone hints.
func (b *Backends) topology(node *cluster.Node) func(*Backend) bool {
	if node == nil {
		return nil
	}
	zone := node.Labels[ZoneLabel]
	byNode, byZone, sameNode, sameZone := true, true, false, false
	for _, i := range b.ready {
		e := &b.all[i]
		byNode = byNode && len(e.nodes) > 0
		byZone = byZone && len(e.zones) > 0
		sameNode = sameNode || slices.Contains(e.nodes, node.Name)
		sameZone = sameZone || slices.Contains(e.zones, zone)
	}
	switch {
	case byNode && sameNode:
		return func(e *Backend) bool { return slices.Contains(e.nodes, node.Name) }
	case byZone && sameZone:
		return func(e *Backend) bool { return slices.Contains(e.zones, zone) }
	}
	return nil
}

// Endpoints compiles the endpoints of one Service port and family, also of a
// Service without any front (headless).
func Endpoints(s *cluster.Snapshot, x *cluster.Index, svc *cluster.Service, p *cluster.ServicePort, v6 bool) *Backends {
	var parts []*cluster.EndpointSlice
	for i := range s.EndpointSlices {
		if e := &s.EndpointSlices[i]; e.Namespace == svc.Namespace && e.Service == svc.Name {
			parts = append(parts, e)
		}
	}
	return compileBackends(p, v6, parts, x)
}

// EndpointsOf is Endpoints for whoever has the Service's slices at hand.
func EndpointsOf(p *cluster.ServicePort, v6 bool, parts []*cluster.EndpointSlice, x *cluster.Index) *Backends {
	return compileBackends(p, v6, parts, x)
}
