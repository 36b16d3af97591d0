package cluster

import (
	"net/netip"
	"testing"
)

// The longest range that holds an address is found in both families, whatever
// lengths are in use; an IPv4 address in IPv6 is in no IPv4 range.
func TestPrefixes(t *testing.T) {
	var s Prefixes
	if got := s.Longest(netip.MustParseAddr("10.0.0.1")); got != 0 {
		t.Errorf("in nothing: %d", got)
	}
	all := []string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "128.0.0.0/1", "::/0", "2001:db8::/32", "2001:db8::1/128"}
	for _, p := range all {
		s.Add(netip.MustParsePrefix(p))
	}
	s.Add(netip.MustParsePrefix("10.1.9.9/16")) // known
	for addr, want := range map[string]string{
		"1.2.3.4": "0.0.0.0/0", "10.9.9.9": "10.0.0.0/8", "10.1.255.255": "10.1.0.0/16", "10.1.2.3": "10.1.2.3/32", "255.255.255.255": "128.0.0.0/1",
		"::1": "::/0", "2001:db8::2": "2001:db8::/32", "2001:db8::1": "2001:db8::1/128", "::ffff:10.1.2.3": "::/0",
	} {
		if got := s.Longest(netip.MustParseAddr(addr)); got == 0 || all[got-1] != want {
			t.Errorf("%s is in range %d, want %s", addr, got, want)
		}
	}
	if got := len(s.All()); got != len(all) {
		t.Errorf("%d ranges, want %d", got, len(all))
	}
}
