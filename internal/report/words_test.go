package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// codes reads the constants of package flow, so that none can be forgotten.
func codes(t *testing.T) map[string]flow.Code {
	t.Helper()
	files, err := filepath.Glob("../../flow/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("package flow: %v, %v", files, err)
	}
	own, err := filepath.Glob("phrases*.go")
	if err != nil || len(own) == 0 {
		t.Fatalf("phrases: %v, %v", own, err)
	}
	files = append(files, own...)
	all := map[string]flow.Code{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if !isCode(v.Type) {
				return true
			}
			lit, ok := v.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not a plain string", v.Names[0].Name)
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			all[v.Names[0].Name] = flow.Code(text)
			return true
		})
	}
	return all
}

// isCode: "Code" in package flow, "flow.Code" in this one.
func isCode(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name == "Code"
	case *ast.SelectorExpr:
		return x.Sel.Name == "Code"
	}
	return false
}

// Every code has a sentence in every language, no code is given twice, and no sentence is left
// without a code.
func TestEveryCodeHasWords(t *testing.T) {
	names := map[flow.Code]string{}
	for name, code := range codes(t) {
		if other, taken := names[code]; taken {
			t.Errorf("%s and %s are both %q", name, other, code)
		}
		names[code] = name
		for lang, words := range catalogues {
			if words[code] == "" {
				t.Errorf("%s (%q) has no sentence in %s", name, code, lang)
			}
		}
	}
	if len(names) < 100 {
		t.Errorf("found %d codes: is package flow still read?", len(names))
	}
	for lang, words := range catalogues {
		for code := range words {
			if names[code] == "" {
				t.Errorf("the sentence of %q in %s belongs to no code", code, lang)
			}
		}
	}
}

// No topic repeats a code of another.
func TestTopicsShareNothing(t *testing.T) {
	for _, topics := range [][]map[flow.Code]string{englishTopics, chineseTopics} {
		n := 0
		for _, words := range topics {
			n += len(words)
		}
		if all := join(topics); len(all) != n {
			t.Errorf("%d sentences, %d codes", n, len(all))
		}
	}
}

// everySentence yields the sentences of all languages.
func everySentence() iter.Seq2[flow.Code, string] {
	return func(yield func(flow.Code, string) bool) {
		for _, words := range catalogues {
			for code, s := range words {
				if !yield(code, s) {
					return
				}
			}
		}
	}
}

// A translation says as much as the original: it uses the same arguments.
func TestTranslationsUseTheSameArguments(t *testing.T) {
	for code, s := range english {
		for lang, words := range catalogues {
			want, got := arguments(s), arguments(words[code])
			if !slices.Equal(want, got) {
				t.Errorf("%s in %s uses %v, in English %v", code, lang, got, want)
			}
		}
	}
}

func arguments(s string) []string {
	found := verbs.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

var verbs = regexp.MustCompile(`%(\[\d\])?[^s%]?s?`)

// A sentence names its arguments by number, and only as strings.
func TestSentencesUseNumberedArguments(t *testing.T) {
	for code, s := range everySentence() {
		for _, v := range verbs.FindAllString(s, -1) {
			if !regexp.MustCompile(`^%\[[1-9]\]s$`).MatchString(v) {
				t.Errorf("%s: %q in %q", code, v, s)
			}
		}
		if strings.HasSuffix(s, ".") || s != strings.TrimSpace(s) {
			t.Errorf("%s: %q ends or begins as a sentence here does not", code, s)
		}
	}
}

func TestSay(t *testing.T) {
	tests := []struct {
		name string
		in   flow.Reason
		want string
	}{
		{"plain", flow.Because(flow.CodeRoutedToOwner, "n1"), "next hop n1, which owns the address"},
		{"missing argument", flow.Because(flow.CodeRoutedToOwner), "next hop ?, which owns the address"},
		{"unused arguments", flow.Because(flow.CodeReplyReturns, "x", "y"), "the reply goes straight back"},
		{"hostile name", flow.Because(flow.CodeRoutedToOwner, "n\x1b[31m1\u202e\n"), "next hop n[31m1 , which owns the address"},
		{"no such code", flow.Because("made-up", "a", "b"), "made-up: a, b"},
	}
	for _, tt := range tests {
		if got := Say(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestWrapAndWidth(t *testing.T) {
	if n := width("节点 n1"); n != 7 {
		t.Errorf("width of two wide characters and three narrow: %d, want 7", n)
	}
	if n := width("\x1b[31mred\x1b[0m"); n != 3 {
		t.Errorf("width of a coloured word: %d, want 3", n)
	}
	got := wrap("one two three four", 9)
	want := []string{"one two", "three", "four"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("wrap: %q, want %q", got, want)
	}
	// Chinese breaks between characters, not before a closing mark.
	for _, tt := range []struct {
		room int
		in   string
		want string
	}{
		{10, "节点上的进程 kubelet", "节点上的进|程 kubelet"},
		{10, "允许以下的，来源", "允许以下|的，来源"},
		{12, "一个 Pod 的（标签）", "一个 Pod 的|（标签）"},
		{9, "这些“标签”都有", "这些“标|签”都有"},
	} {
		if got := strings.Join(wrap(tt.in, tt.room), "|"); got != tt.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.in, tt.room, got, tt.want)
		}
	}
	if got := wrap("a-word-longer-than-the-room x", 5); len(got) != 2 {
		t.Errorf("a long word stands alone: %q", got)
	}
}

// A command without a line of help in some language, or one that nobody has.
func TestHelpInEveryLanguage(t *testing.T) {
	for lang := range catalogues {
		for _, command := range []string{"portolan", "trace", "explain", "fix", "describe", "prove", "assert", "lint", "version"} {
			if lang.Help(command) == "" {
				t.Errorf("%s has no help in %s", command, lang)
			}
		}
		if lang.Help("made-up") != "" {
			t.Errorf("help for a command that is none, in %s", lang)
		}
	}
}
