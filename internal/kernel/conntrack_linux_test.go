package kernel

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/nft"
)

// TestForget: a connection is new once, and once more after Forget.
func TestForget(t *testing.T) {
	h := open(t)
	const rule = `table ip portolan {
	chain new {
		type filter hook output priority filter; policy accept;
		udp dport 9 ct mark 0 ct mark set 1 log group 9
	}
}
`
	if err := h.Apply(nft.Change{Before: rule}); err != nil {
		t.Fatal(err)
	}
	drops, err := h.Drops(9)
	if err != nil {
		t.Fatal(err)
	}
	defer drops.Close()
	lo := loopback(nft.IPv4)
	send := func(want int, when string) {
		t.Helper()
		sendUDP(t, netip.AddrPortFrom(lo, 5000), netip.AddrPortFrom(lo, 9))
		seen, err := drops.Pending()
		if err != nil || len(seen) != want {
			t.Errorf("%s: %d new connections, want %d; %v", when, len(seen), want, err)
		}
	}
	send(1, "at first")
	send(0, "again")
	if err := h.Forget(); err != nil {
		t.Fatal(err)
	}
	send(1, "after Forget")
}
