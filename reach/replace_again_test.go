package reach

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
)

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
		for _, np := range []*cluster.NetworkPolicy{only(pods[0], ""), only(pods[1], "10.9.9.0/24"), only("web2", ""), only("db3", "10.9.8.0/24")} {
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
	kinds := []string{"10.0.0.%d", "192.0.2.%d", "10.1.0.%d", "10.2.0.%d", "10.3.0.%d"}
	for i := range s.Nodes {
		var a [5][]netip.Addr
		for k, kind := range kinds {
			a[k] = addrsOf(fmt.Sprintf(kind, 11+i))
		}
		s.Fabric.Nodes = append(s.Fabric.Nodes, cluster.FabricNode{Name: s.Nodes[i].Name, Masquerade: cluster.Masquerade{ToLocalPods: a[2], ToPodsOnOtherNodes: a[3], ToOtherNodes: a[4]}})
	}
	svcOf(s, "mixed").InternalTrafficPolicy = cluster.PolicyLocal
	*endpointsOf(s, "mixed"), *endpointsOf(s, "web") = sliceOf(s, "mixed", "host1", "host2", "host3").Endpoints, sliceOf(s, "web", "web1", "web2", "web3").Endpoints
	m := compileSnapshot(t, s)
	all := Compile(m)
	for _, kind := range kinds {
		for i := range s.Nodes {
			to := fmt.Sprintf(kind, 11+i) + "/32"
			if nobody := netip.MustParsePrefix("10.9.9.0/24"); !all.meets(policy.RangeOf(netip.MustParsePrefix(to))) || all.meets(policy.RangeOf(nobody)) {
				t.Errorf("%s is no node's, or %s is", to, nobody)
			}
			np := only("", to)
			np.PodSelector, np.IsolatesIngress, np.Ingress = cluster.LabelSelector{}, true, []cluster.PolicyRule{{Peers: np.Egress[0].Peers}}
			version := *s
			version.NetworkPolicies = []cluster.NetworkPolicy{*np}
			// Addresses that were told apart once are that for good, so each has its own.
			c := Compile(m)
			c.Fronts(func(*Front) bool { return true })
			next, _ := c.Replace(nil, np)
			sameFronts(t, uint64(i), next, Compile(compileSnapshot(t, &version)))
		}
	}
}

// Replace takes the policy that is meant: of those with its name the one that means
// the same, the one there is if none does, and none where there is none.
func TestReplaceFinds(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "generic")
	eachItself(s)
	all := []cluster.NetworkPolicy{*only("api1", ""), *only("api2", ""), *only("api3", "")}
	all[1].Name = all[0].Name
	s.NetworkPolicies = all
	c := Compile(compileSnapshot(t, s))
	another, renamed := *only("db1", ""), all[0]
	another.Name, renamed.Name = all[2].Name, "nobody's"
	for name, one := range map[string]struct {
		old  cluster.NetworkPolicy
		left []int
	}{
		"the first of two":         {all[0], []int{1, 2}},
		"the second of two":        {all[1], []int{0, 2}},
		"one with other rules":     {another, []int{0, 1}},
		"a name that nobody has":   {renamed, []int{0, 1, 2}},
		"the only one of its name": {all[2], []int{0, 1}},
	} {
		next, changes := c.Replace(&one.old, nil)
		var left []cluster.NetworkPolicy
		for _, i := range one.left {
			left = append(left, all[i])
		}
		if got := next.Policies(); !reflect.DeepEqual(got, left) {
			t.Errorf("%s: %d policies are left: %v", name, len(got), got)
		}
		if (len(changes) > 0) != (len(left) < len(all)) {
			t.Errorf("%s: %d changes", name, len(changes))
		}
		version := *s
		version.NetworkPolicies = left
		sameFronts(t, 0, next, Compile(compileSnapshot(t, &version)))
	}
}

// A node's errors do not come back to a pod that a policy selects, from the moment
// it selects it (kube-network-policies).
func TestReplaceWhereErrorsAreDropped(t *testing.T) {
	t.Parallel()
	s := threeNodes("kube-proxy-iptables", "kube-network-policies")
	eachItself(s)
	*endpointsOf(s, "web") = nil
	m := compileSnapshot(t, s)
	c := Compile(m)
	c.Fronts(func(*Front) bool { return true })
	selected := *only("api1", "") // names no addresses
	version := *s
	version.NetworkPolicies = []cluster.NetworkPolicy{selected}
	next, _ := c.Replace(nil, &selected)
	fresh := Compile(compileSnapshot(t, &version))
	sameFronts(t, 0, next, fresh)
	f := next.Service(svcOf(s, "web"))[0]
	if a, b := podAnswer(next, &f, podOf(s, "api1")), podAnswer(next, &f, podOf(s, "api2")); a.alike(b) {
		t.Errorf("the selected pod is told of the error: %+v", a)
	}
}
