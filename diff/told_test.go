package diff

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// onlyItems are the items of the one Service that the report tells of.
func onlyItems(t *testing.T, old, young *cluster.Snapshot) []Item {
	t.Helper()
	r := compare(t, old, young)
	if len(r.Services) != 1 || len(r.Services[0].Items) == 0 {
		t.Fatalf("%+v", r.Services)
	}
	return r.Services[0].Items
}

// With Local a node without an endpoint drops what enters there, by the load balancer
// address and by the node port (API, externalTrafficPolicy): by that node nothing works
// any more, by the other all, so neither is lost "in part".
func TestLostByOneNode(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	for _, s := range []*cluster.Snapshot{old, young} {
		s.Services[0].Ports[0].NodePort = 30080
	}
	young.Services[0].ExternalTrafficPolicy = cluster.PolicyLocal
	items := onlyItems(t, old, young)
	if len(items) != 1 || items[0].Kind != Outside || !slices.Equal(items[0].Nodes, []string{"n2"}) || !items[0].All {
		t.Fatalf("%+v", items)
	}
	it := &items[0]
	if it.Was.Verdict != flow.Reachable || it.Now.Verdict != flow.NotReachable || it.Now.Delivered != 0 || !slices.Equal(it.Now.Fates, []flow.Fate{flow.NoLocalEndpoint}) {
		t.Errorf("was %+v, is %+v", it.Was, it.Now)
	}
	if it.Ask.Via != "n2" || causes(&it.Loss) != "Service/app/web" {
		t.Errorf("asked %+v, by %s", it.Ask, causes(&it.Loss))
	}
}

// Another node port is lost to those who ask the old one.
func TestNodePortMoved(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	old.Services[0].Ports[0].NodePort, young.Services[0].Ports[0].NodePort = 30080, 30081
	items := onlyItems(t, old, young)
	if it := &items[0]; len(items) != 1 || !it.Moved || !it.Lost || it.MovedFrom() != "30080" || it.MovedTo() != "30081" || causes(&it.Loss) != "Service/app/web" {
		t.Errorf("%+v", items)
	}
}

// A Service that loses its IPv6 address is asked at the other as before.
func TestOneFamily(t *testing.T) {
	a := netip.MustParseAddr
	dual := func() *cluster.Snapshot {
		s := small("web-a", "10.244.1.5", "198.51.100.1")
		for i, n := range []string{"fd00::11", "fd00::12"} {
			s.Nodes[i].InternalIPs = append(s.Nodes[i].InternalIPs, a(n))
		}
		s.Pods[0].IPs = append(s.Pods[0].IPs[:1:1], a("fd00:1::5"))
		slice := s.EndpointSlices[0]
		slice.Name, slice.IPv6, slice.Endpoints = "web-6", true, slices.Clone(slice.Endpoints)
		slice.Endpoints[0].Addresses = []netip.Addr{a("fd00:1::5")}
		s.EndpointSlices = append(s.EndpointSlices, slice)
		s.Services[0].ClusterIPs = append(s.Services[0].ClusterIPs, a("fd00:96::80"))
		return s
	}
	young := dual()
	young.Services[0].ClusterIPs, young.EndpointSlices = young.Services[0].ClusterIPs[:1], young.EndpointSlices[:1]
	for _, it := range onlyItems(t, dual(), young) {
		if it.All || it.Family != reach.IPv6 || !slices.Equal(it.Fronts, []service.Kind{service.ClusterIP}) {
			t.Errorf("%v: by %v, all %v, family %v", it.Kind, it.Fronts, it.All, it.Family)
		}
	}
	// Gained again, it can be asked at its address; as a whole it is no family's.
	for _, it := range onlyItems(t, young, dual()) {
		if it.Family != reach.IPv6 || it.Ask.To != "[fd00:96::80]:80" {
			t.Errorf("%v: family %v, asked %+v", it.Kind, it.Family, it.Ask)
		}
	}
	none := dual()
	none.Pods[0].Ready = false
	for i := range none.EndpointSlices {
		none.EndpointSlices[i].Endpoints = slices.Clone(none.EndpointSlices[i].Endpoints)
		none.EndpointSlices[i].Endpoints[0].Ready, none.EndpointSlices[i].Endpoints[0].Serving = false, false
	}
	for _, it := range onlyItems(t, dual(), none) {
		if it.Family != 0 {
			t.Errorf("%v: by %v, family %v", it.Kind, it.Fronts, it.Family)
		}
	}
}

