package cyclonus

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// TestMain runs the tests in namespaces of their own, where a lab may be built.
func TestMain(m *testing.M) {
	done, code, err := lab.Enter()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case done:
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// packets counts what was sent, and what did not fare as foretold.
type packets struct {
	mu                              sync.Mutex
	cases, states, questions, tries int
	wrong                           []string
}

// labs is how many labs there are at a time: most of their time is spent waiting
// for packets that were dropped.
const labs = 6

// TestPackets runs the generated cases on the kernel: our policy rules follow
// every step of a case, and from every pod to every pod, port and protocol a
// connection is tried. SCTP is not: this kernel makes no such sockets.
func TestPackets(t *testing.T) {
	var c packets
	for _, f := range families {
		podIP := newState(f).resources.Pods[8].IP
		cases := append(generator.NewTestCaseGenerator(true, podIP, []string{"x", "y", "z"}, nil, nil).GenerateAllTestCases(), notIn)
		var wg sync.WaitGroup
		for i := range labs {
			wg.Go(func() {
				b := bench{packets: &c}
				defer b.close(t)
				for n := i; n < len(cases) && !t.Failed(); n += labs {
					s := newState(f)
					for j, step := range cases[n].Steps {
						for _, a := range step.Actions {
							s.act(t, a)
						}
						b.ask(t, s, cases[n], fmt.Sprintf("%s, case %d (%s), step %d", f.name, n+1, cases[n].Description, j+1))
					}
				}
			})
		}
		wg.Wait()
		c.cases += len(cases)
	}
	t.Logf("%d cases, %d states, %d questions, %d connections", c.cases, c.states, c.questions, c.tries)
	for _, w := range c.wrong {
		t.Error(w)
	}
	if c.questions < 100000 {
		t.Errorf("only %d questions were asked", c.questions)
	}
}

// bench is one lab and the pods it was built for.
type bench struct {
	*packets
	session *proof.Session
	pods    string
}

func (b *bench) close(t *testing.T) {
	t.Helper()
	if b.session == nil {
		return
	}
	if err := b.session.Close(); err != nil {
		t.Error(err)
	}
	b.session = nil
}

// ask makes the lab hold the state's policies and compares what its pods reach
// with the prediction and with what Cyclonus says.
func (b *bench) ask(t *testing.T, s *state, tc *generator.TestCase, where string) {
	t.Helper()
	ctx := context.Background()
	m, err := model.Compile(s.snapshot(t))
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	jobs := slices.DeleteFunc((&probe.JobBuilder{}).GetJobsAllAvailableServers(s.resources, generator.ProbeModePodIP).Valid, func(j *probe.Job) bool {
		return j.Protocol == corev1.ProtocolSCTP
	})
	var questions []path.Question
	pods := s.name
	for _, p := range s.resources.Pods {
		pods += " " + p.PodString().String() + "=" + p.IP
	}
	for _, j := range jobs {
		to := j.ToIP
		if strings.Contains(to, ":") {
			to = "[" + to + "]"
		}
		questions = append(questions, path.Question{
			From: "pod/" + j.FromKey, To: fmt.Sprintf("%s:%d/%s", to, j.ResolvedPort, strings.ToLower(string(j.Protocol))),
		})
	}
	if b.session != nil && b.pods == pods {
		err = b.session.Change(ctx, m, questions)
	} else {
		b.close(t)
		b.pods = pods
		b.session, err = proof.Open(ctx, m, questions, proof.Options{})
	}
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	lines, err := b.session.Run(ctx)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	theirs := matcher.BuildNetworkPolicies(true, s.policies)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states++
	for i := range lines {
		l, j := &lines[i], jobs[i]
		b.questions++
		b.tries += l.Tries
		if !l.Agrees() {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s -> %s: %v %v %v", where, l.Question.From, l.Question.To, l.Differs, l.Unprovable, l.Err))
			continue
		}
		passed, allowed := l.Observed.Verdict == flow.Reachable, theirs.IsTrafficAllowed(j.Traffic()).IsAllowed()
		if passed != allowed && !slices.ContainsFunc(differences, func(d difference) bool { return d.explains(tc, connection, j, passed) }) {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s -> %s: passed: %v, Cyclonus %v", where, l.Question.From, l.Question.To, passed, allowed))
		}
	}
}
