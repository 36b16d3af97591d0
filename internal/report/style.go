package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Printer writes text for people: wrapped to a width, coloured or not. Colour
// only repeats what a word says.
type Printer struct {
	w     io.Writer
	Width int
	Color bool
	Lang  Lang
	err   error
}

// NewPrinter writes to w, 80 columns, without colour.
func NewPrinter(w io.Writer) *Printer { return &Printer{w: w, Width: 80, Lang: English} }

// Err is the first error of the writer.
func (p *Printer) Err() error { return p.err }

func (p *Printer) line(s string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(s, " "))
	}
}

// para writes text behind a lead, wrapped, the following lines indented to the
// lead's width.
func (p *Printer) para(lead, text string) {
	room := max(p.Width-width(lead), 24)
	for i, l := range wrap(text, room) {
		if i == 0 {
			p.line(lead + l)
		} else {
			p.line(strings.Repeat(" ", width(lead)) + l)
		}
	}
}

// wrap breaks at spaces, and between East Asian wide characters, which have no
// spaces; a word longer than the room stands alone. Escape sequences of our own
// colours have no width.
func wrap(text string, room int) []string {
	var lines []string
	line := ""
	for _, field := range strings.Fields(text) {
		space := " "
		for _, part := range breakWide(field) {
			switch {
			case line == "":
				line = part
			case width(line)+len(space)+width(part) <= room:
				line += space + part
			default:
				lines = append(lines, line)
				line = part
			}
			space = ""
		}
	}
	return append(lines, line)
}

// Marks that do not begin a line, and those that do not end one.
const (
	closing = "，。、：；？！）》」】”"
	opening = "（《「【“"
)

// breakWide cuts a word where a line may end: before and behind each wide
// character, but not before a closing mark or behind an opening one.
func breakWide(word string) []string {
	var parts []string
	start, last := 0, rune(0)
	for i, r := range word {
		wide := width(string(r)) == 2 || width(string(last)) == 2 || strings.ContainsRune(closing, last)
		if i > 0 && wide && !strings.ContainsRune(closing, r) && !strings.ContainsRune(opening, last) {
			parts = append(parts, word[start:i])
			start = i
		}
		last = r
	}
	return append(parts, word[start:])
}

// width counts columns: East Asian wide characters take two, our own colour
// sequences none.
func width(s string) int {
	n, skip := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			skip = true
		case skip:
			skip = r != 'm'
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xffe6):
			n += 2
		default:
			n++
		}
	}
	return n
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-width(s)))
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	reset  = "\x1b[0m"
)

func (p *Printer) paint(color, s string) string {
	if !p.Color {
		return s
	}
	return color + s + reset
}

func (p *Printer) verdict(v flow.Verdict) string {
	switch v {
	case flow.Reachable:
		return p.paint(green, v.String())
	case flow.NotReachable:
		return p.paint(red, v.String())
	case flow.Depends, flow.VerdictUnknown:
	}
	return p.paint(yellow, v.String())
}

// some lists names, and how many more there are behind the first few. A name
// that is a word of the catalogue is translated.
func (p *Printer) some(names []string, most int) string {
	shown := make([]string, 0, most)
	for _, n := range names[:min(most, len(names))] {
		shown = append(shown, p.Lang.word(n))
	}
	list := strings.Join(shown, ", ")
	if len(names) <= most {
		return Clean(list)
	}
	return p.t(phraseMore, list, len(names)-most)
}

func (p *Printer) say(r flow.Reason) string { return p.Lang.Say(r) }

func (p *Printer) t(code flow.Code, args ...any) string { return p.Lang.t(code, args...) }

// lead is a word at the left edge, before a paragraph.
func (p *Printer) lead(code flow.Code) string { return pad(p.t(code), 10) }
