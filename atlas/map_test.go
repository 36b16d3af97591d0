package atlas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/reach"
)

func shared(t *testing.T) *reach.Chart {
	t.Helper()
	in, err := manifest.Load([]string{"../examples/shared-vip"}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return reach.Compile(compile(t, in.Snapshot))
}

func drawn(t *testing.T, c *reach.Chart, o Options) *Map {
	t.Helper()
	m, err := Make(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// cells are those of a map in words: "from > to: level, some".
func cellWords(m *Map) []string {
	var out []string
	for i, row := range m.Grid() {
		for j, n := range row {
			if n >= 0 {
				l := &m.Lines[n]
				out = append(out, fmt.Sprintf("%s > %s: %v %v", m.Rows[i].Name, m.Columns[j].Name, LevelOf(l), l.Some))
			}
		}
	}
	return out
}

// The cluster of the post: allow-http admits everybody to the pods of http (8080),
// deny-from-other-namespaces everybody of test to every pod of test; nothing
// isolates prober-0. A pod alone has nobody of its like to ask.
func TestSharedVIP(t *testing.T) {
	m := drawn(t, shared(t), Options{})
	want := []string{
		"monitoring/prober-0 > test/http-0 +1: all 8080",
		"monitoring/prober-0 > test/ssh-0: none none",
		"monitoring/prober-0 > test/worker-0: none none",
		"test/http-0 +1 > monitoring/prober-0: all all",
		"test/http-0 +1 > test/http-0 +1: all 8080",
		"test/http-0 +1 > test/ssh-0: all 2222",
		"test/http-0 +1 > test/worker-0: all all",
		"test/ssh-0 > monitoring/prober-0: all all",
		"test/ssh-0 > test/http-0 +1: all 8080",
		"test/ssh-0 > test/worker-0: all all",
		"test/worker-0 > monitoring/prober-0: all all",
		"test/worker-0 > test/http-0 +1: all 8080",
		"test/worker-0 > test/ssh-0: all 2222",
	}
	if got := cellWords(m); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if m.Whole != 11 || m.Partly != 0 || m.Closed != 2 || m.Unsure != 0 || m.Unknown() {
		t.Errorf("counted %d, %d, %d, %d, unknown %v", m.Whole, m.Partly, m.Closed, m.Unsure, m.Unknown())
	}
	// ssh: nobody outside, the pod's own node alone, and of the pods those that a
	// node does not give its own address: all but two behind the cluster IP.
	ssh := &m.Services[1]
	if ssh.Title != "svc/test/ssh:22" || ssh.Outside.Verdict != flow.NotReachable || ssh.Nodes.Reached != 1 || ssh.Nodes.Of != 3 || ssh.Pods.Reached != 4 || ssh.Pods.Of != 5 {
		t.Errorf("%+v", ssh)
	}
	if http := &m.Services[0]; http.Outside.Verdict != flow.Reachable || http.Nodes.Reached != 3 || http.Pods.Reached != 5 || !slices.Equal(http.Behind, []int{1}) {
		t.Errorf("%+v", http)
	}
	if e := m.Columns[1].Exposure; e.All.String() != "8080" || !e.Any() {
		t.Errorf("http is exposed as %+v", e)
	}
	if e := m.Columns[2].Exposure; e.Any() {
		t.Errorf("ssh is exposed as %+v", e)
	}
}

// By namespace prober-0 reaches of test what http has, and nothing else.
func TestByNamespace(t *testing.T) {
	c := shared(t)
	m := drawn(t, c, Options{By: ByNamespace})
	want := []string{"monitoring > test: part 8080", "test > monitoring: all all", "test > test: all all"}
	if got := cellWords(m); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	m = drawn(t, c, Options{By: ByNamespace, Ports: Open})
	// allow-http names no port.
	if l := m.Lines[m.Grid()[0][1]]; len(l.All) != 0 || !l.Some.IsAll() {
		t.Errorf("all ports: %+v", l)
	}
}

// Folded lines say of every cell what the lines say, and nothing of others but of a
// pod that is alone.
func TestFolded(t *testing.T) {
	for seed := range uint64(10) {
		s := generate.Cluster(generate.Size{Nodes: 4, Pods: 150, Services: 10, Policies: 20, Namespaces: 5}, seed)
		o := []Options{{By: ByWorkload}, {By: ByWorkload, Only: Blocked}, {By: ByWorkload, Namespace: s.Pods[0].Namespace}}[seed%3]
		m := drawn(t, reach.Compile(compile(t, s)), o)
		folded := *m
		folded.Lines = m.Folded()
		lone := m.alone()
		was, now := m.Grid(), folded.Grid()
		for i := range was {
			for j := range was[i] {
				switch {
				case was[i][j] < 0 && now[i][j] < 0:
				case was[i][j] < 0:
					if n, ok := lone[j]; !ok || n != i || m.Rows[i].Pods != 1 || folded.Lines[now[i][j]].None() {
						t.Fatalf("seed %d: %s to %s was not asked", seed, m.Rows[i].Name, m.Columns[j].Name)
					}
				case now[i][j] < 0 || fmt.Sprint(words(&m.Lines[was[i][j]])) != fmt.Sprint(words(&folded.Lines[now[i][j]])):
					t.Fatalf("seed %d: %s to %s", seed, m.Rows[i].Name, m.Columns[j].Name)
				}
			}
		}
		if len(folded.Lines) > len(m.Lines) {
			t.Errorf("seed %d: %d lines are folded to %d", seed, len(m.Lines), len(folded.Lines))
		}
	}
}

func words(l *reach.Line) []reach.Ports { return []reach.Ports{l.Asked, l.All, l.Some, l.Perhaps} }

// Whoever names a part gets that part alone.
func TestFocus(t *testing.T) {
	c := shared(t)
	for _, tt := range []struct {
		o        Options
		want     []string
		services int
	}{
		{Options{From: "pod/monitoring/prober-0", To: "ns/test"}, []string{
			"monitoring/prober-0 > test/http-0 +1: all 8080", "monitoring/prober-0 > test/ssh-0: none none", "monitoring/prober-0 > test/worker-0: none none",
		}, 2},
		{Options{From: "pod/prober-0", Default: "monitoring", To: "svc/test/ssh:22"}, []string{"monitoring/prober-0 > test/ssh-0: none none"}, 1},
		{Options{Namespace: "monitoring", By: ByNamespace}, []string{"monitoring > test: part 8080", "test > monitoring: all all"}, 0},
		{Options{Only: Exposed, By: ByNamespace}, []string{"monitoring > test: part 8080", "test > monitoring: all all", "test > test: all all"}, 1},
		{Options{Only: Blocked}, []string{"monitoring/prober-0 > test/ssh-0: none none", "monitoring/prober-0 > test/worker-0: none none"}, 1},
	} {
		m := drawn(t, c, tt.o)
		if got := cellWords(m); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q", tt.o, got)
		}
		if len(m.Services) != tt.services {
			t.Errorf("%+v: %d Services", tt.o, len(m.Services))
		}
	}
	for _, text := range []string{"ssh", "deploy/test/nobody", "pod/test/nobody", "ns/nobody", "node/n1", "svc/test/ssh:23", "svc/test/nobody", "svc/"} {
		_, err := Make(c, Options{To: text})
		var e *Error
		if !errors.As(err, &e) || e.Part != text || e.Hint == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Make(c, Options{From: "svc/test/ssh"}); err == nil {
		t.Error("a Service connects to nobody")
	}
}

// A pod of monitoring that does not exist reaches http alone, whatever its labels; one
// of test reaches every pod of test.
func TestImagined(t *testing.T) {
	c := shared(t)
	for text, want := range map[string][]string{
		"monitoring: app=x": {"monitoring: app=x > test/http-0 +1: all 8080", "monitoring: app=x > test/ssh-0: none none", "test/ssh-0 > monitoring: app=x: all all"},
		"test: app=x: 99":   {"test: app=x > test/ssh-0: all 2222", "monitoring/prober-0 > test: app=x: none none", "test/ssh-0 > test: app=x: all 99"},
	} {
		x, err := ParseImagined(text)
		if err != nil {
			t.Fatal(err)
		}
		m := drawn(t, c, Options{Imagined: []Imagined{x}})
		got := cellWords(m)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: no %q in %q", text, w, got)
			}
		}
		for _, w := range got {
			if !strings.Contains(w, x.Namespace+": app=x") {
				t.Errorf("%s: %q was not asked for", text, w)
			}
		}
		if s := m.Services[1]; s.Pods.Of != 1 || s.Outside.Of != 0 {
			t.Errorf("%s: asks %s: %+v", text, s.Title, s)
		}
	}
	for _, text := range []string{"", ": a=b", "a/b", "web: x", "web: a=b: http", "web: a=b: 0", "web: a=b: 80/xyz", "web: a=b: 80: 81", "a=b"} {
		if x, err := ParseImagined(text); err == nil {
			t.Errorf("%q is %+v", text, x)
		}
	}
	if _, err := Make(c, Options{Imagined: []Imagined{{Namespace: "nobody"}}}); err == nil {
		t.Error("a namespace that is not there has labels that are not known")
	}
}

// Many workloads are folded to namespaces, and the graph, too; nothing is in two
// lines, and every cell is counted once.
func TestFolds(t *testing.T) {
	s := generate.Cluster(generate.Medium, 1)
	for i := range s.Pods {
		p := &s.Pods[i]
		p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: fmt.Sprint(p.Ports[0].Port)}
	}
	c := reach.Compile(compile(t, s))
	m := drawn(t, c, Options{})
	if m.By != ByNamespace || !m.Chosen || len(m.Rows) != m.Size.Namespaces || !m.Same() {
		t.Errorf("by %v, %d rows", m.By, len(m.Rows))
	}
	w := drawn(t, c, Options{By: ByWorkload})
	if len(w.Rows) <= mostVertices || w.Graph == nil || w.Graph.By != ByNamespace {
		t.Errorf("%d rows, graph %+v", len(w.Rows), w.Graph)
	}
	for _, m := range []*Map{m, w} {
		cells := 0
		for _, row := range m.Grid() {
			for _, n := range row {
				if n >= 0 {
					cells++
				}
			}
		}
		lines := 0
		for _, l := range m.Lines {
			lines += len(l.From) * len(l.To)
		}
		if cells != lines || cells != m.Whole+m.Partly+m.Closed+m.Unsure {
			t.Errorf("%d cells, %d in lines, %d counted", cells, lines, m.Whole+m.Partly+m.Closed+m.Unsure)
		}
	}
	names := map[string]bool{}
	for _, g := range w.Rows {
		if names[g.Name] {
			t.Errorf("two groups are called %s", g.Name)
		}
		names[g.Name] = true
	}
}

