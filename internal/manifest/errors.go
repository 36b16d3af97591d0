package manifest

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/portolan-net/portolan/flow"
)

// Error is an input that cannot be used: where it stands, what it is, why it
// was refused, and what to try next. Everything that Load and Parse return as
// an error is one.
type Error struct {
	Position flow.Position
	What     string // the object and the field, "" when the position says it all
	Why      string
	Hint     string // a next step, often a command; may be empty
	syntax   bool   // not even YAML or JSON
	noObject bool   // not an object at all: a list, a values file
}

// Error prints "FILE:LINE: what: why", without the hint.
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{e.Position.String(), e.What, e.Why} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

// maxQuote bounds what an error repeats of the input.
const maxQuote = 80

// quote prints a piece of the input in an error: in quotation marks, with
// control characters escaped, and never long.
func quote(s string) string {
	if len(s) > maxQuote {
		cut := maxQuote
		for cut > 0 && s[cut]&0xC0 == 0x80 {
			cut--
		}
		s = s[:cut] + "..."
	}
	return strconv.Quote(s)
}

// clean removes what could drive a terminal from a text of the input that is
// passed on although the API leaves it free: control and format characters.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

// hintDump is the command that prints everything Portolan can use.
const hintDump = "dump a cluster with: kubectl get nodes,namespaces,pods,services,endpointslices,networkpolicies -A -o yaml > cluster.yaml"

const hintTemplate = "this looks like a template that was not rendered: helm template CHART | portolan ... -f -"
