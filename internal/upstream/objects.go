package upstream

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Objects are what kube-proxy watches, as the API server holds it.
type Objects struct {
	Services []*corev1.Service
	Slices   []*discoveryv1.EndpointSlice
}

// Convert returns the Services and EndpointSlices of a cluster, those that
// kube-proxy's watch leaves out too.
func Convert(s *cluster.Snapshot) Objects {
	var o Objects
	headless := map[flow.Object]bool{}
	for i := range s.Services {
		o.Services = append(o.Services, service(&s.Services[i]))
		headless[s.Services[i].Object()] = s.Services[i].Headless
	}
	names := map[string]bool{}
	for i := range s.EndpointSlices {
		es := slice(&s.EndpointSlices[i])
		if headless[flow.Object{Kind: "Service", Namespace: es.Namespace, Name: s.EndpointSlices[i].Service}] {
			es.Labels[corev1.IsHeadlessService] = ""
		}
		// Both families of one Endpoints object have its name.
		for names[es.Namespace+"/"+es.Name] {
			es.Name += "-" + string(es.AddressType)
		}
		names[es.Namespace+"/"+es.Name] = true
		o.Slices = append(o.Slices, es)
	}
	return o
}

func meta(m *cluster.Meta) metav1.ObjectMeta {
	labels := map[string]string{}
	for k, v := range m.Labels {
		labels[k] = v
	}
	return metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, Labels: labels, Annotations: m.Annotations}
}

func service(s *cluster.Service) *corev1.Service {
	out := &corev1.Service{ObjectMeta: meta(&s.Meta)}
	if s.ProxyName != "" {
		out.Labels["service.kubernetes.io/service-proxy-name"] = s.ProxyName
	}
	spec := &out.Spec
	spec.Type = corev1.ServiceType(s.Type)
	spec.Selector = s.Selector
	spec.PublishNotReadyAddresses = s.PublishNotReadyAddresses
	spec.ExternalName = s.ExternalName
	spec.ExternalIPs = words(s.ExternalIPs)
	addresses(spec, s)
	for i := range s.Ports {
		spec.Ports = append(spec.Ports, servicePort(&s.Ports[i]))
	}
	// The API server has the policy in no other Service.
	if s.Type == cluster.ServiceNodePort || s.Type == cluster.ServiceLoadBalancer || len(s.ExternalIPs) > 0 {
		spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicy(s.ExternalTrafficPolicy)
	}
	internal := corev1.ServiceInternalTrafficPolicyCluster
	if s.InternalTrafficPolicy == cluster.PolicyLocal {
		internal = corev1.ServiceInternalTrafficPolicyLocal
	}
	spec.InternalTrafficPolicy = &internal
	if s.TrafficDistribution != "" {
		spec.TrafficDistribution = &s.TrafficDistribution
	}
	affinity(spec, s)
	balancer(out, s)
	return out
}

// addresses are the cluster IPs and their families.
func addresses(spec *corev1.ServiceSpec, s *cluster.Service) {
	spec.ClusterIPs = words(s.ClusterIPs)
	if s.Headless {
		spec.ClusterIPs = []string{corev1.ClusterIPNone}
	}
	if len(spec.ClusterIPs) > 0 {
		spec.ClusterIP = spec.ClusterIPs[0]
	}
	for _, v6 := range s.Families {
		spec.IPFamilies = append(spec.IPFamilies, family(v6))
	}
	if len(s.Families) == 0 { // the API server tells them
		for _, ip := range s.ClusterIPs {
			spec.IPFamilies = append(spec.IPFamilies, family(ip.Is6()))
		}
	}
	if s.RequireDualStack {
		policy := corev1.IPFamilyPolicyRequireDualStack
		spec.IPFamilyPolicy = &policy
	}
}

func affinity(spec *corev1.ServiceSpec, s *cluster.Service) {
	spec.SessionAffinity = corev1.ServiceAffinityNone
	if s.SessionAffinity {
		seconds := int32(s.AffinitySeconds)
		spec.SessionAffinity = corev1.ServiceAffinityClientIP
		spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &seconds}}
	}
}

