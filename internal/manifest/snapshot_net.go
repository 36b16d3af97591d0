package manifest

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func (x *snapshotWriter) service(s *cluster.Service) {
	f := fields{"type": string(s.Type), "internalTrafficPolicy": string(s.InternalTrafficPolicy)}
	var ips []any
	if !s.Invented {
		ips = x.addrs(s.ClusterIPs)
	}
	if s.Headless {
		ips = append(ips, "None")
	}
	f.set("clusterIPs", ips).set("externalIPs", x.addrs(s.ExternalIPs)).set("loadBalancerIP", x.addr(s.LoadBalancerIP))
	f.set("externalName", x.d.name(s.ExternalName)).set("loadBalancerClass", s.LoadBalancerClass)
	f.set("selector", x.d.labels(s.Selector)).set("trafficDistribution", s.TrafficDistribution)
	f.set("publishNotReadyAddresses", s.PublishNotReadyAddresses).set("healthCheckNodePort", s.HealthCheckNodePort)
	f.set("loadBalancerSourceRanges", x.prefixes(s.SourceRanges))
	f.set("ipFamilies", list(s.Families, func(v6 bool) any { return familyName(v6) }))
	f.set("ports", list(s.Ports, func(p cluster.ServicePort) any {
		q := fields{"port": p.Port, "protocol": p.Protocol.String(), "targetPort": portRef(p.TargetPort)}
		return q.set("name", p.Name).set("nodePort", p.NodePort)
	}))
	if s.ExternalTrafficPolicy != cluster.PolicyCluster {
		f["externalTrafficPolicy"] = string(s.ExternalTrafficPolicy)
	}
	if s.NoNodePorts {
		f["allocateLoadBalancerNodePorts"] = false
	}
	if s.RequireDualStack {
		f["ipFamilyPolicy"] = "RequireDualStack"
	}
	if s.SessionAffinity {
		f["sessionAffinity"] = "ClientIP"
		f["sessionAffinityConfig"] = fields{"clientIP": fields{"timeoutSeconds": s.AffinitySeconds}}
	}
	parts := fields{"spec": f}
	if s.Ingress != nil {
		parts["status"] = fields{"loadBalancer": fields{"ingress": list(s.Ingress, func(i cluster.Ingress) any {
			g := fields{}.set("ip", x.addr(i.IP)).set("hostname", x.d.name(i.Hostname))
			if i.Proxy {
				g["ipMode"] = "Proxy"
			}
			return g
		})}}
	}
	x.object("v1", "Service", &s.Meta, parts)
}

func portRef(r cluster.PortRef) any {
	if r.Name != "" {
		return r.Name
	}
	return r.Number
}

func (x *snapshotWriter) slice(s *cluster.EndpointSlice) {
	kind := familyName(s.IPv6)
	if s.FQDN {
		kind = "FQDN"
	}
	m := s.Meta
	if s.Service != m.Labels[labelServiceName] { // of Endpoints
		m.Labels = cluster.Labels{labelServiceName: s.Service}
	}
	parts := fields{"addressType": kind}
	parts.set("ports", list(s.Ports, func(p cluster.EndpointPort) any {
		return fields{"protocol": p.Protocol.String()}.set("name", p.Name).set("port", p.Port)
	}))
	parts.set("endpoints", list(s.Endpoints, func(e cluster.Endpoint) any { return x.endpoint(&e) }))
	x.object("discovery.k8s.io/v1", "EndpointSlice", &m, parts)
}

func (x *snapshotWriter) endpoint(e *cluster.Endpoint) fields {
	f := fields{"conditions": fields{"ready": e.Ready, "serving": e.Serving, "terminating": e.Terminating}}
	f.set("addresses", x.addrs(e.Addresses)).set("nodeName", x.d.name(e.Node)).set("zone", x.d.name(e.Zone))
	if !e.Target.IsZero() {
		f["targetRef"] = fields{"kind": e.Target.Kind}.set("namespace", x.d.name(e.Target.Namespace)).set("name", x.d.name(e.Target.Name))
	}
	hint := func(s string) any { return fields{"name": x.d.name(s)} }
	if hints := (fields{}).set("forZones", list(e.HintZones, hint)).set("forNodes", list(e.HintNodes, hint)); len(hints) > 0 {
		f["hints"] = hints
	}
	return f
}

