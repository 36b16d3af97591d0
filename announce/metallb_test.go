package announce

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// in makes the Meta of an object of MetalLB.
func in(name string) cluster.Meta { return cluster.Meta{Namespace: "metallb-system", Name: name} }

func labelled(key, value string) []cluster.LabelSelector {
	return []cluster.LabelSelector{{MatchLabels: cluster.Labels{key: value}}}
}

// configured is a cluster of three nodes in racks a, b and b, with a pool that
// holds the VIP.
func configured(routes cluster.Routes, change func(*cluster.MetalLB)) *cluster.Snapshot {
	s := &cluster.Snapshot{Nodes: nodes(3)}
	for i, rack := range []string{"a", "b", "b"} {
		s.Nodes[i].Labels = cluster.Labels{"rack": rack}
	}
	if routes != "" {
		s.Fabric.Routers = []cluster.Router{{Name: "tor", Multipath: true, Routes: routes, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}
	}
	s.MetalLB.Pools = []cluster.IPAddressPool{{
		Meta: in("vips"), Addresses: []cluster.AddressRange{{First: netip.MustParseAddr("198.51.100.16"), Last: netip.MustParseAddr("198.51.100.31")}},
	}}
	change(&s.MetalLB)
	return s
}

func served(names ...string) Want { return Want{Assigned: true, Serving: names} }

// MetalLB, speaker/bgp_controller.go: ShouldAnnounce wants an advertisement for
// the pool that selects the node and the Service; syncPeers and adsForPeer a
// session from the node that the advertisement goes out by.
func TestBGPConfigured(t *testing.T) {
	peer := func(name, addr string, on []cluster.LabelSelector) cluster.BGPPeer {
		return cluster.BGPPeer{Meta: in(name), Address: netip.MustParseAddr(addr), NodeSelectors: on}
	}
	local := served("n1")
	local.Local = true
	front := served("n1")
	front.Labels = cluster.Labels{"tier": "front"}
	foreign := served("n1")
	foreign.Foreign = true
	for _, c := range []struct {
		name   string
		change func(*cluster.MetalLB)
		want   Want
		nodes  string
		why    flow.Code
		also   flow.Code
	}{
		{"no advertisement", func(*cluster.MetalLB) {}, served("n1"), "", flow.CodeNoAdvertisement, flow.CodeAssumedNoAds},
		{"one for every pool", func(m *cluster.MetalLB) { m.BGPAdvertisements = []cluster.BGPAdvertisement{{}} }, served("n1"), "n3 n2 n1", flow.CodeRouted, flow.CodeAssumedPeers},
		{"by the pool's name", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{Pools: []string{"vips"}}}
		}, served("n1"), "n3 n2 n1", flow.CodeRouted, flow.CodeAssumedPeers},
		{"by another's name", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{Pools: []string{"other"}}}
		}, served("n1"), "", flow.CodeNoAdvertisement, ""},
		{"by labels the pool has not", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{PoolSelectors: labelled("a", "b")}}
		}, served("n1"), "", flow.CodeNoAdvertisement, ""},
		{"by name or labels: one is enough", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{Pools: []string{"vips"}, PoolSelectors: labelled("a", "b")}}
		}, served("n1"), "n3 n2 n1", flow.CodeRouted, flow.CodeAssumedPeers},
		{"the other kind", func(m *cluster.MetalLB) { m.L2Advertisements = []cluster.L2Advertisement{{}} }, served("n1"), "", flow.CodeNoAdvertisement, ""},
		{"its nodes", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{NodeSelectors: labelled("rack", "b")}}
		}, served("n1"), "n3 n2", flow.CodeRouted, flow.CodeAssumedPeers},
		{"its nodes have no endpoint", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{NodeSelectors: labelled("rack", "b")}}
		}, local, "", flow.CodeAdNotForNodes, ""},
		{"its Services", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{ServiceSelectors: labelled("tier", "front")}}
		}, front, "n3 n2 n1", flow.CodeRouted, flow.CodeAssumedPeers},
		{"not this Service", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{ServiceSelectors: labelled("tier", "front")}}
		}, served("n1"), "", flow.CodeAdNotForService, ""},
		{"sessions from some nodes", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{}}
			m.BGPPeers = []cluster.BGPPeer{peer("a", "192.0.2.1", labelled("rack", "a"))}
		}, served("n1"), "n1", flow.CodeRouted, ""},
		{"sessions to another router", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{}}
			m.BGPPeers = []cluster.BGPPeer{peer("a", "192.0.2.1", labelled("rack", "a")), peer("b", "192.0.2.2", nil)}
		}, served("n1"), "n1", flow.CodeRouted, ""},
		{"a router is known by none of its peers' addresses: all count", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{}}
			m.BGPPeers = []cluster.BGPPeer{peer("a", "10.0.0.1", labelled("rack", "a"))}
		}, served("n1"), "n1", flow.CodeRouted, ""},
		{"an advertisement for another peer", func(m *cluster.MetalLB) {
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{Peers: []string{"gone"}}}
			m.BGPPeers = []cluster.BGPPeer{peer("a", "192.0.2.1", nil)}
		}, served("n1"), "", flow.CodeNoPeerOnNodes, ""},
		{"nothing serves", func(m *cluster.MetalLB) { m.BGPAdvertisements = []cluster.BGPAdvertisement{{}} }, served(), "", flow.CodeNothingServes, ""},
		{"no pool holds it", func(m *cluster.MetalLB) {
			m.Pools[0].Addresses[0].First = netip.MustParseAddr("198.51.100.30")
			m.BGPAdvertisements = []cluster.BGPAdvertisement{{}}
		}, served("n1"), "", flow.CodeNoPoolHolds, ""},
		{"another controller's address", func(m *cluster.MetalLB) { m.Pools[0].Addresses = nil }, foreign, "n3 n2 n1", flow.CodeRouted, flow.CodeAssumedPeers},
		{"an externalIP", func(m *cluster.MetalLB) { m.BGPAdvertisements = []cluster.BGPAdvertisement{{}} }, Want{Serving: []string{"n1"}}, "", flow.CodeNotAnnounced, ""},
	} {
		got := hops(t, configured(cluster.RoutesBGP, c.change), vip, c.want)
		if strings.Join(got.Nodes, " ") != c.nodes || got.Why.Code != c.why {
			t.Errorf("%s: %v because %s, want %q because %s", c.name, got.Nodes, got.Why, c.nodes, c.why)
		}
		if (c.also == "") != (len(got.Also) == 0) || len(got.Also) > 0 && got.Also[0].Code != c.also {
			t.Errorf("%s: also %v, want %q", c.name, got.Also, c.also)
		}
	}
}

