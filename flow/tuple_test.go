package flow

import (
	"net/netip"
	"testing"
)

// "Supports TCP, UDP, and SCTP" (API, ServicePort.protocol).
func TestParseProtocol(t *testing.T) {
	for s, want := range map[string]Protocol{
		"TCP": TCP, "UDP": UDP, "SCTP": SCTP, "tcp": TCP, "Udp": UDP, "sctp": SCTP,
	} {
		got, err := ParseProtocol(s)
		if err != nil || got != want {
			t.Errorf("ParseProtocol(%q) = %v, %v, want %v", s, got, err, want)
		}
		if back, err := ParseProtocol(got.String()); err != nil || back != want {
			t.Errorf("%q does not come back: %v, %v", got, back, err)
		}
	}
	for _, s := range []string{"", "ICMP", "6", "tcp ", "tcp/udp"} {
		if got, err := ParseProtocol(s); err == nil {
			t.Errorf("ParseProtocol(%q) = %v without an error", s, got)
		}
	}
}

// NAT yields a new tuple and leaves the old one alone; the source port stays
// ephemeral.
func TestTupleNAT(t *testing.T) {
	before := Tuple{
		Protocol: TCP,
		Src:      netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), 0),
		Dst:      netip.MustParseAddrPort("198.51.100.17:22"),
	}
	after := before.WithDst(netip.MustParseAddrPort("10.244.2.10:2222")).WithSrc(netip.MustParseAddr("10.0.0.12"))
	for _, tt := range []struct{ got, want string }{
		{before.String(), "203.0.113.10 > 198.51.100.17:22/tcp"},
		{after.String(), "10.0.0.12 > 10.244.2.10:2222/tcp"},
		{Tuple{Protocol: UDP, Dst: netip.MustParseAddrPort("[2001:db8::1]:53")}.String(), "? > [2001:db8::1]:53/udp"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	if after.Src.Port() != 0 {
		t.Errorf("source port %d after masquerade, want the ephemeral 0", after.Src.Port())
	}
}

func TestEndpointString(t *testing.T) {
	addr := netip.MustParseAddrPort("10.0.0.1:80")
	for _, tt := range []struct {
		name string
		e    Endpoint
		want string
	}{
		{"a pod by its name", Endpoint{Pod: Object{"Pod", "test", "ssh-0"}, Addr: addr}, "test/ssh-0"},
		{"else the address", Endpoint{Addr: addr}, "10.0.0.1:80"},
		{"else nothing", Endpoint{}, ""},
	} {
		if got := tt.e.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
