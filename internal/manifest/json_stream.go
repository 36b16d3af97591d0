package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonStream reads JSON of any length: it holds a window of the text, hands the
// items of a List to all processors, and keeps what comes of them.
//
//	text ──► window ──► batch of items ──► nodes ──► objects
//	         one goroutine                 all processors
type jsonStream struct {
	jsonReader           // its data is the window
	src        io.Reader // what comes behind the window; nil at the end
	dec        *jsontext.Decoder
	buf        bytes.Buffer
	out        *batch
	yield      func(*batch) bool
}

// batchSize is how much text makes a job.
const batchSize = 1 << 18

// batch is a job: values of one document, one behind the other.
type batch struct {
	text  []byte
	items []item
	list  typeMeta // of a List that named its type in front of its items
	// end is the document that the items belong to, behind the last of them;
	// its "items" are left out.
	end *node
	// held: the type of the items may come behind them.
	held bool
}

// item is one value of a batch: text[from:to], or a node where it had to be read
// carefully.
type item struct {
	from, to, line int
	node           *node
	depth          int // 0 for a document, 2 for an item of a List
}

func newJSONStream(file string, window []byte, src io.Reader, lim *Limits) *jsonStream {
	return &jsonStream{
		jsonReader: jsonReader{file: file, data: window, line: 1, lim: lim}, src: src,
		dec: jsontext.NewDecoder(bytes.NewReader(nil)), out: &batch{},
	}
}

// errStopped ends the reading when nobody wants more.
var errStopped = &Error{Why: "stopped"}

// step does one step of the reading; where the window is too short for it, it
// is done again with a longer one.
func (s *jsonStream) step(do func() *Error) *Error {
	for {
		pos, line := s.pos, s.line
		s.short = false
		err := do()
		if !s.short || s.src == nil {
			return err
		}
		s.pos, s.line = pos, line
		if err := s.more(); err != nil {
			return err
		}
	}
}

// more reads on. What was consumed makes room for it.
func (s *jsonStream) more() *Error {
	rest := s.data[s.pos:]
	if len(rest) > s.lim.value() {
		return &Error{
			Position: at(s.file, s.line), Why: fmt.Sprintf("one value of more than %d bytes", s.lim.value()),
			Hint: "dump the objects as a List, or one by one",
		}
	}
	data, ended, err := refill(s.data, s.pos, s.src, s.lim.window)
	s.data, s.pos = data, 0
	switch {
	case err != nil:
		return fileError(s.file, err)
	case ended:
		s.src = nil
	}
	return nil
}

// documents reads one value after the other. As in YAML, lines of --- may stand
// between them, unless the file's name says that it is JSON.
func (s *jsonStream) documents() *Error {
	separated := !strings.EqualFold(path.Ext(s.file), ".json")
	for {
		err := s.step(func() *Error {
			from := s.pos
			if s.space(); separated && s.pos > from && s.data[s.pos-1] == '\n' && isSeparator(s.data[s.pos:]) {
				s.pos += len("---")
				s.space()
			}
			s.short = len(s.data)-s.pos < max(s.lim.window, 8)
			return nil
		})
		if err != nil {
			return err
		}
		if s.pos == len(s.data) {
			return s.flush(nil)
		}
		raw, _ := s.skim(s.data[s.pos:min(s.pos+s.lim.window, len(s.data))])
		switch {
		case raw != nil:
			err = s.take(raw, 0)
		case s.data[s.pos] == '{':
			err = s.mapping()
		default:
			err = s.element(0)
		}
		if err != nil {
			return err
		}
	}
}

// skim returns the mapping or list that text begins with, if nothing about it is
// odd. short says that it may only be cut off.
func (s *jsonStream) skim(text []byte) (raw []byte, short bool) {
	if text[0] != '{' && text[0] != '[' {
		return nil, false
	}
	s.buf = *bytes.NewBuffer(text)
	s.dec.Reset(&s.buf)
	raw, err := s.dec.ReadValue()
	if err != nil {
		return nil, errors.Is(err, io.ErrUnexpectedEOF)
	}
	return raw, false
}