// As TestL2Candidates: by the hash n3 leads, then n1, then n2.
func TestL2Configured(t *testing.T) {
	all := func(change func(*cluster.L2Advertisement)) func(*cluster.MetalLB) {
		return func(m *cluster.MetalLB) {
			m.L2Advertisements = []cluster.L2Advertisement{{Meta: in("l2")}}
			change(&m.L2Advertisements[0])
		}
	}
	with := func(w Want, change func(*Want)) Want { change(&w); return w }
	prefer := []cluster.PreferredNodes{{Weight: 5, Selector: labelled("rack", "a")[0]}}
	for _, c := range []struct {
		name   string
		change func(*cluster.MetalLB)
		wants  []Want
		nodes  string
		why    flow.Code
		also   flow.Code
	}{
		{"any node", all(func(*cluster.L2Advertisement) {}), []Want{served("n1")}, "n3", flow.CodeRoutedLeader, ""},
		{"selected nodes", all(func(l *cluster.L2Advertisement) { l.NodeSelectors = labelled("rack", "a") }), []Want{served("n2")}, "n1", flow.CodeRoutedLeader, ""},
		{"preferred nodes", all(func(l *cluster.L2Advertisement) { l.Preferred = prefer }), []Want{served("n2")}, "n1", flow.CodeRoutedLeader, ""},
		{"interfaces", all(func(l *cluster.L2Advertisement) { l.Interfaces = []string{"eth1"} }), []Want{served("n2")}, "n3", flow.CodeRoutedLeader, flow.CodeAssumedInterfaces},
		{"interfaces of one, all of another", func(m *cluster.MetalLB) {
			m.L2Advertisements = []cluster.L2Advertisement{{Interfaces: []string{"eth1"}}, {}}
		}, []Want{served("n2")}, "n3", flow.CodeRoutedLeader, ""},
		{"no advertisement at all", func(*cluster.MetalLB) {}, []Want{served("n1")}, "", flow.CodeNoAdvertisement, flow.CodeAssumedNoAds},
		{
			"a sharing key and serviceSelectors", all(func(l *cluster.L2Advertisement) { l.ServiceSelectors = labelled("tier", "front") }),
			[]Want{with(served("n1"), func(w *Want) { w.Shares, w.Labels = true, cluster.Labels{"tier": "front"} })},
			"", flow.CodeSharedAndSelected, "",
		},
		{
			"serviceSelectors without a sharing key", all(func(l *cluster.L2Advertisement) { l.ServiceSelectors = labelled("tier", "front") }),
			[]Want{with(served("n1"), func(w *Want) { w.Labels = cluster.Labels{"tier": "front"} })},
			"n3", flow.CodeRoutedLeader, "",
		},
		{
			"sharers agree", all(func(*cluster.L2Advertisement) {}), []Want{served("n1"), served("n2")}, "n3", flow.CodeRoutedLeader, "",
		},
		{
			"sharers with other candidates do not", all(func(*cluster.L2Advertisement) {}),
			[]Want{served("n2"), with(served("n2"), func(w *Want) { w.Local = true })},
			"n2 n3", flow.CodeRoutedLeaders, "",
		},
		{
			// Worked out with sha256sum: NODE#198.51.100.33 begins with f424, e5c9, cef0;
			// NODE#198.51.100.49 with e3e0, 2923, 94af.
			"the first of two addresses is hashed", all(func(*cluster.L2Advertisement) {}),
			[]Want{with(served("n1"), func(w *Want) { w.First = netip.MustParseAddr("198.51.100.49") })},
			"n2", flow.CodeRoutedLeader, "",
		},
	} {
		got := hops(t, configured(cluster.RoutesL2, c.change), vip, c.wants...)
		if strings.Join(got.Nodes, " ") != c.nodes || got.Why.Code != c.why {
			t.Errorf("%s: %v because %s, want %q because %s", c.name, got.Nodes, got.Why, c.nodes, c.why)
		}
		if (c.also == "") != (len(got.Also) == 0) || len(got.Also) > 0 && got.Also[0].Code != c.also {
			t.Errorf("%s: also %v, want %q", c.name, got.Also, c.also)
		}
	}
}

