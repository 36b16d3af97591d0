package scenario

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Parse reads a scenario. Whatever it does not know is an *Error.
func Parse(name string, data []byte) (*Scenario, error) {
	s := &Scenario{Name: name}
	p := &parser{file: name, s: s}
	if p.nameless(string(data)); p.err != nil {
		return nil, p.err
	}
	a := txtar.Parse(data)
	p.header(string(a.Comment))
	line := strings.Count(string(a.Comment), "\n") + 1
	var ask section
	for _, f := range a.Files {
		p.line = line
		p.section(f.Name, section{data: string(f.Data), line: line + 1, there: true}, &ask)
		line += 1 + strings.Count(string(f.Data), "\n")
	}
	p.line = line
	switch {
	case !ask.there:
		p.fail("a section -- ask -- is missing")
	case s.Lab == "" && !s.nodes.there && !s.cluster.there:
		p.fail("no lab, no nodes and no cluster.yaml: there is nothing to ask")
	}
	p.ask(ask)
	p.checkFixes()
	if p.err != nil {
		return nil, p.err
	}
	return s, nil
}

// parser keeps the first error.
type parser struct {
	file string
	line int
	s    *Scenario
	err  *Error
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = &Error{File: p.file, Line: p.line, What: what}
	}
}

// nameless refuses a section without a name, which package txtar cannot read.
func (p *parser) nameless(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if p.line++; strings.TrimSpace(line) == "-- --" {
			p.fail("a section without a name")
		}
	}
}

var ruleID = regexp.MustCompile(`^[A-Z][0-9]+$`)

// header reads the text before the first section: a title, then keys.
func (p *parser) header(text string) {
	seen := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if p.s.Title == "" {
				p.s.Title = strings.TrimSpace(comment)
			}
			continue
		}
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); !ok || value == "" {
			p.fail("in the header stand a # title and lines \"key: value\"")
			continue
		}
		if seen[key] && key != "rule" && key != "source" {
			p.fail("the key " + key + " is there twice")
		}
		seen[key] = true
		p.key(key, value)
	}
	switch {
	case p.s.Title == "":
		p.fail("a scenario starts with a # title")
	case len(p.s.Rules) == 0:
		p.fail("a scenario names the rule it proves, rule: S1")
	case len(p.s.Sources) == 0:
		p.fail("a scenario names the source of what it expects, source: ...")
	}
}

func (p *parser) key(key, value string) {
	switch key {
	case "rule":
		for _, id := range strings.Fields(value) {
			if !ruleID.MatchString(id) {
				p.fail("a rule's id is a letter and a number, not " + id)
			}
			if slices.Contains(p.s.Rules, id) {
				p.fail("the rule " + id + " is there twice")
			}
			p.s.Rules = append(p.s.Rules, id)
		}
	case "source":
		p.s.Sources = append(p.s.Sources, value)
	case "engine":
		engine, reason, _ := strings.Cut(value, "#")
		p.s.Engine, p.s.Reason = strings.TrimSpace(engine), strings.TrimSpace(reason)
		if p.s.Engine != "walk" && p.s.Engine != "kernel" {
			p.fail("engines are walk and kernel, not " + p.s.Engine)
		}
		if p.s.Reason == "" {
			p.fail("say behind # why only this engine can run it")
		}
	case "lab":
		if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(value) {
			p.fail("a lab is the name of a file in labs/, without .yaml")
		}
		p.s.Lab = value
	case "namespaces":
		if value != "as written" {
			p.fail("namespaces: as written is all that can be said of them")
		}
		p.s.AsWritten = true
	default:
		p.fail("unknown key " + key + ": rule, source, engine, lab and namespaces are known")
	}
}

func (p *parser) section(name string, s section, ask *section) {
	if fix, ok := strings.CutPrefix(name, fixPrefix); ok {
		p.fix(fix, s)
		return
	}
	into := map[string]*section{
		"nodes": &p.s.nodes, "pods": &p.s.pods, "cluster.yaml": &p.s.cluster, "fabric.yaml": &p.s.fabric, "ask": ask,
	}[name]
	switch {
	case into == nil:
		p.fail("unknown section " + name + ": nodes, pods, cluster.yaml, fabric.yaml, fix NAME.yaml and ask are known")
	case into.there:
		p.fail("the section " + name + " is there twice")
	case strings.TrimSpace(s.data) == "":
		p.fail("the section " + name + " is empty")
	default:
		*into = s
	}
	if p.err != nil {
		return
	}
	switch name {
	case "nodes":
		p.lines(s, func(line string) { p.node(line) })
	case "pods":
		p.lines(s, func(line string) { p.pod(line) })
	}
}

// lines calls f for each line that is not empty and not a comment.
func (p *parser) lines(s section, f func(string)) {
	for i, line := range strings.Split(s.data, "\n") {
		p.line = s.line + i
		if text := strings.TrimSpace(line); text != "" && text[0] != '#' {
			f(line)
		}
	}
}
