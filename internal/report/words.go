package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/portolan-net/portolan/flow"
)

// Say puts a Reason into words. A code without a sentence is a bug that a test
// finds; it is printed bare rather than hidden.
func Say(r flow.Reason) string {
	sentence, ok := english[r.Code]
	if !ok {
		return Clean(r.String())
	}
	args := make([]any, max(len(r.Args), strings.Count(sentence, "%[")))
	for i := range args {
		args[i] = "?"
		if i < len(r.Args) && r.Args[i] != "" {
			args[i] = r.Args[i]
		}
	}
	s := fmt.Sprintf(sentence, args...)
	// A sentence need not use every argument.
	if i := strings.Index(s, "%!(EXTRA"); i >= 0 {
		s = s[:i]
	}
	return Clean(s)
}

// Clean strips what a terminal would obey instead of print: control characters
// and the marks that reorder text. Names come from the input.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}
