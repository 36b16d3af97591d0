package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/path"
)

// story is a cluster of real parts under a lab in which its packets go.
type story struct {
	*Cluster
	t         *testing.T
	fabric    string
	questions []path.Question
	plane     *plane
	session   *proof.Session
	watch     *running
}

// seen is what clients notice of each question, "FROM [via NODE] TO".
type seen map[string]flow.Seen

// everywhere asks a Service of the example from every kind of place.
func everywhere(target string) []path.Question {
	return []path.Question{
		{From: "external/branch", Via: "n1", To: target},
		{From: "external/branch", Via: "n2", To: target},
		{From: "external/branch", Via: "n3", To: target},
		{From: "node/n1", To: target},
		{From: "node/n2", To: target},
		{From: "node/n3", To: target},
	}
}

func words(q path.Question) string {
	if q.Via != "" {
		return fmt.Sprintf("%s via %s %s", q.From, q.Via, q.To)
	}
	return q.From + " " + q.To
}

// each is what is seen where every question ends alike.
func each(questions []path.Question, s flow.Seen) seen {
	all := seen{}
	for _, q := range questions {
		all[words(q)] = s
	}
	return all
}

// with is the same, but for some.
func (s seen) with(others seen) seen {
	for q, o := range others {
		s[q] = o
	}
	return s
}

// packets sends real packets through the lab as the cluster is now, and holds what
// becomes of them against what people saw, and against the prediction.
func (s *story) packets(want seen) {
	s.t.Helper()
	ctx, m := s.t.Context(), s.Compile(s.fabric)
	if s.session == nil {
		var err error
		s.plane, err = newPlane(s.Cluster, m)
		must(s.t, err)
		s.session, err = proof.Open(ctx, m, s.questions, proof.Options{Dataplane: s.plane})
		must(s.t, err)
		s.t.Cleanup(func() { must(s.t, s.session.Close()) })
		s.plane.Await(s.session.Lab(), "198.51.100.17 . tcp . 22", "198.51.100.17 . tcp . 80")
	} else {
		must(s.t, s.session.Change(ctx, m, s.questions))
	}
	lines, err := s.session.Run(ctx)
	must(s.t, err)
	for _, l := range lines {
		q := words(l.Question)
		switch {
		case !l.Proved():
			s.t.Errorf("%s: not asked: %s %v", q, l.Unprovable, l.Err)
		case !l.Agrees():
			s.t.Errorf("%s: the kernel does otherwise: %s", q, strings.Join(l.Differs, "; "))
		case !slices.Equal(l.Observed.Seen, []flow.Seen{want[q]}):
			s.t.Errorf("%s: seen %v, not %v", q, l.Observed.Seen, want[q])
		}
	}
}

// says ends the test where a program fails, or does not say all the words.
func (s *story) says(did said, words ...string) {
	s.t.Helper()
	if did.Code != 0 {
		s.t.Fatalf("exit %d: %s%s", did.Code, did.Err, did.Out)
	}
	for _, w := range words {
		if !says(did.Out, w) {
			s.t.Errorf("it does not say %q:\n%s", w, did.Out)
		}
	}
}

// probe lets the product itself connect, on the client's machine of the lab. That it
// fares as predicted is exit code 0.
func (s *story) probe(target string, want flow.Seen) {
	s.t.Helper()
	did := s.Inside(s.session.Lab().Machine("external/branch"), "admin", "probe", "external/branch", target, "-f", s.fabric, "--yes", "-o", "json", "--count", "1", "--timeout", "1s")
	var answer struct {
		Answers []struct{ Outcomes []struct{ Seen string } }
	}
	if err := json.Unmarshal([]byte(did.Out), &answer); err != nil || did.Code != 0 {
		s.t.Fatalf("probe %s: exit %d, %v: %s%s", target, did.Code, err, did.Err, did.Out)
	}
	n := 0
	for _, r := range answer.Answers {
		for _, o := range r.Outcomes {
			if n++; o.Seen != want.String() {
				s.t.Errorf("probe %s: %s, not %s", target, o.Seen, want)
			}
		}
	}
	if n == 0 {
		s.t.Errorf("probe %s tried nothing: %s", target, did.Out)
	}
}

