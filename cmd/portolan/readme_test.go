package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReadme runs every command that a README shows with its output ("$
// go run ./cmd/portolan ..." in a console block) and compares. UPDATE=1
// rewrites the blocks.
func TestReadme(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("NO_COLOR", "1")
	t.Setenv("LC_ALL", "C")
	for _, name := range []string{"README.md", "README.zh-CN.md", "docs/cli.md"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, shown := replay(t, string(data))
		if shown == 0 {
			t.Errorf("%s shows no command with its output", name)
		}
		if settled(got) == settled(string(data)) {
			continue
		}
		if os.Getenv("UPDATE") == "" {
			t.Errorf("%s shows other output than the commands print; make update rewrites it", name)
			continue
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const shownAs = "$ go run ./cmd/portolan "

// replay returns the text with every shown command's output as it is now.
func replay(t *testing.T, text string) (string, int) {
	t.Helper()
	const open, end = "```console\n", "\n```"
	var b strings.Builder
	n := 0
	for {
		before, rest, found := strings.Cut(text, open+shownAs)
		b.WriteString(before)
		if !found {
			return b.String(), n
		}
		line, rest, _ := strings.Cut(rest, "\n")
		_, after, closed := strings.Cut("\n"+rest, end)
		if !closed {
			t.Fatalf("the block of %q has no end", line)
		}
		out := show(t, line)
		b.WriteString(open + shownAs + line + "\n" + strings.TrimRight(out, "\n") + end)
		text = after
		n++
	}
}

// show runs a command line: prove as a process of its own, since it starts its
// program again.
func show(t *testing.T, line string) string {
	t.Helper()
	var out, errs bytes.Buffer
	args, code := strings.Fields(line), 0
	if args[0] == "prove" {
		cmd := exec.Command("portolan", args...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatalf("%s: %v", line, err)
		}
		code = cmd.ProcessState.ExitCode()
	} else {
		code = run(args, nil, &out, &errs)
	}
	if code == exitInput {
		t.Fatalf("%s: exit %d: %s", line, code, errs.String())
	}
	return out.String()
}
