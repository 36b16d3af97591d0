package scenario

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func nodeFields(n *cluster.Node) pairs {
	var all []any
	for _, a := range n.InternalIPs {
		all = append(all, pairs{{"type", "InternalIP"}, {"address", a.String()}})
	}
	for _, a := range n.OtherIPs {
		all = append(all, pairs{{"type", "ExternalIP"}, {"address", a.String()}})
	}
	return pairs{
		{"metadata", meta(&n.Meta)},
		{"spec", pairs{{"podCIDRs", prefixes(n.PodCIDRs)}}},
		{"status", pairs{{"addresses", all}, {"conditions", []any{
			pairs{{"type", "Ready"}, {"status", truth(n.Ready)}},
			pairs{{"type", "NetworkUnavailable"}, {"status", truth(n.NetworkUnavailable)}},
		}}}},
	}
}

func serviceFields(s *cluster.Service) pairs {
	ips := addrs(s.ClusterIPs)
	if s.Headless {
		ips = []any{"None"}
	}
	balancer := s.Type == cluster.ServiceLoadBalancer
	external := balancer || s.Type == cluster.ServiceNodePort || len(s.ExternalIPs) > 0
	spec := pairs{{"type", string(s.Type)}}.
		with("clusterIPs", ips, len(ips) > 0).
		with("ipFamilyPolicy", "PreferDualStack", len(s.ClusterIPs) > 1).
		with("externalName", orElse(s.ExternalName, "example.org"), s.Type == cluster.ServiceExternalName).
		with("externalIPs", addrs(s.ExternalIPs), len(s.ExternalIPs) > 0).
		with("selector", labels(s.Selector), s.Selector != nil).
		with("externalTrafficPolicy", string(s.ExternalTrafficPolicy), s.ExternalTrafficPolicy != "" && external).
		with("internalTrafficPolicy", string(s.InternalTrafficPolicy), s.InternalTrafficPolicy != "").
		with("trafficDistribution", s.TrafficDistribution, s.TrafficDistribution != "").
		with("loadBalancerSourceRanges", prefixes(s.SourceRanges), len(s.SourceRanges) > 0 && balancer).
		with("sessionAffinity", "ClientIP", s.SessionAffinity).
		with("sessionAffinityConfig", pairs{{"clientIP", pairs{{"timeoutSeconds", s.AffinitySeconds}}}}, s.SessionAffinity && s.AffinitySeconds > 0).
		with("healthCheckNodePort", s.HealthCheckNodePort, s.HealthCheckNodePort != 0).
		with("allocateLoadBalancerNodePorts", false, s.NoNodePorts).
		with("ports", each(s.Ports, func(p *cluster.ServicePort) any {
			one := pairs{{"port", p.Port}, {"protocol", p.Protocol.String()}}.with("name", p.Name, p.Name != "").with("nodePort", p.NodePort, p.NodePort != 0)
			return one.with("targetPort", portOf(p.TargetPort), !p.TargetPort.IsZero())
		}), len(s.Ports) > 0)
	ingress := each(s.Ingress, func(i *cluster.Ingress) any {
		return pairs{}.with("ip", i.IP.String(), i.IP.IsValid()).with("hostname", i.Hostname, i.Hostname != "").with("ipMode", "Proxy", i.Proxy)
	})
	return pairs{{"metadata", meta(&s.Meta)}, {"spec", spec}}.
		with("status", pairs{{"loadBalancer", pairs{{"ingress", ingress}}}}, len(ingress) > 0)
}

func orElse(word, other string) string {
	if word == "" {
		return other
	}
	return word
}

func portOf(r cluster.PortRef) any {
	if r.Name != "" {
		return r.Name
	}
	return r.Number
}

func sliceFields(s *cluster.EndpointSlice) pairs {
	m := s.Meta
	m.Labels = cluster.Labels{"kubernetes.io/service-name": s.Service}
	kind := "IPv4"
	if s.IPv6 {
		kind = "IPv6"
	}
	if s.FQDN {
		kind = "FQDN"
	}
	return pairs{
		{"metadata", meta(&m)},
		{"addressType", kind},
		{"ports", each(s.Ports, func(p *cluster.EndpointPort) any {
			return pairs{{"protocol", p.Protocol.String()}}.with("name", p.Name, p.Name != "").with("port", p.Port, p.Port != 0)
		})},
		{"endpoints", each(s.Endpoints, endpointFields)},
	}
}

func endpointFields(e *cluster.Endpoint) any {
	hints := pairs{}.
		with("forZones", each(e.HintZones, func(z *string) any { return pairs{{"name", *z}} }), len(e.HintZones) > 0).
		with("forNodes", each(e.HintNodes, func(n *string) any { return pairs{{"name", *n}} }), len(e.HintNodes) > 0)
	return pairs{
		{"addresses", addrs(e.Addresses)},
		{"conditions", pairs{{"ready", e.Ready}, {"serving", e.Serving}, {"terminating", e.Terminating}}},
	}.with("nodeName", e.Node, e.Node != "").with("zone", e.Zone, e.Zone != "").
		with("targetRef", pairs{{"kind", e.Target.Kind}, {"namespace", e.Target.Namespace}, {"name", e.Target.Name}}, e.Target != flow.Object{}).
		with("hints", hints, len(hints) > 0)
}

