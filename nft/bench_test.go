package nft

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// plain is a cluster of so many Services with two endpoints each.
func plain(n int) *cluster.Snapshot {
	s := &cluster.Snapshot{}
	for i, name := range []string{"n1", "n2"} {
		s.Nodes = append(s.Nodes, cluster.Node{
			Meta: cluster.Meta{Name: name}, InternalIPs: []netip.Addr{netip.AddrFrom4([4]byte{172, 16, 0, byte(i + 1)})},
			PodCIDRs: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i * 64), 0, 0}), 10)}, Ready: true,
		})
	}
	for i := range n {
		name := fmt.Sprintf("svc-%d", i)
		s.Services = append(s.Services, cluster.Service{
			Meta: cluster.Meta{Namespace: "app", Name: name}, Type: cluster.ServiceClusterIP,
			ClusterIPs: []netip.Addr{netip.AddrFrom4([4]byte{172, 30, byte(i >> 8), byte(i)})}, Selector: cluster.Labels{"app": name},
			Ports: []cluster.ServicePort{{Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: 8080}}},
		})
		slice := cluster.EndpointSlice{
			Meta: cluster.Meta{Namespace: "app", Name: name}, Service: name,
			Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: 8080}},
		}
		for j := range 2 {
			slice.Endpoints = append(slice.Endpoints, cluster.Endpoint{
				Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, byte(j*64 + i>>16), byte(i >> 8), byte(i)})}, Ready: true, Serving: true, Node: s.Nodes[j].Name,
			})
		}
		s.EndpointSlices = append(s.EndpointSlices, slice)
	}
	return s
}

var sizes = []int{100, 1000, 10000}

// BenchmarkCompile prints a node's program from nothing, and lists what to load.
func BenchmarkCompile(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := compiled(b, plain(n))
			for b.Loop() {
				p, err := Compile(m, "n1", Options{Services: true}, nil)
				if err != nil {
					b.Fatal(err)
				}
				if c := Diff(nil, p); len(c.Ops) < 5*n {
					b.Fatal(len(c.Ops))
				}
			}
		})
	}
}

// BenchmarkUpdate prints what one endpoint less changes.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := plain(n)
			m := compiled(b, s)
			p, err := Compile(m, "n1", Options{Services: true}, nil)
			if err != nil {
				b.Fatal(err)
			}
			next := *s
			next.EndpointSlices = slices.Clone(s.EndpointSlices)
			next.EndpointSlices[7].Endpoints = next.EndpointSlices[7].Endpoints[:1]
			changed := compiled(b, &next)
			which := []flow.Object{s.Services[7].Object()}
			for b.Loop() {
				q, err := Update(changed, p, which)
				if err != nil {
					b.Fatal(err)
				}
				if c := Diff(p, q); len(c.Ops) == 0 || len(c.Ops) > 10 {
					b.Fatal(len(c.Ops))
				}
			}
		})
	}
}
