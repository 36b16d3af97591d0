package kernel

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// socket asks the netfilter of the namespace it was opened in.
type socket struct {
	fd    int
	limit int // bytes of one sending
	buf   []byte
}

// largest is the send buffer that is asked for; the kernel doubles it.
const largest = 128 << 20

// openSocket opens a socket in the namespace of the calling thread.
func openSocket() (*socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket: %w", err)
	}
	s := &socket{fd: fd, buf: make([]byte, 128<<10)}
	if err := s.configure(); err != nil {
		return nil, errors.Join(fmt.Errorf("set up a netlink socket: %w", err), s.close())
	}
	return s, nil
}

func (s *socket) configure() error {
	if err := unix.Bind(s.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	// Answers without a copy of the question, but with the place of the mistake.
	for _, opt := range []int{unix.NETLINK_CAP_ACK, unix.NETLINK_EXT_ACK} {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_NETLINK, opt, 1); err != nil {
			return err
		}
	}
	if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, largest) != nil {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, largest); err != nil {
			return err
		}
	}
	return s.measure()
}

// measure learns how much the kernel takes at once: net/netlink/af_netlink.c,
// netlink_sendmsg, refuses len > sk->sk_sndbuf - 32.
func (s *socket) measure() error {
	n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	s.limit = n - 32
	return err
}

func (s *socket) close() error { return unix.Close(s.fd) }

func (s *socket) send(b []byte) error {
	for {
		err := unix.Sendto(s.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// receive returns what the kernel said next. Nothing is waited for: netfilter
// answers before the sending returns, and continues a dump when it is read.
// errNothing: that was all. errOverrun: some answers were lost.
func (s *socket) receive() ([]byte, error) {
	for {
		n, _, flags, from, err := unix.Recvmsg(s.fd, s.buf, nil, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil, errNothing
		case errors.Is(err, unix.ENOBUFS):
			return nil, errOverrun
		case err != nil:
			return nil, err
		case flags&unix.MSG_TRUNC != 0:
			return nil, errTruncated
		}
		if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid == 0 {
			return s.buf[:n], nil
		}
	}
}

// again reports whether the kernel gave up for a reason that passes.
func again(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.ERESTART)
}
