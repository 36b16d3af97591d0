package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	kustomizeDir = "../../deploy/kustomize"
	chartDir     = "../../deploy/chart/portolan"
)

// podMonitors is the kind of the Prometheus operator, without a schema.
const podMonitors = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: podmonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: PodMonitor, plural: podmonitors, singular: podmonitor, listKind: PodMonitorList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`

// fullValues sets what the chart's own values leave empty.
const fullValues = `
events: true
podMonitor: true
output: json
lang: zh
watch: [external, "svc/test/ssh:22"]
image: {tag: v1, pullPolicy: Always}
imagePullSecrets: [{name: registry}]
podAnnotations: {prometheus.io/scrape: "true"}
fabric: [{apiVersion: portolan.dev/v1alpha1, kind: Fabric, metadata: {name: dc1}, spec: {clients: [{name: a, addresses: [203.0.113.10]}]}}]
expectations: [{apiVersion: portolan.dev/v1alpha1, kind: Expectations, metadata: {name: gate}, spec: {expect: [{from: external, to: "svc/test/ssh:22", verdict: REACHABLE}]}}]
networkPolicy: {apiServerPorts: [8443]}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}]
affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}
priorityClassName: system-cluster-critical
`

// wrongValues are refused by values.schema.json, each for the value that is named.
var wrongValues = map[string][]string{
	"/events":                         {"--set-string", "events=yes"},
	"/output":                         {"--set", "output=xml"},
	"/lang":                           {"--set", "lang=fr"},
	"/image/repository":               {"--set", "image.repository="},
	"/image/pullPolicy":               {"--set", "image.pullPolicy=Sometimes"},
	"/networkPolicy/apiServerPorts/0": {"--set", "networkPolicy.apiServerPorts={70000}"},
	"/memoryLimit":                    {"--set", "memoryLimit=450Mi"},
	"/fabric/0/kind":                  {"--set-json", `fabric=[{"apiVersion":"portolan.dev/v1alpha1","kind":"Expectations","spec":{}}]`},
	"/watch/0":                        {"--set-json", "watch=[1]"},
	"'evnets'":                        {"--set", "evnets=true"},
	"'limit'":                         {"--set-json", `resources={"limit":{"memory":"1Gi"}}`},
}

// TestDeploy: the chart as helm itself renders it, and kustomize's base as kubectl
// does, are objects that the API server takes with every field known to it; both run
// the same pod with the same rights; and the namespace's own security level lets it in.
func TestDeploy(t *testing.T) {
	c := start(t)
	crd, err := parseObjects([]byte(podMonitors))
	must(t, err)
	c.Register(crd)
	full := filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(full, []byte(fullValues), 0o600))

	if did := c.Helm("lint", "--strict", chartDir); did.Code != 0 {
		t.Errorf("helm lint: %s%s", did.Out, did.Err)
	}
	for value, flags := range wrongValues {
		did := c.Helm(slices.Concat([]string{"template", "watch", chartDir}, flags)...)
		if did.Code == 0 || !strings.Contains(did.Err, "values don't meet") || !strings.Contains(did.Err, value) {
			t.Errorf("%s is not refused for %s: exit %d: %s", flags, value, did.Code, did.Err)
		}
	}

	base := c.Kubectl("admin", "", "kustomize", kustomizeDir+"/base")
	c.Kubectl("admin", "", "apply", "--validate=strict", "-k", kustomizeDir+"/base")
	c.Kubectl("admin", c.Kubectl("admin", "", "kustomize", overlay(t)), "apply", "--dry-run=server", "--validate=strict", "-f", "-")
	kustomized := c.strict(base)
	byDefault := c.strict(c.rendered())
	c.strict(c.rendered("-f", full))
	sameRun(t, kustomized, byDefault)

	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: "portolan"}, Spec: one[appsv1.Deployment](t, kustomized, "Deployment").Spec.Template.Spec}
	if _, err := c.Client.CoreV1().Pods("portolan").Create(t.Context(), &pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
		t.Errorf("its namespace does not admit the pod: %v", err)
	}
	pod.Spec.Containers[0].SecurityContext = nil
	if _, err := c.Client.CoreV1().Pods("portolan").Create(t.Context(), &pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err == nil {
		t.Error("its namespace admits anything")
	}
	c.released(full)
}

// released installs the chart, upgrades and uninstalls it; nothing is left.
func (c *Cluster) released(values string) {
	c.t.Helper()
	for _, args := range [][]string{
		{"install", "seen", chartDir, "-n", "seen", "--create-namespace"},
		{"upgrade", "seen", chartDir, "-n", "seen", "-f", values},
		{"uninstall", "seen", "-n", "seen"},
	} {
		if did := c.Helm(args...); did.Code != 0 {
			c.t.Fatalf("helm %s: %s%s", args, did.Out, did.Err)
		}
		n := strings.Count(c.Kubectl("admin", "", "get", "deployments,serviceaccounts,networkpolicies,clusterroles,clusterrolebindings,podmonitors", "-A", "-o", "name", "-l", "app.kubernetes.io/instance=seen"), "\n")
		if want := map[string]int{"install": 5, "upgrade": 8}[args[0]]; n != want {
			c.t.Errorf("after helm %s there are %d objects, not %d", args[0], n, want)
		}
	}
}

// overlay is a kustomization of the base with all components.
func overlay(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(kustomizeDir)
	must(t, err)
	up, err := filepath.Rel(dir, here)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), fmt.Appendf(nil,
		"resources: [%[1]s/base]\ncomponents: [%[1]s/events, %[1]s/podmonitor]\n", up), 0o600))
	return dir
}

// rendered is the chart as helm renders it.
func (c *Cluster) rendered(flags ...string) string {
	c.t.Helper()
	did := c.Helm(slices.Concat([]string{"template", "watch", chartDir, "-n", "portolan"}, flags)...)
	if did.Code != 0 {
		c.t.Fatalf("helm template %s: %s", flags, did.Err)
	}
	return did.Out
}

// strict is what the API server makes of objects, of which it has to know every field.
func (c *Cluster) strict(text string) []unstructured.Unstructured {
	c.t.Helper()
	var list unstructured.UnstructuredList
	must(c.t, json.Unmarshal([]byte(c.Kubectl("admin", text, "apply", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-")), &list))
	return list.Items
}

// one is the first object of a kind.
func one[T any](t *testing.T, all []unstructured.Unstructured, kind string) *T {
	t.Helper()
	var out T
	i := slices.IndexFunc(all, func(o unstructured.Unstructured) bool { return o.GetKind() == kind })
	if i < 0 {
		t.Fatalf("there is no %s", kind)
	}
	must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(all[i].Object, &out))
	return &out
}

// sameRun: the same pod with the same rights, whoever rendered it; but for names, the
// image, and flags that say what is so without them.
func sameRun(t *testing.T, kustomized, chart []unstructured.Unstructured) {
	t.Helper()
	pods := [2]corev1.PodSpec{}
	for i, all := range [2][]unstructured.Unstructured{kustomized, chart} {
		p := one[appsv1.Deployment](t, all, "Deployment").Spec.Template.Spec
		p.ServiceAccountName, p.DeprecatedServiceAccount = "", ""
		p.Containers[0].Image, p.Containers[0].ImagePullPolicy, p.Containers[0].Args = "", "", nil
		p.Affinity = cmp.Or(p.Affinity, &corev1.Affinity{})
		pods[i] = p
	}
	if d := gocmp.Diff(pods[0], pods[1]); d != "" {
		t.Errorf("the pod of kustomize (-) and of the chart:\n%s", d)
	}
	if d := gocmp.Diff(one[rbacv1.ClusterRole](t, kustomized, "ClusterRole").Rules, one[rbacv1.ClusterRole](t, chart, "ClusterRole").Rules); d != "" {
		t.Errorf("the role of kustomize (-) and of the chart:\n%s", d)
	}
	a, b := one[networkingv1.NetworkPolicy](t, kustomized, "NetworkPolicy").Spec, one[networkingv1.NetworkPolicy](t, chart, "NetworkPolicy").Spec
	a.PodSelector, b.PodSelector = metav1.LabelSelector{}, metav1.LabelSelector{}
	if d := gocmp.Diff(a, b); d != "" {
		t.Errorf("the NetworkPolicy of kustomize (-) and of the chart:\n%s", d)
	}
}
