package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/nft"
)

// ipv4 is a header with options, or anything, of n bytes.
func ipv4(protocol byte, fragment uint16, options int) []byte {
	b := make([]byte, 20+options)
	b[0] = 4<<4 | byte(len(b)/4)
	binary.BigEndian.PutUint16(b[6:], fragment)
	b[9] = protocol
	copy(b[12:], []byte{203, 0, 113, 10, 198, 51, 100, 17})
	return b
}

func ipv6(protocol byte) []byte {
	b := make([]byte, 40)
	b[0], b[6] = 6<<4, protocol
	copy(b[8:], netip.MustParseAddr("2001:db8::10").AsSlice())
	copy(b[24:], netip.MustParseAddr("2001:db8::17").AsSlice())
	return b
}

// header is an IPv6 extension header of 8 bytes and more: the next protocol, its
// length in the header's own units, the rest.
func header(next, length byte, rest ...byte) []byte {
	return append([]byte{next, length}, rest...)
}

// TestPacket reads packets whose bytes are written by hand from the RFCs.
func TestPacket(t *testing.T) {
	const from, to = 40000, 22
	ports := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, from), to)
	four := func(p flow.Protocol, src, dst uint16) flow.Tuple {
		return flow.Tuple{Protocol: p, Src: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), src), Dst: netip.AddrPortFrom(netip.MustParseAddr("198.51.100.17"), dst)}
	}
	six := func(p flow.Protocol, src, dst uint16) flow.Tuple {
		return flow.Tuple{Protocol: p, Src: netip.AddrPortFrom(netip.MustParseAddr("2001:db8::10"), src), Dst: netip.AddrPortFrom(netip.MustParseAddr("2001:db8::17"), dst)}
	}
	six8 := make([]byte, 6)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	const none = flow.ProtocolUnknown
	for _, c := range []struct {
		name  string
		bytes []byte
		want  Packet
	}{
		{"tcp", join(ipv4(6, 0, 0), ports), Packet{Tuple: four(flow.TCP, from, to), Protocol: 6}},
		{"don't fragment", join(ipv4(17, 0x4000, 0), ports), Packet{Tuple: four(flow.UDP, from, to), Protocol: 17}},
		{"options", join(ipv4(132, 0, 40), ports), Packet{Tuple: four(flow.SCTP, from, to), Protocol: 132}},
		{"first fragment", join(ipv4(17, 0x2000, 0), ports), Packet{Tuple: four(flow.UDP, from, to), Protocol: 17}},
		{"later fragment", join(ipv4(17, 0x2001, 0), ports), Packet{Tuple: four(flow.UDP, 0, 0), Protocol: 17, Fragment: true}},
		{"cut before the ports", join(ipv4(6, 0, 0), ports[:3]), Packet{Tuple: four(flow.TCP, 0, 0), Protocol: 6}},
		{"cut in the options", ipv4(6, 0, 40)[:30], Packet{Tuple: four(flow.TCP, 0, 0), Protocol: 6}},
		{"icmp", join(ipv4(1, 0, 0), []byte{3, 13, 0, 0}), Packet{Tuple: four(none, 0, 0), Protocol: 1, Type: 3, Code: 13}},
		{"gre", join(ipv4(47, 0, 0), ports), Packet{Tuple: four(none, 0, 0), Protocol: 47}},
		{"tcp over IPv6", join(ipv6(6), ports), Packet{Tuple: six(flow.TCP, from, to), Protocol: 6}},
		{"icmpv6", join(ipv6(58), []byte{1, 4, 0, 0}), Packet{Tuple: six(none, 0, 0), Protocol: 58, Type: 1, Code: 4}},
		{"hop by hop, routing of 16 bytes, options", join(ipv6(0), header(43, 0, six8...), header(60, 1, append(six8, 0, 0, 0, 0, 0, 0, 0, 0)...), header(17, 0, six8...), ports), Packet{Tuple: six(flow.UDP, from, to), Protocol: 17}},
		{"authentication of 24 bytes", join(ipv6(51), header(6, 4, make([]byte, 22)...), ports), Packet{Tuple: six(flow.TCP, from, to), Protocol: 6}},
		{"first fragment over IPv6", join(ipv6(44), header(17, 0, 0, 1, 0, 0, 0, 1), ports), Packet{Tuple: six(flow.UDP, from, to), Protocol: 17}},
		{"later fragment over IPv6", join(ipv6(44), header(17, 0, 0, 8, 0, 0, 0, 1), ports), Packet{Tuple: six(flow.UDP, 0, 0), Protocol: 17, Fragment: true}},
		{"later fragment of what has extension headers", join(ipv6(44), header(60, 0, 0, 8, 0, 0, 0, 1), header(17, 0, six8...), ports), Packet{Tuple: six(none, 0, 0), Protocol: 60, Fragment: true}},
		{"encrypted", join(ipv6(50), ports), Packet{Tuple: six(none, 0, 0), Protocol: 50}},
		{"cut in an extension header", join(ipv6(0), header(17, 0)), Packet{Tuple: six(none, 0, 0), Protocol: 0}},
		{"an extension header longer than what is there", join(ipv6(0), header(17, 200, six8...), ports), Packet{Tuple: six(flow.UDP, 0, 0), Protocol: 17}},
	} {
		if got, ok := readPacket(c.bytes); !ok || got != c.want {
			t.Errorf("%s: got %+v, %t\nwant %+v", c.name, got, ok, c.want)
		}
	}
	for _, bad := range [][]byte{nil, ipv4(6, 0, 0)[:19], ipv6(6)[:39], {0x44, 19: 0}, bytes.Repeat([]byte{0x50}, 60)} {
		if got, ok := readPacket(bad); ok {
			t.Errorf("% x is %+v", bad, got)
		}
	}
}

