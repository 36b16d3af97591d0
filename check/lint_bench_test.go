package check_test

import (
	"fmt"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

// BenchmarkLint looks at clusters of every size that benchmarks name, after
// model.Compile.
func BenchmarkLint(b *testing.B) {
	for _, size := range []generate.Size{generate.Small, generate.Medium, generate.Large, generate.Limits} {
		b.Run(fmt.Sprintf("%d-pods", size.Pods), func(b *testing.B) {
			m, err := model.Compile(generate.Cluster(size, 1))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if l := check.Run(m, check.Options{}); l.Objects < size.Services {
					b.Fatalf("%d objects", l.Objects)
				}
			}
		})
	}
}

// The worst a label can do: every pod and every Service has its own value, and
// every policy selects one pod, or all of them by an expression.
func BenchmarkLintOwnLabels(b *testing.B) {
	s := generate.Cluster(generate.Large, 1)
	for i := range s.Pods {
		s.Pods[i].Labels = cluster.Labels{"pod": fmt.Sprint(i), "app": "x"}
	}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		p.PodSelector = cluster.LabelSelector{MatchLabels: cluster.Labels{"pod": fmt.Sprint(i)}}
		if i%2 == 0 {
			p.PodSelector = cluster.LabelSelector{MatchExpressions: []cluster.Requirement{{Key: "pod", Operator: cluster.OpNotIn, Values: []string{fmt.Sprint(i)}}}}
		}
	}
	m, err := model.Compile(s)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if l := check.Run(m, check.Options{}); l.Objects == 0 {
			b.Fatal("nothing was looked at")
		}
	}
}