func (x *snapshotWriter) policy(p *cluster.NetworkPolicy) fields {
	types := []any{}
	if p.IsolatesIngress {
		types = append(types, "Ingress")
	}
	if p.IsolatesEgress {
		types = append(types, "Egress")
	}
	f := fields{"podSelector": x.selector(&p.PodSelector), "policyTypes": types}
	f.set("ingress", list(p.Ingress, func(r cluster.PolicyRule) any { return x.rule(&r, "from") }))
	return f.set("egress", list(p.Egress, func(r cluster.PolicyRule) any { return x.rule(&r, "to") }))
}

func (x *snapshotWriter) rule(r *cluster.PolicyRule, peers string) fields {
	return fields{}.set(peers, list(r.Peers, func(p cluster.PolicyPeer) any {
		f := fields{}.set("podSelector", x.selector(p.PodSelector)).set("namespaceSelector", x.selector(p.NamespaceSelector))
		if p.IPBlock != nil {
			f["ipBlock"] = fields{"cidr": x.d.prefix(p.IPBlock.CIDR).String()}.set("except", x.prefixes(p.IPBlock.Except))
		}
		return f
	})).set("ports", list(r.Ports, func(p cluster.PolicyPort) any {
		f := fields{"protocol": p.Protocol.String()}.set("endPort", p.EndPort)
		if !p.Port.IsZero() {
			f["port"] = portRef(p.Port)
		}
		return f
	}))
}

// selector is nil for an absent one, which is not an empty one.
func (x *snapshotWriter) selector(s *cluster.LabelSelector) fields {
	if s == nil {
		return nil
	}
	return fields{}.set("matchLabels", x.d.labels(s.MatchLabels)).set("matchExpressions", list(s.MatchExpressions, func(r cluster.Requirement) any {
		f := fields{"key": x.d.labelKey(r.Key), "operator": string(r.Operator)}
		return f.set("values", list(r.Values, func(v string) any { return x.d.labelValue(r.Key, v) }))
	}))
}

func (x *snapshotWriter) selectors(all []cluster.LabelSelector) []any {
	return list(all, func(s cluster.LabelSelector) any { return x.selector(&s) })
}

func (x *snapshotWriter) metallb(m *cluster.MetalLB) {
	const v1 = "metallb.io/v1beta1"
	for i := range m.Pools {
		p := &m.Pools[i]
		f := fields{"autoAssign": p.AutoAssign, "avoidBuggyIPs": p.AvoidBuggyIPs, "addresses": x.ranges(p.Addresses)}
		if a := p.Allocation; a != nil {
			f["serviceAllocation"] = fields{"priority": a.Priority}.set("namespaces", x.names(a.Namespaces)).
				set("namespaceSelectors", x.selectors(a.NamespaceSelectors)).set("serviceSelectors", x.selectors(a.ServiceSelectors))
		}
		x.object(v1, "IPAddressPool", &p.Meta, fields{"spec": f})
	}
	for i := range m.BGPAdvertisements {
		a := &m.BGPAdvertisements[i]
		f := x.advertisement(a.Pools, a.PoolSelectors, a.NodeSelectors, a.ServiceSelectors).set("peers", x.names(a.Peers))
		f["aggregationLength"], f["aggregationLengthV6"], f["localPref"] = a.AggregationLength, a.AggregationLengthV6, a.LocalPref
		f.set("communities", x.names(a.Communities))
		x.object(v1, "BGPAdvertisement", &a.Meta, fields{"spec": f})
	}
	for i := range m.L2Advertisements {
		a := &m.L2Advertisements[i]
		f := x.advertisement(a.Pools, a.PoolSelectors, a.NodeSelectors, a.ServiceSelectors).set("interfaces", x.names(a.Interfaces))
		f.set("preferredNodeSelectors", list(a.Preferred, func(p cluster.PreferredNodes) any {
			return fields{"weight": p.Weight, "preference": x.selector(&p.Selector)}
		}))
		x.object(v1, "L2Advertisement", &a.Meta, fields{"spec": f})
	}
	for i := range m.BGPPeers {
		p := &m.BGPPeers[i]
		f := fields{"myASN": p.MyASN, "peerASN": p.PeerASN}.set("peerAddress", x.addr(p.Address)).set("interface", x.d.name(p.Interface))
		x.object("metallb.io/v1beta2", "BGPPeer", &p.Meta, fields{"spec": f.set("nodeSelectors", x.selectors(p.NodeSelectors))})
	}
}

func (x *snapshotWriter) advertisement(pools []string, poolSelectors, nodes, services []cluster.LabelSelector) fields {
	return fields{}.set("ipAddressPools", x.names(pools)).set("ipAddressPoolSelectors", x.selectors(poolSelectors)).
		set("nodeSelectors", x.selectors(nodes)).set("serviceSelectors", x.selectors(services))
}

