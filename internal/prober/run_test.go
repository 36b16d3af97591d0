package prober

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// fake is a cluster in memory. What is created runs at once.
type fake struct {
	pods    map[string]Pod
	deleted []string
	execs   [][]string
	tools   string                                             // what the look finds
	exec    func(container string, c []string) (Output, error) // else everything connects
	create  error
	start   ContainerState // of what is created; zero runs
	blind   bool           // pods cannot be read any more
}

func newFake() *fake {
	return &fake{tools: "/bin/nc", pods: map[string]Pod{
		"test/worker-0":          {Namespace: "test", Name: "worker-0", UID: "w", Node: "n3", Phase: "Running", Labels: map[string]string{"app.kubernetes.io/name": "worker"}, Containers: []string{"main", "side"}},
		"monitoring/prober-0":    {Namespace: "monitoring", Name: "prober-0", UID: "p", Node: "n1", Phase: "Running", Containers: []string{"main"}},
		"kube-system/innocent-0": {Namespace: "kube-system", Name: "innocent-0", UID: "i"},
	}}
}

func (f *fake) Pod(_ context.Context, namespace, name string) (Pod, error) {
	if p, ok := f.pods[namespace+"/"+name]; ok && !f.blind {
		return p, nil
	}
	if f.blind {
		return Pod{}, &Refusal{Verb: "get", Resource: "pods", Namespace: namespace, Code: 500, Message: "etcdserver: no leader"}
	}
	return Pod{}, &Refusal{Verb: "get", Resource: "pods", Namespace: namespace, Code: 404, Message: "not found"}
}

func (f *fake) Marked(_ context.Context, namespace, _ string) ([]Pod, error) {
	var out []Pod
	for _, k := range slices.Sorted(maps.Keys(f.pods)) {
		if p := f.pods[k]; namespace == "" || p.Namespace == namespace {
			out = append(out, p)
		}
	}
	return out, nil
}

func (f *fake) Create(_ context.Context, namespace string, object any) error {
	if f.create != nil {
		return f.create
	}
	var doc struct {
		Metadata struct {
			Name   string
			Labels map[string]string
		}
	}
	if err := into(object, &doc); err != nil {
		return err
	}
	name, labels := doc.Metadata.Name, doc.Metadata.Labels
	f.pods[namespace+"/"+name] = Pod{Namespace: namespace, Name: name, UID: "new", Labels: labels, Phase: "Running", Containers: []string{name}, States: f.states(name)}
	return nil
}

// into reads plain data as JSON has it.
func into(object, doc any) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, doc)
}

func (f *fake) states(name string) []ContainerState {
	s := f.start
	if s == (ContainerState{}) {
		s.Running = true
	}
	s.Name = name
	return []ContainerState{s}
}

func (f *fake) AddEphemeral(_ context.Context, namespace, pod string, container any) error {
	if f.create != nil {
		return f.create
	}
	var doc struct{ Name string }
	if err := into(container, &doc); err != nil {
		return err
	}
	p := f.pods[namespace+"/"+pod]
	p.States = append(p.States, f.states(doc.Name)...)
	f.pods[namespace+"/"+pod] = p
	return nil
}

func (f *fake) Delete(_ context.Context, namespace, name, uid string) error {
	if f.pods[namespace+"/"+name].UID != uid {
		return errors.New("another pod")
	}
	f.deleted = append(f.deleted, namespace+"/"+name)
	delete(f.pods, namespace+"/"+name)
	return nil
}

func (f *fake) Exec(ctx context.Context, _, _, container string, command []string, _ string) (Output, error) {
	f.execs = append(f.execs, command)
	if ctx.Err() != nil {
		return Output{}, ctx.Err()
	}
	if f.exec != nil {
		return f.exec(container, command)
	}
	if command[0] == "sh" {
		return Output{Stdout: f.tools}, nil
	}
	return Output{Stderr: "succeeded!"}, nil
}