// TestStory plays what happened to the operators, from beginning to end: two Services
// share an address; an upgrade brings two policies; ssh answers on its pod's own node
// only; the culprit is found, and the repair holds. What is expected is what they
// wrote, and examples/shared-vip/observations.txt.
func TestStory(t *testing.T) {
	const ssh, http = "svc/test/ssh:22", "svc/test/http:80"
	s := &story{Cluster: start(t), t: t, fabric: sharedVIP + "/fabric.yaml"}
	s.questions = append(everywhere(ssh), everywhere(http)...)
	all, err := readObjects(yamlFiles(sharedVIP)...)
	must(t, err)

	steps := []struct {
		name string
		play func()
	}{
		{"healthy", func() {
			s.Register(without(all, "NetworkPolicy"))
			s.packets(each(s.questions, flow.Connected))
		}},
		{"somebody watches", func() {
			s.watch = s.Begin("admin", "watch", ssh, "-f", s.fabric)
			s.watch.Hears("svc/test/ssh")
		}},
		{"the upgrade applies two policies", func() {
			s.Apply("helm", only(all, "NetworkPolicy"))
			s.packets(each(everywhere(http), flow.Connected).with(each(everywhere(ssh), flow.Timeout)).with(seen{
				"node/n2 " + ssh: flow.Connected,
			}))
		}},
		{"watch says what was lost, and by whom", func() {
			s.watch.Hears("lost", "svc/test/ssh", "NetworkPolicy test/deny-from-other-namespaces", "helm")
		}},
		{"explain names the culprit, and trace who brought it", func() {
			s.says(s.Portolan("admin", "", "explain", ssh, "-f", s.fabric),
				"DeniedByPolicy by NetworkPolicy/test/deny-from-other-namespaces", "node n2 ok ok ok", "external/branch via n2 x timeout")
			s.says(s.Portolan("admin", "", "trace", "external", ssh, "-f", s.fabric),
				"UNREACHABLE", "NetworkPolicy/test/deny-from-other-namespaces", "by helm")
		}},
		{"kubectl has it as a plugin", func() {
			s.says(s.Shell("admin", "kubectl portolan explain "+ssh+" -f "+s.fabric), "NetworkPolicy/test/deny-from-other-namespaces")
		}},
		{"probe confirms it, from outside", func() {
			s.probe(ssh, flow.Timeout)
			s.probe(http, flow.Connected)
		}},
		{"fix, laid over the cluster, promises it", func() {
			fixed := s.file("fixed.yaml")
			s.says(s.Shell("admin", "portolan fix external "+ssh+" -f "+s.fabric+" > "+fixed))
			s.says(s.Portolan("admin", "", "trace", "external", ssh, "-f", s.fabric, "-f", fixed), "REACHABLE external", "3 of 3 paths deliver")
		}},
		{"fix, by the real kubectl", func() {
			s.says(s.Shell("admin", "portolan fix external "+ssh+" -f "+s.fabric+" | kubectl apply -f -"),
				"networkpolicy.networking.k8s.io/allow-ssh created")
		}},
		{"repaired", func() {
			s.packets(each(s.questions, flow.Connected))
		}},
		{"watch and probe confirm the repair", func() {
			s.watch.Hears("svc/test/ssh", "NetworkPolicy test/allow-ssh", "kubectl")
			s.probe(ssh, flow.Connected)
		}},
	}
	for i, step := range steps {
		t.Logf("%d. %s", i+1, step.name)
		step.play()
		if t.Failed() {
			t.Fatalf("the story ends at step %d", i+1)
		}
	}
}
