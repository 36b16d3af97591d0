package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The start of every cluster of TestDifferences: two pods in a namespace, the
// first of which may be selected as app: a, the second as app: b.
const twoPods = `
apiVersion: v1
kind: Namespace
metadata: {name: ns}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: ns, labels: {app: a}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, hostIP: 172.16.0.1, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: ns, labels: {app: b}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, hostIP: 172.16.0.1, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}]}
`

func policyOf(name, spec string) string {
	return fmt.Sprintf("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: ns}\nspec: %s\n", name, spec)
}

func podOf(name, more, spec, status string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: ns%s}\nspec: {nodeName: n1%s}\nstatus: {hostIP: 172.16.0.1%s}\n", name, more, spec, status)
}

// replica is a pod of StatefulSet w.
func replica(n int, labels string) string {
	return podOf(fmt.Sprint("w-", n), `, labels: {app: w`+labels+`}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: w, uid: u, controller: true}]`,
		`, containers: [{name: c, image: i}]`, fmt.Sprintf(", phase: Running, podIP: 10.0.0.%d, podIPs: [{ip: 10.0.0.%[1]d}]", n+20))
}

// difference is a kind of question that the two answer differently, each by an
// example; docs/performance.md says who is right.
type difference struct {
	name     string
	objects  string
	from, to string // as the peer names them
	theirs   string // ports, or what an error says
	ours     string // ports; "a to b" if pods of a workload differ, "absent" if one is not of the map, "?" if not known
}

var differences = []difference{
	{
		"replicas of a workload",
		replica(0, "") +
			replica(1, ""),
		"ns/w[StatefulSet]", "ns/w[StatefulSet]", "none", "all",
	},
	{
		"replicas with labels of their own", policyOf("first", `{podSelector: {matchLabels: {apps.kubernetes.io/pod-index: "0"}}, policyTypes: [Ingress]}`) +
			replica(0, `, apps.kubernetes.io/pod-index: "0"`) +
			replica(1, `, apps.kubernetes.io/pod-index: "1"`),
		"ns/a[Pod]", "ns/w[StatefulSet]", "refused: differences in their labels", "none to all",
	},
	{
		"a pod on its node's network", policyOf("deny", `{podSelector: {}, policyTypes: [Ingress]}`) +
			podOf("h", `, labels: {app: h}`, `, hostNetwork: true, containers: [{name: c, image: i}]`, `, phase: Running, podIP: 172.16.0.1, podIPs: [{ip: 172.16.0.1}]`),
		"ns/a[Pod]", "ns/h[Pod]", "none", "absent",
	},
	{
		"a rule for a pod on its node's network", policyOf("from-h", `{podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: h}}}]}]}`) +
			podOf("h", `, labels: {app: h}`, `, hostNetwork: true, containers: [{name: c, image: i}]`, `, phase: Running, podIP: 172.16.0.1, podIPs: [{ip: 172.16.0.1}]`),
		"ns/h[Pod]", "ns/a[Pod]", "all", "absent",
	},
	{
		"a pod that has ended", podOf("e", `, labels: {app: e}`, `, containers: [{name: c, image: i}]`, `, phase: Succeeded, podIP: 10.0.0.5, podIPs: [{ip: 10.0.0.5}]`),
		"ns/a[Pod]", "ns/e[Pod]", "all", "absent",
	},
	{
		"a pod without an address", podOf("e", `, labels: {app: e}`, `, containers: [{name: c, image: i}]`, `, phase: Pending`),
		"ns/a[Pod]", "ns/e[Pod]", "all", "absent",
	},
	{
		"an ipBlock that holds a pod's address", policyOf("net10", `{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}`),
		"ns/a[Pod]", "ns/b[Pod]", "none", "all",
	},
	{
		"an ipBlock and a pod that is yet to come", policyOf("net10", `{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}`) +
			"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: ns}\nspec: {selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c, image: i}]}}}\n",
		"ns/d[Deployment]", "ns/b[Pod]", "none", "?",
	},
	{
		"a named port toward addresses", policyOf("web", `{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: web}]}]}`),
		"ns/a[Pod]", "ns/b[Pod]", "refused: cannot convert named port for an IP destination", "none",
	},
	{
		"a port's name that stands for two", policyOf("dns", `{podSelector: {matchLabels: {app: d}}, policyTypes: [Ingress], ingress: [{ports: [{port: dns, protocol: UDP}]}]}`) +
			podOf("d", `, labels: {app: d}`, `, containers: [{name: c, image: i, ports: [{name: dns, containerPort: 53, protocol: TCP}]}, {name: e, image: i, ports: [{name: dns, containerPort: 5353, protocol: UDP}]}]`, `, phase: Running, podIP: 10.0.0.6, podIPs: [{ip: 10.0.0.6}]`),
		"ns/a[Pod]", "ns/d[Pod]", "none", "5353/udp",
	},
	{
		"a port of a sidecar", policyOf("web", `{podSelector: {matchLabels: {app: s}}, policyTypes: [Ingress], ingress: [{ports: [{port: web}]}]}`) +
			podOf("s", `, labels: {app: s}`, `, initContainers: [{name: side, image: i, restartPolicy: Always, ports: [{name: web, containerPort: 8080}]}], containers: [{name: c, image: i}]`, `, phase: Running, podIP: 10.0.0.7, podIPs: [{ip: 10.0.0.7}]`),
		"ns/a[Pod]", "ns/s[Pod]", "none", "8080",
	},
	{
		"all ports of a protocol", policyOf("tcp", `{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: [{ports: [{protocol: TCP}]}]}`),
		"ns/a[Pod]", "ns/b[Pod]", "1-65535", "tcp",
	},
	{
		"a namespace without an object", "---\napiVersion: v1\nkind: Pod\nmetadata: {name: c, namespace: other}\nspec: {nodeName: n1, containers: [{name: c, image: i}]}\nstatus: {phase: Running, hostIP: 172.16.0.1, podIP: 10.0.0.8, podIPs: [{ip: 10.0.0.8}]}\n" +
			policyOf("team", `{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}`),
		"other/c[Pod]", "ns/b[Pod]", "none", "?",
	},
	{
		"a policy of the cluster", "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: deny}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}\n",
		"ns/a[Pod]", "ns/b[Pod]", "all", "?",
	},
	{
		"an IPv6 block", policyOf("six", `{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: "2001:db8::/32"}}]}]}`),
		"32.1.13.184", "ns/b[Pod]", "all", "none",
	},
	{
		"an Ingress", "---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: ns}\nspec: {clusterIP: 10.96.0.1, selector: {app: i}, ports: [{port: 80, targetPort: 8080}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: b, namespace: ns}\nspec: {defaultBackend: {service: {name: b, port: {number: 80}}}}\n" +
			podOf("i", `, labels: {app: i}`, `, containers: [{name: c, image: i, ports: [{containerPort: 8080}]}]`, `, phase: Running, podIP: 10.0.0.9, podIPs: [{ip: 10.0.0.9}]`),
		"{ingress-controller}", "ns/i[Pod]", "8080", "absent",
	},
}

