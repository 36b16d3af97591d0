package report

import (
	"time"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
)

// Proof is what came of asking a kernel.
type Proof struct {
	Built     Built
	Dataplane Dataplane
	// Replaced are the parts of the dataplane that our rules do not reproduce.
	Replaced []*model.UnprintableError
	Lines    []proof.Line
	// All is how many questions there are, of which Lines are some.
	All int
	// Single: a question was asked, not everything.
	Single bool
	// Unfolded: every question on a line of its own.
	Unfolded bool
	// Fixes are the changes after which the same questions were asked again.
	Fixes []*explain.Fix
	After []proof.Line
	// Roads are the rule trace of a single question.
	Roads []proof.Road
	// Counted are the rows of the policy maps that counted packets, before any fix.
	Counted     []proof.Counted
	Captures    []Captured
	Assumptions []flow.Reason
}

// Built is what was built to ask.
type Built struct {
	Kernel                        string // its release
	Nodes, Pods, Clients, Routers int
	Rules, Rows                   int // ours, on all nodes together
	Prepared, Asked               time.Duration
	Connections                   int
}

// Dataplane is under what was asked.
type Dataplane struct {
	Proxy, Policy, PodNetwork string
	Enforces                  bool
	AfterSNAT, Rejects        bool
	MasqueradeAll             bool
}

// Captured is a file of packets.
type Captured struct {
	Machine, File string
	Packets       int
}

// Outcome is a whole proof in a word.
type Outcome uint8

// The outcomes of a proof. The zero value is the cautious one.
const (
	NothingProved Outcome = iota
	AsPredicted
	Differs
)

var proofOutcomes = [...]string{"nothing", "agrees", "differs"}

// String is the outcome's name in JSON.
func (o Outcome) String() string {
	if int(o) < len(proofOutcomes) {
		return proofOutcomes[o]
	}
	return proofOutcomes[NothingProved]
}

// Outcome sums the lines up, those after a fix too.
func (x *Proof) Outcome() Outcome {
	out := outcomeOf(x.Lines)
	if x.After != nil && out == AsPredicted {
		out = outcomeOf(x.After)
	}
	return out
}

func outcomeOf(lines []proof.Line) Outcome {
	out := NothingProved
	for i := range lines {
		switch l := &lines[i]; {
		case !l.Proved():
		case l.Agrees():
			out = max(out, AsPredicted)
		default:
			out = Differs
		}
	}
	return out
}

// count is how many questions are proved and as predicted, how many differ, and
// how many were not proved.
func count(lines []proof.Line) (agree, differ, not int) {
	for i := range lines {
		switch l := &lines[i]; {
		case !l.Proved():
			not++
		case l.Agrees():
			agree++
		default:
			differ++
		}
	}
	return agree, differ, not
}
