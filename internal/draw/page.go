package draw

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// pageData is what the page's script points with.
type pageData struct {
	Rows    []string   `json:"rows"`
	Columns []string   `json:"columns"`
	Lines   []pageLine `json:"lines"`
	Hint    string     `json:"hint"`
}

type pageLine struct {
	From  []int  `json:"from"`
	To    []int  `json:"to"`
	Level string `json:"level"`
	Ports string `json:"ports"`
}

// page is one file with both pictures. It asks for nothing outside itself: its
// policy allows its own style and script, by their sums, and nothing else.
func page(m *atlas.Map, words report.MapWords) string {
	style := pictureStyle + pageStyle
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", words.Lang())
	fmt.Fprintf(&b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n", sum(style), sum(pageScript))
	fmt.Fprintf(&b, "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", escape(words.Title()), style)
	fmt.Fprintf(&b, "<header><h1>%s</h1><p>%s</p><input id=\"filter\" type=\"search\" placeholder=\"%s\" aria-label=\"%s\"><p id=\"detail\" aria-live=\"polite\">%s</p></header>\n",
		escape(words.Title()), escape(words.Size(m)), escape(words.Filter()), escape(words.Filter()), escape(words.Hover()))
	fmt.Fprintf(&b, "<main>\n<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\">%s</svg>\n<h2>%s</h2>\n", patterns, escape(words.Matrix()))
	shades(&b, words)
	b.WriteString(inline(matrix(m, words, true), words.Matrix()))
	fmt.Fprintf(&b, "<h2>%s</h2>\n", escape(words.Graph()))
	if m.Graph == nil {
		fmt.Fprintf(&b, "<p class=\"notes\">%s</p>\n", escape(words.NoGraph()))
	} else {
		b.WriteString(inline(layers(m.Graph, words.Graph(), words), words.Graph()))
	}
	notes(&b, m, words)
	fmt.Fprintf(&b, "</main>\n<script type=\"application/json\" id=\"map\">%s</script>\n<script>%s</script>\n</body>\n</html>\n", dataOf(m, words), pageScript)
	return b.String()
}

// shades are the legend of the matrix.
func shades(b *strings.Builder, words report.MapWords) {
	row := func(shade, text string) {
		fmt.Fprintf(b, "<li><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"none\" width=\"14\" height=\"14\"/>%s</svg> %s</li>\n", shade, escape(text))
	}
	b.WriteString("<ul class=\"shades\">\n")
	for _, l := range levels {
		row(fmt.Sprintf("<rect class=\"%s\" width=\"14\" height=\"14\"/>", l), words.Level(l))
	}
	row("<rect class=\"na\" x=\"5\" y=\"5\" width=\"4\" height=\"4\"/>", words.NotAsked())
	b.WriteString("</ul>\n")
}

// notes are what the map rests on.
func notes(b *strings.Builder, m *atlas.Map, words report.MapWords) {
	b.WriteString("<ul class=\"notes\">\n")
	for _, n := range words.Notes(m) {
		fmt.Fprintf(b, "<li>%s</li>\n", escape(n))
	}
	b.WriteString("</ul>\n")
}

func inline(c *canvas, name string) string {
	return fmt.Sprintf("<div class=\"scroll\"><svg viewBox=\"0 0 %s %s\" width=\"%s\" height=\"%s\" role=\"group\" aria-label=\"%s\">\n%s</svg></div>\n",
		num(c.wide), num(c.tall), num(c.wide), num(c.tall), escape(name), c.String())
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(s[:])
}

// dataOf is JSON that no element of HTML can be hidden in: json escapes <, > and &.
func dataOf(m *atlas.Map, words report.MapWords) string {
	d := pageData{Rows: []string{}, Columns: []string{}, Lines: []pageLine{}, Hint: words.Hover()}
	for i := range m.Rows {
		d.Rows = append(d.Rows, report.Clean(m.Rows[i].Name))
	}
	for i := range m.Columns {
		d.Columns = append(d.Columns, report.Clean(m.Columns[i].Name))
	}
	for i := range m.Lines {
		l := &m.Lines[i]
		d.Lines = append(d.Lines, pageLine{l.From, l.To, words.Level(atlas.LevelOf(l)), words.PortsInFull(l)})
	}
	text, err := json.Marshal(d)
	if err != nil {
		return "{}" // strings and numbers always marshal
	}
	return string(text)
}
