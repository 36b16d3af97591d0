package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKeep: the network stays up until stdin ends, and a command runs inside one
// of its machines.
func TestKeep(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("LC_ALL", "C")
	cmd := exec.Command("portolan", "prove", "node/n1", "svc/test/http", "-f", "../../examples/shared-vip", "--keep")
	cmd.Env = append(os.Environ(), "HOME=/nonexistent")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stderr)
	for line := ""; !strings.Contains(line, "portolan prove --shell node/n1"); {
		if line, err = said.ReadString('\n'); err != nil {
			t.Fatalf("the network is not kept: %v: %s", err, line)
		}
	}
	text, code := inside(t, "node/n1", "--", "sh", "-c", "echo $PORTOLAN_MACHINE; cat /proc/net/fib_trie; exit 7")
	if code != 7 || !strings.Contains(text, "node/n1\n") || !strings.Contains(text, "10.0.0.11") {
		t.Errorf("exit %d: %s", code, text)
	}
	if text, code := inside(t, "node/n9", "--", "true"); code != exitInput || !strings.Contains(text, "there are node/n1, node/n2, node/n3") {
		t.Errorf("a machine that is none: exit %d: %s", code, text)
	}
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	rest, err := io.ReadAll(said)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		t.Errorf("%v: %s", err, rest)
	}
	if text, code := inside(t, "node/n1", "--", "true"); code != exitInput || !strings.Contains(text, "no lab is kept") {
		t.Errorf("when it has ended: exit %d: %s", code, text)
	}
}

func inside(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command("portolan", append([]string{"prove", "--shell"}, args...)...)
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}
