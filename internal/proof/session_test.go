//go:build linux

package proof_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
	"github.com/portolan-net/portolan/path"
)

func compiled(t *testing.T, files ...string) *model.Model {
	t.Helper()
	in, err := manifest.Load(files, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func opened(t *testing.T, m *model.Model, o nft.Options, questions ...path.Question) *proof.Session {
	t.Helper()
	s, err := proof.Open(t.Context(), m, questions, proof.Options{Dataplane: proof.OursWith(m, o), Log: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const denying = "NetworkPolicy/test/deny-from-other-namespaces"

// Everything about the example is as predicted, and what a kernel drops its log
// lays at the door of the policy that is predicted to deny it.
func TestExample(t *testing.T) {
	m := compiled(t, "../../examples/shared-vip")
	all := proof.Everything(m, "", "")
	if len(all) < 100 {
		t.Fatalf("only %d questions", len(all))
	}
	lines, err := opened(t, m, nft.For(m), all...).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	denied := 0
	for i := range lines {
		l := &lines[i]
		if !l.Agrees() {
			t.Errorf("%v: %v %v %v", l.Question, l.Err, l.Unprovable, l.Differs)
		}
		for _, w := range l.Ways {
			if len(w.Denied) == 0 {
				continue
			}
			denied++
			if len(w.Drops) != 1 || w.Drops[0].Node != "n2" || len(w.Drops[0].By) != 1 || w.Drops[0].By[0].Object.String() != denying {
				t.Errorf("%v: dropped %+v", l.Question, w.Drops)
			}
		}
	}
	if denied < 20 {
		t.Errorf("only %d ways are denied", denied)
	}
}

// Rules that enforce nothing are found out.
func TestExampleWithoutPolicies(t *testing.T) {
	m := compiled(t, "../../examples/shared-vip")
	o := nft.For(m)
	o.Policies = false
	asks := []path.Question{{From: "node/n1", To: "svc/test/ssh:22"}, {From: "node/n1", To: "svc/test/http:80"}}
	lines, err := opened(t, m, o, asks...).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lines[0].Agrees() || !lines[1].Agrees() {
		t.Errorf("without policies: %+v", lines)
	}
	if d := lines[0].Ways[0].Differences; len(d) != 2 || d[0].Kind != proof.Unpredicted || d[0].Outcome.Seen != flow.Connected {
		t.Errorf("%+v", d)
	}
}

// The kernel's trace, joined with the rows: Service, endpoint and policy.
func TestRoads(t *testing.T) {
	m := compiled(t, "../../examples/shared-vip")
	o := nft.For(m)
	o.Trace = true
	q := path.Question{From: "external/branch", To: "svc/test/ssh:22", Via: "n1"}
	s := opened(t, m, o, q)
	tracer, err := s.Rules().Trace()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	roads, err := tracer.Roads(q)
	if err != nil {
		t.Fatal(err)
	}
	if err := tracer.Close(); err != nil {
		t.Error(err)
	}
	if len(roads) != 2 || roads[0].Node != "n1" || roads[1].Node != "n2" || roads[0].Verdict != "accept" || roads[1].Verdict != "drop" {
		t.Fatalf("%+v", roads)
	}
	for _, want := range []struct {
		road   int
		set    string
		origin string
	}{{0, "@fronts", "Service/test/ssh"}, {0, "@endpoints", "Service/test/ssh"}, {1, "@ingress", "Pod/test/ssh-0"}, {1, "@groups", denying}} {
		if !found(&roads[want.road], want.set, want.origin) {
			t.Errorf("no row of %s from %s in %+v", want.set, want.origin, roads[want.road])
		}
	}
}

func found(r *proof.Road, set, origin string) bool {
	for _, s := range r.Stops {
		if s.Rule == "" {
			return false
		}
		for _, f := range s.Rows {
			if strings.HasPrefix(f.Text, set+" ") && slices.ContainsFunc(f.Origins, func(o flow.Origin) bool { return o.Object.String() == origin }) {
				return true
			}
		}
	}
	return false
}

// A change of policies is followed in the same network.
func TestChange(t *testing.T) {
	m := compiled(t, "../../examples/shared-vip")
	q := path.Question{From: "node/n1", To: "svc/test/ssh:22"}
	s := opened(t, m, nft.For(m), q)
	before, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	open := *m.Snapshot
	open.NetworkPolicies = nil
	repaired, err := model.Compile(&open)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Change(t.Context(), repaired, []path.Question{q}); err != nil {
		t.Fatal(err)
	}
	after, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !before[0].Agrees() || before[0].Observed.Verdict != flow.NotReachable || len(before[0].Ways[0].Drops) == 0 {
		t.Errorf("before: %+v", before)
	}
	if !after[0].Agrees() || after[0].Observed.Verdict != flow.Reachable || len(after[0].Ways[0].Drops) != 0 {
		t.Errorf("after: %+v", after)
	}
}
