package kernel

import (
	"encoding/binary"
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// Packet is what the headers of a packet say.
type Packet struct {
	// Tuple has port 0 where there are none to read, and flow.ProtocolUnknown for
	// what is no TCP, UDP or SCTP.
	Tuple flow.Tuple
	// Protocol is the number in the IP header, behind IPv6's extension headers.
	Protocol uint8
	// Type and Code are those of ICMP and ICMPv6.
	Type, Code uint8
	// Fragment: not the first of a packet, so that there are no ports.
	Fragment bool
}

// The protocol numbers that are told apart (IANA).
const (
	ipHopByHop   = 0
	ipICMP       = 1
	ipTCP        = 6
	ipUDP        = 17
	ipRouting    = 43
	ipFragment   = 44
	ipAuth       = 51
	ipICMPv6     = 58
	ipOptions    = 60
	ipSCTP       = 132
	ipMobility   = 135
	ipHIP        = 139
	ipShim6      = 140
	fragmentMask = 0x1fff // offset of an IPv4 fragment
)

// readPacket reads a packet from its IP header on, of which the end may be
// missing. ok is false if not even the addresses are there.
func readPacket(b []byte) (p Packet, ok bool) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return readIPv4(b)
	case len(b) >= 40 && b[0]>>4 == 6:
		return readIPv6(b)
	}
	return Packet{}, false
}

// readIPv4: RFC 791 section 3.1.
func readIPv4(b []byte) (Packet, bool) {
	n := int(b[0]&0xf) * 4
	if n < 20 {
		return Packet{}, false
	}
	p := Packet{Protocol: b[9], Fragment: binary.BigEndian.Uint16(b[6:])&fragmentMask != 0}
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.transport(src, dst, b[min(n, len(b)):])
	return p, true
}

// readIPv6: RFC 8200 sections 3 and 4, and RFC 4302 for the authentication
// header, which counts its length in other units.
func readIPv6(b []byte) (Packet, bool) {
	src, dst := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	p := Packet{Protocol: b[6]}
	b = b[40:]
	for len(b) >= 8 {
		if p.Fragment || !extension(p.Protocol) {
			break
		}
		n := 8 + 8*int(b[1])
		switch p.Protocol {
		case ipAuth:
			n = 8 + 4*int(b[1])
		case ipFragment:
			n = 8
			p.Fragment = binary.BigEndian.Uint16(b[2:])>>3 != 0
		}
		p.Protocol, b = b[0], b[min(n, len(b)):]
	}
	p.transport(src, dst, b)
	return p, true
}

// extension reports whether a protocol number is that of an IPv6 extension header
// behind which there is another.
func extension(protocol uint8) bool {
	switch protocol {
	case ipHopByHop, ipRouting, ipFragment, ipAuth, ipOptions, ipMobility, ipHIP, ipShim6:
		return true
	}
	return false
}

// transport reads ports, or ICMP's type and code, where they are.
func (p *Packet) transport(src, dst netip.Addr, b []byte) {
	var from, to uint16
	switch p.Protocol {
	case ipTCP:
		p.Tuple.Protocol = flow.TCP
	case ipUDP:
		p.Tuple.Protocol = flow.UDP
	case ipSCTP:
		p.Tuple.Protocol = flow.SCTP
	}
	switch {
	case p.Fragment || len(b) < 4:
	case p.Tuple.Protocol != flow.ProtocolUnknown:
		from, to = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	case p.Protocol == ipICMP || p.Protocol == ipICMPv6:
		p.Type, p.Code = b[0], b[1]
	}
	p.Tuple.Src, p.Tuple.Dst = netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to)
}
