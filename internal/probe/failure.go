//go:build linux

package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// ICMPError is an ICMP error that came back for a probe.
type ICMPError struct {
	// Errno is what the kernel makes of it, and what a program is told.
	Errno unix.Errno
	// V6 tells whose types and codes these are.
	V6         bool
	Type, Code uint8
	// From is the machine that sent it.
	From netip.Addr
}

// Error says who sent what.
func (e *ICMPError) Error() string {
	name := "ICMP"
	if e.V6 {
		name = "ICMPv6"
	}
	return fmt.Sprintf("%v (%s type %d code %d from %v)", e.Errno, name, e.Type, e.Code, e.From)
}

// Unwrap is the errno.
func (e *ICMPError) Unwrap() error { return e.Errno }

// told reports whether Linux tells a connected UDP socket of the error, rather
// than letting it wait: icmp_err_convert.fatal in net/ipv4/icmp.c, and the
// results of icmpv6_err_convert in net/ipv6/icmp.c.
func (e *ICMPError) told() bool {
	const (
		unreachable  = 3 // the other types are soft but for a parameter problem
		parameter    = 12
		unreachable6 = 1
		parameter6   = 4
	)
	if e.V6 {
		switch e.Type {
		case unreachable6:
			return e.Code != 0 && e.Code != 2 && e.Code != 3 // no route, beyond scope, address unreachable
		case parameter6:
			return true
		}
		return false
	}
	switch e.Type {
	case parameter:
		return true
	case unreachable:
		switch e.Code {
		case 0, 1, 4, 5, 11, 12: // network, host, fragmentation needed, source route, both for this type of service
			return false
		}
		return e.Code <= 15 // the last that Linux knows
	}
	return false
}

// seenOf is what a client notices that is told of an error.
func seenOf(err error) flow.Seen {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return flow.SeenUnknown
	}
	switch errno {
	case unix.ECONNREFUSED, unix.ECONNRESET, unix.EPIPE:
		return flow.Refused
	case unix.ETIMEDOUT:
		return flow.Timeout
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENONET, // no route, unknown or isolated
		unix.EACCES,                   // prohibited: a route of ours, or ICMPv6
		unix.ENOPROTOOPT, unix.EPROTO: // protocol unreachable, parameter problem
		return flow.Unreachable
	default:
		return flow.SeenUnknown
	}
}

// socketError takes the error that waits at a socket, or nil.
func socketError(fd int) error {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return err
	case n != 0:
		return unix.Errno(n)
	}
	return nil
}

// queued takes the next error from a socket's error queue; ok reports that there
// was one. Those that the kernel itself made have an errno only.
func queued(fd int) (ok bool, told error) {
	var oob [512]byte
	for {
		_, n, _, _, err := unix.Recvmsg(fd, nil, oob[:], unix.MSG_ERRQUEUE)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return false, nil // EAGAIN: empty
		}
		messages, err := unix.ParseSocketControlMessage(oob[:n])
		if err != nil {
			return true, fmt.Errorf("error queue: %w", err)
		}
		for _, m := range messages {
			if told := extended(m); told != nil {
				return true, told
			}
		}
		return true, errors.New("error queue: nothing that can be read")
	}
}

// extended reads struct sock_extended_err, behind which the sender's address is.
func extended(m unix.SocketControlMessage) error {
	v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
	if !v6 && (m.Header.Level != unix.IPPROTO_IP || m.Header.Type != unix.IP_RECVERR) || len(m.Data) < 16 {
		return nil
	}
	errno, origin := unix.Errno(nativeUint32(m.Data)), m.Data[4]
	if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 {
		return errno
	}
	e := &ICMPError{Errno: errno, V6: origin == unix.SO_EE_ORIGIN_ICMP6, Type: m.Data[5], Code: m.Data[6]}
	from := m.Data[16:]
	switch {
	case len(from) >= unix.SizeofSockaddrInet4 && binary.NativeEndian.Uint16(from) == unix.AF_INET:
		e.From = netip.AddrFrom4([4]byte(from[4:8]))
	case len(from) >= unix.SizeofSockaddrInet6 && binary.NativeEndian.Uint16(from) == unix.AF_INET6:
		e.From = netip.AddrFrom16([16]byte(from[8:24])).Unmap()
	}
	return e
}

func nativeUint32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
