package manifest

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func decodeSlice(v value) any {
	s := &cluster.EndpointSlice{Meta: v.meta()}
	s.Service = s.Labels[labelServiceName]
	kind := v.get("addressType")
	kind.need()
	switch kind.oneOf("IPv4", "IPv6", "FQDN") {
	case "IPv6":
		s.IPv6 = true
	case "FQDN":
		s.FQDN = true
	}
	for _, p := range v.get("ports").list() {
		port := cluster.EndpointPort{Name: p.get("name").str(), Protocol: p.get("protocol").protocol(), Port: p.get("port").port()}
		if port.Name != "" && !isDNSLabel(port.Name) {
			p.get("name").failf("%s is not a DNS label", quote(port.Name))
		}
		s.Ports = append(s.Ports, port)
	}
	for _, e := range v.get("endpoints").list() {
		s.Endpoints = append(s.Endpoints, sliceEndpoint(e, s))
	}
	return s
}

// sliceEndpoint reads one endpoint. Conditions that are unset mean, as the API
// says: ready "a nil value should be interpreted as true"; serving then
// follows ready; terminating "a nil indicates that the endpoint is not
// terminating".
func sliceEndpoint(e value, s *cluster.EndpointSlice) cluster.Endpoint {
	c := e.get("conditions")
	ep := cluster.Endpoint{
		Ready:       c.get("ready").boolean(true),
		Terminating: c.get("terminating").boolean(false),
		Node:        e.get("nodeName").nodeName(),
		Zone:        clean(e.get("zone").str()),
		Target:      targetRef(e.get("targetRef"), s.Namespace),
	}
	ep.Serving = c.get("serving").boolean(ep.Ready)
	if old := e.get("topology"); old.mapping() { // discovery.k8s.io/v1beta1
		if ep.Zone == "" {
			ep.Zone = clean(old.get(labelZone).str())
		}
		if ep.Node == "" {
			ep.Node = old.get(labelHostname).nodeName()
		}
	}
	for _, z := range e.at("hints", "forZones").list() {
		ep.HintZones = append(ep.HintZones, clean(z.get("name").str()))
	}
	for _, n := range e.at("hints", "forNodes").list() {
		ep.HintNodes = append(ep.HintNodes, n.get("name").nodeName())
	}
	if s.FQDN {
		return ep
	}
	for _, a := range e.get("addresses").list() {
		ip := a.addr()
		if a.need(); ip.IsValid() && ip.Is6() != s.IPv6 {
			a.failf("%s is not an %s address, as addressType says", ip, familyName(s.IPv6))
		}
		ep.Addresses = append(ep.Addresses, ip)
	}
	return ep
}

func targetRef(v value, namespace string) flow.Object {
	if !v.mapping() {
		return flow.Object{}
	}
	o := flow.Object{Kind: clean(v.get("kind").str()), Namespace: clean(v.get("namespace").str()), Name: clean(v.get("name").str())}
	if o.Namespace == "" && o.Kind == "Pod" {
		o.Namespace = namespace
	}
	return o
}

// endpoints is a v1 Endpoints object as the slices that stand for it.
type endpoints struct {
	cluster.Meta
	Slices []cluster.EndpointSlice
}

func decodeEndpoints(v value) any {
	e := &endpoints{Meta: v.meta()}
	for _, sub := range v.get("subsets").list() {
		var ports []cluster.EndpointPort
		for _, p := range sub.get("ports").list() {
			p.get("port").need()
			ports = append(ports, cluster.EndpointPort{Name: p.get("name").str(), Protocol: p.get("protocol").protocol(), Port: p.get("port").port()})
		}
		for _, v6 := range []bool{false, true} {
			s := cluster.EndpointSlice{Meta: e.Meta, Service: e.Name, IPv6: v6, Ports: ports}
			s.Endpoints = append(subsetEndpoints(sub.get("addresses"), e.Namespace, v6, true),
				subsetEndpoints(sub.get("notReadyAddresses"), e.Namespace, v6, false)...)
			if len(s.Endpoints) > 0 {
				e.Slices = append(e.Slices, s)
			}
		}
	}
	return e
}

func subsetEndpoints(list value, namespace string, v6, ready bool) []cluster.Endpoint {
	var all []cluster.Endpoint
	for _, a := range list.list() {
		ip := a.get("ip").addr()
		a.get("ip").need()
		if ip.Is6() != v6 {
			continue
		}
		all = append(all, cluster.Endpoint{
			Addresses: []netip.Addr{ip}, Ready: ready, Serving: ready,
			Node:   a.get("nodeName").nodeName(),
			Target: targetRef(a.get("targetRef"), namespace),
		})
	}
	return all
}
