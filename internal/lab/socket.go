//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A lab that is kept has a socket, by which other processes of the same user
// come in:
//
//	$XDG_RUNTIME_DIR/portolan/4711.sock     or, where that cannot be
//	$TMPDIR/portolan-1000/4711.sock         4711 is the process that was started
//
// The folder is the user's alone. A socket that nobody listens on any more is
// removed by whoever comes across it.

// network keeps messages apart and tells of the other side's end.
const network = "unixpacket"

// folders are where sockets may be, the best first.
func folders() []string {
	var all []string
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		all = append(all, filepath.Join(dir, "portolan"))
	}
	return append(all, filepath.Join(os.TempDir(), "portolan-"+strconv.Itoa(outer.uid)))
}

// private reports whether a folder is the user's own and nobody else's.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm() != 0o700 || !ok || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a folder of yours alone", dir)
	}
	return nil
}

// ownFolder makes the folder for sockets.
func ownFolder() (string, error) {
	var errs []error
	for _, dir := range folders() {
		err := os.Mkdir(dir, 0o700)
		if err == nil || errors.Is(err, os.ErrExist) {
			err = private(dir)
		}
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("lab: no folder for a socket: %w", errors.Join(errs...))
}

// listen makes a socket that no living lab has. It has its name only once it
// listens, lest somebody take it for one that was left behind.
func listen() (*net.UnixListener, string, error) {
	dir, err := ownFolder()
	if err != nil {
		return nil, "", err
	}
	draft := filepath.Join(dir, ".draft-"+strconv.Itoa(outer.pid))
	_ = os.Remove(draft)
	listener, err := net.ListenUnix(network, &net.UnixAddr{Name: draft, Net: network})
	if err != nil {
		return nil, "", fmt.Errorf("lab: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	for n := 1; ; n++ {
		file := filepath.Join(dir, strconv.Itoa(outer.pid)+".sock")
		if n > 1 {
			file = filepath.Join(dir, fmt.Sprintf("%d-%d.sock", outer.pid, n))
		}
		if alive(file) {
			continue
		}
		if err := os.Rename(draft, file); err != nil {
			return nil, "", errors.Join(fmt.Errorf("lab: %w", err), listener.Close(), os.Remove(draft))
		}
		return listener, file, nil
	}
}

// alive reports whether somebody listens, and removes a socket where nobody
// does.
func alive(file string) bool {
	conn, err := net.DialUnix(network, nil, &net.UnixAddr{Name: file, Net: network})
	if err == nil {
		_ = conn.Close()
		return true
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(file)
	}
	return false
}

// Running are the names of the labs that are kept and can be entered.
func Running() []string {
	var names []string
	for _, file := range sockets() {
		names = append(names, nameOf(file))
	}
	return names
}

func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".sock") }

func sockets() []string {
	var all []string
	for _, dir := range folders() {
		if private(dir) != nil {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(dir, "[0-9]*.sock")) // the pattern is well formed
		all = append(all, slices.DeleteFunc(files, func(f string) bool { return !alive(f) })...)
	}
	return all
}

// kept finds a kept lab's socket; an empty name is the only one.
func kept(name string) (string, error) {
	all := sockets()
	var names []string
	for _, file := range all {
		if nameOf(file) == name || name == "" && len(all) == 1 {
			return file, nil
		}
		names = append(names, nameOf(file))
	}
	switch {
	case len(all) == 0:
		return "", errors.New("lab: no lab is kept: start one with portolan prove --keep")
	case name == "":
		return "", fmt.Errorf("lab: several labs are kept, say which: %s", strings.Join(names, ", "))
	}
	return "", fmt.Errorf("lab: no lab %q: there are %s", name, strings.Join(names, ", "))
}
