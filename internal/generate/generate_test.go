package generate_test

import (
	"reflect"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// The same size and seed make the same cluster, of the size asked, with no
// address given twice.
func TestCluster(t *testing.T) {
	s := generate.Cluster(generate.Medium, 1)
	if !reflect.DeepEqual(s, generate.Cluster(generate.Medium, 1)) {
		t.Error("two clusters of one seed differ")
	}
	want := generate.Medium
	if len(s.Nodes) != want.Nodes || len(s.Pods) != want.Pods || len(s.Services) != want.Services || len(s.NetworkPolicies) != want.Policies {
		t.Errorf("%d nodes, %d pods, %d Services, %d policies", len(s.Nodes), len(s.Pods), len(s.Services), len(s.NetworkPolicies))
	}
	seen := map[string]string{}
	for i := range s.Pods {
		p := &s.Pods[i]
		ip := p.IPs[0].String()
		if seen[ip] != "" {
			t.Fatalf("%s and %s have %s", seen[ip], p.Name, ip)
		}
		seen[ip] = p.Name
	}
}

// What is generated must have something to decide: all the verdicts occur.
func TestClusterIsWorthAsking(t *testing.T) {
	m := compile(t, generate.Medium)
	verdicts := map[flow.Verdict]int{}
	for i := range m.Snapshot.Services {
		svc := &m.Snapshot.Services[i]
		if svc.Type != cluster.ServiceLoadBalancer {
			continue
		}
		verdicts[ask(t, m, "external/client", "svc/"+svc.Namespace+"/"+svc.Name).Verdict]++
	}
	for _, v := range []flow.Verdict{flow.Reachable, flow.NotReachable} {
		if verdicts[v] == 0 {
			t.Errorf("no Service is %v: %v", v, verdicts)
		}
	}
}

func compile(tb testing.TB, size generate.Size) *model.Model {
	tb.Helper()
	m, err := model.Compile(generate.Cluster(size, 1))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func ask(tb testing.TB, m *model.Model, from, to string) *path.Answer {
	tb.Helper()
	a, err := path.Ask(m, path.Question{From: from, To: to})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// Compile of a decoded Snapshot at Kubernetes' limits.
func BenchmarkCompileLimits(b *testing.B) {
	s := generate.Cluster(generate.Limits, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Compile(s); err != nil {
			b.Fatal(err)
		}
	}
}

// One whole trace at Kubernetes' limits: from outside through any of 5,000
// nodes, from a pod, from a node.
func BenchmarkTraceLimits(b *testing.B) {
	m := compile(b, generate.Limits)
	for _, q := range []struct{ name, from, to string }{
		{"external", "external/client", lb(m, false)},
		{"externalLocal", "external/client", lb(m, true)},
		{"pod", "pod/" + m.Snapshot.Pods[0].Namespace + "/" + m.Snapshot.Pods[0].Name, lb(m, false)},
		{"node", "node/node-1", lb(m, false)},
	} {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, m, q.from, q.to)
			}
		})
	}
}

func lb(m *model.Model, local bool) string {
	for i := range m.Snapshot.Services {
		svc := &m.Snapshot.Services[i]
		if svc.Type == cluster.ServiceLoadBalancer && (svc.ExternalTrafficPolicy == cluster.PolicyLocal) == local {
			return "svc/" + svc.Namespace + "/" + svc.Name + "@vip"
		}
	}
	return ""
}
