package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// names lists the pods as "namespace/name of Owner".
func names(s *cluster.Snapshot) []string {
	var all []string
	for _, p := range s.Pods {
		all = append(all, p.Namespace+"/"+p.Name+" of "+p.Owner.String())
	}
	slices.Sort(all)
	return all
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: test}
spec:
  replicas: 5
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{ports: [{containerPort: 8080, name: http}]}]}
---
`

func TestDerivedPods(t *testing.T) {
	in := parse(t, deployment+`
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ds, namespace: test}
spec: {template: {metadata: {labels: {app: ds}}, spec: {hostNetwork: true}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: none, namespace: test}
spec: {replicas: 0}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron, namespace: test}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: cron}}}}}}
---
apiVersion: v1
kind: NodeList
items: [{metadata: {name: n1}}, {metadata: {name: n2}}]
`)
	equal(t, "pods", names(in.Snapshot), []string{
		"test/cron-0 of CronJob/test/cron",
		"test/ds-0 of DaemonSet/test/ds", "test/ds-1 of DaemonSet/test/ds",
		"test/web-0 of Deployment/test/web", "test/web-1 of Deployment/test/web", "test/web-2 of Deployment/test/web",
	})
	seen := make(map[string]bool)
	for _, p := range in.Snapshot.Pods {
		if !p.Derived || p.Node != "" || !p.Ready {
			t.Errorf("%s: derived %v, node %q, ready %v", p.Name, p.Derived, p.Node, p.Ready)
		}
		if p.HostNetwork != (len(p.IPs) == 0) || p.HostNetwork == p.Invented {
			t.Errorf("%s: hostNetwork %v with addresses %v, invented %v", p.Name, p.HostNetwork, p.IPs, p.Invented)
		}
		for _, ip := range p.IPs {
			if seen[ip.String()] {
				t.Errorf("%s: %s is taken", p.Name, ip)
			}
			seen[ip.String()] = true
		}
	}
	equal(t, "notes", notes(in), []string{
		"pods-derived: 6, 3, Deployment/test/web, DaemonSet/test/ds, CronJob/test/cron",
		"pods-invented-addresses: 4, 198.18.0.0/15",
		"namespaces-implied: 1, test",
	})
}

func notes(in *Input) []string {
	var all []string
	for _, n := range in.Snapshot.Notes {
		all = append(all, n.String())
	}
	return all
}

func ownedPod(name, labels, owner string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: test, labels: {%s}, ownerReferences: [{controller: true, %s}]}\n"+
		"status: {phase: Running, podIP: 10.0.0.1}\n---\n", name, labels, owner)
}

// A pod's owner is the workload a person made, and a workload with pods gets
// no more.
func TestOwners(t *testing.T) {
	rs := "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web-abc, namespace: test, ownerReferences: [{controller: true, kind: Deployment, name: web}]}\n---\n"
	job := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: cron-1, namespace: test, ownerReferences: [{controller: true, kind: CronJob, name: cron}]}\n---\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"through the ReplicaSet", deployment + rs + ownedPod("x", "", "kind: ReplicaSet, name: web-abc"), []string{"test/x of Deployment/test/web"}},
		{"by the template hash", deployment + ownedPod("x", "pod-template-hash: abc", "kind: ReplicaSet, name: web-abc"), []string{"test/x of Deployment/test/web"}},
		{"a bare ReplicaSet", ownedPod("x", "", "kind: ReplicaSet, name: web-abc"), []string{"test/x of ReplicaSet/test/web-abc"}},
		{"through the Job", job + ownedPod("x", "", "kind: Job, name: cron-1"), []string{"test/x of CronJob/test/cron"}},
		{"another kind", ownedPod("x", "", "kind: Rollout, name: r"), []string{"test/x of Rollout/test/r"}},
		{"a static pod", ownedPod("x", "", "kind: Node, name: n1"), []string{"test/x of /"}},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, "pods", names(parse(t, c.text).Snapshot), c.want) })
	}
}

// A Deployment that a controller has seen, in a dump that holds pods, has no
// pods indeed.
func TestNoPodsForALiveWorkload(t *testing.T) {
	live := strings.Replace(deployment, "---", "status: {observedGeneration: 1}\n---", 1)
	equal(t, "with pods", names(parse(t, live+ownedPod("x", "", "kind: Rollout, name: r")).Snapshot), []string{"test/x of Rollout/test/r"})
	if got := names(parse(t, live).Snapshot); len(got) != 3 {
		t.Errorf("without any pod: %v, want 3 derived", got)
	}
}

const podsForSlices = `
apiVersion: v1
kind: PodList
items:
- metadata: {name: a, namespace: test, labels: {app: x}}
  spec: {nodeName: n1, containers: [{ports: [{name: http, containerPort: 80}]}]}
  status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}], conditions: [{type: Ready, status: "True"}]}
