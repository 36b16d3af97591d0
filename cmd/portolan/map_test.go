package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// The picture that the README shows is what map draws. UPDATE=1 draws it anew.
func TestMapPicture(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("LC_ALL", "C")
	const name = "docs/map.svg"
	var out, errs bytes.Buffer
	if code := run([]string{"map", "-f", "examples/shared-vip", "-o", "svg"}, nil, &out, &errs); code != exitAnswered {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, out.Bytes()) {
		t.Errorf("%s is another picture than map draws; make update draws it", name)
	}
}

// The values of flags that take one of some words are completed.
func TestWordCompletion(t *testing.T) {
	for flag, want := range map[string][]string{
		"map --by": foldWords, "map --ports": countingWords, "map --only": onlyWords, "map -o": mapFormats,
		"diff --fail-on": {"lost", "gained", "any", "none"}, "diff -o": gateFormats, "lint --fail-on": {"error", "warning", "info", "none"},
		"lint -o": gateFormats, "assert -o": gateFormats,
	} {
		var out, errs bytes.Buffer
		if code := run(append(append([]string{"__complete"}, strings.Fields(flag)...), ""), nil, &out, &errs); code != exitAnswered {
			t.Fatalf("%s: exit %d: %s", flag, code, errs.String())
		}
		got := strings.Fields(strings.SplitN(out.String(), ":", 2)[0])
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s completes to %q, want %q", flag, got, want)
		}
	}
}
