package draw

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// mostSide bounds the rows and the columns of a matrix.
const mostSide = 1500

// TooMuchError is a Map that no picture of the format can show.
type TooMuchError struct{ Format, What string }

// Error prints "-o dot: too much for a graph".
func (e *TooMuchError) Error() string { return "-o " + e.Format + ": " + e.What }

// Draw writes a Map in one of the formats dot, mermaid, svg, svg-matrix, svg-graph
// and html. The error is a *TooMuchError where the Map is too large for it.
func Draw(format string, w io.Writer, m *atlas.Map, words report.MapWords) error {
	needsGraph := format == "dot" || format == "mermaid" || format == "svg-graph"
	if needsGraph && m.Graph == nil {
		return &TooMuchError{format, fmt.Sprintf("a graph of %d groups cannot be read", max(len(m.Rows), len(m.Columns)))}
	}
	if !needsGraph && max(len(m.Rows), len(m.Columns)) > mostSide {
		return &TooMuchError{format, fmt.Sprintf("a matrix of %d by %d cannot be read", len(m.Rows), len(m.Columns))}
	}
	var text string
	switch format {
	case "dot":
		text = dot(m.Graph, words)
	case "mermaid":
		text = mermaid(m.Graph, words)
	case "html":
		text = page(m, words)
	default:
		text = alone(format, m, words)
	}
	_, err := io.WriteString(w, text)
	return err
}

// alone is a picture that is a file of its own.
func alone(format string, m *atlas.Map, words report.MapWords) string {
	var parts []*canvas
	if format != "svg-graph" {
		parts = append(parts, matrix(m, words, false))
	}
	title := words.Title()
	if len(parts) > 0 {
		title = words.Graph()
	}
	if format != "svg-matrix" && m.Graph != nil {
		parts = append(parts, layers(m.Graph, title, words))
	}
	wide, tall := 0.0, 0.0
	for _, c := range parts {
		wide, tall = max(wide, c.wide), tall+c.tall
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img">`+"\n",
		num(wide), num(tall), num(wide), num(tall))
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n%s", escape(words.Title()), pictureStyle, patterns)
	fmt.Fprintf(&b, `<rect class="paper" width="%s" height="%s"/>`+"\n", num(wide), num(tall))
	y := 0.0
	for _, c := range parts {
		fmt.Fprintf(&b, `<g transform="translate(0 %s)">`+"\n%s</g>\n", num(y), c.String())
		y += c.tall
	}
	b.WriteString("</svg>\n")
	return b.String()
}
