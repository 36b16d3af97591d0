package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/check"
)

// mostNotices bounds a table of Markdown: a step summary holds 1 MiB.
const mostNotices = 500

// Markdown writes the Gate as a page: a table of notices, then what each code
// means. It is for step summaries and comments.
func Markdown(w io.Writer, g *Gate) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### portolan %s\n\n%s\n\n", g.Command, cell(g.Summary))
	rows, left := 0, 0
	used := map[string]bool{}
	for i := range g.Notices {
		n := &g.Notices[i]
		if n.Suppressed {
			continue
		}
		if rows == mostNotices {
			left++
			continue
		}
		if rows == 0 {
			fmt.Fprintf(&b, "| | %s | %s | %s |\n| --- | --- | --- | --- |\n", g.Lang.t(phraseGateCode), g.Lang.t(phraseGateFinding), g.Lang.t(phraseGateWhere))
		}
		rows++
		used[n.Rule] = true
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", severityWord(g.Lang, n.Severity), n.Rule, cell(n.text(g.Lang)), place(n))
	}
	switch {
	case rows == 0:
		fmt.Fprintf(&b, "%s\n", g.Lang.t(phraseGateClean))
	case left > 0:
		fmt.Fprintf(&b, "\n%s\n", g.Lang.t(phraseMore, "...", left))
	}
	for _, r := range g.Rules {
		if used[r.ID] {
			fmt.Fprintf(&b, "\n[`%s`](%s): %s. *%s*: %s. *%s*: %s.\n", r.ID, r.URL, cell(r.Help.What),
				g.Lang.t(phraseLintWhy), cell(r.Help.Why), g.Lang.t(phraseLintDo), cell(r.Help.Do))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func severityWord(l Lang, s check.Severity) string { return l.word("@" + s.String()) }

func place(n *Notice) string {
	at := n.Position.String()
	if at == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(Clean(at), "`", "'") + "`"
}

// cell keeps text from ending a table's cell, and from being markup.
func cell(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "`", "\\`", "[", "\\[", "]", "\\]", "@", "&#64;").Replace(Clean(s))
}