// Two workloads of one name are told apart.
func TestNames(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	for i := range s.Pods {
		s.Pods[i].Owner = flow.Object{Kind: []string{"Deployment", "StatefulSet"}[i%2], Namespace: s.Pods[i].Namespace, Name: "web"}
	}
	m := drawn(t, reach.Compile(compile(t, s)), Options{By: ByWorkload})
	if a, b := m.Rows[0].Name, m.Rows[1].Name; a == b || !strings.HasSuffix(a, "/web (Deployment)") {
		t.Errorf("%s, %s", a, b)
	}
}

// Every edge of a graph leads to the right, and everybody's is the least of all.
func TestGraph(t *testing.T) {
	for seed := range uint64(20) {
		s := generate.Cluster(generate.Size{Nodes: 4, Pods: 200, Services: 30, Policies: 30, Namespaces: 6}, seed)
		m := drawn(t, reach.Compile(compile(t, s)), Options{By: ByNamespace})
		got := map[[2]string]Level{}
		for _, e := range m.Graph.Edges {
			from, to := &m.Graph.Vertices[e.From], &m.Graph.Vertices[e.To]
			if from.Layer > to.Layer || from.Layer == to.Layer && (from.Point == Joint) == (to.Point == Joint) {
				t.Fatalf("seed %d: %+v to %+v", seed, from, to)
			}
			collect(m, e, got)
		}
		for i, row := range m.Grid() {
			for j, n := range row {
				want := LevelNone
				if n >= 0 {
					want = LevelOf(&m.Lines[n])
				}
				if have := got[[2]string{m.Rows[i].Name, m.Columns[j].Name}]; have != want && n >= 0 {
					t.Fatalf("seed %d: %s to %s is %v in the graph, %v in the map", seed, m.Rows[i].Name, m.Columns[j].Name, have, want)
				}
			}
		}
	}
}