// Without a router the kinds of advertisement tell the routes; the Fabric goes
// first wherever it says anything.
func TestDetect(t *testing.T) {
	both := func(m *cluster.MetalLB) {
		m.BGPAdvertisements = []cluster.BGPAdvertisement{{Meta: in("b")}}
		m.L2Advertisements = []cluster.L2Advertisement{{Meta: in("l")}}
	}
	for _, c := range []struct {
		name   string
		routes cluster.Routes
		change func(*cluster.MetalLB)
		want   Want
		how    string // the detected reason's arguments, "" for the assumed static router
		nodes  string
	}{
		{"BGP", "", func(m *cluster.MetalLB) { both(m); m.L2Advertisements = nil }, served("n1"), "[BGP BGPAdvertisement/metallb-system/b]", "n3 n2 n1"},
		{"L2", "", func(m *cluster.MetalLB) { both(m); m.BGPAdvertisements = nil }, served("n1"), "[L2 L2Advertisement/metallb-system/l]", "n3"},
		{"both: clients outside come by the router", "", both, served("n1"), "[BGP BGPAdvertisement/metallb-system/b]", "n3 n2 n1"},
		{"the one that is for the pool", "", func(m *cluster.MetalLB) { both(m); m.BGPAdvertisements[0].Pools = []string{"x"} }, served("n1"), "[L2 L2Advertisement/metallb-system/l]", "n3"},
		{"neither", "", func(*cluster.MetalLB) {}, served("n1"), "[MetalLB IPAddressPool/metallb-system/vips]", ""},
		{"no pool in the input", "", func(m *cluster.MetalLB) { both(m); m.Pools = nil }, served("n1"), "[BGP BGPAdvertisement/metallb-system/b]", "n3 n2 n1"},
		{"no MetalLB", "", func(m *cluster.MetalLB) { *m = cluster.MetalLB{} }, served("n1"), "", "n1 n2 n3"},
		{"an externalIP is none of MetalLB's", "", both, Want{Serving: []string{"n1"}}, "", "n1 n2 n3"},
		{"another controller's address", "", both, Want{Assigned: true, Foreign: true, Serving: []string{"n1"}}, "", "n1 n2 n3"},
		{"the Fabric says static", cluster.RoutesStatic, both, served("n1"), "-", "n1 n2 n3"},
		{"the Fabric says L2", cluster.RoutesL2, both, served("n1"), "-", "n3"},
	} {
		s := configured(c.routes, c.change)
		got := hops(t, s, vip, c.want)
		if strings.Join(got.Nodes, " ") != c.nodes {
			t.Errorf("%s: %v, want %s", c.name, got.Nodes, c.nodes)
		}
		switch {
		case c.how == "-":
			for _, r := range got.Also {
				if r.Code == flow.CodeDetectedRouter || r.Code == flow.CodeAssumedRouter {
					t.Errorf("%s: %s", c.name, r)
				}
			}
		case c.how == "":
			if len(got.Also) != 1 || got.Also[0].Code != flow.CodeAssumedRouter {
				t.Errorf("%s: %v, want the assumed router", c.name, got.Also)
			}
		case len(got.Also) == 0 || fmt.Sprint(got.Also[0].Args) != c.how:
			t.Errorf("%s: %v, want %s", c.name, got.Also, c.how)
		}
		table := compile(s, c.want)
		if got, want := table.Announced(&table.Routers()[0], vip), c.how != "" && c.name != "the Fabric says static"; got != want {
			t.Errorf("%s: announced %v", c.name, got)
		}
	}
}
