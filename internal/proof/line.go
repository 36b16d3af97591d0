package proof

import (
	"slices"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// Line is one question, what was predicted and what the kernel did.
type Line struct {
	Question  path.Question
	Predicted Sum
	Observed  Sum
	// Tries is how many connections were made.
	Tries int
	// Unprovable is why none was; "" otherwise.
	Unprovable Unprovable
	// Err is a question that the cluster cannot be asked.
	Err error
	// Loose: one client sees only some of what is predicted, by session affinity,
	// or since several Services claim the address.
	Loose bool
	// Sourceless: which source the server sees was not predicted.
	Sourceless bool
	// Differs says what was seen and not predicted, and the other way round.
	Differs []string
}

// Agrees reports whether the kernel did what was predicted.
func (l *Line) Agrees() bool { return l.Proved() && len(l.Differs) == 0 }

// Proved reports whether packets were sent at all.
func (l *Line) Proved() bool { return l.Err == nil && l.Unprovable == "" }

// Sum is what a question comes to. Lists are sorted and never nil.
type Sum struct {
	Verdict   flow.Verdict
	Seen      []flow.Seen
	Endpoints []string
	Sources   []string
}

// sum folds outcomes.
func sum(all []Outcome) Sum {
	s := Sum{Seen: []flow.Seen{}, Endpoints: []string{}, Sources: []string{}}
	connected := 0
	for _, o := range all {
		if o.Seen == flow.Connected {
			connected++
		}
		s.Seen = append(s.Seen, o.Seen)
		if o.Endpoint != "" {
			s.Endpoints = append(s.Endpoints, o.Endpoint)
		}
		if o.Source != "" {
			s.Sources = append(s.Sources, o.Source)
		}
	}
	switch {
	case len(all) == 0:
	case connected == len(all):
		s.Verdict = flow.Reachable
	case connected == 0:
		s.Verdict = flow.NotReachable
	default:
		s.Verdict = flow.Depends
	}
	slices.Sort(s.Seen)
	slices.Sort(s.Endpoints)
	slices.Sort(s.Sources)
	s.Seen, s.Endpoints, s.Sources = slices.Compact(s.Seen), slices.Compact(s.Endpoints), slices.Compact(s.Sources)
	return s
}
