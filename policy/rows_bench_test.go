package policy

import (
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// BenchmarkRowsLimits reads every row of a cluster at Kubernetes' limits: the
// permissions of each group of classes, both directions.
func BenchmarkRowsLimits(b *testing.B) {
	s := generate.Cluster(generate.Limits, 1)
	t := Compile(s, cluster.NewIndex(s), letter())
	b.ReportAllocs()
	for b.Loop() {
		rows, err := t.Rows()
		if err != nil {
			b.Fatal(err)
		}
		groups, permissions := map[string]bool{}, 0
		for class := range rows.Classes() {
			for _, d := range []Direction{Ingress, Egress} {
				if id := rows.Identity(class, d); id != "" && !groups[id] {
					groups[id] = true
					permissions += len(rows.Permissions(class, d))
				}
			}
		}
		b.ReportMetric(float64(rows.Classes()), "classes")
		b.ReportMetric(float64(len(groups)), "groups")
		b.ReportMetric(float64(permissions), "permissions")
	}
}
