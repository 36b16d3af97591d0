//go:build linux

package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// TestAnswersFromWhereAsked: a datagram is answered from the address it was sent
// to, not from the first of the machine.
func TestAnswersFromWhereAsked(t *testing.T) {
	a, b := pair(t)
	b.run(t, "ip addr add 10.0.0.22/24 dev v0\nip addr add fd00::22/64 dev v0 nodad\nip addr add 198.51.100.7/32 dev lo")
	b.own(t, "fd00::22")
	a.run(t, `
		ip neigh add 10.0.0.22 lladdr 02:00:00:00:00:02 dev v0
		ip neigh add fd00::22 lladdr 02:00:00:00:00:02 dev v0
		ip route add 198.51.100.7 via 10.0.0.2`)
	s := serve(t)
	s.mustListen(t, b, "b",
		Listener{flow.UDP, netip.AddrPortFrom(netip.Addr{}, 53)},
		Listener{flow.UDP, addr("0.0.0.0:54")}, Listener{flow.UDP, addr("[::]:54")})
	for _, to := range []string{"10.0.0.22:53", "[fd00::22]:53", "198.51.100.7:53", "10.0.0.22:54", "[fd00::22]:54"} {
		got := seen(t, Probe{Place: a, Protocol: flow.UDP, To: addr(to)}, Options{Servers: s})
		if got.Seen != flow.Connected || got.Answer.Local != addr(to) {
			t.Errorf("%s: %+v", to, got)
		}
	}
}

