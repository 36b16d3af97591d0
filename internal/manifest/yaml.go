package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlReader turns the YAML library's nodes into ours.
type yamlReader struct {
	file    string
	offset  int // added to the library's line numbers
	lim     *Limits
	words   *words
	list    typeMeta // of the items, where they carry no type
	cut     bool     // leave out what the shapes do
	aliased int      // values that aliases stood for so far
	inAlias bool
	names   []key // of mappings that are looked at
}

// readYAML reads every document of data; line is the number of its first line.
func readYAML(file string, data []byte, line int, lim *Limits) (all []node, err *Error) {
	return (&yamlReader{file: file, offset: line - 1, lim: lim, words: &words{}}).documents(data, line)
}

func (r *yamlReader) documents(data []byte, line int) (all []node, err *Error) {
	// The library reports most errors, but some versions panicked on hostile
	// input; an input must never end the program.
	defer func() {
		if p := recover(); p != nil {
			all, err = nil, &Error{Position: at(r.file, line), Why: "not valid YAML: " + clean(fmt.Sprint(p))}
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		switch e := dec.Decode(&doc); {
		case errors.Is(e, io.EOF):
			return all, nil
		case e != nil:
			return nil, r.syntax(e, line)
		}
		r.aliased = 0
		for _, y := range doc.Content {
			n, err := r.root(y)
			if err != nil {
				return nil, err
			}
			all = append(all, n)
		}
	}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax takes the line number out of the library's message.
func (r *yamlReader) syntax(e error, line int) *Error {
	msg := e.Error()
	m := yamlLine.FindStringSubmatch(msg)
	if m != nil {
		msg = msg[len(m[0]):]
		if k, err := strconv.Atoi(m[1]); err == nil {
			line = k + r.offset
		}
	}
	return &Error{Position: at(r.file, line), Why: "not valid YAML: " + clean(msg), syntax: true}
}

func tooDeep(file string, line int, lim *Limits) *Error {
	return &Error{Position: at(file, line), Why: fmt.Sprintf("nested deeper than %d levels", lim.Depth)}
}

// enter holds a value to the limits.
func (r *yamlReader) enter(y *yaml.Node, depth int) *Error {
	line := y.Line + r.offset
	if depth > r.lim.Depth {
		return tooDeep(r.file, line, r.lim)
	}
	if r.inAlias {
		if r.aliased++; r.aliased > r.lim.Aliased {
			return &Error{
				Position: at(r.file, line),
				Why:      fmt.Sprintf("YAML aliases stand for more than %d values", r.lim.Aliased),
				Hint:     "write the repeated parts out; kubectl prints no aliases",
			}
		}
	}
	return nil
}

// convert makes a node of the library's, without what the shape leaves out.
func (r *yamlReader) convert(y *yaml.Node, depth int, s *shape) (node, *Error) {
	if err := r.enter(y, depth); err != nil {
		return node{}, err
	}
	line := y.Line + r.offset
	switch y.Kind {
	case yaml.ScalarNode:
		k, text := scalar(y)
		return node{kind: k, line: line, text: word(r.words, text)}, nil
	case yaml.SequenceNode:
		n := node{kind: isList, line: line, kids: make([]node, 0, len(y.Content))}
		for _, c := range y.Content {
			item, err := r.convert(c, depth+1, s)
			if err != nil {
				return n, err
			}
			n.kids = append(n.kids, item)
		}
		return n, nil
	case yaml.MappingNode:
		return r.mapping(y, depth, s)
	case yaml.AliasNode:
		return r.alias(y, depth, s)
	default:
		return node{kind: isNull, line: line}, nil
	}
}

// alias converts the anchored value again, so that no two places share a node.
func (r *yamlReader) alias(y *yaml.Node, depth int, s *shape) (node, *Error) {
	was := r.inAlias
	r.inAlias = true
	n, err := r.convert(y.Alias, depth+1, s)
	r.inAlias = was
	return n, err
}

func (r *yamlReader) mapping(y *yaml.Node, depth int, s *shape) (node, *Error) {
	if s != nil && merges(y) {
		s = nil // the other mapping has fields of this one
	}
	n := node{kind: isMap, line: y.Line + r.offset, part: s}
	if s == nil {
		n.keys, n.kids = make([]key, 0, len(y.Content)/2), make([]node, 0, len(y.Content)/2)
	}
	var merged []node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return n, &Error{Position: at(r.file, y.Content[i].Line+r.offset), Why: "a mapping or list stands where a key is expected"}
		}
		sub, kept := under(s, k.Value)
		if !kept {
			if err := r.check(v, depth+1); err != nil {
				return n, err
			}
			continue
		}
		val, err := r.convert(v, depth+1, sub)
		if err != nil {
			return n, err
		}
		if isMerge(k) {
			merged = append(merged, val)
			continue
		}
		n.keys = append(n.keys, key{word(r.words, k.Value), y.Content[i].Line + r.offset})
		n.kids = append(n.kids, val)
	}
	if s != nil {
		return n, r.checkNames(y, &n)
	}
	if err := n.checkKeys(r.file, r.lim); err != nil {
		return n, err
	}
	for _, m := range merged {
		if err := r.merge(&n, m); err != nil {
			return n, err
		}
	}
	if len(n.keys) > 0 {
		n.line = n.keys[0].line
	}
	return n, nil
}

