package watch

import (
	"slices"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// answer is a question with its last answer; err is why it can no longer be asked.
type answer struct {
	Answer
	err error
}

// level is how well a question is answered: the more, the better.
func level(v flow.Verdict) int {
	switch v {
	case flow.Reachable:
		return 3
	case flow.Depends:
		return 2
	case flow.VerdictUnknown:
		return 1
	case flow.NotReachable:
	}
	return 0
}

// answered is the verdict of a question. What cannot be asked any more, for what it
// names is gone, is not reached.
func answered(m *model.Model, q path.Question) (flow.Verdict, error) {
	a, err := path.Ask(m, q)
	if err != nil {
		return flow.NotReachable, err
	}
	return a.Verdict, nil
}

// ask puts the questions to the Step's Model.
func (w *Watch) ask(s *Step) []Event {
	var out []Event
	for i := range w.answers {
		a := &w.answers[i]
		was := a.Verdict
		a.Verdict, a.err = answered(w.model, a.Question)
		if level(a.Verdict) == level(was) {
			continue
		}
		e := Event{Kind: Gained, Question: &a.Question, Was: was, Now: a.Verdict, Err: a.err, Sure: was != flow.VerdictUnknown && a.Verdict != flow.VerdictUnknown}
		if level(a.Verdict) < level(was) {
			e.Kind = Lost
		}
		q, lost := a.Question, e.Kind == Lost
		e.Causes = w.blame(s, func(m *model.Model) bool {
			v, _ := answered(m, q) // what cannot be asked is not reached
			if lost {
				return level(v) < level(was)
			}
			return level(v) > level(was)
		})
		out = append(out, e)
	}
	return out
}

// assert puts the Expectations to the Step's Model.
func (w *Watch) assert(s *Step) []Event {
	var out []Event
	for i := range w.results {
		was := w.results[i].Held()
		x := &w.opt.Expectations[i]
		w.results[i] = check.Assert(w.model, x, w.opt.Namespace)
		now := w.results[i].Held()
		if now == was {
			continue
		}
		r := w.results[i]
		e := Event{Kind: Violated, Result: &r, Sure: r.Verdict != flow.VerdictUnknown}
		if now {
			e.Kind = Restored
		}
		e.Causes = w.blame(s, func(m *model.Model) bool {
			r := check.Assert(m, x, w.opt.Namespace)
			return r.Held() == now
		})
		out = append(out, e)
	}
	return out
}

// mostTried bounds how many changes are tried one by one.
const mostTried = 16

// blame finds the changes that show something by themselves, when everything else is
// as before; or else all of them together, where they are few.
func (w *Watch) blame(s *Step, shows func(*model.Model) bool) [][]Cause {
	of := func(i int) Cause { return w.cause(s, s.Changes[i].Object, s.Changes[i].How, nil) }
	if len(s.Changes) == 1 && !s.Anew {
		return [][]Cause{{of(0)}}
	}
	var out [][]Cause
	for i := range s.Changes {
		if len(s.Changes) > mostTried || s.With == nil {
			break
		}
		if m, err := w.without(s, i); err == nil && shows(m) {
			out = append(out, []Cause{of(i)})
		}
	}
	const few = 4
	if len(out) == 0 && len(s.Changes) <= few && len(s.Changes) > 0 && !s.Anew {
		var all []Cause
		for i := range s.Changes {
			all = append(all, of(i))
		}
		slices.SortFunc(all, byObject)
		out = append(out, all)
	}
	return out
}

// without is the Model before, but for one change.
func (w *Watch) without(s *Step, only int) (*model.Model, error) {
	snapshot, err := s.With(only)
	if err != nil {
		return nil, err
	}
	return model.Compile(snapshot)
}
