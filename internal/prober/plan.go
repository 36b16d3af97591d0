package prober

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Means is how a connection is made.
type Means uint8

// The means. The zero value makes none.
const (
	NoMeans   Means = iota
	Dialing         // by this process
	Exec            // a command in a container that is there
	Ephemeral       // a command in an ephemeral container
	NewPod          // a command in a pod that lives for the probe
)

var meansNames = [...]string{"", "dial", "exec", "ephemeral", "pod"}

// String is the word of --how and of JSON.
func (m Means) String() string { return meansNames[min(int(m), len(meansNames)-1)] }

// Options say what to probe and within which bounds. Zero bounds take their defaults.
type Options struct {
	Question path.Question
	// How is the means to use, "" for what fits.
	How string
	// Image is what pods and ephemeral containers are made of; "" makes none.
	Image string
	// Container of the pod to run commands in, "" for the first that has a tool.
	Container string
	// Count is how many connections a question gets, 0 for what its prediction needs.
	Count int
	// Rate is connections a second, Most is how many in all.
	Rate float64
	Most int
	// Timeout is how long silence of one connection may last, Start how long a
	// container may take to start.
	Timeout, Start time.Duration
	// AskedOnly leaves out the pods behind a Service.
	AskedOnly bool
	// Tell sends a TCP server a line, and hears whether it says who it is.
	Tell bool
	// ID tells this probe from others; "" takes one by chance.
	ID string
	// Here is this machine, for clients outside.
	Here Here
	// Poll is how often is looked whether a container has started.
	Poll time.Duration
}

// The defaults, and how many connections a question gets.
const (
	DefaultRate    = 5.0
	DefaultMost    = 50
	DefaultTimeout = 3 * time.Second
	DefaultStart   = time.Minute
	fewTries       = 3  // where one outcome is predicted
	manyTries      = 10 // where chance decides
	directPods     = 2
)

// Stage is what a question is asked for.
type Stage uint8

// The stages.
const (
	Asked  Stage = iota // the address in question
	Direct              // a pod behind it
	AtNode              // its NodePort, on the pod's own node and on another
)

var stageNames = [...]string{"asked", "direct", "node"}

// String is the stage's name in JSON.
func (s Stage) String() string { return stageNames[min(int(s), len(stageNames)-1)] }

// Ask is one address to connect to, and what is predicted.
type Ask struct {
	Stage    Stage
	Question path.Question
	Target   path.Target
	Answer   *path.Answer // the prediction; its traces are those of the Target
	Expected Expected
	Count    int
}

// Plan is everything that a probe would do.
type Plan struct {
	ID      string
	Options Options
	// From is the place that asks, as the question names it; Pod is where commands
	// run, or whom a new pod stands for; zero for a node and for this machine.
	From string
	Pod  Pod
	Node string
	// Means are tried in this order.
	Means []Means
	Asks  []Ask
	// Object is the pod that is created, Container the ephemeral container; nil where
	// there is none.
	Object    map[string]any
	Container map[string]any
	Namespace string
	Notes     []flow.Reason
	// Addrs are the client's own addresses in the input.
	Addrs []netip.Addr
}

// Connections is how many connections are made at most.
func (p *Plan) Connections() int {
	n := 0
	for i := range p.Asks {
		n += p.Asks[i].Count
	}
	return n
}

// Longest is how long the plan may take, once its containers run.
func (p *Plan) Longest() time.Duration {
	each := p.Options.Timeout + time.Second + time.Duration(float64(time.Second)/p.Options.Rate)
	return time.Duration(p.Connections()) * each
}

func (o *Options) defaults() {
	o.Rate = cmp.Or(o.Rate, DefaultRate)
	o.Most = cmp.Or(o.Most, DefaultMost)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Start = cmp.Or(o.Start, DefaultStart)
	o.Poll = cmp.Or(o.Poll, 500*time.Millisecond)
	o.ID = cmp.Or(o.ID, newID())
}

// questions turns what is asked into addresses, with their predictions.
func (p *Plan) questions(m *model.Model, q path.Question) error {
	a, err := path.Ask(m, q)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(a.Targets, func(t path.Target) bool { return t.Pending != nil }) {
		return wrong(q.To, "portolan explain "+q.To+" says why", "the Service has no address yet")
	}
	for _, t := range a.Targets {
		if t.Protocol != flow.TCP && t.Protocol != flow.UDP {
			return wrong(q.To, "TCP and UDP can be probed", "nothing at hand speaks %s", t.Protocol)
		}
		p.add(Asked, a, t)
	}
	if !p.Options.AskedOnly {
		p.behind(m, a)
	}
	p.bound()
	return nil
}

