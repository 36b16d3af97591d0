package manifest

import (
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

const maxPort = 65535

// port is a port number, 0 when absent.
func (v value) port() uint16 {
	i, _ := v.integer(1, maxPort)
	return uint16(i)
}

// portRef is an IntOrString port: a number, or a name after IANA_SVC_NAME.
func (v value) portRef() cluster.PortRef {
	if !v.present() {
		return cluster.PortRef{}
	}
	if v.n.kind != isString {
		if v.n.kind == isMap || v.n.kind == isList || v.n.kind == isBool {
			v.fail("this is "+v.n.kind.String()+", a port number or a port name is expected", "")
			return cluster.PortRef{}
		}
		return cluster.PortRef{Number: v.port()}
	}
	v.checkPortName(v.n.text)
	return cluster.PortRef{Name: v.n.text}
}

func (v value) checkPortName(s string) {
	if isPortName(s) {
		return
	}
	hint := ""
	if s != "" && strings.Trim(s, "0123456789") == "" {
		hint = "write the number without quotation marks: " + s
	}
	v.fail(quote(s)+" is not a port name: at most 15 of a-z, 0-9 and single '-' inside, with at least one letter", hint)
}

// protocol is TCP when absent: the API server's default.
func (v value) protocol() flow.Protocol {
	if !v.present() {
		return flow.TCP
	}
	// The API knows the upper-case spelling only.
	s := v.oneOf("TCP", "UDP", "SCTP")
	if s == "" {
		if v.d.err == nil {
			return flow.TCP
		}
		return flow.ProtocolUnknown
	}
	p, _ := flow.ParseProtocol(s)
	return p
}

// addr is an IP address, the zero Addr when absent or "".
func (v value) addr() netip.Addr {
	s := v.str()
	if s == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		v.fail(quote(s)+" is not an IP address", ipHint(s))
	case a.Zone() != "":
		v.failf("%s has a zone, an address without one is expected", quote(s))
	case a.Is4In6():
		v.fail(quote(s)+" is an IPv4 address written as IPv6", "write "+a.Unmap().String())
	default:
		return a
	}
	return netip.Addr{}
}

func ipHint(s string) string {
	for part := range strings.SplitSeq(s, ".") {
		if len(part) > 1 && part[0] == '0' {
			return "IPv4 numbers have no leading zeros: some programs read them as octal"
		}
	}
	return ""
}

// addrs is a list of IP addresses.
func (v value) addrs() []netip.Addr {
	var all []netip.Addr
	for _, item := range v.list() {
		if a := item.addr(); a.IsValid() {
			all = append(all, a)
		} else {
			item.need()
		}
	}
	return all
}

// need refuses an absent or empty value.
func (v value) need() {
	if !v.present() || v.n.kind == isString && v.n.text == "" {
		v.fail("a value is required here", "")
	}
}

// prefix is a CIDR. Bits behind the mask are cleared with a warning: API
// servers accepted them for years and every dataplane ignores them.
func (v value) prefix() netip.Prefix {
	s := v.str()
	v.need()
	if s == "" {
		return netip.Prefix{}
	}
	return v.parsePrefix(s)
}

func (v value) parsePrefix(s string) netip.Prefix {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		hint := ipHint(s)
		if a, e := netip.ParseAddr(s); e == nil {
			hint = "for this one address write " + netip.PrefixFrom(a, a.BitLen()).String()
		}
		v.fail(quote(s)+" is not a CIDR (ADDRESS/BITS)", hint)
		return netip.Prefix{}
	}
	if p.Addr().Is4In6() {
		v.failf("%s is an IPv4 range written as IPv6", quote(s))
		return netip.Prefix{}
	}
	if m := p.Masked(); m != p {
		v.warn(flow.Because(flow.CodeHostBits, v.d.object.String(), v.path(), p.String(), m.String()))
		return m
	}
	return p
}

// prefixes is a list of CIDRs.
func (v value) prefixes() []netip.Prefix {
	var all []netip.Prefix
	for _, item := range v.list() {
		if p := item.prefix(); p.IsValid() {
			all = append(all, p)
		}
	}
	return all
}
