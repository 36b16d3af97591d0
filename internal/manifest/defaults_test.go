package manifest

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// parse reads text that must be readable. Tests write YAML with spaces.
func parse(t *testing.T, text string) *Input {
	t.Helper()
	in, err := Parse("in.yaml", []byte(text), Options{})
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			t.Fatalf("%v\nhint: %s", e, e.Hint)
		}
		t.Fatal(err)
	}
	return in
}

func policy(spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: test}\nspec:\n" + indent(spec)
}

func service(spec string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: test}\nspec:\n" + indent(spec)
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") + "\n"
}

// The default is SetDefaults_NetworkPolicy's: Ingress always, Egress when
// there is an egress rule; written policyTypes stand as they are.
func TestPolicyTypes(t *testing.T) {
	for _, c := range []struct {
		name, spec      string
		ingress, egress bool
	}{
		{"nothing", "podSelector: {}", true, false},
		{"ingress only", "podSelector: {}\ningress: [{}]", true, false},
		{"egress rule", "podSelector: {}\negress: [{}]", true, true},
		{"empty egress", "podSelector: {}\negress: []", true, false},
		{"null types", "podSelector: {}\npolicyTypes:", true, false},
		{"empty types", "podSelector: {}\npolicyTypes: []\negress: [{}]", true, true},
		{"written Egress", "podSelector: {}\npolicyTypes: [Egress]", false, true},
		{"written Ingress with an egress rule", "podSelector: {}\npolicyTypes: [Ingress]\negress: [{}]", true, false},
		{"both", "podSelector: {}\npolicyTypes: [Egress, Ingress]", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parse(t, policy(c.spec)).Snapshot.NetworkPolicies[0]
			if p.IsolatesIngress != c.ingress || p.IsolatesEgress != c.egress {
				t.Errorf("ingress %v egress %v, want %v %v", p.IsolatesIngress, p.IsolatesEgress, c.ingress, c.egress)
			}
		})
	}
}

// Absent and empty lists stay apart, and null is absent.
func TestPolicyAbsentAndEmpty(t *testing.T) {
	p := parse(t, policy(`
podSelector: {}
ingress:
- from: []
- from: null
- {}
-
- ports: []
- from: [{podSelector: {}}]
- from: [{namespaceSelector: {}, podSelector: {matchLabels: {}}}]
`)).Snapshot.NetworkPolicies[0]
	if p.Egress != nil {
		t.Errorf("absent egress is %v, want nil", p.Egress)
	}
	if len(p.Ingress) != 7 {
		t.Fatalf("%d rules, want 7", len(p.Ingress))
	}
	if p.Ingress[0].Peers == nil || len(p.Ingress[0].Peers) != 0 {
		t.Error("from: [] is not empty")
	}
	for _, i := range []int{1, 2, 3, 4} {
		if p.Ingress[i].Peers != nil {
			t.Errorf("rule %d: peers are there", i)
		}
	}
	if p.Ingress[4].Ports == nil {
		t.Error("ports: [] is absent")
	}
	if peer := p.Ingress[5].Peers[0]; peer.PodSelector == nil || !peer.PodSelector.IsEmpty() || peer.NamespaceSelector != nil {
		t.Error("podSelector: {} must be there and empty, namespaceSelector absent")
	}
	if peer := p.Ingress[6].Peers[0]; peer.PodSelector == nil || peer.NamespaceSelector == nil {
		t.Error("both selectors are written")
	}
	if p := parse(t, policy("podSelector: {}\ningress: []\n")).Snapshot.NetworkPolicies[0]; p.Ingress == nil {
		t.Error("ingress: [] is absent")
	}
}

// The documentation's example test-network-policy, field by field.
func TestPolicyExample(t *testing.T) {
	text := `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: test-network-policy
  namespace: default
spec:
  podSelector:
    matchLabels:
      role: db
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - ipBlock:
        cidr: 172.17.0.0/16
        except:
        - 172.17.1.0/24
    - namespaceSelector:
        matchLabels:
          project: myproject
    - podSelector:
        matchLabels:
          role: frontend
    ports:
    - protocol: TCP
      port: 6379
  egress:
  - to:
    - ipBlock:
        cidr: 10.0.0.0/24
    ports:
    - protocol: UDP
      port: 32000
      endPort: 32768
    - port: dns
`
	line := func(n int) flow.Position { return flow.Position{File: "in.yaml", Line: n} }
	selector := func(k, v string) *cluster.LabelSelector {
		return &cluster.LabelSelector{MatchLabels: cluster.Labels{k: v}}
	}
	want := cluster.NetworkPolicy{
		Meta:        cluster.Meta{Namespace: "default", Name: "test-network-policy", Position: line(1)},
		PodSelector: *selector("role", "db"), IsolatesIngress: true, IsolatesEgress: true,
		Ingress: []cluster.PolicyRule{{
			Peers: []cluster.PolicyPeer{
				{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("172.17.0.0/16"), Except: []netip.Prefix{netip.MustParsePrefix("172.17.1.0/24")}}, Position: line(15)},
				{NamespaceSelector: selector("project", "myproject"), Position: line(19)},
				{PodSelector: selector("role", "frontend"), Position: line(22)},
			},
			Ports:    []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 6379}, Position: line(26)}},
			Position: line(14),
		}},
		Egress: []cluster.PolicyRule{{
			Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("10.0.0.0/24")}, Position: line(30)}},
			Ports: []cluster.PolicyPort{
				{Protocol: flow.UDP, Port: cluster.PortRef{Number: 32000}, EndPort: 32768, Position: line(33)},
				{Protocol: flow.TCP, Port: cluster.PortRef{Name: "dns"}, Position: line(36)},
			},
			Position: line(29),
		}},
	}
	got := parse(t, text).Snapshot.NetworkPolicies[0]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// SetDefaults_Service.
