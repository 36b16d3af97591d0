package announce

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

var vip = netip.MustParseAddr("198.51.100.17")

// nodes makes n1, n2, ... whose addresses run against their names: n1 has the
// highest.
func nodes(n int) []cluster.Node {
	var out []cluster.Node
	for i := 1; i <= n; i++ {
		out = append(out, cluster.Node{
			Meta:        cluster.Meta{Name: fmt.Sprint("n", i)},
			InternalIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(100 - i)})},
			Ready:       true,
		})
	}
	return out
}

func compile(s *cluster.Snapshot, wants ...Want) *Table {
	return Compile(s, cluster.NewIndex(s), map[netip.Addr][]Want{vip: wants})
}

// hops asks the only router of the snapshot.
func hops(t *testing.T, s *cluster.Snapshot, addr netip.Addr, wants ...Want) Choice {
	t.Helper()
	table := compile(s, wants...)
	if len(table.Routers()) != 1 {
		t.Fatalf("%d routers", len(table.Routers()))
	}
	return table.NextHops(&table.Routers()[0], addr)
}

// "BGP: skipped if node NetworkUnavailable or labelled
// exclude-from-external-load-balancers"; the label counts by its key alone.
func TestEligible(t *testing.T) {
	labelled := func(value string) cluster.Node {
		n := nodes(1)[0]
		n.Labels = cluster.Labels{"node.kubernetes.io/exclude-from-external-load-balancers": value}
		return n
	}
	unready, cut := nodes(1)[0], nodes(1)[0]
	unready.Ready = false
	cut.NetworkUnavailable = true
	tests := []struct {
		name string
		node cluster.Node
		want bool
	}{
		{"ready", nodes(1)[0], true},
		{"labelled", labelled(""), false},
		{"labelled true", labelled("true"), false},
		{"labelled false counts too", labelled("false"), false},
		{"not ready", unready, false},
		{"network unavailable", cut, false},
	}
	for _, tt := range tests {
		if why := Eligible(&tt.node); (why == "") != tt.want {
			t.Errorf("%s: %q, want eligible %v", tt.name, why, tt.want)
		}
	}
}

func TestStaticRoutes(t *testing.T) {
	out := nodes(3)
	out[1].Ready = false
	none := nodes(1)
	none[0].Ready = false
	router := func(multipath bool, listed ...string) []cluster.Router {
		return []cluster.Router{{Name: "gw", Multipath: multipath, Nodes: listed}}
	}
	tests := []struct {
		name    string
		nodes   []cluster.Node
		routers []cluster.Router
		want    string
		assumes flow.Code
	}{
		{"no router told: ECMP to all", nodes(3), nil, "n1 n2 n3", ""},
		{"all eligible", out, router(true), "n1 n3", ""},
		{"a list is taken as it is, eligible or not", out, router(true, "n3", "n2"), "n3 n2", ""},
		{"no multipath: the first of the list", out, router(false, "n3", "n1"), "n3", flow.CodeAssumedNextHop},
		{"no multipath: the first eligible", out, router(false), "n1", flow.CodeAssumedNextHop},
		{"nobody", none, router(true), "", ""},
		{"nobody, no multipath", none, router(false), "", ""},
	}
	for _, tt := range tests {
		s := &cluster.Snapshot{Nodes: tt.nodes, Fabric: cluster.Fabric{Routers: tt.routers}}
		// A static route knows nothing of endpoints.
		c := hops(t, s, vip, Want{Local: true})
		if got := strings.Join(c.Nodes, " "); got != tt.want || !c.Known || c.Assumption.Code != tt.assumes {
			t.Errorf("%s: %q, known %v, assumes %q; want %q, %q", tt.name, got, c.Known, c.Assumption.Code, tt.want, tt.assumes)
		}
		if (c.Why.Code == flow.CodeNotAnnounced) != (tt.want == "") {
			t.Errorf("%s: because %s", tt.name, c.Why)
		}
		if compile(s).Assumed() != (tt.routers == nil) {
			t.Errorf("%s: the router is assumed only where none is told", tt.name)
		}
	}
}

// MetalLB: "Cluster: every node if any endpoint serves; Local: nodes with a
// serving local endpoint. Route is per IP: with sharing, a node keeps announcing
// while any sharer wants it".
func TestBGP(t *testing.T) {
	on := func(names ...string) Want { return Want{Assigned: true, Serving: names} }
	local := func(names ...string) Want { return Want{Assigned: true, Local: true, Serving: names} }
	tests := []struct {
		name  string
		wants []Want
		want  string
	}{
		{"Cluster: every eligible node", []Want{on("n1")}, "n3 n2 n1"},
		{"Cluster without endpoints: nobody", []Want{on()}, ""},
		{"Cluster, endpoint on a node left out", []Want{on("n4")}, "n3 n2 n1"},
		{"Local: nodes with endpoints", []Want{local("n1", "n3")}, "n3 n1"},
		{"Local, endpoint on a node left out: nobody", []Want{local("n4")}, ""},
		{"Local without endpoints: nobody", []Want{local()}, ""},
		{"shared, both Local: the union", []Want{local("n1"), local("n2")}, "n2 n1"},
		{"shared, one Cluster: every node", []Want{local("n1"), on("n2")}, "n3 n2 n1"},
		{"shared, the Cluster one is empty", []Want{local("n1"), on()}, "n1"},
		{"an externalIP is nobody's to announce", []Want{{Serving: []string{"n1"}}}, ""},
		{"shared with an externalIP", []Want{{Serving: []string{"n1"}}, local("n2")}, "n2"},
	}
	fabric := cluster.Fabric{Routers: []cluster.Router{{Name: "tor", Multipath: true, Routes: cluster.RoutesBGP}}}
	s := &cluster.Snapshot{Nodes: nodes(4), Fabric: fabric}
	s.Nodes[3].NetworkUnavailable = true
	for _, tt := range tests {
		c := hops(t, s, vip, tt.wants...)
		if got := strings.Join(c.Nodes, " "); got != tt.want || !c.Known {
			t.Errorf("%s: %q, known %v; want %q", tt.name, got, c.Known, tt.want)
		}
	}
}

