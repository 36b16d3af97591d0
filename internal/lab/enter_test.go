//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/cluster"
)

// role makes the test binary play a part in a test instead of running tests.
const role = "LAB_TEST_ROLE"

// roles are the parts. They begin outside, before Enter.
var roles = map[string]func() int{
	"lab": func() int { // enters, builds a lab and says where it is, until its input ends
		return entered(func() int {
			l, err := small()
			if err != nil {
				return fail(err)
			}
			name, err := l.Keep()
			if err != nil {
				return fail(err)
			}
			fmt.Println("up", name)
			_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
			if err := l.Close(); err != nil {
				return fail(err)
			}
			return 6
		})
	},
	"signal": func() int { // enters and waits for a signal
		return entered(func() int {
			c := make(chan os.Signal, 1)
			signal.Notify(c)
			fmt.Println("up")
			fmt.Println((<-c).String())
			return 0
		})
	},
	"die": func() int {
		return entered(func() int { return fail(unix.Exec("/bin/sh", []string{"sh", "-c", "kill -TERM $$; exit 9"}, nil)) })
	},
	"limit": func() int { // forbids user namespaces below this one, and enters without any capability
		if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
			return fail(err)
		}
		if err := os.Setenv(role, "lab"); err != nil {
			return fail(err)
		}
		runtime.LockOSThread() // capabilities are the thread's
		for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
				return fail(err)
			}
		}
		return fail(unix.Exec("/proc/self/exe", os.Args, os.Environ()))
	},
	"forged": func() int { // pretends to be inside
		if err := os.Setenv(marker, "net:[1] 1 0"); err != nil {
			return fail(err)
		}
		return entered(func() int { return 0 })
	},
	"outside": func() int { // does not enter at all
		if _, err := small(); err != nil {
			return fail(err)
		}
		return 0
	},
}

func entered(inside func() int) int {
	done, code, err := Enter()
	switch {
	case err != nil:
		return fail(err)
	case done:
		return code
	}
	return inside()
}

func fail(err error) int {
	fmt.Println(err)
	return 1
}

// mark gives all processes that are started from now on a token.
func mark(t *testing.T) string {
	t.Helper()
	token := fmt.Sprintf("LAB_TEST_TOKEN=%s-%d-%d", t.Name(), os.Getpid(), time.Now().UnixNano())
	name, value, _ := strings.Cut(token, "=")
	t.Setenv(name, value)
	return token
}

// play starts the test binary in a role.
func play(t *testing.T, name string, attr *syscall.SysProcAttr) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^$")
	cmd.Env = append(os.Environ(), role+"="+name)
	cmd.SysProcAttr = attr
	return cmd
}

// started plays a role until it says that it is up.
func started(t *testing.T, name string) (cmd *exec.Cmd, says *bufio.Reader, input interface{ Close() error }, word string) {
	t.Helper()
	cmd = play(t, name, nil)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	says = bufio.NewReader(out)
	line, err := says.ReadString('\n')
	word, ok := strings.CutPrefix(strings.TrimSpace(line), "up")
	if err != nil || !ok {
		t.Fatalf("%s said %q: %v", name, line, err)
	}
	return cmd, says, in, strings.TrimSpace(word)
}

