package diff

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

// BenchmarkAfter is what one moment of a watched cluster of 1,000 pods costs, by what
// changed.
func BenchmarkAfter(b *testing.B) {
	s := generate.Cluster(generate.Medium, 1)
	m, err := model.Compile(s)
	if err != nil {
		b.Fatal(err)
	}
	c := reach.Compile(m)
	run := func(name string, change func(*cluster.Snapshot)) {
		n := *s
		change(&n)
		b.Run(name, func(b *testing.B) {
			told := 0
			for range b.N {
				r, _, err := After(c, &n)
				if err != nil {
					b.Fatal(err)
				}
				told = len(r.Services) + len(r.Connections)
			}
			b.ReportMetric(float64(told), "told")
		})
	}
	run("policy", func(n *cluster.Snapshot) { n.NetworkPolicies = slices.Clone(n.NetworkPolicies)[1:] })
	run("denyall", func(n *cluster.Snapshot) {
		p := cluster.NetworkPolicy{IsolatesIngress: true}
		p.Name, p.Namespace = "deny", s.Pods[0].Namespace
		n.NetworkPolicies = append(slices.Clone(n.NetworkPolicies), p)
	})
	run("podready", func(n *cluster.Snapshot) { n.Pods = slices.Clone(n.Pods); n.Pods[500].Ready = false })
	run("podlabel", func(n *cluster.Snapshot) {
		n.Pods = slices.Clone(n.Pods)
		n.Pods[500].Labels = cluster.Labels{"x": "y"}
	})
	run("slice", func(n *cluster.Snapshot) {
		n.EndpointSlices = slices.Clone(n.EndpointSlices)
		e := slices.Clone(n.EndpointSlices[3].Endpoints)
		e[0].Ready = false
		e[0].Serving = false
		n.EndpointSlices[3].Endpoints = e
	})
	run("sliceempty", func(n *cluster.Snapshot) {
		n.EndpointSlices = slices.Clone(n.EndpointSlices)
		n.EndpointSlices[3].Endpoints = nil
	})
	run("service", func(n *cluster.Snapshot) { n.Services = slices.Clone(n.Services)[1:] })
	run("nodelabel", func(n *cluster.Snapshot) {
		n.Nodes = slices.Clone(n.Nodes)
		n.Nodes[0].Labels = cluster.Labels{"a": "b"}
	})
}