// Each kind of difference is still one, and as docs/performance.md tells it.
func TestDifferences(t *testing.T) {
	peer := peerBinary(t)
	for _, d := range differences {
		t.Run(strings.ReplaceAll(d.name, " ", "-"), func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "cluster.yaml"), []byte(twoPods+d.objects), 0o644); err != nil {
				t.Fatal(err)
			}
			got, want := d.askThem(t, peer, folder), d.theirs
			if problem, ok := strings.CutPrefix(want, "refused: "); got != want && (!ok || !strings.Contains(got, problem)) {
				t.Errorf("netpol-analyzer: %s, want %s", got, want)
			}
			if got := d.askUs(t, folder); got != d.ours {
				t.Errorf("portolan: %s, want %s", got, d.ours)
			}
		})
	}
}

func (d *difference) askThem(t *testing.T, peer, folder string) string {
	t.Helper()
	a, err := askPeer(t, peer, folder)
	if err != nil {
		return err.Error()
	}
	if list := a.from[d.to]; !strings.ContainsAny(d.from, "/{") {
		return at(list, addrs(d.from)[0]).String()
	}
	return a.pods[[2]string{d.from, d.to}].String()
}

func (d *difference) askUs(t *testing.T, folder string) string {
	t.Helper()
	c, err := chartOf(folder)
	if err != nil {
		t.Fatal(err)
	}
	var from, to *workload
	for _, w := range workloadsOf(c) {
		if w.name == d.from {
			from = &w
		}
		if w.name == d.to {
			to = &w
		}
	}
	switch {
	case to != nil && !strings.ContainsAny(d.from, "/{"):
		return at(outsides(c.FromAddresses(to.units[0])), addrs(d.from)[0]).String()
	case from == nil || to == nil:
		return "absent"
	}
	all, some, known := between(c, from, to)
	switch {
	case !known:
		return "?"
	case all.Equal(some):
		return all.String()
	}
	return all.String() + " to " + some.String()
}
