package flow

import (
	"slices"
	"testing"
)

// Objects are written Kind/namespace/name everywhere.
func TestOriginWords(t *testing.T) {
	policy := Object{"NetworkPolicy", "test", "allow-http"}
	for _, tt := range []struct{ got, want string }{
		{policy.String(), "NetworkPolicy/test/allow-http"},
		{Object{Kind: "Node", Name: "n1"}.String(), "Node/n1"},
		{Position{}.String(), ""},
		{Position{File: "a.yaml"}.String(), "a.yaml"},
		{Position{Line: 3}.String(), ""},
		{Position{"a.yaml", 12}.String(), "a.yaml:12"},
		{Origin{Object: policy}.String(), "NetworkPolicy/test/allow-http"},
		{
			Origin{policy, "spec.ingress[0]", Position{"a.yaml", 12}}.String(),
			"NetworkPolicy/test/allow-http spec.ingress[0] (a.yaml:12)",
		},
		{Machine{MachinePod, "test", "ssh-0"}.String(), "pod/test/ssh-0"},
		{Machine{Kind: MachineNode, Name: "n1"}.String(), "node/n1"},
		{Because("code").String(), "code"},
		{Because("code", "a", "b").String(), "code: a, b"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestIsZero(t *testing.T) {
	if !(Object{}).IsZero() || (Object{Kind: "Pod"}).IsZero() {
		t.Error("Object.IsZero")
	}
	if !(Origin{Field: "spec"}).IsZero() || (Origin{Object: Object{Kind: "Pod"}}).IsZero() {
		t.Error("Origin.IsZero: without an object it is the dataplane's own rule")
	}
	if !(Reason{Args: []string{"x"}}).IsZero() || Because("code").IsZero() {
		t.Error("Reason.IsZero: without a code nothing was said")
	}
}

func TestObjectCompare(t *testing.T) {
	want := []Object{{"A", "a", "b"}, {"A", "b", "a"}, {"B", "", "z"}, {"B", "a", "a"}, {"B", "a", "b"}}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Object.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("sorted %v, want %v", got, want)
	}
}

// The hooks are numbered in the order in which one machine reaches them, so
// that steps can be sorted; every action but none has a name of its own.
func TestHooksAndActions(t *testing.T) {
	order := []Hook{Send, Routing, Egress, Prerouting, Output, Input, Forward, Postrouting, Deliver, Reply}
	if !slices.IsSorted(order) {
		t.Errorf("hooks are not in their order: %v", order)
	}
	seen := map[string]bool{"": true}
	for _, a := range Actions() {
		if seen[a.String()] {
			t.Errorf("action %d is called %q, as another", a, a)
		}
		seen[a.String()] = true
	}
	if slices.Contains(Actions(), ActionNone) {
		t.Error("ActionNone is no action")
	}
}
