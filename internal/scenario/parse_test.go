package scenario_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/scenario"
)

const good = `# A title
# More about it.
rule: S1 T2
source: somewhere: "a sentence"
source: somewhere else
engine: walk  # no kernel here
lab: three-nodes
-- pods --
# a comment
app/a n1 10.244.1.10 app=a,b=c ports http=80,dns=53/udp,9000
app/h n2 - hostNetwork notready
-- ask --
external/c via n1 -> svc/app/a:http@vip  DEPENDS seen=connected,timeout
    endpoints=app/a sources=none culprit=NetworkPolicy/app/x
[policy kube-router|none, proxy kube-proxy-iptables]
node/n1 -> 10.0.0.1:80/udp  UNKNOWN wrong="no such thing" step=drop,snat says=denied deviates=none
`

func TestParse(t *testing.T) {
	s, err := scenario.Parse("x.txtar", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, s.Title, "A title")
	equal(t, s.Rules, []string{"S1", "T2"})
	equal(t, len(s.Sources), 2)
	equal(t, s.Engine+"/"+s.Reason, "walk/no kernel here")
	equal(t, len(s.Blocks), 2)
	q := s.Blocks[0].Questions[0]
	equal(t, q.Expectation, cluster.Expectation{
		From: "external/c", Via: "n1", To: "svc/app/a:http@vip", Verdict: flow.Depends, HasVerdict: true,
		Seen: []flow.Seen{flow.Connected, flow.Timeout}, Endpoints: []string{"app/a"}, Sources: []string{},
		Culprit: "NetworkPolicy/app/x", Position: flow.Position{File: "x.txtar", Line: 13},
	})
	equal(t, s.Blocks[1].Settings, []scenario.Setting{
		{Key: "policy", Values: []string{"kube-router", "none"}}, {Key: "proxy", Values: []string{"kube-proxy-iptables"}},
	})
	q = s.Blocks[1].Questions[0]
	equal(t, q.Wrong, "no such thing")
	equal(t, q.Steps, []flow.Action{flow.Drop, flow.SNAT})
	equal(t, q.Deviates, []flow.Code{})
	equal(t, q.Misses, []flow.Code(nil))
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Positions of objects are those of the scenario, in shorthand and in YAML.
func TestPositions(t *testing.T) {
	s, err := scenario.Parse("x.txtar", []byte(strings.Replace(good, "-- ask --", `-- cluster.yaml --
apiVersion: v1
kind: Service
metadata: {name: s, namespace: other}
spec: {selector: {app: a}, ports: [{port: 80}]}
-- ask --`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Snapshot(labs)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, in.Pods[0].Position, flow.Position{File: "x.txtar", Line: 10})
	equal(t, in.Services[0].Position, flow.Position{File: "x.txtar", Line: 13})
	equal(t, in.Pods[0].Ports[1], cluster.ContainerPort{Name: "dns", Port: 53, Protocol: flow.UDP})
	equal(t, in.Pods[1].Ready, false)
	equal(t, len(in.Namespaces), 2)
	for _, n := range in.Namespaces {
		equal(t, n.Implied, false)
	}
}

// What the parser does not know is an error with its line.
func TestParseStrict(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"# A title\n# More about it.\n", "", "x.txtar:6: a scenario starts with a # title"},
		{"rule: S1 T2\n", "", "a scenario names the rule it proves"},
		{"rule: S1 T2", "rule: S1 S1", "x.txtar:3: the rule S1 is there twice"},
		{"rule: S1 T2", "rule: one", "a rule's id"},
		{"rule:", "rules:", "x.txtar:3: unknown key rules"},
		{"engine: walk  # no kernel here", "engine: walk", "only this engine"},
		{"engine: walk", "engine: fly", "engines are walk and kernel"},
		{"lab: three-nodes", "lab: ../x", "a lab is the name"},
		{"lab: three-nodes", "lab: three-nodes\nlab: x", "x.txtar:8: the key lab is there twice"},
		{"lab: three-nodes", "namespaces: none", "namespaces: as written"},
		{"lab: three-nodes", "words", "key: value"},
		{"lab: three-nodes\n", "", "nothing to ask"},
		{"-- pods --", "-- Pods --", "x.txtar:8: unknown section Pods"},
		{"-- pods --", "-- --", "x.txtar:8: a section without a name"},
		{"-- ask --\n", "-- ask --\nnode/n1 -> 10.0.0.1:1 UNKNOWN\n-- ask --\n", "the section ask is there twice"},
		{"-- ask --", "-- fabric.yaml --\n-- ask --", "the section fabric.yaml is empty"},
		{"app/a n1 10.244.1.10", "app/a n1", "x.txtar:10: "},
		{"app/a n1 10.244.1.10", "app/a n1 10.244.1", "IPv4 address too short"},
		{"app/a n1", "a n1", "a pod's name is NS/NAME"},
		{"app=a,b=c", "app=a,app=c", "each key once"},
		{"hostNetwork", "hostnetwork", "x.txtar:11: unknown word hostnetwork"},
		{"http=80", "http=0", "ports are name=80/tcp"},
		{"53/udp", "53/icmp", "ports are name=80/tcp"},
		{"external/c via n1 ->", "external/c via ->", "x.txtar:13: a question is FROM"},
		{"@vip  DEPENDS seen=connected,timeout", "@vip", "a target and a verdict"},
		{"DEPENDS", "MAYBE", `verdict "MAYBE" is not one of`},
		{"seen=connected", "seen=open", `seen "open" is not one of`},
		{"seen=connected", "saw=connected", "unknown key saw"},
		{"endpoints=app/a", "endpoints=", "key=value"},
		{"endpoints=app/a", "endpoints=app/a,,app/b", "an empty value"},
		{"endpoints=app/a", "endpoints=app/a endpoints=app/b", "x.txtar:14: the key endpoints is there twice"},
		{"sources=none", "sources=here", "unable to parse IP"},
		{"step=drop", "step=fall", `step "fall" is not one of`},
		{"says=denied", "says=Denied", "is not a code"},
		{"[policy kube-router|none, ", "[police x, ", "x.txtar:15: unknown setting police"},
		{"kube-router|none", "kube-router|", "has no value"},
		{"[policy kube-router|none, proxy", "[proxy a, proxy", "the setting proxy is there twice"},
		{"iptables]", "iptables", "a block starts with"},
		{"[policy", "[]\n[policy", "nothing is asked in the block above"},
		{"-- ask --\n", "-- ask --\n  seen=timeout\n", "there is none above"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Errorf("%q is not in the scenario", c.old)
		}
		_, err := scenario.Parse("x.txtar", []byte(text))
		var e *scenario.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
	if _, err := scenario.Parse("x", []byte("# t\nrule: S1\nsource: x\nlab: l\n")); err == nil {
		t.Error("a scenario without ask was taken")
	}
}

// Differences are told by field.
func TestDifferences(t *testing.T) {
	text := strings.Replace(good, "engine: walk  # no kernel here\n", "", 1)
	s, err := scenario.Parse("x.txtar", []byte(text[:strings.Index(text, "-- ask --")]+
		"-- ask --\nnode/n1 -> pod/app/a:80  UNREACHABLE seen=timeout says=denied misses=none deviates=denied step=snat\nnode/n9 -> pod/app/a:80 UNKNOWN\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := scenario.Run(s, scenario.Walk{}, labs, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{
		"x.txtar:12: [] node/n1 -> pod/app/a:80", "verdict is REACHABLE, expected UNREACHABLE",
		"seen is [connected], expected [timeout]", "says are", "deviates are", "step are", "error: \"node/n9\"",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s\nlacks %q", all, want)
		}
	}
}

// FuzzParse: the parser refuses or takes, it never fails otherwise, and what it
// took can be expanded.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	files, err := scenario.Find(dir)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenario.Parse("x", data)
		if err != nil {
			var e *scenario.Error
			if !errors.As(err, &e) {
				t.Fatalf("%v is not an *Error", err)
			}
			return
		}
		_, _ = s.Snapshot(labs)
	})
}
