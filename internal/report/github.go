package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/check"
)

// GitHub writes the Gate as workflow commands, which the runner turns into
// annotations of the lines.
func GitHub(w io.Writer, g *Gate) error {
	for i := range g.Notices {
		n := &g.Notices[i]
		if n.Suppressed {
			continue
		}
		props := []string{"title=" + property(n.Rule)}
		if isFile(n.Position) {
			props = append(props, "file="+property(n.Position.File))
			if n.Position.Line > 0 {
				props = append(props, fmt.Sprintf("line=%d", n.Position.Line))
			}
		}
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", command(n.Severity), strings.Join(props, ","), message(n.text(g.Lang))); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, message(g.Summary))
	return err
}

// text is the message with what it is about in front, where it does not say so
// itself.
func (n *Notice) text(l Lang) string {
	where := n.Object
	if n.Field != "" && !strings.Contains(n.Message, n.Field) {
		where += " " + n.Field
	}
	if strings.HasPrefix(n.Object, "File/") || where == n.Object && strings.HasPrefix(n.Message, n.Object) {
		return n.Message
	}
	return where + l.colonSpace() + n.Message
}

func command(s check.Severity) string {
	switch s {
	case check.Error:
		return "error"
	case check.Warning:
		return "warning"
	case check.Info, check.Nothing:
	}
	return "notice"
}

// message escapes what the runner would take for the end of a command.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes what ends a property, too.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(Clean(s))
}