// collect adds the pairs of groups that an edge stands for, the strongest edge of
// each.
func collect(m *Map, e Edge, got map[[2]string]Level) {
	g := m.Graph
	froms, tos := []string{g.Vertices[e.From].Name}, []string{g.Vertices[e.To].Name}
	switch {
	case g.Vertices[e.From].Point == Everybody:
		froms = nil
		for i := range m.Rows {
			froms = append(froms, m.Rows[i].Name)
		}
	case g.Vertices[e.From].Point == Joint:
		return // seen from the other side
	case g.Vertices[e.From].Point != Sender:
		return
	}
	if g.Vertices[e.To].Point == Joint {
		tos = nil
		for _, o := range g.Edges {
			if o.From == e.To {
				tos = append(tos, g.Vertices[o.To].Name)
			}
		}
	}
	for _, from := range froms {
		for _, to := range tos {
			k := [2]string{from, to}
			got[k] = max(got[k], e.Level)
		}
	}
}

// What is not modelled is not known, and said so.
func TestUnknown(t *testing.T) {
	s := generate.Cluster(generate.Small, 1)
	s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "CiliumNetworkPolicy", Namespace: s.Pods[0].Namespace, Name: "x"}, Namespace: s.Pods[0].Namespace, Engine: "Cilium"}}
	m := drawn(t, reach.Compile(compile(t, s)), Options{})
	if !m.Unknown() || m.Unsure == 0 || len(m.Foreign) != 1 || m.Foreign[0].Count != 1 {
		t.Errorf("unsure %d, %+v", m.Unsure, m.Foreign)
	}
}