// A workload of fewer pods is not gone, and one of more is not new.
func TestScaled(t *testing.T) {
	two := func() *cluster.Snapshot {
		s := small("web-a", "10.244.1.5", "198.51.100.1")
		p := s.Pods[0]
		p.Name, p.IPs = "web-b", []netip.Addr{netip.MustParseAddr("10.244.1.6")}
		s.Pods = append(s.Pods, p)
		return s
	}
	one := small("web-a", "10.244.1.5", "198.51.100.1")
	for _, r := range []*Report{compare(t, two(), one), compare(t, one, two())} {
		if len(r.Gone)+len(r.Come) > 0 || len(r.Objects) != 1 {
			t.Errorf("gone %+v, new %+v, differ %+v", r.Gone, r.Come, r.Objects)
		}
	}
}

// A policy of another engine may decide either way (U1): connections are lost perhaps.
func TestPerhapsLost(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	young.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "CiliumNetworkPolicy", Namespace: "app", Name: "x"}, Namespace: "app"}}
	r := compare(t, old, young)
	if len(r.Connections) == 0 || len(r.Services) == 0 {
		t.Fatalf("%+v", r)
	}
	for _, l := range losses(r) {
		if l.Sure || !l.Lost {
			t.Errorf("certain %v, lost %v, by %s", l.Sure, l.Lost, causes(l))
		}
	}
}

// Questions have the protocol behind the kind of address (docs/cli.md, Targets).
func TestAskWithProtocol(t *testing.T) {
	for proto, want := range map[flow.Protocol]string{flow.TCP: "svc/app/web:80@vip", flow.UDP: "svc/app/web:80@vip/udp", flow.SCTP: "svc/app/web:80@vip/sctp"} {
		with := func() *cluster.Snapshot {
			s := small("web-a", "10.244.1.5", "198.51.100.1")
			s.Services[0].Ports[0].NodePort = 30080 // the ranges leave it open (S11)
			s.Services[0].Ports[0].Protocol, s.Pods[0].Ports[0].Protocol, s.EndpointSlices[0].Ports[0].Protocol = proto, proto, proto
			return s
		}
		young := with()
		young.Services[0].SourceRanges = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		for _, it := range onlyItems(t, with(), young) {
			if it.Ask.To != want {
				t.Errorf("%s, want %s", it.Ask.To, want)
			}
		}
	}
}

// A new Service whose address is still to be given answers nobody yet (S1), and did not
// before: it is not among the unaffected.
func TestNewWithoutAddress(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	svc := young.Services[0]
	svc.Name, svc.Type, svc.ClusterIPs, svc.Ingress = "new", cluster.ServiceClusterIP, nil, nil
	young.Services = append(young.Services, svc)
	if r := compare(t, old, young); r.Same != 1 || r.Unaddressed != 1 || len(r.Services) != 0 || len(r.Objects) != 1 {
		t.Errorf("%d unaffected, %+v", r.Same, r.Services)
	}
}

// Pods that move to their node's network are no pods to policies any more (P19).
func TestToHostNetwork(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	young.Pods[0].HostNetwork, young.Pods[0].IPs = true, young.Nodes[0].InternalIPs
	young.EndpointSlices[0].Endpoints[0].Addresses = young.Nodes[0].InternalIPs
	if r := compare(t, old, young); len(r.Gone) != 1 || r.Gone[0].Object.Kind != "Deployment" {
		t.Errorf("gone %+v", r.Gone)
	}
}

// A pod and itself are no connection that could be lost or gained (T15), also where
// others gain the same.
func TestNotToItself(t *testing.T) {
	two := func() *cluster.Snapshot {
		s := small("web-a", "10.244.1.5", "198.51.100.1")
		s.Pods[0].Owner = flow.Object{}
		p := s.Pods[0]
		p.Name, p.Labels, p.IPs = "other", cluster.Labels{"app": "other"}, []netip.Addr{netip.MustParseAddr("10.244.1.6")}
		s.Pods = append(s.Pods, p)
		return s
	}
	young := two()
	deny := cluster.NetworkPolicy{IsolatesIngress: true, PodSelector: cluster.LabelSelector{MatchLabels: cluster.Labels{"app": "web"}}}
	deny.Namespace, deny.Name = "app", "deny"
	young.NetworkPolicies = []cluster.NetworkPolicy{deny}
	pairs := 0
	for _, c := range compare(t, two(), young).Connections {
		for _, from := range c.From.Groups {
			for _, to := range c.To.Groups {
				pairs++
				if from.Object != (flow.Object{Kind: "Pod", Namespace: "app", Name: "other"}) || to.Object.Name != "web-a" {
					t.Errorf("lost: %v -> %v", from, to)
				}
			}
		}
	}
	if pairs != 1 {
		t.Errorf("%d pairs, want 1", pairs)
	}
}

