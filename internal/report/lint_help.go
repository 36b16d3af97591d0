package report

import "github.com/portolan-net/portolan/check"

// LintHelp is what there is to say of a code of lint, whatever the finding.
type LintHelp struct {
	What string // a headline
	Why  string // why it matters
	Do   string // what to do
}

var lintHelps = map[Lang]map[check.Code]LintHelp{English: englishLintHelp, Chinese: chineseLintHelp}

// LintHelp returns the help of a code; the zero value for a code without any.
func (l Lang) LintHelp(c check.Code) LintHelp {
	words := lintHelps[l]
	if words == nil {
		words = englishLintHelp
	}
	return words[c]
}

// colonSpace is a colon and what stands behind it in a line.
func (l Lang) colonSpace() string {
	if l == Chinese {
		return l.colon() // as wide as both
	}
	return l.colon() + " "
}
