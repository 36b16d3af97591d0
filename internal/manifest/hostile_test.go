package manifest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

// What is made to hurt is refused, and soon.
func TestHostile(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"alias bomb", bomb(), "YAML aliases stand for more than 10000 values"},
		{"alias to itself", "a: &a [*a]\n", "nested deeper than 100 levels"},
		{"YAML depth", strings.Repeat("[", 20000), "not valid YAML: exceeded max depth of 10000"},
		{"YAML depth closed", strings.Repeat("[", 200) + strings.Repeat("]", 200), "nested deeper than 100 levels"},
		{"JSON depth", `{"a":` + strings.Repeat("[", 2000000), "nested deeper than 100 levels"},
		{"keys", manyKeys(300000), "a mapping with 300000 keys; the limit is 100000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("in", []byte(c.text), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	text := ns("a") + "---\n" + ns("b")
	for _, c := range []struct {
		name string
		lim  Limits
		want string
	}{
		{"bytes", Limits{Bytes: 20}, "in: the input is larger than 20 bytes"},
		{"document", Limits{Document: 20}, "in:1: one document of 51 bytes; the limit is 20"},
		{"objects", Limits{Objects: 1}, "in:5: more than 1 objects"},
		{"depth", Limits{Depth: 1}, "in:3: nested deeper than 1 levels"},
		{"keys", Limits{Keys: 2}, "in:1: a mapping with 3 keys; the limit is 2"},
	} {
		_, err := Parse("in", []byte(text), Options{Limits: c.lim})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if c.name != "bytes" {
			continue
		}
		if _, err = Load([]string{"-"}, Options{Limits: c.lim, Stdin: strings.NewReader(text)}); err == nil || !strings.HasSuffix(err.Error(), "larger than 20 bytes") {
			t.Errorf("stdin: got %v", err)
		}
	}
}

// Nothing that could drive a terminal is repeated.
func TestControlCharacters(t *testing.T) {
	in := parse(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"a\\e]0;x\\ab\\u202e\", namespace: \"\\r\"}\n---\n"+ns("n"))
	if o := in.Snapshot.Ignored[0].Object; o.Name != "a]0;xb" || o.Namespace != "" {
		t.Errorf("%q", o)
	}
	_, err := Parse("\x1b[31m.yaml", []byte("apiVersion: v1\nkind: \"\\e[2J\"\n"), Options{})
	if err == nil || strings.ContainsRune(err.Error(), 0x1b) {
		t.Errorf("%q", err)
	}
}