func sharedVIP(t *testing.T, more string) *model.Model {
	t.Helper()
	in, err := manifest.Load([]string{"../../examples/shared-vip/cluster.yaml", "-"}, manifest.Options{Stdin: strings.NewReader(more)})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const nothingMore = "apiVersion: v1\nkind: Namespace\nmetadata: {name: more}\n"

func ask(from, to string) Options {
	return Options{Question: path.Question{From: from, To: to, Namespace: "default"}, Rate: 1e6, Poll: time.Millisecond, Start: time.Second, ID: "id1"}
}

// TestMeans: exec where there is a tool, else what the user allows; what was created is
// gone, and nothing else is.
func TestMeans(t *testing.T) {
	m := sharedVIP(t, nothingMore)
	for _, tt := range []struct {
		name, from, image, how, tools string
		means                         Means
		deleted                       string
		note                          flow.Code
		verdict                       Verdict
	}{
		{"a tool is there", "pod/test/worker-0", "", "", "/bin/nc", Exec, "", "", Agrees},
		{"no tool, no image", "pod/test/worker-0", "", "", "", Exec, "", flow.CodeProbeNoTool, Undecided},
		{"a tool is there, an image too", "pod/test/worker-0", "busybox", "", "/bin/nc", Exec, "", "", Agrees},
		{"a new pod", "pod/test/worker-0", "busybox", "pod", "/bin/nc", NewPod, "test/portolan-probe-id1", "", Agrees},
		{"a new pod without a tool", "pod/test/worker-0", "scratch", "pod", "", NewPod, "test/portolan-probe-id1", flow.CodeProbeNoToolIn, Undecided},
		{"it should not connect", "pod/monitoring/prober-0", "busybox", "pod", "/bin/nc", NewPod, "monitoring/portolan-probe-id1", "", Differs},
		{"a node", "node/n2", "busybox", "", "/bin/nc", NewPod, "default/portolan-probe-id1", "", Agrees},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.tools = tt.tools
			o := ask(tt.from, "svc/test/http:80")
			if tt.verdict == Differs {
				o.Question.To = "svc/test/ssh:22"
			}
			o.Image, o.How = tt.image, tt.how
			p, err := NewPlan(t.Context(), m, f, o)
			if err != nil {
				t.Fatal(err)
			}
			r := Do(t.Context(), p, f, nil)
			if r.Verdict() != tt.verdict || r.Means != tt.means || strings.Join(f.deleted, " ") != tt.deleted || len(f.pods) != 3 {
				t.Errorf("%s by %s, deleted %v, notes %v, %+v", r.Verdict(), r.Means, f.deleted, r.Notes, r.Answers)
			}
			if tt.note != "" && !slices.ContainsFunc(r.Notes, func(n flow.Reason) bool { return n.Code == tt.note }) {
				t.Errorf("notes %v, want %s", r.Notes, tt.note)
			}
		})
	}
}

// TestEphemeral: where no container has a tool and there is an image, a container is
// added, and the plan says that it stays.
func TestEphemeral(t *testing.T) {
	f := newFake()
	f.exec = func(container string, c []string) (Output, error) {
		switch {
		case !strings.HasPrefix(container, namePrefix):
			return Output{Exit: 127, Stderr: "sh: executable file not found in $PATH"}, nil
		case c[0] == "sh":
			return Output{Stdout: "/bin/nc"}, nil
		}
		return Output{}, nil
	}
	o := ask("pod/test/worker-0", "svc/test/http:80")
	o.Image = "busybox"
	p, err := NewPlan(t.Context(), sharedVIP(t, nothingMore), f, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Notes, func(n flow.Reason) bool { return n.Code == flow.CodeProbeEphemeral }) {
		t.Errorf("the plan does not say that it stays: %v", p.Notes)
	}
	r := Do(t.Context(), p, f, nil)
	if r.Verdict() != Agrees || r.Means != Ephemeral || len(f.deleted) != 0 {
		t.Errorf("%s by %s, deleted %v, notes %v", r.Verdict(), r.Means, f.deleted, r.Notes)
	}
}

