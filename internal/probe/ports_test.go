//go:build linux

package probe

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

var protocols = []flow.Protocol{flow.TCP, flow.UDP}

// TestPorts: a range is gone through port by port, from one Run to the next.
func TestPorts(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	s.mustListen(t, b, "b", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere})
	for _, proto := range protocols {
		var p Prober
		for _, to := range []string{"10.0.0.2:80", "[fd00::2]:80"} {
			for i := range 8 {
				got := p.Run(t.Context(), []Probe{{Place: a, Protocol: proto, To: addr(to), Ports: Ports{5000, 5003}}}, Options{Servers: s})[0]
				if want := uint16(5000 + i%4); got.Seen != flow.Connected || got.Local.Port() != want || got.Answer.Peer.Port() != want {
					t.Errorf("%v %d: %+v, want from port %d", proto, i, got, want)
				}
			}
		}
	}
}

// TestOnePort: probes that want the same port wait for each other, and none
// hears another's answer.
func TestOnePort(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	s.mustListen(t, b, "b", Listener{flow.TCP, addr("10.0.0.2:80")}, Listener{flow.UDP, addr("10.0.0.2:80")})
	for _, proto := range protocols {
		probes := make([]Probe, 50)
		for i := range probes {
			probes[i] = Probe{Place: a, Protocol: proto, To: addr("10.0.0.2:80"), Ports: Ports{777, 777}}
		}
		for i, got := range Run(t.Context(), probes, Options{Servers: s}) {
			if got.Seen != flow.Connected || got.Answer.Peer != addr("10.0.0.1:777") {
				t.Errorf("%v %d: %+v", proto, i, got)
			}
		}
	}
}

// TestNoPort: a port that somebody else holds is told, not waited for.
func TestNoPort(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	s.mustListen(t, b, "b", Listener{flow.TCP, addr("10.0.0.2:80")}, Listener{flow.UDP, addr("10.0.0.2:80")})
	s.mustListen(t, a, "a", Listener{flow.TCP, addr("0.0.0.0:777")}, Listener{flow.UDP, addr("0.0.0.0:777")})
	for _, proto := range protocols {
		probe := Probe{Place: a, Protocol: proto, To: addr("10.0.0.2:80"), Ports: Ports{777, 777}}
		for i, got := range Run(t.Context(), []Probe{probe, probe, probe}, Options{Servers: s}) {
			if got.Seen != flow.SeenUnknown || !errors.Is(got.Err, unix.EADDRINUSE) {
				t.Errorf("%v %d: %+v", proto, i, got)
			}
		}
		probe.Ports = Ports{776, 778}
		for i, got := range Run(t.Context(), []Probe{probe, probe, probe}, Options{Servers: s}) {
			if got.Seen != flow.Connected || got.Local.Port() == 777 {
				t.Errorf("%v %d: %+v", proto, i, got)
			}
		}
	}
}

// TestFrom: the source address is the one that was asked for.
func TestFrom(t *testing.T) {
	a, b := pair(t)
	a.run(t, "ip addr add 10.0.0.11/24 dev v0\nip addr add fd00::11/64 dev v0 nodad")
	a.own(t, "fd00::11")
	b.run(t, "ip neigh add 10.0.0.11 lladdr 02:00:00:00:00:01 dev v0\nip neigh add fd00::11 lladdr 02:00:00:00:00:01 dev v0")
	s := serve(t)
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	s.mustListen(t, b, "b", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere})
	for _, proto := range protocols {
		for to, from := range map[string]string{"10.0.0.2:80": "10.0.0.11", "[fd00::2]:80": "fd00::11"} {
			for _, ports := range []Ports{{}, {900, 910}} {
				p := Probe{Place: a, Protocol: proto, To: addr(to), From: netip.MustParseAddr(from), Ports: ports}
				got := seen(t, p, Options{Servers: s})
				if got.Seen != flow.Connected || got.Answer.Peer.Addr() != p.From || got.Local != got.Answer.Peer {
					t.Errorf("%v from %v: %+v", p.To, p.From, got)
				}
			}
		}
		p := Probe{Place: a, Protocol: proto, To: addr("10.0.0.2:80"), From: netip.MustParseAddr("10.9.9.9")}
		if got := seen(t, p, Options{}); got.Seen != flow.SeenUnknown || !errors.Is(got.Err, unix.EADDRNOTAVAIL) {
			t.Errorf("from an address of nobody: %+v", got)
		}
	}
}

// TestWrongProbes: what cannot be asked is said, and the others are asked.
func TestWrongProbes(t *testing.T) {
	n := newNetns(t)
	s := serve(t)
	s.mustListen(t, n, "lo", Listener{flow.TCP, addr("127.0.0.1:80")})
	good := Probe{Place: n, Protocol: flow.TCP, To: addr("127.0.0.1:80")}
	probes := []Probe{
		{Place: n, Protocol: flow.SCTP, To: good.To},
		{Place: n, To: good.To},
		{Place: n, Protocol: flow.TCP},
		{Place: n, Protocol: flow.TCP, To: addr("127.0.0.1:0")},
		{Place: n, Protocol: flow.TCP, To: addr("[::ffff:127.0.0.1]:80")},
		{Place: n, Protocol: flow.TCP, To: good.To, From: netip.IPv6Loopback()},
		{Place: n, Protocol: flow.TCP, To: good.To, Ports: Ports{5, 4}},
		{Place: n, Protocol: flow.TCP, To: good.To, Ports: Ports{0, 4}},
		{Place: broken{}, Protocol: flow.TCP, To: good.To},
		good,
	}
	for i, got := range Run(t.Context(), probes, Options{Servers: s}) {
		if i == len(probes)-1 {
			if got.Seen != flow.Connected {
				t.Errorf("the good one: %+v", got)
			}
		} else if got.Seen != flow.SeenUnknown || got.Err == nil {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if got := Run(t.Context(), nil, Options{}); len(got) != 0 {
		t.Errorf("nothing asked, %v answered", got)
	}
}

// broken is a place nobody can get to.
type broken struct{}

func (broken) Do(func() error) error { return errors.New("no such place") }
