package kernel

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listener receives what the kernel reports by itself. read is for one goroutine
// at a time.
type listener struct {
	file *os.File
	conn syscall.RawConn
	buf  []byte
	gone atomic.Bool // closed
}

// room is the receive buffer that is asked for.
const room = 8 << 20

// listen opens a socket in the namespace of the calling thread, and joins a
// multicast group; 0 joins none.
func listen(group int) (*listener, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket: %w", err)
	}
	l := &listener{file: os.NewFile(uintptr(fd), "netlink"), buf: make([]byte, 64<<10)}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	if err == nil && group != 0 {
		err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group)
	}
	if err == nil && unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	if err == nil {
		l.conn, err = l.file.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up a netlink socket: %w", err), l.close())
	}
	return l, nil
}

func (l *listener) close() error {
	l.gone.Store(true)
	return l.file.Close()
}

func (l *listener) deadline(t time.Time) error { return l.file.SetReadDeadline(t) }

// ask sends a request and reads whether the kernel took it. It answers before
// the sending returns.
func (l *listener) ask(request []byte) error {
	var err error
	if failed := l.conn.Control(func(fd uintptr) {
		err = unix.Sendto(int(fd), request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	}); failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	b, err := l.read(false)
	if err != nil {
		return err
	}
	for m := range messages(b) {
		if r, ok := readRefusal(&m); ok && m.kind == nlmsgError {
			return r.err
		}
	}
	return errNothing
}

// read returns the next message. Without waiting it may be errNothing. After
// errOverrun there is more to read.
func (l *listener) read(wait bool) ([]byte, error) {
	for {
		var n, flags int
		var from unix.Sockaddr
		var err error
		failed := l.conn.Read(func(fd uintptr) bool {
			n, _, flags, from, err = unix.Recvmsg(int(fd), l.buf, nil, unix.MSG_DONTWAIT)
			return !wait || !errors.Is(err, unix.EAGAIN)
		})
		switch {
		case failed != nil && l.gone.Load():
			return nil, os.ErrClosed
		case failed != nil:
			return nil, failed
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return nil, errNothing
		case errors.Is(err, unix.ENOBUFS) || err == nil && flags&unix.MSG_TRUNC != 0:
			return nil, errOverrun
		case err != nil:
			return nil, err
		default:
			if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid == 0 {
				return l.buf[:n], nil
			}
		}
	}
}

// device is the name of a device of the listener's namespace: the socket knows
// it, whatever thread asks.
func (l *listener) device(index uint32) string {
	if index == 0 {
		return ""
	}
	name := ""
	_ = l.conn.Control(func(fd uintptr) { // without a name it stays ""
		req, err := unix.NewIfreq("")
		if err != nil {
			return
		}
		req.SetUint32(index)
		if unix.IoctlIfreq(int(fd), unix.SIOCGIFNAME, req) == nil {
			name = req.Name()
		}
	})
	return name
}
