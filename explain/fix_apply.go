package explain

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// Edit is a change of one Service: the fields that are set, nothing else.
type Edit struct {
	Service *cluster.Service // as it was
	// Selector replaces spec.selector; nil leaves it.
	Selector cluster.Labels
	// Port is the Service port whose target port becomes TargetPort.
	Port       *cluster.ServicePort
	TargetPort cluster.PortRef
	// External and Internal replace the traffic policies; "" leaves them.
	External cluster.TrafficPolicy
	Internal cluster.TrafficPolicy
	// SourceRanges replace spec.loadBalancerSourceRanges; nil leaves them.
	SourceRanges []netip.Prefix
}

// mergeEdit adds an edit to those before it, one for each Service.
func mergeEdit(edits []Edit, e Edit) []Edit {
	for i := range edits {
		if edits[i].Service.Object() != e.Service.Object() {
			continue
		}
		out := slices.Clone(edits)
		o := &out[i]
		if e.Selector != nil {
			o.Selector = e.Selector
		}
		if e.Port != nil {
			o.Port, o.TargetPort = e.Port, e.TargetPort
		}
		if e.External != "" {
			o.External = e.External
		}
		if e.Internal != "" {
			o.Internal = e.Internal
		}
		if e.SourceRanges != nil {
			o.SourceRanges = e.SourceRanges
		}
		return out
	}
	return append(slices.Clip(edits), e)
}

// Apply compiles the cluster with the fix; the Model it starts from stays as it
// is.
func (f *Fix) Apply(m *model.Model) (*model.Model, error) { return changed(m, f.Edits, f.Policies) }

// changed compiles the cluster with the edits and the policies; the Model it
// starts from stays as it is.
func changed(m *model.Model, edits []Edit, policies []*cluster.NetworkPolicy) (*model.Model, error) {
	s := *m.Snapshot
	if len(edits) > 0 {
		s.Services, s.EndpointSlices = slices.Clone(s.Services), slices.Clone(s.EndpointSlices)
	}
	for i := range edits {
		edits[i].apply(&s)
	}
	s.NetworkPolicies = slices.Clip(s.NetworkPolicies)
	for _, p := range policies {
		s.NetworkPolicies = append(s.NetworkPolicies, *p)
	}
	return model.Compile(&s)
}

// apply changes the Service in place, in a snapshot that owns its slices, and
// does the EndpointSlice controller's work where its endpoints change.
func (e *Edit) apply(s *cluster.Snapshot) {
	i := slices.IndexFunc(s.Services, func(o cluster.Service) bool { return o.Object() == e.Service.Object() })
	if i < 0 {
		return
	}
	svc := s.Services[i]
	if e.External != "" {
		svc.ExternalTrafficPolicy = e.External
	}
	if e.Internal != "" {
		svc.InternalTrafficPolicy = e.Internal
	}
	if e.SourceRanges != nil {
		svc.SourceRanges = e.SourceRanges
	}
	if e.Selector != nil {
		svc.Selector = e.Selector
	}
	if e.Port != nil {
		svc.Ports = slices.Clone(svc.Ports)
		for j := range svc.Ports {
			if p := &svc.Ports[j]; p.Port == e.Port.Port && p.Protocol == e.Port.Protocol {
				p.TargetPort = e.TargetPort
			}
		}
	}
	s.Services[i] = svc
	if e.Selector != nil || e.Port != nil {
		s.EndpointSlices = slices.DeleteFunc(s.EndpointSlices, func(x cluster.EndpointSlice) bool {
			return x.Namespace == svc.Namespace && x.Service == svc.Name
		})
		s.EndpointSlices = append(s.EndpointSlices, endpointsOf(s, &svc)...)
	}
}

// endpointsOf selects the Service's pods as the EndpointSlice controller does:
// one slice for each family and set of ports.
func endpointsOf(s *cluster.Snapshot, svc *cluster.Service) []cluster.EndpointSlice {
	var out []cluster.EndpointSlice
	for _, v6 := range []bool{false, true} {
		if !servesFamily(svc, v6) {
			continue
		}
		at := map[string]int{}
		for i := range s.Pods {
			p := &s.Pods[i]
			ip := p.IP(v6)
			if p.Finished() || !ip.IsValid() || !serviceSelects(svc, p) {
				continue
			}
			ports := resolvedPorts(svc, p)
			key := fmt.Sprint(ports)
			j, ok := at[key]
			if !ok {
				j = len(out)
				at[key] = j
				out = append(out, cluster.EndpointSlice{
					Meta:    cluster.Meta{Namespace: svc.Namespace, Name: svc.Name + "-fixed-" + strconv.Itoa(j), Position: svc.Position},
					Service: svc.Name, IPv6: v6, Ports: ports, Derived: true,
				})
			}
			out[j].Endpoints = append(out[j].Endpoints, cluster.Endpoint{
				Addresses: []netip.Addr{ip}, Ready: svc.PublishNotReadyAddresses || p.Ready && !p.Terminating,
				Serving: p.Ready, Terminating: p.Terminating, Node: p.Node, Target: p.Object(),
			})
		}
	}
	return out
}

func servesFamily(svc *cluster.Service, v6 bool) bool {
	if len(svc.ClusterIPs) == 0 && len(svc.Families) == 0 {
		return !v6
	}
	return slices.Contains(svc.Families, v6) ||
		slices.ContainsFunc(svc.ClusterIPs, func(a netip.Addr) bool { return a.Is6() == v6 })
}

// serviceSelects reports whether a Service with a selector selects the pod.
func serviceSelects(svc *cluster.Service, p *cluster.Pod) bool {
	if len(svc.Selector) == 0 || p.Namespace != svc.Namespace {
		return false
	}
	s := cluster.LabelSelector{MatchLabels: svc.Selector}
	return s.Matches(p.Labels)
}

// resolvedPorts are the Service's ports as the pod has them.
func resolvedPorts(svc *cluster.Service, p *cluster.Pod) []cluster.EndpointPort {
	var ports []cluster.EndpointPort
	for _, sp := range svc.Ports {
		if n := targetNumber(&sp, p); n != 0 {
			ports = append(ports, cluster.EndpointPort{Name: sp.Name, Protocol: sp.Protocol, Port: n})
		}
	}
	return ports
}

// targetNumber is what a Service port comes to on a pod; 0 where the pod has no
// port of that name.
func targetNumber(sp *cluster.ServicePort, p *cluster.Pod) uint16 {
	if sp.TargetPort.Name == "" {
		return sp.TargetPort.Number
	}
	if n := p.PortNumbers(sp.Protocol, sp.TargetPort.Name); len(n) > 0 {
		return n[0]
	}
	return 0
}

// Object is the Service's name.
func (e *Edit) Object() flow.Object { return e.Service.Object() }

// Removed are the selector's keys that a patch has to clear: a merge leaves what
// it does not mention.
func (e *Edit) Removed() []string {
	var gone []string
	if e.Selector == nil {
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(e.Service.Selector)) {
		if _, kept := e.Selector[k]; !kept {
			gone = append(gone, k)
		}
	}
	return gone
}
