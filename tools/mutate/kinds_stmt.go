package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// drop leaves a statement out.
func (s *source) drop(st ast.Stmt, mayReturn bool) {
	switch st := st.(type) {
	case *ast.ExprStmt, *ast.IncDecStmt:
	case *ast.AssignStmt:
		if st.Tok == token.DEFINE || s.raw(st.Lhs[0]) == "_" {
			return
		}
	case *ast.BranchStmt:
		if st.Tok != token.CONTINUE {
			return
		}
	case *ast.ReturnStmt:
		if !mayReturn {
			return
		}
	default:
		return
	}
	m := s.add("drop-statement", st)
	s.wrap(st, fmt.Sprintf("if !mutOn(%d) { ", m.id), " }")
}

// list looks at the statements of a block. mayReturn: one that returns may be
// left out, since what follows returns too.
func (s *source) list(stmts []ast.Stmt, mayReturn bool) {
	for _, st := range stmts {
		s.drop(st, mayReturn)
		if r, ok := st.(*ast.ReturnStmt); ok {
			s.returns(r)
		}
	}
}

// returns makes a function return nothing much.
func (s *source) returns(r *ast.ReturnStmt) {
	sig := s.sig[len(s.sig)-1]
	if sig.Results == nil || len(r.Results) == 0 {
		return
	}
	var zero []string
	for _, f := range sig.Results.List {
		for range max(1, len(f.Names)) {
			zero = append(zero, "*new("+s.raw(f.Type)+")")
		}
	}
	if len(zero) != len(r.Results) {
		s.zeroReturn(r, strings.Join(zero, ", "))
		return
	}
	for i, e := range r.Results {
		if s.isBool(e) || s.isZero(e) {
			s.value(e)
			continue
		}
		words := make([]string, 0, len(zero))
		for j := range zero {
			if words = append(words, zero[j]); j != i {
				words[j] = s.raw(r.Results[j])
			}
		}
		s.zeroReturn(r, strings.Join(words, ", "))
	}
}

func (s *source) zeroReturn(r *ast.ReturnStmt, what string) {
	m := s.add("zero-return", r)
	s.wrap(r, fmt.Sprintf("if mutOn(%d) { return %s }; ", m.id, what), "")
}

// isZero: the zero value of its type, written down.
func (s *source) isZero(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	case *ast.Ident:
		if e.Name == "nil" {
			return true
		}
	}
	v := s.pkg.info.Types[e].Value
	return v != nil && (v.ExactString() == "0" || v.ExactString() == `""`)
}

// loop skips elements, or stops behind the first.
func (s *source) loop(r *ast.RangeStmt) {
	if len(r.Body.List) == 0 {
		return
	}
	skip := s.add("skip-element", r.X)
	s.insert(r.Body.Lbrace+1, fmt.Sprintf(" if mutSecond(%d) { continue }; ", skip.id))
	stop := s.add("first-only", r.X)
	s.insert(r.Body.Rbrace, fmt.Sprintf("\nif mutOn(%d) { break }\n", stop.id))
}

// visit looks at every node once, the outer before the inner.
func (s *source) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		s.function(n)
		return false
	case *ast.FuncLit:
		s.sig = append(s.sig, n.Type)
		s.list(n.Body.List, false)
		ast.Inspect(n.Body, s.visit)
		s.sig = s.sig[:len(s.sig)-1]
		return false
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.IfStmt:
		s.condition(n)
	case *ast.ForStmt:
		if n.Cond != nil {
			m := s.add("never-loop", n.Cond)
			s.wrap(n.Cond, "((", fmt.Sprintf(") && !mutOn(%d))", m.id))
		}
		s.list(n.Body.List, true)
	case *ast.RangeStmt:
		s.loop(n)
		s.list(n.Body.List, true)
	case *ast.SwitchStmt:
		s.cases(n)
	case *ast.AssignStmt:
		for _, e := range n.Rhs {
			s.value(e)
		}
	case *ast.CallExpr:
		s.call(n)
	case *ast.BinaryExpr:
		s.operands(n)
		s.boundary(n)
		s.nilEmpty(n)
	case *ast.CompositeLit:
		if _, ok := s.typeOf(n).Underlying().(*types.Struct); ok {
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					s.field(kv)
				}
			}
		}
	}
	return true
}

func (s *source) function(f *ast.FuncDecl) {
	if f.Body == nil || s.plan.skip.MatchString(s.name) {
		return
	}
	s.fn, s.sig = f.Name.Name, []*ast.FuncType{f.Type}
	s.list(f.Body.List, false)
	ast.Inspect(f.Body, s.visit)
}

func (s *source) condition(n *ast.IfStmt) {
	s.negate(n.Cond, "negate-condition")
	s.list(n.Body.List, n.Else == nil)
	if b, ok := n.Else.(*ast.BlockStmt); ok {
		s.list(b.List, false)
	}
}

func (s *source) cases(n *ast.SwitchStmt) {
	whole := false
	for _, c := range n.Body.List {
		clause, ok := c.(*ast.CaseClause)
		whole = whole || ok && clause.List == nil
	}
	for _, c := range n.Body.List {
		clause, ok := c.(*ast.CaseClause)
		if !ok {
			continue
		}
		if n.Tag == nil {
			for _, e := range clause.List {
				s.negate(e, "negate-condition")
			}
		}
		s.list(clause.Body, !whole)
	}
}

// call changes what is passed on; conversions and what makes room stay.
func (s *source) call(c *ast.CallExpr) {
	if tv, ok := s.pkg.info.Types[c.Fun]; !ok || tv.IsType() || tv.IsBuiltin() {
		s.minMax(c)
		return
	}
	for _, a := range c.Args {
		s.value(a)
	}
}
