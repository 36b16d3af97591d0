package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// mutant is one change that can be switched on.
type mutant struct {
	id   int
	kind string
	file string // from the root of the module
	fn   string
	line int
	text string // what is changed, on one line
	nth  int    // of those that are alike but for their place
}

// key names the mutant whatever line it is on.
func (m *mutant) key() string {
	k := m.file + "\t" + m.fn + "\t" + m.kind + "\t" + m.text
	if m.nth > 0 {
		k += fmt.Sprintf(" #%d", m.nth+1)
	}
	return k
}

// edit is text that is put into the source, before or behind a node.
type edit struct {
	at, other int // where, and where the node's other end is
	behind    bool
	order     int
	text      string
}

// source is one file with its mutants.
type source struct {
	pkg   *pkg
	file  *ast.File
	name  string
	text  []byte
	edits []edit
	fn    string
	sig   []*ast.FuncType // around the node that is looked at
	plan  *plan
}

// plan is all mutants of the packages asked for.
type plan struct {
	mutants []*mutant
	seen    map[string]int
	skip    *regexp.Regexp // files
}

func (s *source) offset(p token.Pos) int { return s.pkg.fset.Position(p).Offset }

func (s *source) raw(n ast.Node) string {
	return string(s.text[s.offset(n.Pos()):s.offset(n.End())])
}

// add is a new mutant about a node.
func (s *source) add(kind string, about ast.Node) *mutant {
	text := strings.Join(strings.Fields(s.raw(about)), " ")
	if len(text) > 110 {
		text = text[:110]
	}
	m := &mutant{
		id: len(s.plan.mutants) + 1, kind: kind, file: s.name, fn: s.fn,
		line: s.pkg.fset.Position(about.Pos()).Line, text: text,
	}
	m.nth = s.plan.seen[m.key()]
	s.plan.seen[m.key()]++
	s.plan.mutants = append(s.plan.mutants, m)
	return m
}

// wrap puts text around a node. What is wrapped later stands farther out.
func (s *source) wrap(n ast.Node, before, behind string) {
	from, to := s.offset(n.Pos()), s.offset(n.End())
	s.edits = append(s.edits,
		edit{at: from, other: to, order: len(s.edits), text: before},
		edit{at: to, other: from, behind: true, order: len(s.edits), text: behind})
}

// insert puts text at a place.
func (s *source) insert(at token.Pos, text string) {
	o := s.offset(at)
	s.edits = append(s.edits, edit{at: o, other: o, behind: true, order: len(s.edits), text: text})
}

// rendered is the source with every edit.
func (s *source) rendered() []byte {
	slices.SortStableFunc(s.edits, func(a, b edit) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		if a.behind != b.behind { // what ends here ends before something begins
			return map[bool]int{true: -1, false: 1}[a.behind]
		}
		if a.behind { // the inner ends first
			return cmp.Or(cmp.Compare(b.other, a.other), cmp.Compare(a.order, b.order))
		}
		return cmp.Or(cmp.Compare(b.other, a.other), cmp.Compare(b.order, a.order))
	})
	var out []byte
	at := 0
	for _, e := range s.edits {
		out = append(append(out, s.text[at:e.at]...), e.text...)
		at = e.at
	}
	return append(out, s.text[at:]...)
}

// typeName is how the file can write a type down, or "".
func (s *source) typeName(t types.Type) string {
	known := map[string]bool{}
	for _, i := range s.file.Imports {
		known[strings.Trim(i.Path.Value, `"`)] = i.Name == nil
	}
	ok := true
	name := types.TypeString(t, func(p *types.Package) string {
		if p == s.pkg.types {
			return ""
		}
		ok = ok && known[p.Path()]
		return p.Name()
	})
	if !ok || strings.Contains(name, "untyped") || strings.Contains(name, "struct{") || strings.Contains(name, "invalid") {
		return ""
	}
	return name
}

func (s *source) typeOf(e ast.Expr) types.Type { return s.pkg.info.Types[e].Type }

func (s *source) isConst(e ast.Expr) bool { return s.pkg.info.Types[e].Value != nil }

func (s *source) isBool(e ast.Expr) bool {
	t := s.typeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

func isInteger(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// emptiable: a slice or a map, which can be nil or empty.
func emptiable(t types.Type) bool {
	if t == nil {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Slice, *types.Map:
		return true
	}
	return false
}
