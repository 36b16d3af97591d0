package scenario

import (
	"maps"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// A fix is what somebody tries: objects that a block adds to the cluster, each
// in the place of the one with its name in cluster.yaml, if there is one.
const fixPrefix = "fix "

// with is the setting that applies a fix.
const with = "with"

// fix takes a section "fix NAME.yaml".
func (p *parser) fix(name string, s section) {
	_, twice := p.s.fixes[name]
	switch {
	case !strings.HasSuffix(name, ".yaml") || strings.ContainsAny(name, " ,|]"):
		p.fail("a fix is called NAME.yaml, without spaces and commas, not " + name)
	case twice:
		p.fail("the fix " + name + " is there twice")
	case strings.TrimSpace(s.data) == "":
		p.fail("the fix " + name + " is empty")
	}
	if p.s.fixes == nil {
		p.s.fixes = map[string]section{}
	}
	p.s.fixes[name] = s
}

// checkFixes: every fix is tried, and every one that is tried is there.
func (p *parser) checkFixes() {
	used := map[string]bool{}
	for _, b := range p.s.Blocks {
		for _, set := range b.Settings {
			if set.Key != with {
				continue
			}
			for _, name := range set.Values {
				if _, ok := p.s.fixes[name]; !ok {
					p.line = b.line
					p.fail("no section -- fix " + name + " --")
				}
				used[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.s.fixes)) {
		if !used[name] {
			p.line = p.s.fixes[name].line - 1
			p.fail("no block is asked [with " + name + "]")
		}
	}
}

// fixed returns cluster.yaml without the documents that the fix replaces. What
// the reader cannot read is left for it to refuse.
func (s *Scenario) fixed(name string) (section, error) {
	fix := s.fixes[name]
	in, err := manifest.Parse(s.Name, fix.padded(), manifest.Options{})
	if err != nil {
		return section{}, err
	}
	replaced := objects(in.Snapshot)
	if len(replaced) == 0 || in.Objects != len(replaced) {
		return section{}, &Error{File: s.Name, Line: fix.line, What: "a fix is made of Services, NetworkPolicies and Namespaces, one document each"}
	}
	kept := s.cluster
	documents := strings.Split(kept.data, "\n---\n")
	for i, text := range documents {
		one, err := manifest.Parse(s.Name, []byte(text), manifest.Options{})
		if err != nil {
			continue
		}
		if slices.ContainsFunc(objects(one.Snapshot), func(o flow.Object) bool { return slices.Contains(replaced, o) }) {
			documents[i] = strings.Repeat("\n", strings.Count(text, "\n"))
		}
	}
	kept.data = strings.Join(documents, "\n---\n")
	return kept, nil
}

// objects are those that a fix may replace.
func objects(in *cluster.Snapshot) []flow.Object {
	var all []flow.Object
	for i := range in.Services {
		all = append(all, in.Services[i].Object())
	}
	for i := range in.NetworkPolicies {
		all = append(all, in.NetworkPolicies[i].Object())
	}
	for i := range in.Namespaces {
		if ns := &in.Namespaces[i]; !ns.Implied {
			all = append(all, flow.Object{Kind: "Namespace", Name: ns.Name})
		}
	}
	return all
}

// padded is the text with empty lines ahead, which keep the positions those of
// the scenario.
func (s *section) padded() []byte {
	return []byte(strings.Repeat("\n", s.line-1) + s.data)
}
