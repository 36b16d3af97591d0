package reach

import (
	"fmt"
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

// What one Replace brought is nothing to another Replace of the same Chart.
func TestReplaceTwice(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "generic")
	eachItself(s)
	svcOf(s, "mixed").InternalTrafficPolicy = cluster.PolicyCluster
	c := Compile(compileSnapshot(t, s))
	c.unitsOf()
	for i, pods := range [][2]string{{"api1", "db1"}, {"api2", "db2"}, {"web1", "far1"}} {
		version := *s
		next := c
		var changes []Change
		for _, np := range []*cluster.NetworkPolicy{only(pods[0], ""), only(pods[1], "10.0.0.11/32"), only("web2", ""), only("db3", "10.244.0.0/16")} {
			version.NetworkPolicies = append(version.NetworkPolicies, *np)
			was := next
			next, changes = next.Replace(nil, np)
			next.unitsOf()
			fresh := Compile(compileSnapshot(t, &version))
			both := make([]Both, next.Units())
			for u := range both {
				both[u] = Both{was.UnitOf(next.Unit(Unit(u)).Example), Unit(u)}
			}
			x := crowdChanges{T: t, seed: uint64(i)}
			x.compare(was, next, both, changes)
			x.fresh(next, fresh)
			sameFronts(t, uint64(i), next, fresh)
		}
	}
}

// A policy that tells addresses of nodes apart tells the nodes apart, whichever of
// their addresses it names, and whoever was asked before.
func TestReplaceNodes(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "generic")
	s.Services, s.EndpointSlices = nil, nil
	kinds := []string{"10.0.0.%d", "192.0.2.%d", "10.1.0.%d", "10.2.0.%d", "10.3.0.%d"}
	for i := range s.Nodes {
		var a [5][]netip.Addr
		for k, kind := range kinds {
			a[k] = addrsOf(fmt.Sprintf(kind, 11+i))
		}
		s.Fabric.Nodes = append(s.Fabric.Nodes, cluster.FabricNode{Name: s.Nodes[i].Name, Masquerade: cluster.Masquerade{ToLocalPods: a[2], ToPodsOnOtherNodes: a[3], ToOtherNodes: a[4]}})
	}
	for k, kind := range kinds {
		svc := serviceOf(fmt.Sprint("svc", k), 20+k)
		svc.InternalTrafficPolicy = cluster.PolicyLocal
		s.Services = append(s.Services, svc)
		slice := sliceOf(s, svc.Name)
		for i := range s.Nodes {
			slice.Endpoints = append(slice.Endpoints, cluster.Endpoint{Addresses: addrsOf(fmt.Sprintf(kind, 11+i)), Node: s.Nodes[i].Name, Ready: true, Serving: true})
		}
		s.EndpointSlices = append(s.EndpointSlices, slice)
	}
	for _, kind := range kinds {
		for i := range s.Nodes {
			np := only("", fmt.Sprintf(kind, 11+i)+"/32")
			np.PodSelector = cluster.LabelSelector{}
			version := *s
			version.NetworkPolicies = []cluster.NetworkPolicy{*np}
			// Addresses that were told apart once are that forever: each has its own.
			c := Compile(compileSnapshot(t, s))
			c.Fronts(func(*Front) bool { return true })
			next, _ := c.Replace(nil, np)
			sameFronts(t, uint64(i), next, Compile(compileSnapshot(t, &version)))
		}
	}
}
