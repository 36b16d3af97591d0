package explain

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// What a second look at the package found wrong once.

const web = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.244.1.0/24, "fd00:1::/64"]}, status: {addresses: [{type: InternalIP, address: 10.0.0.11}, {type: InternalIP, address: "fd00::11"}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, spec: {podCIDRs: [10.244.2.0/24, "fd00:2::/64"]}, status: {addresses: [{type: InternalIP, address: 10.0.0.12}, {type: InternalIP, address: "fd00::12"}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: test}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: a, labels: {app: web}}, spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 8080}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.1.10}, {ip: "fd00:1::10"}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: b, labels: {app: cl}}, spec: {nodeName: n2, containers: [{name: c}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.2.10}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: test, name: web}, spec: {type: LoadBalancer, RANGES clusterIP: IP, clusterIPs: [IP], externalTrafficPolicy: Cluster, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}, status: {loadBalancer: {ingress: [{ip: VIP}]}}}
`

func v4(ranges string) string {
	return strings.NewReplacer("RANGES", ranges, "{ip: VIP}", "{ip: 198.51.100.17}", "clusterIP: IP", "clusterIP: 10.96.0.10", "[IP]", "[10.96.0.10]").Replace(web)
}

// Two denials equally near: the newest is to blame, not the first of the file.
func TestFindingNewest(t *testing.T) {
	m := compile(t, v4(""), policyAt("old", "2024-01-01T00:00:00Z", "podSelector: {}, ingress: []"), policyAt("young", "2025-01-01T00:00:00Z", "podSelector: {}, ingress: []"))
	if got := names(Culprits(m, walk(t, m, "external/203.0.113.10", "198.51.100.17:80", "n1"))); got != "young old" {
		t.Errorf("%q", got)
	}
}

// A source range that holds 203.0.113.10: somebody outside it must be asked too.
func TestFindingNobodyOutside(t *testing.T) {
	m := compile(t, v4("loadBalancerSourceRanges: [203.0.113.0/24],"))
	if a := walk(t, m, "external", "198.51.100.17:80", "n1"); a.Verdict != flow.Depends {
		t.Errorf("%s, want DEPENDS", a.Verdict)
	}
}

// An exception at the start of a block: 192.0.2.128 is admitted, nobody asks.
func TestFindingExcept(t *testing.T) {
	m := compile(t, v4(""), policyAt("p", "", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.0/25]}}]}]"))
	if a := walk(t, m, "external", "198.51.100.17:80", "n1"); a.Verdict != flow.Depends {
		t.Errorf("%s, want DEPENDS", a.Verdict)
	}
}

// An IPv6 Service without a Fabric: trace says REACHABLE, explain UNREACHABLE.
func TestFindingSurveyIPv6(t *testing.T) {
	v6 := strings.NewReplacer("RANGES", "ipFamilies: [IPv6],", "clusterIP: IP", `clusterIP: "fd00:96::10"`, "clusterIPs: [IP]", `clusterIPs: ["fd00:96::10"]`, "{ip: VIP}", `{ip: "2001:db8::17"}`).Replace(web)
	all, err := Surveys(compile(t, v6), "svc/test/web", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range told(all[0]) {
		if !strings.HasPrefix(line, "pod test b") && strings.Contains(line, "UNREACHABLE") {
			t.Error(line)
		}
	}
}

// Places with 2 of 3 and 1 of 3 are not one row.
func TestFindingRowsOfDepends(t *testing.T) {
	pod := func(name, node, ip string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {namespace: test, name: " + name + ", labels: {app: web}}, spec: {nodeName: " + node + ", containers: [{name: c, ports: [{containerPort: 8080}]}]}, status: {phase: Running, conditions: [{type: Ready, status: 'True'}], podIPs: [{ip: " + ip + "}]}}"
	}
	m := compile(t, v4(""), pod("c", "n1", "10.244.1.11"), pod("d", "n2", "10.244.2.11"), policyAt("p", "", "podSelector: {matchLabels: {app: web}}, ingress: []"))
	all, _ := Surveys(m, "svc/test/web", "")
	for _, r := range all[0].Rows {
		if r.Kind == flow.MachineNode && len(r.Places) > 1 {
			t.Errorf("%v: %d of %d", r.Places, r.Cells[0].Reached, r.Cells[0].Of)
		}
	}
}

// A hairpin that Cluster masquerades anyway rests on no deviation.
func TestFindingNeedlessDeviation(t *testing.T) {
	if a := walk(t, compile(t, v4("")), "pod/test/a", "10.0.0.12:30080", ""); len(a.Deviations) > 0 {
		t.Errorf("%v", a.Deviations)
	}
}

const gone = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: test, name: web-1, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{name: '', port: 8080, protocol: TCP}]\nendpoints:\n- {addresses: [10.244.1.77], nodeName: n1, conditions: {ready: true}, targetRef: {kind: Pod, namespace: test, name: gone}}\n"

// Egress to a pod whose labels nobody knows is not certainly denied.
func TestFindingUnknownPeer(t *testing.T) {
	m := compile(t, v4(""), gone, policyAt("p", "", "podSelector: {matchLabels: {app: cl}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"))
	if a := walk(t, m, "pod/test/b", "10.96.0.10:80", ""); a.Verdict != flow.VerdictUnknown {
		t.Errorf("%s, want UNKNOWN", a.Verdict)
	}
}

// policy: none beside a CiliumNetworkPolicy, pod not in the input: not allowed.
func TestFindingForeignUnreadable(t *testing.T) {
	m := compile(t, v4(""), gone, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: test, name: c}\nspec: {}\n",
		"apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: f}\nspec: {dataplane: {policy: none}}\n")
	if a := walk(t, m, "external/203.0.113.10", "198.51.100.17:80", "n1"); a.Verdict != flow.VerdictUnknown {
		t.Errorf("%s, want UNKNOWN", a.Verdict)
	}
}

// Nobody isolates the pod: nothing was assumed about judging it.
func TestFindingNeedlessAssumption(t *testing.T) {
	a := walk(t, compile(t, v4("")), "pod/test/a", "10.96.0.10:80", "")
	if slices.ContainsFunc(a.Assumptions, func(r flow.Reason) bool { return r.Code == flow.CodeAssumedSelfJudged }) {
		t.Error("assumed-self-judged")
	}
}

// A Service called udp (or tcp): svc/test/udp is read as Service test, over UDP.
func TestFindingServiceNamedUDP(t *testing.T) {
	m := compile(t, v4(""), "{apiVersion: v1, kind: Service, metadata: {namespace: test, name: udp}, spec: {clusterIP: 10.96.0.77, clusterIPs: [10.96.0.77], selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}")
	if _, err := path.Walk(m, path.Question{From: "pod/test/b", To: "svc/test/udp"}); err != nil {
		t.Error(err)
	}
}

// BGP alone, made Local: n2 would no longer draw the address, so nothing is
// dropped there.
func TestFindingDeadUnderBGP(t *testing.T) {
	m := compile(t, v4(""), "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: f}\nspec: {routers: [{name: r, multipath: true, routes: bgp}]}\n")
	all, _ := Surveys(m, "svc/test/web", "")
	if d := all[0].Sharing.Services[0].Dead; len(d) > 0 {
		t.Errorf("dead on %v", d)
	}
}
