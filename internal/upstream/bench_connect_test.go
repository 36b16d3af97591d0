package upstream

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
	"time"
	"unsafe"
)

func sockaddr(a netip.AddrPort) syscall.RawSockaddrInet4 {
	s := syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: a.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&s.Port))[:], a.Port())
	return s
}

// refused opens a socket, connects it and closes it. The duration is that of
// connect alone, which a server refused.
func refused(to *syscall.RawSockaddrInet4) (time.Duration, error) {
	fd, _, e := syscall.RawSyscall(syscall.SYS_SOCKET, syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if e != 0 {
		return 0, fmt.Errorf("socket: %w", e)
	}
	defer syscall.Close(int(fd)) //nolint:errcheck // it holds nothing
	start := time.Now()
	_, _, e = syscall.RawSyscall(syscall.SYS_CONNECT, fd, uintptr(unsafe.Pointer(to)), unsafe.Sizeof(*to))
	took := time.Since(start)
	if e != syscall.ECONNREFUSED {
		return 0, fmt.Errorf("connect: %w, not refused", e)
	}
	return took, nil
}
