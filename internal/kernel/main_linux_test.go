package kernel

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// stage tells a test process which namespaces it was started in.
const stage = "PORTOLAN_KERNEL_TEST"

// TestMain runs the tests in network namespaces of their own: as an ordinary
// user would, root of a user namespace only, and, if we are root, as root too.
func TestMain(m *testing.M) {
	fuzzing := slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.fuzz") && !strings.HasSuffix(a, "=") })
	if os.Getenv(stage) != "" || fuzzing { // the parsers need no kernel
		os.Exit(m.Run())
	}
	code := 0
	if os.Geteuid() == 0 {
		code = rerun("root", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET})
		// Once is enough for figures and profiles.
		os.Args = slices.DeleteFunc(os.Args, func(a string) bool {
			return strings.HasPrefix(a, "-test.bench=") || strings.Contains(a, "profile=")
		})
	}
	os.Exit(max(code, rerun("user", &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	})))
}

// rerun runs this program once more with its arguments.
func rerun(as string, attr *syscall.SysProcAttr) int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), stage+"="+as)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = attr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		fmt.Printf("the tests ran as %s: %v\n", as, err)
		return 1
	case err != nil:
		fmt.Printf("the tests need a user and network namespace: %v\nallow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or run as root\n", err)
		return 1
	}
	return 0
}

// inNamespace locks the test's thread and gives it a network namespace of its
// own, with lo up.
func inNamespace(t testing.TB) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	run(t, "ip", "link", "set", "lo", "up")
}

// open returns a handle on a namespace of the test's own.
func open(t testing.TB) *Handle {
	t.Helper()
	inNamespace(t)
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