- metadata: {name: b, namespace: test, labels: {app: x}}
  spec: {containers: [{ports: [{name: http, containerPort: 81}]}]}
  status: {phase: Running, podIP: 10.0.0.2, conditions: [{type: Ready, status: "False"}]}
- metadata: {name: c, namespace: test, labels: {app: x}, deletionTimestamp: "2026-01-01T00:00:00Z"}
  spec: {containers: [{ports: [{name: http, containerPort: 80}]}]}
  status: {phase: Running, podIP: 10.0.0.3, conditions: [{type: Ready, status: "True"}]}
- metadata: {name: done, namespace: test, labels: {app: x}}
  status: {phase: Succeeded, podIP: 10.0.0.4}
- metadata: {name: pending, namespace: test, labels: {app: x}}
  status: {phase: Pending}
- metadata: {name: other, namespace: test, labels: {app: y}}
  status: {phase: Running, podIP: 10.0.0.5}
- metadata: {name: elsewhere, namespace: prod, labels: {app: x}}
  status: {phase: Running, podIP: 10.0.0.6}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/zone: z1}}
---
`

// endpointsOf prints each slice's endpoints: "PORTS: ADDRESS ready serving terminating".
func endpointsOf(s *cluster.Snapshot) []string {
	var all []string
	for _, sl := range s.EndpointSlices {
		var ports []string
		for _, p := range sl.Ports {
			ports = append(ports, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
		}
		for _, e := range sl.Endpoints {
			line := sl.Service + " " + strings.Join(ports, ",") + ": " + e.Addresses[0].String()
			for _, c := range []struct {
				word string
				is   bool
			}{{"ready", e.Ready}, {"serving", e.Serving}, {"terminating", e.Terminating}} {
				if c.is {
					line += " " + c.word
				}
			}
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

func TestDerivedSlices(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		want       []string
	}{
		{"by number", "selector: {app: x}\nports: [{port: 1, targetPort: 8080}]", []string{
			"s 8080/TCP: 10.0.0.1 ready serving", "s 8080/TCP: 10.0.0.2", "s 8080/TCP: 10.0.0.3 serving terminating",
		}},
		{"by name", "selector: {app: x}\nports: [{port: 1, targetPort: http}]", []string{
			"s 80/TCP: 10.0.0.1 ready serving", "s 80/TCP: 10.0.0.3 serving terminating", "s 81/TCP: 10.0.0.2",
		}},
		{"by a name of another protocol", "selector: {app: x}\nports: [{port: 1, targetPort: http, protocol: UDP}]", []string{
			"s : 10.0.0.1 ready serving", "s : 10.0.0.2", "s : 10.0.0.3 serving terminating",
		}},
		{"not ready published", "selector: {app: x}\npublishNotReadyAddresses: true\nports: [{port: 1}]", []string{
			"s 1/TCP: 10.0.0.1 ready serving", "s 1/TCP: 10.0.0.2 ready", "s 1/TCP: 10.0.0.3 ready serving terminating",
		}},
		{"IPv6", "selector: {app: x}\nipFamilies: [IPv6]\nports: [{port: 1}]", []string{"s 1/TCP: fd00::1 ready serving"}},
		{"no selector", "ports: [{port: 1}]", nil},
		{"nobody", "selector: {app: z}\nports: [{port: 1}]", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, podsForSlices+service(c.spec)).Snapshot
			equal(t, "endpoints", endpointsOf(s), c.want)
			for _, sl := range s.EndpointSlices {
				if !sl.Derived {
					t.Error("the slice is not marked as derived")
				}
			}
		})
	}
}

func TestDerivedHints(t *testing.T) {
	for _, c := range []struct{ distribution, want string }{
		{"PreferClose", "[z1] []"}, {"PreferSameZone", "[z1] []"}, {"PreferSameNode", "[z1] [n1]"},
	} {
		s := parse(t, podsForSlices+service("selector: {app: x}\ntrafficDistribution: "+c.distribution+"\nports: [{port: 1}]")).Snapshot
		e := s.EndpointSlices[0].Endpoints[0]
		if got := fmt.Sprint(e.HintZones, e.HintNodes); got != c.want || e.Zone != "z1" {
			t.Errorf("%s: hints %s, want %s", c.distribution, got, c.want)
		}
	}
}

// One slice anywhere means that the input holds the control plane's answer.
func TestSlicesAreNotDerivedBesideOthers(t *testing.T) {
	s := parse(t, podsForSlices+service("selector: {app: x}\nports: [{port: 1}]")+`---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: other, namespace: test, labels: {kubernetes.io/service-name: other}}
addressType: IPv4
`).Snapshot
	if len(s.EndpointSlices) != 1 {
		t.Errorf("%d slices, want the one that was read", len(s.EndpointSlices))
	}
}

func TestEndpoints(t *testing.T) {
	text := service("ports: [{port: 1}]") + `---
