package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// negate makes a boolean the other one.
func (s *source) negate(e ast.Expr, kind string) {
	if !s.isBool(e) || s.isConst(e) {
		return
	}
	m := s.add(kind, e)
	s.wrap(e, "((", fmt.Sprintf(") != mutOn(%d))", m.id))
}

// operands leaves out each part of a && b && c, or of a || b.
func (s *source) operands(b *ast.BinaryExpr) {
	if b.Op != token.LAND && b.Op != token.LOR {
		return
	}
	for _, x := range []ast.Expr{b.X, b.Y} {
		if in, ok := ast.Unparen(x).(*ast.BinaryExpr); ok && in.Op == b.Op || s.isConst(x) {
			continue
		}
		m := s.add("drop-operand", x)
		if b.Op == token.LAND {
			s.wrap(x, "(", fmt.Sprintf(" || mutOn(%d))", m.id))
		} else {
			s.wrap(x, "((", fmt.Sprintf(") && !mutOn(%d))", m.id))
		}
	}
}

// boundary takes < for <= and the like, and counts one more or less.
func (s *source) boundary(b *ast.BinaryExpr) {
	if s.isConst(b) {
		return
	}
	switch b.Op {
	case token.LSS, token.GTR:
		m := s.add("boundary", b)
		s.wrap(b, "(", fmt.Sprintf(" || mutOn(%d) && (%s) == (%s))", m.id, s.raw(b.X), s.raw(b.Y)))
	case token.LEQ, token.GEQ:
		m := s.add("boundary", b)
		s.wrap(b, "(", fmt.Sprintf(" && !(mutOn(%d) && (%s) == (%s)))", m.id, s.raw(b.X), s.raw(b.Y)))
	case token.ADD, token.SUB:
		if isInteger(s.typeOf(b)) {
			m := s.add("off-by-one", b)
			s.wrap(b, fmt.Sprintf(map[token.Token]string{token.ADD: "mutLess(%d, ", token.SUB: "mutAdd(%d, 1, "}[b.Op], m.id), ")")
		}
	default:
	}
}

// nilEmpty takes nil for empty, and empty for nil.
func (s *source) nilEmpty(b *ast.BinaryExpr) {
	if b.Op != token.EQL && b.Op != token.NEQ {
		return
	}
	x, condition := b.X, ""
	if id, ok := b.Y.(*ast.Ident); ok && id.Name == "nil" && emptiable(s.typeOf(x)) {
		condition = "len(" + s.raw(x) + ") == 0"
	}
	if call, ok := x.(*ast.CallExpr); ok && len(call.Args) == 1 && s.raw(call.Fun) == "len" && s.raw(b.Y) == "0" && emptiable(s.typeOf(call.Args[0])) {
		condition = s.raw(call.Args[0]) + " == nil"
	}
	if condition == "" {
		return
	}
	if b.Op == token.NEQ {
		condition = "!(" + condition + ")"
	}
	m := s.add("nil-empty", b)
	s.wrap(b, "mutChoose("+fmt.Sprint(m.id)+", ", ", "+condition+")")
}

// minMax takes the one for the other.
func (s *source) minMax(c *ast.CallExpr) {
	f, ok := c.Fun.(*ast.Ident)
	if !ok || f.Name != "min" && f.Name != "max" || s.isConst(c) {
		return
	}
	if _, builtin := s.pkg.info.Uses[f].(*types.Builtin); !builtin {
		return
	}
	t := s.typeName(s.typeOf(c))
	if t == "" {
		return
	}
	m := s.add("min-max", c)
	other := map[string]string{"min": "max", "max": "min"}[f.Name] + s.raw(c)[len("min"):]
	s.wrap(c, "func() "+t+fmt.Sprintf(" { if mutOn(%d) { return %s }; return ", m.id, other), " }()")
}

// value changes a value that is returned, assigned or passed on: a boolean, or a
// number that is written down.
func (s *source) value(e ast.Expr) {
	switch {
	case s.isBool(e) && s.isConst(e):
		if t := s.typeName(types.Default(s.typeOf(e))); t != "" {
			m := s.add("negate", e)
			s.wrap(e, t+"((", fmt.Sprintf(") != mutOn(%d))", m.id))
		}
	case s.isBool(e):
		s.negate(e, "negate")
	case s.isConst(e) && isInteger(s.typeOf(e)):
		if t := s.typeName(types.Default(s.typeOf(e))); t != "" {
			m := s.add("off-by-one", e)
			s.wrap(e, fmt.Sprintf("mutAdd[%s](%d, 1, ", t, m.id), ")")
		}
	}
}

// field leaves out a field of a literal.
func (s *source) field(kv *ast.KeyValueExpr) {
	if s.raw(kv.Value) == "nil" || s.isConst(kv.Value) {
		return
	}
	m, t := s.add("drop-field", kv), s.typeName(s.typeOf(kv.Value))
	if t != "" {
		t = "[" + t + "]" // of 1 << n it cannot be inferred
	}
	s.wrap(kv.Value, fmt.Sprintf("mutZero%s(%d, ", t, m.id), ")")
}
