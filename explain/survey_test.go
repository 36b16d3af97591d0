package explain

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// told prints the rows of a survey: places, then one cell per column.
func told(s *Survey) []string {
	var out []string
	for _, r := range s.Rows {
		line := strings.TrimSpace(r.Kind.String()+" "+r.Group) + " " + strings.Join(r.Places, "+")
		for _, c := range r.Cells {
			line += " | " + cellWords(&c)
		}
		out = append(out, line)
	}
	return out
}

func cellWords(c *Cell) string {
	if c.None {
		return "-"
	}
	s := c.Verdict.String()
	for _, x := range c.Seen {
		s += " " + x.String()
	}
	return s + fmt.Sprint(c.Reasons)
}

// The post's cluster: ssh fails from outside and from every other node, works on
// the pod's own node and from the namespace by the cluster address.
func TestSurveyOfTheIncident(t *testing.T) {
	m := example(t)
	all, err := Surveys(m, "svc/test/ssh", "")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d surveys, %v", len(all), err)
	}
	s := all[0]
	var columns []string
	for _, c := range s.Columns {
		columns = append(columns, c.Kind.String())
	}
	if want := []string{"vip", "clusterip", "nodeport"}; !slices.Equal(columns, want) {
		t.Fatalf("columns %v, want %v", columns, want)
	}
	want := []string{
		"client branch n1+n3 | UNREACHABLE timeout[0] | - | UNREACHABLE timeout[0]",
		"client branch n2 | UNREACHABLE timeout[1] | - | UNREACHABLE timeout[1]",
		"node n1+n3 | UNREACHABLE timeout[0] | UNREACHABLE timeout[0] | UNREACHABLE timeout[0]",
		"node n2 | REACHABLE connected[] | REACHABLE connected[] | REACHABLE connected[]",
		"pod test http-0+http-1+worker-0 | UNREACHABLE timeout[0] | REACHABLE connected[] | UNREACHABLE timeout[0]",
		"pod test ssh-0 | REACHABLE connected[] | REACHABLE connected[] | REACHABLE connected[]",
		"pod monitoring prober-0 | UNREACHABLE timeout[0] | UNREACHABLE timeout[2] | UNREACHABLE timeout[0]",
	}
	if got := told(s); !slices.Equal(got, want) {
		t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(s.Proofless, []string{"n2"}) {
		t.Errorf("success proves nothing on %v, want n2", s.Proofless)
	}
	if !s.Has(flow.Reachable) || !s.Has(flow.NotReachable) || s.Has(flow.Depends) {
		t.Error("Has: some places reach it, some do not, none by chance")
	}
}

// What the policy took the client for: the node that masqueraded it, itself, a
// pod.
func TestSurveyReasons(t *testing.T) {
	s := mustSurvey(t, "svc/test/ssh:22")
	ways := []SeenAs{AsNode, AsItself, AsPod}
	saws := []string{"10.0.0.11 10.0.0.13", "203.0.113.10", "pod monitoring/prober-0"}
	if len(s.Reasons) != len(ways) {
		t.Fatalf("%d reasons, want %d", len(s.Reasons), len(ways))
	}
	for i, b := range s.Reasons {
		if b.As != ways[i] || strings.TrimPrefix(strings.Join(b.Saw, " "), "@") != saws[i] || b.Fate != flow.DeniedByPolicy || b.Culprit.Name != "deny-from-other-namespaces" {
			t.Errorf("reason %d: %s, seen as %d: %q, by %s; want %d, %q", i, b.Fate, b.As, b.Saw, b.Culprit, ways[i], saws[i])
		}
	}
}

func mustSurvey(t *testing.T, target string) *Survey {
	t.Helper()
	all, err := Surveys(example(t), target, "")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d surveys, %v", len(all), err)
	}
	return all[0]
}

// An address is surveyed as the Service whose it is; http works from everywhere.
func TestSurveyOfHTTP(t *testing.T) {
	s := mustSurvey(t, "198.51.100.17:80")
	if s.Service == nil || s.Service.Name != "http" || s.Has(flow.NotReachable) || len(s.Reasons) != 0 || len(s.Proofless) != 0 {
		t.Errorf("%s: %v, reasons %v", s.Title, told(s), s.Reasons)
	}
}

// "With Local a shared VIP would break": the nodes on which each Service would
// be silent.
func TestSharing(t *testing.T) {
	sh := mustSurvey(t, "svc/test/ssh").Sharing
	if sh == nil || sh.Addr.String() != "198.51.100.17" || !slices.Equal(sh.Entries, []string{"n1", "n2", "n3"}) || len(sh.Services) != 2 {
		t.Fatalf("%+v", sh)
	}
	for i, want := range []Sharer{
		{Ports: []string{"80"}, Nodes: []string{"n1", "n3"}, Dead: []string{"n2"}},
		{Ports: []string{"22"}, Nodes: []string{"n2"}, Dead: []string{"n1", "n3"}},
	} {
		got := sh.Services[i]
		if !slices.Equal(got.Ports, want.Ports) || !slices.Equal(got.Nodes, want.Nodes) || !slices.Equal(got.Dead, want.Dead) {
			t.Errorf("%s: %v on %v, dead on %v; want %v", got.Service.Name, got.Ports, got.Nodes, got.Dead, want)
		}
	}
}

