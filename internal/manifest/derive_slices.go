package manifest

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// convertEndpoints takes Endpoints objects for the Services that have no
// EndpointSlice in the input.
func (b *Builder) convertEndpoints() []flow.Reason {
	services := make(map[flow.Object]bool, len(b.services))
	for _, s := range b.services {
		services[s.Object()] = true
	}
	sliced := make(map[flow.Object]bool, len(b.slices))
	for _, s := range b.slices {
		sliced[flow.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Service}] = true
	}
	count := 0
	for _, e := range b.endpoints {
		service := flow.Object{Kind: "Service", Namespace: e.Namespace, Name: e.Name}
		switch {
		case !services[service]:
			b.ignoreEndpoints(e, flow.CodeIgnoredEndpointsOrphan)
		case sliced[service]:
			b.ignoreEndpoints(e, flow.CodeIgnoredEndpoints)
		default:
			count++
			for i := range e.Slices {
				b.slices = append(b.slices, &e.Slices[i])
			}
		}
	}
	if count == 0 {
		return nil
	}
	return []flow.Reason{flow.Because(flow.CodeEndpointsConverted, strconv.Itoa(count))}
}

func (b *Builder) ignoreEndpoints(e *endpoints, code flow.Code) {
	o := flow.Object{Kind: "Endpoints", Namespace: e.Namespace, Name: e.Name}
	b.ignored = append(b.ignored, &cluster.Ignored{
		Object: o, Position: e.Position, Reason: flow.Because(code, e.Namespace+"/"+e.Name),
	})
}

// deriveSlices does the EndpointSlice controller's work for an input that
// holds neither EndpointSlices nor Endpoints.
func (b *Builder) deriveSlices() []flow.Reason {
	if len(b.slices) > 0 || len(b.endpoints) > 0 {
		return nil
	}
	zones := b.zones()
	byNamespace := make(map[string][]*pod)
	for _, p := range b.pods {
		byNamespace[p.Namespace] = append(byNamespace[p.Namespace], p)
	}
	count := 0
	for _, s := range b.services {
		if len(s.Selector) == 0 || s.Type == cluster.ServiceExternalName {
			continue
		}
		count++
		b.slices = append(b.slices, slicesOf(s, byNamespace[s.Namespace], zones)...)
	}
	if count == 0 {
		return nil
	}
	return []flow.Reason{flow.Because(flow.CodeEndpointsDerived, strconv.Itoa(count))}
}

// zones are those of the nodes.
func (b *Builder) zones() map[string]string {
	zones := make(map[string]string, len(b.nodes))
	for _, n := range b.nodes {
		zones[n.Name] = n.Labels[labelZone]
	}
	return zones
}

// slicesOf selects the Service's pods and groups them by the ports that its
// named target ports come to on each: one slice for each family and set of
// ports.
func slicesOf(s *cluster.Service, pods []*pod, zones map[string]string) []*cluster.EndpointSlice {
	selector := cluster.LabelSelector{MatchLabels: s.Selector}
	var selected []*pod
	for _, p := range pods {
		if !p.Finished() && len(p.IPs) > 0 && selector.Matches(p.Labels) {
			selected = append(selected, p)
		}
	}
	var all []*cluster.EndpointSlice
	for _, v6 := range families(s, selected) {
		byPorts := make(map[string]*cluster.EndpointSlice)
		for _, p := range selected {
			ip := p.IP(v6)
			if !ip.IsValid() {
				continue
			}
			ports := endpointPorts(s, p)
			key := fmt.Sprint(ports)
			slice := byPorts[key]
			if slice == nil {
				slice = newSlice(s, v6, len(all), ports)
				byPorts[key] = slice
				all = append(all, slice)
			}
			slice.Endpoints = append(slice.Endpoints, endpointOf(s, p, ip, zones))
		}
	}
	return all
}

// families are the Service's, or where nothing says so the pods' first one.
func families(s *cluster.Service, pods []*pod) []bool {
	if len(s.Families) > 0 {
		return slices.Compact(slices.Clone(s.Families))
	}
	if len(pods) == 0 {
		return nil
	}
	return []bool{pods[0].IPs[0].Is6()}
}

func newSlice(s *cluster.Service, v6 bool, i int, ports []cluster.EndpointPort) *cluster.EndpointSlice {
	return &cluster.EndpointSlice{
		Meta: cluster.Meta{
			Namespace: s.Namespace, Name: s.Name + "-derived-" + strconv.Itoa(i),
			Labels: cluster.Labels{labelServiceName: s.Name}, Position: s.Position,
		},
		Service: s.Name, IPv6: v6, Ports: ports, Derived: true,
	}
}

// endpointPorts are the Service's ports as this pod has them. A name that the
// pod does not declare for the protocol leaves the port out.
func endpointPorts(s *cluster.Service, p *pod) []cluster.EndpointPort {
	var ports []cluster.EndpointPort
	for _, sp := range s.Ports {
		number := sp.TargetPort.Number
		if sp.TargetPort.Name != "" {
			number = 0
			for _, cp := range p.Ports {
				if cp.Name == sp.TargetPort.Name && cp.Protocol == sp.Protocol {
					number = cp.Port
					break
				}
			}
		}
		if number != 0 {
			ports = append(ports, cluster.EndpointPort{Name: sp.Name, Protocol: sp.Protocol, Port: number})
		}
	}
	return ports
}

// endpointOf sets the conditions as the EndpointSlice controller does: serving
// is the pod's readiness; ready is serving and not terminating, or always with
// publishNotReadyAddresses.
func endpointOf(s *cluster.Service, p *pod, ip netip.Addr, zones map[string]string) cluster.Endpoint {
	e := cluster.Endpoint{
		Addresses:   []netip.Addr{ip},
		Ready:       s.PublishNotReadyAddresses || p.Ready && !p.Terminating,
		Serving:     p.Ready,
		Terminating: p.Terminating,
		Node:        p.Node,
		Zone:        zones[p.Node],
		Target:      p.Object(),
	}
	if !e.Ready || s.TrafficDistribution == "" {
		return e
	}
	// KEP-4444 and KEP-3015: every ready endpoint is hinted for its own place.
	if e.Zone != "" {
		e.HintZones = []string{e.Zone}
	}
	if e.Node != "" && s.TrafficDistribution == "PreferSameNode" {
		e.HintNodes = []string{e.Node}
	}
	return e
}
