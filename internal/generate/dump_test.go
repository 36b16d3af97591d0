package generate_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/manifest"
)

// What is written is read as the cluster that it was, with bulk or without.
func TestWriteJSON(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		s := generate.Cluster(generate.Small, 3)
		// What Cluster does not make: a pod like the one before but for this.
		s.Pods[1].Ready, s.Pods[2].HostNetwork, s.Pods[3].Phase = false, true, cluster.PodSucceeded
		s.Pods[4].Ports = append(s.Pods[4].Ports[:1:1], cluster.ContainerPort{Name: s.Pods[4].Ports[0].Name, Port: 53, Protocol: flow.UDP})
		s.Pods[5].Owner = flow.Object{}
		var text bytes.Buffer
		if err := generate.WriteJSON(&text, s, bulk); err != nil {
			t.Fatal(err)
		}
		in, err := manifest.Parse("cluster.json", text.Bytes(), manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := in.Snapshot
		for i := range got.Pods {
			got.Pods[i].HostIPs, got.Pods[i].Position = nil, flow.Position{}
		}
		same(t, "pods", got.Pods, s.Pods)
		for i := range got.NetworkPolicies {
			p := &got.NetworkPolicies[i]
			p.Position = flow.Position{}
			for _, rules := range [][]cluster.PolicyRule{p.Ingress, p.Egress} {
				nowhere(rules)
			}
		}
		same(t, "policies", got.NetworkPolicies, s.NetworkPolicies)
		if len(got.Nodes) != len(s.Nodes) || len(got.Namespaces) != len(s.Namespaces) || len(got.Services) != len(s.Services) || len(got.EndpointSlices) != len(s.EndpointSlices) {
			t.Errorf("%d nodes, %d namespaces, %d Services, %d slices", len(got.Nodes), len(got.Namespaces), len(got.Services), len(got.EndpointSlices))
		}
		if per := text.Len() / len(s.Pods); bulk && per < 8000 {
			t.Errorf("%d bytes for each pod: people's are larger", per)
		}
	}
}

func same[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d %s, want %d", len(got), what, len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s %d: %+v, want %+v", what, i, got[i], want[i])
			return
		}
	}
}

// nowhere forgets where rules stand.
func nowhere(rules []cluster.PolicyRule) {
	for i := range rules {
		r := &rules[i]
		r.Position = flow.Position{}
		for j := range r.Peers {
			r.Peers[j].Position = flow.Position{}
		}
		for j := range r.Ports {
			r.Ports[j].Position = flow.Position{}
		}
	}
}
