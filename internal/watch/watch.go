package watch

import (
	"cmp"
	"slices"
	"time"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/reach"
)

// Options say what to watch.
type Options struct {
	Questions []path.Question
	// Services are svc/NAMESPACE/NAME[:PORT].
	Services     []string
	Expectations []cluster.Expectation
	// Namespace completes names that have none.
	Namespace string
	// All watches every Service, and the pods' connections.
	All bool
	// Fronts keeps what every front answers, for State.
	Fronts bool
}

// Watch follows one cluster. It is for one goroutine.
type Watch struct {
	opt     Options
	targets []target
	chart   *reach.Chart
	model   *model.Model
	follows int // Charts that came one from the other

	answers []answer
	results []check.Result
	fronts  map[frontKey]*Front
	recent  map[flow.Object]Change
	gaps    []Gap
	cost    Cost
}

// Cost is what the last Step took.
type Cost struct{ Compile, Diff time.Duration }

// Step is the cluster at a moment.
type Step struct {
	At       time.Time
	Snapshot *cluster.Snapshot
	// Changes since the Step before; the Snapshot is another only if there are any, or
	// if Anew is set.
	Changes []Change
	Anew    bool
	// With is the Snapshot before but for some of the Changes, by their places.
	With func(only ...int) (*cluster.Snapshot, error)
	// Stale are the sources that may be over, Freshly those that are no longer.
	Stale   []Source
	Lately  []Source // of Stale, those that are so since this Step
	Freshly []Source
	Gaps    []Gap
	Err     error
}

// target is a Service that is watched, or one port of it; 0: all.
type target struct {
	namespace, name string
	port            int
}

// New prepares to watch.
func New(opt Options) *Watch {
	return &Watch{opt: opt, fronts: map[frontKey]*Front{}, recent: map[flow.Object]Change{}}
}

// compares: what is watched needs two versions compared.
func (w *Watch) compares() bool { return w.opt.All || len(w.opt.Services) > 0 || w.opt.Fronts }

// Begin takes the first Step. The error is a *path.QuestionError, or the Fabric's.
func (w *Watch) Begin(s *Step) (*Event, error) {
	m, err := model.Compile(s.Snapshot)
	if err != nil {
		return nil, err
	}
	w.model = m
	for _, s := range w.opt.Services {
		if err := w.target(s); err != nil {
			return nil, err
		}
	}
	if w.compares() {
		w.chart = reach.Compile(m)
		w.model = w.chart.Model()
		w.allFronts()
	}
	for _, q := range w.opt.Questions {
		a, err := path.Ask(w.model, q)
		if err != nil {
			return nil, err
		}
		w.answers = append(w.answers, answer{Answer: Answer{q, a.Verdict}})
	}
	for i := range w.opt.Expectations {
		w.results = append(w.results, check.Assert(w.model, &w.opt.Expectations[i], w.opt.Namespace))
	}
	w.gaps = s.Gaps
	return &Event{Kind: Began, At: s.At, Sure: true, Summary: w.summary(s.Snapshot), Gaps: s.Gaps, Sources: s.Stale}, nil
}

// target resolves a Service, or a port of it.
func (w *Watch) target(name string) error {
	subjects, err := path.Subjects(w.model, name, w.opt.Namespace)
	if err != nil {
		return err
	}
	for i := range subjects {
		s := subjects[i].Service
		if s == nil {
			return &path.QuestionError{Part: name, What: "not a Service", Hint: "portolan watch svc/NAMESPACE/NAME:PORT"}
		}
		if len(subjects) == len(s.Ports) {
			w.targets = append(w.targets, target{s.Namespace, s.Name, 0})
			return nil
		}
		w.targets = append(w.targets, target{s.Namespace, s.Name, int(subjects[i].Port.Port)})
	}
	return nil
}

// Results are how the Expectations fare now.
func (w *Watch) Results() []check.Result { return w.results }

// Cost is what the last Step took.
func (w *Watch) Cost() Cost { return w.cost }

// Next takes a later Step and says what it means.
func (w *Watch) Next(s *Step) []Event {
	w.cost = Cost{}
	w.remember(s)
	var out []Event
	out = append(out, w.sources(s)...)
	if s.Err != nil {
		return append(out, Event{Kind: Trouble, At: s.At, Err: s.Err, Gaps: s.Gaps, Sure: true})
	}
	if len(s.Changes) == 0 && !s.Anew {
		return out
	}
	told, err := w.compile(s)
	if err != nil {
		return append(out, Event{Kind: Trouble, At: s.At, Err: err, Sure: true})
	}
	told = append(told, w.ask(s)...)
	told = append(told, w.assert(s)...)
	for i := range told {
		told[i].At, told[i].Sources = s.At, s.Stale
	}
	return append(out, told...)
}

// sources tells what is no longer, or again, heard of, and what cannot be read.
func (w *Watch) sources(s *Step) []Event {
	var out []Event
	if len(s.Lately) > 0 {
		out = append(out, Event{Kind: Stale, At: s.At, Sources: s.Lately, Sure: true})
	}
	if len(s.Freshly) > 0 {
		out = append(out, Event{Kind: Fresh, At: s.At, Sources: s.Freshly, Sure: true})
	}
	same := func(a, b Gap) bool {
		return a.Verb == b.Verb && a.Resource == b.Resource && a.Object == b.Object && slices.Equal(a.Except, b.Except)
	}
	if (s.Anew || len(s.Changes) > 0) && !slices.EqualFunc(w.gaps, s.Gaps, same) {
		w.gaps = s.Gaps
		out = append(out, Event{Kind: Unread, At: s.At, Gaps: s.Gaps, Sure: true})
	}
	return out
}

// maxRecent bounds what is remembered of changes that show later: a workload changes,
// and its pods a moment after.
const (
	maxRecent = 4096
	recently  = 10 * time.Minute
)

func (w *Watch) remember(s *Step) {
	if len(w.recent) > maxRecent {
		for o, c := range w.recent {
			if s.At.Sub(c.At) > recently {
				delete(w.recent, o)
			}
		}
		if len(w.recent) > maxRecent {
			clear(w.recent)
		}
	}
	for _, c := range s.Changes {
		w.recent[c.Object] = c
	}
}

// cause is an object with who changed it.
func (w *Watch) cause(s *Step, o flow.Object, how How, fields []string) Cause {
	c := Cause{Object: o, How: how, Fields: fields}
	for i := range s.Changes {
		if s.Changes[i].Object == o {
			c.By = s.Changes[i].By
			return c
		}
	}
	if r, ok := w.recent[o]; ok && s.At.Sub(r.At) <= recently {
		c.By = r.By
	}
	return c
}

// mostFollowed is how many Charts may come one from the other until one is compiled
// anew: each keeps what the ones before had.
const mostFollowed = 256

// compile makes the Model of the Step, and compares where that is watched.
func (w *Watch) compile(s *Step) ([]Event, error) {
	begun := time.Now()
	if !w.compares() {
		m, err := model.Compile(s.Snapshot)
		w.cost.Compile = time.Since(begun)
		if err == nil {
			w.model = m
		}
		return nil, err
	}
	if w.follows++; w.follows > mostFollowed {
		m, err := model.Compile(w.chart.Model().Snapshot)
		if err != nil {
			return nil, err
		}
		w.chart, w.follows = reach.Compile(m), 0
		w.cost.Compile = time.Since(begun)
		begun = time.Now()
	}
	out, err := w.compare(s)
	w.cost.Diff = time.Since(begun)
	return out, err
}

// byObject puts causes in an order that does not depend on who was first.
func byObject(a, b Cause) int { return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.How, b.How)) }