// TestHeaders: where a trace has cut IPv6's extension headers away, nothing is
// taken for ports that is none.
func TestHeaders(t *testing.T) {
	transport := []byte{0x9c, 0x40, 0, 22, 0, 0, 0, 0}
	if p, ok := readHeaders(ipv6(6), transport); !ok || p.Tuple.Dst.Port() != 22 {
		t.Errorf("%+v, %t", p, ok)
	}
	if p, ok := readHeaders(ipv6(0), transport); !ok || p.Tuple.Dst.Port() != 0 || p.Protocol != 0 {
		t.Errorf("%+v, %t", p, ok)
	}
	if p, ok := readHeaders(nil, transport); ok {
		t.Errorf("without an IP header: %+v", p)
	}
}

// FuzzPacket: whatever is logged, reading it ends, and what is read of a part is
// what is read of the whole, or nothing.
func FuzzPacket(f *testing.F) {
	f.Add(append(ipv4(6, 0, 4), 1, 2, 3, 4), 22)
	f.Add(append(append(ipv6(0), header(17, 0, 0, 0, 0, 0, 0, 0)...), 1, 2, 3, 4), 48)
	f.Add(append(append(ipv6(44), header(6, 0, 0, 1, 0, 0, 0, 0)...), 1, 2, 3, 4), 51)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole, ok := readPacket(b)
		part, some := readPacket(b[:max(0, min(cut, len(b)))])
		if some && !ok {
			t.Fatalf("a part is a packet, the whole is not")
		}
		if ok && (!whole.Tuple.Src.IsValid() || !whole.Tuple.Dst.IsValid()) {
			t.Errorf("%+v has no addresses", whole)
		}
		if some && (part.Tuple.Src.Addr() != whole.Tuple.Src.Addr() || part.Tuple.Dst.Addr() != whole.Tuple.Dst.Addr()) {
			t.Errorf("a part says %v, the whole %v", part.Tuple, whole.Tuple)
		}
		if ports := part.Tuple.Dst.Port(); some && ports != 0 && part != whole {
			t.Errorf("a part has ports: %+v, the whole says %+v", part, whole)
		}
		if (whole.Fragment || whole.Tuple.Protocol == flow.ProtocolUnknown) && (whole.Tuple.Src.Port() != 0 || whole.Tuple.Dst.Port() != 0) {
			t.Errorf("%+v cannot have ports", whole)
		}
	})
}

