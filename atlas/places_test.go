package atlas

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/reach"
)

// The cluster of the post: from outside http answers and ssh does not; of the nodes
// ssh's own gets to it, n2.
func TestPlaces(t *testing.T) {
	c := shared(t)
	for from, want := range map[string][]string{
		"external":        {"external > test/http-0 +1: all 8080", "external > test/ssh-0: none none"},
		"external/branch": {"external/branch > test/http-0 +1: all 8080", "external/branch > test/ssh-0: none none"},
		"node/n1":         {"node/n1 > test/http-0 +1: all 8080", "node/n1 > test/ssh-0: none none"},
		"node/n2":         {"node/n2 > test/http-0 +1: all 8080", "node/n2 > test/ssh-0: all 2222"},
	} {
		m := drawn(t, c, Options{From: from})
		if got := cellWords(m); !slices.Equal(got, want) {
			t.Errorf("%s: %q", from, got)
		}
		for i := range m.Services {
			if s := &m.Services[i]; s.Pods.Of > 0 || (s.Outside.Of > 0) == (s.Nodes.Of > 0) {
				t.Errorf("%s: %s is asked by others: %+v", from, s.Title, s)
			}
		}
		if m.Graph == nil || len(m.Graph.Edges) != 4 {
			t.Errorf("%s: %+v", from, m.Graph)
		}
	}
	m := drawn(t, c, Options{From: "external", To: "svc/test/ssh"})
	if got := cellWords(m); !slices.Equal(got, []string{"external > test/ssh-0: none none"}) || len(m.Services) != 1 {
		t.Errorf("%q, %d Services", got, len(m.Services))
	}
}

// What the row of external says is what the whole map says of Services: a cell is
// open where one behind it answers all, closed where each behind it answers nobody.
func TestPlacesAgree(t *testing.T) {
	open, closed := 0, 0
	for seed := range uint64(30) {
		c := reach.Compile(compile(t, generate.Tangle(generate.Kind(seed%2), seed).Snapshot))
		whole, m := drawn(t, c, Options{By: ByWorkload}), drawn(t, c, Options{By: ByWorkload, From: "external"})
		level := map[string][]flow.Verdict{}
		sums := map[string]Sum{}
		for i := range whole.Services {
			s := &whole.Services[i]
			if s.Outside.Of == 0 {
				continue
			}
			sums[s.Title] = s.Outside
			for _, j := range s.Behind {
				name := whole.Columns[j].Name
				level[name] = append(level[name], s.Outside.Verdict)
			}
		}
		if len(m.Services) != len(sums) {
			t.Fatalf("seed %d: %d Services, want %d", seed, len(m.Services), len(sums))
		}
		for i := range m.Services {
			if s := &m.Services[i]; s.Outside.Verdict != sums[s.Title].Verdict || s.Outside.Reached != sums[s.Title].Reached {
				t.Errorf("seed %d: %s: %+v, want %+v", seed, s.Title, s.Outside, sums[s.Title])
			}
		}
		grid := m.Grid()
		if len(m.Columns) != len(level) {
			t.Errorf("seed %d: %d columns, want %d", seed, len(m.Columns), len(level))
		}
		for j := range m.Columns {
			l, behind := &m.Lines[grid[0][j]], level[m.Columns[j].Name]
			switch {
			case slices.Contains(behind, flow.Reachable):
				open++
				if len(l.Some) == 0 {
					t.Errorf("seed %d: %s is closed, and Services answer %v", seed, m.Columns[j].Name, behind)
				}
			case !slices.ContainsFunc(behind, func(v flow.Verdict) bool { return v != flow.NotReachable }):
				closed++
				if !l.None() {
					t.Errorf("seed %d: %s has %v, and no Service answers", seed, m.Columns[j].Name, l.Some)
				}
			}
		}
	}
	if open < 10 || closed < 10 {
		t.Errorf("%d open, %d closed: too few", open, closed)
	}
}
