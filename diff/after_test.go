package diff

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

// TestAfter: going on from one version to the next says what comparing the two from
// scratch says.
func TestAfter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := generate.Cluster(generate.Small, 7)
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	chart, told := reach.Compile(m), 0
	for n := range 60 {
		next := *s
		change(r, &next, n)
		want, err := Compare(s, &next)
		if err != nil {
			t.Fatal(err)
		}
		got, young, err := After(chart, &next)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Objects, want.Objects) || !reflect.DeepEqual(got.Services, want.Services) || !reflect.DeepEqual(got.Connections, want.Connections) {
			t.Fatalf("change %d: %d, %d, %d; from scratch %d, %d, %d", n, len(got.Objects), len(got.Services), len(got.Connections), len(want.Objects), len(want.Services), len(want.Connections))
		}
		told += len(got.Services) + len(got.Connections)
		s, chart = &next, young
	}
	if told < 20 {
		t.Errorf("only %d things were lost and gained", told)
	}
}

// change changes one thing at random.
func change(r *rand.Rand, s *cluster.Snapshot, n int) {
	switch n % 5 {
	case 0:
		at := r.IntN(len(s.NetworkPolicies))
		s.NetworkPolicies = slices.Delete(slices.Clone(s.NetworkPolicies), at, at+1)
	case 1:
		p := cluster.NetworkPolicy{IsolatesIngress: true}
		p.Name, p.Namespace = "deny", s.Pods[r.IntN(len(s.Pods))].Namespace
		if !slices.ContainsFunc(s.NetworkPolicies, func(o cluster.NetworkPolicy) bool { return o.Object() == p.Object() }) {
			s.NetworkPolicies = append(slices.Clone(s.NetworkPolicies), p)
		}
	case 2:
		s.Pods = slices.Clone(s.Pods)
		s.Pods[r.IntN(len(s.Pods))].Labels = cluster.Labels{"other": "yes"}
	case 3:
		s.EndpointSlices = slices.Clone(s.EndpointSlices)
		s.EndpointSlices[r.IntN(len(s.EndpointSlices))].Endpoints = nil
	case 4:
		at := r.IntN(len(s.Services))
		s.Services = slices.Delete(slices.Clone(s.Services), at, at+1)
	}
}