// FuzzMessages: no message makes a reader panic, loop, or read what is not in it.
func FuzzMessages(f *testing.F) {
	log, at := openMessage(nil, msgLogPacket, 0, 0, protoIPv4, 0)
	log = appendString(log, logPrefix, "I|group 7")
	log = padded(append(attrHeader(log, logHeader, 4), 8, 0, 1, 0))
	log = padded(append(attrHeader(log, logPayload, 20), ipv4(6, 0, 0)...))
	closeMessage(log, at)
	f.Add(log)
	event, at := openMessage(nil, msgTrace, 0, 0, protoIPv4, 0)
	event = appendString(event, traceChain, "input")
	event = appendUint32(event, traceType, 3)
	event, inner := openAttr(event, traceVerdict)
	event = appendString(appendUint32(event, verdictCode, 1<<32-3), verdictChain, "judge")
	closeAttr(event, inner)
	closeMessage(event, at)
	f.Add(event)
	var b batch
	_, err := b.fill(everyKind().ops, 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.buf)
	f.Fuzz(func(t *testing.T, b []byte) {
		read := 0
		for m := range messages(b) {
			read += headerSize + len(m.data)
			l := readLog(&m)
			e, _, _ := readEvent(&m)
			r := readRule(&m)
			refused, _ := readRefusal(&m)
			words := []string{l.Prefix, e.Table, e.Chain, e.Verdict.Chain, e.Verdict.String(), l.Hook.String(), r.Table, r.Chain, r.Comment, refused.detail}
			for _, data := range m.attrs() {
				row := readElement(data).row
				words = append(words, row.Comment, comment(data))
			}
			for _, w := range words {
				if strings.Contains(w, "\x00") || len(w) > len(b)+32 {
					t.Errorf("%q is no text of %d bytes", w, len(b))
				}
			}
		}
		if read > len(b) {
			t.Errorf("read %d bytes of %d", read, len(b))
		}
	})
}

