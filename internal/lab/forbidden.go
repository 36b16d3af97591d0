//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Forbidden is the error of a machine that does not let an ordinary user make
// namespaces: one line that says which rule forbids it and what to do.
type Forbidden struct {
	Why string // "user.max_user_namespaces is 0"
	Do  string // what to do about it
	Err error  // what the kernel said
}

// Error prints "lab: no namespaces for an ordinary user: WHY (ERR): DO".
func (e *Forbidden) Error() string {
	return fmt.Sprintf("lab: no namespaces for an ordinary user: %s (%v): %s", e.Why, e.Err, e.Do)
}

// Unwrap returns what the kernel said.
func (e *Forbidden) Unwrap() error { return e.Err }

// switches are the rules by which a machine forbids it, and how to turn each.
var switches = []struct{ file, forbids, name, do string }{
	{
		"/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0",
		"run it as root, or sysctl -w user.max_user_namespaces=15000",
	},
	{
		"/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0",
		"run it as root, or sysctl -w kernel.unprivileged_userns_clone=1",
	},
	{
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor forbids it (kernel.apparmor_restrict_unprivileged_userns is 1)",
		"run it as root, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
	},
}

// forbidden finds out which rule is behind an error.
func forbidden(err error) error {
	for _, r := range switches {
		if text, fail := os.ReadFile(r.file); fail == nil && strings.TrimSpace(string(text)) == r.forbids {
			return &Forbidden{Why: r.name, Do: r.do, Err: err}
		}
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EUSERS):
		return &Forbidden{Why: "a limit of namespaces is reached", Do: "see sysctl user, or run it as root", Err: err}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS):
		return &Forbidden{Why: "this kernel has no user or network namespaces", Do: "run it on another machine", Err: err}
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return &Forbidden{
			Why: "a seccomp or security profile forbids it, as in most containers",
			Do:  "run it outside the container, as root, or with --privileged", Err: err,
		}
	}
	return fmt.Errorf("lab: %w", err)
}

// privileged reports whether this process may make namespaces without a user
// namespace.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	const needed = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN
	return data[0].Effective&needed == needed && os.Geteuid() == 0
}

// mapping makes one id root inside.
func mapping(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
}