// A router that sends to one node less takes nothing: clients enter by the others (R3).
// So it is where Local makes a node without an endpoint withdraw its route (R5): only who
// asks that node's own port loses.
func TestNoNextHopAnyMore(t *testing.T) {
	one := func() *cluster.Snapshot { return small("web-a", "10.244.1.5", "198.51.100.1") }
	young := one()
	young.Nodes[1].Labels = cluster.Labels{"node.kubernetes.io/exclude-from-external-load-balancers": ""}
	for _, r := range []*Report{compare(t, one(), young), compare(t, young, one())} {
		if r.Lost() || r.Gained() || r.Same != 1 {
			t.Errorf("%+v", r.Services)
		}
	}
	young.Nodes[0].Labels = young.Nodes[1].Labels
	if r := compare(t, one(), young); !r.Lost() {
		t.Error("no next hop at all is no loss")
	}
	bgp := func() *cluster.Snapshot {
		s := one()
		s.Fabric.Routers[0].Routes = "bgp"
		s.Services[0].Ports[0].NodePort = 30080
		return s
	}
	young = bgp()
	young.Services[0].ExternalTrafficPolicy = cluster.PolicyLocal
	items := onlyItems(t, bgp(), young)
	if len(items) != 1 || !slices.Equal(items[0].Fronts, []service.Kind{service.NodePort}) || !slices.Equal(items[0].Nodes, []string{"n2"}) {
		t.Errorf("%+v", items)
	}
}

// There is no question to try where the new version has no such address.
func TestNothingToAsk(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	young.Services[0].Type, young.Services[0].Ingress = cluster.ServiceClusterIP, nil
	gone := small("web-a", "10.244.1.5", "198.51.100.1")
	gone.Services, gone.EndpointSlices = nil, nil
	for _, s := range []*cluster.Snapshot{young, gone} {
		if a := compare(t, old, s).Services[0].Addrs; !slices.Contains(a, netip.MustParseAddr("198.51.100.1")) {
			t.Errorf("the address that was lost is not among %v", a)
		}
		for _, it := range onlyItems(t, old, s) {
			if it.Ask != (Question{}) {
				t.Errorf("%v by %v: asked %+v", it.Kind, it.Fronts, it.Ask)
			}
		}
	}
	for _, it := range onlyItems(t, young, old) {
		if it.Ask.From == "" || it.Ask.To == "" {
			t.Errorf("gained %v by %v: asked %+v", it.Kind, it.Fronts, it.Ask)
		}
	}
}

// In a focus on a namespace nodes are not told to be answered as before: they are not of
// it.
func TestKeptInFocus(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	for _, s := range []*cluster.Snapshot{old, young} {
		p := s.Pods[0]
		p.Namespace, p.Name, p.Node, p.IPs = "rest", "cli", "n2", []netip.Addr{netip.MustParseAddr("10.244.2.5")}
		p.Owner = flow.Object{}
		s.Pods, s.Namespaces = append(s.Pods, p), append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: "rest"}})
	}
	deny := cluster.NetworkPolicy{IsolatesIngress: true}
	deny.Namespace, deny.Name = "app", "deny"
	young.NetworkPolicies = []cluster.NetworkPolicy{deny}
	for namespace, want := range map[string]int{"": 1, "app": 1, "rest": 0} {
		r := focused(t, "", "", namespace, old, young)
		if len(r.Services) != 1 || len(r.Services[0].Kept) != want {
			t.Errorf("%q: %+v", namespace, r.Services)
		}
	}
}

// Of Services without a cluster IP, not even a made-up one, nobody can be asked, and it is
// said: also of one that only the old version has.
func TestUnaddressed(t *testing.T) {
	one := func(ip string) *cluster.Snapshot {
		s := small("web-a", "10.244.1.5", "198.51.100.1")
		s.Services[0].Type, s.Services[0].ClusterIPs, s.Services[0].Ingress = cluster.ServiceClusterIP, nil, nil
		if ip != "" {
			s.Services[0].ClusterIPs = []netip.Addr{netip.MustParseAddr(ip)}
		}
		return s
	}
	gone, headless := one(""), one("")
	gone.Services = nil
	headless.Services[0].Headless = true
	for _, c := range []struct {
		name            string
		old, young      *cluster.Snapshot
		same, unsettled int
	}{
		{"none has one", one(""), one(""), 0, 1},
		{"the old one alone is there", one(""), gone, 0, 1},
		{"both have one", one("10.96.0.80"), one("10.96.0.80"), 1, 0},
		{"headless has none to get", headless, headless, 1, 0},
	} {
		if r := compare(t, c.old, c.young); r.Same != c.same || r.Unaddressed != c.unsettled {
			t.Errorf("%s: %d unaffected, %d without an address", c.name, r.Same, r.Unaddressed)
		}
	}
}
