package oracle_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// TestAskFoldsWalk: where one trace stands for many, nothing may be lost. The
// fates with how many paths end so, and over the paths that end alike the
// endpoints and the sources, are those of the walk that takes them one by one.
func TestAskFoldsWalk(t *testing.T) {
	folded := 0
	for seed := uint64(1); seed <= uint64(*questions/perCluster); seed++ {
		g := generate.Tangle(generate.Whole, seed)
		if seed%4 != 0 {
			uniform(g.Snapshot)
		}
		m, err := model.Compile(g.Snapshot)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for range perCluster {
			q := g.Question()
			pq := path.Question{From: q.From, To: q.Target(), Via: q.Via}
			one, err := path.Walk(m, pq)
			if err != nil {
				t.Fatalf("seed %d: %v: %v", seed, q, err)
			}
			many, err := path.Ask(m, pq)
			if err != nil {
				t.Fatalf("seed %d: %v: %v", seed, q, err)
			}
			if len(many.Traces) < len(one.Traces) {
				folded++
			}
			if a, b := summary(one), summary(many); !slices.Equal(a, b) || one.Verdict != many.Verdict {
				t.Errorf("seed %d: %v\n  one by one %v %v\n  folded     %v %v", seed, q, one.Verdict, a, many.Verdict, b)
				report(t, seed, g.Snapshot, q)
				return
			}
		}
	}
	if folded < *questions/100 {
		t.Errorf("only %d of %d questions had anything to fold", folded, *questions)
	}
}

// uniform makes pods and nodes alike, as replicas are.
func uniform(s *cluster.Snapshot) {
	for i := range s.Nodes {
		s.Nodes[i].Labels = nil
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		p.Ports = []cluster.ContainerPort{{Name: "web", Port: 8080, Protocol: flow.TCP}}
		p.Labels = cluster.Labels{"app": p.Namespace}
	}
}

// summary is how many paths end in which way, and the endpoints and sources of
// each way, as sets.
func summary(a *path.Answer) []string {
	type way struct {
		fate flow.Fate
		seen flow.Seen
	}
	count := map[way]int{}
	ends := map[way][]string{}
	for i := range a.Traces {
		t := &a.Traces[i]
		w := way{t.Fate, t.Seen}
		count[w] += t.Count
		for _, e := range t.Endpoints {
			ends[w] = append(ends[w], "to "+e.String())
		}
		for _, s := range t.Sources() {
			ends[w] = append(ends[w], "from "+s.String())
		}
	}
	var out []string
	for w, n := range count {
		slices.Sort(ends[w])
		out = append(out, fmt.Sprint(w.fate, " ", w.seen, " ", n, " ", slices.Compact(ends[w])))
	}
	slices.Sort(out)
	return out
}
