package manifest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonReader reads JSON values, one after the other, into nodes. It is written
// by hand because encoding/json reports neither lines nor duplicate keys.
type jsonReader struct {
	file string
	data []byte
	pos  int
	line int
	lim  *Limits
	// short says that what was found may be due to the end of data: with more of
	// the text it may read differently.
	short bool
}

// readJSON reads every value of data, as kubectl and jq print them one behind
// the other. line is the number of data's first line.
func readJSON(file string, data []byte, line int, lim *Limits) ([]node, *Error) {
	r := &jsonReader{file: file, data: data, line: line, lim: lim}
	var all []node
	for r.space(); r.pos < len(r.data); r.space() {
		n, err := r.value(0)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

func (r *jsonReader) space() {
	for ; r.pos < len(r.data); r.pos++ {
		switch r.data[r.pos] {
		case '\n':
			r.line++
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

func (r *jsonReader) fail(why string) *Error {
	return &Error{Position: at(r.file, r.line), Why: "not valid JSON: " + why, syntax: true}
}

func (r *jsonReader) unexpected(want string) *Error {
	r.short = r.short || len(r.data)-r.pos < len("false")
	if r.pos >= len(r.data) {
		e := r.fail("the text ends where " + want + " is expected")
		e.Hint = "was the file cut short? " + hintDump
		return e
	}
	return r.fail(quote(string(r.data[r.pos])) + " stands where " + want + " is expected")
}

func (r *jsonReader) value(depth int) (node, *Error) {
	r.space()
	if depth > r.lim.Depth {
		return node{}, tooDeep(r.file, r.line, r.lim)
	}
	if r.pos >= len(r.data) {
		return node{}, r.unexpected("a value")
	}
	switch c := r.data[r.pos]; {
	case c == '{':
		return r.mapping(depth)
	case c == '[':
		return r.list(depth)
	case c == '"':
		s, err := r.str()
		return node{kind: isString, line: r.line, text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	}
	for _, w := range []struct {
		word string
		kind kind
	}{{"true", isBool}, {"false", isBool}, {"null", isNull}} {
		if bytes.HasPrefix(r.data[r.pos:], []byte(w.word)) {
			r.pos += len(w.word)
			return node{kind: w.kind, line: r.line, text: w.word}, nil
		}
	}
	return node{}, r.unexpected("a value")
}

// next consumes a comma or end and reports whether there is more; anything else
// is an error.
func (r *jsonReader) next(end byte) (bool, *Error) {
	r.space()
	if r.pos < len(r.data) && (r.data[r.pos] == ',' || r.data[r.pos] == end) {
		r.pos++
		return r.data[r.pos-1] == ',', nil
	}
	return false, r.unexpected(`"," or ` + quote(string(end)))
}

func (r *jsonReader) empty(end byte) bool {
	r.space()
	if r.pos < len(r.data) && r.data[r.pos] == end {
		r.pos++
		return true
	}
	return false
}

func (r *jsonReader) list(depth int) (node, *Error) {
	n := node{kind: isList, line: r.line}
	r.pos++
	if r.empty(']') {
		return n, nil
	}
	for {
		item, err := r.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.kids = append(n.kids, item)
		if more, err := r.next(']'); err != nil || !more {
			return n, err
		}
	}
}

func (r *jsonReader) mapping(depth int) (node, *Error) {
	n := node{kind: isMap, line: r.line}
	r.pos++
	if r.empty('}') {
		return n, nil
	}
	for {
		r.space()
		if r.pos >= len(r.data) || r.data[r.pos] != '"' {
			return n, r.unexpected("a key in quotation marks")
		}
		name, err := r.str()
		if err != nil {
			return n, err
		}
		n.keys = append(n.keys, key{name, r.line})
		r.space()
		if r.pos >= len(r.data) || r.data[r.pos] != ':' {
			return n, r.unexpected(`":"`)
		}
		r.pos++
		val, err := r.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.kids = append(n.kids, val)
		more, err := r.next('}')
		if err != nil {
			return n, err
		}
		if !more {
			n.line = n.keys[0].line
			return n, n.checkKeys(r.file, r.lim)
		}
	}
}

// str reads the string that begins at the current quotation mark.
func (r *jsonReader) str() (string, *Error) {
	start, escaped := r.pos, false
	for i := start + 1; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			r.pos = i + 1
			if !escaped && utf8.Valid(r.data[start+1:i]) {
				return string(r.data[start+1 : i]), nil
			}
			var s string
			if err := json.Unmarshal(r.data[start:i+1], &s); err != nil {
				return "", r.fail("a string with a wrong escape")
			}
			return s, nil
		case c == '\\':
			escaped = true
			i++
		case c < 0x20:
			return "", r.fail("a control character within a string")
		}
	}
	r.short = true
	return "", r.fail("a string without its closing quotation mark")
}

func (r *jsonReader) number() (node, *Error) {
	start := r.pos
	for r.pos < len(r.data) && strings.IndexByte("+-.eE0123456789", r.data[r.pos]) >= 0 {
		r.pos++
	}
	r.short = r.short || r.pos == len(r.data)
	text := string(r.data[start:r.pos])
	if !json.Valid([]byte(text)) {
		return node{}, r.fail(quote(text) + " is not a number")
	}
	n := node{kind: isFloat, line: r.line, text: text}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		n.kind = isInt
	}
	return n, nil
}