// balancer is what only a Service of type LoadBalancer has.
func balancer(out *corev1.Service, s *cluster.Service) {
	spec := &out.Spec
	if s.LoadBalancerIP.IsValid() {
		spec.LoadBalancerIP = s.LoadBalancerIP.String()
	}
	if s.LoadBalancerClass != "" {
		spec.LoadBalancerClass = &s.LoadBalancerClass
	}
	for _, r := range s.SourceRanges {
		spec.LoadBalancerSourceRanges = append(spec.LoadBalancerSourceRanges, r.String())
	}
	spec.HealthCheckNodePort = int32(s.HealthCheckNodePort)
	if s.Type == cluster.ServiceLoadBalancer {
		allocate := !s.NoNodePorts
		spec.AllocateLoadBalancerNodePorts = &allocate
	}
	for i := range s.Ingress {
		in := corev1.LoadBalancerIngress{Hostname: s.Ingress[i].Hostname}
		if ip := s.Ingress[i].IP; ip.IsValid() {
			mode := corev1.LoadBalancerIPModeVIP // the API server's default
			if s.Ingress[i].Proxy {
				mode = corev1.LoadBalancerIPModeProxy
			}
			in.IP, in.IPMode = ip.String(), &mode
		}
		out.Status.LoadBalancer.Ingress = append(out.Status.LoadBalancer.Ingress, in)
	}
}

func servicePort(p *cluster.ServicePort) corev1.ServicePort {
	target := intstr.FromInt32(int32(p.TargetPort.Number))
	if p.TargetPort.Name != "" {
		target = intstr.FromString(p.TargetPort.Name)
	}
	return corev1.ServicePort{
		Name: p.Name, Protocol: corev1.Protocol(p.Protocol.String()), Port: int32(p.Port), TargetPort: target, NodePort: int32(p.NodePort),
	}
}

func slice(s *cluster.EndpointSlice) *discoveryv1.EndpointSlice {
	out := &discoveryv1.EndpointSlice{ObjectMeta: meta(&s.Meta), AddressType: discoveryv1.AddressType(family(s.IPv6))}
	if s.FQDN {
		out.AddressType = discoveryv1.AddressTypeFQDN
	}
	if s.Service != "" {
		out.Labels[discoveryv1.LabelServiceName] = s.Service
	}
	for i := range s.Ports {
		p := &s.Ports[i]
		protocol := corev1.Protocol(p.Protocol.String())
		port := discoveryv1.EndpointPort{Name: &p.Name, Protocol: &protocol}
		if p.Port != 0 {
			number := int32(p.Port)
			port.Port = &number
		}
		out.Ports = append(out.Ports, port)
	}
	for i := range s.Endpoints {
		out.Endpoints = append(out.Endpoints, endpoint(&s.Endpoints[i]))
	}
	return out
}

func endpoint(e *cluster.Endpoint) discoveryv1.Endpoint {
	out := discoveryv1.Endpoint{
		Addresses:  words(e.Addresses),
		Conditions: discoveryv1.EndpointConditions{Ready: &e.Ready, Serving: &e.Serving, Terminating: &e.Terminating},
	}
	if e.Node != "" {
		out.NodeName = &e.Node
	}
	if e.Zone != "" {
		out.Zone = &e.Zone
	}
	if e.Target != (flow.Object{}) {
		out.TargetRef = &corev1.ObjectReference{Kind: e.Target.Kind, Namespace: e.Target.Namespace, Name: e.Target.Name}
	}
	if len(e.HintZones)+len(e.HintNodes) > 0 {
		out.Hints = &discoveryv1.EndpointHints{}
	}
	for _, z := range e.HintZones {
		out.Hints.ForZones = append(out.Hints.ForZones, discoveryv1.ForZone{Name: z})
	}
	for _, n := range e.HintNodes {
		out.Hints.ForNodes = append(out.Hints.ForNodes, discoveryv1.ForNode{Name: n})
	}
	return out
}

func family(v6 bool) corev1.IPFamily {
	if v6 {
		return corev1.IPv6Protocol
	}
	return corev1.IPv4Protocol
}

func words[T fmt.Stringer](all []T) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return out
}
