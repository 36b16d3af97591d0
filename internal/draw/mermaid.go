package draw

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// mermaid writes a Graph as a flowchart for pages that render Mermaid.
func mermaid(g *atlas.Graph, words report.MapWords) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for layer := range atlas.Layers {
		open := false
		for n := range g.Vertices {
			v := &g.Vertices[n]
			if v.Layer != layer {
				continue
			}
			if !open {
				open = true
				fmt.Fprintf(&b, "  subgraph layer%d[\"%s\"]\n", layer, entities(words.Layer(layer)))
			}
			if v.Point != atlas.Joint {
				fmt.Fprintf(&b, "    n%d%s\n", n, shape(v, words))
			}
		}
		if open {
			b.WriteString("  end\n")
		}
	}
	for n := range g.Vertices {
		if g.Vertices[n].Point == atlas.Joint {
			fmt.Fprintf(&b, "  n%d((\" \"))\n", n)
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		fmt.Fprintf(&b, "  n%d %s n%d\n", e.From, arrow(g, e, words), e.To)
	}
	return b.String()
}

func shape(v *atlas.Vertex, words report.MapWords) string {
	text := entities(label(v, words))
	switch v.Point {
	case atlas.OneService, atlas.SomeServices:
		return `(["` + text + `"])`
	case atlas.Outside, atlas.Nodes, atlas.OnePlace, atlas.Everybody:
		return `(("` + text + `"))`
	case atlas.Sender, atlas.Receiver, atlas.Joint:
	}
	return `["` + text + `"]`
}

func arrow(g *atlas.Graph, e *atlas.Edge, words report.MapWords) string {
	a := map[atlas.Level]string{atlas.LevelAll: "-->", atlas.LevelPart: "-.->", atlas.LevelUnsure: "-.->", atlas.LevelNone: "--x"}[e.Level]
	if e.Behind {
		return "==>"
	}
	if text := edgeLabel(g, e, words); text != "" {
		return a + `|"` + entities(text) + `"|`
	}
	return a
}

// entities writes everything but letters, digits and harmless marks as Mermaid's
// codes for characters.
func entities(s string) string {
	var b strings.Builder
	for _, r := range report.Clean(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" -_./:,()+=~?", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}
