package proof

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

func connected(endpoint, source string) Outcome {
	return Outcome{Seen: flow.Connected, Endpoint: endpoint, Source: source}
}

func dropped(node, policyName string) Drop {
	return Drop{
		Node: node, Direction: policy.Ingress, Packets: 1,
		Tuple: flow.Tuple{Protocol: flow.TCP, Dst: netip.MustParseAddrPort("10.244.2.10:2222")},
		By:    []flow.Origin{{Object: flow.Object{Kind: "NetworkPolicy", Namespace: "test", Name: policyName}}},
	}
}

// What differs, and what does not.
func TestDifferences(t *testing.T) {
	a, b, silent := connected("test/a", "10.0.0.1"), connected("test/b", "10.0.0.1"), Outcome{Seen: flow.Timeout}
	unknown := connected("test/a", "")
	target := path.Target{Protocol: flow.TCP, Addr: netip.MustParseAddrPort("198.51.100.17:22")}
	for _, c := range []struct {
		name string
		f    flight
		want []DifferenceKind
	}{
		{"as predicted", flight{predicted: map[Outcome]int{a: 1, b: 1}, observed: map[Outcome]int{a: 4, b: 2}}, nil},
		{"another endpoint", flight{predicted: map[Outcome]int{a: 1}, observed: map[Outcome]int{b: 1}}, []DifferenceKind{Unpredicted, Unseen}},
		{"one endpoint is never drawn", flight{predicted: map[Outcome]int{a: 1, b: 1}, observed: map[Outcome]int{a: 30}}, []DifferenceKind{Unseen}},
		{"silence", flight{predicted: map[Outcome]int{a: 1}, observed: map[Outcome]int{silent: 1}}, []DifferenceKind{Unpredicted, Unseen}},
		{"a source that nobody knows", flight{predicted: map[Outcome]int{unknown: 1}, observed: map[Outcome]int{a: 1}}, nil},
		{"affinity keeps one", flight{sticky: true, predicted: map[Outcome]int{a: 1, b: 1}, observed: map[Outcome]int{a: 3}}, nil},
		{"affinity that does not keep", flight{sticky: true, predicted: map[Outcome]int{a: 1, b: 1}, observed: map[Outcome]int{a: 3, b: 1}}, []DifferenceKind{Unsticky}},
		{
			"denied by the same policies", flight{
				predicted: map[Outcome]int{silent: 1}, observed: map[Outcome]int{silent: 1},
				denied: []Drop{dropped("n2", "p")}, drops: []Drop{dropped("n2", "p")},
			}, nil,
		},
		{
			"denied by another policy", flight{
				predicted: map[Outcome]int{silent: 1}, observed: map[Outcome]int{silent: 1},
				denied: []Drop{dropped("n2", "p")}, drops: []Drop{dropped("n2", "q")},
			}, []DifferenceKind{OtherPolicies},
		},
	} {
		c.f.from, c.f.target = "node/n1", target
		var got []DifferenceKind
		for _, d := range c.f.differences() {
			got = append(got, d.Kind)
			if c.f.differs(&d) == "" {
				t.Errorf("%s: no words for %v", c.name, d.Kind)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}

// Packets of one place and group count together.
func TestMerge(t *testing.T) {
	all := merge(nil, []Drop{dropped("n2", "p"), dropped("n1", "p"), dropped("n2", "p"), dropped("n2", "q")})
	var got []int
	for _, d := range all {
		got = append(got, d.Packets)
	}
	if len(all) != 3 || all[0].Node != "n1" || got[0]+got[1]+got[2] != 4 || max(got[1], got[2]) != 2 {
		t.Errorf("%+v", all)
	}
}
