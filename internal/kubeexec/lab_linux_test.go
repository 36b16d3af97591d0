package kubeexec_test

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/prober"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

const sharedVIP = "../../examples/shared-vip/cluster.yaml"

func compile(t *testing.T, files ...string) *model.Model {
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

// network builds a Model's network and lets the kubelet run commands in its pods.
func network(t *testing.T, m *model.Model, k *kubetest.Kubelet, questions ...path.Question) *lab.Lab {
	t.Helper()
	s, err := proof.Open(t.Context(), m, questions, proof.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	k.Run = func(c kubetest.Command) (int, error) {
		machine := s.Lab().Machine("pod/" + c.Namespace + "/" + c.Pod)
		if machine == nil {
			t.Errorf("no machine for %s/%s", c.Namespace, c.Pod)
			return 1, nil
		}
		code := 0
		return code, machine.Do(func() (err error) {
			cmd := exec.Command(c.Args[0], c.Args[1:]...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
			code, err = kubetest.Ended(cmd.Run())
			return err
		})
	}
	return s.Lab()
}

func options(from, to string) prober.Options {
	return prober.Options{
		Question: path.Question{From: from, To: to, Namespace: "default"},
		Rate:     1000, Timeout: time.Second, Poll: time.Millisecond, Count: 2,
	}
}

var questions = []path.Question{
	{From: "pod/test/worker-0", To: "svc/test/ssh:22"},
	{From: "pod/test/worker-0", To: "svc/test/http:80"},
	{From: "pod/monitoring/prober-0", To: "svc/test/ssh:22"},
	{From: "pod/test/worker-0", To: "pod/test/ssh-0:22"},
	{From: "pod/monitoring/prober-0", To: "pod/test/ssh-0:22"},
}

// TestLab: commands in pods of a real network fare as predicted, whichever tool makes
// the connection.
func TestLab(t *testing.T) {
	k, c, _ := start(t, sharedVIP)
	m := compile(t, sharedVIP)
	network(t, m, k, questions...)
	inLab := k.Run
	for _, name := range []string{"python3", "perl", "bash", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			k.Run = func(c kubetest.Command) (int, error) {
				if !strings.Contains(strings.Join(c.Args, " "), "command -v") {
					return inLab(c)
				}
				_, err := c.Stdout.Write([]byte("/usr/bin/" + name + "\n/usr/bin/timeout\n"))
				return 0, err
			}
			for i, q := range questions {
				o := options(q.From, q.To)
				o.Count = 1
				if name != "python3" && i%2 > 0 {
					continue
				}
				o.Tell = name == "python3"
				p, err := prober.NewPlan(t.Context(), m, c, o)
				if err != nil {
					t.Fatal(err)
				}
				r := prober.Do(t.Context(), p, c, nil)
				if r.Verdict() != prober.Agrees || r.Tool != name || len(r.Answers) == 0 {
					t.Errorf("%s -> %s: %s by %s: %+v, notes %v", q.From, q.To, r.Verdict(), r.Tool, r.Answers, r.Notes)
				}
				for _, a := range r.Answers {
					for _, o := range a.Outcomes {
						if name == "python3" && o.Seen == flow.Connected && (o.Server == "" || !o.Peer.IsValid()) {
							t.Errorf("%s -> %s: the server did not say who it is: %+v", q.From, q.To, o)
						}
					}
				}
			}
		})
	}
}

const noEgress = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nobody, namespace: test}
spec: {podSelector: {}, policyTypes: [Egress]}
`

// TestLabDiffers: the cluster has a policy that the API server does not show: it is
// noticed, and the pods' end is blamed.
func TestLabDiffers(t *testing.T) {
	k, c, _ := start(t, sharedVIP)
	m := compile(t, sharedVIP)
	hidden, err := manifest.Load([]string{sharedVIP, "-"}, manifest.Options{Stdin: strings.NewReader(noEgress)})
	if err != nil {
		t.Fatal(err)
	}
	truth, err := model.Compile(hidden.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	network(t, truth, k, questions...)
	p, err := prober.NewPlan(t.Context(), m, c, options("pod/test/worker-0", "svc/test/ssh:22"))
	if err != nil {
		t.Fatal(err)
	}
	r := prober.Do(t.Context(), p, c, nil)
	if r.Verdict() != prober.Differs || r.Reading().Code != flow.CodeProbeEnd {
		t.Fatalf("%s, %s: %+v", r.Verdict(), r.Reading(), r.Answers)
	}
	x := r.Explain(m)
	if x == nil || x.Diagnosis == nil || len(x.Diagnosis.Causes) == 0 || len(x.Assumptions) == 0 {
		t.Fatalf("%+v", x)
	}
	for _, cause := range x.Diagnosis.Causes {
		t.Logf("%s: %s; next: %s", cause.Kind, cause.Reason, cause.Next)
	}
	if len(x.Diagnosis.Seen) != 2 || !slices.ContainsFunc(x.Diagnosis.Causes, func(c explain.Cause) bool { return len(c.Explains) == 2 }) {
		t.Errorf("nothing explains what was seen: %+v", x.Diagnosis)
	}
}

// TestLabUnenforced: nobody enforces the policies: that is noticed too, and a dataplane
// that does not is named.
func TestLabUnenforced(t *testing.T) {
	k, c, _ := start(t, sharedVIP)
	m := compile(t, sharedVIP)
	bare := *m.Snapshot
	bare.NetworkPolicies = nil
	truth, err := model.Compile(&bare)
	if err != nil {
		t.Fatal(err)
	}
	network(t, truth, k, questions...)
	p, err := prober.NewPlan(t.Context(), m, c, options("pod/monitoring/prober-0", "svc/test/ssh:22"))
	if err != nil {
		t.Fatal(err)
	}
	r := prober.Do(t.Context(), p, c, nil)
	x := r.Explain(m)
	if r.Verdict() != prober.Differs || x == nil || x.Diagnosis == nil {
		t.Fatalf("%s: %+v, notes %v", r.Verdict(), r.Answers, r.Notes)
	}
	for _, o := range x.Others {
		t.Logf("%v: %v, %s", o.Profiles, o.Seen, o.Since)
	}
	if !slices.ContainsFunc(x.Others, func(o explain.Other) bool { return slices.Contains(o.Profiles, "none") }) {
		t.Errorf("no dataplane that enforces nothing among %+v", x.Others)
	}
}

// TestLabOutside: from a client's machine, by this process: the address, and the
// NodePorts of two nodes.
func TestLabOutside(t *testing.T) {
	k, c, _ := start(t, sharedVIP)
	m := compile(t, sharedVIP)
	client := path.Outside(m)[0]
	from := "external/" + client.Name
	l := network(t, m, k,
		path.Question{From: from, To: "svc/test/http:80"}, path.Question{From: from, To: "svc/test/ssh:22"},
		path.Question{From: from, To: "svc/test/http:80@nodeport", Via: "n1"}, path.Question{From: from, To: "svc/test/http:80@nodeport", Via: "n2"},
	)
	machine := l.Machine(from)
	if machine == nil {
		t.Fatalf("no machine %s", from)
	}
	for to, want := range map[string]flow.Seen{"svc/test/http:80": flow.Connected, "svc/test/ssh:22": flow.Timeout} {
		o := options("external", to)
		o.Here.Source = func(netip.Addr) netip.Addr { return client.Addresses[0] }
		var r *prober.Result
		err := machine.Do(func() error {
			p, err := prober.NewPlan(t.Context(), m, c, o)
			if err == nil {
				r = prober.Do(t.Context(), p, c, nil)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict() != prober.Agrees || len(r.Answers) != 3 || r.Answers[0].Outcomes[0].Seen != want || r.Means != prober.Dialing {
			t.Errorf("%s: %s, %+v", to, r.Verdict(), r.Answers)
		}
	}
}
