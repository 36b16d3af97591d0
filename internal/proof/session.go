//go:build linux

package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/probe"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Options are how a proof is made.
type Options struct {
	// Dataplane is installed on every node, and closed with the session where it is
	// an io.Closer. Nil: our own rules, for what of the profile is ours to do.
	Dataplane lab.Dataplane
	// Timeout is how long silence may last; 0 is probe's default.
	Timeout time.Duration
	// Progress, if not nil, is told how many of all questions are answered.
	Progress func(done, all int)
	// Log listens to what our rules say of the packets they deny.
	Log bool
}

// asked is a question on its way.
type asked struct {
	line    *Line
	flights []*flight
}

// Session is a lab in which a cluster's questions are asked. Close it.
type Session struct {
	m       *model.Model
	lab     *lab.Lab
	plane   lab.Dataplane
	prober  probe.Prober
	log     *log // nil: nobody listens
	options Options
	asked   []asked
	lines   []Line
}

// Open predicts the questions, builds the cluster so that it can be asked all of
// them, and installs the dataplane.
func Open(ctx context.Context, m *model.Model, questions []path.Question, o Options) (*Session, error) {
	s := &Session{options: o, plane: o.Dataplane}
	want, err := s.ask(ctx, m, questions)
	if err != nil {
		return nil, err
	}
	if s.plane == nil {
		s.plane = Ours(m)
	}
	if s.lab, err = lab.Up(ctx, m, want); err != nil {
		return nil, err
	}
	if err := s.lab.Install(ctx, s.plane); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if rules, ok := s.plane.(*Rules); ok && o.Log && m.Enforces() {
		if s.log, err = rules.Log(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Follower is a dataplane that can become another model's, as our Rules can.
type Follower interface {
	lab.Dataplane
	// Follow makes the next Install one of the model.
	Follow(m *model.Model)
	// Forget makes every node judge again what it let in.
	Forget() error
}

// Change asks other questions of a model with the same machines, addresses and
// listeners, under a dataplane that follows it.
func (s *Session) Change(ctx context.Context, m *model.Model, questions []path.Question) error {
	rules, ok := s.plane.(Follower)
	if !ok {
		return fmt.Errorf("a %T does not follow a change", s.plane)
	}
	if _, err := s.ask(ctx, m, questions); err != nil {
		return err
	}
	s.log.forget()
	rules.Follow(m)
	if err := s.lab.Install(ctx, rules); err != nil {
		return err
	}
	return rules.Forget()
}

// ask predicts the questions and returns what a lab must have for them.
func (s *Session) ask(ctx context.Context, m *model.Model, questions []path.Question) (lab.Options, error) {
	var want lab.Options
	s.m, s.asked, s.lines = m, nil, make([]Line, len(questions))
	for i := range questions {
		if err := ctx.Err(); err != nil {
			return want, err
		}
		s.lines[i].Question = questions[i]
		if err := s.predict(&s.lines[i], &want); err != nil {
			return want, err
		}
	}
	return want, nil
}

// Lab is where the session's packets go.
func (s *Session) Lab() *lab.Lab { return s.lab }

// Close takes the lab away.
func (s *Session) Close() error {
	err := errors.Join(s.log.close(), s.lab.Close())
	if plane, ok := s.plane.(io.Closer); ok {
		err = errors.Join(err, plane.Close())
	}
	return err
}

// predict walks a question and notes what the lab must have for it.
func (s *Session) predict(l *Line, want *lab.Options) error {
	a, err := path.Walk(s.m, l.Question)
	var q *path.QuestionError
	switch {
	case errors.As(err, &q):
		l.Err = err
		return nil
	case err != nil:
		return err
	}
	if l.Unprovable = provable(s.m, a); l.Unprovable != "" {
		return nil
	}
	fs := flights(a)
	for i := range a.Traces {
		t := &a.Traces[i]
		if addr, ok := client(t); ok {
			want.AddClient(strings.TrimPrefix(t.From, "external/"), addr)
		}
	}
	for _, f := range fs {
		want.AddTarget(f.target)
	}
	s.asked = append(s.asked, asked{l, fs})
	var all []Outcome
	for _, f := range fs {
		for _, o := range sorted(f.predicted) {
			all = append(all, o)
			l.Sourceless = l.Sourceless || o.Seen == flow.Connected && o.Source == ""
		}
	}
	l.Predicted = sum(all)
	return nil
}

// Run asks every question as often as it takes and returns the lines in the
// order of Open.
func (s *Session) Run(ctx context.Context) ([]Line, error) {
	var todo []*flight
	for _, a := range s.asked {
		todo = append(todo, a.flights...)
	}
	for _, one := range s.firsts(todo) {
		if err := s.round(ctx, one); err != nil {
			return nil, err
		}
	}
	for len(todo) > 0 {
		if err := s.round(ctx, todo); err != nil {
			return nil, err
		}
		todo = slices.DeleteFunc(todo, (*flight).done)
		s.progress()
	}
	for _, a := range s.asked {
		s.conclude(a)
	}
	return s.lines, nil
}

func (s *Session) progress() {
	if s.options.Progress == nil {
		return
	}
	done := len(s.lines) - len(s.asked)
	for _, a := range s.asked {
		if !slices.ContainsFunc(a.flights, func(f *flight) bool { return !f.done() }) {
			done++
		}
	}
	s.options.Progress(done, len(s.lines))
}

// maxRound bounds how many probes wait for one another.
const maxRound = 20000

// firsts are the flights with session affinity, in rounds in which nobody asks
// twice: two first connections at one time would draw two endpoints, and what the
// later one drew would be noted for both.
func (s *Session) firsts(todo []*flight) [][]*flight {
	var rounds [][]*flight
	of := map[*lab.Machine]int{}
	for _, f := range todo {
		if !f.sticky {
			continue
		}
		at := s.lab.Machine(s.place(f.from))
		n := of[at]
		if n == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[n] = append(rounds[n], f)
		of[at]++
	}
	return rounds
}

// round asks each flight as often as it must be asked at least, and once it was,
// twice as often again: silence costs time, not connections.
func (s *Session) round(ctx context.Context, todo []*flight) error {
	var probes []probe.Probe
	var whose []*flight
	for _, f := range todo {
		n := max(f.least()-f.tries, min(2*f.tries, f.most()-f.tries))
		if f.sticky && f.tries == 0 {
			n = 1 // the client keeps what its first connection drew
		}
		p, err := s.probe(f)
		if err != nil {
			return err
		}
		for range n {
			probes, whose = append(probes, p), append(whose, f)
		}
		if len(probes) > maxRound {
			break
		}
	}
	results := s.prober.Run(ctx, probes, probe.Options{Servers: s.lab.Servers()})
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range results {
		if err := whose[i].note(&results[i]); err != nil {
			return err
		}
	}
	return s.hear(todo)
}

// probe is one connection of a flight.
func (s *Session) probe(f *flight) (probe.Probe, error) {
	p := probe.Probe{Protocol: f.target.Protocol, To: f.target.Addr, Timeout: s.options.Timeout}
	place := s.lab.Machine(s.place(f.from))
	if place == nil {
		return p, fmt.Errorf("%s is not in the lab", f.from)
	}
	p.Place = place
	if f.router != "" {
		ports, err := s.lab.Ports(f.router, f.first)
		if err != nil {
			return p, err
		}
		p.Ports = ports
		p.From = s.lab.ClientAddr(strings.TrimPrefix(f.from, "external/"), f.target.Addr.Addr().Is6())
	}
	return p, nil
}

// place is the machine where a start's sockets are made: a hostNetwork pod is a
// process of its node.
func (s *Session) place(from string) string {
	kind, name, _ := strings.Cut(from, "/")
	switch kind {
	case "pod":
		ns, pod, _ := strings.Cut(name, "/")
		if p := s.m.Index.Pod(ns, pod); p != nil && p.HostNetwork {
			return "node/" + p.Node
		}
		return from
	case "node", "external":
		return from
	}
	return "external/" + from
}

// note counts what a probe came to.
func (f *flight) note(r *probe.Result) error {
	f.tries++
	o := Outcome{Seen: r.Seen}
	switch r.Seen {
	case flow.SeenUnknown:
		return fmt.Errorf("%s: %w", f.words(), r.Err)
	case flow.Connected:
		o.Endpoint, o.Source = r.Answer.Server, r.Answer.Peer.Addr().WithZone("").Unmap().String()
	default:
	}
	f.observed[o]++
	if !f.expected(o) {
		f.strange = append(f.strange, r.Local)
	}
	return nil
}

// conclude sums a question's flights up.
func (s *Session) conclude(a asked) {
	var all []Outcome
	for _, f := range a.flights {
		all = append(all, sorted(f.observed)...)
		a.line.Tries += f.tries
		a.line.Loose = a.line.Loose || f.loose()
		w := f.way(s.m)
		for i := range w.Differences {
			a.line.Differs = append(a.line.Differs, f.differs(&w.Differences[i]))
		}
		a.line.Ways = append(a.line.Ways, w)
	}
	a.line.Flows = len(a.flights)
	a.line.Observed = sum(all)
}

// way is what became of a flight.
func (f *flight) way(m *model.Model) Way {
	from := f.from
	if kind, _, _ := strings.Cut(from, "/"); kind != "node" && kind != "pod" && kind != "external" {
		from = "external/" + from
	}
	return Way{
		From: from, Via: f.first, Target: f.target, Name: called(m, &f.target), Predicted: sorted(f.predicted), Observed: sorted(f.observed), Tries: f.tries, Loops: f.loops,
		Denied: f.denied, Drops: f.drops, Differences: f.differences(),
	}
}
