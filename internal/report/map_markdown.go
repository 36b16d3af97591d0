package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/atlas"
)

// MapMarkdown writes the list of a map and its Services as tables.
func MapMarkdown(out io.Writer, v *MapView, lang Lang) error {
	w, p := lang.MapWords(), &Printer{Lang: lang}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n", w.Title(), cell(w.Size(v.Map)))
	if !v.Exposure {
		fmt.Fprintf(&b, "| %s | %s | %s |\n| --- | --- | --- |\n", lang.t(phraseColumnFrom), lang.t(phraseMapTo), lang.t(phraseMapPorts))
		rows, left := 0, 0
		for _, l := range v.Folded() {
			switch {
			case l.None() && v.Options.Only != atlas.Blocked:
			case rows == mostNotices && !v.All:
				left++
			default:
				rows++
				fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(w.AllOf(l.From, v.Rows, 6)), cell(w.AllOf(l.To, v.Columns, 6)), cell(w.Ports(&l)))
			}
		}
		fmt.Fprintf(&b, "\n%s\n", cell(lang.t(phraseMapLegend)))
		if left > 0 {
			fmt.Fprintf(&b, "\n%s\n", cell(lang.t(phraseMapRest, left)))
		}
	}
	if len(v.Services) > 0 {
		fmt.Fprintf(&b, "\n| %s | %s | %s | %s |\n| --- | --- | --- | --- |\n", lang.t(phraseMapService), lang.t(phraseMapOutside), lang.t(phraseMapNodes), lang.t(phraseMapPods))
		for i := range v.Services {
			if i == mostNotices && !v.All {
				fmt.Fprintf(&b, "\n%s\n", cell(lang.t(phraseMapRest, len(v.Services)-i)))
				break
			}
			s := &v.Services[i]
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(s.Title), cell(p.sum(&s.Outside, true)), cell(p.sum(&s.Nodes, false)), cell(p.sum(&s.Pods, false)))
		}
	}
	fmt.Fprintf(&b, "\n*%s*:\n", lang.t(phraseAssumed))
	for _, r := range v.Assumptions {
		fmt.Fprintf(&b, "- %s\n", cell(lang.Say(r)))
	}
	_, err := io.WriteString(out, b.String())
	return err
}
