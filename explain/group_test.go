package explain

import (
	"fmt"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// 300 nodes that fare alike are one group, and the pod's own node another, as
// the policy sees another address there; folded or not.
func TestGroupsFold(t *testing.T) {
	m := compile(t, manyNodes(300))
	closed := compile(t, manyNodes(300), policyAt("p", "2024-01-01T00:00:00Z", "podSelector: {}, ingress: []"))
	q := path.Question{From: "external/203.0.113.10", To: "198.51.100.17:80"}
	for name, ask := range map[string]func() (*path.Answer, error){
		"walk": func() (*path.Answer, error) { return path.Walk(m, q) },
		"ask":  func() (*path.Answer, error) { return path.Ask(m, q) },
		"deny": func() (*path.Answer, error) { return path.Walk(closed, q) },
	} {
		a, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		groups := Groups(a)
		if len(groups) != 2 {
			t.Errorf("%s: %d groups, want 2", name, len(groups))
			continue
		}
		slices.SortFunc(groups, func(x, y *Group) int { return x.Count - y.Count })
		if groups[0].Count != 1 || groups[1].Count != 299 || groups[0].Firsts[0] != "n0" || len(groups[1].Firsts) != 299 {
			t.Errorf("%s: groups of %d and %d paths", name, groups[0].Count, groups[1].Count)
		}
		if name != "deny" && len(groups[1].Sources) != 299 {
			t.Errorf("%s: %d sources of 299 nodes", name, len(groups[1].Sources))
		}
	}
}

// What fails is told first; every trace is in one group; lists are sorted.
func TestGroupsOrder(t *testing.T) {
	// Both ends of policy: n1's process reaches its own pod only.
	m := example(t, policyAt("closed", "2024-01-01T00:00:00Z", "podSelector: {matchLabels: {app.kubernetes.io/name: http}}, ingress: []"))
	m2 := example(t)
	for i, a := range []*path.Answer{walk(t, m, "external", "198.51.100.17:80", ""), walk(t, m2, "node/n2", "198.51.100.17:22", ""), walk(t, m2, "external", "198.51.100.17:22", "")} {
		count, delivered := 0, false
		for _, g := range Groups(a) {
			count += len(g.Traces)
			if g.Shown() != g.Traces[0] {
				t.Errorf("%d: another trace is shown", i)
			}
			if g.Shown().Fate == flow.Delivered {
				delivered = true
			} else if delivered {
				t.Errorf("%d: %s comes behind what is delivered", i, g.Shown().Fate)
			}
			for _, list := range [][]string{g.Starts, g.Firsts, g.Sources, g.Endpoints} {
				if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
					t.Errorf("%d: %v is not sorted, or repeats", i, list)
				}
			}
		}
		if count != len(a.Traces) {
			t.Errorf("%d: %d of %d traces are in groups", i, count, len(a.Traces))
		}
	}
}

func masq(node, addr, toward string) flow.Reason {
	return flow.Because(flow.CodeAssumedMasquerade, node, addr, toward)
}

// Assumptions about nodes' addresses are one sentence for each way out, with the
// first few nodes; all others stay as they are, in their order.
func TestFold(t *testing.T) {
	const far, near = "far", "near"
	in := []flow.Reason{flow.Because("a"), masq("n1", "10.0.0.1", far), flow.Because("b", "x"), masq("n2", "10.0.0.2", far), masq("n1", "10.1.0.1", near)}
	got := Fold(in)
	want := []flow.Reason{
		flow.Because("a"), flow.Because(flow.CodeAssumedMasquerades, "n1 10.0.0.1, n2 10.0.0.2", far),
		flow.Because("b", "x"), flow.Because(flow.CodeAssumedMasquerades, "n1 10.1.0.1", near),
	}
	if !slices.EqualFunc(got, want, sameFold) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if in[1].Code != flow.CodeAssumedMasquerade || len(Fold(nil)) != 0 {
		t.Error("Fold changes its input, or makes something of nothing")
	}
	var many []flow.Reason
	for i := range 9 {
		many = append(many, masq(fmt.Sprint("n", i), "10.0.0.1", far))
	}
	if got := Fold(many); len(got) != 1 || got[0].Args[0] != "n0 10.0.0.1, n1 10.0.0.1, n2 10.0.0.1, n3 10.0.0.1, ..." {
		t.Errorf("nine nodes: %v", got)
	}
}

// sameFold compares code, list and way out; a count behind them is free.
func sameFold(a, b flow.Reason) bool {
	return a.Code == b.Code && slices.Equal(a.Args[:min(2, len(a.Args))], b.Args)
}
