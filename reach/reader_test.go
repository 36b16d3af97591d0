package reach

import (
	"fmt"
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

// replacedChart is a Chart in which a policy came to open egress.
func replacedChart(t *testing.T, s *cluster.Snapshot) *Chart {
	p := s.NetworkPolicies[1]
	p.IsolatesEgress, p.Egress = true, []cluster.PolicyRule{{}}
	c, _ := Compile(compileSnapshot(t, s)).Replace(&s.NetworkPolicies[1], &p)
	return c
}

// Readers that work at the same time say what one says alone; also after a
// policy was replaced, and of Services one by one.
func TestReader(t *testing.T) {
	s := generate.Cluster(generate.Medium, 3)
	for name, chart := range map[string]func() *Chart{
		"compiled": func() *Chart { return Compile(compileSnapshot(t, s)) },
		"replaced": func() *Chart { return replacedChart(t, s) },
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

// Fronts that are worked out on several cores are those that one works out.
func TestFrontsOf(t *testing.T) {
	s := generate.Cluster(generate.Medium, 4)
	var services []*cluster.Service
	for i := range s.Services {
		services = append(services, &s.Services[i])
	}
	m := compileSnapshot(t, s)
	flows := 0
	beside := func(c *Chart) func() {
		flows = 0
		return func() {
			for range c.Flows {
				flows++
			}
		}
	}
	one, several := Compile(m), Compile(m)
	want := one.FrontsOf(services, nil, beside(one))
	wantFlows := flows
	got := several.FrontsOf(services, everyCore, beside(several))
	if !reflect.DeepEqual(shown(got), shown(want)) || flows != wantFlows || flows == 0 {
		t.Errorf("several cores: %d flows, one: %d; or other fronts", flows, wantFlows)
	}
	for i, svc := range services {
		if !reflect.DeepEqual(shown(got[i:i+1]), shown([][]Front{one.Service(svc)})) {
			t.Fatalf("%s/%s: not the fronts of the Service", svc.Namespace, svc.Name)
		}
	}
}

// shown are fronts as text: they hold pointers into the Chart they come from.
func shown(all [][]Front) []string {
	var out []string
	for _, fronts := range all {
		for i := range fronts {
			f := &fronts[i]
			out = append(out, fmt.Sprint(f.Kind, f.Addr, f.Port, f.Outside, len(f.Nodes), len(f.Pods)))
			for _, n := range f.Nodes {
				out = append(out, fmt.Sprint(n.Nodes.Names(), n.Answer))
			}
			for _, p := range f.Pods {
				out = append(out, fmt.Sprint(slices.Collect(p.Units.All), p.All, p.Nodes.Names(), len(p.Self), p.Pods, p.Answer))
			}
		}
	}
	return out
}