// TestRefusals: what keeps a probe from being made is said, and nothing is left.
func TestRefusals(t *testing.T) {
	forbidden := &Refusal{Verb: "create", Resource: "pods", Namespace: "test", Code: 403, Message: "pods is forbidden"}
	security := &Refusal{Verb: "create", Resource: "pods", Namespace: "test", Code: 403, Message: `pods "x" is forbidden: violates PodSecurity "restricted:latest": hostNetwork=true`}
	for _, tt := range []struct {
		name string
		set  func(f *fake)
		code flow.Code
		says string
	}{
		{"forbidden", func(f *fake) { f.create = forbidden }, flow.CodeProbeForbidden, "create pods in namespace test"},
		{"PodSecurity", func(f *fake) { f.create = security }, flow.CodeProbeSecurity, "restricted:latest"},
		{"exec is forbidden", func(f *fake) {
			f.exec = func(string, []string) (Output, error) {
				return Output{}, &Refusal{Verb: "create", Resource: "pods/exec", Namespace: "test", Code: 403, Message: "no"}
			}
		}, flow.CodeProbeForbidden, "create pods/exec in namespace test"},
		{"no such image", func(f *fake) {
			f.start = ContainerState{Waiting: "ImagePullBackOff", Why: "ImagePullBackOff: nobody/nothing"}
		}, flow.CodeProbeFailed, "ImagePullBackOff"},
		{"an image without sleep", func(f *fake) { f.start = ContainerState{Ended: true, Why: "StartError"} }, flow.CodeProbeFailed, "sleep"},
		{"it never starts", func(f *fake) { f.start = ContainerState{Waiting: "ContainerCreating", Why: "ContainerCreating"} }, flow.CodeProbeFailed, "ContainerCreating"},
		{"the tool is none", func(f *fake) {
			f.exec = func(_ string, c []string) (Output, error) {
				if c[0] == "sh" {
					return Output{Stdout: "nc"}, nil
				}
				return Output{Exit: 1, Stderr: "nc: unrecognized option"}, nil
			}
		}, flow.CodeProbeFailed, "unrecognized option"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			tt.set(f)
			o := ask("pod/test/worker-0", "svc/test/http:80")
			o.Image, o.How, o.Start = "busybox", "pod", 20*time.Millisecond
			p, err := NewPlan(t.Context(), sharedVIP(t, nothingMore), f, o)
			if err != nil {
				t.Fatal(err)
			}
			r := Do(t.Context(), p, f, nil)
			if r.Verdict() != Undecided || len(r.Notes) != 1 || r.Notes[0].Code != tt.code || !strings.Contains(r.Notes[0].String(), tt.says) {
				t.Errorf("%s, notes %v", r.Verdict(), r.Notes)
			}
			if len(f.pods) != 3 {
				t.Errorf("left behind: %v", f.pods)
			}
		})
	}
}

// TestStop: who stops a probe while it connects finds nothing left, and is told so.
func TestStop(t *testing.T) {
	f := newFake()
	ctx, cancel := context.WithCancel(t.Context())
	f.exec = func(_ string, c []string) (Output, error) {
		if c[0] == "sh" {
			return Output{Stdout: "nc"}, nil
		}
		cancel()
		return Output{}, ctx.Err()
	}
	o := ask("node/n2", "svc/test/http:80")
	o.Image = "busybox"
	p, err := NewPlan(ctx, sharedVIP(t, nothingMore), f, o)
	if err != nil {
		t.Fatal(err)
	}
	r := Do(ctx, p, f, nil)
	if r.Verdict() != Undecided || !slices.ContainsFunc(r.Notes, func(n flow.Reason) bool { return n.Code == flow.CodeProbeStopped }) {
		t.Errorf("%s, %v", r.Verdict(), r.Notes)
	}
	if len(f.pods) != 3 || len(f.deleted) != 1 || len(r.Left) != 0 {
		t.Errorf("left %v, deleted %v", f.pods, f.deleted)
	}
	f.deleted = nil
	if Do(ctx, p, f, nil); len(f.deleted)+len(f.pods) != 3 {
		t.Errorf("a probe that was stopped before it began: %v", f.pods)
	}
}

// TestCleanIsCareful: what bears the name without the id is another's, and what cannot
// be deleted is told.
func TestCleanIsCareful(t *testing.T) {
	f := newFake()
	o := ask("node/n2", "svc/test/http:80")
	o.Image = "busybox"
	p, err := NewPlan(t.Context(), sharedVIP(t, nothingMore), f, o)
	if err != nil {
		t.Fatal(err)
	}
	f.create = &Refusal{Verb: "create", Resource: "pods", Message: "connection reset"}
	f.pods["default/portolan-probe-id1"] = Pod{Namespace: "default", Name: "portolan-probe-id1", UID: "x", Labels: map[string]string{ProbeLabel: "another"}}
	if r := Do(t.Context(), p, f, nil); len(f.deleted) != 0 || len(r.Left) != 0 {
		t.Errorf("deleted %v, left %v", f.deleted, r.Left)
	}
	f.blind = true
	if r := Do(t.Context(), p, f, nil); len(r.Left) != 1 || r.Notes[0].Code != flow.CodeProbeLeft && r.Notes[1].Code != flow.CodeProbeLeft {
		t.Errorf("left %v, notes %v", r.Left, r.Notes)
	}
}