apiVersion: v1
kind: Endpoints
metadata: {name: s, namespace: test}
subsets:
- ports: [{port: 8080}]
  addresses: [{ip: 10.0.0.1, nodeName: n1, targetRef: {kind: Pod, name: a}}, {ip: "fd00::1"}]
  notReadyAddresses: [{ip: 10.0.0.2}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: lock, namespace: test}
`
	s := parse(t, text).Snapshot
	equal(t, "endpoints", endpointsOf(s), []string{"s 8080/TCP: 10.0.0.1 ready serving", "s 8080/TCP: 10.0.0.2", "s 8080/TCP: fd00::1 ready serving"})
	if e := s.EndpointSlices[0].Endpoints[0]; e.Target.String() != "Pod/test/a" || e.Node != "n1" {
		t.Errorf("endpoint %+v", e)
	}
	if len(s.Ignored) != 1 || s.Ignored[0].Reason.Code != flow.CodeIgnoredEndpointsOrphan {
		t.Errorf("ignored: %v", s.Ignored)
	}
	s = parse(t, text+`---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, namespace: test, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{port: 9}]
endpoints: [{addresses: [10.0.0.9]}]
`).Snapshot
	equal(t, "slices win", endpointsOf(s), []string{"s 9/TCP: 10.0.0.9 ready serving"})
}

func TestNamespaces(t *testing.T) {
	in := parse(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: known, labels: {a: b}}\n---\n"+policy("podSelector: {}"))
	ns := in.Snapshot.Namespaces
	if len(ns) != 2 || ns[0].Implied || ns[0].Labels["kubernetes.io/metadata.name"] != "known" || ns[0].Labels["a"] != "b" {
		t.Errorf("known: %+v", ns)
	}
	if !ns[1].Implied || ns[1].Name != "test" || ns[1].Labels["kubernetes.io/metadata.name"] != "test" {
		t.Errorf("implied: %+v", ns[1])
	}
	equal(t, "absent", in.Snapshot.Absent, []string{"Node", "Pod", "Service", "EndpointSlice"})
}

// The same object twice counts once; so does one that differs in provenance.
func TestTwice(t *testing.T) {
	foreign := "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\n"
	again := strings.Replace(policy("podSelector: {}"), "metadata: {", "metadata: {resourceVersion: '7', managedFields: [{manager: m}], ", 1)
	in := parse(t, policy("podSelector: {}")+"---\n"+again+foreign+foreign)
	if s := in.Snapshot; len(s.NetworkPolicies) != 1 || len(s.Foreign) != 1 || len(s.Ignored) != 1 {
		t.Errorf("%d policies, %d foreign, %d ignored; want one of each", len(s.NetworkPolicies), len(s.Foreign), len(s.Ignored))
	}
}

// Services that were not applied yet get cluster IPs, of their families or else of
// the pods', that nobody has; headless ones and names of others have none to get.
func TestInventedClusterIPs(t *testing.T) {
	service := func(name, spec string) string {
		return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: test}\nspec: {" + spec + "}\n---\n"
	}
	services := service("plain", "ports: [{port: 80}]") + service("lb", "type: LoadBalancer, ports: [{port: 80}]") +
		service("headless", "clusterIP: None, ports: [{port: 80}]") + service("name", "type: ExternalName, externalName: db.example") +
		service("own", "clusterIP: 198.19.255.253, ports: [{port: 80}]") + service("six", "ipFamilies: [IPv6], ports: [{port: 80}]") +
		service("both", "ipFamilies: [IPv6, IPv4], ports: [{port: 80}]")
	got := func(in *Input) (out []string) {
		for _, s := range in.Snapshot.Services {
			out = append(out, fmt.Sprint(s.Name, s.ClusterIPs, s.Invented))
		}
		return out
	}
	const last6 = "3fff:fff:ffff:ffff:ffff:ffff:ffff:fff"
	in := parse(t, services)
	equal(t, "cluster IPs", got(in), []string{
		"plain[198.19.255.254] true", "lb[198.19.255.252] true", "headless[] false", "name[] false", "own[198.19.255.253] false",
		"six[" + last6 + "e] true", "both[" + last6 + "d 198.19.255.251] true",
	})
	if all := notes(in); !slices.Contains(all, "services-invented-addresses: 4, 198.18.0.0/15, 3fff::/20") {
		t.Errorf("notes: %q", all)
	}
	in = parse(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: test}\nstatus: {phase: Running, podIP: 'fd00::1'}\n---\n"+service("plain", "ports: [{port: 80}]"))
	equal(t, "behind IPv6 pods", got(in), []string{"plain[" + last6 + "e] true"})
	equal(t, "of what runs", notes(parse(t, service("own", "clusterIP: 10.96.0.1, ports: [{port: 80}]"))), []string{"namespaces-implied: 1, test"})
}
