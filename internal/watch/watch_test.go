package watch

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/path"
)

const (
	example = "../../examples/shared-vip/cluster.yaml"
	ssh     = "svc/test/ssh:22"
	denial  = "NetworkPolicy/test/deny-from-other-namespaces"
)

// scene is the post's cluster without some of its policies.
func scene(t *testing.T, without ...string) *cluster.Snapshot {
	t.Helper()
	in, err := manifest.Load([]string{example}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := in.Snapshot
	s.NetworkPolicies = slices.DeleteFunc(s.NetworkPolicies, func(p cluster.NetworkPolicy) bool {
		return slices.Contains(without, p.Object().String())
	})
	return s
}

const allowHTTP = "NetworkPolicy/test/allow-http"

func created(name, by string) Change {
	kind, rest, _ := strings.Cut(name, "/")
	ns, n, _ := strings.Cut(rest, "/")
	return Change{Object: flow.Object{Kind: kind, Namespace: ns, Name: n}, How: Created, By: by, At: time.Unix(100, 0)}
}

func begin(t *testing.T, w *Watch, s *cluster.Snapshot) *Event {
	t.Helper()
	e, err := w.Begin(&Step{At: time.Unix(1, 0), Snapshot: s})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func named(e *Event) string {
	var out []string
	for _, set := range e.Causes {
		var one []string
		for _, c := range set {
			one = append(one, c.Object.String()+" "+c.How.String()+" "+c.By)
		}
		out = append(out, strings.Join(one, " + "))
	}
	return strings.Join(out, " | ")
}

// TestTogether: of two objects that come at once the one that did it is named, with
// who wrote it; for Services, for a question, and for an Expectation.
func TestTogether(t *testing.T) {
	before, after := scene(t, allowHTTP, denial), scene(t)
	step := &Step{
		At: time.Unix(100, 0), Snapshot: after, Changes: []Change{created(allowHTTP, "helm"), created(denial, "helm")},
		With: func(only ...int) (*cluster.Snapshot, error) {
			switch {
			case slices.Equal(only, []int{0}):
				return scene(t, denial), nil
			case slices.Equal(only, []int{1}):
				return scene(t, allowHTTP), nil
			}
			return nil, errors.New("not asked for")
		},
	}
	expect := cluster.Expectation{From: "external", To: ssh, Verdict: flow.Reachable, HasVerdict: true, Set: "gate"}
	w := New(Options{Services: []string{ssh}, Questions: []path.Question{{From: "external", To: ssh}}, Expectations: []cluster.Expectation{expect}})
	first := begin(t, w, before)
	if a := first.Summary.Answers; len(a) != 1 || a[0].Verdict != flow.Reachable || first.Summary.Held != 1 || len(first.Summary.Fronts) == 0 {
		t.Errorf("began with %+v", first.Summary)
	}
	events := w.Next(step)
	kinds := map[string]int{}
	for i := range events {
		e := &events[i]
		kinds[e.Kind.String()]++
		if got := named(e); got != denial+" created helm" {
			t.Errorf("%v by %s", e.Kind, got)
		}
	}
	if kinds["lost"] != 2 || kinds["violated"] != 1 || len(events) != 3 {
		t.Errorf("events %v", kinds)
	}
	if again := w.Next(&Step{At: time.Unix(101, 0), Snapshot: after, Changes: []Change{created("Pod/x/y", "")}}); len(again) != 0 {
		t.Errorf("told again: %v", again)
	}
}

// TestOnlyTogether: where no object does it alone, few are named together, and many
// are not.
func TestOnlyTogether(t *testing.T) {
	for n, want := range map[int]string{2: "Pod/a/p0 created  + Pod/a/p1 created ", 9: ""} {
		w := New(Options{Questions: []path.Question{{From: "external", To: ssh}}})
		begin(t, w, scene(t, denial, allowHTTP))
		s := &Step{At: time.Unix(100, 0), Snapshot: scene(t), With: func(...int) (*cluster.Snapshot, error) { return scene(t, denial, allowHTTP), nil }}
		for i := range n {
			s.Changes = append(s.Changes, created(fmt.Sprintf("Pod/a/p%d", i), ""))
		}
		events := w.Next(s)
		if len(events) != 1 || named(&events[0]) != want {
			t.Errorf("%d: %v", n, events)
		}
	}
}

// TestLater: who wrote a workload is named when its pods change a moment after, and
// not for ever.
func TestLater(t *testing.T) {
	w := New(Options{})
	ssh := created("StatefulSet/test/ssh", "kubectl-edit")
	w.remember(&Step{At: ssh.At, Changes: []Change{ssh}})
	for after, want := range map[time.Duration]string{time.Minute: "kubectl-edit", time.Hour: ""} {
		if c := w.cause(&Step{At: ssh.At.Add(after)}, ssh.Object, Changed, nil); c.By != want {
			t.Errorf("after %v: %q", after, c.By)
		}
	}
	for n := range 3 * maxRecent {
		w.remember(&Step{At: ssh.At.Add(time.Duration(n) * time.Second), Changes: []Change{created(fmt.Sprintf("Pod/a/p%d", n), "x")}})
	}
	if len(w.recent) > maxRecent+1 {
		t.Errorf("%d are remembered", len(w.recent))
	}
}

// TestGone: a question about what is gone is lost, and says why.
func TestGone(t *testing.T) {
	w := New(Options{Questions: []path.Question{{From: "external", To: ssh}}})
	s := scene(t, denial, allowHTTP)
	begin(t, w, s)
	next := *s
	next.Services = slices.DeleteFunc(slices.Clone(s.Services), func(s cluster.Service) bool { return s.Name == "ssh" })
	gone := created("Service/test/ssh", "")
	gone.How = Deleted
	events := w.Next(&Step{At: time.Unix(100, 0), Snapshot: &next, Changes: []Change{gone}})
	if len(events) != 1 || events[0].Kind != Lost || events[0].Err == nil || named(&events[0]) != "Service/test/ssh deleted " {
		t.Errorf("events %+v", events)
	}
	events = w.Next(&Step{At: time.Unix(101, 0), Snapshot: s, Changes: []Change{created("Service/test/ssh", "helm")}})
	if len(events) != 1 || events[0].Kind != Gained || events[0].Err != nil {
		t.Errorf("events %+v", events)
	}
}

// TestSources: what is no longer heard of is told once, and stands with every answer.
func TestSources(t *testing.T) {
	w := New(Options{All: true})
	s := scene(t, denial, allowHTTP)
	begin(t, w, s)
	pods := []Source{{Resource: "pods", Heard: time.Unix(90, 0), Why: "connection refused"}}
	events := w.Next(&Step{At: time.Unix(100, 0), Snapshot: s, Stale: pods, Lately: pods})
	if len(events) != 1 || events[0].Kind != Stale || len(events[0].Sources) != 1 {
		t.Errorf("events %+v", events)
	}
	events = w.Next(&Step{At: time.Unix(101, 0), Snapshot: scene(t, allowHTTP), Changes: []Change{created(denial, "helm")}, Stale: pods})
	if len(events) == 0 || events[0].Kind != Lost || len(events[0].Sources) != 1 || events[0].Sources[0].Resource != "pods" {
		t.Errorf("events %+v", events)
	}
	events = w.Next(&Step{At: time.Unix(102, 0), Snapshot: s, Freshly: pods})
	if len(events) != 1 || events[0].Kind != Fresh {
		t.Errorf("events %+v", events)
	}
	gaps := []Gap{{Verb: "list", Resource: "pods", Forbidden: true}}
	events = w.Next(&Step{At: time.Unix(103, 0), Snapshot: scene(t, allowHTTP), Anew: true, Gaps: gaps})
	if len(events) == 0 || events[0].Kind != Unread {
		t.Errorf("events %+v", events)
	}
	events = w.Next(&Step{At: time.Unix(104, 0), Snapshot: s, Anew: true, Gaps: gaps, Err: errors.New("no object")})
	if len(events) != 1 || events[0].Kind != Trouble {
		t.Errorf("events %+v", events)
	}
}

// TestFolded: a change that takes much is told in few lines, Services first, and the
// rest is counted.
func TestFolded(t *testing.T) {
	s := scene(t, denial, allowHTTP)
	svc, slice := *s, slices.Clone(s.EndpointSlices)
	for n := range 30 {
		one := s.Services[0]
		one.Name = fmt.Sprintf("more-%02d", n)
		addr := one.ClusterIPs[0]
		for range n + 1 {
			addr = addr.Next()
		}
		one.Type, one.ClusterIPs, one.Ingress, one.Annotations = cluster.ServiceClusterIP, []netip.Addr{addr}, nil, nil
		svc.Services = append(slices.Clip(svc.Services), one)
		for _, e := range s.EndpointSlices {
			if e.Service == s.Services[0].Name {
				e.Name, e.Service = one.Name, one.Name
				slice = append(slice, e)
			}
		}
	}
	svc.EndpointSlices = slice
	w := New(Options{All: true})
	begin(t, w, &svc)
	next := svc
	next.NetworkPolicies = scene(t, allowHTTP).NetworkPolicies
	events := w.Next(&Step{At: time.Unix(100, 0), Snapshot: &next, Changes: []Change{created(denial, "helm")}})
	services, folded := 0, 0
	for i := range events {
		if events[i].Service != nil {
			services++
		}
		if f := events[i].Folded; f != nil {
			folded += f.Services
		}
	}
	if services != mostServices || folded != 32-mostServices || len(events) > mostServices+mostConnections+2 {
		t.Errorf("%d lines, %d of Services, %d counted", len(events), services, folded)
	}
}

// TestChainIsCutShort: a Chart that follows many is compiled anew, and says the same.
func TestChainIsCutShort(t *testing.T) {
	open, closed := scene(t, denial, allowHTTP), scene(t, allowHTTP)
	closed.Pods, closed.Nodes, closed.Namespaces = open.Pods, open.Nodes, open.Namespaces
	w := New(Options{Services: []string{ssh}})
	begin(t, w, open)
	for n := range 2*mostFollowed + 10 {
		s := &Step{At: time.Unix(int64(100+n), 0), Snapshot: closed, Changes: []Change{created(denial, "helm")}}
		if n%2 == 1 {
			s.Snapshot = open
		}
		if events := w.Next(s); len(events) != 1 || (events[0].Kind == Lost) != (n%2 == 0) {
			t.Fatalf("step %d: %v", n, events)
		}
	}
	if w.follows > mostFollowed {
		t.Errorf("%d follow each other", w.follows)
	}
}
