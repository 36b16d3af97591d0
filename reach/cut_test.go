package reach

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// eachItself gives every pod a label of its own, so that there are many units.
func eachItself(s *cluster.Snapshot) {
	for i := range s.Pods {
		p := &s.Pods[i]
		p.Labels = cluster.Labels{"app": p.Labels["app"], "pod": p.Name}
	}
}

// only isolates a pod's egress but for a range, or its ingress but for nobody.
func only(pod, to string) *cluster.NetworkPolicy {
	np := &cluster.NetworkPolicy{PodSelector: cluster.LabelSelector{MatchLabels: cluster.Labels{"pod": pod}}, IsolatesIngress: to == "", IsolatesEgress: to != ""}
	np.Namespace, np.Name = "a", "only-"+pod+to
	if to != "" {
		np.Egress = []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix(to)}}}}}
	}
	return np
}

// Endpoints that are no pods are told apart by the addresses that egress names.
func TestAddressesBehindService(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "generic")
	eachItself(s)
	var all []cluster.Endpoint
	for _, a := range addrsOf("10.0.0.11", "10.0.0.12", "192.0.2.77", "192.0.2.78") {
		all = append(all, cluster.Endpoint{Addresses: []netip.Addr{a}, Ready: true, Serving: true})
	}
	*endpointsOf(s, "mixed") = all
	for i, to := range []string{"10.0.0.11/32", "10.0.0.12/32", "192.0.2.77/32", "192.0.2.76/30", "10.0.0.0/24", "0.0.0.0/0"} {
		s.NetworkPolicies = append(s.NetworkPolicies, *only([]string{"api1", "api2", "api3", "db1", "db2", "db3"}[i], to))
	}
	f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
	f.c = Compile(f.m)
	f.cluster()
	if f.verdicts[flow.Depends] == 0 || f.verdicts[flow.NotReachable] == 0 || f.verdicts[flow.Reachable] == 0 {
		t.Errorf("verdicts: %v", f.verdicts)
	}
}
