package manifest

import (
	"strconv"
	"strings"
)

// kind is what one value of a document is. Scalars carry the type that YAML's
// or JSON's notation gives them, since the API refuses a number where it wants
// a string.
type kind uint8

const (
	isNull kind = iota
	isString
	isInt
	isFloat
	isBool
	isList
	isMap
)

// String is the word errors use.
func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "a number", "a boolean", "a list", "a mapping"}[k]
}

// node is one value of a document: YAML and JSON meet here, with aliases
// expanded, duplicate keys refused and all limits enforced.
type node struct {
	kind kind
	line int    // of the value; of the first key for a mapping that has one
	text string // of a scalar
	keys []key  // of a mapping: keys[i] belongs to kids[i]
	kids []node // of a mapping or list
	// part is what was kept of a mapping, nil for all of it, and asked says that
	// somebody wanted more.
	part  *shape
	asked bool
}

type key struct {
	name string
	line int
}

// child returns the value under name, or nil.
func (n *node) child(name string) *node {
	for i := range n.keys {
		if n.keys[i].name == name {
			return &n.kids[i]
		}
	}
	if n.part != nil {
		if _, kept := under(n.part, name); !kept {
			n.asked = true
		}
	}
	return nil
}

// everyKey notes that somebody looks at all keys of the mapping.
func (n *node) everyKey() {
	if n.part != nil && n.part.rest == nil {
		n.asked = true
	}
}

// lacking reports whether somebody asked for what was passed over.
func (n *node) lacking() bool {
	if n.asked {
		return true
	}
	for i := range n.kids {
		if n.kids[i].lacking() {
			return true
		}
	}
	return false
}

// fieldPath spells where target stands under root ("spec.ports[0].port"). It is
// asked for errors and warnings only, so it searches instead of being carried.
func fieldPath(root, target *node) string {
	return strings.TrimPrefix(search(root, target), ".")
}

// search returns target's path under n, or "" when it is not there or n itself.
func search(n, target *node) string {
	for i := range n.kids {
		kid := &n.kids[i]
		rest := ""
		if kid != target {
			if rest = search(kid, target); rest == "" {
				continue
			}
		}
		if n.kind == isMap {
			return "." + fieldName(n.keys[i].name) + rest
		}
		return "[" + strconv.Itoa(i) + "]" + rest
	}
	return ""
}

// fieldName is a key as part of a path: quoted unless it is a plain word.
func fieldName(s string) string {
	for _, r := range s {
		if r < '!' || r > '~' || r == '"' {
			return quote(s)
		}
	}
	if len(s) > maxQuote || s == "" {
		return quote(s)
	}
	return s
}

// checkKeys refuses a mapping with too many keys or with one key twice.
func (n *node) checkKeys(file string, lim *Limits) *Error {
	if len(n.keys) > lim.Keys {
		return &Error{Position: at(file, n.line), Why: "a mapping with " + strconv.Itoa(len(n.keys)) +
			" keys; the limit is " + strconv.Itoa(lim.Keys)}
	}
	if len(n.keys) <= 8 {
		for i := range n.keys {
			for j := range n.keys[:i] {
				if n.keys[i].name == n.keys[j].name {
					return duplicateKey(file, n.keys[j], n.keys[i])
				}
			}
		}
		return nil
	}
	seen := make(map[string]int, len(n.keys))
	for i, k := range n.keys {
		if j, ok := seen[k.name]; ok {
			return duplicateKey(file, n.keys[j], k)
		}
		seen[k.name] = i
	}
	return nil
}

func duplicateKey(file string, first, second key) *Error {
	return &Error{
		Position: at(file, second.line),
		Why:      "the key " + quote(second.name) + " stands twice in one mapping, first on line " + strconv.Itoa(first.line),
		Hint:     "keep one of the two: of duplicate keys only one would count",
	}
}
