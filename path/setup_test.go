package path

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

func compile(tb testing.TB, texts ...string) *model.Model {
	tb.Helper()
	in, err := manifest.Parse("test.yaml", []byte(strings.Join(texts, "\n---\n")), manifest.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// base is three nodes, a web pod on n1 and n2, a client on n3, a hostNetwork pod
// on n1 and a pod that has ended.
const base = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.244.1.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.11}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, spec: {podCIDRs: [10.244.2.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.12}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n3}, spec: {podCIDRs: [10.244.3.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.13}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: test}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: web-1, labels: {app: web}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.1.10}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: web-2, labels: {app: web}}, spec: {nodeName: n2, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.2.10}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: client, labels: {app: client}}, spec: {nodeName: n3, containers: [{name: c}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.3.20}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: host, labels: {app: host}}, spec: {nodeName: n1, hostNetwork: true, containers: [{name: c, ports: [{containerPort: 9100}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.0.0.11}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: ended}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Succeeded, podIPs: [{ip: 10.244.1.99}]}}
`

// lb is a LoadBalancer Service of the web pods; its type of address, ETP and
// ITP are put in.
const lb = `
apiVersion: v1
kind: Service
metadata: {namespace: test, name: web}
spec: {type: LoadBalancer, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], externalTrafficPolicy: ETP, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}]}
status: {loadBalancer: {ingress: [{ip: 198.51.100.17}]}}
`

func balancer(etp string) string { return strings.ReplaceAll(lb, "ETP", etp) }

const branch = `
apiVersion: portolan.dev/v1alpha1
kind: Fabric
metadata: {name: f}
spec:
  clients: [{name: branch, addresses: [203.0.113.10]}]
  routers: [{name: gw, multipath: true, routes: static}]
  dataplane: {profile: generic, podNetwork: routed, clusterCIDRs: [10.244.0.0/16], serviceCIDRs: [10.96.0.0/16]}
`

func netpol(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: test, name: " + name + "}\nspec: {" + spec + "}\n"
}

func answerTo(tb testing.TB, m *model.Model, from, to, via string) *Answer {
	tb.Helper()
	a, err := Walk(m, Question{From: from, To: to, Via: via, Namespace: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// ends are the ways the traces end: "Delivered connected test/web-1 <
// 10.0.0.11", sorted, without repetition.
func ends(a *Answer) []string {
	var out []string
	for i := range a.Traces {
		t := &a.Traces[i]
		s := t.Fate.String() + " " + t.Seen.String()
		if e := t.Endpoint.String(); e != "" {
			s += " " + e
		}
		if t.Source.IsValid() {
			s += " < " + t.Source.String()
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
