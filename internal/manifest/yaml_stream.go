package manifest

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// yamlStream cuts YAML that is too long for the memory into pieces: documents,
// and the items of a List as kubectl prints it (see listPieces, which does the
// same with a document in memory). A document of any other layout has to fit
// into the limit on documents.
type yamlStream struct {
	file  string
	lim   *Limits
	data  []byte // a window of the text
	pos   int    // what comes before is done with
	line  int    // at pos
	past  int    // bytes before the window
	src   io.Reader
	yield func(piece) bool
}

// readYAMLStream reads the documents of window and, behind it, of src, up to
// room objects.
func readYAMLStream(file string, window []byte, src io.Reader, lim *Limits, room int) ([]decoded, *Error) {
	s := &yamlStream{file: file, lim: lim, data: window, line: 1, src: src}
	c := &collector{file: file, lim: lim, room: room}
	var failed *Error
	inOrder(func(yield func(piece) bool) {
		s.yield = yield
		failed = s.documents()
	}, func() func(piece) outcome {
		var w words
		return func(p piece) outcome {
			if p.end != nil {
				return outcome{}
			}
			o := readPiece(p, lim, &w)
			o.isText = o.err != nil // the first error counts, whatever it is of
			return o
		}
	}, func(p piece, o outcome) bool { return c.collect([]outcome{o}, p.end) })
	switch {
	case c.text != nil:
		return nil, c.text
	case failed != nil && !errors.Is(failed, errStopped):
		return nil, failed
	}
	return c.all, c.err
}

// lineFrom is the end of the line that begins off bytes behind pos, relative to
// pos too; off itself at the end of the text.
func (s *yamlStream) lineFrom(off int) (int, *Error) {
	for seen := off; ; {
		if i := bytes.IndexByte(s.data[s.pos+seen:], '\n'); i >= 0 {
			return seen + i + 1, nil
		}
		if seen = len(s.data) - s.pos; s.src == nil {
			return seen, nil
		}
		s.past += s.pos
		data, ended, err := refill(s.data, s.pos, s.src, s.lim.window)
		s.data, s.pos = data, 0
		if err != nil {
			return 0, fileError(s.file, err)
		}
		if ended {
			s.src = nil
		}
	}
}

// give hands on a piece, the next n bytes, unless they are too many.
func (s *yamlStream) give(n int, p piece) *Error {
	p.file, p.line = s.file, s.line
	p.data = bytes.Clone(s.data[s.pos : s.pos+n])
	s.drop(n)
	if !s.yield(p) {
		return errStopped
	}
	return nil
}

func (s *yamlStream) drop(n int) {
	s.line += bytes.Count(s.data[s.pos:s.pos+n], []byte{'\n'})
	s.pos += n
}

// next is the end of the line at off, and whether the document goes on with it.
func (s *yamlStream) next(off int, first bool) (end int, goesOn bool, err *Error) {
	end, err = s.lineFrom(off)
	if err != nil || end == off {
		return off, false, err
	}
	line := s.data[s.pos+off : s.pos+end]
	if line[0] == '%' {
		return 0, false, s.withDirective()
	}
	return end, first || !isSeparator(line), nil
}

// withDirective: a directive belongs to the documents around it, so that the
// text is one piece.
func (s *yamlStream) withDirective() *Error {
	n := s.past + len(s.data)
	if s.src != nil {
		more, err := io.Copy(io.Discard, s.src)
		if err != nil {
			return fileError(s.file, err)
		}
		n += int(more)
	}
	return tooLong(s.file, 1, n, s.lim)
}

// documents gives the pieces of every document.
func (s *yamlStream) documents() *Error {
	for {
		off, goesOn, isLong := 0, true, false
		for goesOn && !isLong {
			end, more, err := s.next(off, off == 0)
			if err != nil {
				return err
			}
			if goesOn = more; more {
				off = end
			}
			isLong = off > s.lim.Document
		}
		var err *Error
		switch {
		case isLong:
			err = s.list()
		case off == 0:
			return nil
		default:
			doc := piece{file: s.file, data: s.data[s.pos : s.pos+off], line: s.line}
			for _, p := range pieceItems(doc, s.lim) {
				p.data = bytes.Clone(p.data)
				if !s.yield(p) {
					return errStopped
				}
			}
			s.drop(off)
		}
		if err != nil {
			return err
		}
	}
}

