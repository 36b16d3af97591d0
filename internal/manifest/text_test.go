package manifest

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// UTF-16 of either order is read in blocks, and a character may lie across two.
func TestPlainText(t *testing.T) {
	for _, shift := range []int{0, 1} {
		text := strings.Repeat("x", shift) + strings.Repeat("a😀ä", 20_000)
		for _, low := range []int{0, 1} {
			var data []byte
			for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
				two := [2]byte{}
				two[low], two[1-low] = byte(u), byte(u>>8)
				data = append(data, two[:]...)
			}
			got, err := io.ReadAll(plainText(iotest.HalfReader(bytes.NewReader(append(data, 0)))))
			if err != nil || string(got) != text {
				t.Errorf("low byte %d, shift %d: %d bytes, want %d, error %v", low, shift, len(got), len(text), err)
			}
		}
	}
	got, err := io.ReadAll(plainText(strings.NewReader("\xFF\xFE\x00\xD8a\x00")))
	if err != nil || string(got) != "\uFFFDa" {
		t.Errorf("half a character: %q, error %v", got, err)
	}
	if _, err := io.ReadAll(plainText(iotest.ErrReader(errors.ErrUnsupported))); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// A stream ends where its limits are, or where the reading fails.
func TestStreamEnds(t *testing.T) {
	item := `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}`
	many := func(head, item, tail string) string {
		return head + strings.TrimSuffix(strings.Repeat(item+",\n", 100), ",\n") + tail
	}
	list := many(`{"kind": "List", "items": [`, item, "]}")
	held := many(`{"items": [`, `{"metadata": {"name": "a"}}`, `], "kind": "NamespaceList", "apiVersion": "v1"}`)
	inYAML := "items:\n" + strings.Repeat("- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n", 100) + "kind: List\n"
	broken := func(text string) io.Reader {
		return io.MultiReader(strings.NewReader(text[:len(text)/2]), iotest.ErrReader(errors.ErrUnsupported))
	}
	for _, c := range []struct {
		name string
		text io.Reader
		lim  Limits
		want string
	}{
		{"JSON", strings.NewReader(list), Limits{}, ""},
		{"JSON bytes", strings.NewReader(list), Limits{Bytes: int64(len(list)) - 1}, "in: the input is larger than " + strconv.Itoa(len(list)-1) + " bytes"},
		{"JSON objects", strings.NewReader(list), Limits{Objects: 50}, "in:51: more than 50 objects"},
		{"JSON broken", broken(list), Limits{}, "in: " + errors.ErrUnsupported.Error()},
		{"JSON held", strings.NewReader(held), Limits{}, "in:30: more than 800 bytes of items before the list says what they are"},
		{"JSON value", strings.NewReader(`{"kind": "List", "items": ["` + strings.Repeat("x", 2000) + `"]}`), Limits{}, "in:1: one value of more than 800 bytes"},
		{"YAML", strings.NewReader(inYAML), Limits{}, ""},
		{"YAML bytes", strings.NewReader(inYAML), Limits{Bytes: int64(len(inYAML)) - 1}, "in: the input is larger than " + strconv.Itoa(len(inYAML)-1) + " bytes"},
		{"YAML objects", strings.NewReader(inYAML), Limits{Objects: 50}, "in:152: more than 50 objects"},
		{"YAML broken", broken(inYAML), Limits{}, "in: " + errors.ErrUnsupported.Error()},
	} {
		c.lim.Document, c.lim.window = 100, 50
		b := NewBuilder(Options{Limits: c.lim})
		err := b.addReader("in", c.text)
		if got := ""; err != nil {
			if got = err.Error(); got != c.want {
				t.Errorf("%s: got %s, want %s", c.name, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%s: no error, want %s", c.name, c.want)
		}
	}
}
