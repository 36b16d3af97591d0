package manifest

import (
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// objectFields are the fields every object has at its top.
var objectFields = []string{"apiVersion", "kind", "metadata", "spec", "status"}

// The fields of v1 ServiceSpec and ServicePort.
var (
	serviceFields = []string{
		"allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs", "externalName",
		"externalTrafficPolicy", "healthCheckNodePort", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy",
		"loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges", "ports", "publishNotReadyAddresses",
		"selector", "sessionAffinity", "sessionAffinityConfig", "trafficDistribution", "type",
	}
	servicePortFields = []string{"appProtocol", "name", "nodePort", "port", "protocol", "targetPort"}
)

// defaultAffinitySeconds is what the API server sets: "The default value is
// 10800 (for 3 hours)" (ClientIPConfig.timeoutSeconds).
const defaultAffinitySeconds = 10800

func decodeService(v value) any {
	v.known(objectFields...)
	v.get("metadata").known(metaFields...)
	spec := v.get("spec")
	spec.known(serviceFields...)
	s := &cluster.Service{Meta: v.meta(), Type: cluster.ServiceClusterIP}
	if t := spec.get("type").oneOf("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"); t != "" {
		s.Type = cluster.ServiceType(t)
	}
	s.ProxyName = s.Labels[labelProxyName]
	s.Selector = spec.get("selector").labels()
	s.PublishNotReadyAddresses = spec.get("publishNotReadyAddresses").boolean(false)
	s.TrafficDistribution = spec.get("trafficDistribution").oneOf("PreferClose", "PreferSameZone", "PreferSameNode")
	serviceAddresses(s, spec)
	servicePorts(s, spec)
	servicePolicies(s, spec)
	serviceAffinity(s, spec)
	serviceLoadBalancer(s, v)
	return s
}

func serviceAddresses(s *cluster.Service, spec value) {
	ips := spec.get("clusterIPs")
	if !ips.present() || len(ips.n.kids) == 0 {
		s.Headless = clusterIP(s, spec.get("clusterIP"))
	} else {
		for _, ip := range ips.list() {
			s.Headless = clusterIP(s, ip) || s.Headless
		}
	}
	if s.Headless && (s.Type == cluster.ServiceLoadBalancer || s.Type == cluster.ServiceNodePort) {
		spec.get("clusterIP").failf("a Service of type %s cannot have clusterIP None", s.Type)
	}
	s.RequireDualStack = spec.get("ipFamilyPolicy").oneOf("SingleStack", "PreferDualStack", "RequireDualStack") == "RequireDualStack"
	for _, f := range spec.get("ipFamilies").list() {
		switch f.oneOf("IPv4", "IPv6") {
		case "IPv4":
			s.Families = append(s.Families, false)
		case "IPv6":
			s.Families = append(s.Families, true)
		}
	}
	if s.Families == nil {
		for _, ip := range s.ClusterIPs {
			s.Families = append(s.Families, ip.Is6())
		}
	}
	s.ExternalIPs = spec.get("externalIPs").addrs()
	if s.Type == cluster.ServiceExternalName {
		name := spec.get("externalName")
		name.need()
		if s.ExternalName = strings.TrimSuffix(name.str(), "."); !isDNSSubdomain(s.ExternalName) {
			name.failf("%s is not a DNS name", quote(s.ExternalName))
		}
	}
}

// clusterIP adds one cluster IP and reports whether it is "None".
func clusterIP(s *cluster.Service, v value) bool {
	if v.str() == "None" {
		return true
	}
	if a := v.addr(); a.IsValid() {
		s.ClusterIPs = append(s.ClusterIPs, a)
	}
	return false
}

func servicePorts(s *cluster.Service, spec value) {
	names := map[string]bool{}
	numbers := map[cluster.ServicePort]bool{}
	ports := spec.get("ports")
	for _, p := range ports.list() {
		p.known(servicePortFields...)
		port := servicePort(p)
		if port.NodePort != 0 && s.Type == cluster.ServiceClusterIP {
			p.get("nodePort").fail("a Service of type ClusterIP has no node ports", "set spec.type to NodePort or LoadBalancer, or leave nodePort out")
		}
		if port.Name == "" && len(ports.n.kids) > 1 {
			p.get("name").fail("of several ports each needs a name", "")
		}
		id := cluster.ServicePort{Protocol: port.Protocol, Port: port.Port}
		if names[port.Name] {
			p.get("name").failf("another port of this Service has the name %s", quote(port.Name))
		}
		if numbers[id] {
			p.get("port").failf("another port of this Service is %d/%s", port.Port, port.Protocol)
		}
		names[port.Name], numbers[id] = true, true
		s.Ports = append(s.Ports, port)
	}
	if len(s.Ports) == 0 && !s.Headless && s.Type != cluster.ServiceExternalName {
		ports.fail("a Service needs at least one port", "")
	}
}

// servicePort reads one port with the API server's defaults: TCP, and the
// target port that is the port itself.
func servicePort(p value) cluster.ServicePort {
	port := cluster.ServicePort{
		Name:     p.get("name").str(),
		Protocol: p.get("protocol").protocol(),
		Port:     p.get("port").port(),
		Position: p.pos(),
	}
	p.get("port").need()
	if port.Name != "" && !isDNSLabel(port.Name) {
		p.get("name").failf("%s is not a DNS label: at most 63 of a-z, 0-9 and inner '-'", quote(port.Name))
	}
	if n := p.get("nodePort"); n.present() && !n.isZero() {
		port.NodePort = n.port()
	}
	if t := p.get("targetPort"); t.present() && !t.isZero() {
		port.TargetPort = t.portRef()
	} else {
		port.TargetPort = cluster.PortRef{Number: port.Port}
	}
	return port
}

// isZero reports whether the value is 0 or "", which the API server takes for
// absent where it sets a default.
func (v value) isZero() bool {
	return v.present() && (v.n.kind == isInt && v.n.text == "0" || v.n.kind == isString && v.n.text == "")
}

func servicePolicies(s *cluster.Service, spec value) {
	etp, itp := spec.get("externalTrafficPolicy"), spec.get("internalTrafficPolicy")
	external := s.Type == cluster.ServiceNodePort || s.Type == cluster.ServiceLoadBalancer || len(s.ExternalIPs) > 0
	s.ExternalTrafficPolicy = cluster.TrafficPolicy(etp.oneOf("Cluster", "Local"))
	if s.ExternalTrafficPolicy != "" && !external {
		etp.fail("only a Service of type NodePort or LoadBalancer, or one with externalIPs, has an external traffic policy", "")
	}
	if s.ExternalTrafficPolicy == "" {
		s.ExternalTrafficPolicy = cluster.PolicyCluster
	}
	if s.InternalTrafficPolicy = cluster.TrafficPolicy(itp.oneOf("Cluster", "Local")); s.InternalTrafficPolicy == "" {
		s.InternalTrafficPolicy = cluster.PolicyCluster
	}
	if h := spec.get("healthCheckNodePort"); h.present() && !h.isZero() {
		s.HealthCheckNodePort = h.port()
	}
}

func serviceAffinity(s *cluster.Service, spec value) {
	timeout := spec.at("sessionAffinityConfig", "clientIP", "timeoutSeconds")
	if spec.get("sessionAffinity").oneOf("None", "ClientIP") != "ClientIP" {
		return
	}
	s.SessionAffinity = true
	s.AffinitySeconds = defaultAffinitySeconds
	if n, ok := timeout.integer(1, 86400); ok {
		s.AffinitySeconds = int(n)
	}
}

func serviceLoadBalancer(s *cluster.Service, v value) {
	spec := v.get("spec")
	// The API does not check this field: kube-vip keeps a list in it. Only one
	// address in it is a request for that address.
	s.LoadBalancerIP, _ = netip.ParseAddr(spec.get("loadBalancerIP").str())
	class := spec.get("loadBalancerClass")
	if s.LoadBalancerClass = class.str(); s.LoadBalancerClass != "" && !isLabelKey(s.LoadBalancerClass) {
		class.failf("%s is not a load balancer class: [DNS.PREFIX/]NAME", quote(s.LoadBalancerClass))
	}
	s.NoNodePorts = !spec.get("allocateLoadBalancerNodePorts").boolean(true)
	s.SourceRanges = sourceRanges(s, v)
	for _, i := range v.at("status", "loadBalancer", "ingress").list() {
		s.Ingress = append(s.Ingress, cluster.Ingress{
			IP:       i.get("ip").addr(),
			Hostname: clean(i.get("hostname").str()),
			Proxy:    i.get("ipMode").oneOf("VIP", "Proxy") == "Proxy",
		})
	}
}

// sourceRanges reads the field. The annotation of old, which cloud controllers
// read for their own balancers, is nothing to kube-proxy (serviceport.go reads
// the field alone). White space around a range is allowed.
func sourceRanges(s *cluster.Service, v value) []netip.Prefix {
	var all []netip.Prefix
	field := v.at("spec", "loadBalancerSourceRanges")
	for _, r := range field.list() {
		r.need()
		if p := r.parsePrefix(strings.TrimSpace(r.str())); p.IsValid() {
			all = append(all, p)
		}
	}
	if len(all) > 0 && s.Type != cluster.ServiceLoadBalancer {
		field.fail("only a Service of type LoadBalancer has source ranges", "")
	}
	return all
}

// familyName is the API's word for an address family.
func familyName(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}