func TestNothingIsLeft(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	token := mark(t)
	before := traces(t)
	cmd, _, input, _ := started(t, "lab")
	if n := processes(t, token); n != 2 {
		t.Errorf("%d processes, want an outer and an inner one", n)
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); exitCode(cmd.ProcessState) != 6 {
		t.Errorf("exit %v", err)
	}
	if n := processes(t, token); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	if after := traces(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestKilled: the inner process ends with the outer one, however that ends, and
// with it everything but a socket, which the next one removes.
func TestKilled(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	token := mark(t)
	before := traces(t)
	cmd, _, _, name := started(t, "lab")
	if got := Running(); !slices.Equal(got, []string{name}) {
		t.Fatalf("running: %v, want %s", got, name)
	}
	var shells sync.WaitGroup
	shells.Go(func() {
		_, _ = enterMachine(name, "node/n1", []string{"sleep", "1000"}, [3]*os.File{os.Stdin, os.Stdout, os.Stderr})
	})
	eventually(t, "the command to start", func() bool { return processes(t, token) == 3 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	shells.Wait()
	eventually(t, "the end of all processes", func() bool { return processes(t, token) == 0 })
	if got := Running(); got != nil {
		t.Errorf("running: %v", got)
	}
	if after := traces(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestSignals(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGUSR1} {
		if signal.Ignored(s) { // as nohup does, and a shell in the background
			t.Logf("%v is ignored by whoever started the test, and by all it starts", s)
			continue
		}
		cmd, says, _, _ := started(t, "signal")
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		line, err := says.ReadString('\n')
		if strings.TrimSpace(line) != s.String() || err != nil {
			t.Errorf("%v arrives as %q, %v", s, line, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestExitCode(t *testing.T) {
	cmd := play(t, "die", nil)
	out, _ := cmd.CombinedOutput()
	// The first process of a pid namespace is not ended by its own signals.
	if got := exitCode(cmd.ProcessState); got != 9 {
		t.Errorf("exit %d, %s", got, out)
	}
}

// TestForbidden: one line says what forbids user namespaces and what to do.
func TestForbidden(t *testing.T) {
	attr := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER, UidMappings: mapping(os.Getuid()), GidMappings: mapping(os.Getgid()),
	}
	cmd := play(t, "limit", attr)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	want := "lab: no namespaces for an ordinary user: user.max_user_namespaces is 0 (fork/exec /proc/self/exe: no space left on device): " +
		"run it as root, or sysctl -w user.max_user_namespaces=15000\n"
	if got := exitCode(cmd.ProcessState); got != 1 || string(out) != want {
		t.Errorf("exit %d\n%s\nwant\n%s", got, out, want)
	}
}

func TestForbiddenWords(t *testing.T) {
	for err, want := range map[error]string{
		unix.ENOSPC: "limit", unix.EINVAL: "kernel", unix.EPERM: "container", unix.EIO: "input/output error",
	} {
		text := forbidden(fmt.Errorf("fork/exec: %w", err)).Error()
		if !strings.Contains(text, want) || strings.Contains(text, "\n") || !errors.Is(forbidden(err), err) {
			t.Errorf("%v: %s", err, text)
		}
	}
}

// TestRefusals: nothing is built outside namespaces that Enter made.
func TestRefusals(t *testing.T) {
	for name, want := range map[string]string{
		"outside": "lab: not in namespaces of its own: Enter comes first\n",
		"forged":  "lab: PORTOLAN_LAB is set, but this network namespace is in use (lo is up): unset it\n",
	} {
		cmd := play(t, name, nil)
		out, _ := cmd.CombinedOutput()
		if string(out) != want || exitCode(cmd.ProcessState) != 1 {
			t.Errorf("%s: exit %d, %s", name, exitCode(cmd.ProcessState), out)
		}
	}
	other, err := newNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := within(other, guard); err == nil || err.Error() != "lab: not in the network namespace that Enter made" {
		t.Errorf("in another namespace: %v", err)
	}
}

func TestUnbuildable(t *testing.T) {
	ip := netip.MustParseAddr
	node := func(name string, addrs ...netip.Addr) cluster.Node {
		n := cluster.Node{InternalIPs: addrs, Ready: true}
		n.Name = name
		return n
	}
	pod := func(name, node string, addrs ...netip.Addr) cluster.Pod {
		p := cluster.Pod{Node: node, IPs: addrs}
		p.Namespace, p.Name = "app", name
		return p
	}
	client := func(name string, addrs ...netip.Addr) cluster.Client {
		return cluster.Client{Name: name, Addresses: addrs}
	}
	for _, c := range []struct {
		name string
		s    cluster.Snapshot
		want string
	}{
		{"no node", cluster.Snapshot{}, "there is no Node"},
		{"node without address", cluster.Snapshot{Nodes: []cluster.Node{node("n1")}}, "Node/n1 has no InternalIP"},
		{"two nodes", cluster.Snapshot{Nodes: []cluster.Node{node("n1", ip("10.0.0.1")), node("n2", ip("10.0.0.1"))}}, "10.0.0.1 is an address of Node/n1 and of Node/n2"},
		{
			"two pods",
			cluster.Snapshot{Nodes: []cluster.Node{node("n1", ip("10.0.0.1"))}, Pods: []cluster.Pod{pod("a", "n1", ip("10.1.0.1")), pod("b", "n1", ip("10.1.0.1"))}},
			"10.1.0.1 is an address of Pod/app/a and of Pod/app/b",
		},
		{
			"pod and node",
			cluster.Snapshot{Nodes: []cluster.Node{node("n1", ip("10.0.0.1"))}, Pods: []cluster.Pod{pod("a", "n1", ip("10.0.0.1"))}},
			"10.0.0.1 is an address of Node/n1 and of Pod/app/a",
		},
		{
			"pod nowhere",
			cluster.Snapshot{Nodes: []cluster.Node{node("n1", ip("10.0.0.1"))}, Pods: []cluster.Pod{pod("a", "n2", ip("10.1.0.1"))}},
			"Pod/app/a is on no Node of the input",
		},
		{
			"client and node",
			cluster.Snapshot{Nodes: []cluster.Node{node("n1", ip("10.0.0.1"))}, Fabric: cluster.Fabric{Clients: []cluster.Client{client("c", ip("10.0.0.1"))}}},
			"10.0.0.1 is an address of Node/n1 and of client c",
		},
		{
			"tunnel between families",
			cluster.Snapshot{
				Nodes:  []cluster.Node{node("n1", ip("10.0.0.1")), node("n2", ip("fd00::2"))},
				Fabric: cluster.Fabric{Dataplane: cluster.Dataplane{PodNetwork: cluster.PodNetworkVXLAN}},
			},
			"Node/n1 shares no family of addresses with the other nodes, so no tunnel leads there",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Up(t.Context(), compile(t, &c.s), Options{})
			if wrong := (*Unbuildable)(nil); !errors.As(err, &wrong) || !slices.Contains(wrong.Why, c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// traces are what a lab could leave behind: network namespaces with a name,
// devices, mounts, and files in the folders for sockets.
func traces(t *testing.T) string {
	t.Helper()
	var s bytes.Buffer
	for _, pattern := range []string{"/run/netns/*", "/var/run/netns/*", "/sys/class/net/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&s, files)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	s.Write(mounts)
	for _, dir := range folders() {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				fmt.Fprintln(&s, path)
			}
			return nil
		})
	}
	return s.String()
}

// processes are those with the token in their environment, wherever they are.
func processes(t *testing.T, token string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		// Some have ended by now, and some are not ours to read.
		if text, err := os.ReadFile(f); err == nil && bytes.Contains(text, []byte(token)) {
			n++
		}
	}
	return n
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("waited in vain for %s", what)
}
