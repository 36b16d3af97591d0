package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

// example is the cluster of examples/shared-vip: three nodes, ssh denied by a
// policy, http open with an endpoint on n1 and on n3.
func example(tb testing.TB) *model.Model {
	tb.Helper()
	in, err := manifest.Load([]string{"../examples/shared-vip"}, manifest.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func ssh() cluster.Expectation {
	return cluster.Expectation{From: "external/branch", To: "198.51.100.17:22", Via: "n1"}
}

func http() cluster.Expectation {
	return cluster.Expectation{From: "external/branch", To: "198.51.100.17:80", Via: "n1"}
}

// Each field is compared if it was written, and only then.
func TestDiffers(t *testing.T) {
	verdict := func(e cluster.Expectation, v flow.Verdict) cluster.Expectation {
		e.Verdict, e.HasVerdict = v, true
		return e
	}
	seen := func(e cluster.Expectation, s ...flow.Seen) cluster.Expectation { e.Seen = s; return e }
	fates := func(e cluster.Expectation, f ...flow.Fate) cluster.Expectation { e.Fates = f; return e }
	ends := func(e cluster.Expectation, s ...string) cluster.Expectation { e.Endpoints = s; return e }
	sources := func(e cluster.Expectation, s ...string) cluster.Expectation { e.Sources = s; return e }
	culprit := func(e cluster.Expectation, s string) cluster.Expectation { e.Culprit = s; return e }
	const deny = "NetworkPolicy/test/deny-from-other-namespaces"
	wrong := culprit(sources(ends(fates(seen(verdict(ssh(), flow.Reachable), flow.Connected), flow.Delivered), "test/ssh-0"), "10.0.0.11"), "NetworkPolicy/test/allow-http")
	tests := []struct {
		name string
		e    cluster.Expectation
		want string
	}{
		{"a question only", ssh(), ""},
		{"verdict", verdict(ssh(), flow.NotReachable), ""},
		{"another verdict", verdict(ssh(), flow.Reachable), "verdict"},
		{"UNKNOWN was written", verdict(ssh(), flow.VerdictUnknown), "verdict"},
		{"seen", seen(ssh(), flow.Timeout), ""},
		{"another seen", seen(ssh(), flow.Refused), "seen"},
		{"one seen too many", seen(ssh(), flow.Timeout, flow.Refused), "seen"},
		{"one twice is once", seen(ssh(), flow.Timeout, flow.Timeout), ""},
		{"fates", fates(ssh(), flow.DeniedByPolicy), ""},
		{"another fate", fates(ssh(), flow.NoEndpoints), "fates"},
		{"endpoints in any order", ends(http(), "test/http-1", "test/http-0"), ""},
		{"an endpoint missing", ends(http(), "test/http-0"), "endpoints"},
		{"an endpoint too many", ends(http(), "test/http-0", "test/http-1", "test/ssh-0"), "endpoints"},
		{"endpoints are of delivered traces", ends(ssh(), "test/ssh-0"), "endpoints"},
		{"none was written", ends(ssh(), []string{}...), ""},
		{"sources", sources(http(), "10.0.0.11"), ""},
		{"another source", sources(http(), "203.0.113.10"), "sources"},
		{"no source where nothing arrives", sources(ssh(), "10.0.0.11"), "sources"},
		{"culprit", culprit(ssh(), deny), ""},
		{"another culprit", culprit(ssh(), "NetworkPolicy/test/allow-http"), "culprit"},
		{"a culprit where all is well", culprit(http(), deny), "culprit"},
		{"all of it wrong", wrong, "verdict seen fates endpoints sources culprit"},
	}
	m := example(t)
	for _, tt := range tests {
		r := Assert(m, &tt.e, "")
		if got := strings.Join(r.Differs, " "); got != tt.want || r.Held() != (tt.want == "") || r.Err != nil {
			t.Errorf("%s: differs in %q, held %v, error %v; want %q", tt.name, got, r.Held(), r.Err, tt.want)
		}
	}
}

// An empty list was written and means none; nil was not written.
func TestNilAndEmpty(t *testing.T) {
	m := example(t)
	e := http()
	e.Seen, e.Fates, e.Endpoints, e.Sources = []flow.Seen{}, []flow.Fate{}, []string{}, []string{}
	if r := Assert(m, &e, ""); !slices.Equal(r.Differs, []string{"seen", "fates", "endpoints", "sources"}) {
		t.Errorf("four empty lists differ in %v", r.Differs)
	}
	e = http()
	if r := Assert(m, &e, ""); !r.Held() {
		t.Errorf("nothing expected differs in %v", r.Differs)
	}
}

// Asking does not change what was asked.
func TestExpectationIsKept(t *testing.T) {
	e := http()
	e.Endpoints = []string{"test/http-1", "test/http-0", "test/http-1"}
	e.Seen = []flow.Seen{flow.Timeout, flow.Connected}
	Assert(example(t), &e, "")
	if !slices.Equal(e.Endpoints, []string{"test/http-1", "test/http-0", "test/http-1"}) || e.Seen[0] != flow.Timeout {
		t.Errorf("%v, %v: Assert sorted the expectation itself", e.Endpoints, e.Seen)
	}
}

// Lists are sets: sorted, once each, and never nil.
func TestResult(t *testing.T) {
	m := example(t)
	e := cluster.Expectation{From: "external", To: "198.51.100.17:80"}
	r := Assert(m, &e, "")
	for _, tt := range []struct {
		name string
		got  any
		want any
	}{
		{"verdict", r.Verdict, flow.Reachable},
		{"seen", r.Seen, []flow.Seen{flow.Connected}},
		{"fates", r.Fates, []flow.Fate{flow.Delivered}},
		{"endpoints", r.Endpoints, []string{"test/http-0", "test/http-1"}},
		{"sources", r.Sources, []string{"10.0.0.11", "10.0.0.12", "10.0.0.13"}},
		{"culprits", r.Culprits, []flow.Object{}},
	} {
		if fmt.Sprintf("%#v", tt.got) != fmt.Sprintf("%#v", tt.want) {
			t.Errorf("%s: %#v, want %#v", tt.name, tt.got, tt.want)
		}
	}
	if len(r.Assumptions) == 0 {
		t.Error("the dataplane was assumed, and nothing says so")
	}
}

// "A line that cannot be resolved is UNKNOWN with error": its lists are empty,
// what it expected differs, and UNKNOWN itself may be expected.
func TestUnresolved(t *testing.T) {
	m := example(t)
	for _, tt := range []struct {
		e    cluster.Expectation
		want string
	}{
		{cluster.Expectation{From: "external/branch", To: "svc/test/none:1"}, ""},
		{cluster.Expectation{From: "external/nobody", To: "198.51.100.17:22", Verdict: flow.NotReachable, HasVerdict: true}, "verdict"},
		{cluster.Expectation{From: "external/branch", To: "nonsense", HasVerdict: true}, ""},
		{cluster.Expectation{From: "external/branch", To: "nonsense", Seen: []flow.Seen{flow.Timeout}, Culprit: "x"}, "seen culprit"},
	} {
		r := Assert(m, &tt.e, "")
		if r.Err == nil || r.Verdict != flow.VerdictUnknown || strings.Join(r.Differs, " ") != tt.want {
			t.Errorf("%+v: %s, error %v, differs in %v; want UNKNOWN, an error, %q", tt.e, r.Verdict, r.Err, r.Differs, tt.want)
		}
		if r.Seen == nil || r.Fates == nil || r.Endpoints == nil || r.Sources == nil || r.Culprits == nil || r.Assumptions == nil || r.Differs == nil {
			t.Errorf("%+v: a list is nil", tt.e)
		}
	}
}

// Names without a namespace are of the one that was given.
func TestNamespace(t *testing.T) {
	e := cluster.Expectation{From: "pod/worker-0", To: "svc/ssh", Verdict: flow.Reachable, HasVerdict: true}
	m := example(t)
	if r := Assert(m, &e, "test"); !r.Held() || r.Err != nil {
		t.Errorf("in namespace test: %v, %v", r.Differs, r.Err)
	}
	if r := Assert(m, &e, ""); r.Err == nil {
		t.Error("in namespace default there is neither")
	}
}

// tenThousand are questions from every place to every address, over and over.
func tenThousand() []cluster.Expectation {
	froms := []string{"external/branch", "node/n1", "node/n2", "pod/test/http-0", "pod/test/worker-0", "pod/monitoring/prober-0"}
	tos := []string{"198.51.100.17:22", "198.51.100.17:80", "svc/test/ssh@clusterip", "svc/test/http@nodeport", "pod/test/ssh-0:2222"}
	out := make([]cluster.Expectation, 0, 10000)
	for i := range 10000 {
		out = append(out, cluster.Expectation{From: froms[i%len(froms)], To: tos[i/len(froms)%len(tos)], HasVerdict: true, Verdict: flow.Reachable})
	}
	return out
}

// Ten thousand lines are all answered, equal lines alike.
func TestTenThousand(t *testing.T) {
	m := example(t)
	answers := map[string]flow.Verdict{}
	for _, e := range tenThousand() {
		r := Assert(m, &e, "")
		if r.Err != nil || r.Verdict == flow.VerdictUnknown {
			t.Fatalf("%s to %s: %s, %v", e.From, e.To, r.Verdict, r.Err)
		}
		k := e.From + " " + e.To
		if old, asked := answers[k]; asked && old != r.Verdict {
			t.Fatalf("%s is %s, and then %s", k, old, r.Verdict)
		}
		answers[k] = r.Verdict
	}
	if len(answers) != 30 {
		t.Errorf("%d different lines, want 30", len(answers))
	}
}

func BenchmarkAssert10000(b *testing.B) {
	m := example(b)
	lines := tenThousand()
	b.ReportAllocs()
	for b.Loop() {
		held := 0
		for i := range lines {
			if r := Assert(m, &lines[i], ""); r.Held() {
				held++
			}
		}
		if held == 0 || held == len(lines) {
			b.Fatalf("%d of %d held", held, len(lines))
		}
	}
}
