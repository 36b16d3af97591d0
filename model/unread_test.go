package model

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// partly is a cluster of which lists could not be read as a whole.
func partly(t *testing.T, routes cluster.Routes, unread ...cluster.Unread) *Model {
	t.Helper()
	addr := netip.MustParseAddr
	s := &cluster.Snapshot{
		Nodes:      []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, Ready: true, InternalIPs: []netip.Addr{addr("10.0.0.11")}}},
		Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "a"}}},
		Pods:       []cluster.Pod{{Meta: cluster.Meta{Namespace: "a", Name: "p"}, Node: "n1", IPs: []netip.Addr{addr("10.244.1.5")}, Phase: cluster.PodRunning, Ready: true}},
		Services: []cluster.Service{{
			Meta: cluster.Meta{Namespace: "a", Name: "s"}, Type: cluster.ServiceLoadBalancer, ClusterIPs: []netip.Addr{addr("10.96.0.5")},
			Ports:   []cluster.ServicePort{{Protocol: flow.TCP, Port: 80}},
			Ingress: []cluster.Ingress{{IP: addr("198.51.100.5")}},
		}},
		Unread: unread,
	}
	for _, u := range unread {
		s.Absent = append(s.Absent, u.Kind)
	}
	if routes != "" {
		s.Fabric.Routers = []cluster.Router{{Name: "r", Multipath: true, Routes: routes}}
	}
	m, err := Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMayBeTaken: a Service that was not read may have any address but a pod's and the
// cluster IP of one that was.
func TestMayBeTaken(t *testing.T) {
	for dst, want := range map[string]bool{
		"198.51.100.99:80": true, "198.51.100.5:81": true, "10.0.0.11:22": true, "10.96.0.99:443": true, "127.0.0.1:80": false,
		"10.244.1.5:80": false, "10.96.0.5:81": false,
	} {
		tuple := flow.Tuple{Protocol: flow.TCP, Src: netip.MustParseAddrPort("10.0.0.11:1"), Dst: netip.MustParseAddrPort(dst)}
		if got := partly(t, "", cluster.Unread{Kind: "Service", Right: "list services"}).MayBeTaken("n1", tuple); got != want {
			t.Errorf("%s: %v", dst, got)
		}
		if partly(t, "", cluster.Unread{Kind: "Pod"}).MayBeTaken("n1", tuple) {
			t.Errorf("%s, though Services were read", dst)
		}
	}
}

// TestEntryUnknown: without one of MetalLB's kinds nobody knows who announces what a
// controller gave, unless the Fabric says that routes are static.
func TestEntryUnknown(t *testing.T) {
	vip := netip.MustParseAddr("198.51.100.5")
	for _, kind := range []string{"IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer"} {
		for routes, want := range map[cluster.Routes]bool{"": true, cluster.RoutesBGP: true, cluster.RoutesL2: true, cluster.RoutesStatic: false} {
			if got := partly(t, routes, cluster.Unread{Kind: kind}).EntryUnknown(vip); got != want {
				t.Errorf("without %s, routes %q: %v", kind, routes, got)
			}
		}
	}
	if partly(t, "", cluster.Unread{Kind: "ReplicaSet"}).EntryUnknown(vip) {
		t.Error("ReplicaSets announce nothing")
	}
}

// TestBlindTo: a Service without endpoints has none, unless its slices are among those
// that were not read.
func TestBlindTo(t *testing.T) {
	for _, c := range []struct {
		name   string
		unread []cluster.Unread
		want   bool
	}{
		{"all read", nil, false},
		{"slices of its namespace read", []cluster.Unread{{Kind: "EndpointSlice", Except: []string{"a"}}}, false},
		{"slices of another read", []cluster.Unread{{Kind: "EndpointSlice", Except: []string{"b"}}}, true},
		{"no slices, and no selector to derive from", []cluster.Unread{{Kind: "EndpointSlice"}}, true},
	} {
		m := partly(t, "", c.unread...)
		if got := m.BlindTo(&m.Snapshot.Services[0]); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestForeignExcept: policies that were not read decide about no pod of a namespace
// whose policies were.
func TestForeignExcept(t *testing.T) {
	m := partly(t, "")
	s := *m.Snapshot
	s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "NetworkPolicy", Name: "*"}, Unread: true, Except: []string{"a"}}}
	m, err := Compile(&s)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.ForeignTo(&cluster.Pod{Meta: cluster.Meta{Namespace: "a"}}); len(got) != 0 {
		t.Errorf("a: %+v", got)
	}
	if got := m.ForeignTo(&cluster.Pod{Meta: cluster.Meta{Namespace: "b"}}); len(got) != 1 {
		t.Errorf("b: %+v", got)
	}
}