// TestLinkLocal: the zone of a link-local address is the interface's number.
func TestLinkLocal(t *testing.T) {
	a, b := pair(t)
	for _, n := range []*netns{a, b} {
		n.run(t, "ip addr flush dev v0 scope link")
	}
	a.run(t, "ip addr add fe80::1/64 dev v0 nodad\nip neigh add fe80::2 lladdr 02:00:00:00:00:02 dev v0")
	b.run(t, "ip addr add fe80::2/64 dev v0 nodad\nip neigh add fe80::1 lladdr 02:00:00:00:00:01 dev v0")
	a.own(t, "fe80::1")
	b.own(t, "fe80::2")
	zone := func(n *netns) (index string) {
		err := n.Do(func() error {
			i, err := net.InterfaceByName("v0")
			if err == nil {
				index = fmt.Sprint(i.Index)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return index
	}
	s := serve(t)
	s.mustListen(t, b, "b", Listener{flow.UDP, addr("[::]:53")}, Listener{flow.TCP, addr("[::]:53")})
	for _, proto := range protocols {
		got := seen(t, Probe{Place: a, Protocol: proto, To: netip.AddrPortFrom(netip.MustParseAddr("fe80::2").WithZone(zone(a)), 53)}, Options{Servers: s})
		if want := netip.MustParseAddr("fe80::1").WithZone(zone(b)); got.Seen != flow.Connected || got.Answer.Peer.Addr() != want {
			t.Errorf("%v: %+v, want peer %v", proto, got, want)
		}
	}
}

// TestPlainClient: a person with nc gets a line for each line.
func TestPlainClient(t *testing.T) {
	n := newNetns(t)
	s := serve(t)
	v := s.mustListen(t, n, "web", Listener{flow.TCP, addr("127.0.0.1:0")})
	var conn net.Conn
	if err := n.Do(func() (err error) { conn, err = net.Dial("tcp", v.Addrs()[0].String()); return err }); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for _, sent := range []string{"hel\x00lo\r\n", "\n", "again\n"} {
		for i := range len(sent) { // byte by byte
			conn.Write([]byte{sent[i]})
		}
		text, err := lines.ReadBytes('\n')
		var got Answer
		if err != nil || json.Unmarshal(text, &got) != nil || got.Echo != strings.TrimRight(sent, "\r\n") || got.Server != "web" || got.Peer.String() != conn.LocalAddr().String() {
			t.Errorf("%q: %s, %v", sent, text, err)
		}
	}
	if half, ok := conn.(*net.TCPConn); !ok || half.CloseWrite() != nil {
		t.Fatal("cannot close half of it")
	}
	if _, err := lines.ReadByte(); err == nil || errors.Is(err, unix.ECONNRESET) {
		t.Errorf("after the farewell: %v, want the end", err)
	}
}

// TestLongLine: a client that sends no end of line is cut off.
func TestLongLine(t *testing.T) {
	n := newNetns(t)
	s := serve(t)
	v := s.mustListen(t, n, "web", Listener{flow.TCP, addr("127.0.0.1:0")})
	var conn net.Conn
	if err := n.Do(func() (err error) { conn, err = net.Dial("tcp", v.Addrs()[0].String()); return err }); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(make([]byte, 2*maxLine))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("error %v, want a reset", err)
	}
}

// TestUnused: a connection that nobody has used for long is closed.
func TestUnused(t *testing.T) {
	t.Parallel()
	n := newNetns(t)
	s := serve(t)
	v := s.mustListen(t, n, "web", Listener{flow.TCP, addr("127.0.0.1:0")})
	var conn net.Conn
	if err := n.Do(func() (err error) { conn, err = net.Dial("tcp", v.Addrs()[0].String()); return err }); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	conn.Write([]byte("x\n"))
	if _, err := lines.ReadBytes('\n'); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	for _, one := range s.sockets {
		if c, ok := one.(*connection); ok {
			c.used = c.used.Add(-unused)
		}
	}
	s.mu.Unlock()
	if err := conn.SetReadDeadline(time.Now().Add(10 * sweepEvery)); err != nil {
		t.Fatal(err)
	}
	if _, err := lines.ReadByte(); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("error %v, want a reset", err)
	}
}

// TestForeign: whoever answers without being one of ours has not connected us.
func TestForeign(t *testing.T) {
	n := newNetns(t)
	var l net.Listener
	var u net.PacketConn
	err := n.Do(func() (err error) {
		if l, err = net.Listen("tcp", "127.0.0.1:80"); err == nil {
			u, err = net.ListenPacket("udp", "127.0.0.1:80")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	defer u.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			_, from, err := u.ReadFrom(buf)
			if err != nil {
				return
			}
			text := `{"server":"x","echo":"0","peer":"127.0.0.1:1","local":"127.0.0.1:80"}` + "\n"
			if _, err := u.WriteTo([]byte(text), from); err != nil {
				return
			}
		}
	}()
	tcp := make(chan func(net.Conn), 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			(<-tcp)(conn)
		}
	}()
	if got := seen(t, Probe{Place: n, Protocol: flow.UDP, To: addr("127.0.0.1:80")}, Options{}); got.Seen != flow.SeenUnknown || got.Err == nil {
		t.Errorf("UDP: %+v", got)
	}
	kept := make(chan net.Conn, 10)
	for _, c := range []struct {
		name string
		do   func(net.Conn)
		want flow.Seen
		err  error
	}{
		{"a banner", func(c net.Conn) { fmt.Fprintln(c, "SSH-2.0-x"); kept <- c }, flow.SeenUnknown, errForeign},
		{"another's answer", func(c net.Conn) { c.Write(Answer{Server: "x", Echo: "y"}.line()); kept <- c }, flow.SeenUnknown, errForeign},
		{"no end of line", func(c net.Conn) { c.Write(make([]byte, 2*maxAnswer)); kept <- c }, flow.SeenUnknown, errForeign},
		{"the end", func(c net.Conn) { _, _ = c.Read(make([]byte, 100)); c.Close() }, flow.SeenUnknown, errClosed},
		{"a reset", reset, flow.Refused, unix.ECONNRESET},
		{"nothing", func(c net.Conn) { kept <- c }, flow.Timeout, nil},
	} {
		tcp <- c.do
		got := seen(t, Probe{Place: n, Protocol: flow.TCP, To: addr("127.0.0.1:80"), Timeout: 100 * time.Millisecond}, Options{})
		if got.Seen != c.want || !errors.Is(got.Err, c.err) || !got.Handshake {
			t.Errorf("%s: %+v, want %v and %v", c.name, got, c.want, c.err)
		}
	}
	for len(kept) > 0 {
		(<-kept).Close()
	}
}

// TestBanner: a server that speaks first is heard, also when its banner comes
// together with the handshake.
func TestBanner(t *testing.T) {
	a, b := pair(t)
	var l net.Listener
	if err := b.Do(func() (err error) { l, err = net.Listen("tcp", "10.0.0.2:80"); return err }); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(conn, "SSH-2.0-x")
			defer conn.Close()
		}
	}()
	b.answerLate(t)
	probe := Probe{Place: a, Protocol: flow.TCP, To: addr("10.0.0.2:80")}
	elsewhere := Probe{Place: slow{a, 400 * time.Millisecond}, Protocol: flow.TCP, To: addr("10.0.0.2:81")}
	if got := Run(t.Context(), []Probe{probe, elsewhere}, Options{})[0]; !errors.Is(got.Err, errForeign) {
		t.Errorf("%+v, want %v", got, errForeign)
	}
}

