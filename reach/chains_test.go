package reach

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/oracle"
	"github.com/portolan-net/portolan/policy"
)

// A block in kube-router's shared chain is held against the pod itself: an egress
// rule to a range lets packets in at the pods of that range.
func TestSharedChainBlocks(t *testing.T) {
	s := &cluster.Snapshot{Nodes: []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}}}
	for _, p := range []struct{ name, app, addr string }{{"in", "x", "10.0.1.3"}, {"last", "x", "10.0.1.15"}, {"out", "x", "10.0.1.16"}, {"friend", "x", "10.0.2.1"}, {"other", "y", "10.0.2.2"}} {
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: "a", Name: p.name, Labels: cluster.Labels{"app": p.app}}, Node: "n1", Phase: cluster.PodRunning, Ready: true,
			IPs: []netip.Addr{netip.MustParseAddr(p.addr)},
		})
	}
	block := func(cidr string, port, end uint16) cluster.PolicyRule {
		return cluster.PolicyRule{
			Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix(cidr)}}},
			Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: port}, EndPort: end}},
		}
	}
	s.NetworkPolicies = []cluster.NetworkPolicy{{
		Meta: cluster.Meta{Namespace: "a", Name: "np"}, PodSelector: selects("app", "x"), IsolatesIngress: true, IsolatesEgress: true,
		Egress: []cluster.PolicyRule{block("192.0.2.0/24", 80, 0), block("10.0.1.0/28", 80, 82), block("10.0.1.3/32", 90, 0)},
	}}
	s.Fabric.Dataplane.Policy = "kube-router"
	m := compileSnapshot(t, s)
	c := Compile(m)
	for _, tt := range []struct {
		subject, peer string
		port          uint16
		want          bool
	}{
		{"in", "friend", 80, true},
		{"in", "friend", 82, true},
		{"in", "friend", 79, false},
		{"in", "friend", 83, false},
		{"in", "friend", 90, true},
		{"last", "friend", 81, true},
		{"last", "friend", 90, false},
		{"out", "friend", 80, false},
		{"in", "other", 80, false},
		{"friend", "in", 80, false},
	} {
		q := policy.Question{Direction: policy.Ingress, Protocol: flow.TCP, Port: tt.port}
		for i := range s.Pods {
			party := policy.Party{Addr: s.Pods[i].IPs[0], Pod: &s.Pods[i]}
			if s.Pods[i].Name == tt.subject {
				q.Subject = party
			}
			if s.Pods[i].Name == tt.peer {
				q.Peer = party
			}
		}
		naive, err := oracle.Admits(s, q.Subject.Pod, false, q.Peer.Addr, flow.TCP, tt.port)
		if a, b := m.Policies.Judge(q).Verdict.Allowed(), c.Judge(q).Verdict.Allowed(); err != nil || a != tt.want || b != tt.want || naive != tt.want {
			t.Errorf("%s from %s at %d: tables %v, Chart %v, oracle %v (%v), want %v", tt.subject, tt.peer, tt.port, a, b, naive, err, tt.want)
		}
		// By egress the peer reaches ranges 10.0.1.0/28 alone.
		ports := c.keysFor(c.rowAt(ingress, q.Subject.Pod, 0), int32(c.UnitOf(q.Peer.Pod)), 0)[1]
		if portsOf(ports).Contains(flow.TCP, tt.port) != tt.want {
			t.Errorf("%s from %s at %d: the row gives %v", tt.subject, tt.peer, tt.port, portsOf(ports))
		}
		q.Subject.Addr = netip.Addr{}
		if v := c.Judge(q).Verdict; tt.peer == "friend" && tt.port == 80 && v != policy.Undecided {
			t.Errorf("%s, whose address is not known: verdict %d", tt.subject, v)
		}
	}
}