func BenchmarkMake(b *testing.B) {
	for _, size := range []generate.Size{generate.Medium, generate.Large, generate.Limits} {
		b.Run(fmt.Sprintf("pods=%d", size.Pods), func(b *testing.B) {
			m := compile(b, generate.Cluster(size, 1))
			for b.Loop() {
				b.StopTimer()
				c := reach.Compile(m)
				b.StartTimer()
				if _, err := Make(c, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Endpoints that ask their own Service are counted once.
func TestAsksItself(t *testing.T) {
	m := drawn(t, shared(t), Options{From: "pod/test/http-0"})
	if s := m.Services[0]; s.Title != "svc/test/http:80" || s.Pods.Of != 2 || s.Pods.Reached != 2 {
		t.Errorf("%s: %+v", s.Title, s.Pods)
	}
}

// Where nothing is closed, everybody's edge says all.
func TestGraphOpen(t *testing.T) {
	s := generate.Cluster(generate.Size{Nodes: 4, Pods: 300, Namespaces: 10}, 1)
	m := drawn(t, reach.Compile(compile(t, s)), Options{By: ByNamespace})
	if len(m.Graph.Edges) != len(m.Columns) {
		t.Errorf("%d edges to %d groups", len(m.Graph.Edges), len(m.Columns))
	}
	for _, e := range m.Graph.Edges {
		if m.Graph.Vertices[e.From].Point != Everybody || e.Level != LevelAll {
			t.Errorf("%+v from %+v", e, m.Graph.Vertices[e.From])
		}
	}
}