func policyFields(p *cluster.NetworkPolicy) pairs {
	types := []any{}
	if p.IsolatesIngress {
		types = append(types, "Ingress")
	}
	if p.IsolatesEgress {
		types = append(types, "Egress")
	}
	rules := func(all []cluster.PolicyRule, peers string) []any {
		return each(all, func(r *cluster.PolicyRule) any {
			return pairs{}.with(peers, each(r.Peers, peerFields), len(r.Peers) > 0).with("ports", each(r.Ports, policyPortFields), len(r.Ports) > 0)
		})
	}
	spec := pairs{{"podSelector", selector(&p.PodSelector)}, {"policyTypes", types}}.
		with("ingress", rules(p.Ingress, "from"), len(p.Ingress) > 0).with("egress", rules(p.Egress, "to"), len(p.Egress) > 0)
	return pairs{{"metadata", meta(&p.Meta)}, {"spec", spec}}
}

func peerFields(p *cluster.PolicyPeer) any {
	if b := p.IPBlock; b != nil {
		return pairs{{"ipBlock", pairs{{"cidr", b.CIDR.String()}}.with("except", prefixes(b.Except), len(b.Except) > 0)}}
	}
	return pairs{}.with("namespaceSelector", selector(p.NamespaceSelector), p.NamespaceSelector != nil).
		with("podSelector", selector(p.PodSelector), p.PodSelector != nil)
}

func policyPortFields(p *cluster.PolicyPort) any {
	return pairs{{"protocol", p.Protocol.String()}}.with("port", portOf(p.Port), !p.Port.IsZero()).with("endPort", p.EndPort, p.EndPort != 0)
}

func selector(s *cluster.LabelSelector) pairs {
	if s == nil {
		return nil
	}
	return pairs{}.with("matchLabels", labels(s.MatchLabels), len(s.MatchLabels) > 0).
		with("matchExpressions", each(s.MatchExpressions, func(r *cluster.Requirement) any {
			return pairs{{"key", r.Key}, {"operator", string(r.Operator)}}.with("values", texts(r.Values), len(r.Values) > 0)
		}), len(s.MatchExpressions) > 0)
}

func fabricFields(f *cluster.Fabric) pairs {
	d := &f.Dataplane
	plane := pairs{}.with("profile", d.Profile, d.Profile != "").with("proxy", d.Proxy, d.Proxy != "").with("policy", d.Policy, d.Policy != "").
		with("podNetwork", string(d.PodNetwork), d.PodNetwork != "").
		with("podEgressMasquerade", string(d.PodEgressMasquerade), d.PodEgressMasquerade != "").
		with("masqueradeAll", d.MasqueradeAll != nil && *d.MasqueradeAll, d.MasqueradeAll != nil).
		with("clusterCIDRs", prefixes(d.ClusterCIDRs), len(d.ClusterCIDRs) > 0).
		with("serviceCIDRs", prefixes(d.ServiceCIDRs), len(d.ServiceCIDRs) > 0)
	spec := pairs{}.
		with("clients", each(f.Clients, func(c *cluster.Client) any {
			return pairs{{"name", c.Name}, {"addresses", addrs(c.Addresses)}}
		}), len(f.Clients) > 0).
		with("routers", each(f.Routers, func(r *cluster.Router) any {
			return pairs{{"name", r.Name}}.with("addresses", addrs(r.Addresses), len(r.Addresses) > 0).
				with("multipath", false, !r.Multipath).with("routes", string(r.Routes), r.Routes != "").
				with("nodes", texts(r.Nodes), len(r.Nodes) > 0).with("prefixes", prefixes(r.Prefixes), len(r.Prefixes) > 0)
		}), len(f.Routers) > 0).
		with("dataplane", plane, true).
		with("nodes", each(f.Nodes, func(n *cluster.FabricNode) any {
			m := pairs{}
			for _, to := range []struct {
				key string
				at  []netip.Addr
			}{{"toLocalPods", n.Masquerade.ToLocalPods}, {"toPodsOnOtherNodes", n.Masquerade.ToPodsOnOtherNodes}, {"toOtherNodes", n.Masquerade.ToOtherNodes}} {
				m = m.with(to.key, addrs(to.at), len(to.at) > 0)
			}
			return pairs{{"name", n.Name}, {"masquerade", m}}
		}), len(f.Nodes) > 0)
	return pairs{{"metadata", pairs{{"name", orElse(f.Name, "random")}}}, {"spec", spec}}
}
