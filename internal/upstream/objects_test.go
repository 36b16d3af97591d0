package upstream

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/scenario"
)

const scenarios = "../../testdata/scenarios"

// each calls f with every cluster of every scenario.
func each(t *testing.T, f func(t *testing.T, s *cluster.Snapshot)) {
	t.Helper()
	files, err := scenario.Find(scenarios)
	if err != nil || len(files) < 100 {
		t.Fatalf("%d scenarios: %v", len(files), err)
	}
	for _, file := range files {
		s, err := scenario.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Blocks {
			under, err := s.Under(&s.Blocks[i], scenarios+"/labs")
			if err != nil {
				t.Fatal(file, err)
			}
			for j := range under {
				f(t, &under[j].Snapshot)
			}
		}
	}
}

// TestConvert: what kube-proxy is told reads as the cluster that it was made
// from, for every Service and slice of every scenario.
func TestConvert(t *testing.T) {
	services, some := 0, 0
	each(t, func(t *testing.T, s *cluster.Snapshot) {
		o := Convert(s)
		if len(o.Services)+len(o.Slices) == 0 {
			return
		}
		in, err := manifest.Parse("converted", list(t, o), manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(in.Snapshot.Services) != len(s.Services) || len(in.Snapshot.EndpointSlices) != len(s.EndpointSlices) {
			t.Fatalf("%d Services of %d, %d slices of %d", len(in.Snapshot.Services), len(s.Services), len(in.Snapshot.EndpointSlices), len(s.EndpointSlices))
		}
		for i := range s.Services {
			same(t, plainService(s.Services[i]), plainService(in.Snapshot.Services[i]))
			services++
		}
		for i := range s.EndpointSlices {
			same(t, plainSlice(s.EndpointSlices[i]), plainSlice(in.Snapshot.EndpointSlices[i]))
			some++
		}
	})
	if services < 300 || some < 300 {
		t.Errorf("only %d Services and %d slices", services, some)
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Errorf("was\n%+v\nreads\n%+v", want, got)
	}
}

// list is what kubectl prints of the objects.
func list(t *testing.T, o Objects) []byte {
	t.Helper()
	all := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Items      []any  `json:"items"`
	}{"v1", "List", nil}
	for _, one := range o.Services {
		one.APIVersion, one.Kind = "v1", "Service"
		all.Items = append(all.Items, one)
	}
	for _, one := range o.Slices {
		one.APIVersion, one.Kind = "discovery.k8s.io/v1", "EndpointSlice"
		all.Items = append(all.Items, one)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// plainService is the Service without what only its file tells.
func plainService(s cluster.Service) cluster.Service {
	s.Meta = cluster.Meta{Namespace: s.Namespace, Name: s.Name}
	s.Ports = slices.Clone(s.Ports)
	for i := range s.Ports {
		s.Ports[i].Position = flow.Position{}
	}
	if len(s.Selector) == 0 {
		s.Selector = nil // no selector is none
	}
	if len(s.Families) == 0 { // kube-proxy is told an address that was made up as any other
		for _, ip := range s.ClusterIPs {
			s.Families = append(s.Families, ip.Is6())
		}
	}
	s.Invented = false
	return s
}

// plainSlice likewise. Both families of one Endpoints object had one name, and a
// name of a host is not read.
func plainSlice(s cluster.EndpointSlice) cluster.EndpointSlice {
	s.Meta, s.Derived = cluster.Meta{Namespace: s.Namespace}, false
	return s
}

// TestNames: a watch knows objects by their names.
func TestNames(t *testing.T) {
	in, err := manifest.Parse("test", []byte(`
apiVersion: v1
kind: Service
metadata: {name: db, namespace: app}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: db, namespace: app}
subsets: [{addresses: [{ip: 10.244.1.1}, {ip: "fd00:1::1"}], ports: [{port: 80}]}]
`), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := Convert(in.Snapshot)
	if len(o.Slices) != 2 || o.Slices[0].Name == o.Slices[1].Name {
		t.Fatalf("got %v", o.Slices)
	}
	for _, s := range o.Slices {
		if _, headless := s.Labels[corev1.IsHeadlessService]; !headless || s.Labels[discoveryv1.LabelServiceName] != "db" {
			t.Errorf("labels %v", s.Labels)
		}
	}
}
