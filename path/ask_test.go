package path

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// gist is what Ask promises to keep of Walk: "verdict, fates, endpoints and
// sources are the same", and each path counts.
func gist(a *Answer) string {
	fates, ends, sources, firsts := map[string]int{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range a.Traces {
		t := &a.Traces[i]
		fates[t.Fate.String()+" "+t.Seen.String()] += t.Count
		if t.Fate != flow.Delivered {
			continue
		}
		for _, e := range t.Endpoints {
			ends[e.String()] = true
		}
		for _, s := range t.Sources() {
			sources[s.String()] = true
		}
		for _, n := range t.Firsts() {
			firsts[n] = true
		}
	}
	return fmt.Sprintf("%s, %v, endpoints %v, sources %v, first %v", a.Verdict, fates, ends, sources, firsts)
}

// Ask and Walk agree on random clusters: nodes with and without endpoints, in
// zones, under policies that tell nodes and pods apart.
func TestAskIsWalk(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		text := randomCluster(r)
		m := compile(t, text)
		for _, q := range []Question{
			{From: "external", To: "198.51.100.17:80"},
			{From: "external/branch", To: "198.51.100.17:80", Via: "n1"},
			{From: "node/n1", To: "198.51.100.17:80"},
			{From: "pod/test/p0", To: "198.51.100.17:80"},
			{From: "pod/test/p1", To: "10.96.0.10:80"},
			{From: "pod/test/p0", To: "node/n2:30080"},
		} {
			compareAsk(t, m, q, seed, text)
			if t.Failed() {
				return
			}
		}
	}
}

func compareAsk(t *testing.T, m *model.Model, q Question, seed uint64, text string) {
	t.Helper()
	one, err := Walk(m, q)
	if err != nil {
		t.Fatal(err)
	}
	folded, err := Ask(m, q)
	if err != nil {
		t.Fatal(err)
	}
	if w, a := gist(one), gist(folded); w != a {
		t.Errorf("seed %d, %+v:\nWalk %s\nAsk  %s\n%s", seed, q, w, a, text)
	}
	if len(folded.Traces) > len(one.Traces) {
		t.Errorf("seed %d, %+v: Ask has %d traces, Walk %d", seed, q, len(folded.Traces), len(one.Traces))
	}
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func randomCluster(r *rand.Rand) string {
	var b strings.Builder
	nodes, pods := 2+r.IntN(4), 2+r.IntN(6)
	for n := 1; n <= nodes; n++ {
		fmt.Fprintf(&b, "{apiVersion: v1, kind: Node, metadata: {name: n%d, labels: {topology.kubernetes.io/zone: %s}}, spec: {podCIDRs: [10.244.%d.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.%d}], conditions: [{type: Ready, status: 'True'}]}}\n---\n", n, pick(r, "a", "b"), n, 10+n)
	}
	b.WriteString("{apiVersion: v1, kind: Namespace, metadata: {name: test}}\n---\n")
	var eps strings.Builder
	hints := r.IntN(3)
	for i := range pods {
		n := 1 + r.IntN(nodes)
		addr := fmt.Sprintf("10.244.%d.%d", n, 10+i)
		fmt.Fprintf(&b, "{apiVersion: v1, kind: Pod, metadata: {namespace: test, name: p%d, labels: {app: %s}}, spec: {nodeName: n%d, containers: [{name: c, ports: [{name: http, containerPort: %s}]}]}, status: {phase: Running, podIPs: [{ip: %s}]}}\n---\n", i, pick(r, "a", "b"), n, pick(r, "8080", "8080", "9090"), addr)
		fmt.Fprintf(&eps, "- {addresses: [%s], nodeName: n%d, conditions: %s, targetRef: {kind: Pod, namespace: test, name: p%d}%s}\n", addr, n,
			pick(r, "{ready: true}", "{ready: true}", "{ready: false, serving: true, terminating: true}", "{ready: false}"), i, hint(r, hints, n))
	}
	fmt.Fprintf(&b, "{apiVersion: v1, kind: Service, metadata: {namespace: test, name: web}, spec: {type: LoadBalancer, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], externalTrafficPolicy: %s, internalTrafficPolicy: %s, selector: {app: a}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}, status: {loadBalancer: {ingress: [{ip: 198.51.100.17}]}}}\n---\n", pick(r, "Cluster", "Local"), pick(r, "Cluster", "Local"))
	fmt.Fprintf(&b, "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: test, name: web-1, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{name: '', port: 8080, protocol: TCP}]\nendpoints:\n%s---\n", eps.String())
	for i := range r.IntN(3) {
		b.WriteString(netpol(fmt.Sprint("np", i), randomPolicy(r)) + "---\n")
	}
	fmt.Fprintf(&b, "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: f}\nspec: {clients: [{name: branch, addresses: [203.0.113.10]}], routers: [{name: gw, multipath: true, routes: %s}], dataplane: {policy: %s, podNetwork: %s}}\n",
		pick(r, "static", "bgp", "l2"), pick(r, "generic", "kube-router", "kube-network-policies"), pick(r, "routed", "bridge", "vxlan"))
	return b.String()
}

func hint(r *rand.Rand, kind, node int) string {
	switch kind {
	case 1:
		return ", hints: {forZones: [{name: " + pick(r, "a", "b") + "}]}"
	case 2:
		return fmt.Sprintf(", hints: {forNodes: [{name: n%d}]}", node)
	}
	return ""
}

func randomPolicy(r *rand.Rand) string {
	peers := []string{
		"{podSelector: {matchLabels: {app: a}}}", "{ipBlock: {cidr: 10.0.0.11/32}}", "{ipBlock: {cidr: 10.0.0.8/29}}", "{ipBlock: {cidr: 10.244.1.0/24, except: [10.244.1.0/30]}}",
		"{ipBlock: {cidr: 203.0.113.0/24}}", "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.12/32]}}",
	}
	spec := "podSelector: {" + pick(r, "", "matchLabels: {app: a}") + "}, policyTypes: [Ingress" + pick(r, "", ", Egress") + "], ingress: [{from: [" + pick(r, peers...) + ", " + pick(r, peers...) + "]" + pick(r, "", ", ports: [{port: http}]", ", ports: [{port: 8080}]") + "}]"
	if strings.Contains(spec, "Egress") {
		spec += ", egress: [{to: [" + pick(r, peers...) + "]}]"
	}
	return spec
}
