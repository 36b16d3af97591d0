package kubetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Random changes one object at random: labels and conditions of pods, policies,
// Services, slices, namespaces and nodes, coming and going. It says what it did.
func (l *Live) Random(t testing.TB, r *rand.Rand) string {
	t.Helper()
	namespaces := l.Keys("namespaces")
	ns := strings.TrimPrefix(pick(r, namespaces), "/")
	switch n := r.IntN(20); {
	case n < 6:
		return l.randomPolicy(t, r, ns)
	case n < 13:
		return l.randomPod(t, r, ns)
	case n < 15:
		return l.edit(t, r, "services", "Service", "v1", func(o map[string]any) {
			spec := mappingOf(o, "spec")
			switch r.IntN(3) {
			case 0:
				spec["externalTrafficPolicy"] = pick(r, []string{"Cluster", "Local"})
			case 1:
				spec["loadBalancerSourceRanges"] = []any{pick(r, []string{"203.0.113.0/24", "10.0.0.0/8", "0.0.0.0/0"})}
			default:
				delete(spec, "loadBalancerSourceRanges")
			}
		})
	case n < 17:
		return l.edit(t, r, "endpointslices.discovery.k8s.io", "EndpointSlice", "discovery.k8s.io/v1", func(o map[string]any) {
			for _, e := range list(o, "endpoints") {
				mappingOf(e, "conditions")["ready"] = r.IntN(3) > 0
			}
		})
	case n < 19:
		return l.edit(t, r, "namespaces", "Namespace", "v1", func(o map[string]any) {
			mappingOf(mappingOf(o, "metadata"), "labels")["team"] = pick(r, []string{"a", "b"})
		})
	default:
		return l.edit(t, r, "nodes", "Node", "v1", func(o map[string]any) {
			mappingOf(mappingOf(o, "metadata"), "labels")["zone"] = pick(r, []string{"a", "b"})
		})
	}
}

func pick[T any](r *rand.Rand, all []T) T {
	var zero T
	if len(all) == 0 {
		return zero
	}
	return all[r.IntN(len(all))]
}

// mappingOf is a mapping within another, made where it is missing.
func mappingOf(o map[string]any, name string) map[string]any {
	m, ok := o[name].(map[string]any)
	if !ok {
		m = map[string]any{}
		o[name] = m
	}
	return m
}

func list(o map[string]any, name string) []map[string]any {
	var out []map[string]any
	all, _ := o[name].([]any)
	for _, i := range all {
		if m, ok := i.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// edit changes an object that is there.
func (l *Live) edit(t testing.TB, r *rand.Rand, resource, kind, version string, change func(map[string]any)) string {
	t.Helper()
	key := pick(r, l.Keys(resource))
	ns, name, _ := strings.Cut(key, "/")
	o := l.Object(resource, ns, name)
	if o == nil {
		return "nothing"
	}
	o["kind"], o["apiVersion"] = kind, version
	change(o)
	l.ApplyObject(t, o)
	return "edit " + kind + " " + key
}

func (l *Live) randomPod(t testing.TB, r *rand.Rand, ns string) string {
	t.Helper()
	switch r.IntN(6) {
	case 0:
		name := fmt.Sprintf("extra-%d", r.IntN(5))
		l.Apply(t, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: %s, labels: {app: %s}, managedFields: [{manager: kubectl, time: "2026-01-01T00:00:00Z"}]},
 spec: {nodeName: n1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.%d, conditions: [{type: Ready, status: "True"}]}}`,
			name, ns, pick(r, []string{"http", "ssh", "x"}), 100+r.IntN(5)))
		return "pod " + ns + "/" + name
	case 1:
		name := fmt.Sprintf("extra-%d", r.IntN(5))
		l.Delete("pods", ns, name)
		return "no pod " + ns + "/" + name
	case 2:
		return l.edit(t, r, "pods", "Pod", "v1", func(o map[string]any) {
			mappingOf(mappingOf(o, "metadata"), "labels")["app"] = pick(r, []string{"http", "ssh", "x"})
		})
	case 3:
		// What a kubelet writes all the time, and nobody reads.
		return l.edit(t, r, "pods", "Pod", "v1", func(o map[string]any) {
			mappingOf(o, "status")["heartbeat"] = r.IntN(1000)
		})
	}
	return l.edit(t, r, "pods", "Pod", "v1", func(o map[string]any) {
		mappingOf(o, "status")["conditions"] = []any{map[string]any{"type": "Ready", "status": pick(r, []string{"True", "False"})}}
	})
}

func (l *Live) randomPolicy(t testing.TB, r *rand.Rand, ns string) string {
	t.Helper()
	name := fmt.Sprintf("policy-%d", r.IntN(6))
	if r.IntN(3) == 0 {
		l.Delete("networkpolicies.networking.k8s.io", ns, name)
		return "no policy " + ns + "/" + name
	}
	selector := pick(r, []string{"{}", "{matchLabels: {app: http}}", "{matchLabels: {app: ssh}}", "{matchLabels: {app: x}}"})
	rule := pick(r, []string{
		"[]", "[{}]", "[{from: [{podSelector: {}}]}]", "[{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]",
		"[{ports: [{port: 22}]}]", "[{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]", "[{from: [{ipBlock: {cidr: 10.0.0.0/16, except: [10.0.0.12/32]}}]}]",
	})
	l.Apply(t, fmt.Sprintf(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: %s, managedFields: [{manager: helm, operation: Apply, time: "2026-01-01T00:00:00Z"}]},
 spec: {podSelector: %s, policyTypes: [Ingress], ingress: %s}}`, name, ns, selector, rule))
	return "policy " + ns + "/" + name + " " + selector + " " + rule
}