func (p *Plan) add(stage Stage, a *path.Answer, t path.Target) {
	if slices.ContainsFunc(p.Asks, func(k Ask) bool { return k.Target.Addr == t.Addr && k.Target.Protocol == t.Protocol }) {
		return
	}
	k := Ask{Stage: stage, Question: a.Question, Target: t, Answer: a}
	k.Expected = expect(a, t)
	k.Count = p.Options.Count
	if k.Count == 0 {
		k.Count = fewTries
		if k.Expected.chance() {
			k.Count = manyTries
		}
	}
	p.Asks = append(p.Asks, k)
}

// behind adds what separates the way to the pods from the pods: the pods themselves
// from inside, NodePorts on two nodes from outside.
func (p *Plan) behind(m *model.Model, a *path.Answer) {
	front := a.Targets[0].Front
	if front == nil {
		return
	}
	pods := chosen(a, p.Node)
	if p.Means[0] != Dialing {
		for _, e := range pods {
			to := "pod/" + e.String() + ":" + portOf(e.Addr) + protocol(a.Targets[0].Protocol)
			p.also(m, Direct, path.Question{From: p.From, To: to, Namespace: a.Question.Namespace})
		}
		return
	}
	svc := front.Service
	to := "svc/" + svc.Namespace + "/" + svc.Name + ":" + portNumber(front.Named.Port) + "@nodeport" + protocol(front.Protocol)
	for _, n := range twoNodes(m, pods) {
		p.also(m, AtNode, path.Question{From: p.From, To: to, Via: n, Namespace: a.Question.Namespace})
	}
}

func (p *Plan) also(m *model.Model, stage Stage, q path.Question) {
	a, err := path.Ask(m, q)
	if err != nil {
		return // there is no such address: nothing to separate by
	}
	p.add(stage, a, a.Targets[0])
}

// chosen are pods that packets are sent to, one on the client's node and one
// elsewhere where there are both.
func chosen(a *path.Answer, node string) []flow.Endpoint {
	var all, out []flow.Endpoint
	for i := range a.Traces {
		t := &a.Traces[i]
		for _, e := range append([]flow.Endpoint{t.Endpoint}, t.Stands.Endpoints...) {
			if !e.Pod.IsZero() && e.Addr.IsValid() && !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	for _, here := range []bool{true, false} {
		if i := slices.IndexFunc(all, func(e flow.Endpoint) bool { return (e.Node == node) == here }); i >= 0 {
			out = append(out, all[i])
		}
	}
	for _, e := range all {
		if len(out) < directPods && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// twoNodes are the node of a pod and one that has none of them.
func twoNodes(m *model.Model, pods []flow.Endpoint) []string {
	var out []string
	if len(pods) > 0 && pods[0].Node != "" {
		out = append(out, pods[0].Node)
	}
	for i := range m.Snapshot.Nodes {
		n := m.Snapshot.Nodes[i].Name
		if !slices.ContainsFunc(pods, func(e flow.Endpoint) bool { return e.Node == n }) {
			return append(out, n)
		}
	}
	return out
}

// bound keeps to the number of connections: first fewer for each question, then
// fewer questions.
func (p *Plan) bound() {
	left := p.Options.Most
	var keep []Ask
	for i, k := range p.Asks {
		k.Count = min(k.Count, left-min(left, len(p.Asks)-i-1))
		if k.Count > 0 {
			keep = append(keep, k)
			left -= k.Count
		}
	}
	if n := len(p.Asks) - len(keep); n > 0 {
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeFewer, itoa(n), itoa(p.Options.Most)))
	}
	p.Asks = keep
}

// unready are Services that would send to a stand-in although it is not ready.
func unready(m *model.Model, namespace string, labels cluster.Labels) []flow.Reason {
	var out []flow.Reason
	for i := range m.Snapshot.Services {
		s := &m.Snapshot.Services[i]
		if s.Namespace == namespace && s.PublishNotReadyAddresses && len(s.Selector) > 0 && within(s.Selector, labels) {
			out = append(out, flow.Because(flow.CodeProbeUnready, s.Object().String()))
		}
	}
	return out
}

func within(selector, labels cluster.Labels) bool {
	for k, v := range selector {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}
