package kernel

import (
	"net"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/nft"
)

// loopback is the address of lo.
func loopback(f nft.Family) netip.Addr {
	if f == nft.IPv6 {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// sendUDP sends a datagram from and to an address of lo, and returns its source
// port. Where somebody listens it is there when this returns; netfilter has seen
// it in any case.
func sendUDP(t testing.TB, from, to netip.AddrPort) uint16 {
	t.Helper()
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(from), net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("ahoy")); err != nil {
		t.Fatal(err)
	}
	return netip.MustParseAddrPort(conn.LocalAddr().String()).Port()
}

// TestPacketsMatch: what was loaded is what a packet's registers hold, in either
// byte order of the machine: marks, class ids, numbers that numgen makes, alone,
// in concatenations, and in ranges of concatenations. Every set holds one row
// that matches the packet and one that would if bytes were swapped.
func TestPacketsMatch(t *testing.T) {
	const mark, class, swappedMark, swappedClass = 0x01020304, 0x00050006, 0x04030201, 0x06000500
	type kind struct {
		set  *nft.Set
		rule string
		rows []nft.Element // the first is met
	}
	for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
		lo, addr, ip := loopback(f).String(), "ipv4_addr", "ip"
		if f == nft.IPv6 {
			addr, ip = "ipv6_addr", "ip6"
		}
		key := func(values ...field) nft.Element { return nft.Element{Key: fields(values...)} }
		between := func(from, to string) nft.Element { return nft.Element{Key: from, End: to} }
		cases := []kind{
			{&nft.Set{Name: "by-mark", Key: []nft.Type{nft.Mark}, Typed: "type mark"}, "meta mark @by-mark", []nft.Element{key(mark), key(swappedMark)}},
			{&nft.Set{Name: "by-class", Key: []nft.Type{nft.Class}, Typed: "type classid"}, "meta priority @by-class", []nft.Element{key(class), key(swappedClass)}},
			{&nft.Set{Name: "by-proto", Key: []nft.Type{nft.Proto}, Typed: "type inet_proto"}, "meta l4proto @by-proto", []nft.Element{key(udp), key(tcp)}},
			{&nft.Set{Name: "by-port", Key: []nft.Type{nft.Port}, Typed: "type inet_service"}, "th dport @by-port", []nft.Element{key(uint16(0x1234)), key(uint16(0x3412))}},
			{
				&nft.Set{Name: "by-front", Key: []nft.Type{nft.Addr, nft.Proto, nft.Port}, Typed: "type " + addr + " . inet_proto . inet_service"}, ip + " daddr . meta l4proto . th dport @by-front",
				[]nft.Element{key(lo, udp, uint16(0x1234)), key(lo, udp, uint16(0x3412))},
			},
			{
				&nft.Set{Name: "by-all", Key: []nft.Type{nft.Mark, nft.Class, nft.Proto, nft.Port}, Typed: "type mark . classid . inet_proto . inet_service"}, "meta mark . meta priority . meta l4proto . th dport @by-all",
				[]nft.Element{key(mark, class, udp, uint16(0x1234)), key(swappedMark, swappedClass, udp, uint16(0x1234)), key(mark, class, tcp, uint16(0x1234))},
			},
			{
				&nft.Set{Name: "by-slot", Key: []nft.Type{nft.Mark, nft.Slot}, Typed: "typeof meta mark . numgen random mod 65536"}, "meta mark . numgen inc mod 1 offset 258 @by-slot",
				[]nft.Element{key(mark, 258), key(mark, 0x02010000)},
			},
			{
				&nft.Set{Name: "by-addresses", Interval: true, Key: []nft.Type{nft.Addr}, Typed: "type " + addr}, ip + " daddr @by-addresses",
				[]nft.Element{between(fields(lo), fields(lo)), between(fields(loopback(f).Next()), fields(loopback(f).Next().Next()))},
			},
			{
				&nft.Set{Name: "by-ports", Interval: true, Key: []nft.Type{nft.Port}, Typed: "type inet_service"}, "th dport @by-ports",
				[]nft.Element{between(fields(uint16(0x1200)), fields(uint16(0x1300))), between(fields(uint16(0x3400)), fields(uint16(0x3500)))},
			},
			{
				&nft.Set{Name: "by-marks", Interval: true, Key: []nft.Type{nft.Mark}, Typed: "type mark"}, "meta mark @by-marks",
				[]nft.Element{between(fields(0x01020000), fields(0x0102ffff)), between(fields(0x04030200), fields(0x04030301))},
			},
			{
				&nft.Set{Name: "by-portranges", Interval: true, Key: []nft.Type{nft.Mark, nft.Class, nft.Proto, nft.Port}, Typed: "type mark . classid . inet_proto . inet_service"}, "meta mark . meta priority . meta l4proto . th dport @by-portranges",
				[]nft.Element{
					between(fields(mark, class, udp, uint16(0x1200)), fields(mark, class, udp, uint16(0x12ff))),
					between(fields(swappedMark, swappedClass, udp, uint16(0x1200)), fields(swappedMark, swappedClass, udp, uint16(0x12ff))),
				},
			},
			{
				&nft.Set{Name: "by-markranges", Interval: true, Key: []nft.Type{nft.Addr, nft.Mark}, Typed: "type " + addr + " . mark"}, ip + " daddr . meta mark @by-markranges",
				[]nft.Element{
					between(fields(lo, 0x01020000), fields(lo, 0x0102ffff)),
					between(fields(lo, 0x04030000), fields(lo, 0x0403ffff)),
				},
			},
			// What a map yields is looked up in the set behind it.
			{
				&nft.Set{Name: "to-mark", Key: []nft.Type{nft.Addr}, Data: []nft.Type{nft.Mark}, Typed: "type " + addr + " : mark"}, "meta mark set " + ip + " daddr map @to-mark",
				[]nft.Element{{Key: fields(lo), Data: fields(0x0a0b0c0d)}},
			},
			{&nft.Set{Name: "its-mark", Key: []nft.Type{nft.Mark}, Typed: "type mark"}, "meta mark @its-mark", []nft.Element{key(0x0a0b0c0d), key(0x0d0c0b0a)}},
			{
				&nft.Set{Name: "to-class", Interval: true, Key: []nft.Type{nft.Addr}, Data: []nft.Type{nft.Class}, Typed: "type " + addr + " : classid"}, "meta priority set " + ip + " daddr map @to-class",
				[]nft.Element{{Key: fields(lo), End: fields(lo), Data: fields(0x0a0b0c0e)}},
			},
			{&nft.Set{Name: "its-class", Key: []nft.Type{nft.Class}, Typed: "type classid"}, "meta priority @its-class", []nft.Element{key(0x0a0b0c0e), key(0x0e0c0b0a)}},
			{
				&nft.Set{Name: "to-either", Interval: true, Key: []nft.Type{nft.Addr, nft.Port}, Data: []nft.Type{nft.Mark}, Typed: "type " + addr + " . inet_service : mark"}, "meta mark set " + ip + " daddr . th dport map @to-either",
				[]nft.Element{{Key: fields(lo, uint16(0x1200)), End: fields(lo, uint16(0x12ff)), Data: fields(0x0a0b0c0f)}},
			},
			{&nft.Set{Name: "either", Key: []nft.Type{nft.Mark}, Typed: "type mark"}, "meta mark @either", []nft.Element{key(0x0a0b0c0f), key(0x0f0c0b0a)}},
		}
		t.Run(f.String(), func(t *testing.T) {
			h := open(t)
			table := &nft.Table{Family: f}
			chain := &nft.Chain{Name: "input", Hook: "type filter hook input priority 0; policy accept;", Rules: []nft.Rule{
				{Text: "meta l4proto != udp accept"}, {Text: "meta mark set 0x01020304"}, {Text: "meta priority set 5:6"},
			}}
			var ops []nft.Op
			for _, c := range cases {
				c.set.Counted = true
				table.Sets = append(table.Sets, c.set)
				chain.Rules = append(chain.Rules, nft.Rule{Text: c.rule})
				for i := range c.rows {
					ops = append(ops, nft.Op{Family: f, Set: c.set, Element: &c.rows[i]})
				}
			}
			table.Chains = []*nft.Chain{chain}
			if err := h.Apply(nft.Change{Before: (&nft.Program{Tables: []*nft.Table{table}}).Skeleton(), Ops: ops}); err != nil {
				t.Fatal(err)
			}
			server, err := net.ListenUDP("udp", &net.UDPAddr{IP: loopback(f).AsSlice(), Port: 0x1234})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			sendUDP(t, netip.AddrPortFrom(loopback(f), 0), netip.AddrPortFrom(loopback(f), 0x1234))
			listing(t, h) // nft survives it
			for _, c := range cases {
				counts, err := h.Counters(f, c.set)
				if err != nil {
					t.Fatal(err)
				}
				for i, row := range c.rows {
					want := uint64(0)
					if i == 0 {
						want = 1
					}
					if got, there := counts[row.Key+row.End]; !there || got.Packets != want {
						t.Errorf("%s: %s counted %d packets, want %d (there: %t)", c.set.Name, table.Words(c.set, &row), got.Packets, want, there)
					}
				}
			}
		})
	}
}
