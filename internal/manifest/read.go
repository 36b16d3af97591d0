package manifest

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
)

// readText decodes every object of a source, in order. size is how long the
// text is, if that is known. Behind room objects it may stop.
func readText(file string, text io.Reader, size int64, lim *Limits, room int) ([]decoded, *Error) {
	var head bytes.Buffer
	head.Grow(int(min(size, int64(lim.Document))) + 2*lim.window) // with room to read on
	if _, err := head.ReadFrom(io.LimitReader(text, int64(lim.Document)+1)); err != nil {
		return nil, fileError(file, err)
	}
	switch data := head.Bytes(); {
	case len(data) <= lim.Document:
		return read(file, data, lim)
	case beginsJSON(file, data):
		return readJSONStream(file, data, text, lim, room)
	default:
		return readYAMLStream(file, data, text, lim, room)
	}
}

// read decodes a source that is in memory.
func read(file string, data []byte, lim *Limits) ([]decoded, *Error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	docs := documents(file, data)
	if len(docs) == 1 && beginsJSON(file, data) {
		if all, err := readJSONStream(file, data, nil, lim, math.MaxInt); err == nil {
			return all, nil
		}
		// What follows is slower and says best what is wrong.
	}
	var pieces []piece
	for _, doc := range docs {
		pieces = append(pieces, pieceItems(doc, lim)...)
	}
	all, err := readPieces(pieces, lim)
	if err != nil && err.syntax && len(pieces) > len(docs) {
		// An item that cannot be read alone may lean on another by an alias.
		return readPieces(docs, lim)
	}
	return all, err
}

