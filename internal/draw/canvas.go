package draw

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/internal/report"
)

// canvas is a picture in the making, in units of SVG, from its upper left corner.
type canvas struct {
	strings.Builder
	wide, tall float64
}

// escape makes text safe inside XML and HTML, as text or in quotes.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(report.Clean(s))) // a Builder takes everything
	return b.String()
}

// num prints a length without needless digits.
func num(f float64) string { return strconv.FormatFloat(float64(int(f*10+0.5))/10, 'f', -1, 64) }

// columns is how many half-em columns text takes: two for wide characters.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xffe6) {
			n++
		}
	}
	return n
}

// advance is the width of a column of text one unit high, rounded up.
const advance = 0.62

func textWidth(s string, size float64) float64 { return float64(columns(s)) * advance * size }

// fit shortens text to a width, in the middle, where names are alike the least.
func fit(s string, size, room float64) string {
	s = report.Clean(s)
	if textWidth(s, size) <= room {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 2; n-- {
		head := n / 2
		if short := string(runes[:head]) + "…" + string(runes[len(runes)-(n-head):]); textWidth(short, size) <= room {
			return short
		}
	}
	return "…"
}

// text writes words with their left (or, anchored, other) end at x, on the line y.
func (c *canvas) text(x, y, size float64, class, words string, more ...string) {
	fmt.Fprintf(c, `<text class="%s" x="%s" y="%s" font-size="%s"%s>%s</text>`+"\n", class, num(x), num(y), num(size), strings.Join(more, ""), escape(words))
}

func attr(name, value string) string { return " " + name + `="` + escape(value) + `"` }

// legend explains the shades, one under the other.
func (c *canvas) legend(x, y, scale float64, words report.MapWords) {
	fmt.Fprintf(c, `<g transform="translate(%s %s) scale(%s)">`+"\n", num(x), num(y), num(scale))
	defer fmt.Fprint(c, "</g>\n")
	x, y = 0, 0
	for i, l := range levels {
		top := y + float64(i)*20
		fmt.Fprintf(c, `<rect class="none" x="%s" y="%s" width="14" height="14"/>`+"\n", num(x), num(top))
		if l != atlas.LevelNone {
			fmt.Fprintf(c, `<rect class="%s" x="%s" y="%s" width="14" height="14"/>`+"\n", l, num(x), num(top))
		}
		c.text(x+22, top+11.5, 12, "label", words.Level(l))
	}
	top := y + float64(len(levels))*20
	fmt.Fprintf(c, `<rect class="none" x="%s" y="%s" width="14" height="14"/><rect class="na" x="%s" y="%s" width="4" height="4"/>`+"\n", num(x), num(top), num(x+5), num(top+5))
	c.text(x+22, top+11.5, 12, "label", words.NotAsked())
}

// legendTall is the height of the legend.
const legendTall = 5 * 20.0

var levels = []atlas.Level{atlas.LevelAll, atlas.LevelPart, atlas.LevelUnsure, atlas.LevelNone}

// legendWidth is the room the longest line of the legend takes.
func legendWidth(words report.MapWords) float64 {
	w := 22 + textWidth(words.NotAsked(), 12)
	for _, l := range levels {
		w = max(w, 22+textWidth(words.Level(l), 12))
	}
	return w
}

// patterns tell the shades apart without colour.
const patterns = `<defs>
<pattern id="part" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="part-back" width="6" height="6"/><rect class="part-line" width="2.5" height="6"/></pattern>
<pattern id="unknown" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="unknown-back" width="5" height="5"/><circle class="unknown-dot" cx="2.5" cy="2.5" r="1.3"/></pattern>
</defs>
`

// pictureStyle is the style of a picture alone; the page has it, too.
const pictureStyle = `
text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,"WenQuanYi Micro Hei",monospace;fill:#1d2733}
.paper{fill:#ffffff}.head{font-weight:700}.faint{fill:#5b6875}
.none{fill:#eef1f4}.na{fill:#d5dbe1}.all{fill:#1f6f9f}.part{fill:url(#part)}.unknown{fill:url(#unknown)}
.part-back{fill:#fbe3b0}.part-line{fill:#c77700}.unknown-back{fill:#e7dcf2}.unknown-dot{fill:#6b3fa0}
.rule{stroke:#ffffff;stroke-width:1}.border{stroke:#5b6875;stroke-width:1}
.box{fill:#f6f8fa;stroke:#7a8896;stroke-width:1}.box.service{fill:#e8f3ea;stroke:#3d7a4a}.box.place{fill:#fdf0dc;stroke:#a8742a}
.badge{fill:#c77700}.joint{fill:#5b6875}
.e{fill:none;stroke-opacity:.6}.e.all{fill:none;stroke:#1f6f9f;stroke-width:1.3}.e.part{fill:none;stroke:#c77700;stroke-width:1.5;stroke-dasharray:7 4}
.e.unknown{fill:none;stroke:#6b3fa0;stroke-width:1.5;stroke-dasharray:1 3}.e.none{fill:none;stroke:#b3261e;stroke-width:1.5;stroke-dasharray:2 4}
.e.behind{stroke:#3d7a4a}.cross{fill:none;stroke:#b3261e;stroke-width:2}
@media (prefers-color-scheme:dark){
text{fill:#dbe3ea}.paper{fill:#11161b}.faint{fill:#93a1ae}.none{fill:#1e262d}.na{fill:#3a4550}.all{fill:#4aa8dd}
.part-back{fill:#4a3508}.part-line{fill:#f0a830}.unknown-back{fill:#33244a}.unknown-dot{fill:#c9a4f2}.rule{stroke:#11161b}.border{stroke:#93a1ae}
.box{fill:#1b2229;stroke:#7a8896}.box.service{fill:#17281b;stroke:#69b27a}.box.place{fill:#2e2410;stroke:#d9a24e}.badge{fill:#f0a830}.joint{fill:#93a1ae}
.e.all{stroke:#4aa8dd}.e.part{stroke:#f0a830}.e.unknown{stroke:#c9a4f2}.e.none{stroke:#ff8a80}.e.behind{stroke:#69b27a}.cross{stroke:#ff8a80}}
`
