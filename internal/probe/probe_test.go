//go:build linux

package probe

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// serve starts servers that end with the test.
func serve(t testing.TB) *Servers {
	t.Helper()
	s, err := NewServers()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *Servers) mustListen(t testing.TB, place Place, name string, at ...Listener) *Server {
	t.Helper()
	v, err := s.Listen(place, name, at...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestConnected: over a veth, both protocols and families, the answer names the
// server and the source it saw.
func TestConnected(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	const name = "pod/app/ssh-0 \"x\"\n\u4e2d"
	s.mustListen(t, b, name,
		Listener{flow.TCP, netip.AddrPortFrom(netip.Addr{}, 80)},
		Listener{flow.UDP, netip.AddrPortFrom(netip.Addr{}, 80)},
		Listener{flow.TCP, addr("10.0.0.2:81")}, Listener{flow.UDP, addr("10.0.0.2:81")},
		Listener{flow.TCP, addr("[fd00::2]:81")}, Listener{flow.UDP, addr("[fd00::2]:81")},
		Listener{flow.TCP, addr("0.0.0.0:82")}, Listener{flow.UDP, addr("0.0.0.0:82")},
		Listener{flow.TCP, addr("[::]:82")}, Listener{flow.UDP, addr("[::]:82")},
	)
	for _, to := range []string{"10.0.0.2:80", "[fd00::2]:80", "10.0.0.2:81", "[fd00::2]:81", "10.0.0.2:82", "[fd00::2]:82"} {
		for _, p := range []flow.Protocol{flow.TCP, flow.UDP} {
			got := Run(t.Context(), []Probe{{Place: a, Protocol: p, To: addr(to)}}, Options{Servers: s})[0]
			want := addr("10.0.0.1:1").Addr()
			if addr(to).Addr().Is6() {
				want = addr("[fd00::1]:1").Addr()
			}
			if got.Seen != flow.Connected || got.Answer.Server != name || got.Err != nil ||
				got.Answer.Peer != got.Local || got.Local.Addr() != want || got.Answer.Local != addr(to) || got.Handshake != (p == flow.TCP) {
				t.Errorf("%s/%v: %+v", to, p, got)
			}
		}
	}
}