// beginsJSON reports whether the text is JSON, and not only by its file's name.
func beginsJSON(file string, data []byte) bool {
	text := bytes.TrimLeft(data, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[' && strings.EqualFold(path.Ext(file), ".json"))
}

// pieceItems cuts a document into the items of its List, where it is one as
// kubectl prints it.
func pieceItems(doc piece, lim *Limits) []piece {
	items, head, ok := listPieces(doc)
	if !ok {
		return []piece{doc}
	}
	nodes, err := readYAML(doc.file, head, doc.line, lim)
	if err != nil || len(nodes) != 1 || nodes[0].kind != isMap || nodes[0].child("items") != nil {
		return []piece{doc}
	}
	t, ok := listType(&nodes[0])
	if !ok {
		return []piece{doc}
	}
	for i := range items {
		items[i].list = t
	}
	return items
}

// listType reports whether n is a list's head, and the type of its items: of
// kind List they carry their own, of PodList they are Pods.
func listType(n *node) (typeMeta, bool) {
	k, v := n.child("kind"), n.child("apiVersion")
	if k == nil || k.kind != isString || !strings.HasSuffix(k.text, "List") {
		return typeMeta{}, false
	}
	item := strings.TrimSuffix(k.text, "List")
	if item == "" || v == nil || v.kind != isString {
		return typeMeta{}, true
	}
	return parseType(v.text, item), true
}

// readPieces decodes the pieces on all processors and returns the objects in
// the order of the input; the first error of that order wins.
func readPieces(pieces []piece, lim *Limits) (all []decoded, err *Error) {
	inOrder(slices.Values(pieces), func() func(piece) outcome {
		var w words
		return func(p piece) outcome { return readPiece(p, lim, &w) }
	}, func(_ piece, o outcome) bool {
		all, err = append(all, o.objects...), o.err
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// readPiece decodes one piece.
func readPiece(p piece, lim *Limits, w *words) outcome {
	// A JSON list is one document however many items it has, so only the limit on
	// the whole input bounds it.
	if len(p.data) > lim.Document && !looksLikeJSON(p) {
		return outcome{err: tooLong(p.file, p.line, len(p.data), lim)}
	}
	out, lacking := decodePiece(p, lim, w, true)
	if lacking {
		out, _ = decodePiece(p, lim, w, false)
	}
	return out
}

// decodePiece decodes one piece. cut leaves out what shapes do; lacking says that
// this was too much.
func decodePiece(p piece, lim *Limits, w *words, cut bool) (out outcome, lacking bool) {
	nodes, err := parsePiece(p, lim, w, cut)
	if err != nil {
		return outcome{err: explainTemplate(err, p)}, false
	}
	if p.long && p.list == (typeMeta{}) && len(nodes) == 1 && untyped(&nodes[0]) {
		return outcome{held: &heldItem{line: p.line, bytes: len(p.data), read: func(t typeMeta) outcome {
			p.list, p.long = t, false
			return readPiece(p, lim, &words{})
		}}}, false
	}
	out.isItem = p.long
	for i := range nodes {
		if nodes[i].kind == isNull {
			continue // an empty document
		}
		more, err := objects(p, &nodes[i], p.list, 0)
		if nodes[i].lacking() {
			if reread != nil {
				reread(&nodes[i])
			}
			return out, true
		}
		if err != nil {
			return outcome{err: explainTemplate(err, p)}, false
		}
		out.objects = append(out.objects, more...)
	}
	return out, false
}

func tooLong(file string, line, size int, lim *Limits) *Error {
	return &Error{
		Position: at(file, line), Why: fmt.Sprintf("one document of %d bytes; the limit is %d", size, lim.Document),
		Hint: "split it into several documents with lines of ---",
	}
}

// looksLikeJSON: by the file's name, or by its first brace.
func looksLikeJSON(p piece) bool {
	text := bytes.TrimLeft(p.data, " \t\r\n")
	return !p.isOne && (strings.EqualFold(path.Ext(p.file), ".json") || bytes.HasPrefix(text, []byte("{")))
}

// parsePiece takes what begins with a brace for JSON, unless it is a YAML flow
// mapping.
func parsePiece(p piece, lim *Limits, w *words, cut bool) ([]node, *Error) {
	if looksLikeJSON(p) {
		nodes, err := readJSON(p.file, p.data, p.line, lim)
		if err == nil || strings.EqualFold(path.Ext(p.file), ".json") {
			return nodes, err
		}
		if more, e := readYAML(p.file, p.data, p.line, lim); e == nil {
			return more, nil
		}
		return nil, err
	}
	nodes, err := (&yamlReader{file: p.file, offset: p.line - 1, lim: lim, words: w, list: p.list, cut: cut}).documents(p.data, p.line)
	if err == nil && p.isOne && len(nodes) == 1 && nodes[0].kind == isList {
		return nodes[0].kids, nil
	}
	return nodes, err
}

// maxLists bounds how deep lists of lists are opened.
const maxLists = 4

// objects decodes a document: one object, or the items of a list.
func objects(p piece, n *node, list typeMeta, depth int) ([]decoded, *Error) {
	t, isA := listType(n)
	items := n.child("items")
	if !isA || items == nil || depth > maxLists {
		if isA && n.child("metadata") == nil && n.child("spec") == nil || isA && items == nil && t == (typeMeta{}) {
			return nil, nil // a list without items
		}
		d, err := decodeObject(p.file, n, list)
		return []decoded{d}, err
	}
	if items.kind != isList && items.kind != isNull {
		return nil, &Error{Position: at(p.file, items.line), What: "items", Why: "this is " + items.kind.String() + ", a list is expected"}
	}
	var all []decoded
	for i := range items.kids {
		got, err := objects(p, &items.kids[i], t, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// explainTemplate adds the hint to an error whose line holds a template's
// braces, or that comes from a file that cannot be YAML because of them.
func explainTemplate(err *Error, p piece) *Error {
	if err.Hint != "" || !bytes.Contains(p.data, []byte("{{")) {
		return err
	}
	lines := bytes.Split(p.data, []byte("\n"))
	i := err.Position.Line - p.line
	near := i >= 0 && i < len(lines) && bytes.Contains(lines[i], []byte("{{"))
	if !near && err.syntax {
		for _, l := range lines {
			near = near || bytes.HasPrefix(bytes.TrimSpace(l), []byte("{{"))
		}
	}
	if near {
		err.Hint = hintTemplate
	}
	return err
}
