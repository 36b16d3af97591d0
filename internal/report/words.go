package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/portolan-net/portolan/flow"
)

// Lang is a language of the product.
type Lang string

// The languages. The zero value counts as English.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// Say puts a Reason into words. A code without a sentence is a bug that a test
// finds; it is printed bare rather than hidden.
func (l Lang) Say(r flow.Reason) string {
	words := catalogues[l]
	if words == nil {
		words = english
	}
	sentence, ok := words[r.Code]
	if !ok {
		return Clean(r.String())
	}
	args := make([]any, max(len(r.Args), strings.Count(sentence, "%[")))
	for i := range args {
		args[i] = "?"
		if i < len(r.Args) && r.Args[i] != "" {
			args[i] = l.word(r.Args[i])
		}
	}
	s := fmt.Sprintf(sentence, args...)
	// A sentence need not use every argument.
	if i := strings.Index(s, "%!(EXTRA"); i >= 0 {
		s = s[:i]
	}
	return Clean(s)
}

// word translates an argument that is not a name: "@" and a code, perhaps with
// a name behind it. No name of Kubernetes begins with that sign.
func (l Lang) word(arg string) string {
	if !strings.HasPrefix(arg, "@") {
		return arg
	}
	code, rest, more := strings.Cut(arg[1:], " ")
	s := l.Say(flow.Because(flow.Code(code), rest))
	if more && !strings.Contains(s, rest) {
		s += " " + rest
	}
	return s
}

// t is Say for the report's own phrases.
func (l Lang) t(code flow.Code, args ...any) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = fmt.Sprint(a)
	}
	return l.Say(flow.Because(code, texts...))
}

// Say is the English sentence, which JSON carries whatever the language.
func Say(r flow.Reason) string { return English.Say(r) }

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