// decode reads a batch of adds back into rows by set, without a kernel.
func decode(t testing.TB, b []byte, s *nft.Set, f nft.Family) []Row {
	t.Helper()
	var found []stored
	for m := range messages(b) {
		for kind, data := range m.attrs() {
			if m.kind == msgNewSetElem && kind == listElements {
				for _, e := range attrs(data) {
					found = append(found, readElement(e))
				}
			}
		}
	}
	all, err := rows(found, s, f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// FuzzElement: a row that was written is read as it was.
func FuzzElement(f *testing.F) {
	f.Add([]byte{1, 2, 3}, []byte{4}, []byte("\x0a\x60\x00\x0a\x06\x00\x00\x00\x00\x50\x00\x00\x00\x00\x00\x07"), "Service/app/http", false, false)
	f.Add([]byte{1}, []byte{}, bytes.Repeat([]byte{0xff}, 64), "", true, true)
	f.Add([]byte{4, 5, 2, 3}, []byte{}, bytes.Repeat([]byte{0x12, 0x34}, 32), "x", true, false)
	f.Fuzz(func(t *testing.T, key, data, raw []byte, remark string, interval, six bool) {
		family := nft.IPv4
		if six {
			family = nft.IPv6
		}
		take := func(kinds []byte, raw *[]byte) (types []nft.Type, value string) {
			for _, k := range kinds[:min(len(kinds), 4)] {
				ty := nft.Type(k%6) + 1
				b := make([]byte, ty.Size(family))
				n := copy(b[:ty.Width(family)], *raw)
				*raw = (*raw)[n:]
				types, value = append(types, ty), value+string(b)
			}
			return types, value
		}
		s := &nft.Set{Name: "fuzzed", Interval: interval}
		e := &nft.Element{Comment: remark}
		s.Key, e.Key = take(key, &raw)
		s.Data, e.Data = take(data, &raw)
		if len(s.Key) == 0 || len(remark) > maxComment || strings.Contains(remark, "\x00") {
			return
		}
		if interval {
			_, e.End = take(key, &raw)
			if e.End < e.Key {
				e.Key, e.End = e.End, e.Key
			}
		}
		var b batch
		rest, err := b.fill([]nft.Op{{Family: family, Set: s, Element: e}}, 1<<16)
		if err != nil || len(rest) != 0 {
			t.Fatal(rest, err)
		}
		got := decode(t, b.buf, s, family)
		if want := (Row{Key: e.Key, End: e.End, Data: e.Data, Comment: e.Comment}); len(got) != 1 || got[0] != want {
			t.Errorf("got  %#v\nwant %#v", got, want)
		}
	})
}

// TestRefusal reads the kernel's answers, whole and cut.
func TestRefusal(t *testing.T) {
	answer := func(flags uint16, code int32, original int, tlvs ...byte) message {
		b := binary.NativeEndian.AppendUint32(nil, uint32(code))
		b = binary.NativeEndian.AppendUint32(b, uint32(original))
		b = append(b, 0, 0, 0, 0)
		b = binary.NativeEndian.AppendUint32(b, 42)
		b = append(b, 0, 0, 0, 0)
		if flags&nlmCapped == 0 {
			b = append(b, make([]byte, original-headerSize)...)
		}
		return message{kind: nlmsgError, flags: flags, data: append(b, tlvs...)}
	}
	offset := binary.NativeEndian.AppendUint32(attrHeader(nil, nlmsgErrAttrOffs, 4), 120)
	remark := appendString(nil, nlmsgErrAttrMsg, "why")
	both := append(bytes.Clone(remark), offset...)
	for _, c := range []struct {
		m    message
		want refusal
	}{
		{answer(nlmCapped, 0, 400), refusal{seq: 42}},
		{answer(nlmCapped|nlmAckTLVs, 0, 400, both...), refusal{seq: 42, detail: "why", offset: 120}},
		{answer(nlmAckTLVs, 0, 400, both...), refusal{seq: 42, detail: "why", offset: 120}},
		{answer(nlmAckTLVs, 0, 16, offset...), refusal{seq: 42, offset: 120}},
	} {
		if got, ok := readRefusal(&c.m); !ok || got != c.want {
			t.Errorf("got %+v, %t, want %+v", got, ok, c.want)
		}
	}
	exists := answer(nlmCapped, -17, 400)
	if got, ok := readRefusal(&exists); !ok || got.err == nil || got.err.Error() != "file exists" {
		t.Errorf("%+v, %t", got, ok)
	}
	cut := message{kind: nlmsgError, data: make([]byte, 19)}
	if got, ok := readRefusal(&cut); ok {
		t.Errorf("%+v of a cut answer", got)
	}
}

// TestNames: what a refusal is about, without the kernel's help in finding it.
func TestNames(t *testing.T) {
	k := everyKind()
	var b batch
	if _, err := b.fill(k.ops, 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		r    refusal
		want string
	}{
		{refusal{seq: beginSeq}, "commit 46 element operations: file exists"},
		{refusal{seq: beginSeq, detail: "no"}, "commit 46 element operations: file exists (no)"},
		{refusal{seq: beginSeq + 1}, "add element ip portolan hash { 10.96.0.1 }, or one of those behind it: file exists"},
		{refusal{seq: beginSeq + 6, detail: "no"}, `add element ip portolan endpoints { 0x01000001 comment "Pod/app/http-0" : 10.96.1.44 . 8080 }: file exists (no)`},
		{refusal{seq: 1000}, "commit 46 element operations: file exists"},
	} {
		c.r.err = errExists{}
		if got := b.refused(&c.r).Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

type errExists struct{}

func (errExists) Error() string { return "file exists" }

// TestComplaint: nft's words with our line, or its words alone.
func TestComplaint(t *testing.T) {
	for _, c := range []struct{ printed, want string }{
		{"/dev/stdin:2:1-3: Error: no\n  b\n  ^\n/dev/stdin:1:1-3: Error: later\n", "line 2: no\n\tb"},
		{"-:2:1-3: Error: no\n", "line 2: no\n\tb"},
		{"/dev/stdin:9:1-3: Error: no\n", "9:1-3: no"},
		{"netlink: Error: cache initialization failed: Operation not permitted\n", "netlink: cache initialization failed: Operation not permitted"},
		{"anything\n", "anything"},
		{"", ""},
	} {
		if got := complaint(c.printed, "a\n\tb\nc\n"); got != c.want {
			t.Errorf("%q: got %q, want %q", c.printed, got, c.want)
		}
	}
}

// TestOutcome: a batch went well if its last message was acknowledged and nothing
// was lost; an error that was read is told before any doubt.
func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		failed             error
		acknowledged, lost bool
		want               error
	}{
		{nil, true, false, nil},
		{nil, false, false, errNothing},
		{nil, true, true, errOverrun},
		{errExists{}, true, true, errExists{}},
	} {
		if got := outcome(c.failed, c.acknowledged, c.lost); !errors.Is(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestTwice: a list that names a key twice is of a table that moved; a range that
// begins where another ends is none.
func TestTwice(t *testing.T) {
	end, begin := stored{row: Row{Key: "b"}, endMark: true}, stored{row: Row{Key: "b"}}
	if twice([]stored{{row: Row{Key: "a"}}, end, begin, {row: Row{Key: "b", End: "c"}}}) {
		t.Error("four elements are taken for three")
	}
	if !twice([]stored{{row: Row{Key: "a"}}, begin, begin}) {
		t.Error("a key that is listed twice is not noticed")
	}
}

// TestJoin: a rule has the text of the program only where it is that program's.
func TestJoin(t *testing.T) {
	p := &nft.Program{Tables: []*nft.Table{{Family: nft.IPv6, Chains: []*nft.Chain{
		{Name: "input", Rules: []nft.Rule{{Text: "accept", Comment: "all"}, {Text: "drop"}}},
	}}}}
	rules := []Rule{
		{Family: protoIPv6, Table: nft.TableName, Chain: "input", Handle: 4, Comment: "all"},
		{Family: protoIPv6, Table: nft.TableName, Chain: "input", Handle: 5, Index: 1},
		{Family: protoIPv6, Table: nft.TableName, Chain: "input", Handle: 6, Index: 1, Comment: "another"},
		{Family: protoIPv6, Table: nft.TableName, Chain: "input", Handle: 7, Index: 2},
		{Family: protoIPv6, Table: nft.TableName, Chain: "output", Handle: 8},
		{Family: protoIPv6, Table: "other", Chain: "input", Handle: 4, Comment: "all"},
		{Family: protoIPv4, Table: nft.TableName, Chain: "input", Handle: 4, Comment: "all"},
	}
	want := []string{"accept", "drop", "", "", "", "", ""}
	var events []Event
	for _, r := range rules {
		events = append(events, Event{Family: r.Family, Table: r.Table, Handle: r.Handle})
	}
	Join(events, rules, p)
	for i := range events {
		if events[i].Rule != &rules[i] || rules[i].Text != want[i] {
			t.Errorf("%+v: rule %+v, want text %q", rules[i], events[i].Rule, want[i])
		}
	}
	Join(events, rules, nil)
	if rules[0].Text != "" {
		t.Errorf("without a program: %q", rules[0].Text)
	}
	unknown := []Event{{Family: protoIPv6, Table: nft.TableName, Handle: 9}}
	Join(unknown, rules, p)
	if unknown[0].Rule != nil {
		t.Errorf("a handle of no rule: %+v", unknown[0].Rule)
	}
}

// TestCut: a message or an attribute that is longer than what is there is none.
func TestCut(t *testing.T) {
	b, at := openMessage(nil, msgNewRule, 0, 0, protoIPv4, 0)
	b = appendString(b, ruleChain, "input")
	closeMessage(b, at)
	for cut := range len(b) {
		for m := range messages(b[:cut:cut]) {
			t.Errorf("%d bytes of %d are %+v", cut, len(b), m)
		}
	}
	for m := range messages(b) {
		if r := readRule(&m); r.Chain != "input" {
			t.Errorf("%+v", r)
		}
		for cut := genSize; cut < len("input")+1+4; cut++ {
			for kind := range attrs(m.data[genSize : genSize+cut : genSize+cut]) {
				t.Errorf("%d bytes are an attribute of kind %d", cut, kind)
			}
		}
	}
}
