package reach

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// alikeEnd is an endpoint on the node of that number.
type alikeEnd struct {
	on     int
	listed int    // the node that the slice says, where it is another
	host   bool   // a hostNetwork pod
	deaf   bool   // nobody listens
	is     string // ready, serving, terminating, by their first letters; "" is rs
	zones  []string
	more   int // ports, or other addresses of its host, besides
}

type alikeCase struct {
	name  string
	local bool // the Service keeps to the node
	ends  []alikeEnd
}

// The snapshot has four nodes of one zone, a pod on each that is no endpoint, and
// endpoints that nobody is let in to but from their own node.
func (a *alikeCase) snapshot() *cluster.Snapshot {
	s := &cluster.Snapshot{Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "a", Labels: cluster.Labels{"kubernetes.io/metadata.name": "a"}}}}}
	for i := 1; i < 5; i++ {
		s.Nodes = append(s.Nodes, cluster.Node{
			Meta:        cluster.Meta{Name: fmt.Sprint("n", i), Labels: cluster.Labels{"topology.kubernetes.io/zone": "east"}},
			InternalIPs: []netip.Addr{netip.AddrFrom4([4]byte{172, 16, byte(i), 0})}, Ready: true,
		})
		a.pod(s, i, 200)
	}
	for i := range a.ends {
		a.end(s, i)
	}
	s.NetworkPolicies = []cluster.NetworkPolicy{{Meta: cluster.Meta{Namespace: "a", Name: "nobody"}, PodSelector: selects("app", "end"), IsolatesIngress: true}}
	svc := cluster.Service{
		Meta: cluster.Meta{Namespace: "a", Name: "web"}, Type: cluster.ServiceClusterIP, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.10")},
		Ports: []cluster.ServicePort{{Port: 80, Protocol: flow.TCP}}, TrafficDistribution: "PreferClose",
	}
	if a.local {
		svc.InternalTrafficPolicy = cluster.PolicyLocal
	}
	s.Services = []cluster.Service{svc}
	s.Fabric.Dataplane = cluster.Dataplane{Proxy: "kube-proxy-nftables", Policy: "generic"}
	return s
}

func (a *alikeCase) pod(s *cluster.Snapshot, node, last int) *cluster.Pod {
	s.Pods = append(s.Pods, cluster.Pod{
		Meta: cluster.Meta{Namespace: "a", Name: fmt.Sprintf("p%d-%d", node, last)}, Node: fmt.Sprint("n", node),
		Phase: cluster.PodRunning, Ready: true, IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, byte(node), byte(last)})},
	})
	return &s.Pods[len(s.Pods)-1]
}

// end adds an endpoint, in a slice of its own.
func (a *alikeCase) end(s *cluster.Snapshot, i int) {
	e := &a.ends[i]
	is := func(letter rune) bool {
		for _, l := range e.is {
			if l == letter {
				return true
			}
		}
		return e.is == "" && letter != 't'
	}
	end := cluster.Endpoint{Ready: is('r'), Serving: is('s'), Terminating: is('t'), Node: fmt.Sprint("n", max(e.on, e.listed)), HintZones: e.zones}
	p := a.pod(s, e.on, 10+i)
	if e.deaf {
		p.Ports = []cluster.ContainerPort{{Port: 9, Protocol: flow.TCP}}
	} else if e.host {
		p.Ports = []cluster.ContainerPort{{Port: 8080, Protocol: flow.TCP}}
	}
	slice := cluster.EndpointSlice{Meta: cluster.Meta{Namespace: "a", Name: fmt.Sprint("web-", i)}, Service: "web", Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: 8080}}}
	if !e.host {
		p.Labels = cluster.Labels{"app": "end"}
		end.Addresses, end.Target = p.IPs, p.Object()
		slice.Endpoints = []cluster.Endpoint{end}
		s.EndpointSlices = append(s.EndpointSlices, slice)
		for n := range e.more {
			slice.Name, slice.Ports = fmt.Sprintf("web-%d-%d", i, n), []cluster.EndpointPort{{Protocol: flow.TCP, Port: uint16(9000 + n)}}
			s.EndpointSlices = append(s.EndpointSlices, slice)
		}
		return
	}
	node := &s.Nodes[e.on-1]
	p.HostNetwork, p.IPs = true, node.InternalIPs
	end.Addresses, end.Target = p.IPs, p.Object()
	slice.Endpoints = append(slice.Endpoints, end)
	end.Target = flow.Object{}
	for n := range e.more {
		other := netip.AddrFrom4([4]byte{172, 16, byte(e.on), byte(1 + n)})
		node.OtherIPs = append(node.OtherIPs, other)
		end.Addresses = []netip.Addr{other}
		slice.Endpoints = append(slice.Endpoints, end)
	}
	s.EndpointSlices = append(s.EndpointSlices, slice)
}

