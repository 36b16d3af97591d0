//go:build linux

package probe

import (
	"bytes"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// datagrams is a UDP socket that answers from the address it was asked at, or
// whoever translated the question could not translate the answer back.
type datagrams struct {
	fd     int
	server *Server
	port   uint16
	is4    bool
	unsent func() error // an answer for which there was no room, or nil
}

func listenUDP(v *Server, at netip.AddrPort) (*datagrams, error) {
	is4 := at.Addr().Is4()
	fd, err := bound(at, unix.SOCK_DGRAM, func(fd int) error {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<22) // as much as net.core.rmem_max lets it
		if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil || kind == unix.AF_INET {
			is4 = true
			return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		}
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	})
	if err != nil {
		return nil, err
	}
	return &datagrams{fd: fd, server: v, port: localOf(fd).Port(), is4: is4}, nil
}

func (d *datagrams) descriptor() int     { return d.fd }
func (d *datagrams) owner() *Server      { return d.server }
func (d *datagrams) idle(time.Time) bool { return false }
func (d *datagrams) end()                { _ = unix.Close(d.fd) }

// ready answers all that has come. An error of the socket, such as an ICMP error
// for an answer, is nobody's question.
func (d *datagrams) ready(s *Servers, _ uint32) {
	if d.unsent != nil {
		if errors.Is(d.unsent(), unix.EAGAIN) {
			return
		}
		d.unsent = nil
		_ = s.poll.change(d.fd, unix.EPOLLIN, int32(d.fd)) // it is watched, so it can be changed
	}
	var buf [maxLine]byte
	var oob [128]byte
	for {
		n, noob, _, peer, err := unix.Recvmsg(d.fd, buf[:], oob[:], 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return
		}
		local, back := d.arrivedAt(oob[:noob])
		text := Answer{
			Server: d.server.name, Echo: string(bytes.TrimRight(buf[:n], "\r\n")),
			Peer: addrPort(peer), Local: netip.AddrPortFrom(local, d.port),
		}.line()
		send := func() error { return unix.Sendmsg(d.fd, text, back, peer, 0) }
		// Any other error, such as a rule that drops it here, the client will notice.
		if errors.Is(send(), unix.EAGAIN) {
			d.unsent = send
			_ = s.poll.change(d.fd, unix.EPOLLOUT, int32(d.fd))
			return
		}
	}
}

// arrivedAt reads the address a datagram was sent to, and returns it with the
// control message that makes it the source of an answer.
func (d *datagrams) arrivedAt(oob []byte) (local netip.Addr, back []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return netip.Addr{}, nil
	}
	for _, m := range messages {
		switch {
		case d.is4 && m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			// struct in_pktinfo: interface, the address to answer from, the address it was sent to.
			info := &unix.Inet4Pktinfo{Spec_dst: [4]byte(m.Data[4:8])}
			return netip.AddrFrom4([4]byte(m.Data[8:12])), unix.PktInfo4(info)
		case !d.is4 && m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			// struct in6_pktinfo: the address it was sent to, interface.
			info := &unix.Inet6Pktinfo{Addr: [16]byte(m.Data[:16])}
			local = netip.AddrFrom16(info.Addr).Unmap()
			if local.IsLinkLocalUnicast() && local.Is6() {
				info.Ifindex = nativeUint32(m.Data[16:20])
				local = local.WithZone(strconv.FormatUint(uint64(info.Ifindex), 10))
			}
			return local, unix.PktInfo6(info)
		}
	}
	return netip.Addr{}, nil
}
