package manifest

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func TestFabric(t *testing.T) {
	in := parse(t, `apiVersion: portolan.dev/v1alpha1
kind: Fabric
metadata: {name: dc1}
spec:
  clients:
  - {name: branch, addresses: [203.0.113.10]}
  routers:
  - name: dcgw
    addresses: [192.0.2.1]
    multipath: false
    routes: bgp
    nodes: [n1]
    prefixes: [10.96.0.0/12]
  - name: other
  dataplane:
    profile: generic
    proxy: kube-proxy-nftables
    policy: kube-router
    podNetwork: bridge
    clusterCIDRs: [10.244.0.0/16]
    serviceCIDRs: [10.96.0.0/12]
    masqueradeAll: false
    podEgressMasquerade: off-cluster
  nodes:
  - name: n1
    masquerade: {toLocalPods: 10.244.1.1, toPodsOnOtherNodes: [10.0.0.11, "fd00::11"], toOtherNodes: 10.0.0.11}
`)
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	no := false
	want := cluster.Fabric{
		Name: "dc1", Position: flow.Position{File: "in.yaml", Line: 1},
		Clients: []cluster.Client{{Name: "branch", Addresses: []netip.Addr{addr("203.0.113.10")}}},
		Routers: []cluster.Router{
			{Name: "dcgw", Addresses: []netip.Addr{addr("192.0.2.1")}, Routes: cluster.RoutesBGP, Nodes: []string{"n1"}, Prefixes: []netip.Prefix{prefix("10.96.0.0/12")}},
			{Name: "other", Multipath: true, Routes: cluster.RoutesStatic},
		},
		Dataplane: cluster.Dataplane{
			Profile: "generic", Proxy: "kube-proxy-nftables", Policy: "kube-router", PodNetwork: cluster.PodNetworkBridge,
			ClusterCIDRs: []netip.Prefix{prefix("10.244.0.0/16")}, ServiceCIDRs: []netip.Prefix{prefix("10.96.0.0/12")},
			MasqueradeAll: &no, PodEgressMasquerade: cluster.EgressMasqueradeOffCluster,
		},
		Nodes: []cluster.FabricNode{{Name: "n1", Masquerade: cluster.Masquerade{
			ToLocalPods:        []netip.Addr{addr("10.244.1.1")},
			ToPodsOnOtherNodes: []netip.Addr{addr("10.0.0.11"), addr("fd00::11")},
			ToOtherNodes:       []netip.Addr{addr("10.0.0.11")},
		}}},
	}
	if !reflect.DeepEqual(in.Snapshot.Fabric, want) {
		t.Errorf("got  %+v\nwant %+v", in.Snapshot.Fabric, want)
	}
}

func TestExpectations(t *testing.T) {
	in := parse(t, `apiVersion: portolan.dev/v1alpha1
kind: Expectations
metadata: {name: gate}
spec:
  expect:
  - {from: external/branch, via: n1, to: "198.51.100.17:22", verdict: UNREACHABLE, seen: [timeout], fates: [DeniedByPolicy], endpoints: [app/ssh-0], sources: [10.0.0.11], culprit: NetworkPolicy/app/deny}
  - from: node/n1
    to: pod/app/ssh-0:22
    endpoints: []
    verdict: UNKNOWN
  - {from: node/n1, to: pod/app/ssh-0:22}
`)
	at := func(line int) flow.Position { return flow.Position{File: "in.yaml", Line: line} }
	want := []cluster.Expectation{
		{
			From: "external/branch", Via: "n1", To: "198.51.100.17:22", Verdict: flow.NotReachable, HasVerdict: true,
			Seen: []flow.Seen{flow.Timeout}, Fates: []flow.Fate{flow.DeniedByPolicy}, Endpoints: []string{"app/ssh-0"},
			Sources: []string{"10.0.0.11"}, Culprit: "NetworkPolicy/app/deny", Set: "gate", Position: at(6),
		},
		{From: "node/n1", To: "pod/app/ssh-0:22", Endpoints: []string{}, HasVerdict: true, Set: "gate", Position: at(7)},
		{From: "node/n1", To: "pod/app/ssh-0:22", Set: "gate", Position: at(11)},
	}
	if !reflect.DeepEqual(in.Expectations, want) {
		t.Errorf("got  %+v\nwant %+v", in.Expectations, want)
	}
}

// Two sets of one name are two sets; one set twice is one.
func TestExpectationsTwice(t *testing.T) {
	one := expectations("expect: [{from: a, to: b}]")
	two := expectations("expect: [{from: a, to: c}]")
	if in := parse(t, one+"---\n"+two+"---\n"+one); len(in.Expectations) != 2 {
		t.Errorf("%d expectations, want 2", len(in.Expectations))
	}
}
