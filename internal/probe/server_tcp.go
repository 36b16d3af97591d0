//go:build linux

package probe

import (
	"bytes"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// listening is a TCP socket that accepts.
type listening struct {
	fd     int
	server *Server
}

// backlog is how many connections may wait to be accepted; the kernel cuts it to
// net.core.somaxconn of the namespace, 4096 by default.
const backlog = 1 << 16

func listenTCP(v *Server, at netip.AddrPort) (*listening, error) {
	fd, err := bound(at, unix.SOCK_STREAM, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	})
	if err != nil {
		return nil, err
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &listening{fd: fd, server: v}, nil
}

// bound makes a server's socket. Without a valid address it is one for both
// families, or for IPv4 where the kernel has no other.
func bound(at netip.AddrPort, kind int, options func(fd int) error) (int, error) {
	both := !at.Addr().IsValid()
	if both {
		at = netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())
	}
	fd, err := unix.Socket(family(at.Addr()), kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if both && errors.Is(err, unix.EAFNOSUPPORT) {
		return bound(netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()), kind, options)
	}
	if err != nil {
		return -1, err
	}
	only := 1
	if both {
		only = 0
	}
	if at.Addr().Is6() {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	if err == nil {
		err = options(fd)
	}
	if err == nil {
		err = unix.Bind(fd, sockaddr(at))
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func (l *listening) descriptor() int     { return l.fd }
func (l *listening) owner() *Server      { return l.server }
func (l *listening) idle(time.Time) bool { return false }
func (l *listening) end()                { _ = unix.Close(l.fd) } // what waits to be accepted is reset

// ready accepts all that wait, and reads what came with them.
func (l *listening) ready(s *Servers, _ uint32) {
	for {
		fd, peer, err := unix.Accept4(l.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			c := &connection{fd: fd, server: l.server, answer: Answer{Server: l.server.name, Peer: addrPort(peer), Local: localOf(fd)}, used: time.Now()}
			if s.watch(c) != nil {
				c.end()
				continue
			}
			c.ready(s, 0)
		case errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
			_ = s.poll.change(l.fd, 0, int32(l.fd)) // it is watched, so it can be changed
			s.hungry = append(s.hungry, l)
			return
		default:
			return // EAGAIN: nobody waits
		}
	}
}

// connection is an accepted one. It answers each line until the client closes.
type connection struct {
	fd     int
	server *Server
	answer Answer
	line   []byte // what has come of a line
	used   time.Time
}

// unused is after how long a silent connection is taken for dead: a client whose
// reset was lost on the way does not close.
const unused = 30 * time.Second

func (c *connection) descriptor() int         { return c.fd }
func (c *connection) owner() *Server          { return c.server }
func (c *connection) idle(now time.Time) bool { return now.Sub(c.used) > unused }

// end closes with a reset, so that nothing of the connection stays behind.
func (c *connection) end() {
	_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(c.fd)
}

func (c *connection) ready(s *Servers, _ uint32) {
	var buf [maxLine]byte
	for {
		n, err := unix.Read(c.fd, buf[:])
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
			return // it is told again while there is something
		case err == nil && n > 0 && c.feed(buf[:n]):
			continue
		case err == nil && n == 0:
			delete(s.sockets, c.fd)
			_ = unix.Close(c.fd) // the client closed first, so the farewell is its
		default:
			s.drop(c)
		}
		return
	}
}

// feed takes what the client sent and answers each line that is whole. It
// returns false when the client cannot be answered.
func (c *connection) feed(text []byte) bool {
	c.used = time.Now()
	for len(text) > 0 {
		part, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		c.line = append(c.line, part...)
		if len(c.line) > maxLine {
			return false
		}
		if !whole {
			break
		}
		c.answer.Echo = string(bytes.TrimSuffix(c.line, []byte("\r")))
		c.line = c.line[:0]
		out := c.answer.line()
		if n, err := unix.Write(c.fd, out); err != nil || n < len(out) {
			return false // it asks and does not read
		}
	}
	return true
}
