package watch

import (
	"time"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// Kind is what an Event tells.
type Kind uint8

// The kinds.
const (
	Began    Kind = iota + 1
	Lost          // somebody is no longer answered
	Gained        // somebody is answered who was not
	Violated      // an Expectation does not hold any more
	Restored      // it holds again
	Stale         // something is no longer heard of
	Fresh         // it is again
	Unread        // what may not, or cannot, be read has changed
	Trouble       // what is known makes no cluster
)

var kindNames = [...]string{"", "began", "lost", "gained", "violated", "restored", "stale", "fresh", "unread", "trouble"}

// String is the word in JSON.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind?"
}

// How is what became of an object.
type How uint8

// What may become of it.
const (
	Created How = iota + 1
	Changed
	Deleted
)

var howNames = [...]string{"", "created", "changed", "deleted"}

// String is the word in JSON.
func (h How) String() string {
	if int(h) < len(howNames) {
		return howNames[h]
	}
	return "how?"
}

// Change is an object that says something else than before.
type Change struct {
	Object flow.Object
	How    How
	// By is who wrote it last, as managedFields call him; "" where that is not known.
	By string
	At time.Time
}

// Cause is an object that took or gave something.
type Cause struct {
	Object flow.Object
	How    How
	Fields []string // that differ, where that is known
	By     string
}

// Source is a resource of the API server, and when it was last heard of.
type Source struct {
	Resource string
	Heard    time.Time
	Why      string
}

// Gap is what cannot be read, and what was tried.
type Gap struct {
	Verb, Resource string
	Forbidden      bool
	Why            string
	Object         flow.Object
	Except         []string // namespaces in which it can be read
}

// Event is one thing worth telling.
type Event struct {
	Kind Kind
	At   time.Time
	// Of Lost and Gained one of these is set: a Service port with the clients that fare
	// otherwise for one reason, connections between pods, a question, or how many of
	// them were left out of the telling.
	Service    *diff.Service
	Items      []diff.Item
	Connection *diff.Connection
	Question   *path.Question
	Folded     *Folded
	// Was and Now are of a Question.
	Was, Now flow.Verdict
	// Sure is false where something that is not known decides.
	Sure bool
	// Causes did it: each list by itself, and all of its objects together. More: there
	// is something else.
	Causes [][]Cause
	More   bool
	// Result is of an Expectation.
	Result *check.Result
	// Sources are of Stale and Fresh; of others what the answer may be too old by.
	Sources []Source
	// Gaps are of Unread, Began and Trouble.
	Gaps []Gap
	// Err is of Trouble, and of a Question that can no longer be asked.
	Err error
	// Summary is of Began.
	Summary *Summary
}

// Folded counts what one change did besides.
type Folded struct{ Services, Connections int }

// Summary is how a cluster answers at a moment.
type Summary struct {
	Nodes, Pods, Services, Policies int
	// Ports of Services by whom they answer.
	Everybody, Some, Nobody, Unknown int
	// Fronts are those of the Services that are watched, where these are few.
	Fronts []Front
	// Answers are of the questions that are watched.
	Answers []Answer
	// Expectations, and how many hold.
	Expectations, Held int
}

// Answer is a question and its answer.
type Answer struct {
	Question path.Question
	Verdict  flow.Verdict
}
