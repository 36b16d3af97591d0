//go:build linux

package proof

import (
	"fmt"
	"maps"
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

// Counted are the rows that have counted something, node by node.
func (r *Rules) Counted() ([]Counted, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Counted
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		node := r.nodes[name]
		for _, t := range node.program.Tables {
			for _, s := range t.Sets {
				if !s.Counted {
					continue
				}
				counts, err := node.handle.Counters(t.Family, s)
				if err != nil {
					return nil, fmt.Errorf("node/%s: %w", name, err)
				}
				for e := range t.Elements(s.Name) {
					if n := counts[e.Key+e.End].Packets; n > 0 {
						all = append(all, Counted{Node: name, Set: s.Name, Text: t.Words(s, e), Origins: e.Origins, Packets: n})
					}
				}
			}
		}
	}
	return all, nil
}
