package manifest

import (
	"bytes"
	"errors"
	"io"
)

// readJSONStream reads the values of window and, behind it, of src, up to room
// objects. An error of the text comes before those of its objects.
func readJSONStream(file string, window []byte, src io.Reader, lim *Limits, room int) ([]decoded, *Error) {
	s := newJSONStream(file, window, src, lim)
	c := &collector{file: file, lim: lim, room: room}
	var failed *Error
	inOrder(func(yield func(*batch) bool) {
		s.yield = yield
		failed = s.documents()
	}, func() func(*batch) []outcome {
		r := newItemReader(lim)
		return func(b *batch) []outcome { return r.batch(file, b) }
	}, func(b *batch, outs []outcome) bool {
		return c.collect(outs, b.end)
	})
	switch {
	case c.text != nil:
		return nil, c.text
	case failed != nil && !errors.Is(failed, errStopped):
		return nil, failed
	}
	return c.all, c.err
}

// batch decodes the items of b.
func (r *itemReader) batch(file string, b *batch) []outcome {
	all := make([]outcome, len(b.items))
	for i, it := range b.items {
		all[i] = r.item(file, b.text[it.from:it.to], it, b.list, b.held)
	}
	return all
}

// item decodes one item, whose text is raw.
func (r *itemReader) item(file string, raw []byte, it item, list typeMeta, held bool) outcome {
	var n node
	ok := it.node != nil
	if ok {
		n = *it.node
	} else if n, ok = r.read(raw, it.line, it.depth, list); !ok {
		careful := &jsonReader{file: file, data: raw, line: it.line, lim: r.lim}
		var err *Error
		if n, err = careful.value(it.depth); err != nil {
			return outcome{err: err, isText: true}
		}
	}
	if held && untyped(&n) {
		raw = bytes.Clone(raw)
		return outcome{held: &heldItem{line: it.line, bytes: len(raw), read: func(t typeMeta) outcome {
			return newItemReader(r.lim).item(file, raw, it, t, false)
		}}}
	}
	out := r.objects(file, &n, it, list, raw)
	if n.lacking() {
		if reread != nil {
			reread(&n)
		}
		if n, ok := r.shaped(raw, it.line, it.depth, nil); ok {
			return r.objects(file, &n, it, list, raw)
		}
	}
	return out
}

// reread is told of objects that were read again; for tests.
var reread func(*node)

// objects decodes a document, or an item of a List.
func (r *itemReader) objects(file string, n *node, it item, list typeMeta, raw []byte) outcome {
	out := r.decode(file, n, it, list, raw)
	out.isItem = it.depth > 0
	return out
}

func (r *itemReader) decode(file string, n *node, it item, list typeMeta, raw []byte) outcome {
	p := piece{file: file, data: raw, line: it.line}
	if it.depth == 0 && n.kind == isNull {
		return outcome{} // an empty document
	}
	all, err := objects(p, n, list, min(it.depth, 1))
	if err != nil {
		return outcome{err: explainTemplate(err, p)}
	}
	return outcome{objects: all}
}

// untyped reports whether an item depends on its List for its type.
func untyped(n *node) bool {
	if n.kind != isMap {
		return false
	}
	for _, name := range []string{"apiVersion", "kind"} {
		if c := n.child(name); c != nil && c.kind != isNull && c.text != "" {
			return false
		}
	}
	return true
}
