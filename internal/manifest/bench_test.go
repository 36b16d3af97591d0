package manifest

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// bigDump is the test cluster's List, copies times over under other names.
func bigDump(b *testing.B, copies int) []byte {
	b.Helper()
	text, err := os.ReadFile(dump)
	if err != nil {
		b.Fatal(err)
	}
	items := text[bytes.Index(text, []byte("items:\n"))+7 : bytes.LastIndex(text, []byte("\nkind: List"))+1]
	name := regexp.MustCompile(`(?m)^(    name: .*)$`)
	out := []byte("apiVersion: v1\nitems:\n")
	for i := range copies {
		suffix := []byte("${1}-x")
		for ; i > 0; i /= 26 {
			suffix = append(suffix, byte('a'+i%26))
		}
		out = append(out, name.ReplaceAll(items, suffix)...)
	}
	return append(out, "kind: List\n"...)
}

func BenchmarkYAML(b *testing.B) {
	data := bigDump(b, 400)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		in, err := Parse("big.yaml", data, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if in.Objects != 400*30 {
			b.Fatalf("%d objects", in.Objects)
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	data := asJSON(b, bigDump(b, 100))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("big.json", data, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
