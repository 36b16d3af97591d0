package manifest

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// itemReader reads single JSON values into nodes, without what their shape
// leaves out. It takes only what needs no explanation: whatever is wrong or odd
// in any way is left to jsonReader, which reads it again and says why.
type itemReader struct {
	lim   *Limits
	words words
	dec   *jsontext.Decoder
	buf   bytes.Buffer
	raw   []byte
	seen  int // raw[:seen] is counted in line
	line  int
	depth int // of raw within its document

	keys  []key // of mappings that are not complete
	kids  []node
	nodes []node // complete
	names []key
}

func newItemReader(lim *Limits) *itemReader {
	return &itemReader{lim: lim, dec: jsontext.NewDecoder(bytes.NewReader(nil))}
}

// plainly are the options for what was found valid before.
var plainly = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func (r *itemReader) begin(raw []byte, line, depth int) {
	r.buf = *bytes.NewBuffer(raw)
	r.dec.Reset(&r.buf, plainly...)
	r.raw, r.seen, r.line, r.depth = raw, 0, line, depth
	r.keys, r.kids, r.nodes, r.names = r.keys[:0], r.kids[:0], r.nodes[:0], r.names[:0]
}

// fits reports whether raw cannot break the limit on keys, which is then not
// checked.
func (r *itemReader) fits(raw []byte) bool { return len(raw)/4 < r.lim.Keys }

// read reads raw, which jsontext found valid, and whose first byte stands on
// line. The node is good until the next call. It is false for what jsonReader
// has to read.
func (r *itemReader) read(raw []byte, line, depth int, list typeMeta) (node, bool) {
	if !r.fits(raw) {
		return node{}, false
	}
	s := r.shape(raw, list)
	return r.shaped(raw, line, depth, s)
}

func (r *itemReader) shaped(raw []byte, line, depth int, s *shape) (node, bool) {
	r.begin(raw, line, depth)
	return r.value(s)
}

// shape looks for the type of the object, which usually comes first.
func (r *itemReader) shape(raw []byte, list typeMeta) *shape {
	r.begin(raw, 0, 0)
	if t, err := r.dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil
	}
	var version, kind string
	for (version == "" || kind == "") && r.dec.PeekKind() == '"' {
		name, err := r.dec.ReadValue()
		if err != nil {
			return nil
		}
		var into *string
		switch string(name) {
		case `"apiVersion"`:
			into = &version
		case `"kind"`:
			into = &kind
		}
		val, err := r.dec.ReadValue()
		switch {
		case err != nil || into != nil && val.Kind() != '"':
			return nil
		case into != nil:
			*into = r.text(val)
		}
	}
	if version == "" && kind == "" {
		return shapeOf(list)
	}
	return shapeOf(parseType(version, kind))
}

// here is the line of what was read last.
func (r *itemReader) here() int {
	now := int(r.dec.InputOffset())
	r.line += bytes.Count(r.raw[r.seen:now], []byte{'\n'})
	r.seen = now
	return r.line
}

// text is what a string in quotation marks says.
func (r *itemReader) text(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return word(&r.words, inner)
	}
	out, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return ""
	}
	return string(out)
}

// tooDeep reports whether a value that stands here is nested too deep.
func (r *itemReader) tooDeep() bool { return r.depth+r.dec.StackDepth() > r.lim.Depth }

func (r *itemReader) value(s *shape) (node, bool) {
	if r.tooDeep() {
		return node{}, false
	}
	switch r.dec.PeekKind() {
	case '{':
		return r.mapping(s)
	case '[':
		return r.list(s)
	default:
		return r.scalar()
	}
}

func (r *itemReader) scalar() (node, bool) {
	v, err := r.dec.ReadValue()
	if err != nil {
		return node{}, false
	}
	n := node{line: r.here()}
	switch v.Kind() {
	case '"':
		n.kind, n.text = isString, r.text(v)
	case 'n':
		n.kind, n.text = isNull, "null"
	case 't':
		n.kind, n.text = isBool, "true"
	case 'f':
		n.kind, n.text = isBool, "false"
	default:
		n.text = word(&r.words, v)
		n.kind = isFloat
		if _, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			n.kind = isInt
		}
	}
	return n, true
}

// list and mapping gather their parts at the end of kids and keys, and move
// them to where they stay when all are there.
func (r *itemReader) list(s *shape) (node, bool) {
	if _, err := r.dec.ReadToken(); err != nil {
		return node{}, false
	}
	n, first := node{kind: isList, line: r.here()}, len(r.kids)
	for r.dec.PeekKind() != ']' {
		item, ok := r.value(s)
		if !ok {
			return n, false
		}
		r.kids = append(r.kids, item)
	}
	_, err := r.dec.ReadToken()
	n.kids = settle(&r.nodes, &r.kids, first)
	return n, err == nil
}

func (r *itemReader) mapping(s *shape) (node, bool) {
	if _, err := r.dec.ReadToken(); err != nil {
		return node{}, false
	}
	n, first, firstKey := node{kind: isMap, line: r.here(), part: s}, len(r.kids), len(r.keys)
	for counted := false; r.dec.PeekKind() != '}'; counted = true {
		name, err := r.dec.ReadValue()
		if err != nil {
			return n, false
		}
		if !counted {
			n.line = r.here()
		}
		if bytes.IndexByte(name, '\\') >= 0 {
			return n, false // nobody escapes the name of a field
		}
		sub, kept := under(s, name[1:len(name)-1])
		if !kept {
			if !r.skip() {
				return n, false
			}
			continue
		}
		r.keys = append(r.keys, key{word(&r.words, name[1:len(name)-1]), r.here()})
		val, ok := r.value(sub)
		if !ok {
			return n, false
		}
		r.kids = append(r.kids, val)
	}
	_, err := r.dec.ReadToken()
	n.kids = settle(&r.nodes, &r.kids, first)
	n.keys = settle(&r.names, &r.keys, firstKey)
	return n, err == nil
}

// settle moves from[first:] to the end of a slab and returns it there. What
// was settled before is not moved.
func settle[T any](slab, from *[]T, first int) []T {
	parts := (*from)[first:]
	if len(parts) > cap(*slab)-len(*slab) {
		*slab = make([]T, 0, max(2*cap(*slab), len(parts), 256))
	}
	at := len(*slab)
	*slab = append(*slab, parts...)
	*from = (*from)[:first]
	return (*slab)[at:len(*slab):len(*slab)]
}

// skip passes over a value, but for its depth.
func (r *itemReader) skip() bool {
	for around := r.dec.StackDepth(); ; {
		k := r.dec.PeekKind()
		if k != '}' && k != ']' && r.tooDeep() {
			return false
		}
		if _, err := r.dec.ReadToken(); err != nil {
			return false
		}
		if r.dec.StackDepth() == around {
			return true
		}
	}
}
