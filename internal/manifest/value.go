package manifest

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// decoding is the state of decoding one object. The first error sticks: the
// accessors then go on returning zero values, and decode reports the error.
type decoding struct {
	file   string
	root   *node
	object flow.Object
	strict bool // unknown fields are errors: our own kinds
	err    *Error
	warns  []Warning
	bare   bool // no namespace was written
}

// value is a cursor into an object: a value, or the place of one that is
// absent.
type value struct {
	d      *decoding
	n      *node  // nil when absent
	parent *node  // the nearest mapping or list that is there
	name   string // the field under parent, when n is nil
}

func at(file string, line int) flow.Position { return flow.Position{File: file, Line: line} }

// present reports whether a value was written; null counts as absent, as in
// the API.
func (v value) present() bool { return v.n != nil && v.n.kind != isNull }

// pos is where the value stands, or else the mapping that lacks it.
func (v value) pos() flow.Position {
	switch {
	case v.n != nil:
		return at(v.d.file, v.n.line)
	case v.parent != nil:
		return at(v.d.file, v.parent.line)
	}
	return at(v.d.file, 0)
}

// path is the field path from the object's root.
func (v value) path() string {
	if v.n != nil {
		return fieldPath(v.d.root, v.n)
	}
	if p := fieldPath(v.d.root, v.parent); p != "" {
		return p + "." + v.name
	}
	return v.name
}

// fail records why the value cannot be used, unless an error came before.
func (v value) fail(why, hint string) {
	if v.d.err != nil {
		return
	}
	what := strings.TrimSpace(objectName(v.d.object) + " " + v.path())
	v.d.err = &Error{Position: v.pos(), What: what, Why: why, Hint: hint}
}

// objectName is the object's name, or its kind while nothing else is known.
func objectName(o flow.Object) string {
	if o.Name == "" {
		return o.Kind
	}
	return o.String()
}

func (v value) failf(format string, args ...any) { v.fail(fmt.Sprintf(format, args...), "") }

// maxWarnings bounds what is reported of one object.
const maxWarnings = 100

// warn records a finding about the value that does not stop the reading.
func (v value) warn(r flow.Reason) {
	if len(v.d.warns) >= maxWarnings {
		return
	}
	v.d.warns = append(v.d.warns, Warning{Position: v.pos(), Object: v.d.object, Field: v.path(), Reason: r})
}

// is reports whether the value is of kind k; another kind is an error, an
// absent value is not.
func (v value) is(k kind) bool {
	if !v.present() {
		return false
	}
	if v.n.kind == k {
		return true
	}
	have := v.n.kind.String()
	if v.n.kind != isMap && v.n.kind != isList {
		have += " (" + quote(v.n.text) + ")"
	}
	hint := ""
	if k == isString && (v.n.kind == isInt || v.n.kind == isFloat || v.n.kind == isBool) {
		hint = "write it in quotation marks: " + quote(v.n.text)
	}
	v.fail("this is "+have+", "+k.String()+" is expected", hint)
	return false
}

// get is the field of a mapping.
func (v value) get(name string) value {
	if v.n == nil {
		return value{d: v.d, parent: v.parent, name: v.name + "." + name}
	}
	if v.is(isMap) {
		if c := v.n.child(name); c != nil {
			return value{d: v.d, n: c, parent: v.n}
		}
	}
	return value{d: v.d, parent: v.n, name: name}
}

// at walks several fields down.
func (v value) at(names ...string) value {
	for _, n := range names {
		v = v.get(n)
	}
	return v
}

// list yields the items; nothing when absent. Null items are yielded, as the
// API keeps them (with every field absent).
func (v value) list() iter.Seq2[int, value] {
	return func(yield func(int, value) bool) {
		if !v.is(isList) {
			return
		}
		for i := range v.n.kids {
			if !yield(i, value{d: v.d, n: &v.n.kids[i], parent: v.n}) {
				return
			}
		}
	}
}

// fields yields the entries of a mapping; nothing when absent.
func (v value) fields() iter.Seq2[string, value] {
	return func(yield func(string, value) bool) {
		if !v.is(isMap) {
			return
		}
		v.n.everyKey()
		for i := range v.n.keys {
			if !yield(v.n.keys[i].name, value{d: v.d, n: &v.n.kids[i], parent: v.n}) {
				return
			}
		}
	}
}

// mapping reports whether the value is a mapping that was written; any other
// kind is an error.
func (v value) mapping() bool { return v.is(isMap) }

// str is a string, "" when absent.
func (v value) str() string {
	if v.is(isString) {
		return v.n.text
	}
	return ""
}

// boolean is a boolean, def when absent.
func (v value) boolean(def bool) bool {
	if !v.is(isBool) {
		return def
	}
	switch strings.ToLower(v.n.text) {
	case "true", "yes", "on":
		return true
	}
	return false
}

// integer is a whole number between low and high, and whether one is there.
func (v value) integer(low, high int64) (int64, bool) {
	if !v.present() {
		return 0, false
	}
	var i int64
	var err error
	if v.n.kind == isFloat { // 80.0 and 8e1 are whole numbers too
		var f float64
		f, err = strconv.ParseFloat(strings.ReplaceAll(v.n.text, "_", ""), 64)
		if i = int64(f); err == nil && float64(i) != f {
			v.failf("%s is not a whole number from %d to %d", clean(v.n.text), low, high)
			return 0, false
		}
	} else if v.is(isInt) {
		i, err = parseInt(v.n.text)
	} else {
		return 0, false
	}
	if err != nil || i < low || i > high {
		v.failf("%s is not a whole number from %d to %d", clean(v.n.text), low, high)
		return 0, false
	}
	return i, true
}

// strs is a list of strings: nil when absent, not nil when empty.
func (v value) strs() []string {
	if !v.present() {
		return nil
	}
	all := []string{}
	for _, item := range v.list() {
		all = append(all, item.str())
	}
	return all
}

// oneOf is a string out of a few, "" when absent.
func (v value) oneOf(allowed ...string) string {
	s := v.str()
	if s == "" {
		return ""
	}
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	hint := ""
	if near := nearest(s, allowed); near != "" {
		hint = "did you mean " + near + "?"
	}
	v.fail(quote(s)+" is not one of "+strings.Join(allowed, ", "), hint)
	return ""
}

// known reports every field of the mapping that is not listed: a warning, or
// an error in our own kinds.
func (v value) known(names ...string) {
	for name, f := range v.fields() {
		if contains(names, name) {
			continue
		}
		if len(v.d.warns) >= maxWarnings {
			return
		}
		near := nearest(name, names)
		switch {
		case v.d.strict && near != "":
			f.fail("there is no such field", "did you mean "+near+"?")
		case v.d.strict:
			f.fail("there is no such field", "the fields here are "+strings.Join(names, ", "))
		case near != "":
			f.warn(flow.Because(flow.CodeUnknownFieldNear, v.d.object.String(), f.path(), near))
		default:
			f.warn(flow.Because(flow.CodeUnknownField, v.d.object.String(), f.path()))
		}
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
