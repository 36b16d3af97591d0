package model

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// The table of kube-proxy (pkg/proxy/nftables/proxier.go, chains external- and
// service-), row by row: who may get the packet, and whether its source is
// masqueraded.
func TestTrips(t *testing.T) {
	type cell struct {
		list List
		masq bool
	}
	all, here := ClusterList, LocalList
	rows := []struct {
		name  string
		from  Arrival
		cells [4]cell // ClusterIP Cluster, ClusterIP Local, external Cluster, external Local
	}{
		{"outside", FromOutside, [4]cell{{all, true}, {here, true}, {all, true}, {here, false}}},
		{"pod", FromPod, [4]cell{{all, false}, {here, false}, {all, true}, {all, false}}},
		{"process", FromProcess, [4]cell{{all, true}, {here, true}, {all, true}, {all, true}}},
	}
	for _, row := range rows {
		for i, want := range row.cells {
			policy := []string{"Cluster", "Local"}[i%2]
			m := compile(t, base, balancer(policy, policy), fabric("profile: generic"))
			kinds := []service.Kind{service.ClusterIP}
			if i > 1 {
				kinds = []service.Kind{service.LoadBalancer, service.ExternalIP, service.NodePort}
			}
			for _, k := range kinds {
				got := m.Trip(row.from, front(t, m, k))
				if got.List != want.list || got.Masquerade != want.masq || got.Why == "" {
					t.Errorf("%s to %s, %s: %+v, want %+v", row.name, k, policy, got, want)
				}
			}
		}
	}
}

// "masqueradeAll adds SNAT to row 9": a pod's way to a cluster address.
func TestMasqueradeAll(t *testing.T) {
	m := compile(t, base, balancer("Local", "Cluster"), fabric("masqueradeAll: true"))
	if !m.Trip(FromPod, front(t, m, service.ClusterIP)).Masquerade {
		t.Error("a pod to a cluster address keeps its source")
	}
	if m.Trip(FromPod, front(t, m, service.LoadBalancer)).Masquerade {
		t.Error("masqueradeAll is of cluster addresses, Local still keeps the source")
	}
}

// "If the detector is not implemented the pod short-circuits vanish": pods are
// outside, and cluster addresses are not masqueraded.
func TestTripsWithoutDetector(t *testing.T) {
	p := &cluster.Profile{}
	trips := compileTrips(p)
	if got := trips[FromPod][1][1]; got.List != LocalList || got.Masquerade {
		t.Errorf("pod to external, Local: %+v, want like outside", got)
	}
	for _, from := range []Arrival{FromOutside, FromPod, FromProcess} {
		if trips[from][0][0].Masquerade || trips[from][0][1].Masquerade {
			t.Errorf("%d to a cluster address is masqueraded", from)
		}
		if !trips[from][1][0].Masquerade {
			t.Errorf("%d to external, Cluster, is not masqueraded", from)
		}
	}
}

