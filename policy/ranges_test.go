package policy

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
)

func block(cidr string, except ...string) *cluster.IPBlock {
	b := &cluster.IPBlock{CIDR: netip.MustParsePrefix(cidr)}
	for _, e := range except {
		b.Except = append(b.Except, netip.MustParsePrefix(e))
	}
	return b
}

func rangesText(rs []Range) string {
	var words []string
	for _, r := range rs {
		words = append(words, r.String())
	}
	return strings.Join(words, " ")
}

func TestBlockRanges(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   *cluster.IPBlock
		want string
	}{
		// concepts/services-networking/network-policies: "IP addresses in the
		// ranges 172.17.0.0-172.17.0.255 and 172.17.2.0-172.17.255.255".
		{"documentation", block("172.17.0.0/16", "172.17.1.0/24"), "172.17.0.0-172.17.0.255 172.17.2.0-172.17.255.255"},
		{"no except", block("10.0.0.0/24"), "10.0.0.0-10.0.0.255"},
		{"one address", block("10.0.0.7/32"), "10.0.0.7"},
		{"everything", block("0.0.0.0/0"), "0.0.0.0-255.255.255.255"},
		{"the internet", block("0.0.0.0/0", "192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12"), "0.0.0.0-9.255.255.255 11.0.0.0-172.15.255.255 172.32.0.0-192.167.255.255 192.169.0.0-255.255.255.255"},
		{"at the front", block("10.0.0.0/24", "10.0.0.0/25"), "10.0.0.128-10.0.0.255"},
		{"at the end", block("10.0.0.0/24", "10.0.0.128/25"), "10.0.0.0-10.0.0.127"},
		{"the end of all", block("255.255.255.0/24", "255.255.255.255/32"), "255.255.255.0-255.255.255.254"},
		{"all of it", block("10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25"), ""},
		{"nested", block("10.0.0.0/24", "10.0.0.64/26", "10.0.0.80/28"), "10.0.0.0-10.0.0.63 10.0.0.128-10.0.0.255"},
		{"nested, the inner one first", block("10.0.0.0/24", "10.0.0.80/28", "10.0.0.64/26"), "10.0.0.0-10.0.0.63 10.0.0.128-10.0.0.255"},
		{"adjacent", block("10.0.0.0/24", "10.0.0.64/27", "10.0.0.96/27"), "10.0.0.0-10.0.0.63 10.0.0.128-10.0.0.255"},
		{"twice the same", block("10.0.0.0/30", "10.0.0.1/32", "10.0.0.1/32"), "10.0.0.0 10.0.0.2-10.0.0.3"},
		{"single addresses", block("10.0.0.0/30", "10.0.0.1/32", "10.0.0.3/32"), "10.0.0.0 10.0.0.2"},
		{"wider than the block", block("10.0.0.0/24", "10.0.0.0/16"), ""},
		{"elsewhere", block("10.0.0.0/24", "10.1.0.0/24"), "10.0.0.0-10.0.0.255"},
		{"other family", block("10.0.0.0/24", "::/0"), "10.0.0.0-10.0.0.255"},
		{"IPv6", block("2001:db8::/32", "2001:db8:1::/48"), "2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff 2001:db8:2::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"all of IPv6", block("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"},
		{"odd prefix", block("10.0.0.0/13"), "10.0.0.0-10.7.255.255"},
		{"host bits", block("10.0.0.77/24"), "10.0.0.0-10.0.0.255"},
		{"no block", &cluster.IPBlock{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rangesText(BlockRanges(tt.in)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestMergeRanges(t *testing.T) {
	all := func(texts ...string) []Range {
		var rs []Range
		for _, s := range texts {
			rs = append(rs, RangeOf(netip.MustParsePrefix(s)))
		}
		return rs
	}
	for _, tt := range []struct {
		name string
		in   []Range
		want string
	}{
		{"none", nil, ""},
		{"apart", all("10.0.2.0/24", "10.0.0.0/24"), "10.0.0.0-10.0.0.255 10.0.2.0-10.0.2.255"},
		{"adjacent", all("10.0.1.0/24", "10.0.0.0/24"), "10.0.0.0-10.0.1.255"},
		{"inside", all("10.0.0.0/8", "10.0.1.0/24"), "10.0.0.0-10.255.255.255"},
		{"families", all("::/0", "0.0.0.0/0"), "0.0.0.0-255.255.255.255 ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"the last address", all("255.255.255.255/32", "0.0.0.0/32"), "0.0.0.0 255.255.255.255"},
	} {
		if got := rangesText(MergeRanges(tt.in)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	in := all("10.0.1.0/24", "10.0.0.0/24")
	if MergeRanges(in); in[0].First != netip.MustParseAddr("10.0.1.0") {
		t.Error("MergeRanges changed its argument")
	}
}

// smallBlock is a block of a /24 or /120 from bytes, so that every address of
// it and around it can be tried.
func smallBlock(v6 bool, bytes []byte) *cluster.IPBlock {
	base, bits := netip.MustParseAddr("10.0.5.0"), 24
	if v6 {
		base, bits = netip.MustParseAddr("2001:db8::500"), 120
	}
	b := &cluster.IPBlock{CIDR: netip.PrefixFrom(base, bits)}
	for ; len(bytes) >= 2; bytes = bytes[2:] {
		a := base.AsSlice()
		a[len(a)-1] = bytes[0]
		addr, _ := netip.AddrFromSlice(a)
		b.Except = append(b.Except, netip.PrefixFrom(addr, bits+int(bytes[1]%9)).Masked())
	}
	return b
}

// checkRanges holds BlockRanges to IPBlock.Contains, address by address, and to
// its form: in order, apart, not empty, of one family.
func checkRanges(t *testing.T, b *cluster.IPBlock) {
	t.Helper()
	rs := BlockRanges(b)
	for i, r := range rs {
		if r.Last.Less(r.First) || r.First.BitLen() != b.CIDR.Addr().BitLen() {
			t.Fatalf("%v except %v: range %v", b.CIDR, b.Except, r)
		}
		if i > 0 && (!rs[i-1].Last.Less(r.First) || rs[i-1].Last.Next() == r.First) {
			t.Fatalf("%v except %v: %v and %v are one range", b.CIDR, b.Except, rs[i-1], r)
		}
	}
	whole := RangeOf(b.CIDR)
	for a := whole.First.Prev(); ; a = a.Next() {
		in := slices.ContainsFunc(rs, func(r Range) bool { return r.Contains(a) })
		if in != b.Contains(a) {
			t.Fatalf("%v except %v: %v in ranges %s: %v, in the block: %v", b.CIDR, b.Except, a, rangesText(rs), in, b.Contains(a))
		}
		if whole.Last.Less(a) {
			return
		}
	}
}

func TestBlockRangesAreTheBlock(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 2000 {
		bytes := make([]byte, 2*r.IntN(6))
		for i := range bytes {
			bytes[i] = byte(r.UintN(256))
		}
		checkRanges(t, smallBlock(r.IntN(2) == 0, bytes))
	}
}

// The union of ranges holds what one of them holds, and nothing else.
func TestMergeRangesIsTheUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	at := func(n uint32) netip.Addr {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], n)
		return netip.AddrFrom4(b)
	}
	for range 2000 {
		var rs []Range
		for range r.IntN(6) {
			first := r.Uint32N(60)
			rs = append(rs, Range{at(first), at(first + r.Uint32N(12))})
		}
		merged := MergeRanges(rs)
		for n := range uint32(80) {
			has := func(x Range) bool { return x.Contains(at(n)) }
			if slices.ContainsFunc(rs, has) != slices.ContainsFunc(merged, has) {
				t.Fatalf("%s merged to %s differ at %v", rangesText(rs), rangesText(merged), at(n))
			}
		}
		for i := 1; i < len(merged); i++ {
			if merged[i-1].Last.Next().Compare(merged[i].First) >= 0 {
				t.Fatalf("%s are not apart", rangesText(merged))
			}
		}
	}
}

func FuzzBlockRanges(f *testing.F) {
	f.Add(false, []byte{0, 1, 128, 1})
	f.Add(true, []byte{64, 2, 80, 4})
	f.Add(false, []byte{255, 8, 0, 8, 7, 0})
	f.Fuzz(func(t *testing.T, v6 bool, bytes []byte) {
		checkRanges(t, smallBlock(v6, bytes[:min(len(bytes), 16)]))
	})
}