// TestLeftovers: only what has the labels and the name of a probe is deleted.
func TestLeftovers(t *testing.T) {
	f := newFake()
	mark := func(id string) map[string]string { return map[string]string{ManagedLabel: Manager, ProbeLabel: id} }
	f.pods["a/portolan-probe-1"] = Pod{Namespace: "a", Name: "portolan-probe-1", UID: "1", Labels: mark("1")}
	f.pods["a/portolan-probe-2"] = Pod{Namespace: "a", Name: "portolan-probe-2", UID: "2", Labels: mark("3")}
	f.pods["a/web-0"] = Pod{Namespace: "a", Name: "web-0", UID: "3", Labels: mark("4")}
	f.pods["a/portolan-probe-5"] = Pod{Namespace: "a", Name: "portolan-probe-5", UID: "5", Labels: map[string]string{ProbeLabel: "5"}}
	f.pods["a/portolan-probe-6"] = Pod{Namespace: "a", Name: "portolan-probe-6", UID: "6", Labels: mark("6"), Deleting: true}
	pods, err := Leftovers(t.Context(), f, "")
	if err != nil || len(pods) != 1 || pods[0].Name != "portolan-probe-1" {
		t.Fatalf("%v, %v", pods, err)
	}
	if left := Remove(t.Context(), f, pods); len(left) != 0 || !slices.Equal(f.deleted, []string{"a/portolan-probe-1"}) {
		t.Errorf("deleted %v, left %v", f.deleted, left)
	}
	pods[0].UID = "of before"
	f.pods["a/portolan-probe-1"] = Pod{Namespace: "a", Name: "portolan-probe-1", UID: "7"}
	if left := Remove(t.Context(), f, pods); len(left) != 1 || left[0].Code != flow.CodeProbeLeft {
		t.Errorf("a pod of the same name: %v", left)
	}
}

// TestStandIn: a pod with another's labels belongs to no workload, gets no traffic, goes
// with its pod, and fits PodSecurity restricted; a node's is in the node's network.
func TestStandIn(t *testing.T) {
	f := newFake()
	w := f.pods["test/worker-0"]
	w.Labels[ManagedLabel] = "Helm"
	o := ask("pod/test/worker-0", "svc/test/http:80")
	o.Image, o.How = "busybox", "pod"
	unready := "apiVersion: v1\nkind: Service\nmetadata: {name: all, namespace: test}\n" +
		"spec: {publishNotReadyAddresses: true, selector: {app.kubernetes.io/name: worker}, ports: [{port: 1}]}\n"
	p, err := NewPlan(t.Context(), sharedVIP(t, unready), f, o)
	if err != nil {
		t.Fatal(err)
	}
	d := readPod(t, p)
	for name, ok := range map[string]bool{
		"owner":    len(d.Metadata.OwnerReferences) == 1 && d.Metadata.OwnerReferences[0].UID == "w" && d.Metadata.OwnerReferences[0].Controller,
		"labels":   d.Metadata.Labels["app.kubernetes.io/name"] == "worker" && d.Metadata.Labels[ManagedLabel] == Manager && d.Metadata.Labels[ProbeLabel] == "id1",
		"gate":     len(d.Spec.ReadinessGates) == 1,
		"deadline": d.Spec.ActiveDeadlineSeconds > 0 && d.Spec.ActiveDeadlineSeconds < 300,
		"node":     d.Spec.NodeName == "n3" && !d.Spec.HostNetwork,
		"account":  d.Spec.AutomountServiceAccountToken != nil && !*d.Spec.AutomountServiceAccountToken,
	} {
		if !ok {
			t.Errorf("%s: %v", name, p.Object)
		}
	}
	for _, code := range []flow.Code{flow.CodeProbeStandIn, flow.CodeProbeLabel, flow.CodeProbeUnready} {
		if !slices.ContainsFunc(p.Notes, func(n flow.Reason) bool { return n.Code == code }) {
			t.Errorf("no note %s among %v", code, p.Notes)
		}
	}
	o = ask("node/n2", "svc/test/http:80")
	o.Image = "busybox"
	if p, err = NewPlan(t.Context(), sharedVIP(t, nothingMore), f, o); err != nil {
		t.Fatal(err)
	}
	if d := readPod(t, p); !d.Spec.HostNetwork || d.Spec.NodeName != "n2" || len(d.Metadata.OwnerReferences) > 0 {
		t.Errorf("%v", p.Object)
	}
}