// Nodes that have something else of a Service fare as Walk says of each.
func TestNodesWithOtherEndpoints(t *testing.T) {
	t.Parallel()
	for _, tt := range []alikeCase{
		{name: "one is not ready, and serves", ends: []alikeEnd{{on: 1, is: "rs"}, {on: 2, is: "s"}}},
		{name: "one terminates", ends: []alikeEnd{{on: 1, is: "s"}, {on: 2, is: "st"}}},
		{name: "one does not serve", ends: []alikeEnd{{on: 1, is: "t"}, {on: 2, is: "st"}}},
		{name: "one serves, one is ready", ends: []alikeEnd{{on: 1, is: "s"}, {on: 2, is: "r"}}},
		{name: "one is ready, one serves", ends: []alikeEnd{{on: 1, is: "r"}, {on: 2, is: "s"}}},
		{name: "one is for another zone", ends: []alikeEnd{{on: 1, zones: []string{"east"}}, {on: 2, zones: []string{"west"}}}},
		{name: "one is for another zone as well", ends: []alikeEnd{{on: 1, zones: []string{"west", "east"}}, {on: 2, zones: []string{"west"}}}},
		{name: "one is for the zone as well", ends: []alikeEnd{{on: 1, zones: []string{"east", "west"}}, {on: 2, zones: []string{"north", "west"}}}},
		{name: "one has another besides", local: true, ends: []alikeEnd{{on: 1}, {on: 1, deaf: true}, {on: 2}}},
		{name: "one is another pod", local: true, ends: []alikeEnd{{on: 1}, {on: 2, deaf: true}}},
		{name: "one host is deaf", local: true, ends: []alikeEnd{{on: 1, host: true}, {on: 2, host: true, deaf: true}}},
		{name: "one is listed elsewhere", ends: []alikeEnd{{on: 1, listed: 2}}},
		{name: "a host is listed elsewhere", ends: []alikeEnd{{on: 1, host: true, listed: 2}}},
		{name: "there are many pods' ports between", local: true, ends: []alikeEnd{{on: 1}, {on: 2, more: 255}, {on: 3, deaf: true}}},
		{name: "as many pods' ports as there are numbers for", local: true, ends: []alikeEnd{{on: 1, host: true}, {on: 2, more: 98}, {on: 3, deaf: true}}},
		{name: "there are many hosts' addresses between", local: true, ends: []alikeEnd{{on: 1, host: true}, {on: 2, host: true, more: 255}, {on: 3, host: true, deaf: true}}},
		{name: "many hosts' addresses, and a pod", local: true, ends: []alikeEnd{{on: 1}, {on: 2, host: true, more: 155}, {on: 3, host: true, deaf: true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := fronts{T: t, verdicts: map[flow.Verdict]int{}}
			f.m = compileSnapshot(t, tt.snapshot())
			f.c = Compile(f.m)
			f.cluster()
			if len(f.verdicts) < 2 {
				t.Errorf("all are told the same: %v", f.verdicts)
			}
		})
	}
}
