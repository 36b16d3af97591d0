//go:build linux

package lab_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

// three is a cluster of three nodes in three subnets, with two pods each, of
// which one has an address out of its node's range, and a process of a node.
func three(v4, v6 bool) *cluster.Snapshot {
	addrs := func(four, six string) (all []netip.Addr) {
		if v4 {
			all = append(all, netip.MustParseAddr(four))
		}
		if v6 {
			all = append(all, netip.MustParseAddr(six))
		}
		return all
	}
	s := &cluster.Snapshot{}
	for i := 1; i <= 3; i++ {
		n := cluster.Node{Ready: true, InternalIPs: addrs(fmt.Sprintf("10.0.%d.11", i), fmt.Sprintf("fd00:10:%d::11", i))}
		n.Name = fmt.Sprintf("n%d", i)
		if i == 1 {
			n.OtherIPs = addrs("192.0.2.11", "2001:db8:2::11")
		}
		for _, c := range []string{fmt.Sprintf("10.244.%d.0/24", i), fmt.Sprintf("fd00:10:244:%d::/64", i)} {
			if p := netip.MustParsePrefix(c); p.Addr().Is4() && v4 || p.Addr().Is6() && v6 {
				n.PodCIDRs = append(n.PodCIDRs, p)
			}
		}
		s.Nodes = append(s.Nodes, n)
		for _, k := range []int{10, 20} {
			p := cluster.Pod{Node: n.Name, Ready: true, IPs: addrs(fmt.Sprintf("10.244.%d.%d", i, k), fmt.Sprintf("fd00:10:244:%d::%d", i, k))}
			p.Namespace, p.Name = "app", fmt.Sprintf("p%d-%d", i, k)
			if k == 20 {
				p.Ports = []cluster.ContainerPort{{Port: 8080, Protocol: flow.TCP}, {Port: 8080, Protocol: flow.UDP}}
			}
			if i == 3 && k == 20 {
				p.IPs = addrs("10.250.0.5", "fd00:10:250::5")
			}
			s.Pods = append(s.Pods, p)
		}
	}
	host := cluster.Pod{Node: "n2", Ready: true, HostNetwork: true, IPs: s.Nodes[1].InternalIPs}
	host.Namespace, host.Name = "app", "host"
	host.Ports = []cluster.ContainerPort{{Port: 31999, Protocol: flow.TCP}}
	s.Pods = append(s.Pods, host)
	s.Fabric.Clients = []cluster.Client{
		{Name: "near", Addresses: addrs("203.0.113.10", "2001:db8:113::10")},
		{Name: "odd", Addresses: addrs("10.244.9.9", "fd00:10:244:9::9")},
	}
	s.Fabric.Routers = []cluster.Router{{Name: "a", Multipath: true}, {Name: "b"}}
	s.Fabric.Dataplane.ClusterCIDRs = nil
	for _, c := range []string{"10.244.0.0/16", "fd00:10:244::/48"} {
		if p := netip.MustParsePrefix(c); p.Addr().Is4() && v4 || p.Addr().Is6() && v6 {
			s.Fabric.Dataplane.ClusterCIDRs = append(s.Fabric.Dataplane.ClusterCIDRs, p)
		}
	}
	return s
}

// TestNetworks: every pod network, family and masquerade of its own is what path
// takes it to be.
func TestNetworks(t *testing.T) {
	if testing.Short() {
		t.Skip("packets through every network take a minute; they are sent without -short")
	}
	for _, network := range []cluster.PodNetwork{cluster.PodNetworkRouted, cluster.PodNetworkBridge, cluster.PodNetworkVXLAN, cluster.PodNetworkGateway} {
		for _, egress := range []cluster.EgressMasquerade{"none", "off-cluster", "nodes-too"} {
			for _, families := range []string{"4", "6", "46"} {
				if egress != "none" && families != "46" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s", network, egress, families), func(t *testing.T) {
					s := three(families != "6", families != "4")
					s.Fabric.Dataplane.PodNetwork, s.Fabric.Dataplane.PodEgressMasquerade = network, egress
					check(t, s)
				})
			}
		}
	}
}

// TestTold: the Fabric's masquerade addresses are the nodes' devices' addresses.
func TestTold(t *testing.T) {
	all := func(words ...string) (out []netip.Addr) {
		for _, w := range words {
			out = append(out, netip.MustParseAddr(w))
		}
		return out
	}
	for name, told := range map[string]cluster.Masquerade{
		"own pods":       {ToLocalPods: all("10.77.0.1", "fd00:77::1")},
		"pods elsewhere": {ToPodsOnOtherNodes: all("10.77.0.2", "fd00:77::2")},
		"other nodes":    {ToOtherNodes: all("10.77.0.3", "fd00:77::3")},
		"external":       {ToOtherNodes: all("192.0.2.11")},
		"all": {
			ToLocalPods: all("10.77.0.1", "fd00:77::1"), ToPodsOnOtherNodes: all("10.77.0.2", "fd00:77::2"),
			ToOtherNodes: all("10.77.0.3", "fd00:77::3"),
		},
	} {
		for _, network := range []cluster.PodNetwork{cluster.PodNetworkRouted, cluster.PodNetworkVXLAN} {
			t.Run(fmt.Sprintf("%s/%s", name, network), func(t *testing.T) {
				s := three(true, true)
				s.Fabric.Dataplane.PodNetwork, s.Fabric.Dataplane.PodEgressMasquerade = network, "nodes-too"
				s.Fabric.Nodes = []cluster.FabricNode{{Name: "n1", Masquerade: told}}
				check(t, s)
			})
		}
	}
}

// TestPrefixes: a router that was told a range of pods sends each pod's packets
// to its node.
func TestPrefixes(t *testing.T) {
	s := three(true, true)
	s.Fabric.Routers[0].Prefixes = slices.Clone(s.Fabric.Dataplane.ClusterCIDRs)
	s.Fabric.Routers = s.Fabric.Routers[:1]
	check(t, s)
}

func check(t *testing.T, s *cluster.Snapshot) {
	t.Helper()
	m, err := model.Compile(bare(s))
	if err != nil {
		t.Fatal(err)
	}
	if n := agree(t, m); n < 50 {
		t.Errorf("only %d questions", n)
	}
}

// TestExamples builds the clusters of the documentation and of the scenarios,
// without their rules; with them the scenarios' engine "kernel" builds them.
func TestExamples(t *testing.T) {
	for _, files := range [][]string{
		{"../../examples/shared-vip"},
		{"../../testdata/scenarios/labs/three-nodes.yaml", "../../testdata/scenarios/labs/three-nodes.fabric.yaml"},
		{"../../testdata/scenarios/labs/dual-stack.yaml", "../../testdata/scenarios/labs/dual-stack.fabric.yaml"},
	} {
		in, err := manifest.Load(files, manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		check(t, in.Snapshot)
	}
}
