package lbip

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// TestUnread: why a Service is pending is not known without all pools and all Services,
// and nobody loses what he has.
func TestUnread(t *testing.T) {
	for _, kind := range []string{"IPAddressPool", "Service"} {
		s := &cluster.Snapshot{
			Services: []cluster.Service{
				{Meta: cluster.Meta{Namespace: "a", Name: "waits"}, Type: cluster.ServiceLoadBalancer},
				{Meta: cluster.Meta{Namespace: "a", Name: "has"}, Type: cluster.ServiceLoadBalancer, Ingress: []cluster.Ingress{{IP: netip.MustParseAddr("198.51.100.9")}}},
				{Meta: cluster.Meta{Namespace: "a", Name: "other"}, Type: cluster.ServiceLoadBalancer, LoadBalancerClass: "example.org/lb"},
			},
			Absent: []string{kind}, Unread: []cluster.Unread{{Kind: kind, Right: "list x", Except: []string{"a"}}},
		}
		table := Allocate(s)
		why := table.WhyPending(&s.Services[0])
		if len(why) != 1 || why[0].Code != flow.CodeUnreadKind || why[0].Args[0] != kind || why[0].Args[1] != "list x -A" {
			t.Errorf("without %s: %v", kind, why)
		}
		if r := table.Of(&s.Services[1]); r.Loses() || len(r.Addresses) != 1 {
			t.Errorf("without %s: %+v", kind, r)
		}
		if why := table.WhyPending(&s.Services[2]); len(why) != 1 || why[0].Code != flow.CodePendingOtherClass {
			t.Errorf("another controller's, without %s: %v", kind, why)
		}
	}
}
