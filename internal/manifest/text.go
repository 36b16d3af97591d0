package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// counter counts what is read, and ends the reading behind max bytes.
type counter struct {
	src    io.Reader
	n, max int64
}

var errTooLarge = errors.New("too large")

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	if c.n += int64(n); c.over() {
		return 0, errTooLarge
	}
	return n, err
}

func (c *counter) over() bool { return c.n > c.max }

// plainText is the text without a byte order mark, and in UTF-8 if it is
// UTF-16, which PowerShell's redirection writes.
func plainText(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 1<<16)
	mark, _ := b.Peek(3) // its error comes again with the first Read
	switch {
	case bytes.HasPrefix(mark, []byte("\xEF\xBB\xBF")):
		_, _ = b.Discard(3)
		return b
	case bytes.HasPrefix(mark, []byte("\xFF\xFE")):
		return &utf16Reader{src: b, high: 1}
	case bytes.HasPrefix(mark, []byte("\xFE\xFF")):
		return &utf16Reader{src: b, low: 1}
	}
	return b
}

// utf16Reader turns UTF-16 with a byte order mark into UTF-8.
type utf16Reader struct {
	src       io.Reader
	low, high int // which byte of two is which
	marked    bool
	units     []uint16 // a surrogate whose other half is to come
	out       []byte
	err       error
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *utf16Reader) fill() {
	var block [1 << 15]byte
	n, err := io.ReadFull(r.src, block[:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	r.err = err
	units := r.units
	for i := 0; i+1 < n; i += 2 {
		if !r.marked {
			r.marked = true
			continue
		}
		units = append(units, uint16(block[i+r.low])|uint16(block[i+r.high])<<8)
	}
	r.units = nil
	if last := len(units) - 1; err == nil && last >= 0 && 0xD800 <= units[last] && units[last] < 0xDC00 {
		units, r.units = units[:last], []uint16{units[last]}
	}
	r.out = r.out[:0]
	for _, c := range utf16.Decode(units) {
		r.out = utf8.AppendRune(r.out, c)
	}
}

// refill reads on behind data, window bytes or more. The first pos bytes of data
// make room. ended says that nothing comes behind.
func refill(data []byte, pos int, src io.Reader, window int) (next []byte, ended bool, err error) {
	rest := data[pos:]
	if tooBig := cap(data) > 8*window && len(rest) < window; tooBig || cap(data)-len(rest) < window {
		next = append(make([]byte, 0, max(4*window, len(rest)+len(rest)/2)), rest...)
	} else {
		next = data[:copy(data, rest)]
	}
	n, err := io.ReadAtLeast(src, next[len(next):cap(next)], window)
	next = next[:len(next)+n]
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return next, true, nil
	}
	return next, false, err
}
