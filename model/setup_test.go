package model

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/service"
)

// compile reads a cluster and compiles it.
func compile(tb testing.TB, texts ...string) *Model {
	tb.Helper()
	in, err := manifest.Parse("test.yaml", []byte(strings.Join(texts, "\n---\n")), manifest.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := Compile(in.Snapshot)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// base is two nodes with a pod each, a client pod and a hostNetwork pod on n1.
const base = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.244.1.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.11}, {type: ExternalIP, address: 192.0.2.11}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, spec: {podCIDRs: [10.244.2.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.12}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: test}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: web-1, labels: {app: web}}, spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 8080}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.1.10}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: web-2, labels: {app: web}}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 8080}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.2.10}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: client, labels: {app: client}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.244.1.20}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: test, name: host, labels: {app: web}}, spec: {nodeName: n1, hostNetwork: true, containers: [{name: c, ports: [{containerPort: 9100}]}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: [{ip: 10.0.0.11}]}}
`

// lb is a LoadBalancer Service of the web pods with one endpoint each on n1 and
// n2; ETP and ITP are put in.
const lb = `
apiVersion: v1
kind: Service
metadata: {namespace: test, name: web}
spec: {type: LoadBalancer, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], externalIPs: [192.0.2.80], externalTrafficPolicy: ETP, internalTrafficPolicy: ITP, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
status: {loadBalancer: {ingress: [{ip: 198.51.100.17}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: test, name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: "", port: 8080, protocol: TCP}]
endpoints:
- {addresses: [10.244.1.10], nodeName: n1, conditions: {ready: true}, targetRef: {kind: Pod, namespace: test, name: web-1}}
- {addresses: [10.244.2.10], nodeName: n2, conditions: {ready: true}, targetRef: {kind: Pod, namespace: test, name: web-2}}
`

func balancer(etp, itp string) string {
	return strings.NewReplacer("ETP", etp, "ITP", itp).Replace(lb)
}

// fabric is a Fabric with a dataplane; the cluster CIDR is told.
func fabric(dataplane string) string {
	return "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: f}\nspec: {dataplane: {clusterCIDRs: [10.244.0.0/16], serviceCIDRs: [10.96.0.0/16], " + dataplane + "}}\n"
}

func netpol(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: test, name: " + name + "}\nspec: {" + spec + "}\n"
}

// front returns the web Service's front of a kind.
func front(tb testing.TB, m *Model, k service.Kind) *service.Front {
	tb.Helper()
	for _, f := range m.Services.Of(m.Index.Service("test", "web")) {
		if f.Kind == k {
			return f
		}
	}
	tb.Fatalf("no %s", k)
	return nil
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// tuple is a TCP packet; a source of "" is not known.
func tuple(src, dst string) flow.Tuple {
	t := flow.Tuple{Protocol: flow.TCP, Dst: netip.MustParseAddrPort(dst)}
	if src != "" {
		t.Src = netip.AddrPortFrom(ip(src), 0)
	}
	return t
}

// compileError is the error of reading or compiling.
func compileError(tb testing.TB, texts ...string) error {
	tb.Helper()
	in, err := manifest.Parse("test.yaml", []byte(strings.Join(texts, "\n---\n")), manifest.Options{})
	if err != nil {
		return err
	}
	_, err = Compile(in.Snapshot)
	return err
}