// element takes the value that comes next, whatever it is.
func (s *jsonStream) element(depth int) *Error {
	return s.step(func() *Error {
		if s.space(); s.pos == len(s.data) {
			return s.unexpected("a value")
		}
		raw, short := s.skim(s.data[s.pos:])
		switch {
		case raw != nil:
			return s.take(raw, depth)
		case short && s.src != nil:
			s.short = true
			return nil
		}
		line := s.line
		n, err := s.value(depth)
		if err != nil || s.short && s.src != nil {
			return err
		}
		s.out.items = append(s.out.items, item{line: line, node: &n, depth: depth})
		return nil
	})
}

// take puts a value that begins at pos into the batch.
func (s *jsonStream) take(raw []byte, depth int) *Error {
	b := s.out
	from := len(b.text)
	b.text = append(b.text, raw...)
	b.items = append(b.items, item{from: from, to: len(b.text), line: s.line, depth: depth})
	s.pos += len(raw)
	s.line += bytes.Count(raw, []byte{'\n'})
	if len(b.text) >= batchSize {
		return s.flush(nil)
	}
	return nil
}

// flush hands the batch on. end is the document that ends with it.
func (s *jsonStream) flush(end *node) *Error {
	b := s.out
	b.end = end
	if len(b.items) == 0 && end == nil {
		return nil
	}
	room := batchSize + batchSize/8
	if s.src == nil {
		room = min(room, len(s.data)-s.pos)
	}
	s.out = &batch{list: b.list, held: b.held, text: make([]byte, 0, room)}
	if !s.yield(b) {
		return errStopped
	}
	return nil
}

// mapping reads a document part by part: its items go into batches, the rest is
// kept.
func (s *jsonStream) mapping() *Error {
	if err := s.flush(nil); err != nil {
		return err
	}
	head := &node{kind: isMap, line: s.line}
	s.out.held = true
	s.pos++
	for more, first := true, true; more; first = false {
		done := false
		err := s.step(func() *Error {
			done = first && s.empty('}')
			s.short = s.pos == len(s.data)
			return nil
		})
		if err == nil && !done {
			err = s.field(head)
		}
		if err == nil && !done {
			err = s.step(func() (e *Error) {
				more, e = s.next('}')
				return e
			})
		}
		if err != nil {
			return err
		}
		more = more && !done
	}
	if len(head.keys) > 0 {
		head.line = head.keys[0].line
	}
	if err := head.checkKeys(s.file, s.lim); err != nil {
		return err
	}
	if err := s.flush(head); err != nil {
		return err
	}
	s.out.list, s.out.held = typeMeta{}, false
	return nil
}

// field reads one field of a document.
func (s *jsonStream) field(head *node) *Error {
	isItems := false
	err := s.step(func() *Error {
		s.space()
		if s.pos >= len(s.data) || s.data[s.pos] != '"' {
			return s.unexpected("a key in quotation marks")
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		k := key{name, s.line}
		s.space()
		if s.pos >= len(s.data) || s.data[s.pos] != ':' {
			return s.unexpected(`":"`)
		}
		s.pos++
		if s.space(); s.pos >= len(s.data) {
			return s.unexpected("a value")
		}
		val := node{kind: isList, line: s.line}
		if isItems = name == "items" && s.data[s.pos] == '[' && head.child("items") == nil; !isItems {
			if val, err = s.value(1); err != nil || s.short && s.src != nil {
				return err
			}
		}
		head.keys, head.kids = append(head.keys, k), append(head.kids, val)
		return nil
	})
	if err != nil || !isItems {
		return err
	}
	if t, ok := listType(head); ok && t != (typeMeta{}) {
		s.out.list, s.out.held = t, false
	}
	s.pos++
	return s.items()
}

// items reads the list of items, behind its bracket.
func (s *jsonStream) items() *Error {
	none := false
	err := s.step(func() *Error {
		none = s.empty(']')
		s.short = s.pos == len(s.data)
		return nil
	})
	for more := !none; err == nil && more; {
		if err = s.element(2); err == nil {
			err = s.step(func() (e *Error) {
				more, e = s.next(']')
				return e
			})
		}
	}
	return err
}
