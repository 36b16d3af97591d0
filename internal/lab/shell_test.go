//go:build linux

package lab

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// keep gives a small lab a socket in a folder of the test's own.
func keep(t *testing.T) (*Lab, string) {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("SHELL", "")
	l := up(t, load(t, "../../examples/shared-vip"), Options{})
	name, err := l.Keep()
	if err != nil {
		t.Fatal(err)
	}
	return l, name
}

// run is Shell with streams of its own.
func run(t *testing.T, lab, machine, input string, command ...string) (output string, code int, err error) {
	t.Helper()
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(in, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	code, err = enterMachine(lab, machine, command, [3]*os.File{r, w, w})
	text, fail := os.ReadFile(out)
	if fail != nil {
		t.Fatal(fail)
	}
	return string(text), code, err
}

const addresses = "tail -n +1 /proc/net/fib_trie"

func TestShell(t *testing.T) {
	_, name := keep(t)
	if got := Running(); !slices.Equal(got, []string{name}) {
		t.Fatalf("running: %v, want %s", got, name)
	}
	for machine, addr := range map[string]string{"node/n1": "10.0.0.11", "pod/test/http-0": "10.244.1.10", "external/branch": "203.0.113.10"} {
		text, code, err := run(t, "", machine, "", "/bin/sh", "-c", addresses+"; echo $PORTOLAN_MACHINE; exit 7")
		if err != nil || code != 7 || !strings.Contains(text, addr) || !strings.Contains(text, machine) {
			t.Errorf("%s: exit %d, %v, output %q", machine, code, err, text)
		}
	}
	text, code, err := run(t, name, "node/n2", addresses+"\nexit 3\n")
	if err != nil || code != 3 || !strings.Contains(text, "10.0.0.12") {
		t.Errorf("a shell: exit %d, %v, output %q", code, err, text)
	}
	if _, code, err := run(t, name, "node/n2", "", "/bin/sh", "-c", "kill -9 $$"); err != nil || code != 137 {
		t.Errorf("killed: exit %d, %v", code, err)
	}
}

func TestShellErrors(t *testing.T) {
	l, name := keep(t)
	for _, c := range []struct{ lab, machine, command, want string }{
		{"", "node/n9", "true", `lab: no machine "node/n9": there are node/n1, node/n2, node/n3`},
		{"", "harbour", "true", `lab: no machine "harbour": there are node/n1, node/n2, node/n3`},
		{"1-2", "node/n1", "true", `lab: no lab "1-2": there are ` + name},
		{"", "node/n1", "/no/such", "/no/such: no such file or directory"},
	} {
		if _, _, err := run(t, c.lab, c.machine, "", c.command); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s %s: %v, want %s", c.lab, c.machine, c.command, err, c.want)
		}
	}
	second, err := l.Keep()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, "", "node/n1", "", "true"); err == nil || !strings.Contains(err.Error(), "several labs are kept") {
		t.Errorf("two labs: %v", err)
	}
	if _, code, err := run(t, second, "node/n1", "", "true"); code != 0 || err != nil {
		t.Errorf("the second lab: exit %d, %v", code, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, name, "node/n1", "", "true"); err == nil || !strings.Contains(err.Error(), "no lab is kept") {
		t.Errorf("after Close: %v", err)
	}
}

// TestStale: what a killed lab leaves is removed by whoever finds it, and only
// that.
func TestStale(t *testing.T) {
	_, name := keep(t)
	dir, err := ownFolder()
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "1.sock")
	l, err := net.ListenUnix(network, &net.UnixAddr{Name: left, Net: network})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := Running(); !slices.Equal(got, []string{name}) {
		t.Errorf("running: %v, want %s", got, name)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("the socket that was left behind: %v", err)
	}
}

// TestFolder: a folder that others can write to is not used.
func TestFolder(t *testing.T) {
	runtime, tmp := t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	t.Setenv("TMPDIR", tmp)
	if err := os.Mkdir(filepath.Join(runtime, "portolan"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(runtime, "portolan"), 0o777); err != nil {
		t.Fatal(err)
	}
	dir, err := ownFolder()
	if want := filepath.Join(tmp, "portolan-"+strconv.Itoa(outer.uid)); dir != want || err != nil {
		t.Errorf("folder %s, %v, want %s", dir, err, want)
	}
	if err := os.Symlink(tmp, filepath.Join(tmp, "link")); err != nil {
		t.Fatal(err)
	}
	if private(filepath.Join(tmp, "link")) == nil {
		t.Error("a link is taken for a folder")
	}
}

// TestTerminal: at a terminal the command gets one of its own, of the same size,
// and ctrl-C goes to it.
func TestTerminal(t *testing.T) {
	_, name := keep(t)
	user, tty := pty(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 99}); err != nil {
		t.Fatal(err)
	}
	before, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		code int
		err  error
	}
	done := make(chan result, 1)
	go func() {
		code, err := enterMachine(name, "node/n1", []string{"/bin/sh", "-c", "stty size; trap 'echo caught; exit 5' INT; echo ready; while :; do read x; done"}, [3]*os.File{tty, tty, tty})
		done <- result{code, err}
	}()
	var seen bytes.Buffer
	expect(t, user, &seen, "33 99")
	expect(t, user, &seen, "ready")
	if _, err := user.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	expect(t, user, &seen, "caught")
	if r := <-done; r.code != 5 || r.err != nil {
		t.Errorf("exit %d, %v, output %q", r.code, r.err, seen.String())
	}
	after, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil || after.Lflag != before.Lflag || after.Oflag != before.Oflag {
		t.Errorf("the terminal is not as it was: %+v, %v", after, err)
	}
}

// pty is a terminal and whoever sits at it.
func pty(t *testing.T) (user, tty *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	user = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { _ = user.Close() })
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return user, tty
}

func expect(t *testing.T, from *os.File, seen *bytes.Buffer, want string) {
	t.Helper()
	if err := from.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(seen.String(), want) {
		if _, err := io.CopyN(seen, from, 1); err != nil {
			t.Fatalf("waiting for %q after %q: %v", want, seen, err)
		}
	}
}
