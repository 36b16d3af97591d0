package reach

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// wholeOf is everything a Chart says of all its pods and Services.
type wholeOf struct {
	flows  []Flow
	fronts []Front
}

func wholeChart(c *Chart) wholeOf {
	w := wholeOf{flows: slices.Collect(c.Flows)}
	for f := range c.Fronts {
		w.fronts = append(w.fronts, *f)
	}
	return w
}

// Readers that work at the same time say what one says alone; also after a
// policy was replaced, and of Services one by one.
func TestReader(t *testing.T) {
	s := generate.Cluster(generate.Medium, 3)
	replaced := func() *Chart {
		p := s.NetworkPolicies[1]
		p.IsolatesEgress, p.Egress = true, []cluster.PolicyRule{{}}
		c, _ := Compile(compileSnapshot(t, s)).Replace(&s.NetworkPolicies[1], &p)
		return c
	}
	for name, chart := range map[string]func() *Chart{
		"compiled": func() *Chart { return Compile(compileSnapshot(t, s)) },
		"replaced": replaced,
	} {
		t.Run(name, func(t *testing.T) {
			want := wholeChart(chart())
			c := chart()
			readers := []*Chart{c, c.Reader(), c.Reader(), c.Reader().Reader()}
			got := make([]wholeOf, len(readers))
			var all sync.WaitGroup
			for i, r := range readers {
				all.Go(func() { got[i] = wholeChart(r) })
			}
			all.Wait()
			for i := range got {
				if !reflect.DeepEqual(got[i].flows, want.flows) {
					t.Errorf("reader %d has other flows", i)
				}
				if !reflect.DeepEqual(got[i].fronts, want.fronts) {
					t.Errorf("reader %d has other fronts", i)
				}
			}
		})
	}
}
