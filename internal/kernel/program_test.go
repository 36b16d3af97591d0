package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/portolan-net/portolan/nft"
)

// field is one value of a key or of data; fields puts values into the layout of
// a Program.
type field any

func fields(values ...field) string {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b = append(b, netip.MustParseAddr(v).AsSlice()...)
		case netip.Addr:
			b = append(b, v.AsSlice()...)
		case uint8: // inet_proto
			b = append(b, v, 0, 0, 0)
		case uint16: // inet_service
			b = append(b, byte(v>>8), byte(v), 0, 0)
		case int: // mark, classid, slot
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
	return string(b)
}

const (
	tcp = uint8(6)
	udp = uint8(17)
)

// kinds is a program with a set of every kind, and rows for each of them.
type kinds struct {
	program *nft.Program
	ops     []nft.Op
}

func (k *kinds) add(t *nft.Table, set string, elements ...nft.Element) {
	for i := range elements {
		k.ops = append(k.ops, nft.Op{Family: t.Family, Set: t.Set(set), Element: &elements[i]})
	}
}

func (k *kinds) change() nft.Change {
	return nft.Change{Before: k.program.Skeleton(), Ops: k.ops}
}

// everyKind makes the program for both families.
func everyKind() *kinds {
	k := &kinds{program: &nft.Program{}}
	for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
		addr, ip := "ipv4_addr", "ip"
		a := func(n int) string { return fmt.Sprintf("10.96.%d.%d", n/256, n%256) }
		zero, last := "0.0.0.0", "255.255.255.255"
		if f == nft.IPv6 {
			addr, ip = "ipv6_addr", "ip6"
			a = func(n int) string { return fmt.Sprintf("fd00:96::%x", n+1) }
			zero, last = "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
		}
		t := &nft.Table{Family: f, Sets: []*nft.Set{
			{Name: "hash", Key: []nft.Type{nft.Addr}, Typed: "type " + addr, Comment: "a set of one field"},
			{Name: "protos", Key: []nft.Type{nft.Proto}, Typed: "type inet_proto"},
			{Name: "ports", Key: []nft.Type{nft.Port}, Data: []nft.Type{nft.Port}, Typed: "type inet_service : inet_service"},
			{Name: "fronts", Key: []nft.Type{nft.Addr, nft.Proto, nft.Port}, Data: []nft.Type{nft.Mark}, Typed: "type " + addr + " . inet_proto . inet_service : mark"},
			{Name: "slots", Key: []nft.Type{nft.Mark, nft.Slot}, Data: []nft.Type{nft.Mark}, Typed: "typeof meta mark . numgen random mod 65536 : meta mark"},
			{Name: "endpoints", Key: []nft.Type{nft.Mark}, Data: []nft.Type{nft.Addr, nft.Port}, Typed: "type mark : " + addr + " . inet_service"},
			{Name: "classes", Key: []nft.Type{nft.Addr}, Data: []nft.Type{nft.Class}, Typed: "type " + addr + " : classid"},
			{Name: "allow", Key: []nft.Type{nft.Mark, nft.Class, nft.Proto, nft.Port}, Typed: "type mark . classid . inet_proto . inet_service", Counted: true},
			{Name: "ranges", Key: []nft.Type{nft.Addr}, Typed: "type " + addr, Interval: true, Counted: true},
			{Name: "zones", Key: []nft.Type{nft.Addr}, Data: []nft.Type{nft.Class}, Typed: "type " + addr + " : classid", Interval: true},
			{Name: "portranges", Key: []nft.Type{nft.Mark, nft.Class, nft.Proto, nft.Port}, Typed: "type mark . classid . inet_proto . inet_service", Interval: true, Counted: true},
			{Name: "sources", Key: []nft.Type{nft.Addr, nft.Addr, nft.Port}, Data: []nft.Type{nft.Mark}, Typed: "type " + addr + " . " + addr + " . inet_service : mark", Interval: true},
			{Name: "clients", Key: []nft.Type{nft.Addr, nft.Mark}, Data: []nft.Type{nft.Mark}, Typed: "type " + addr + " . mark : mark", Dynamic: true, Timeout: 10800},
		}, Chains: []*nft.Chain{
			{Name: "input", Hook: "type filter hook input priority 0; policy accept;", Rules: []nft.Rule{
				{Text: "meta mark set 0x01020304"},
				{Text: "meta priority set " + ip + " saddr map @classes"},
				{Text: "meta mark . meta priority . meta l4proto . th dport @allow accept", Comment: "exact ports"},
				{Text: "meta mark . meta priority . meta l4proto . th dport @portranges accept", Comment: "port ranges"},
				{Text: ip + " daddr @ranges accept"},
			}},
			{Name: "unused", Rules: []nft.Rule{
				{Text: "dnat " + ip + " to meta mark . numgen random mod 3 map @slots map @endpoints"},
			}},
		}}
		t.Chains = t.Chains[:1]
		k.program.Tables = append(k.program.Tables, t)
		k.add(t, "hash", nft.Element{Key: fields(a(1))}, nft.Element{Key: fields(a(2)), Comment: "Service/app/http"})
		k.add(t, "protos", nft.Element{Key: fields(tcp)}, nft.Element{Key: fields(uint8(132)), Comment: "sctp by number"})
		k.add(t, "ports", nft.Element{Key: fields(uint16(80)), Data: fields(uint16(8080))}, nft.Element{Key: fields(uint16(65535)), Data: fields(uint16(1)), Comment: "last"})
		k.add(t, "fronts",
			nft.Element{Key: fields(a(10), tcp, uint16(80)), Data: fields(0x00010002), Comment: "Service/app/http"},
			nft.Element{Key: fields(a(10), udp, uint16(53)), Data: fields(7)})
		k.add(t, "slots", nft.Element{Key: fields(7, 0), Data: fields(0x01000001)}, nft.Element{Key: fields(7, 258), Data: fields(0x01000002)})
		k.add(t, "endpoints", nft.Element{Key: fields(0x01000001), Data: fields(a(300), uint16(8080)), Comment: "Pod/app/http-0"})
		k.add(t, "classes", nft.Element{Key: fields(a(300)), Data: fields(0x00020003)})
		k.add(t, "allow", nft.Element{Key: fields(0x01020304, 0x00020003, tcp, uint16(80)), Comment: "NetworkPolicy/app/allow-http#0"})
		k.add(t, "ranges",
			nft.Element{Key: fields(zero), End: fields(zero)},
			nft.Element{Key: fields(a(0)), End: fields(a(255)), Comment: "one"},
			nft.Element{Key: fields(a(256)), End: fields(a(256)), Comment: "its neighbour"},
			nft.Element{Key: fields(a(258)), End: fields(last), Comment: "up to the top"})
		k.add(t, "zones",
			nft.Element{Key: fields(a(0)), End: fields(a(255)), Data: fields(0x00010001)},
			nft.Element{Key: fields(a(256)), End: fields(a(300)), Data: fields(0x00010002), Comment: "a neighbour"})
		k.add(t, "portranges",
			nft.Element{Key: fields(0x01020304, 0x00020003, udp, uint16(8000)), End: fields(0x01020304, 0x00020003, udp, uint16(8999)), Comment: "NetworkPolicy/app/allow-range#1"},
			nft.Element{Key: fields(0x01020304, 0x00020004, udp, uint16(0)), End: fields(0x01020304, 0x00020004, udp, uint16(65535))})
		k.add(t, "sources",
			nft.Element{Key: fields(a(0), a(512), uint16(80)), End: fields(a(255), a(512), uint16(80)), Data: fields(3)},
			nft.Element{Key: fields(a(0), a(513), uint16(0)), End: fields(a(255), a(515), uint16(65535)), Data: fields(4), Comment: "every port"})
	}
	return k
}