func TestServiceDefaults(t *testing.T) {
	s := parse(t, service("ports: [{port: 80}]")).Snapshot.Services[0]
	want := cluster.Service{
		Meta: cluster.Meta{Namespace: "test", Name: "s", Position: flow.Position{File: "in.yaml", Line: 1}},
		Type: cluster.ServiceClusterIP, ClusterIPs: []netip.Addr{netip.MustParseAddr("198.19.255.254")}, Invented: true,
		Ports: []cluster.ServicePort{{
			Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: 80}, Position: flow.Position{File: "in.yaml", Line: 5},
		}},
		ExternalTrafficPolicy: cluster.PolicyCluster, InternalTrafficPolicy: cluster.PolicyCluster,
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestServiceFields(t *testing.T) {
	s := parse(t, `
apiVersion: v1
kind: Service
metadata:
  name: s
  namespace: test
  labels: {service.kubernetes.io/service-proxy-name: other}
  annotations:
    metallb.io/allow-shared-ip: key
    kubectl.kubernetes.io/last-applied-configuration: secret
  managedFields:
  - {manager: kubectl, time: "2026-01-02T00:00:00Z"}
  - {manager: old, time: "2026-01-01T00:00:00Z"}
  - {manager: cloud, time: "2026-01-03T00:00:00Z", subresource: status}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.1
  clusterIPs: [10.96.0.1, "fd00::1"]
  externalIPs: [192.0.2.9]
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  allocateLoadBalancerNodePorts: false
  healthCheckNodePort: 30000
  loadBalancerSourceRanges: [" 192.0.2.0/24 "]
  sessionAffinity: ClientIP
  publishNotReadyAddresses: true
  trafficDistribution: PreferSameNode
  ports:
  - {name: a, port: 1, targetPort: http, nodePort: 31000}
  - {name: b, port: 1, targetPort: 0, protocol: UDP}
status:
  loadBalancer:
    ingress: [{ip: 198.51.100.1}, {ip: 198.51.100.2, ipMode: Proxy}, {hostname: lb.example}]
`).Snapshot.Services[0]
	check := func(name string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	addr := netip.MustParseAddr
	check("manager", s.Manager, "kubectl")
	check("annotations", s.Annotations, map[string]string{"metallb.io/allow-shared-ip": "key"})
	check("clusterIPs", s.ClusterIPs, []netip.Addr{addr("10.96.0.1"), addr("fd00::1")})
	check("families", s.Families, []bool{false, true})
	check("external policy", s.ExternalTrafficPolicy, cluster.PolicyLocal)
	check("internal policy", s.InternalTrafficPolicy, cluster.PolicyLocal)
	check("no node ports", s.NoNodePorts, true)
	check("health check", s.HealthCheckNodePort, uint16(30000))
	check("source ranges", s.SourceRanges, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	check("affinity", s.SessionAffinity, true)
	check("affinity seconds", s.AffinitySeconds, 10800)
	check("not ready", s.PublishNotReadyAddresses, true)
	check("distribution", s.TrafficDistribution, "PreferSameNode")
	check("proxy", s.ProxyName, "other")
	check("target name", s.Ports[0].TargetPort, cluster.PortRef{Name: "http"})
	check("target zero", s.Ports[1].TargetPort, cluster.PortRef{Number: 1})
	check("ingress", s.Ingress, []cluster.Ingress{{IP: addr("198.51.100.1")}, {IP: addr("198.51.100.2"), Proxy: true}, {Hostname: "lb.example"}})
}

func TestSourceRangesAnnotation(t *testing.T) {
	text := `apiVersion: v1
kind: Service
metadata: {name: s, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: "192.0.2.0/24, 10.0.0.0/8"}}
spec: {type: LoadBalancer, ports: [{port: 1}]}
`
	got := parse(t, text).Snapshot.Services[0]
	if len(got.SourceRanges) != 0 {
		t.Errorf("got %v: kube-proxy does not read the annotation", got.SourceRanges)
	}
	if got.Namespace != "default" {
		t.Errorf("namespace %q, want default", got.Namespace)
	}
}

// Readiness follows the condition; a manifest has no status and counts as
// ready.
func TestPod(t *testing.T) {
	in := parse(t, `
apiVersion: v1
kind: PodList
items:
- metadata: {name: ready, namespace: test, labels: {app: a}}
  spec:
    nodeName: n1
    containers: [{ports: [{containerPort: 80, name: web}, {containerPort: 53, protocol: UDP}]}]
    initContainers:
    - {restartPolicy: Always, ports: [{containerPort: 1}]}
    - {ports: [{containerPort: 2}]}
  status:
    phase: Running
    podIP: 10.0.0.1
    podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]
    hostIPs: [{ip: 192.0.2.1}]
    conditions: [{type: Ready, status: "True"}]
- metadata: {name: unready, namespace: test, deletionTimestamp: "2026-01-01T00:00:00Z"}
  status: {phase: Running, podIP: 10.0.0.2, conditions: [{type: Ready, status: "False"}]}
- metadata: {name: host, namespace: test}
  spec: {hostNetwork: true}
  status: {phase: Running, hostIP: 192.0.2.1}
- metadata: {name: manifest, namespace: test}
  spec: {}
`)
	pods := in.Snapshot.Pods
	if len(pods) != 4 {
		t.Fatalf("%d pods, want 4", len(pods))
	}
	wantPorts := []cluster.ContainerPort{{Name: "web", Port: 80, Protocol: flow.TCP}, {Port: 53, Protocol: flow.UDP}, {Port: 1, Protocol: flow.TCP}}
	if p := pods[0]; !p.Ready || p.Terminating || p.Node != "n1" || len(p.IPs) != 2 || p.Invented || !reflect.DeepEqual(p.Ports, wantPorts) {
		t.Errorf("ready: %+v", p)
	}
	if p := pods[1]; p.Ready || !p.Terminating {
		t.Errorf("unready: %+v", p)
	}
	if p := pods[2]; !p.HostNetwork || p.IP(false) != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("host: %+v", p)
	}
	if p := pods[3]; !p.Ready || p.Phase != cluster.PodRunning || !p.Invented || !inventedV4.Contains(p.IP(false)) {
		t.Errorf("manifest: %+v", p)
	}
}

func TestNode(t *testing.T) {
	in := parse(t, `
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDR: 10.0.0.0/24}
status:
  addresses: [{type: Hostname, address: n1}, {type: InternalIP, address: 192.0.2.1}, {type: ExternalIP, address: 203.0.113.1}]
  conditions: [{type: Ready, status: Unknown}, {type: NetworkUnavailable, status: "True"}]
---
apiVersion: v1
kind: Node
metadata: {name: n2}
`)
	n := in.Snapshot.Nodes
	if n[0].Ready || !n[0].NetworkUnavailable || len(n[0].InternalIPs) != 1 || len(n[0].OtherIPs) != 1 || len(n[0].PodCIDRs) != 1 {
		t.Errorf("n1: %+v", n[0])
	}
	if !n[1].Ready {
		t.Error("n2: no condition means ready")
	}
}

func TestEndpointSliceConditions(t *testing.T) {
	in := parse(t, `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, namespace: test, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{port: 80}, {name: all}]
endpoints:
- addresses: [10.0.0.1]
- {addresses: [10.0.0.2], conditions: {ready: false}}
- {addresses: [10.0.0.3], conditions: {ready: false, serving: true, terminating: true}, nodeName: n1, zone: z, hints: {forZones: [{name: z}], forNodes: [{name: n1}]}, targetRef: {kind: Pod, name: a, namespace: test}}
`)
	s := in.Snapshot.EndpointSlices[0]
	if s.Service != "s" || s.IPv6 || s.Ports[0] != (cluster.EndpointPort{Protocol: flow.TCP, Port: 80}) || s.Ports[1].Port != 0 {
		t.Errorf("slice: %+v", s)
	}
	for i, want := range [][3]bool{{true, true, false}, {false, false, false}, {false, true, true}} {
		if e := s.Endpoints[i]; [3]bool{e.Ready, e.Serving, e.Terminating} != want {
			t.Errorf("endpoint %d: ready, serving, terminating %v %v %v, want %v", i, e.Ready, e.Serving, e.Terminating, want)
		}
	}
	e := s.Endpoints[2]
	if e.Node != "n1" || e.Zone != "z" || e.HintZones[0] != "z" || e.HintNodes[0] != "n1" || e.Target.String() != "Pod/test/a" {
		t.Errorf("endpoint 2: %+v", e)
	}
}