// --detect-local-mode ClusterCIDR: a pod is told by its address, wherever it
// runs; other nodes are outside.
func TestArrives(t *testing.T) {
	told := compile(t, base, fabric("profile: generic"))
	untold := compile(t, strings.ReplaceAll(base, "spec: {podCIDRs: [10.244.1.0/24]}, ", ""))
	untold.Profile.ClusterCIDRs = nil
	const dst = "10.96.0.10:80"
	for _, tt := range []struct {
		name    string
		m       *Model
		src     string
		process bool
		want    Arrival
	}{
		{"outside", told, "203.0.113.10", false, FromOutside},
		{"another node", told, "10.0.0.12", false, FromOutside},
		{"a pod", told, "10.244.1.20", false, FromPod},
		{"a pod of another node", told, "10.244.2.10", false, FromPod},
		{"an address of the range that no pod has", told, "10.244.9.9", false, FromPod},
		{"a process", told, "10.0.0.11", true, FromProcess},
		{"a process with an address of the pods' range", told, "10.244.1.1", true, FromProcess},
		{"an unknown source", told, "", false, FromOutside},
		{"range unknown: a pod of the input", untold, "10.244.1.20", false, FromPod},
		{"range unknown: nobody's", untold, "10.244.9.9", false, FromOutside},
	} {
		if got := tt.m.Arrives("n1", tuple(tt.src, dst), tt.process); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// "nothing anywhere: REJECT; endpoints elsewhere but not local: silent DROP".
func TestChoose(t *testing.T) {
	empty := func(conditions string) string {
		return strings.ReplaceAll(balancer("Local", "Local"), "conditions: {ready: true}", "conditions: {"+conditions+"}")
	}
	only2 := strings.Replace(balancer("Local", "Local"), "- {addresses: [10.244.1.10], nodeName: n1, conditions: {ready: true}, targetRef: {kind: Pod, namespace: test, name: web-1}}\n", "", 1)
	tests := []struct {
		name, svc string
		trip      Trip
		node      string
		want      Outcome
		chosen    string
	}{
		{"all", balancer("Cluster", "Cluster"), Trip{List: ClusterList}, "n1", Chosen, "test/web-1 test/web-2"},
		{"here", balancer("Local", "Local"), Trip{List: LocalList}, "n2", Chosen, "test/web-2"},
		{"none here", only2, Trip{List: LocalList}, "n1", DropNotLocal, ""},
		{"none here, but short-circuited", only2, Trip{List: ClusterList}, "n1", Chosen, "test/web-2"},
		{"none anywhere", empty("ready: false"), Trip{List: LocalList}, "n1", RejectEmpty, ""},
		{"terminating and serving", empty("ready: false, serving: true, terminating: true"), Trip{List: LocalList}, "n1", Chosen, "test/web-1"},
	}
	for _, tt := range tests {
		m := compile(t, base, tt.svc, fabric("profile: generic"))
		list, outcome := m.Choose(front(t, m, service.LoadBalancer), tt.trip, tt.node, false)
		var got []string
		for _, b := range list {
			got = append(got, b.String())
		}
		if outcome != tt.want || strings.Join(got, " ") != tt.chosen {
			t.Errorf("%s: %v, outcome %d; want %q, %d", tt.name, got, outcome, tt.chosen, tt.want)
		}
	}
}

// kube-proxy-iptables lets a node's own packet to an empty virtual IP go on; a
// cluster address and a NodePort are rejected in both modes.
func TestChooseOfAnEmptyService(t *testing.T) {
	svc := strings.ReplaceAll(balancer("Cluster", "Cluster"), "ready: true", "ready: false")
	for _, tt := range []struct {
		proxy   string
		kind    service.Kind
		process bool
		want    Outcome
	}{
		{"kube-proxy-nftables", service.LoadBalancer, true, RejectEmpty},
		{"kube-proxy-iptables", service.LoadBalancer, true, LeaveEmpty},
		{"kube-proxy-iptables", service.ExternalIP, true, LeaveEmpty},
		{"kube-proxy-iptables", service.LoadBalancer, false, RejectEmpty},
		{"kube-proxy-iptables", service.ClusterIP, true, RejectEmpty},
		{"kube-proxy-iptables", service.NodePort, true, RejectEmpty},
	} {
		m := compile(t, base, svc, fabric("proxy: "+tt.proxy))
		if _, got := m.Choose(front(t, m, tt.kind), Trip{}, "n1", tt.process); got != tt.want {
			t.Errorf("%s, %s, process %v: %d, want %d", tt.proxy, tt.kind, tt.process, got, tt.want)
		}
	}
}

// Without slices and without pods nobody can say that a Service is empty.
func TestChooseBlind(t *testing.T) {
	const svc = `{apiVersion: v1, kind: Service, metadata: {namespace: test, name: web}, spec: {clusterIP: 10.96.0.10, selector: {app: web}, ports: [{port: 80}]}}`
	m := compile(t, svc, fabric("profile: generic"))
	if _, got := m.Choose(front(t, m, service.ClusterIP), Trip{}, "n1", false); got != UnknownEmpty {
		t.Errorf("outcome %d without slices and pods, want %d", got, UnknownEmpty)
	}
	m = compile(t, base, svc, fabric("profile: generic"))
	if list, got := m.Choose(front(t, m, service.ClusterIP), Trip{}, "n1", false); got != Chosen || len(list) == 0 {
		t.Errorf("outcome %d with pods to derive the endpoints from", got)
	}
}

// nftables "listens only on the node's primary IP", iptables "on all local IPs";
// a Service address is captured on every node.
func TestCapture(t *testing.T) {
	for _, tt := range []struct {
		proxy, node, dst string
		want             bool
	}{
		{"kube-proxy-nftables", "n1", "198.51.100.17:80", true},
		{"kube-proxy-nftables", "n1", "192.0.2.80:80", true},
		{"kube-proxy-nftables", "n1", "10.96.0.10:80", true},
		{"kube-proxy-nftables", "n1", "10.96.0.10:81", false},
		{"kube-proxy-nftables", "n1", "10.0.0.11:30080", true},
		{"kube-proxy-nftables", "n2", "10.0.0.11:30080", false}, // another node's
		{"kube-proxy-nftables", "n1", "10.0.0.11:80", false},
		{"kube-proxy-nftables", "n1", "192.0.2.11:30080", false}, // not its primary address
		{"kube-proxy-iptables", "n1", "192.0.2.11:30080", true},
		{"kube-proxy-iptables", "n1", "10.244.1.1:30080", true}, // its bridge
		{"kube-proxy-nftables", "n1", "10.244.1.1:30080", false},
		{"kube-proxy-iptables", "n2", "192.0.2.11:30080", false},
		{"kube-proxy-iptables", "n1", "198.51.100.17:30080", false},
	} {
		m := compile(t, base, balancer("Cluster", "Cluster"), fabric("podNetwork: bridge, proxy: "+tt.proxy))
		if got := m.Capture(tt.node, tuple("203.0.113.10", tt.dst)); (len(got) > 0) != tt.want {
			t.Errorf("%s on %s: %s captured %v, want %v", tt.proxy, tt.node, tt.dst, len(got) > 0, tt.want)
		}
	}
	udp := tuple("203.0.113.10", "198.51.100.17:80")
	udp.Protocol = flow.UDP
	m := compile(t, base, balancer("Cluster", "Cluster"), fabric("profile: generic"))
	if m.Capture("n1", udp) != nil {
		t.Error("UDP is captured for a TCP port")
	}
}

// "ClusterIP, port not in the Service: nftables REJECT; unallocated IP in
// ServiceCIDR: DROP. iptables mode: neither".
func TestServiceAddressCheck(t *testing.T) {
	for _, tt := range []struct {
		proxy, dst string
		want       flow.Action
	}{
		{"kube-proxy-nftables", "10.96.0.10:81", flow.Reject},
		{"kube-proxy-nftables", "10.96.9.9:80", flow.Drop},
		{"kube-proxy-nftables", "10.97.0.1:80", flow.Pass},
		{"kube-proxy-nftables", "198.51.100.17:81", flow.Pass},
		{"kube-proxy-iptables", "10.96.0.10:81", flow.Pass},
		{"kube-proxy-iptables", "10.96.9.9:80", flow.Pass},
	} {
		m := compile(t, base, balancer("Cluster", "Cluster"), fabric("proxy: "+tt.proxy))
		if got, why := m.ServiceAddressCheck(tuple("10.244.1.20", tt.dst)); got != tt.want || (why.IsZero() != (got == flow.Pass)) {
			t.Errorf("%s: %s is met with %s (%s), want %s", tt.proxy, tt.dst, got, why, tt.want)
		}
	}
}

// Source ranges are checked "before DNAT and SNAT" by nftables; iptables checks
// them in the filter hooks, and not at all for a Service without endpoints.
func TestRestricted(t *testing.T) {
	ranged := strings.Replace(balancer("Cluster", "Cluster"), "selector:", "loadBalancerSourceRanges: [203.0.113.0/24], selector:", 1)
	empty := strings.ReplaceAll(ranged, "ready: true", "ready: false")
	for _, tt := range []struct {
		proxy, svc     string
		kind           service.Kind
		checked, first bool
	}{
		{"kube-proxy-nftables", ranged, service.LoadBalancer, true, true},
		{"kube-proxy-nftables", empty, service.LoadBalancer, true, true},
		{"kube-proxy-nftables", ranged, service.NodePort, false, false},
		{"kube-proxy-nftables", balancer("Cluster", "Cluster"), service.LoadBalancer, false, false},
		{"kube-proxy-iptables", ranged, service.LoadBalancer, true, false},
		{"kube-proxy-iptables", empty, service.LoadBalancer, false, false},
	} {
		m := compile(t, base, tt.svc, fabric("proxy: "+tt.proxy))
		if checked, first := m.Restricted(front(t, m, tt.kind)); checked != tt.checked || first != tt.first {
			t.Errorf("%s, %s: checked %v, first %v; want %v, %v", tt.proxy, tt.kind, checked, first, tt.checked, tt.first)
		}
	}
}

// Measured: nftables' hairpin-connections holds local endpoints only.
func TestHairpin(t *testing.T) {
	for proxy, want := range map[string][2]bool{"kube-proxy-nftables": {true, false}, "kube-proxy-iptables": {true, true}} {
		m := compile(t, base, balancer("Cluster", "Cluster"), fabric("proxy: "+proxy))
		b := front(t, m, service.ClusterIP).Backends.Local("n1")[0]
		if got := [2]bool{m.HairpinMasquerades("n1", b), m.HairpinMasquerades("n2", b)}; got != want {
			t.Errorf("%s, on the pod's node and elsewhere: %v, want %v", proxy, got, want)
		}
	}
	for network, want := range map[string]bool{"bridge": true, "routed": false, "vxlan": false} {
		if got := compile(t, base, fabric("podNetwork: "+network)).BridgeDropsSelf(); got != want {
			t.Errorf("%s drops what turns back: %v, want %v", network, got, want)
		}
	}
}

// The Fabric may not name nodes that are not there, nor give a node another's address.
func TestFabricErrors(t *testing.T) {
	for want, spec := range map[string]string{
		"next hop":          "{routers: [{name: gw, nodes: [n9]}]}",
		"nodes names":       "{nodes: [{name: n9, masquerade: {toLocalPods: 10.1.1.1}}]}",
		"dataplane.profile": "{dataplane: {profile: nonsense}}",
		`node "n1" masquerades with 10.0.0.12, which is an address of node "n2"`: "{nodes: [{name: n1, masquerade: {toOtherNodes: 10.0.0.12}}]}",
	} {
		text := "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: f}\nspec: " + spec
		err := compileError(t, base, text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(fmt.Sprint(err), "Fabric") {
			t.Errorf("%s: %v, want an error of the Fabric with %q", spec, err, want)
		}
	}
	compile(t, base, "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: own}\nspec: {nodes: [{name: n1, masquerade: {toOtherNodes: 10.0.0.11}}]}")
}