// isMerge reports whether a key is YAML 1.1's "<<".
func isMerge(k *yaml.Node) bool {
	return k.Value == "<<" && k.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0
}

// merges reports whether the mapping has such a key.
func merges(y *yaml.Node) bool {
	for i := 0; i+1 < len(y.Content); i += 2 {
		k := y.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if isMerge(k) {
			return true
		}
	}
	return false
}

// checkNames holds all keys of the mapping to what checkKeys does, the ones that
// n leaves out too, and gives n its line.
func (r *yamlReader) checkNames(y *yaml.Node, n *node) *Error {
	first := len(r.names)
	defer func() { r.names = r.names[:first] }()
	for i := 0; i+1 < len(y.Content); i += 2 {
		k := y.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		r.names = append(r.names, key{k.Value, y.Content[i].Line + r.offset})
	}
	all := node{line: n.line, keys: r.names[first:]}
	if err := all.checkKeys(r.file, r.lim); err != nil {
		return err
	}
	if len(all.keys) > 0 {
		n.line = all.keys[0].line
	}
	return nil
}

// check finds the errors that convert would find, and keeps nothing.
func (r *yamlReader) check(y *yaml.Node, depth int) *Error {
	if y.Kind == yaml.MappingNode && merges(y) || y.Kind == yaml.AliasNode {
		_, err := r.convert(y, depth, nil)
		return err
	}
	if err := r.enter(y, depth); err != nil {
		return err
	}
	switch y.Kind {
	case yaml.SequenceNode:
		for _, c := range y.Content {
			if err := r.check(c, depth+1); err != nil {
				return err
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(y.Content); i += 2 {
			k := y.Content[i]
			if k.Kind == yaml.AliasNode {
				k = k.Alias
			}
			if k.Kind != yaml.ScalarNode {
				return &Error{Position: at(r.file, y.Content[i].Line+r.offset), Why: "a mapping or list stands where a key is expected"}
			}
			if err := r.check(y.Content[i+1], depth+1); err != nil {
				return err
			}
		}
		return r.checkNames(y, &node{line: y.Line + r.offset})
	default:
	}
	return nil
}

// root converts a document: an object, or the list around an item.
func (r *yamlReader) root(y *yaml.Node) (node, *Error) {
	if !r.cut {
		return r.convert(y, 0, nil)
	}
	object := y
	if y.Kind == yaml.SequenceNode && len(y.Content) == 1 {
		object = y.Content[0]
	}
	return r.convert(y, 0, r.shape(object))
}

// shape is that of the object's type.
func (r *yamlReader) shape(y *yaml.Node) *shape {
	if y.Kind != yaml.MappingNode {
		return nil
	}
	var version, name string
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if v.Kind != yaml.ScalarNode || k.Kind != yaml.ScalarNode {
			continue
		}
		switch k.Value {
		case "apiVersion":
			version = v.Value
		case "kind":
			name = v.Value
		}
	}
	if version == "" && name == "" {
		return shapeOf(r.list)
	}
	return shapeOf(parseType(version, name))
}

// merge adds the keys of a "<<" value that n does not have itself.
func (r *yamlReader) merge(n *node, m node) *Error {
	switch m.kind {
	case isMap:
		have := make(map[string]bool, len(n.keys))
		for _, k := range n.keys {
			have[k.name] = true
		}
		for i, k := range m.keys {
			if !have[k.name] {
				n.keys = append(n.keys, k)
				n.kids = append(n.kids, m.kids[i])
			}
		}
		return nil
	case isList:
		for _, item := range m.kids {
			if item.kind == isList {
				break
			}
			if err := r.merge(n, item); err != nil {
				return err
			}
		}
		return nil
	default:
	}
	return &Error{Position: at(r.file, m.line), Why: `the merge key "<<" needs a mapping`}
}

// scalar says which type kubectl gives a scalar. It reads YAML 1.1, where yes,
// no, on and off are booleans too. A lone y or n stays a string: kubectl takes
// it for a boolean, but most programs that print YAML do not quote it.
func scalar(y *yaml.Node) (kind, string) {
	switch {
	case y.Style&yaml.TaggedStyle != 0:
		return tagged(y)
	case y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return isString, y.Value
	}
	return plain(y.Value), y.Value
}

func tagged(y *yaml.Node) (kind, string) {
	switch y.ShortTag() {
	case "!!null":
		return isNull, ""
	case "!!bool":
		return isBool, y.Value
	case "!!int":
		return isInt, y.Value
	case "!!float":
		return isFloat, y.Value
	}
	return isString, y.Value
}

func plain(s string) kind {
	if s == "" || s == "~" {
		return isNull
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		if _, err := parseInt(s); err == nil {
			return isInt
		}
		if _, err := strconv.ParseFloat(s, 64); err == nil && !strings.ContainsAny(s, "nNxX") {
			return isFloat
		}
	case len(s) <= 5 && strings.IndexByte("nNtTfFyYoO", c) >= 0:
		switch strings.ToLower(s) {
		case "null":
			return isNull
		case "true", "false", "yes", "no", "on", "off":
			return isBool
		}
	}
	return isString
}

// parseInt reads YAML's integers: decimal, 0x, 0o, 0b, and a leading zero for
// octal, with underscores between digits.
func parseInt(s string) (int64, error) {
	return strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 0, 64)
}
