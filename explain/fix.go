package explain

import (
	"errors"
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Fix is the smallest change of the cluster that makes a question REACHABLE,
// with its proof: both answers come from walking, before and after.
type Fix struct {
	Question path.Question
	Outcome  FixOutcome
	Before   Tally
	After    Tally
	// Policies are new objects, Edits change a Service that is there.
	Policies []*cluster.NetworkPolicy
	Edits    []Edit
	// Why are the sentences about the change: what it opens, why it is no
	// narrower, or what else would help where there is none.
	Why []flow.Reason
	// Proof compares the two clusters; nil where there is no change.
	Proof        *Proof
	Alternatives []Alternative
	NearMisses   []NearMiss
	Assumptions  []flow.Reason
	Deviations   []flow.Reason
	Ignored      []Ignored
	// Unread are the kinds that decide about packets and could not be read, with what
	// would have read them: the proof covers the rest.
	Unread []string
}

// FixOutcome is what kind of a fix there is. The zero value is the cautious
// one.
type FixOutcome uint8

// The outcomes.
const (
	// FixUnknown: the question is UNKNOWN, so nothing can be proved.
	FixUnknown FixOutcome = iota
	// FixNeedless: it is REACHABLE as it is.
	FixNeedless
	// FixPolicy: NetworkPolicies alone repair it.
	FixPolicy
	// FixEdit: a Service has to change, perhaps beside a NetworkPolicy.
	FixEdit
	// FixWords: no object that we could print repairs it.
	FixWords
)

var outcomeNames = [...]string{"unknown", "needless", "policy", "edit", "words"}

// String is the outcome's name in JSON.
func (o FixOutcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return outcomeNames[FixUnknown]
}

// Tally is an answer in short: k of n paths deliver.
type Tally struct {
	Verdict flow.Verdict
	Reached int
	Paths   int
}

func tally(a *path.Answer) Tally {
	t := Tally{Verdict: a.Verdict}
	for i := range a.Traces {
		t.Paths += a.Traces[i].Count
		if a.Traces[i].Fate == flow.Delivered {
			t.Reached += a.Traces[i].Count
		}
	}
	return t
}

// short prints "DEPENDS (1/3)".
func (t Tally) short() string {
	return fmt.Sprintf("%v (%d/%d)", t.Verdict, t.Reached, t.Paths)
}

// Holds reports whether the fix is proved: everything is delivered, and
// nothing else changes.
func (f *Fix) Holds() bool {
	return (f.Outcome == FixPolicy || f.Outcome == FixEdit) &&
		f.After.Verdict == flow.Reachable && f.Proof != nil && len(f.Proof.Others) == 0
}

// maxRepairs bounds the search: each round removes one reason why packets die.
const maxRepairs = 8

// Repair looks for the fix of a question. The error is a *path.QuestionError.
func Repair(m *model.Model, q path.Question) (*Fix, error) {
	before, err := path.Ask(m, q)
	if err != nil {
		return nil, err
	}
	f := &Fix{
		Question: q, Before: tally(before), After: tally(before), Ignored: Unused(m.Snapshot), Unread: m.Snapshot.PartialOf(),
		Assumptions: before.Assumptions, Deviations: before.Deviations,
	}
	switch before.Verdict {
	case flow.Reachable:
		f.Outcome = FixNeedless
		return f, nil
	case flow.VerdictUnknown:
		f.Why = doubts(before)
		return f, nil
	case flow.NotReachable, flow.Depends:
	}
	r := repair{m: m, q: q, before: before}
	if err := r.search(); err != nil {
		return nil, err
	}
	r.finish(f)
	return f, nil
}

// repair is a search in progress.
type repair struct {
	m      *model.Model
	q      path.Question
	before *path.Answer

	edits    []Edit
	denials  []denial
	policies []*cluster.NetworkPolicy
	why      []flow.Reason

	after  *model.Model
	answer *path.Answer
	stuck  []flow.Reason // why nothing more can be proposed
}

// search removes one reason after the other: first what is wrong with Services,
// then what policies deny, since a Service's edit changes what policies see.
func (r *repair) search() error {
	r.after, r.answer = r.m, r.before
	for range maxRepairs {
		switch r.answer.Verdict {
		case flow.Reachable:
			return nil
		case flow.VerdictUnknown:
			r.stuck = doubts(r.answer)
			return nil
		case flow.NotReachable, flow.Depends:
		}
		progress, err := r.round()
		if err != nil || !progress {
			return err
		}
	}
	return nil
}

// round proposes one change more and walks again. It reports false where
// nothing can be proposed.
func (r *repair) round() (bool, error) {
	edit, why := r.propose()
	switch {
	case edit != nil:
		r.edits, r.denials, r.policies = mergeEdit(r.edits, *edit), nil, nil
		r.why = flow.Merge(r.why, why)
	case len(why) > 0:
		r.stuck = why
		return false, nil
	default:
		known := len(r.denials)
		r.denials = addDenials(r.denials, r.after, r.answer)
		if len(r.denials) == known {
			return false, nil
		}
		policies, stuck := r.draft()
		if len(stuck) > 0 {
			r.stuck = stuck
			return false, nil
		}
		r.policies = policies
	}
	return true, r.apply()
}

// apply compiles the changed cluster and asks again.
func (r *repair) apply() error {
	m, err := changed(r.m, r.edits, r.policies)
	if err != nil {
		return err
	}
	a, err := path.Ask(m, r.q)
	if err != nil {
		var wrong *path.QuestionError
		if errors.As(err, &wrong) {
			return nil // the edit took away what was asked for: no progress
		}
		return err
	}
	r.after, r.answer = m, a
	return nil
}

// finish writes down what was found and proves it.
func (r *repair) finish(f *Fix) {
	if r.answer.Verdict != flow.Reachable {
		f.Outcome, f.Why = FixWords, r.stuck
		if len(f.Why) == 0 {
			f.Why = []flow.Reason{flow.Because(flow.CodeFixNone)}
		}
		f.NearMisses = r.nearMisses()
		return
	}
	f.Outcome, f.Policies, f.Edits = FixPolicy, r.policies, r.edits
	if len(r.edits) > 0 {
		f.Outcome = FixEdit
	}
	f.After = tally(r.answer)
	f.Assumptions = flow.Merge(slices.Clone(f.Assumptions), r.answer.Assumptions)
	f.Deviations = flow.Merge(slices.Clone(f.Deviations), r.answer.Deviations)
	f.Why = r.why
	for _, g := range r.groups() {
		f.Why = flow.Merge(f.Why, g.why(r.m))
	}
	f.Proof = r.prove()
	f.Alternatives = r.alternatives()
	f.NearMisses = r.nearMisses()
}

// doubts are the sentences of the steps that could not be decided.
func doubts(a *path.Answer) []flow.Reason {
	var out []flow.Reason
	for i := range a.Traces {
		if a.Traces[i].Fate == flow.Unknown {
			if s := lastDecision(&a.Traces[i]); !s.Reason.IsZero() {
				out = flow.Merge(out, []flow.Reason{s.Reason})
			}
		}
	}
	return out
}
