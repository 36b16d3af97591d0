//go:build linux

package probe

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// table is a chain of b's input and one of a's output, which the cases fill.
const table = `
	nft add table inet t; add chain inet t in { type filter hook input priority 0; }; add chain inet t out { type filter hook output priority 0; }`

// seen asks one question.
func seen(t *testing.T, p Probe, o Options) Result {
	t.Helper()
	got := Run(t.Context(), []Probe{p}, o)[0]
	if got.Seen == flow.Connected != (got.Answer != Answer{}) {
		t.Errorf("%v %v: %+v", p.To, p.Protocol, got)
	}
	return got
}

// TestErrors: every way in which a connection does not come about, as a client
// notices it, and at once where something came back.
func TestErrors(t *testing.T) {
	const (
		v4, v6 = "10.0.0.2:80", "[fd00::2]:80"
		inA    = 'a'
		inB    = 'b'
	)
	type ends struct{ tcp4, udp4, tcp6, udp6 flow.Seen }
	var (
		refused = ends{flow.Refused, flow.Refused, flow.Refused, flow.Refused}
		silence = ends{flow.Timeout, flow.Timeout, flow.Timeout, flow.Timeout}
		away    = ends{flow.Unreachable, flow.Unreachable, flow.Unreachable, flow.Unreachable}
		soft    = ends{flow.Unreachable, flow.Timeout, flow.Unreachable, flow.Timeout} // UDP is not told
	)
	for _, c := range []struct {
		name   string
		in     rune
		script string
		want   ends
	}{
		{"nobody listens", inB, "", refused},
		{"drop", inB, "nft add rule inet t in th dport 80 drop", silence},
		{"drop on the way out", inA, "nft add rule inet t out th dport 80 drop", silence},
		{"drop the answers", inB, "nft add rule inet t out th sport 80 drop", ends{flow.Timeout, flow.Refused, flow.Timeout, flow.Refused}}, // ICMP has no port
		{"reject", inB, "nft add rule inet t in th dport 80 reject", refused},
		{"reject on the way out", inA, "nft add rule inet t out th dport 80 reject", refused},
		{"reset", inB, "nft add rule inet t in tcp dport 80 reject with tcp reset", refused},
		{"reset on the way out", inA, "nft add rule inet t out tcp dport 80 reject with tcp reset", refused},
		{"admin-prohibited", inB, "nft add rule inet t in th dport 80 reject with icmpx admin-prohibited", away},
		{"admin-prohibited on the way out", inA, "nft add rule inet t out th dport 80 reject with icmpx admin-prohibited", away},
		{"host unreachable", inB, "nft add rule inet t in th dport 80 reject with icmpx host-unreachable", soft},
		{"no route there", inB, "nft add rule inet t in th dport 80 reject with icmpx no-route", soft},
		{"no route on the way out", inA, "nft add rule inet t out th dport 80 reject with icmpx no-route", soft},
		{"unreachable route", inA, "ip route add unreachable 10.0.0.2\nip -6 route add unreachable fd00::2", away},
		{"prohibit route", inA, "ip route add prohibit 10.0.0.2\nip -6 route add prohibit fd00::2", away},
		{"blackhole route", inA, "ip route add blackhole 10.0.0.2\nip -6 route add blackhole fd00::2", away},
		{"no route", inA, "ip route del 10.0.0.0/24\nip -6 route del fd00::/64", away},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := pair(t)
			a.run(t, table)
			b.run(t, table)
			map[rune]*netns{inA: a, inB: b}[c.in].run(t, c.script)
			want := []flow.Seen{c.want.tcp4, c.want.udp4, c.want.tcp6, c.want.udp6}
			probes := []Probe{
				{Place: a, Protocol: flow.TCP, To: addr(v4)},
				{Place: a, Protocol: flow.UDP, To: addr(v4)},
				{Place: a, Protocol: flow.TCP, To: addr(v6)},
				{Place: a, Protocol: flow.UDP, To: addr(v6)},
			}
			for i, got := range Run(t.Context(), probes, Options{}) {
				if got.Seen != want[i] || got.Answer != (Answer{}) {
					t.Errorf("%v/%v: %v (%v), want %v", probes[i].To, probes[i].Protocol, got.Seen, got.Err, want[i])
				}
				if silent := want[i] == flow.Timeout; silent != (got.Took >= DefaultTimeout) || got.Took > 3*DefaultTimeout {
					t.Errorf("%v/%v: %v after %v", probes[i].To, probes[i].Protocol, got.Seen, got.Took)
				}
			}
		})
	}
}

