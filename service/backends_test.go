package service

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// ep is one endpoint: its last octet says who it is.
func ep(ip, node string, conditions string) cluster.Endpoint {
	return cluster.Endpoint{
		Addresses:   []netip.Addr{netip.MustParseAddr(ip)},
		Node:        node,
		Ready:       strings.Contains(conditions, "R"),
		Serving:     strings.Contains(conditions, "S"),
		Terminating: strings.Contains(conditions, "T"),
	}
}

func hinted(e cluster.Endpoint, zones, nodes string) cluster.Endpoint {
	e.HintZones, e.HintNodes = strings.Fields(zones), strings.Fields(nodes)
	return e
}

func slice(v6 bool, eps ...cluster.Endpoint) cluster.EndpointSlice {
	return cluster.EndpointSlice{
		Meta: cluster.Meta{Namespace: "test", Name: "web-1"}, Service: "web", IPv6: v6, Endpoints: eps,
		Ports: []cluster.EndpointPort{{Name: "http", Protocol: flow.TCP, Port: 8080}},
	}
}

func web() *cluster.Service {
	return &cluster.Service{
		Meta: cluster.Meta{Namespace: "test", Name: "web"}, Type: cluster.ServiceClusterIP,
		ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.10")},
		Ports:      []cluster.ServicePort{{Name: "http", Protocol: flow.TCP, Port: 80}},
	}
}

func endpointsOf(s *cluster.Snapshot, v6 bool) *Backends {
	svc := web()
	return Endpoints(s, cluster.NewIndex(s), svc, &svc.Ports[0], v6)
}

func backends(eps ...cluster.Endpoint) *Backends {
	return endpointsOf(&cluster.Snapshot{EndpointSlices: []cluster.EndpointSlice{slice(false, eps...)}}, false)
}

// words prints the last octets, in the order given.
func words(list []*Backend) string {
	var out []string
	for _, b := range list {
		ip := b.Addr.Addr().String()
		out = append(out, ip[strings.LastIndexAny(ip, ".:")+1:])
	}
	return strings.Join(out, " ")
}

func node(name, zone string) *cluster.Node {
	n := &cluster.Node{Meta: cluster.Meta{Name: name}}
	if zone != "" {
		n.Labels = cluster.Labels{"topology.kubernetes.io/zone": zone}
	}
	return n
}

// pkg/proxy/topology.go CategorizeEndpoints and KEP-1669: "Ready endpoints by
// default, but will fall back to Serving-Terminating endpoints (independently
// for Cluster and Local) if no Ready endpoints are available".
func TestCategories(t *testing.T) {
	const a, b, c = "10.244.1.1", "10.244.2.2", "10.244.1.3"
	tests := []struct {
		name           string
		eps            []cluster.Endpoint
		cluster, local string // as n1 sees them
		any            bool
	}{
		{"none", nil, "", "", false},
		{"ready", []cluster.Endpoint{ep(a, "n1", "RS"), ep(b, "n2", "RS")}, "1 2", "1", true},
		{"not ready is not used", []cluster.Endpoint{ep(a, "n1", ""), ep(b, "n2", "RS")}, "2", "", true},
		{"serving, not ready, not terminating is not used", []cluster.Endpoint{ep(a, "n1", "S")}, "", "", false},
		{"terminating only, still serving", []cluster.Endpoint{ep(a, "n1", "ST"), ep(b, "n2", "ST")}, "1 2", "1", true},
		{"terminating that fails its readiness is never used", []cluster.Endpoint{ep(a, "n1", "T")}, "", "", false},
		{"ready elsewhere, leaving here: independent", []cluster.Endpoint{ep(a, "n1", "ST"), ep(b, "n2", "RS")}, "2", "1", true},
		{"ready here wins over leaving here", []cluster.Endpoint{ep(a, "n1", "ST"), ep(c, "n1", "RS")}, "3", "3", true},
		{"endpoints elsewhere only", []cluster.Endpoint{ep(b, "n2", "RS")}, "2", "", true},
		{"leaving elsewhere only", []cluster.Endpoint{ep(b, "n2", "ST")}, "2", "", true},
		{"ready although terminating (publishNotReadyAddresses)", []cluster.Endpoint{ep(a, "n1", "RST")}, "1", "1", true},
		{"an endpoint of no node is nobody's local", []cluster.Endpoint{ep(a, "", "RS")}, "1", "", true},
	}
	for _, tt := range tests {
		bs := backends(tt.eps...)
		if got := words(bs.Cluster(node("n1", ""))); got != tt.cluster {
			t.Errorf("%s: cluster list %q, want %q", tt.name, got, tt.cluster)
		}
		if got := words(bs.Local("n1")); got != tt.local {
			t.Errorf("%s: local list %q, want %q", tt.name, got, tt.local)
		}
		if bs.Any() != tt.any {
			t.Errorf("%s: any %v, want %v", tt.name, bs.Any(), tt.any)
		}
		if len(bs.All()) != len(tt.eps) {
			t.Errorf("%s: %d of %d endpoints kept", tt.name, len(bs.All()), len(tt.eps))
		}
	}
	if got := backends(ep(a, "", "RS")).Local(""); got != nil {
		t.Errorf("no node has local endpoints, got %s", words(got))
	}
}