// Without multipath the lowest peer address wins (RFC 4271 9.1.2.2): n3's here.
func TestBGPWithoutMultipath(t *testing.T) {
	s := &cluster.Snapshot{Nodes: nodes(3), Fabric: cluster.Fabric{Routers: []cluster.Router{{Name: "tor", Routes: cluster.RoutesBGP}}}}
	c := hops(t, s, vip, Want{Assigned: true, Serving: []string{"n1"}})
	if !slices.Equal(c.Nodes, []string{"n3"}) || c.Assumption.Code != flow.CodeAssumedNextHop {
		t.Errorf("%v, assumes %s; want n3 alone, as an assumption", c.Nodes, c.Assumption)
	}
}

// MetalLB, layer2_controller.go: "one leader per IP = lowest sha256(node#ip)
// among candidates". The expected leader is worked out here on hexadecimal
// text.
func TestL2Leader(t *testing.T) {
	fabric := cluster.Fabric{Routers: []cluster.Router{{Name: "lan", Multipath: true, Routes: cluster.RoutesL2}}}
	leaders := map[string]bool{}
	for last := range 40 {
		addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(last)})
		s := &cluster.Snapshot{Nodes: nodes(5), Fabric: fabric}
		want := lowestHash(s.Nodes, addr.String())
		table := Compile(s, cluster.NewIndex(s), map[netip.Addr][]Want{addr: {{Assigned: true, Serving: []string{"n1"}}}})
		c := table.NextHops(&table.Routers()[0], addr)
		if !slices.Equal(c.Nodes, []string{want}) || c.Assumption.Code != flow.CodeAssumedLeader {
			t.Errorf("%s: %v, want %s, as an assumption", addr, c.Nodes, want)
		}
		leaders[want] = true
	}
	if len(leaders) < 3 {
		t.Errorf("40 addresses have the leaders %v: the hash tells nothing", leaders)
	}
}

func lowestHash(nodes []cluster.Node, addr string) string {
	byHash := map[string]string{}
	var hashes []string
	for _, n := range nodes {
		sum := sha256.Sum256([]byte(n.Name + "#" + addr))
		h := hex.EncodeToString(sum[:])
		byHash[h] = n.Name
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	return byHash[hashes[0]]
}

// Worked out with sha256sum: NODE#198.51.100.17 begins with 9921 for n1, a8c3 for
// n2 and 73a3 for n3.
func TestL2Candidates(t *testing.T) {
	fabric := cluster.Fabric{Routers: []cluster.Router{{Name: "lan", Routes: cluster.RoutesL2}}}
	tests := []struct {
		name  string
		wants []Want
		want  string
	}{
		{"Cluster: any of them", []Want{{Assigned: true, Serving: []string{"n2"}}}, "n3"},
		{"Local: only nodes with endpoints", []Want{{Assigned: true, Local: true, Serving: []string{"n1", "n2"}}}, "n1"},
		{"Local: the only one", []Want{{Assigned: true, Local: true, Serving: []string{"n2"}}}, "n2"},
		{"nothing serves", []Want{{Assigned: true}}, ""},
		{"sharers agree", []Want{{Assigned: true, Serving: []string{"n1"}}, {Assigned: true, Serving: []string{"n2"}}}, "n3"},
	}
	for _, tt := range tests {
		s := &cluster.Snapshot{Nodes: nodes(3), Fabric: fabric}
		c := hops(t, s, vip, tt.wants...)
		if got := strings.Join(c.Nodes, " "); got != tt.want || !c.Known {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A prefix routes what no Service has: a pod to its node, all else like a static
// route. Nodes' own addresses need no prefix.
func TestPrefixes(t *testing.T) {
	s := &cluster.Snapshot{
		Nodes: nodes(3),
		Pods:  []cluster.Pod{{Meta: cluster.Meta{Namespace: "test", Name: "a"}, Node: "n2", IPs: []netip.Addr{netip.MustParseAddr("10.244.2.10")}}},
		Fabric: cluster.Fabric{Routers: []cluster.Router{{Name: "gw", Multipath: true, Routes: cluster.RoutesStatic, Prefixes: []netip.Prefix{
			netip.MustParsePrefix("10.96.0.0/12"), netip.MustParsePrefix("10.244.0.0/16"),
		}}}},
	}
	for _, tt := range []struct {
		name, addr, want string
		known            bool
	}{
		{"a cluster address", "10.96.0.10", "n1 n2 n3", true},
		{"a pod, on its node", "10.244.2.10", "n2", true},
		{"no pod has it", "10.244.2.99", "n1 n2 n3", true},
		{"a node", "10.0.0.97", "n3", true},
		{"somebody else's", "192.0.2.99", "", false},
	} {
		c := hops(t, s, netip.MustParseAddr(tt.addr))
		if got := strings.Join(c.Nodes, " "); got != tt.want || c.Known != tt.known {
			t.Errorf("%s: %q, known %v; want %q, %v", tt.name, got, c.Known, tt.want, tt.known)
		}
	}
	s.Fabric.Routers[0].Prefixes = nil
	if c := hops(t, s, netip.MustParseAddr("10.244.2.10")); c.Known {
		t.Errorf("a pod is routed without a prefix: %v", c.Nodes)
	}
}
