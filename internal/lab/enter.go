//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// marker is set for the inner process: the network namespace of the outer one,
// its process id and its user's id.
const marker = "PORTOLAN_LAB"

// home is the network namespace of the inner process, which holds nothing; nil
// outside.
var home *os.File

// outer is the outer process as it sees itself; in the outer one, this process.
var outer = struct{ pid, uid int }{os.Getpid(), os.Getuid()}

// Enter runs the program in namespaces of its own: it starts itself again there,
// with the same arguments, and waits. In the outer process done is true when the
// inner one has ended, with its exit code; in the inner one done is false and the
// program goes on.
//
//	done, code, err := lab.Enter()
//	if err != nil { ... }          // one line: what forbids it, and what to do
//	if done { os.Exit(code) }
//
// With the rights of root no user namespace is made; otherwise the user is root
// in one. Signals are passed on. The inner process does not outlive the outer
// one, and nothing that it starts outlives it.
func Enter() (done bool, code int, err error) {
	if home != nil {
		return false, 0, nil
	}
	if mark := os.Getenv(marker); mark != "" {
		return false, 0, arrive(mark)
	}
	code, err = begin()
	return err == nil, code, err
}

// Inside reports whether this is the inner process.
func Inside() bool { return home != nil }

// begin is the outer process.
func begin() (int, error) {
	// The inner process dies with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	netns, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return 0, fmt.Errorf("lab: %w: is /proc mounted?", err)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded()...)
	defer signal.Stop(signals)
	cmd, err := start(netns)
	if err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go forward(signals, cmd.Process.Pid, ended)
	err = cmd.Wait()
	close(ended)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("lab: %w", err)
	}
	return exitCode(cmd.ProcessState), nil
}

// exitCode is as shells have it: 128 and the number of the signal that ended the
// process.
func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}

// start starts the inner process, as root without a user namespace.
func start(netns string) (*exec.Cmd, error) {
	if privileged() && os.Getenv(as) != asUser {
		cmd := again(netns)
		if err := cmd.Start(); err == nil {
			return cmd, nil
		}
	}
	cmd := again(netns)
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = mapping(os.Getuid())
	cmd.SysProcAttr.GidMappings = mapping(os.Getgid())
	if err := cmd.Start(); err != nil {
		return nil, forbidden(err)
	}
	return cmd, nil
}

func again(netns string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = os.Args
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", marker, netns, os.Getpid(), os.Getuid()))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID,
		Pdeathsig:  unix.SIGKILL,
	}
	return cmd
}

// forwarded are the signals that are passed on, but for those that the outer
// process was started to ignore, as nohup does.
func forwarded() []os.Signal {
	var all []os.Signal
	for _, s := range []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGTSTP} {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}

// forward passes signals on until the inner process has ended. A terminal sends
// its signals to the whole foreground group, so the inner process has the
// interrupt already; being the first of its pid namespace it does not stop by
// itself, so it is stopped.
func forward(signals <-chan os.Signal, pid int, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case s := <-signals:
			switch {
			case s == unix.SIGTSTP:
				_ = unix.Kill(pid, unix.SIGSTOP)
				_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
				_ = unix.Kill(pid, unix.SIGCONT)
			case s == unix.SIGINT && foreground():
			default:
				if number, ok := s.(unix.Signal); ok {
					_ = unix.Kill(pid, number)
				}
			}
		}
	}
}

// foreground reports whether this process's group is the foreground group of its
// terminal.
func foreground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close() //nolint:errcheck // nothing was written
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// arrive is the inner process: it makes sure of where it is.
func arrive(mark string) error {
	_ = os.Unsetenv(marker) // nothing that is started from here is an inner process
	var outside string
	var pid, uid int
	if _, err := fmt.Sscanf(mark, "%s %d %d", &outside, &pid, &uid); err != nil {
		return fmt.Errorf("lab: %s is set to %q, which is not ours: unset it", marker, mark)
	}
	inside, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if inside == outside {
		return fmt.Errorf("lab: %s is set, but this is the network namespace of the outer process: unset it", marker)
	}
	links, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	for _, l := range links {
		if l.Flags&net.FlagUp != 0 {
			return fmt.Errorf("lab: %s is set, but this network namespace is in use (%s is up): unset it", marker, l.Name)
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return forbidden(fmt.Errorf("mount: %w", err))
	}
	// Processes go by the numbers of the new pid namespace. In a container, which
	// hides parts of /proc, this may be forbidden; then the old one has to do.
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	ns, err := os.Open("/proc/self/ns/net")
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := setUp("lo"); err != nil {
		return forbidden(fmt.Errorf("lo: %w", err))
	}
	home, outer.pid, outer.uid = ns, pid, uid
	return nil
}

// guard is the condition of everything that builds: this process was started by
// Enter, and the thread is in the namespace that Enter made, not in some other.
func guard() error {
	if home == nil {
		return errors.New("lab: not in namespaces of its own: Enter comes first")
	}
	here, err := sameNamespace(home)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if !here {
		return errors.New("lab: not in the network namespace that Enter made")
	}
	return nil
}
