package manifest

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

const live = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: app}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.80
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080}]
status: {loadBalancer: {ingress: [{ip: 198.51.100.1}]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: web-5d9c-x
  namespace: app
  labels: {app: web, pod-template-hash: 5d9c}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9c, uid: u, controller: true}]
spec:
  nodeName: n1
  containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]
status: {phase: Running, podIP: 10.244.0.5, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-abc, namespace: app, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.244.0.5], nodeName: n1, conditions: {ready: true}, targetRef: {kind: Pod, name: web-5d9c-x, namespace: app}}]
ports: [{name: http, port: 8080, protocol: TCP}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: app}
spec: {podSelector: {}}
`

// laid writes both texts to files and reads them.
func laid(t *testing.T, top string, o Overlay) (old, young *Input, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"live.yaml": live, "top.yaml": top} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if top != "" {
		o.Paths = []string{filepath.Join(dir, "top.yaml")}
	}
	return LoadOver([]string{filepath.Join(dir, "live.yaml")}, o, Options{})
}

// What was allocated stays with a Service, and its endpoints as they were read.
func TestOverlayKeepsAllocated(t *testing.T) {
	old, young, err := laid(t, `apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: more, port: 81, targetPort: 8081}]
`, Overlay{Namespace: "app"})
	if err != nil {
		t.Fatal(err)
	}
	s := young.Snapshot.Services[0]
	if len(young.Snapshot.Services) != 1 || s.Namespace != "app" || s.ExternalTrafficPolicy != "Local" {
		t.Fatalf("%+v", young.Snapshot.Services)
	}
	if s.ClusterIPs[0] != netip.MustParseAddr("10.96.0.80") || s.Ports[0].NodePort != 30080 || s.Ports[1].NodePort != 0 || s.Ingress[0].IP != netip.MustParseAddr("198.51.100.1") {
		t.Errorf("%+v", s)
	}
	if o := old.Snapshot.Services[0]; o.ExternalTrafficPolicy == "Local" || len(o.Ports) != 1 {
		t.Errorf("the old version changed: %+v", o)
	}
	// A port more: the controller writes the slice anew.
	if e := young.Snapshot.EndpointSlices; len(e) != 1 || len(e[0].Ports) != 2 {
		t.Errorf("%+v", e)
	}
	if e := old.Snapshot.EndpointSlices; len(e) != 1 || e[0].Name != "web-abc" {
		t.Errorf("%+v", e)
	}
}

// Nothing that the controller would write otherwise: what was read stands.
func TestOverlayKeepsSlices(t *testing.T) {
	_, young, err := laid(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n", Overlay{})
	if err != nil {
		t.Fatal(err)
	}
	if e := young.Snapshot.EndpointSlices; len(e) != 1 || e[0].Name != "web-abc" {
		t.Errorf("%+v", e)
	}
}

// Running pods take a new template; their own labels stay.
func TestOverlayRolls(t *testing.T) {
	_, young, err := laid(t, `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app}
spec:
  selector: {matchLabels: {tier: front}}
  template:
    metadata: {labels: {tier: front}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 9090}]}]}
`, Overlay{})
	if err != nil {
		t.Fatal(err)
	}
	if len(young.Snapshot.Pods) != 1 {
		t.Fatalf("%d pods", len(young.Snapshot.Pods))
	}
	p := young.Snapshot.Pods[0]
	if p.Name != "web-5d9c-x" || p.Labels["tier"] != "front" || p.Labels["app"] != "" || p.Labels["pod-template-hash"] != "5d9c" || p.Ports[0].Port != 9090 {
		t.Errorf("%+v", p)
	}
	for _, e := range young.Snapshot.EndpointSlices {
		if len(e.Endpoints) > 0 {
			t.Errorf("the selector selects nobody, and there is %+v", e)
		}
	}
}

func TestOverlayWithout(t *testing.T) {
	old, young, err := laid(t, "", Overlay{Without: []flow.Object{{Kind: "NetworkPolicy", Namespace: "app", Name: "deny"}}})
	if err != nil || len(old.Snapshot.NetworkPolicies) != 1 || len(young.Snapshot.NetworkPolicies) != 0 {
		t.Errorf("%v", err)
	}
	_, _, err = laid(t, "", Overlay{Without: []flow.Object{{Kind: "NetworkPolicy", Namespace: "app", Name: "other"}}})
	if err == nil || !strings.Contains(err.Error(), "NetworkPolicy/app/other") {
		t.Errorf("%v", err)
	}
}

// Pods of a template with hostNetwork have their node's address, and so have the
// endpoints (API, PodSpec.hostNetwork); pods that leave it get one that nobody knows yet.
func TestOverlayHostNetwork(t *testing.T) {
	deployment := func(host string) string {
		return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {hostNetwork: ` + host + `, containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
`
	}
	node := "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.11}]}\n"
	_, young, err := laid(t, deployment("true")+node, Overlay{})
	if err != nil {
		t.Fatal(err)
	}
	nodes := netip.MustParseAddr("10.0.0.11")
	if p := young.Snapshot.Pods[0]; !p.HostNetwork || len(p.IPs) != 1 || p.IPs[0] != nodes {
		t.Errorf("%+v", p)
	}
	for _, e := range young.Snapshot.EndpointSlices {
		for i := range e.Endpoints {
			if e.Endpoints[i].Addresses[0] != nodes {
				t.Errorf("%+v", e.Endpoints[i])
			}
		}
	}
	if _, young, err = laid(t, deployment("false"), Overlay{}); err != nil || young.Snapshot.Pods[0].IPs[0] != netip.MustParseAddr("10.244.0.5") {
		t.Errorf("a template that says nothing new: %+v, %v", young.Snapshot.Pods, err)
	}
	p := pod{HasStatus: true}
	p.HostNetwork, p.IPs, p.HostIPs = true, []netip.Addr{nodes}, []netip.Addr{nodes}
	if p.moveNetwork(false); p.HostNetwork || p.IPs != nil || p.HasStatus {
		t.Errorf("%+v", p)
	}
}

// kubectl delete namespace takes what is in it; a DaemonSet takes its pods, too.
func TestOverlayWithoutAll(t *testing.T) {
	old, young, err := laid(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: rest}\nspec: {clusterIP: 10.96.0.90, ports: [{port: 80}]}\n",
		Overlay{Without: []flow.Object{{Kind: "Namespace", Name: "app"}}})
	if err != nil {
		t.Fatal(err)
	}
	if s := young.Snapshot; len(old.Snapshot.Pods) != 1 || len(s.Pods)+len(s.NetworkPolicies)+len(s.EndpointSlices) > 0 || len(s.Services) != 1 || s.Services[0].Namespace != "rest" {
		t.Errorf("left: %+v", s)
	}
	b := &Builder{rolled: map[flow.Object]*workload{}}
	set := flow.Object{Kind: "DaemonSet", Namespace: "app", Name: "ds"}
	w := &workload{Kind: "DaemonSet"}
	w.Namespace, w.Name = "app", "ds"
	p := &pod{}
	p.Owner = set
	b.workloads, b.pods = append(b.workloads, w), append(b.pods, p)
	w.Removed = true
	b.rolled[set] = w
	if b.roll(); len(b.pods) != 0 {
		t.Errorf("%+v", b.pods)
	}
}
