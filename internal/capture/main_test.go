//go:build linux

package capture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inside names the environment variable of a test process in a namespace of its
// own.
const inside = "PORTOLAN_CAPTURE_INSIDE"

// refused is why there is no namespace, or "".
var refused string

// TestMain runs the tests again in user and network namespaces of their own.
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

// here is the namespace of the tests, with its loopback up.
type here struct{}

func (here) Do(f func() error) error { return f() }

// namespace brings the loopback up, or skips a test that needs one; in CI none
// is skipped.
func namespace(t testing.TB) Place {
	t.Helper()
	switch {
	case refused != "" && os.Getenv("CI") == "true":
		t.Fatal(refused)
	case refused != "":
		t.Skip(refused)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Fatal(err)
	}
	return here{}
}

// exchange sends datagrams of a size from one socket to another, over loopback,
// and receives each before the next.
func exchange(t testing.TB, n, size int) (from, to *net.UDPAddr) {
	t.Helper()
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	to, ok := server.LocalAddr().(*net.UDPAddr)
	if !ok {
		t.Fatal("no address")
	}
	client, err := net.DialUDP("udp", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if from, ok = client.LocalAddr().(*net.UDPAddr); !ok {
		t.Fatal("no address")
	}
	buf := make([]byte, size)
	for i := range n {
		text := fmt.Appendf(make([]byte, 0, size), "datagram %06d", i)[:size]
		if _, err := client.Write(text); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	return from, to
}
