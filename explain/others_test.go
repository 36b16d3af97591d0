package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

func sharedVIP(t testing.TB, d cluster.Dataplane) *model.Model {
	t.Helper()
	in, err := manifest.Load([]string{"../examples/shared-vip"}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in.Snapshot.Fabric.Dataplane = d
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ask(t testing.TB, m *model.Model) *path.Answer {
	t.Helper()
	a, err := path.Ask(m, path.Question{From: "external", To: "svc/test/ssh:22"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// "Fails for (N-1)/N of flows => post-SNAT family", "always fails from outside =>
// pre-SNAT family": the answer names the families and what tells them apart.
func TestOthersOfTheSharedVIP(t *testing.T) {
	m := sharedVIP(t, cluster.Dataplane{})
	got := map[string]explain.Other{}
	for _, o := range explain.Others(m, ask(t, m)) {
		for _, name := range o.Profiles {
			got[name] = o
		}
	}
	for name, want := range map[string]struct {
		verdict flow.Verdict
		since   flow.Code
	}{
		"cilium-kube-proxy": {flow.Depends, flow.CodeSinceAfterSNAT},
		"aws":               {flow.Depends, flow.CodeSinceAfterSNAT},
		"none":              {flow.Reachable, flow.CodeSinceNotEnforced},
		"kube-router":       {flow.NotReachable, flow.CodeSinceDeny},
		"ipvs-forward-only": {flow.Depends, flow.CodeSinceForwardOnly},
	} {
		if o := got[name]; o.Verdict != want.verdict || o.Since.Code != want.since {
			t.Errorf("%s: %s since %s, want %s since %s", name, o.Verdict, o.Since, want.verdict, want.since)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s is said to answer differently: %+v", name, got[name])
	}
}

// What is told or detected leaves only what fits; a profile leaves nothing.
func TestOthersKeepToWhatIsKnown(t *testing.T) {
	names := func(d cluster.Dataplane) string {
		s := &cluster.Snapshot{Fabric: cluster.Fabric{Dataplane: d}}
		var out []string
		for _, a := range cluster.Alternatives(s) {
			out = append(out, a.Name)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		d    cluster.Dataplane
		want string
	}{
		{cluster.Dataplane{Profile: "generic"}, ""},
		{cluster.Dataplane{Policy: "cilium", PodNetwork: "routed"}, "cilium"},
		{cluster.Dataplane{Policy: "antrea"}, "antrea"},
		{cluster.Dataplane{Policy: "calico"}, "podNetwork bridge podNetwork vxlan"},
		{cluster.Dataplane{Proxy: "antrea", PodNetwork: "gateway"}, "antrea"},
		{cluster.Dataplane{Proxy: "kube-proxy-ipvs", PodNetwork: "routed"}, "antrea-kube-proxy aws calico cilium-kube-proxy ipvs-forward-only kube-network-policies kube-router none"},
	} {
		if got := names(tt.d); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.d, got, tt.want)
		}
	}
}

// Another dataplane changes what it changes and nothing else.
func TestUnderIsCompile(t *testing.T) {
	m := sharedVIP(t, cluster.Dataplane{})
	for _, alt := range cluster.Alternatives(m.Snapshot) {
		under, err := m.Under(alt.Dataplane)
		if err != nil {
			t.Fatal(err)
		}
		a, b := ask(t, under), ask(t, sharedVIP(t, alt.Dataplane))
		if a.Verdict != b.Verdict || len(a.Traces) != len(b.Traces) {
			t.Errorf("%s: %s by %d traces, compiled afresh %s by %d", alt.Name, a.Verdict, len(a.Traces), b.Verdict, len(b.Traces))
		}
	}
}

func BenchmarkOthers(b *testing.B) {
	m := sharedVIP(b, cluster.Dataplane{})
	a := ask(b, m)
	for b.Loop() {
		explain.Others(m, a)
	}
}
