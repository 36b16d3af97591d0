package manifest

import (
	"bytes"
	"strings"
)

// piece is a run of whole lines that is parsed at once: one document, or one
// item of a List.
type piece struct {
	file  string
	data  []byte
	line  int      // of data's first line
	list  typeMeta // of a typed list's items; zero otherwise
	isOne bool     // the data is "- item": the item is the object
	long  bool     // of a List whose end comes as a piece of its own,
	end   *node    // and this is that end, without the items
}

// documents cuts a stream at its "---" lines: at the beginning of a line they
// separate documents always, even within a quoted scalar. A stream with
// directives ("%YAML 1.1"), which belong to the document behind them, stays
// whole.
func documents(file string, data []byte) []piece {
	if data[0] == '%' || bytes.Contains(data, []byte("\n%")) {
		return []piece{{file: file, data: data, line: 1}}
	}
	var all []piece
	start, startLine, line := 0, 1, 1
	for pos := 0; pos < len(data); line++ {
		end := lineEnd(data, pos)
		if pos > start && isSeparator(data[pos:end]) {
			all = append(all, piece{file: file, data: data[start:pos], line: startLine})
			start, startLine = pos, line
		}
		pos = end
	}
	return append(all, piece{file: file, data: data[start:], line: startLine})
}

// lineEnd is the position behind the line that begins at pos.
func lineEnd(data []byte, pos int) int {
	if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(data)
}

func isSeparator(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) && (len(line) == 3 || strings.IndexByte(" \t\r\n", line[3]) >= 0)
}

// listPieces cuts the items out of a List as kubectl prints it, so that a dump
// of any size is parsed item by item:
//
//	apiVersion: v1
//	items:
//	- apiVersion: v1      ← an item is the lines from "- " to the next "- "
//	  kind: Pod
//	kind: List
//
// It returns the lines around the items too. ok is false for any other layout;
// the document is then parsed whole.
func listPieces(p piece) (items []piece, head []byte, ok bool) {
	pos, line := 0, p.line
	for ; pos < len(p.data); line++ {
		end := lineEnd(p.data, pos)
		if string(bytes.TrimRight(p.data[pos:end], " \r\n")) == "items:" {
			pos, ok = end, true
			line++
			break
		}
		pos = end
	}
	if !ok {
		return nil, nil, false
	}
	head = append(head, p.data[:pos]...)
	head = append(head[:bytes.LastIndex(head, []byte("items:"))], '\n')
	start := -1
	for ; pos < len(p.data); line++ {
		end := lineEnd(p.data, pos)
		switch c := p.data[pos]; {
		case c == '-' && pos+1 < len(p.data) && strings.IndexByte(" \r\n", p.data[pos+1]) >= 0:
			if start >= 0 {
				items[len(items)-1].data = p.data[start:pos]
			}
			start = pos
			items = append(items, piece{file: p.file, line: line, isOne: true})
		case strings.IndexByte(" \t\r\n#", c) >= 0:
			if start < 0 && c != '#' {
				return nil, nil, false // indented items
			}
		default:
			if start < 0 {
				return nil, nil, false
			}
			items[len(items)-1].data = p.data[start:pos]
			return items, append(head, p.data[pos:]...), true
		}
		pos = end
	}
	if start < 0 {
		return nil, nil, false
	}
	items[len(items)-1].data = p.data[start:]
	return items, head, true
}
