package draw

import (
	"fmt"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// dot writes a Graph in Graphviz' language.
func dot(g *atlas.Graph, words report.MapWords) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph portolan {\n  rankdir=LR; label=%s; labelloc=t;\n  node [shape=box, style=rounded, fontname=\"monospace\"]; edge [fontname=\"monospace\", fontsize=10];\n", quote(words.Title()))
	for layer := range atlas.Layers {
		b.WriteString("  { rank=same;")
		for n := range g.Vertices {
			if v := &g.Vertices[n]; v.Layer == layer && v.Point != atlas.Joint {
				fmt.Fprintf(&b, " n%d;", n)
			}
		}
		b.WriteString(" }\n")
	}
	for n := range g.Vertices {
		v := &g.Vertices[n]
		if v.Point == atlas.Joint {
			fmt.Fprintf(&b, "  n%d [shape=point, label=\"\"];\n", n)
			continue
		}
		more := ""
		if v.World {
			more = ", peripheries=2, tooltip=" + quote(words.Badge())
		}
		fmt.Fprintf(&b, "  n%d [label=%s%s];\n", n, quote(label(v, words)), more)
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		fmt.Fprintf(&b, "  n%d -> n%d [%s];\n", e.From, e.To, dotEdge(g, e, words))
	}
	b.WriteString("}\n")
	return b.String()
}

func dotEdge(g *atlas.Graph, e *atlas.Edge, words report.MapWords) string {
	style := map[atlas.Level]string{
		atlas.LevelAll: "color=\"#1f6f9f\"", atlas.LevelPart: "style=dashed, color=\"#c77700\"",
		atlas.LevelUnsure: "style=dotted, color=\"#6b3fa0\"", atlas.LevelNone: "style=dotted, color=\"#b3261e\", arrowhead=tee",
	}[e.Level]
	if e.Behind {
		style = "color=\"#3d7a4a\""
	}
	if g.Vertices[e.To].Point == atlas.Joint {
		style += ", arrowhead=none"
	}
	if text := edgeLabel(g, e, words); text != "" {
		style += ", label=" + quote(text)
	}
	return style
}

// edgeLabel is what stands on an edge: ports, once where edges meet; or the mark
// of what is not open.
func edgeLabel(g *atlas.Graph, e *atlas.Edge, words report.MapWords) string {
	switch {
	case e.Behind || g.Vertices[e.From].Point == atlas.Joint:
		return ""
	case len(e.Ports)+len(e.Perhaps) > 0:
		return words.EdgePorts(e)
	}
	return map[atlas.Level]string{atlas.LevelPart: "~", atlas.LevelUnsure: "?", atlas.LevelNone: "x"}[e.Level]
}

// quote makes a string of DOT: a backslash would escape, or stand for names.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(report.Clean(s)) + `"`
}
