package atlas

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/reach"
)

func compile(t testing.TB, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// asked is a port that every pair is asked for.
type askedPort struct {
	flow.Protocol
	port uint16
}

// Every cell says what walks between its pods say: to each from each, by every port
// that somebody declares, and some that nobody does.
func TestCellsEqualWalks(t *testing.T) {
	cells, part, whole, walks := 0, 0, 0, 0
	for seed := uint64(1); cells < 3000; seed++ {
		g := generate.Tangle(generate.Whole, seed)
		for range 3 {
			g.MorePolicies()
		}
		s := simple(g.Snapshot)
		m := compile(t, s)
		for _, by := range []Fold{ByWorkload, ByNamespace} {
			drawn, err := Make(reach.Compile(m), Options{By: by, Ports: Answered})
			if err != nil {
				t.Fatal(err)
			}
			grid := drawn.Grid()
			for i := range drawn.Rows {
				for j := range drawn.Columns {
					cells++
					for _, p := range []askedPort{{flow.TCP, 80}, {flow.TCP, 8080}, {flow.UDP, 53}, {flow.TCP, 4711}} {
						want, n := walked(t, m, &drawn.Rows[i], &drawn.Columns[j], p)
						walks += n
						got := "-"
						if grid[i][j] >= 0 {
							got = said(&drawn.Lines[grid[i][j]], p)
						}
						switch got {
						case "some":
							part++
						case "all":
							whole++
						}
						if got != want {
							t.Fatalf("seed %d, by %v: %s to %s on %v: %s, walks say %s", seed, by, drawn.Rows[i].Name, drawn.Columns[j].Name, p, got, want)
						}
					}
				}
			}
		}
	}
	if part < 60 || whole < 100 {
		t.Errorf("only %d cells are open in part and %d wholly", part, whole)
	}
	t.Logf("%d cells, %d walks", cells, walks)
}

// simple leaves pods alone whose packets meet more than policies on their way:
// those of a node's network, without an address, or with one that others have.
func simple(s *cluster.Snapshot) *cluster.Snapshot {
	owners := map[string]int{}
	for i := range s.Pods {
		for _, a := range s.Pods[i].IPs {
			owners[a.String()]++
		}
	}
	s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool {
		return p.HostNetwork || p.Finished() || len(p.IPs) == 0 ||
			slices.ContainsFunc(p.IPs, func(a netip.Addr) bool { return owners[a.String()] > 1 })
	})
	s.Services, s.EndpointSlices, s.Foreign = nil, nil, nil
	for i := range s.Pods {
		if p := &s.Pods[i]; i%2 == 0 {
			p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: "d"}
		}
	}
	return s
}

// walked asks from every pod to every other.
func walked(t *testing.T, m *model.Model, from, to *Group, p askedPort) (word string, n int) {
	t.Helper()
	passed, answered, perhaps := 0, 0, false
	for _, a := range podsOf(m, from) {
		for _, b := range podsOf(m, to) {
			if a == b {
				continue
			}
			for _, addr := range b.IPs {
				if !a.IP(addr.Is6()).IsValid() {
					continue
				}
				n++
				q := path.Question{From: "pod/" + a.Namespace + "/" + a.Name, To: fmt.Sprintf("%s:%d", addr, p.port) + suffix(p.Protocol)}
				if addr.Is6() {
					q.To = fmt.Sprintf("[%s]:%d", addr, p.port) + suffix(p.Protocol)
				}
				answer, err := path.Walk(m, q)
				if err != nil {
					t.Fatal(err)
				}
				if b.Listens(p.Protocol, p.port) == cluster.ListensNot {
					continue
				}
				answered++
				perhaps = perhaps || answer.Verdict == flow.VerdictUnknown
				if answer.Verdict == flow.Reachable {
					passed++
				}
			}
		}
	}
	switch {
	case answered == 0:
		return "-", n
	case passed == answered:
		return "all", n
	case passed > 0:
		return "some", n
	case perhaps:
		return "perhaps", n
	}
	return "none", n
}

func suffix(p flow.Protocol) string {
	return map[flow.Protocol]string{flow.TCP: "", flow.UDP: "/udp", flow.SCTP: "/sctp"}[p]
}

func podsOf(m *model.Model, g *Group) []*cluster.Pod {
	var out []*cluster.Pod
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		if p.Namespace != g.Namespace || g.Sort == Workload && p.Owner != g.Workload {
			continue
		}
		if g.Sort == BarePods && (!p.Owner.IsZero() || !alike(m, p, g.Example)) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// alike asks a Chart of its own.
func alike(m *model.Model, a, b *cluster.Pod) bool {
	c := reach.Compile(m)
	return c.UnitOf(a) == c.UnitOf(b)
}

// said is what a line says of one port.
func said(l *reach.Line, p askedPort) string {
	switch {
	case !l.Asked.Contains(p.Protocol, p.port):
		return "-"
	case l.All.Contains(p.Protocol, p.port):
		return "all"
	case l.Some.Contains(p.Protocol, p.port):
		return "some"
	case l.Perhaps.Contains(p.Protocol, p.port):
		return "perhaps"
	}
	return "none"
}
