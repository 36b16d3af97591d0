package apimachinery

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
)

// TestBlocks compares IPBlock.Contains with net.IPNet, both families mixed.
func TestBlocks(t *testing.T) {
	inside := 0
	for seed := range uint64(50000) {
		g := generator{rand.New(rand.NewPCG(seed, 4))}
		b := cluster.IPBlock{CIDR: g.prefix()}
		for range g.IntN(3) {
			b.Except = append(b.Except, g.prefix())
		}
		a := g.addr()
		want := contains(t, b.CIDR, a)
		for _, e := range b.Except {
			want = want && !contains(t, e, a)
		}
		if got := b.Contains(a); got != want {
			t.Fatalf("seed %d: %v contains %v: ours %v, net %v", seed, b, a, got, want)
		}
		if want {
			inside++
		}
	}
	if inside < 2000 {
		t.Errorf("only %d of 50,000 inside: the generator tests too little", inside)
	}
}

func contains(t *testing.T, p netip.Prefix, a netip.Addr) bool {
	t.Helper()
	_, n, err := net.ParseCIDR(p.String())
	if err != nil {
		t.Fatal(err)
	}
	return n.Contains(net.IP(a.AsSlice()))
}

// addr differs from others in few bits, so that short and long prefixes hit.
func (g generator) addr() netip.Addr {
	last := byte(g.IntN(256))
	if g.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte{10, byte(g.IntN(2)), byte(g.IntN(4)), last})
	}
	return netip.AddrFrom16([16]byte{0: 0xfd, 8: byte(g.IntN(2)), 14: byte(g.IntN(4)), 15: last})
}

func (g generator) prefix() netip.Prefix {
	a := g.addr()
	return netip.PrefixFrom(a, []int{0, 8, 15, 22, 24, 26, 31, 32}[g.IntN(8)]*a.BitLen()/32)
}
