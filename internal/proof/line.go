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
	// Flows is how many ways its packets may go before any node chooses: one for
	// each client, router and first node.
	Flows int
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
	// Ways are the parts of the question, each with what became of it.
	Ways []Way
}

// Way is a question from one place, to one address, by one first node.
type Way struct {
	From   string // a place
	Via    string // the first node of a client; "" where there is none
	Target path.Target
	// Name is the target as people call it: "svc/test/ssh:22@vip",
	// "pod/test/web-0:8080", else its address.
	Name string
	// Predicted and Observed are how its connections end, sorted.
	Predicted, Observed []Outcome
	Tries               int
	// Loops: some of its packets go round until their time is up; whether the client
	// hears of it, unreachable, or nothing, timeout, is chance.
	Loops bool
	// Denied is where policy is predicted to end packets, Drops where the kernel's
	// log tells that it did. The log is limited and may be shorter.
	Denied, Drops []Drop
	Differences   []Difference
}

// Difference is what the kernel did otherwise than predicted.
type Difference struct {
	Kind    DifferenceKind
	Outcome Outcome
	Tries   int
	// Drop is what was logged, for OtherPolicies.
	Drop Drop
}

// DifferenceKind is in which way.
type DifferenceKind uint8

// The kinds.
const (
	// Unpredicted: the outcome was seen, and not predicted.
	Unpredicted DifferenceKind = iota
	// Unseen: it was predicted, and not seen.
	Unseen
	// Unsticky: session affinity, and yet one client saw several outcomes.
	Unsticky
	// OtherPolicies: the packet was denied where it was predicted, by other
	// policies.
	OtherPolicies
)

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