// KEP-2086 and topologyModeFromHints: PreferSameNode if every ready endpoint has
// a node hint and one hints here; else PreferSameZone by the same rule; else
// all. Local ignores it.
func TestTopology(t *testing.T) {
	const a, b, c = "10.244.1.1", "10.244.2.2", "10.244.3.3"
	zones := []cluster.Endpoint{hinted(ep(a, "n1", "RS"), "z1", ""), hinted(ep(b, "n2", "RS"), "z2", ""), hinted(ep(c, "n3", "RS"), "z2", "")}
	both := []cluster.Endpoint{hinted(ep(a, "n1", "RS"), "z1", "n1"), hinted(ep(b, "n2", "RS"), "z1", "n2")}
	oneMissing := append(slices.Clone(zones[:2]), ep(c, "n3", "RS"))
	nodeMissing := []cluster.Endpoint{hinted(ep(a, "n1", "RS"), "z1", "n1"), hinted(ep(b, "n2", "RS"), "z2", "")}
	unready := append(slices.Clone(zones[:2]), ep(c, "n3", ""))
	leaving := []cluster.Endpoint{hinted(ep(a, "n1", "ST"), "z1", ""), hinted(ep(b, "n2", "ST"), "z2", "")}
	tests := []struct {
		name string
		eps  []cluster.Endpoint
		node *cluster.Node
		want string
	}{
		{"zone hint", zones, node("n9", "z1"), "1"},
		{"two in the zone", zones, node("n9", "z2"), "2 3"},
		{"a zone without any: all", zones, node("n9", "z3"), "1 2 3"},
		{"a node without a zone: all", zones, node("n9", ""), "1 2 3"},
		{"one ready endpoint without a hint: all", oneMissing, node("n9", "z1"), "1 2 3"},
		{"one that is not ready needs no hint", unready, node("n9", "z1"), "1"},
		{"node hints before zone hints", both, node("n1", "z1"), "1"},
		{"no node hint for this node: its zone", both, node("n9", "z1"), "1 2"},
		{"neither: all", both, node("n9", "z9"), "1 2"},
		{"node hints of some only: the zone", nodeMissing, node("n1", "z2"), "2"},
		{"leaving endpoints ignore topology", leaving, node("n9", "z1"), "1 2"},
		{"nobody's view", zones, nil, "1 2 3"},
		{"several zones in one hint", []cluster.Endpoint{hinted(ep(a, "n1", "RS"), "z1 z2", ""), hinted(ep(b, "n2", "RS"), "z3", "")}, node("n9", "z2"), "1"},
	}
	for _, tt := range tests {
		if got := words(backends(tt.eps...).Cluster(tt.node)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := words(backends(hinted(ep(a, "n1", "RS"), "z2", ""), hinted(ep(b, "n2", "RS"), "z1", "")).Local("n1")); got != "1" {
		t.Errorf("Local by topology: %q, want the one on the node", got)
	}
}

// Slices are joined by port name and protocol, per family; FQDN slices and ports
// without a number are nobody's (endpointslicecache.go).
func TestSlicesJoin(t *testing.T) {
	with := func(change func(*cluster.EndpointSlice)) cluster.EndpointSlice {
		s := slice(false, ep("10.244.1.1", "n1", "RS"))
		change(&s)
		return s
	}
	tests := []struct {
		name   string
		slices []cluster.EndpointSlice
		want   string
	}{
		{"two slices", []cluster.EndpointSlice{slice(false, ep("10.244.1.2", "n1", "RS")), slice(false, ep("10.244.1.1", "n1", "RS"))}, "1 2"},
		{"one address twice", []cluster.EndpointSlice{slice(false, ep("10.244.1.1", "n1", "RS")), slice(false, ep("10.244.1.1", "n1", "RS"))}, "1"},
		{"leaving one slice, ready in the next", []cluster.EndpointSlice{slice(false, ep("10.244.1.1", "n1", "T")), slice(false, ep("10.244.1.1", "n1", "RS"))}, "1"},
		{"ready, then not", []cluster.EndpointSlice{slice(false, ep("10.244.1.1", "n1", "RS"), ep("10.244.1.1", "n1", ""))}, ""},
		{"not ready, then ready", []cluster.EndpointSlice{slice(false, ep("10.244.1.1", "n1", ""), ep("10.244.1.1", "n1", "RS"))}, "1"},
		{"ready, then leaving", []cluster.EndpointSlice{slice(false, ep("10.244.1.1", "n1", "RS"), ep("10.244.1.1", "n1", "T"))}, "1"},
		{"only the first address counts", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) {
			s.Endpoints[0].Addresses = append(s.Endpoints[0].Addresses, netip.MustParseAddr("10.244.1.9"))
		})}, "1"},
		{"no address", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.Endpoints[0].Addresses = nil })}, ""},
		{"FQDN", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.FQDN = true })}, ""},
		{"other family", []cluster.EndpointSlice{slice(true, ep("fd00::1", "n1", "RS"))}, ""},
		{"other Service", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.Service = "db" })}, ""},
		{"other namespace", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.Namespace = "prod" })}, ""},
		{"other port name", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.Ports[0].Name = "https" })}, ""},
		{"other protocol", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.Ports[0].Protocol = flow.UDP })}, ""},
		{"no port number", []cluster.EndpointSlice{with(func(s *cluster.EndpointSlice) { s.Ports[0].Port = 0 })}, ""},
	}
	for _, tt := range tests {
		bs := endpointsOf(&cluster.Snapshot{EndpointSlices: tt.slices}, false)
		if got := words(bs.Cluster(nil)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	v6 := endpointsOf(&cluster.Snapshot{EndpointSlices: []cluster.EndpointSlice{slice(true, ep("fd00::7", "n1", "RS")), slice(false, ep("10.244.1.1", "n1", "RS"))}}, true)
	if got := words(v6.Cluster(nil)); got != "7" {
		t.Errorf("IPv6: %q, want 7", got)
	}
}

// Slices may name several ports for one Service port name: each is an endpoint.
func TestBackendPort(t *testing.T) {
	other := slice(false, ep("10.244.1.2", "n1", "RS"))
	other.Ports[0].Port = 9090
	bs := endpointsOf(&cluster.Snapshot{EndpointSlices: []cluster.EndpointSlice{slice(false, ep("10.244.1.1", "n1", "RS")), other}}, false)
	var got []string
	for _, b := range bs.Cluster(nil) {
		got = append(got, b.Addr.String())
	}
	if want := []string{"10.244.1.1:8080", "10.244.1.2:9090"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v: the slice's port, not the Service's targetPort", got, want)
	}
}

// An endpoint is a pod by its targetRef, else by its address; a node's address
// is a process.
func TestWhoIsABackend(t *testing.T) {
	pod := func(name, ip string, host bool) cluster.Pod {
		return cluster.Pod{
			Meta: cluster.Meta{Namespace: "test", Name: name}, Node: "n1", HostNetwork: host, Phase: cluster.PodRunning,
			IPs: []netip.Addr{netip.MustParseAddr(ip)}, Ports: []cluster.ContainerPort{{Port: 8080, Protocol: flow.TCP}},
		}
	}
	ref := func(e cluster.Endpoint, name string) cluster.Endpoint {
		e.Target = flow.Object{Kind: "Pod", Namespace: "test", Name: name}
		return e
	}
	s := &cluster.Snapshot{
		Nodes: []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("10.0.0.11")}}},
		Pods:  []cluster.Pod{pod("a", "10.244.1.1", false), pod("h", "10.0.0.11", true)},
	}
	tests := []struct {
		name   string
		ep     cluster.Endpoint
		pod    string
		target bool
		host   bool
	}{
		{"targetRef", ref(ep("10.244.1.1", "n1", "RS"), "a"), "test/a", true, false},
		{"no targetRef, a pod's address", ep("10.244.1.1", "n1", "RS"), "test/a", true, false},
		{"a pod the input does not hold", ref(ep("10.244.1.7", "n1", "RS"), "gone"), "test/gone", false, false},
		{"nobody's address", ep("192.0.2.7", "", "RS"), "192.0.2.7:8080", false, false},
		{"a hostNetwork pod", ref(ep("10.0.0.11", "n1", "RS"), "h"), "test/h", true, true},
		{"a node's address with a declared port", ep("10.0.0.11", "n1", "RS"), "test/h", true, true},
	}
	for _, tt := range tests {
		s.EndpointSlices = []cluster.EndpointSlice{slice(false, tt.ep)}
		b := endpointsOf(s, false).All()[0]
		if b.String() != tt.pod || (b.Target != nil) != tt.target || b.Host != tt.host {
			t.Errorf("%s: %s, known %v, host %v; want %s, %v, %v", tt.name, b.String(), b.Target != nil, b.Host, tt.pod, tt.target, tt.host)
		}
	}
}
