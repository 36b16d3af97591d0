//go:build linux

package lab

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const threadNet = "/proc/thread-self/ns/net"

// newNamespace makes an empty network namespace. The file is all that holds it.
func newNamespace() (*os.File, error) {
	var ns *os.File
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		var err error
		ns, err = os.Open(threadNet)
		return err
	})
	return ns, err
}

// within runs f on a thread inside a namespace, and waits for it.
func within(ns *os.File, f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("setns: %w", err)
		}
		return f()
	})
}

// onThread runs f on a thread of its own, which may change its namespace. The
// thread is used again only if it found its way home.
func onThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := f()
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// sameNamespace reports whether the thread is in a namespace.
func sameNamespace(ns *os.File) (bool, error) {
	var here, there unix.Stat_t
	if err := unix.Stat(threadNet, &here); err != nil {
		return false, err
	}
	if err := unix.Fstat(int(ns.Fd()), &there); err != nil {
		return false, err
	}
	return here.Dev == there.Dev && here.Ino == there.Ino, nil
}
