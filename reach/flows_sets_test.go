package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// A pod that opens many ports, each to another pod and another range: every pair has
// the ports that its policy names, and no others.
func TestFlowsOfManySets(t *testing.T) {
	const clients = 20
	s := &cluster.Snapshot{
		Nodes:      []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}},
		Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "a", Labels: cluster.Labels{"kubernetes.io/metadata.name": "a"}}}},
	}
	np := cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: "a", Name: "np"}, PodSelector: selects("app", "0"), IsolatesIngress: true}
	for i := range clients {
		app := fmt.Sprint(i)
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: "a", Name: "p" + app, Labels: cluster.Labels{"app": app}}, Node: "n1", Phase: cluster.PodRunning, Ready: true,
			IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(10 + i)})},
		})
		block := &cluster.IPBlock{CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, byte(i), 0}), 24)}
		port := func(n int) cluster.PolicyPort {
			return cluster.PolicyPort{Protocol: flow.TCP, Port: cluster.PortRef{Number: uint16(n)}}
		}
		np.Ingress = append(np.Ingress, cluster.PolicyRule{ // two runs of each
			Peers: []cluster.PolicyPeer{{PodSelector: selector("app", app)}, {IPBlock: block}}, Ports: []cluster.PolicyPort{port(100 + i), port(500 + i)},
		})
	}
	s.NetworkPolicies = []cluster.NetworkPolicy{np}
	c := Compile(compileSnapshot(t, s))
	flows := slices.Collect(c.Flows)
	noOverlap(t, 0, flows)
	server := c.UnitOf(&s.Pods[0])
	addresses := c.FromAddresses(server)
	for i := range clients {
		outside := netip.AddrFrom4([4]byte{203, 0, byte(i), 7})
		for port := uint16(98); port < 530; port++ {
			want := int(port) == 100+i || int(port) == 500+i
			if i > 0 && (lookUp(flows, c.UnitOf(&s.Pods[i]), server, IPv4, flow.TCP, port) == yes) != want {
				t.Errorf("%d from pod %d: not %v", port, i, want)
			}
			told := slices.ContainsFunc(addresses, func(a Admitted) bool {
				return a.Sure && a.Ports.Contains(flow.TCP, port) && inRanges(a.Ranges, outside)
			})
			if told != want {
				t.Errorf("%d from %v: not %v", port, outside, want)
			}
		}
	}
}