// reset closes with a reset.
func reset(c net.Conn) {
	if c, ok := c.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	c.Close()
}

// open counts the process's descriptors.
func open(t testing.TB) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

// TestNothingStays: when all is closed there are as many descriptors as before,
// and no socket is left in the namespaces.
func TestNothingStays(t *testing.T) {
	a, b := pair(t)
	before := open(t)
	s := serve(t)
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	first := s.mustListen(t, b, "first", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere})
	s.mustListen(t, b, "second", Listener{flow.TCP, addr("10.0.0.2:81")})
	if _, err := s.Listen(b, "half", Listener{flow.TCP, addr("10.0.0.2:82")}, Listener{flow.TCP, addr("10.0.0.2:81")}); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("the same port twice: %v", err)
	}
	if _, err := s.Listen(b, "\xff"); err == nil {
		t.Error("a name that JSON would change is no error")
	}
	ask := func(port string) Result {
		return seen(t, Probe{Place: a, Protocol: flow.TCP, To: addr("10.0.0.2:" + port)}, Options{Servers: s})
	}
	if got := ask("82"); got.Seen != flow.Refused {
		t.Errorf("the half of a server: %+v", got)
	}
	var conn net.Conn
	if err := a.Do(func() (err error) { conn, err = net.Dial("tcp", "10.0.0.2:80"); return err }); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := ask("80"); got.Answer.Server != "first" { // so the plain one is accepted, too
		t.Errorf("before: %+v", got)
	}
	first.Close()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("a connection of a closed server: %v", err)
	}
	conn.Close()
	if got := ask("80"); got.Seen != flow.Refused {
		t.Errorf("a closed server: %+v", got)
	}
	if got := ask("81"); got.Answer.Server != "second" {
		t.Errorf("the other: %+v", got)
	}
	first.Close()
	s.Close()
	s.Close()
	if _, err := s.Listen(b, "late", Listener{flow.TCP, anywhere}); err == nil {
		t.Error("a server after the end")
	}
	if got := ask("81"); got.Seen != flow.Refused {
		t.Errorf("all closed: %+v", got)
	}
	if after := open(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	for _, n := range []*netns{a, b} {
		for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
			if left := n.socketsIn(t, table); left != "" {
				t.Errorf("left in %s: %s", table, left)
			}
		}
	}
}

// socketsIn reads the sockets of one kind, TIME_WAIT included.
func (n *netns) socketsIn(t *testing.T, table string) string {
	t.Helper()
	var text []byte
	err := n.Do(func() (err error) {
		text, err = os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/%s", unix.Gettid(), table))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(text), "\n")
	return rows
}

// TestCanceled: what is left when the caller gives up is unknown.
func TestCanceled(t *testing.T) {
	a, b := pair(t)
	b.run(t, table+"\nnft add rule inet t in th dport 80 drop")
	before := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	probes := make([]Probe, 100)
	for i := range probes {
		probes[i] = Probe{Place: a, Protocol: flow.TCP, To: addr("10.0.0.2:80"), Timeout: time.Hour}
	}
	for i, got := range Run(ctx, probes, Options{Window: 50}) {
		if got.Seen != flow.SeenUnknown || !errors.Is(got.Err, context.DeadlineExceeded) {
			t.Fatalf("%d: %+v", i, got)
		}
	}
	if after := open(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}
