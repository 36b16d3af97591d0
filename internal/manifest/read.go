package manifest

import (
	"bytes"
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
)

// read decodes every object of one source, in order.
func read(file string, data []byte, lim *Limits) ([]decoded, *Error) {
	data = decodeText(data)
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	docs := documents(file, data)
	var pieces []piece
	for _, doc := range docs {
		pieces = append(pieces, pieceItems(doc, lim)...)
	}
	all, err := readPieces(pieces, lim)
	if err != nil && err.syntax && len(pieces) > len(docs) && len(data) <= lim.Document {
		// An item that cannot be read alone may lean on another by an alias.
		return readPieces(docs, lim)
	}
	return all, err
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
func readPieces(pieces []piece, lim *Limits) ([]decoded, *Error) {
	type result struct {
		objects []decoded
		err     *Error
	}
	results := make([]result, len(pieces))
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(pieces))
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(pieces); i += workers {
				results[i].objects, results[i].err = readPiece(pieces[i], lim)
			}
		})
	}
	wg.Wait()
	var all []decoded
	for _, r := range results {
		if r.err != nil {
			return nil, r.err
		}
		all = append(all, r.objects...)
	}
	return all, nil
}

// readPiece decodes one piece.
func readPiece(p piece, lim *Limits) ([]decoded, *Error) {
	// A JSON list is one document however many items it has, so only the limit on
	// the whole input bounds it.
	if len(p.data) > lim.Document && !looksLikeJSON(p) {
		return nil, &Error{
			Position: at(p.file, p.line), Why: fmt.Sprintf("one document of %d bytes; the limit is %d", len(p.data), lim.Document),
			Hint: "split it into several documents with lines of ---",
		}
	}
	nodes, err := parsePiece(p, lim)
	if err != nil {
		return nil, explainTemplate(err, p)
	}
	var all []decoded
	for i := range nodes {
		if nodes[i].kind == isNull {
			continue // an empty document
		}
		objects, err := objects(p, &nodes[i], p.list, 0)
		if err != nil {
			return nil, explainTemplate(err, p)
		}
		all = append(all, objects...)
	}
	return all, nil
}

// looksLikeJSON: by the file's name, or by its first brace.
func looksLikeJSON(p piece) bool {
	text := bytes.TrimLeft(p.data, " \t\r\n")
	return !p.isOne && (strings.EqualFold(path.Ext(p.file), ".json") || bytes.HasPrefix(text, []byte("{")))
}

// parsePiece takes what begins with a brace for JSON, unless it is a YAML flow
// mapping.
func parsePiece(p piece, lim *Limits) ([]node, *Error) {
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
	nodes, err := readYAML(p.file, p.data, p.line, lim)
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
