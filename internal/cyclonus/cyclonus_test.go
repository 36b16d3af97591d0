package cyclonus

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	"github.com/mattfenwick/cyclonus/pkg/matcher"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// comparison counts what was asked of both, and what they disagree about.
type comparison struct {
	cases, states, pairs, questions int // cases are the generated ones, of one family
	denied, admitted                int
	explained                       map[string]int
}

// TestGenerated compares Cyclonus' matcher and ours on all of its cases and one
// of ours, in both families, after every step, from every pod to every pod, port
// and protocol.
func TestGenerated(t *testing.T) {
	c := &comparison{explained: map[string]int{}}
	for _, f := range families {
		podIP := newState(f).resources.Pods[8].IP // z/c, as Cyclonus does
		cases := generator.NewTestCaseGenerator(true, podIP, []string{"x", "y", "z"}, nil, nil).GenerateAllTestCases()
		if len(cases) != 230 {
			t.Errorf("%d generated cases, not 230", len(cases))
		}
		c.cases = len(cases)
		for i, tc := range append(cases, notIn) {
			s := newState(f)
			for j, step := range tc.Steps {
				for _, a := range step.Actions {
					s.act(t, a)
				}
				c.compare(t, s, tc, fmt.Sprintf("%s, case %d (%s), step %d", f.name, i+1, tc.Description, j+1))
			}
		}
	}
	for _, d := range differences {
		if c.explained[d.name] == 0 {
			t.Errorf("nothing differs because of %q any more", d.name)
		}
	}
	if c.denied < c.questions/50 || c.admitted < c.questions/2 {
		t.Errorf("of %d questions %d are denied, %d admitted: the cases test too little", c.questions, c.denied, c.admitted)
	}
	told(t, c)
}

// compare asks both about one state of a cluster.
func (c *comparison) compare(t *testing.T, s *state, tc *generator.TestCase, where string) {
	t.Helper()
	snapshot := s.snapshot(t)
	m, err := model.Compile(snapshot)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	theirs := matcher.BuildNetworkPolicies(true, s.policies)
	pods := map[string]*cluster.Pod{}
	for i := range snapshot.Pods {
		p := &snapshot.Pods[i]
		pods[p.Namespace+"/"+p.Name] = p
	}
	c.states++
	jobs := (&probe.JobBuilder{}).GetJobsAllAvailableServers(s.resources, generator.ProbeModePodIP).Valid
	c.pairs += len(s.resources.Pods) * len(s.resources.Pods)
	if len(jobs) != 6*len(s.resources.Pods)*len(s.resources.Pods) {
		t.Errorf("%s: %d questions about %d pods", where, len(jobs), len(s.resources.Pods))
	}
	for _, j := range jobs {
		want := theirs.IsTrafficAllowed(j.Traffic())
		c.same(t, tc, where, ingress, j, judge(t, m, j, policy.Ingress, pods[j.ToKey], pods[j.FromKey]), want.Ingress.IsAllowed())
		c.same(t, tc, where, egress, j, judge(t, m, j, policy.Egress, pods[j.FromKey], pods[j.ToKey]), want.Egress.IsAllowed())
		c.same(t, tc, where, connection, j, ask(t, m, j), want.IsAllowed())
		c.questions++
		if want.IsAllowed() {
			c.admitted++
		} else {
			c.denied++
		}
	}
}

func (c *comparison) same(t *testing.T, tc *generator.TestCase, where string, what asked, j *probe.Job, ours, theirs bool) {
	t.Helper()
	if ours == theirs {
		return
	}
	for _, d := range differences {
		if d.explains(tc, what, j, ours) {
			c.explained[d.name]++
			return
		}
	}
	t.Errorf("%s: %s of %s -> %s:%d/%s: allowed: ours %v, Cyclonus %v", where, what, j.FromKey, j.ToKey, j.ResolvedPort, j.Protocol, ours, theirs)
}

// judge asks the tables about one direction.
func judge(t *testing.T, m *model.Model, j *probe.Job, d policy.Direction, subject, peer *cluster.Pod) bool {
	t.Helper()
	protocol, err := flow.ParseProtocol(string(j.Protocol))
	if err != nil {
		t.Fatal(err)
	}
	party := func(p *cluster.Pod) policy.Party { return policy.Party{Addr: p.IPs[0], Pod: p} }
	got := m.Policies.Judge(policy.Question{
		Direction: d, Subject: party(subject), Peer: party(peer), Protocol: protocol, Port: uint16(j.ResolvedPort),
	})
	if got.Verdict == policy.Undecided {
		t.Errorf("%s of %s and %s is undecided: %v", d, j.FromKey, j.ToKey, got.Missing)
	}
	return got.Verdict.Allowed()
}

// ask walks the packet from the pod to the other's address.
func ask(t *testing.T, m *model.Model, j *probe.Job) bool {
	t.Helper()
	to := netip.AddrPortFrom(netip.MustParseAddr(j.ToIP), uint16(j.ResolvedPort))
	a, err := path.Ask(m, path.Question{From: "pod/" + j.FromKey, To: to.String() + "/" + strings.ToLower(string(j.Protocol))})
	if err != nil {
		t.Fatal(err)
	}
	if a.Verdict != flow.Reachable && a.Verdict != flow.NotReachable {
		t.Errorf("%s -> %s is %s", j.FromKey, to, a.Verdict)
	}
	return a.Verdict == flow.Reachable
}

// told holds docs/semantics.md to the numbers.
func told(t *testing.T, c *comparison) {
	t.Helper()
	t.Logf("%d generated cases, %d states, %d pairs, %d questions: %d denied, differences %v", c.cases, c.states, c.pairs, c.questions, c.denied, c.explained)
	text, err := os.ReadFile("../../docs/semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Second opinions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	section = strings.ReplaceAll(strings.ReplaceAll(section, "\n", " "), ",", "")
	says := []string{fmt.Sprintf("%d generated cases", c.cases), fmt.Sprintf("%d states %d ordered pairs of pods %d questions", c.states, c.pairs, c.questions)}
	for _, d := range differences {
		says = append(says, fmt.Sprintf("**%s** (%d)", d.name, c.explained[d.name]))
	}
	for _, s := range says {
		if !strings.Contains(section, s) {
			t.Errorf("docs/semantics.md, Second opinions, does not say %q (without commas)", s)
		}
	}
}