// list gives the items of a document that is too long for one piece. What the
// document is may be said behind them.
func (s *yamlStream) list() *Error {
	begin, beginLine := s.past+s.pos, s.line
	around, err := s.head()
	if err != nil {
		return err
	}
	found := false
	if around != nil {
		t, _ := s.isList(around, beginLine)
		if found, err = s.items(t); err != nil {
			return err
		}
	}
	if found {
		tail, err := s.rest()
		if err != nil {
			return err
		}
		around = append(around, tail...)
	}
	if _, ok := s.isList(around, beginLine); !ok || !found {
		if err := s.skip(); err != nil {
			return err
		}
		return tooLong(s.file, beginLine, s.past+s.pos-begin, s.lim)
	}
	nodes, err := readYAML(s.file, around, beginLine, s.lim)
	if err != nil {
		return err
	}
	end := nodes[0]
	end.keys, end.kids = append(end.keys, key{"items", beginLine}), append(end.kids, node{kind: isList, line: beginLine})
	if !s.yield(piece{end: &end}) {
		return errStopped
	}
	return nil
}

// items gives the items, which are the lines from "- " to the next "- ", and
// reports whether there are any, in kubectl's layout.
func (s *yamlStream) items(t typeMeta) (found bool, err *Error) {
	for off := 0; ; {
		end, goesOn, err := s.next(off, false)
		if err != nil {
			return found, err
		}
		var line []byte // of this list
		if goesOn {
			line = s.data[s.pos+off : s.pos+end]
		}
		begins := len(line) > 1 && line[0] == '-' && strings.IndexByte(" \r\n", line[1]) >= 0
		within := len(line) > 0 && strings.IndexByte(" \t\r\n#", line[0]) >= 0
		switch {
		case within && !found && line[0] != '#':
			return false, nil
		case within:
			off = end
			if off > s.lim.Document && found {
				return found, s.longItem(off)
			}
			continue
		case found:
			err = s.give(off, piece{isOne: true, long: true, list: t})
		default:
			s.drop(off) // comments in front of the first
		}
		if err != nil || !begins {
			return found, err
		}
		found, off = true, end-off
	}
}

// head is what comes before the items, nil where there are none; it is done
// with then.
func (s *yamlStream) head() ([]byte, *Error) {
	off := 0
	for off <= s.lim.Document {
		end, goesOn, err := s.next(off, off == 0)
		if err != nil || !goesOn {
			return nil, err
		}
		if string(bytes.TrimRight(s.data[s.pos+off:s.pos+end], " \r\n")) == "items:" {
			head := append(bytes.Clone(s.data[s.pos:s.pos+off]), '\n')
			s.drop(end)
			return head, nil
		}
		off = end
	}
	return nil, nil
}

// isList reports whether the text around the items is that of a List.
func (s *yamlStream) isList(head []byte, line int) (typeMeta, bool) {
	nodes, err := readYAML(s.file, head, line, s.lim)
	if err != nil || len(nodes) != 1 || nodes[0].kind != isMap || nodes[0].child("items") != nil {
		return typeMeta{}, false
	}
	return listType(&nodes[0])
}

// rest is what the document has behind its items.
func (s *yamlStream) rest() ([]byte, *Error) {
	for off := 0; ; {
		end, goesOn, err := s.next(off, false)
		if err != nil {
			return nil, err
		}
		if !goesOn || off > s.lim.Document {
			tail := bytes.Clone(s.data[s.pos : s.pos+off])
			s.drop(off)
			return tail, nil
		}
		off = end
	}
}

// skip passes over the rest of a document.
func (s *yamlStream) skip() *Error {
	for {
		end, goesOn, err := s.next(0, false)
		if err != nil || !goesOn {
			return err
		}
		s.drop(end)
	}
}

// longItem is the error of an item beyond the limit, of which the first n bytes
// are known.
func (s *yamlStream) longItem(n int) *Error {
	line := s.line
	for s.drop(n); ; {
		end, goesOn, err := s.next(0, false)
		switch {
		case err != nil:
			return err
		case !goesOn || strings.IndexByte(" \t\r\n#", s.data[s.pos]) < 0:
			return tooLong(s.file, line, n, s.lim)
		}
		n += end
		s.drop(end)
	}
}
