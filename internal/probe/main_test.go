//go:build linux

package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// inside names the environment variable of a test process in a namespace of its
// own.
const inside = "PORTOLAN_PROBE_INSIDE"

// refused is why there is no namespace, or "".
var refused string

// TestMain runs the tests again in user and network namespaces of their own,
// where rules and routes harm nobody.
func TestMain(m *testing.M) {
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	code, err := enter()
	if err == nil {
		os.Exit(code)
	}
	refused = fmt.Sprintf("no network namespace: %v", err)
	os.Exit(m.Run())
}

func enter() (int, error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	runtime.LockOSThread() // Pdeathsig is about the thread
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// namespace skips a test that needs one, but not in CI.
func namespace(t testing.TB) {
	t.Helper()
	switch {
	case refused != "" && os.Getenv("CI") == "true":
		t.Fatal(refused)
	case refused != "":
		t.Skip(refused)
	}
}

// netns is a network namespace of its own, kept by a descriptor.
type netns struct{ fd int }

// newNetns makes one with its loopback up.
func newNetns(t testing.TB) *netns {
	t.Helper()
	namespace(t)
	var n netns
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		var err error
		n.fd, err = unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(n.fd) })
	n.run(t, "ip link set lo up")
	return &n
}

// onThread runs f on a thread that ends with it.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends
		done <- f()
	}()
	return <-done
}

// Do is Place's.
func (n *netns) Do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// run runs commands, one a line, in the namespace; lines of ip together.
func (n *netns) run(t testing.TB, script string) {
	t.Helper()
	var ip strings.Builder
	flush := func() {
		if ip.Len() > 0 {
			n.command(t, ip.String(), "ip", "-batch", "-")
			ip.Reset()
		}
	}
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		switch {
		case line == "":
		case words[0] == "ip" && words[1] != "-6": // a batch has one family for routes
			ip.WriteString(strings.TrimPrefix(line, "ip ") + "\n")
		case words[0] == "nft":
			flush()
			n.command(t, strings.TrimPrefix(line, "nft ")+"\n", "nft", "-f", "-")
		default:
			flush()
			n.command(t, "", words...)
		}
	}
	flush()
}

func (n *netns) command(t testing.TB, stdin string, words ...string) {
	t.Helper()
	err := n.Do(func() error {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %s: %w: %s", words, stdin, err, out)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pair makes two namespaces with a veth between them: a has 10.0.0.1 and
// fd00::1, b has .2 and ::2.
func pair(t testing.TB) (a, b *netns) {
	t.Helper()
	a, b = newNetns(t), newNetns(t)
	a.run(t, fmt.Sprintf("ip link add v0 address 02:00:00:00:00:01 type veth peer name v0 address 02:00:00:00:00:02 netns /proc/%d/fd/%d", os.Getpid(), b.fd))
	for i, n := range []*netns{a, b} {
		n.run(t, fmt.Sprintf(`
			ip addr add 10.0.0.%[1]d/24 dev v0
			ip addr add fd00::%[1]d/64 dev v0 nodad
			ip link set v0 up
			ip neigh add 10.0.0.%[2]d lladdr 02:00:00:00:00:0%[2]d dev v0
			ip neigh add fd00::%[2]d lladdr 02:00:00:00:00:0%[2]d dev v0
			`, i+1, 2-i)) // the neighbours are told: a fresh veth loses solicitations for 2 s
	}
	carry(t, a, b)
	return a, b
}

// carry waits until the veth of a pair takes packets both ways: the kernel
// activates the device that was up first later, on a thread of its own, and
// drops what is sent before.
func carry(t testing.TB, a, b *netns) {
	t.Helper()
	s := serve(t)
	defer s.Close()
	s.mustListen(t, b, "b", Listener{flow.UDP, netip.AddrPortFrom(netip.Addr{}, 9)})
	var probes []Probe
	for _, to := range []string{"10.0.0.2:9", "[fd00::2]:9"} {
		probes = append(probes, Probe{Place: a, Protocol: flow.UDP, To: netip.MustParseAddrPort(to), Timeout: 5 * time.Millisecond})
	}
	start := time.Now()
	for {
		results := Run(t.Context(), probes, Options{Servers: s})
		switch {
		case results[0].Seen == flow.Connected && results[1].Seen == flow.Connected:
			return
		case time.Since(start) > 10*time.Second:
			t.Fatalf("the veth carries nothing: %+v", results)
		}
	}
}

// own waits until addresses are the namespace's: the kernel makes the route of an
// IPv6 address later, on a thread of its own, also without duplicate detection.
func (n *netns) own(t testing.TB, addresses ...string) {
	t.Helper()
	start := time.Now()
	for i := 0; i < len(addresses); {
		var out []byte
		err := n.Do(func() (err error) {
			out, err = exec.Command("ip", "route", "get", addresses[i]).CombinedOutput()
			return err
		})
		switch {
		case err == nil && strings.HasPrefix(string(out), "local "):
			i++
		case time.Since(start) > 10*time.Second:
			t.Fatalf("%s is not local: %s %v", addresses[i], out, err)
		}
	}
}
