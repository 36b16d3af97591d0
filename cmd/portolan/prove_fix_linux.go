package main

import (
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// mostFixes bounds how many Services are repaired at once.
const mostFixes = 8

// repair finds what is to be repaired, and asks the same again in the repaired
// cluster: with other rules where only policies change, in a new network where a
// Service does.
func (r *prover) repair(questions []path.Question) error {
	r.bar.now("looking for a fix")
	told, edits, changed := r.told, 0, false
	for _, q := range r.broken() {
		f, err := explain.Repair(told, q)
		if err != nil {
			return err
		}
		r.report.Fixes = append(r.report.Fixes, f)
		if f.Outcome != explain.FixPolicy && f.Outcome != explain.FixEdit {
			continue
		}
		if told, err = f.Apply(told); err != nil {
			return err
		}
		edits, changed = edits+len(f.Edits), true
	}
	if !changed {
		return nil
	}
	m, _, err := proof.Ground(told, r.o.choice)
	if err != nil {
		return err
	}
	r.bar.now("asking again")
	if err := r.change(m, questions, edits > 0); err != nil {
		return err
	}
	r.report.After, err = r.asked()
	return err
}

func (r *prover) change(m *model.Model, questions []path.Question, anew bool) error {
	if !anew {
		return r.session.Change(r.ctx, m, questions)
	}
	if err := r.session.Close(); err != nil {
		return err
	}
	r.session = nil
	return r.open(m, questions)
}

// broken are the questions to repair: the one that was asked, from outside where
// it was only told for what, and otherwise what triage finds broken.
func (r *prover) broken() []path.Question {
	if r.o.to != "" {
		from := r.o.from
		if from == "" {
			from = "external"
		}
		return []path.Question{{From: from, To: r.o.to, Via: r.o.via, Namespace: r.ns}}
	}
	var all []path.Question
	t := explain.TriageAll(r.told)
	for i := range t.Groups {
		g := &t.Groups[i]
		if g.Class != explain.Broken && g.Class != explain.Partly {
			continue
		}
		for k := range g.Members {
			if len(all) < mostFixes {
				all = append(all, path.Question{From: "external", To: g.Members[k].Title})
			}
		}
	}
	return all
}
