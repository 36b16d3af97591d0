package explain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
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

// example loads examples/shared-vip, with more objects beside.
func example(tb testing.TB, more ...string) *model.Model {
	tb.Helper()
	in, err := manifest.Load([]string{"../examples/shared-vip"}, manifest.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if len(more) > 0 {
		extra, err := manifest.Parse("more.yaml", []byte(strings.Join(more, "---\n")), manifest.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		in.Snapshot.NetworkPolicies = append(in.Snapshot.NetworkPolicies, extra.Snapshot.NetworkPolicies...)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// policyAt is a policy of namespace test with a time of creation.
func policyAt(name, created, spec string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: test, name: %s, creationTimestamp: '%s'}\nspec: {%s}\n", name, created, spec)
}

func walk(tb testing.TB, m *model.Model, from, to, via string) *path.Answer {
	tb.Helper()
	a, err := path.Walk(m, path.Question{From: from, To: to, Via: via})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func names(objects []flow.Object) string {
	var out []string
	for _, o := range objects {
		out = append(out, o.Name)
	}
	return strings.Join(out, " ")
}

// manyNodes is a cluster of n nodes with one endpoint, on n0.
func manyNodes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{apiVersion: v1, kind: Node, metadata: {name: n%d}, spec: {podCIDRs: [10.%d.%d.0/24]}, status: {addresses: [{type: InternalIP, address: 172.16.%d.%d}], conditions: [{type: Ready, status: 'True'}]}}\n---\n", i, 100+i/256, i%256, i/200, 1+i%200)
	}
	b.WriteString("{apiVersion: v1, kind: Namespace, metadata: {name: test}}\n---\n")
	b.WriteString("{apiVersion: v1, kind: Pod, metadata: {namespace: test, name: web, labels: {app: web}}, spec: {nodeName: n0, containers: [{name: c, ports: [{containerPort: 80}]}]}, status: {phase: Running, conditions: [{type: Ready, status: 'True'}], podIPs: [{ip: 10.100.0.10}]}}\n---\n")
	b.WriteString("{apiVersion: v1, kind: Service, metadata: {namespace: test, name: web}, spec: {type: LoadBalancer, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], selector: {app: web}, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 198.51.100.17}]}}}\n")
	return b.String()
}
