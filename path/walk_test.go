package path

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

type walkCase struct {
	name, from, to, via string
	want                []string
}

func checkWalks(t *testing.T, texts []string, cases []walkCase) {
	t.Helper()
	m := compile(t, texts...)
	for _, tt := range cases {
		if got := ends(answerTo(t, m, tt.from, tt.to, tt.via)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// Rows 1, 4, 6, 9 and 11 of kube-proxy's table: Cluster masquerades whatever
// comes to an external address, and toward a cluster address all but pods.
func TestWalkCluster(t *testing.T) {
	const vip, clusterIP = "198.51.100.17:80", "10.96.0.10:80"
	from := func(first string) []string {
		return []string{"Delivered connected test/web-1 < " + first, "Delivered connected test/web-2 < " + first}
	}
	checkWalks(t, []string{base, balancer("Cluster"), branch}, []walkCase{
		{"outside, a node without endpoints", "external/branch", vip, "n3", from("10.0.0.13")},
		{"outside, also toward the node's own pod", "external/branch", vip, "n1", from("10.0.0.11")},
		{"a pod loses its identity", "pod/test/client", vip, "", from("10.0.0.13")},
		{"a pod to the cluster address keeps it", "pod/test/client", clusterIP, "", from("10.244.3.20")},
		{"a process", "node/n3", vip, "", from("10.0.0.13")},
		{"a process to the cluster address", "node/n3", clusterIP, "", from("10.0.0.13")},
		{"a hostNetwork pod is a process of its node", "pod/test/host", clusterIP, "", from("10.0.0.11")},
		{"outside to a NodePort", "external/branch", "10.0.0.12:30080", "", from("10.0.0.12")},
	})
}

// Rows 2, 3, 5 and 7: Local keeps the source and drops where there is no local
// endpoint; the cluster's own traffic is short-circuited.
func TestWalkLocal(t *testing.T) {
	const vip = "198.51.100.17:80"
	checkWalks(t, []string{base, balancer("Local"), branch}, []walkCase{
		{"outside, endpoint here", "external/branch", vip, "n1", []string{"Delivered connected test/web-1 < 203.0.113.10"}},
		{"outside, none here", "external/branch", vip, "n3", []string{"NoLocalEndpoint timeout"}},
		{"a pod goes anywhere, as it is", "pod/test/client", vip, "", []string{"Delivered connected test/web-1 < 10.244.3.20", "Delivered connected test/web-2 < 10.244.3.20"}},
		{"a process goes anywhere, masqueraded", "node/n3", vip, "", []string{"Delivered connected test/web-1 < 10.0.0.13", "Delivered connected test/web-2 < 10.0.0.13"}},
		// Measured deviation 6: "endpoint on that node: works, real pod IP seen.
		// Endpoint elsewhere: the reply bypasses that node: timeout".
		{"a pod to another node's NodePort", "pod/test/client", "10.0.0.11:30080", "", []string{"Delivered connected test/web-1 < 10.244.3.20", "ReplyLost timeout test/web-2 < 10.244.3.20"}},
	})
}

// Without any endpoint a proxy refuses; a port nobody declares does as well.
func TestWalkRefused(t *testing.T) {
	empty := strings.Replace(balancer("Local"), "selector: {app: web}", "selector: {app: none}", 1)
	checkWalks(t, []string{base, empty, branch}, []walkCase{
		{"no endpoint anywhere", "external/branch", "198.51.100.17:80", "n1", []string{"NoEndpoints refused"}},
		{"from a pod", "pod/test/client", "10.96.0.10:80", "", []string{"NoEndpoints refused"}},
		{"a port the pod does not declare", "pod/test/client", "pod/test/web-1:81", "", []string{"NotListening refused test/web-1 < 10.244.3.20"}},
		{"a port of the cluster address that nobody has", "pod/test/client", "10.96.0.10:81", "", []string{"NotCaptured refused"}},
		{"an address of the service range that nobody has", "pod/test/client", "10.96.9.9:80", "", []string{"NotCaptured timeout"}},
		{"an address of the pods' range that nobody has", "pod/test/client", "10.244.1.77:80", "", []string{"NoRoute unreachable"}},
		{"a pod that has ended gave its address back", "pod/test/client", "10.244.1.99:80", "", []string{"NoRoute unreachable"}},
		{"somebody else's network", "external/branch", "192.0.2.9:80", "", []string{"NoRoute unreachable"}},
	})
}

// Two routers, or two clients, are two sets of paths; all of ECMP is walked.
func TestWalkBranches(t *testing.T) {
	m := compile(t, base, balancer("Cluster"), branch)
	if a := answerTo(t, m, "external", "198.51.100.17:80", ""); len(a.Traces) != 6 || a.Verdict != flow.Reachable {
		t.Errorf("3 nodes with 2 endpoints: %d traces, %s", len(a.Traces), a.Verdict)
	}
	two := strings.NewReplacer("routers: [", "routers: [{name: gw2, multipath: false, nodes: [n2]}, ", "clients: [", "clients: [{name: shop, addresses: [203.0.113.20]}, ").Replace(branch)
	m = compile(t, base, balancer("Local"), two)
	a := answerTo(t, m, "external", "198.51.100.17:80", "")
	if len(a.Traces) != 8 || a.Verdict != flow.Depends {
		t.Errorf("2 clients, 1 + 3 next hops, an endpoint each on two: %d traces, %s", len(a.Traces), a.Verdict)
	}
	starts := map[string]int{}
	for i := range a.Traces {
		starts[a.Traces[i].From]++
	}
	if starts["branch"] != 4 || starts["shop"] != 4 {
		t.Errorf("traces by client: %v", starts)
	}
}

// via "forces the first node, also where the route is not announced (printed as
// an assumption)".
func TestVia(t *testing.T) {
	m := compile(t, base, balancer("Cluster"), strings.Replace(branch, "routes: static", "routes: static, nodes: [n2]", 1))
	for via, assumed := range map[string]bool{"n1": true, "n2": false} {
		a := answerTo(t, m, "external/branch", "198.51.100.17:80", via)
		has := slices.ContainsFunc(a.Assumptions, func(r flow.Reason) bool { return r.Code == flow.CodeAssumedRouted })
		if has != assumed {
			t.Errorf("via %s: assumed %v, want %v", via, has, assumed)
		}
		for i := range a.Traces {
			if a.Traces[i].First != via {
				t.Errorf("via %s: first node %s", via, a.Traces[i].First)
			}
		}
	}
	if got := ends(answerTo(t, m, "external/branch", "node/n1:30080", "n1")); len(got) != 2 {
		t.Errorf("a node's address by its owner: %q", got)
	}
}

// A VIP that no node captures goes back and forth until its TTL ends: the walk
// does not.
func TestLoopsEnd(t *testing.T) {
	proxied := strings.Replace(balancer("Cluster"), "{ip: 198.51.100.17}", "{ip: 198.51.100.17, ipMode: Proxy}", 1)
	m := compile(t, base, proxied, branch)
	a := answerTo(t, m, "external/branch", "198.51.100.17:80", "")
	if len(a.Traces) == 0 || a.Verdict != flow.NotReachable {
		t.Fatalf("%d traces, %s", len(a.Traces), a.Verdict)
	}
	for i := range a.Traces {
		if f := a.Traces[i].Fate; f != flow.Loop {
			t.Errorf("trace %d ends with %s, want Loop", i, f)
		}
		if n := len(a.Traces[i].Hops); n > 20 {
			t.Errorf("trace %d has %d hops", i, n)
		}
	}
}

// Policy is judged before the masquerade of the node it stands on, and after
// that of the nodes before: the incident of the shared VIP.
func TestWalkPolicy(t *testing.T) {
	own := netpol("own", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]")
	nodes := netpol("nodes", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]")
	const vip = "198.51.100.17:80"
	checkWalks(t, []string{base, balancer("Cluster"), branch, own}, []walkCase{
		{"a pod of the namespace by the VIP is a node's address", "pod/test/client", vip, "", []string{"DeniedByPolicy timeout test/web-1", "DeniedByPolicy timeout test/web-2"}},
		{"by the cluster address it is a pod", "pod/test/client", "10.96.0.10:80", "", []string{"Delivered connected test/web-1 < 10.244.3.20", "Delivered connected test/web-2 < 10.244.3.20"}},
		{"a process reaches its own node's pods only", "node/n1", vip, "", []string{"Delivered connected test/web-1 < 10.0.0.11", "DeniedByPolicy timeout test/web-2"}},
	})
	checkWalks(t, []string{base, balancer("Cluster"), branch, nodes}, []walkCase{
		{"the pod's own node sees the client, the others a node", "external/branch", vip, "n1", []string{"Delivered connected test/web-2 < 10.0.0.11", "DeniedByPolicy timeout test/web-1"}},
	})
}

// A pod that gets itself is masqueraded in every row, and sees its node.
func TestWalkHairpin(t *testing.T) {
	one := strings.Replace(balancer("Cluster"), "selector: {app: web}", "selector: {app: client}", 1)
	one = strings.Replace(one, "targetPort: http", "targetPort: 8080", 1)
	checkWalks(t, []string{base, one, branch}, []walkCase{
		{"by the cluster address", "pod/test/client", "10.96.0.10:80", "", []string{"Delivered connected test/client < 10.0.0.13"}},
		{"directly it never leaves", "pod/test/client", "pod/test/client:80", "", []string{"Delivered connected test/client < 10.244.3.20"}},
	})
	bridge := strings.Replace(branch, "podNetwork: routed", "podNetwork: bridge", 1)
	checkWalks(t, []string{base, one, bridge}, []walkCase{
		{"a bridge port without hairpin mode", "pod/test/client", "10.96.0.10:80", "", []string{"NoRoute timeout test/client"}},
	})
}

// Without a Fabric, "a representative of each outside range that the policies
// and source ranges tell apart".
func TestRepresentatives(t *testing.T) {
	ranges := netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}, {ipBlock: {cidr: 10.244.1.0/24}}]}]")
	m := compile(t, base, balancer("Cluster"), ranges)
	a := answerTo(t, m, "external", "198.51.100.17:80", "n3")
	var got []string
	for i := range a.Traces {
		got = append(got, a.Traces[i].From)
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if !slices.Contains(got, "203.0.113.10") || !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "192.0.2.") }) {
		t.Errorf("%v: want somebody in 192.0.2.0/24 and somebody in no range", got)
	}
	if slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "10.244.") }) {
		t.Errorf("%v: a pod's address is not outside", got)
	}
	if !slices.ContainsFunc(a.Assumptions, func(r flow.Reason) bool { return r.Code == flow.CodeAssumedClient }) {
		t.Error("that a client was assumed is not said")
	}
}
