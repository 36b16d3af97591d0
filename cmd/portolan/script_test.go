package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "portolan" {
		// No test depends on the kubeconfig of the machine.
		_ = os.Setenv("KUBECONFIG", filepath.Join(os.TempDir(), "portolan-no-kubeconfig")) // the names are good
		_ = os.Unsetenv("KUBERNETES_SERVICE_HOST")
	}
	testscript.Main(m, map[string]func(){"portolan": main})
}

// TestScript runs the transcripts of every command. UPDATE=1 rewrites the
// expected output in them; what it writes is to be read before it is committed.
func TestScript(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"code": code, "settle": settle},
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("LC_ALL", "C")
			return os.CopyFS(filepath.Join(e.WorkDir, "examples"), os.DirFS(examples))
		},
	})
}

// code N COMMAND...: run the command and demand its exit code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		exit, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if want := args[0]; want != string(rune('0'+got)) {
		ts.Fatalf("exit code %d, expected %s", got, want)
	}
}

// settle FILE: write stdout there without what is another each time.
func settle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: settle file")
	}
	text := settled(ts.ReadFile("stdout"))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// fleeting is what is another each time, or on each machine: durations, the
// kernel, how often a random choice was tried, how large the rules are.
var fleeting = []struct {
	pattern *regexp.Regexp
	settled string
}{
	{regexp.MustCompile(`Linux [^ :：]+`), "Linux 6.x"},
	{regexp.MustCompile(`\d+ rules and \d+\s+rows`), "R rules and R rows"},
	{regexp.MustCompile(`\d+ 条规则、\d+ 行映射`), "R 条规则、R 行映射"},
	{regexp.MustCompile(`connections made: \d+, in [0-9.]+ s`), "connections made: N, in T s"},
	{regexp.MustCompile(`共 \d+ 次连接，用时 [0-9.]+ 秒`), "共 N 次连接，用时 T 秒"},
	{regexp.MustCompile(`\(\d+ packets\)`), "(N packets)"},
	{regexp.MustCompile(`（\d+ 个报文）`), "（N 个报文）"},
	{regexp.MustCompile(`: packets \d+`), ": packets N"},
	{regexp.MustCompile(`放行 \d+ 个报文`), "放行 N 个报文"},
	{regexp.MustCompile(`after \d+ rules; \d+ that`), "after N rules; N that"},
	{regexp.MustCompile(`共经过 \d+ 条规则，其中 \d+ 条`), "共经过 N 条规则，其中 N 条"},
	{regexp.MustCompile(`"(kernel|preparedSeconds|askedSeconds|connections|tries|packets|rules|rows)": ("[^"]*"|[0-9.]+)`), `"$1": "..."`},
}

// settled is a text without what is another each time.
func settled(text string) string {
	for _, f := range fleeting {
		text = f.pattern.ReplaceAllString(text, f.settled)
	}
	return text
}
