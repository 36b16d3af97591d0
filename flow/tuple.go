package flow

import (
	"fmt"
	"net/netip"
	"strings"
)

// Protocol is a transport protocol a Service or NetworkPolicy can name
// (Kubernetes API, ServicePort.protocol: "Supports TCP, UDP, and SCTP. Default
// is TCP"). The zero value is no protocol at all.
type Protocol uint8

// The protocols, in the order the API documents them.
const (
	ProtocolUnknown Protocol = iota
	TCP
	UDP
	SCTP
)

var protocolNames = [...]string{"", "TCP", "UDP", "SCTP"}

// String is the API's spelling: TCP, UDP or SCTP.
func (p Protocol) String() string {
	if int(p) < len(protocolNames) {
		return protocolNames[p]
	}
	return fmt.Sprintf("Protocol(%d)", uint8(p))
}

// ParseProtocol reads the API's spelling, in any case. It returns an error for
// anything else, the empty string included: defaulting is the loader's work.
func ParseProtocol(s string) (Protocol, error) {
	switch strings.ToUpper(s) {
	case "TCP":
		return TCP, nil
	case "UDP":
		return UDP, nil
	case "SCTP":
		return SCTP, nil
	}
	return ProtocolUnknown, fmt.Errorf("protocol %q is not one of TCP, UDP, SCTP", s)
}

// Tuple is a packet's protocol, source and destination as one machine sees
// them. NAT yields a new Tuple. A source port of 0 is the client's ephemeral
// port; a policy never matches on it.
type Tuple struct {
	Protocol Protocol
	Src      netip.AddrPort
	Dst      netip.AddrPort
}

// WithSrc is the tuple after source NAT to addr; the port stays ephemeral.
func (t Tuple) WithSrc(addr netip.Addr) Tuple {
	t.Src = netip.AddrPortFrom(addr, t.Src.Port())
	return t
}

// WithDst is the tuple after destination NAT.
func (t Tuple) WithDst(dst netip.AddrPort) Tuple {
	t.Dst = dst
	return t
}

// String prints "203.0.113.10 > 198.51.100.17:22/tcp", with "?" for an address
// that is not known or not there.
func (t Tuple) String() string {
	src := "?"
	if t.Src.Addr().IsValid() {
		src = t.Src.Addr().String()
	}
	dst := t.Dst.String()
	if !t.Dst.Addr().IsValid() {
		dst = fmt.Sprintf("?:%d", t.Dst.Port())
	}
	return fmt.Sprintf("%s > %s/%s", src, dst, strings.ToLower(t.Protocol.String()))
}
