package policy

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// BenchmarkDescribeAll describes 2,000 policies of 200 namespaces with 20,000
// pods and 1,000 Services.
func BenchmarkDescribeAll(b *testing.B) {
	s := &cluster.Snapshot{}
	addr := netip.MustParseAddr("10.0.0.1")
	for i := range 200 {
		ns := fmt.Sprintf("ns%d", i)
		s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: ns, Labels: cluster.Labels{"team": fmt.Sprint(i % 10)}}})
		for j := range 100 {
			s.Pods = append(s.Pods, cluster.Pod{
				Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprintf("p%d", j), Labels: cluster.Labels{"app": fmt.Sprint(j % 10)}},
				IPs:  []netip.Addr{addr}, HostNetwork: j%10 == 9,
			})
			addr = addr.Next()
		}
		for j := range 5 {
			s.Services = append(s.Services, cluster.Service{
				Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprintf("s%d", j)}, Selector: cluster.Labels{"app": fmt.Sprint(j)},
				Ports: []cluster.ServicePort{{Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: 8080}}},
			})
		}
		for j := range 10 {
			app := &cluster.LabelSelector{MatchLabels: cluster.Labels{"app": fmt.Sprint(j)}}
			team := &cluster.LabelSelector{MatchLabels: cluster.Labels{"team": fmt.Sprint(j)}}
			s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
				Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprintf("np%d", j)}, PodSelector: *app, IsolatesIngress: true,
				Ingress: []cluster.PolicyRule{{
					Peers: []cluster.PolicyPeer{{PodSelector: app}, {NamespaceSelector: team}, {IPBlock: block("10.0.0.0/16", "10.0.1.0/24")}},
					Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}}},
				}},
			})
		}
	}
	t := Compile(s, cluster.NewIndex(s), letter())
	for b.Loop() {
		d := t.Describer()
		for i := range s.NetworkPolicies {
			if x := d.Describe(&s.NetworkPolicies[i]); len(x.Subjects.Known)+len(x.Subjects.Host) == 0 {
				b.Fatal("nobody is isolated")
			}
		}
	}
}
