//go:build linux

package proof

import (
	"slices"

	"github.com/portolan-net/portolan/nft"
)

// Size is how many rules a program has, and rows in its maps.
func Size(p *nft.Program) (rules, rows int) {
	for _, t := range p.Tables {
		for _, c := range t.Chains {
			rules += len(c.Rules)
		}
		for _, s := range t.Sets {
			for range t.Elements(s.Name) {
				rows++
			}
		}
	}
	return rules, rows
}

// Size is how many rules and rows all nodes' kernels hold together.
func (r *Rules) Size() (rules, rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.nodes {
		n, m := Size(l.program)
		rules, rows = rules+n, rows+m
	}
	return rules, rows
}

// Places are the machines that ask something, each once.
func (s *Session) Places() []string {
	var all []string
	for _, a := range s.asked {
		for _, f := range a.flights {
			if p := s.place(f.from); !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Rules are the session's own, nil under another dataplane.
func (s *Session) Rules() *Rules {
	rules, _ := s.plane.(*Rules)
	return rules
}
