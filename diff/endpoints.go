package diff

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// EndpointSlices are written by a controller: what differs in them is told of what
// it was written from, the pods or the Service. Only what neither explains is the
// slice's own change.
//
//	endpoint differs ──► its pod does?      ──► of the workload
//	                 └─► the Service does?  ──► of the Service
//	                 └─► neither            ──► of the EndpointSlice

// compareSlices finds the Services whose endpoints differ.
func (x *comparison) compareSlices() {
	x.number = map[flow.Object]int{}
	for _, o := range x.changed {
		x.number[o.Object] = -1
	}
	a, b := x.s[0].EndpointSlices, x.s[1].EndpointSlices
	x.slices = map[nsName]bool{}
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return
	}
	i := 0
	for ; i < min(len(a), len(b)) && a[i].Name == b[i].Name && a[i].Namespace == b[i].Namespace; i++ {
		if !sameSlice(&a[i], &b[i]) {
			x.slices[serviceOf(&a[i])] = true
			x.slices[serviceOf(&b[i])] = true
		}
	}
	left := map[nsName]*cluster.EndpointSlice{}
	for j := i; j < len(a); j++ {
		left[nsName{a[j].Namespace, a[j].Name}] = &a[j]
	}
	for j := i; j < len(b); j++ {
		k := nsName{b[j].Namespace, b[j].Name}
		if was := left[k]; was == nil || !sameSlice(was, &b[j]) {
			x.slices[serviceOf(&b[j])] = true
			if was != nil {
				x.slices[serviceOf(was)] = true
			}
		}
		delete(left, k)
	}
	for _, was := range left {
		x.slices[serviceOf(was)] = true
	}
	x.ownSlices()
}

func serviceOf(e *cluster.EndpointSlice) nsName { return nsName{e.Namespace, e.Service} }

// endpointKey is one endpoint of a Service with the ports it is listed under.
type endpointKey struct {
	service nsName
	target  flow.Object
	addr    string
}

func keyOf(s nsName, e *cluster.Endpoint) endpointKey {
	if !e.Target.IsZero() {
		return endpointKey{service: s, target: e.Target}
	}
	k := endpointKey{service: s}
	for _, a := range e.Addresses {
		k.addr += a.String() + " "
	}
	return k
}

// listed is an endpoint as a slice lists it.
type listed struct {
	slice *cluster.EndpointSlice
	e     *cluster.Endpoint
}

func (l listed) same(o listed) bool {
	return sameEndpoint(l.e, o.e) && l.slice.IPv6 == o.slice.IPv6 && l.slice.FQDN == o.slice.FQDN && equalPorts(l.slice.Ports, o.slice.Ports)
}

func equalPorts(a, b []cluster.EndpointPort) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// ownSlices adds the slices whose change nothing else explains.
func (x *comparison) ownSlices() {
	all := map[endpointKey]*[2][]listed{}
	var order []endpointKey
	for v := range x.s {
		for i := range x.s[v].EndpointSlices {
			s := &x.s[v].EndpointSlices[i]
			if !x.slices[serviceOf(s)] {
				continue
			}
			for j := range s.Endpoints {
				k := keyOf(serviceOf(s), &s.Endpoints[j])
				if all[k] == nil {
					all[k] = &[2][]listed{}
					order = append(order, k)
				}
				all[k][v] = append(all[k][v], listed{s, &s.Endpoints[j]})
			}
		}
	}
	for _, k := range order {
		both := all[k]
		if sameListed(both[0], both[1]) || len(x.writers(k)) > 0 {
			continue
		}
		from, how := both[1], Changed
		switch {
		case len(both[0]) == 0 && !x.hasSlices(0, k.service):
			how = Added
		case len(from) == 0:
			from = both[0]
			if !x.hasSlices(1, k.service) {
				how = Removed
			}
		}
		o := sliceObject(k.service)
		if _, known := x.number[o]; !known {
			x.number[o] = -1
			x.add(o, how, from[0].slice.Position, []string{"endpoints"})
		}
	}
}

// sliceObject stands for all slices of a Service: the controller moves endpoints
// between them.
func sliceObject(service nsName) flow.Object {
	return flow.Object{Kind: kindSlice, Namespace: service.namespace, Name: service.name}
}

func (x *comparison) hasSlices(v int, service nsName) bool {
	for i := range x.s[v].EndpointSlices {
		if serviceOf(&x.s[v].EndpointSlices[i]) == service {
			return true
		}
	}
	return false
}

func sameListed(a, b []listed) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].same(b[i]) {
			return false
		}
	}
	return true
}

// writers are the objects that differ and that an endpoint is written from.
func (x *comparison) writers(k endpointKey) []flow.Object {
	var out []flow.Object
	for v := range x.s {
		if p := x.index[v].Pod(k.target.Namespace, k.target.Name); k.target.Kind == "Pod" && p != nil {
			if _, differs := x.number[workloadOf(p)]; differs && (len(out) == 0 || out[0] != workloadOf(p)) {
				out = append(out, workloadOf(p))
			}
		}
	}
	svc := flow.Object{Kind: "Service", Namespace: k.service.namespace, Name: k.service.name}
	if _, differs := x.number[svc]; differs {
		out = append(out, svc)
	}
	return out
}

// mixSlices are the slices of the old version, but endpoints written from objects
// that are taken as they are in the new one.
func (x *comparison) mixSlices(old, young []cluster.EndpointSlice, taken func(flow.Object) bool) []cluster.EndpointSlice {
	var out []cluster.EndpointSlice
	for v, list := range [2][]cluster.EndpointSlice{old, young} {
		for i := range list {
			s := list[i]
			service := serviceOf(&s)
			if !x.slices[service] {
				if v == 0 {
					out = append(out, s)
				}
				continue
			}
			var kept []cluster.Endpoint
			for j := range s.Endpoints {
				if x.isNew(keyOf(service, &s.Endpoints[j]), taken) == (v == 1) {
					kept = append(kept, s.Endpoints[j])
				}
			}
			if len(kept) > 0 || len(s.Endpoints) == 0 {
				s.Endpoints = kept
				out = append(out, s)
			}
		}
	}
	return out
}

func (x *comparison) isNew(k endpointKey, taken func(flow.Object) bool) bool {
	for _, o := range x.writers(k) {
		if taken(o) {
			return true
		}
	}
	return taken(sliceObject(k.service))
}