// TestAfterHandshake: of an ICMP error for what follows the handshake a TCP
// program is not told, of a reset it is.
func TestAfterHandshake(t *testing.T) {
	a, b := pair(t)
	forward(t, b) // for its ICMP limits
	s := serve(t)
	anywhere := netip.Addr{}
	s.mustListen(t, b, "b", Listener{flow.TCP, netip.AddrPortFrom(anywhere, 80)}, Listener{flow.TCP, netip.AddrPortFrom(anywhere, 81)}, Listener{flow.TCP, netip.AddrPortFrom(anywhere, 82)})
	b.run(t, table+`
		nft add rule inet t in tcp dport 80 tcp flags & (syn | ack) == ack reject with icmpx host-unreachable
		nft add rule inet t in tcp dport 81 tcp flags & (psh | ack) == (psh | ack) reject with icmpx port-unreachable
		nft add rule inet t in tcp dport 82 tcp flags & (psh | ack) == (psh | ack) reject with tcp reset`)
	check := func(timeout time.Duration, more ...Probe) {
		t.Helper()
		var probes []Probe
		var want []flow.Seen
		for port, seen := range map[uint16]flow.Seen{80: flow.Timeout, 81: flow.Timeout, 82: flow.Refused} {
			for _, ip := range []string{"10.0.0.2", "fd00::2"} {
				probes = append(probes, Probe{Place: a, Protocol: flow.TCP, To: netip.AddrPortFrom(netip.MustParseAddr(ip), port), Timeout: timeout})
				want = append(want, seen)
			}
		}
		results := Run(t.Context(), append(probes, more...), Options{Servers: s})
		for i, want := range want {
			if got := results[i]; got.Seen != want || !got.Handshake {
				t.Errorf("%v: %+v, want %v", probes[i].To, got, want)
			}
		}
	}
	check(2 * DefaultTimeout) // long enough for data to be sent again, while nobody holds the socket

	// Handshake and error come when the loop is elsewhere, so it learns of both at
	// once.
	b.answerLate(t)
	check(DefaultTimeout, Probe{Place: slow{a, 400 * time.Millisecond}, Protocol: flow.TCP, To: addr("10.0.0.2:82")})
}

