package path

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// big is a cluster of 100 nodes and 1,000 pods: 20 namespaces, each with 5
// Services of 10 pods behind a VIP, and a policy for each Service.
func big() *cluster.Snapshot {
	s := &cluster.Snapshot{}
	for n := range 100 {
		s.Nodes = append(s.Nodes, cluster.Node{
			Meta:        cluster.Meta{Name: fmt.Sprint("n", n)},
			InternalIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(n + 1)})},
			PodCIDRs:    []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244, byte(n), 0}), 24)},
			Ready:       true,
		})
	}
	for ns := range 20 {
		name := fmt.Sprint("ns", ns)
		s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: name, Labels: cluster.Labels{"team": name}}})
		for app := range 5 {
			addApp(s, name, app, ns*5+app)
		}
	}
	return s
}

func addApp(s *cluster.Snapshot, namespace string, app, number int) {
	name := fmt.Sprint("app", app)
	labels := cluster.Labels{"app": name}
	slice := cluster.EndpointSlice{
		Meta: cluster.Meta{Namespace: namespace, Name: name}, Service: name,
		Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: 8080}},
	}
	for i := range 10 {
		node := (number*10 + i) % 100
		ip := netip.AddrFrom4([4]byte{10, 244, byte(node), byte(10 + number/10)})
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: namespace, Name: fmt.Sprint(name, "-", i), Labels: labels}, Node: fmt.Sprint("n", node),
			IPs: []netip.Addr{ip}, Ports: []cluster.ContainerPort{{Port: 8080, Protocol: flow.TCP}}, Phase: cluster.PodRunning, Ready: true,
		})
		slice.Endpoints = append(slice.Endpoints, cluster.Endpoint{
			Addresses: []netip.Addr{ip}, Ready: true, Serving: true, Node: fmt.Sprint("n", node),
			Target: flow.Object{Kind: "Pod", Namespace: namespace, Name: fmt.Sprint(name, "-", i)},
		})
	}
	s.EndpointSlices = append(s.EndpointSlices, slice)
	s.Services = append(s.Services, cluster.Service{
		Meta: cluster.Meta{Namespace: namespace, Name: name}, Type: cluster.ServiceLoadBalancer, Selector: labels,
		ClusterIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 96, 0, byte(number + 1)})},
		Ingress:    []cluster.Ingress{{IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(number + 1)})}},
		Ports:      []cluster.ServicePort{{Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: 8080}, NodePort: uint16(30000 + number)}},
	})
	s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
		Meta: cluster.Meta{Namespace: namespace, Name: name}, PodSelector: cluster.LabelSelector{MatchLabels: labels}, IsolatesIngress: true,
		Ingress: []cluster.PolicyRule{{
			Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{}}, {IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("203.0.113.0/24")}}},
			Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 8080}}},
		}},
	})
}

func BenchmarkCompile(b *testing.B) {
	s := big()
	if len(s.Pods) != 1000 {
		b.Fatalf("%d pods", len(s.Pods))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Compile(s); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTrace asks from outside through 100 nodes to 10 endpoints, path by
// path and folded, and from a pod.
func BenchmarkTrace(b *testing.B) {
	m, err := model.Compile(big())
	if err != nil {
		b.Fatal(err)
	}
	outside := Question{From: "external/203.0.113.10", To: "198.51.100.7:80"}
	for _, c := range []struct {
		name  string
		ask   func(*model.Model, Question) (*Answer, error)
		q     Question
		paths int
	}{
		{"walk", Walk, outside, 1000},
		{"ask", Ask, outside, 1000},
		{"pod", Ask, Question{From: "pod/ns3/app2-4", To: "svc/ns7/app1"}, 10},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := c.ask(m, c.q)
				if err != nil {
					b.Fatal(err)
				}
				paths := 0
				for i := range a.Traces {
					paths += a.Traces[i].Count
				}
				if paths != c.paths {
					b.Fatalf("%d paths, want %d", paths, c.paths)
				}
			}
		})
	}
}
