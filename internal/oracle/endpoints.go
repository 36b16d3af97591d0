package oracle

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// backend is one endpoint as a proxy uses it: an address and a port.
type backend struct {
	cluster.Endpoint
	at netip.AddrPort
}

// backends are all endpoints of one Service port in one family. "The mapping
// between the Service and its EndpointSlices: the label
// kubernetes.io/service-name" (EndpointSlices, Ownership), joined by the port's
// name and protocol. "No semantics are defined for additional addresses beyond
// the first, and kube-proxy does not look at them" (API, Endpoint.addresses).
// "Clients of the EndpointSlice API must iterate through all the existing
// EndpointSlices associated to a Service and build a complete list of unique
// network endpoints" (EndpointSlices, Duplicate endpoints): of two, the one that
// is not terminating, else the last that is written.
func (w *world) backends(svc *cluster.Service, port *cluster.ServicePort, v6 bool) (list []backend) {
	for i := range w.s.EndpointSlices {
		slice := &w.s.EndpointSlices[i]
		if slice.Namespace != svc.Namespace || slice.Service != svc.Name || slice.FQDN || slice.IPv6 != v6 {
			continue
		}
		for _, sp := range slice.Ports {
			if sp.Name != port.Name || sp.Protocol != port.Protocol || sp.Port == 0 {
				continue
			}
			for _, e := range slice.Endpoints {
				if len(e.Addresses) > 0 {
					list = addUnique(list, backend{e, netip.AddrPortFrom(e.Addresses[0], sp.Port)})
				}
			}
		}
	}
	return list
}

func addUnique(list []backend, b backend) []backend {
	for i := range list {
		if list[i].at == b.at {
			if !b.Terminating {
				list[i] = b
			}
			return list
		}
	}
	return append(list, b)
}

// ready: "ready indicates that this endpoint is ready to receive traffic,
// according to whatever system is managing the endpoint" (API).
func ready(list []backend) (out []backend) {
	for _, b := range list {
		if b.Ready {
			out = append(out, b)
		}
	}
	return out
}

// draining: "when all available endpoints are terminating, kube-proxy forwards
// to those that are terminating and still serving" (KEP-1669).
func draining(list []backend) (out []backend) {
	for _, b := range list {
		if b.Serving && b.Terminating {
			out = append(out, b)
		}
	}
	return out
}

// clusterList: the ready endpoints by topology, else the draining ones, without
// topology.
func clusterList(list []backend, n *cluster.Node) []backend {
	if r := ready(list); len(r) > 0 {
		return closest(r, n)
	}
	return draining(list)
}

// localList: the ready endpoints on the node, else the draining ones on it.
// "When internalTrafficPolicy or externalTrafficPolicy is Local, topology is not
// looked at" (KEP-2086).
func localList(list []backend, n *cluster.Node) []backend {
	var here []backend
	for _, b := range list {
		if b.Node == n.Name {
			here = append(here, b)
		}
	}
	if r := ready(here); len(r) > 0 {
		return r
	}
	return draining(here)
}

// anywhere reports whether the port has a usable endpoint on any node.
func anywhere(list []backend) bool { return len(ready(list)) > 0 || len(draining(list)) > 0 }

// closest applies the hints: "hints contains information associated with how an
// endpoint should be consumed". Node hints first, then zone hints, each only if
// every ready endpoint has one and some endpoint's names this place (Topology
// Aware Routing, Safeguards: "One or more endpoints does not have a zone hint
// ... the kube-proxy ... will not use hints"; "A zone is not represented in
// hints").
func closest(list []backend, n *cluster.Node) []backend {
	nodeHints := func(b backend) []string { return b.HintNodes }
	zoneHints := func(b backend) []string { return b.HintZones }
	if near := hinted(list, nodeHints, n.Name); near != nil {
		return near
	}
	if near := hinted(list, zoneHints, n.Labels["topology.kubernetes.io/zone"]); near != nil {
		return near
	}
	return list
}

// hinted returns the endpoints hinted for the place, or nil when the hints may
// not be used.
func hinted(list []backend, hints func(backend) []string, place string) (near []backend) {
	for _, b := range list {
		if len(hints(b)) == 0 {
			return nil
		}
		if place != "" && slices.Contains(hints(b), place) {
			near = append(near, b)
		}
	}
	return near
}