// created is what counts of a pod that is created.
type created struct {
	Metadata struct {
		Labels          map[string]string
		OwnerReferences []struct {
			UID        string
			Controller bool
		}
	}
	Spec struct {
		ReadinessGates               []struct{}
		ActiveDeadlineSeconds        int
		NodeName                     string
		HostNetwork                  bool
		AutomountServiceAccountToken *bool
	}
}

func readPod(t *testing.T, p *Plan) *created {
	t.Helper()
	var d created
	if err := into(p.Object, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// TestWrong: questions that cannot be probed name what is wrong.
func TestWrong(t *testing.T) {
	m := sharedVIP(t, nothingMore)
	for _, tt := range []struct {
		from, to, says string
		set            func(o *Options)
	}{
		{"node/n2", "svc/test/http:80", "needs an image", nil},
		{"node/n9", "svc/test/http:80", "no such Node", nil},
		{"pod/test/nobody", "svc/test/http:80", "no such Pod", nil},
		{"pod/test/http-0", "svc/test/http:80", "not found", nil}, // gone since it was read
		{"pod/test/worker-0", "svc/test/http:80/sctp", "no such port", nil},
		{"pod/test/worker-0", "10.0.0.11:80/sctp", "nothing at hand speaks SCTP", nil},
		{"pod/test/worker-0", "svc/test/http:80", "no such container", func(o *Options) { o.Container = "x\x1b[31m" }},
		{"pod/test/worker-0", "svc/test/http:80", "needs an image", func(o *Options) { o.How = "ephemeral" }},
		{"pod/test/worker-0", "svc/test/http:80", "no such means", func(o *Options) { o.How = "magic" }},
		{"external", "svc/test/http:80", "this machine is node n1", func(o *Options) { o.Here.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.11")} }},
		{"external", "svc/test/http:80", "this machine is pod test/ssh-0", func(o *Options) { o.Here.Addrs = []netip.Addr{netip.MustParseAddr("10.244.2.10")} }},
	} {
		o := ask(tt.from, tt.to)
		if tt.set != nil {
			tt.set(&o)
		}
		p, err := NewPlan(t.Context(), m, newFake(), o)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s -> %s: %v, %v; want %q", tt.from, tt.to, p, err, tt.says)
		}
	}
}

// TestBounds: never more connections than allowed, and questions that are left out are
// told of; no faster than the rate.
func TestBounds(t *testing.T) {
	m := sharedVIP(t, nothingMore)
	for most, want := range map[int]int{1: 1, 2: 2, 3: 3, 50: 16} {
		f := newFake()
		o := ask("pod/test/worker-0", "svc/test/http:80")
		o.Most = most
		p, err := NewPlan(t.Context(), m, f, o)
		if err != nil {
			t.Fatal(err)
		}
		r := Do(t.Context(), p, f, nil)
		if p.Connections() != want || len(f.execs)-1 != want {
			t.Errorf("--most %d: %d planned, %d made", most, p.Connections(), len(f.execs)-1)
		}
		told := slices.ContainsFunc(p.Notes, func(n flow.Reason) bool { return n.Code == flow.CodeProbeFewer })
		if told != (len(r.Answers) < 3) {
			t.Errorf("--most %d: %d questions, notes %v", most, len(r.Answers), p.Notes)
		}
	}
	f := newFake()
	o := ask("pod/test/worker-0", "svc/test/http:80")
	o.Most, o.Count, o.Rate = 5, 5, 100
	p, err := NewPlan(t.Context(), m, f, o)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	Do(t.Context(), p, f, nil)
	if took := time.Since(started); took < 40*time.Millisecond {
		t.Errorf("five connections at 100 a second took %s", took)
	}
}

// TestRefusal: the sentence names the verb and the resource.
func TestRefusal(t *testing.T) {
	for want, r := range map[string]*Refusal{
		"who asks may not create pods/exec in namespace a: no": {Verb: "create", Resource: "pods/exec", Namespace: "a", Code: 403, Message: "no"},
		"get pods: Conflict":              {Verb: "get", Resource: "pods", Code: 409, Reason: "Conflict"},
		"get pods: Internal Server Error": {Verb: "get", Resource: "pods", Code: 500},
	} {
		if r.Error() != want {
			t.Errorf("%q, want %q", r, want)
		}
	}
	if Forbidden(fs.ErrPermission) || !NotFound(fmt.Errorf("x: %w", &Refusal{Code: 404})) {
		t.Error("errors of others are taken for the server's, or wrapped ones are not")
	}
}
