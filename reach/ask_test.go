package reach

import (
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

var (
	howMany   = flag.Int("reach.n", 120000, "how many questions each of the comparisons asks")
	firstSeed = flag.Uint64("reach.seed", 1, "the seed of the first random cluster")
)

// questions is how many a comparison asks; under -short fewer.
func questions(t testing.TB) int {
	t.Helper()
	if testing.Short() {
		return min(*howMany, 12000)
	}
	return *howMany
}

func compile(t testing.TB, g *generate.Tangled) *model.Model {
	t.Helper()
	m, err := model.Compile(g.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A question has the outcomes that Walk gives it, each with its first node,
// endpoint and source.
func TestAskEqualsWalk(t *testing.T) {
	t.Parallel()
	fates := map[flow.Fate]int{}
	asked := 0
	for seed := *firstSeed; asked < questions(t)/2; seed++ {
		g := generate.Tangle(generate.Kind(seed%3), seed)
		if slices.ContainsFunc(g.Snapshot.Pods, func(p cluster.Pod) bool { return len(p.IPs) == 0 }) {
			continue // nobody can be asked for one
		}
		if seed%2 == 0 {
			tame(g)
			dataplanes(g, seed/2)
			g.MorePolicies()
		}
		if seed%5 == 0 {
			forget(g, seed)
		}
		m := compile(t, g)
		c := Compile(m)
		for range 40 {
			q := g.Question()
			asked++
			a, err := path.Walk(m, path.Question{From: q.From, To: q.Target(), Via: q.Via})
			if err != nil {
				t.Fatalf("%v: %v", q, err)
			}
			want, got := outcomes(a), asks(c, q)
			for _, w := range want {
				f, _ := flow.ParseFate(strings.Fields(w)[0])
				fates[f]++
			}
			if !slices.Equal(want, got) {
				t.Fatalf("seed %d (%s, %s): %v\nWalk:\n  %s\nhere:\n  %s", seed, m.Profile.Proxy.Name, m.Profile.Policy.Name, q, strings.Join(want, "\n  "), strings.Join(got, "\n  "))
			}
			sum, err := path.Ask(m, path.Question{From: q.From, To: q.Target(), Via: q.Via})
			if err != nil {
				t.Fatal(err)
			}
			place, to := placeOf(c.m, q)
			folded := c.Ask(place, to)
			if folded.Verdict != sum.Verdict {
				t.Fatalf("seed %d: %v is %v, Ask says %v", seed, q, folded.Verdict, sum.Verdict)
			}
			if n := delivered(a); folded.Legs != len(a.Traces) || folded.Delivered != n {
				t.Fatalf("seed %d: %v: %d of %d ways, Walk has %d of %d", seed, q, folded.Delivered, folded.Legs, n, len(a.Traces))
			}
		}
	}
	for _, f := range flow.Fates() {
		if f != flow.Unknown && fates[f] < asked/2000 {
			t.Errorf("%v occurs %d times in %d answers", f, fates[f], asked)
		}
	}
	t.Logf("%d questions: %v", asked, fates)
}

// outcomes are those of an answer, in order and once each.
func outcomes(a *path.Answer) []string {
	var out []string
	for i := range a.Traces {
		w := &a.Traces[i]
		out = append(out, outcome(w.Fate, w.Seen, w.First, w.Source))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func outcome(f flow.Fate, s flow.Seen, first string, source netip.Addr) string {
	if !arrives(f) {
		source = netip.Addr{}
	}
	return fmt.Sprintf("%v %v first %s source %v", f, s, first, source)
}

func arrives(f flow.Fate) bool {
	return f == flow.Delivered || f == flow.ReplyLost || f == flow.NotListening
}

func asks(c *Chart, q generate.Question) []string {
	place, to := placeOf(c.m, q)
	var out []string
	for _, l := range c.legs(&place.start, to, false) {
		out = append(out, outcome(l.fate, l.seen, l.first, l.source))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func placeOf(m *model.Model, q generate.Question) (Place, Target) {
	to := Target{Protocol: q.Protocol, Addr: q.To, Via: q.Via}
	kind, name, _ := strings.Cut(q.From, "/")
	switch kind {
	case "node":
		return FromNode(name), to
	case "pod":
		ns, n, _ := strings.Cut(name, "/")
		p, _ := FromPod(m.Index.Pod(ns, n))
		return p, to
	}
	for _, c := range m.Snapshot.Fabric.Clients {
		if c.Name == name {
			return FromClient(c.Addresses...), to
		}
	}
	return FromClient(netip.MustParseAddr(name)), to
}

// delivered is how many traces are.
func delivered(a *path.Answer) int {
	n := 0
	for i := range a.Traces {
		if a.Traces[i].Fate == flow.Delivered {
			n++
		}
	}
	return n
}

// Who can start a connection: pods that are up and have an address, or else a
// node that they share the network of.
func TestFromPod(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for _, tt := range []struct {
		name string
		pod  cluster.Pod
		kind flow.MachineKind
		ok   bool
	}{
		{"a pod", cluster.Pod{Node: "n1", IPs: addrs}, flow.MachinePod, true},
		{"a pod on no node", cluster.Pod{IPs: addrs}, flow.MachinePod, true},
		{"a pod without an address", cluster.Pod{Node: "n1"}, 0, false},
		{"a pod that has ended", cluster.Pod{Node: "n1", IPs: addrs, Phase: cluster.PodSucceeded}, 0, false},
		{"of a node's network", cluster.Pod{Node: "n1", HostNetwork: true, IPs: addrs}, flow.MachineNode, true},
		{"of a node's network, whose address nobody wrote down", cluster.Pod{Node: "n1", HostNetwork: true}, flow.MachineNode, true},
		{"of the network of no node", cluster.Pod{HostNetwork: true, IPs: addrs}, 0, false},
		{"of a node's network, failed", cluster.Pod{Node: "n1", HostNetwork: true, Phase: cluster.PodFailed}, 0, false},
	} {
		got, ok := FromPod(&tt.pod)
		if ok != tt.ok || ok && (got.start.Kind != tt.kind || got.start.Pod != &tt.pod || got.start.Node != tt.pod.Node) {
			t.Errorf("%s: %+v, %v", tt.name, got.start, ok)
		}
		if tt.kind == flow.MachinePod && !slices.Equal(got.start.Addrs, addrs) {
			t.Errorf("%s: addresses %v", tt.name, got.start.Addrs)
		}
	}
}

// Of pods that share their node's network the one that was asked for by name
// answers.
func TestAskByName(t *testing.T) {
	asked, apart := 0, 0
	for seed := uint64(1); seed < 150; seed++ {
		g := generate.Tangle(generate.Whole, seed)
		m := compile(t, g)
		c := Compile(m)
		for i := range g.Snapshot.Pods {
			p := &g.Snapshot.Pods[i]
			if !p.HostNetwork || p.Finished() {
				continue
			}
			for _, port := range []uint16{22, 8080, 8081} {
				from := "node/" + g.Snapshot.Nodes[g.IntN(len(g.Snapshot.Nodes))].Name
				a, err := path.Walk(m, path.Question{From: from, To: fmt.Sprintf("pod/%s/%s:%d", p.Namespace, p.Name, port)})
				if err != nil {
					t.Fatal(err)
				}
				to := Target{Protocol: flow.TCP, Addr: a.Targets[0].Addr, Pod: p.Object()}
				place := FromNode(strings.TrimPrefix(from, "node/"))
				got := c.Ask(place, to)
				if len(a.Targets) > 1 {
					continue
				}
				if asked++; got.Verdict != a.Verdict || got.Legs != len(a.Traces) {
					t.Fatalf("seed %d: from %s to %s:%d: %+v, Walk says %v", seed, from, p.Name, port, got, a.Verdict)
				}
				if to.Pod = (flow.Object{}); c.Ask(place, to).Verdict != a.Verdict {
					apart++
				}
			}
		}
	}
	if asked < 100 || apart == 0 {
		t.Errorf("%d asked, %d would be otherwise without the name", asked, apart)
	}
}