// ranges writes FIRST-LAST, or where addresses are disguised the CIDRs that a range
// is made of: a disguise keeps those together, and not their order.
func (x *snapshotWriter) ranges(all []cluster.AddressRange) []any {
	var out []any
	for _, r := range all {
		if x.d == nil {
			out = append(out, r.First.String()+"-"+r.Last.String())
			continue
		}
		out = append(out, x.prefixes(cidrs(r))...)
	}
	return out
}

func (x *snapshotWriter) fabric(f *cluster.Fabric) {
	if f == nil {
		return
	}
	spec := fields{}
	spec.set("clients", list(f.Clients, func(c cluster.Client) any {
		return fields{"name": x.d.name(c.Name), "addresses": x.addrs(c.Addresses)}
	}))
	spec.set("routers", list(f.Routers, func(r cluster.Router) any {
		return fields{"name": x.d.name(r.Name), "multipath": r.Multipath, "routes": string(r.Routes)}.
			set("addresses", x.addrs(r.Addresses)).set("nodes", x.names(r.Nodes)).set("prefixes", x.prefixes(r.Prefixes))
	}))
	d := &f.Dataplane
	plane := fields{}.set("profile", d.Profile).set("proxy", d.Proxy).set("policy", d.Policy).set("podNetwork", string(d.PodNetwork)).
		set("clusterCIDRs", x.prefixes(d.ClusterCIDRs)).set("serviceCIDRs", x.prefixes(d.ServiceCIDRs)).set("podEgressMasquerade", string(d.PodEgressMasquerade))
	if d.MasqueradeAll != nil {
		plane["masqueradeAll"] = *d.MasqueradeAll
	}
	spec["dataplane"] = plane
	spec.set("nodes", list(f.Nodes, func(n cluster.FabricNode) any {
		m := &n.Masquerade
		return fields{"name": x.d.name(n.Name), "masquerade": fields{}.set("toLocalPods", x.addrs(m.ToLocalPods)).
			set("toPodsOnOtherNodes", x.addrs(m.ToPodsOnOtherNodes)).set("toOtherNodes", x.addrs(m.ToOtherNodes))}
	}))
	x.object(ownVersion, "Fabric", &cluster.Meta{Name: f.Name}, fields{"spec": spec})
}

// reading is what a live reading could not read, as a snapshot keeps it.
type reading struct {
	Absent  []string
	Lists   []cluster.Unread
	Foreign []cluster.Foreign
	Notes   []flow.Reason
}

// cleaned are texts that may be printed; nil stays nil.
func cleaned(all []string) []string {
	for i := range all {
		all[i] = clean(all[i])
	}
	return all
}

func decodeReading(v value) any {
	spec := v.ownHead()
	spec.known("absent", "lists", "notes", "unread")
	r := &reading{Absent: spec.get("absent").strs()}
	for _, l := range spec.get("lists").list() {
		l.known("except", "kind", "right")
		r.Lists = append(r.Lists, cluster.Unread{
			Kind: clean(l.get("kind").str()), Right: clean(l.get("right").str()), Except: cleaned(l.get("except").strs()),
		})
	}
	for _, u := range spec.get("unread").list() {
		u.known("denyOnly", "engine", "except", "kind", "name", "namespace")
		f := cluster.Foreign{Namespace: clean(u.get("namespace").str()), Engine: clean(u.get("engine").str()), DenyOnly: u.get("denyOnly").boolean(false), Unread: true}
		f.Object = flow.Object{Kind: clean(u.get("kind").str()), Namespace: f.Namespace, Name: clean(u.get("name").str())}
		f.Except = cleaned(u.get("except").strs())
		r.Foreign = append(r.Foreign, f)
	}
	for _, n := range spec.get("notes").list() {
		n.known("args", "code")
		code := flow.Code(n.get("code").str())
		if !told[code] {
			n.get("code").fail("this is no note of a reading", "")
			continue
		}
		note := flow.Reason{Code: code}
		for _, a := range n.get("args").list() {
			note.Args = append(note.Args, clean(a.str()))
		}
		r.Notes = append(r.Notes, note)
	}
	return r
}

// add says it of the Snapshot.
func (r *reading) add(s *cluster.Snapshot) {
	for _, k := range r.Absent {
		if !slices.Contains(s.Absent, k) {
			s.Absent = append(s.Absent, k)
		}
	}
	s.Unread = append(s.Unread, r.Lists...)
	s.Foreign = append(s.Foreign, r.Foreign...)
	s.Notes = append(slices.Clone(r.Notes), s.Notes...)
}