func TestSurveyErrors(t *testing.T) {
	m := example(t)
	for _, target := range []string{"svc/test/nothing", "198.51.100.17:23", "svc/test/ssh:23", "nonsense"} {
		if all, err := Surveys(m, target, ""); err == nil {
			t.Errorf("%s: %d surveys and no error", target, len(all))
		}
	}
}

// Beyond 400 pods, one stands for those of its namespace, policies and node.
func TestSurveySamples(t *testing.T) {
	m := compile(t, manyNodes(3), pods(410))
	all, err := Surveys(m, "svc/test/web", "")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, r := range all[0].Rows {
		if r.Kind == flow.MachinePod {
			asked += len(r.Places)
		}
	}
	if asked+all[0].Sampled != 411 || asked < 4 || asked > 10 {
		t.Errorf("%d pods asked, %d not; want all 411 accounted for, few of them asked", asked, all[0].Sampled)
	}
}

func pods(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{apiVersion: v1, kind: Pod, metadata: {namespace: test, name: p%d, labels: {app: x}}, spec: {nodeName: n%d, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.100.%d.%d}]}}\n---\n", i, i%3, i%3, 20+i/3)
	}
	return b.String()
}

// The summary: how many paths, who is to blame, and how near the rules came to
// the first culprit's denial.
func TestSummarize(t *testing.T) {
	m := example(t)
	s := Summarize(m, walk(t, m, "external", "198.51.100.17:22", ""))
	if s.Reached != 0 || len(s.Culprits) != 1 || s.Denied == nil || s.Denied.Decision.Verdict != policy.Denied {
		t.Fatalf("%d reached, culprits %v", s.Reached, s.Culprits)
	}
	if len(s.Misses) != 1 || s.Misses[0].Policy.Name != "deny-from-other-namespaces" || len(s.Misses[0].Ports) != 0 || len(s.Misses[0].Peers) != 1 {
		t.Errorf("misses %+v", s.Misses)
	}
	if !slices.Equal(s.Seen, []flow.Seen{flow.Timeout}) || len(s.Sharers) != 2 {
		t.Errorf("seen %v, %d sharers", s.Seen, len(s.Sharers))
	}
	s = Summarize(m, walk(t, m, "external", "198.51.100.17:80", ""))
	if s.Reached != 6 || len(s.Culprits) != 0 || s.Denied != nil || s.Misses != nil {
		t.Errorf("http: %d reached, culprits %v, misses %v", s.Reached, s.Culprits, s.Misses)
	}
}

// The commonest near miss: a rule for the Service's port, or its NodePort, where
// policy sees the target port.
func TestHintServicePort(t *testing.T) {
	for port, want := range map[string]flow.Code{"22": flow.CodeMissPortIsFront, "30022": flow.CodeMissPortIsFront, "2223": flow.CodeMissPort} {
		m := example(t, policyAt("allow-ssh", late, "podSelector: {matchLabels: {app.kubernetes.io/name: ssh}}, ingress: [{ports: [{port: "+port+"}]}]"))
		s := Summarize(m, walk(t, m, "external", "198.51.100.17:22", ""))
		i := slices.IndexFunc(s.Misses, func(x policy.Miss) bool { return x.Policy.Name == "allow-ssh" })
		if i < 0 || len(s.Misses[i].Ports) != 1 || s.Misses[i].Ports[0].Code != want {
			t.Errorf("port %s: %+v, want %s", port, s.Misses, want)
		}
	}
}

// What was left out is counted by kind and reason.
func TestIgnored(t *testing.T) {
	why := flow.Because(flow.CodeIgnoredKind, "Widget", "example.com")
	thing := func(name string) cluster.Ignored {
		return cluster.Ignored{Object: flow.Object{Kind: "Widget", Name: name}, Reason: why}
	}
	got := Unused(&cluster.Snapshot{Ignored: []cluster.Ignored{thing("a"), thing("b"), {Object: flow.Object{Kind: "Gadget", Name: "c"}, Reason: why}}})
	if len(got) != 2 || got[0].Count != 2 || got[0].First.Name != "a" || got[1].Count != 1 || got[1].Kind != "Gadget" {
		t.Errorf("%+v", got)
	}
}

func TestColumnKinds(t *testing.T) {
	s := mustSurvey(t, "svc/test/ssh")
	for _, c := range s.Columns {
		if c.To == "" || c.Kind == 0 || c.Kind > service.NodePort {
			t.Errorf("column %+v", c)
		}
	}
}