// answerLate lets b send what follows some 70 ms late: by then it may not send
// any more at once.
func (n *netns) answerLate(t *testing.T) {
	t.Helper()
	n.run(t, "tc qdisc replace dev v0 root tbf rate 100kbit burst 2000 latency 1s")
	err := n.Do(func() error {
		c, err := net.ListenPacket("udp", "10.0.0.2:0")
		if err != nil {
			return err
		}
		defer c.Close()
		for range 2 {
			if _, err := c.WriteTo(make([]byte, 1400), net.UDPAddrFromAddrPort(addr("10.0.0.1:9"))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFarErrors: a router between client and server says what it says. The
// machine that said it is named, also where a program is not told.
func TestFarErrors(t *testing.T) {
	a, r := pair(t)
	r.run(t, `
		ip addr add 198.51.100.2 dev lo
		ip route add unreachable 198.51.100.3
		ip route add prohibit 198.51.100.4
		ip route add blackhole 198.51.100.5
		ip -6 route add unreachable 2001:db8::3
		ip -6 route add prohibit 2001:db8::4
		ip -6 route add blackhole 2001:db8::5
		ip -6 route add 2001:db8::6 via fd00::1`)
	a.run(t, `
		ip addr add 10.0.0.9/24 dev v0
		ip route add 198.51.100.0/24 via 10.0.0.2
		ip -6 route add 2001:db8::/32 via fd00::2`)
	forward(t, r)
	for _, c := range []struct {
		to       string
		tcp, udp flow.Seen
		from     string // who says so
	}{
		{"198.51.100.2:80", flow.Refused, flow.Refused, "198.51.100.2"},
		{"198.51.100.3:80", flow.Unreachable, flow.Timeout, "10.0.0.2"},
		{"198.51.100.4:80", flow.Unreachable, flow.Unreachable, "10.0.0.2"},
		{"198.51.100.5:80", flow.Timeout, flow.Timeout, ""},
		{"198.51.100.6:80", flow.Unreachable, flow.Timeout, "10.0.0.2"}, // no route
		{"[2001:db8::3]:80", flow.Unreachable, flow.Timeout, "fd00::2"},
		{"[2001:db8::4]:80", flow.Unreachable, flow.Unreachable, "fd00::2"},
		{"[2001:db8::5]:80", flow.Timeout, flow.Timeout, ""},
		{"[2001:db8:1::]:80", flow.Unreachable, flow.Timeout, "fd00::2"},
	} {
		// A router without a route tells one address five times, then once a second
		// (ip_error in net/ipv4/route.c; a namespace cannot change that).
		var source netip.Addr
		if c.to == "198.51.100.6:80" {
			source = netip.MustParseAddr("10.0.0.9")
		}
		probes := []Probe{
			{Place: a, Protocol: flow.TCP, To: addr(c.to), From: source},
			{Place: a, Protocol: flow.UDP, To: addr(c.to), From: source},
		}
		want := []flow.Seen{c.tcp, c.udp}
		for i, got := range Run(t.Context(), probes, Options{}) {
			var icmp *ICMPError
			from := ""
			if errors.As(got.Err, &icmp) {
				from = icmp.From.String()
			}
			wantFrom := c.from
			if i == 0 && c.tcp == flow.Refused {
				wantFrom = "" // a reset
			}
			if got.Seen != want[i] || from != wantFrom {
				t.Errorf("%s/%v: %v (%v) from %q, want %v from %q", c.to, probes[i].Protocol, got.Seen, got.Err, from, want[i], wantFrom)
			}
		}
	}
}

// forward makes a namespace a router that says every error.
func forward(t testing.TB, n *netns) {
	t.Helper()
	n.run(t, `
		sysctl -qw net.ipv4.ip_forward=1
		sysctl -qw net.ipv6.conf.all.forwarding=1
		sysctl -qw net.ipv4.icmp_ratemask=0
		sysctl -qw net.ipv6.icmp.ratelimit=0`)
}

// TestTold: which ICMP errors a UDP program hears of, judged by a plain socket
// that asks for nothing special.
func TestTold(t *testing.T) {
	a, b := pair(t)
	forward(t, b) // for its ICMP limits
	b.run(t, table)
	for i, with := range []string{
		"icmp type net-unreachable", "icmp type host-unreachable", "icmp type prot-unreachable", "icmp type port-unreachable",
		"icmp type net-prohibited", "icmp type host-prohibited", "icmp type admin-prohibited",
		"icmpv6 type no-route", "icmpv6 type admin-prohibited", "icmpv6 type addr-unreachable", "icmpv6 type port-unreachable",
	} {
		to := netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(1000+i))
		if i >= 7 {
			to = netip.AddrPortFrom(netip.MustParseAddr("fd00::2"), to.Port())
		}
		b.run(t, "nft add rule inet t in udp dport "+netip.AddrPortFrom(netip.IPv4Unspecified(), to.Port()).String()[8:]+" reject with "+with)
		want := flow.Timeout
		plain := a.plainUDP(t, to)
		switch {
		case errors.Is(plain, unix.ECONNREFUSED):
			want = flow.Refused
		case !errors.Is(plain, unix.EAGAIN):
			want = flow.Unreachable
		}
		got := seen(t, Probe{Place: a, Protocol: flow.UDP, To: to}, Options{})
		if got.Seen != want {
			t.Errorf("%s: %v (%v), but a plain socket is told %v", with, got.Seen, got.Err, plain)
		}
		var icmp *ICMPError
		if !errors.As(got.Err, &icmp) || icmp.From != to.Addr() {
			t.Errorf("%s: %v does not name %v", with, got.Err, to.Addr())
		}
	}
}

// plainUDP sends a datagram and returns the error that a read returns, EAGAIN
// for none.
func (n *netns) plainUDP(t *testing.T, to netip.AddrPort) error {
	t.Helper()
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = net.Dial("udp", to.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Read(make([]byte, 1))
	if errors.Is(err, unix.ETIMEDOUT) || isTimeout(err) {
		return unix.EAGAIN
	}
	return err
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
