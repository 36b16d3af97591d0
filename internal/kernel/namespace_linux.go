package kernel

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace.
type namespace struct {
	file *os.File
	id   unix.Stat_t
}

// here is the calling thread's.
const here = "/proc/thread-self/ns/net"

// currentNamespace is that of the calling thread.
func currentNamespace() (*namespace, error) {
	file, err := os.Open(here)
	if err != nil {
		return nil, fmt.Errorf("open the network namespace: %w", err)
	}
	n := &namespace{file: file}
	if err := unix.Fstat(int(file.Fd()), &n.id); err != nil {
		_ = file.Close() // only read
		return nil, fmt.Errorf("identify the network namespace: %w", err)
	}
	return n, nil
}

func (n *namespace) close() error { return n.file.Close() }

// within runs do on a thread in the namespace: this one if it is there, else one
// of its own, which ends with it.
func (n *namespace) within(do func() error) error {
	runtime.LockOSThread()
	var now unix.Stat_t
	err := unix.Stat(here, &now)
	if err == nil && now.Dev == n.id.Dev && now.Ino == n.id.Ino {
		defer runtime.UnlockOSThread()
		return do()
	}
	runtime.UnlockOSThread()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends here
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter the network namespace: %w", err)
			return
		}
		done <- do()
	}()
	return <-done
}
