package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/nft"
)

// sendRaw sends bytes over IP, from and to lo.
func sendRaw(t testing.TB, f nft.Family, protocol int, payload []byte) {
	t.Helper()
	network := fmt.Sprintf("ip4:%d", protocol)
	if f == nft.IPv6 {
		network = fmt.Sprintf("ip6:%d", protocol)
	}
	conn, err := net.DialIP(network, nil, &net.IPAddr{IP: loopback(f).AsSlice()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(payload); err != nil {
		t.Fatal(err)
	}
}

// watched is a program that marks, logs and drops what comes in over lo.
func watched(f nft.Family, trace bool) *nft.Program {
	c := &nft.Chain{Name: "input", Hook: "type filter hook input priority 0; policy accept;"}
	if trace {
		c.Rules = append(c.Rules, nft.Rule{Text: "udp dport 7 meta nftrace set 1", Comment: "traced from here on"})
	}
	c.Rules = append(c.Rules, nft.Rule{Text: "meta mark set 0x2a"}, nft.Rule{Text: "jump judge", Comment: "policies"})
	judge := &nft.Chain{Name: "judge", Rules: []nft.Rule{
		{Text: "udp dport 8 drop"},
		{Text: `log prefix "I|group 7" group 100`},
		{Text: "udp dport { 7, 9 } drop", Comment: "NetworkPolicy/app/deny-all"},
		{Text: "drop"}, // nobody answers
	}}
	return &nft.Program{Tables: []*nft.Table{{Family: f, Chains: []*nft.Chain{judge, c}}}}
}

// soon is the deadline of what is certain to come.
func soon() time.Time { return time.Now().Add(10 * time.Second) }

// TestDrops: a logged packet tells who sent what to whom, where it was seen and
// why.
func TestDrops(t *testing.T) {
	for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
		t.Run(f.String(), func(t *testing.T) {
			h := open(t)
			if err := h.Apply(nft.Change{Before: watched(f, false).Skeleton()}); err != nil {
				t.Fatal(err)
			}
			drops, err := h.Drops(Group)
			if err != nil {
				t.Fatal(err)
			}
			defer drops.Close()
			if _, err := h.Drops(Group); !errors.Is(err, syscall.EPERM) {
				t.Errorf("a second listener: %v", err)
			}
			lo, icmp := loopback(f), 1
			if f == nft.IPv6 {
				icmp = 58
			}
			started := time.Now()
			from := sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 9))
			sendRaw(t, f, 132, []byte{0x30, 0x39, 0, 22, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1}) // SCTP INIT
			sendRaw(t, f, 6, []byte{0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0})                               // TCP SYN, bad checksum
			sendRaw(t, f, icmp, []byte{byte(200), 3, 0, 0, 0, 1, 0, 1})                                                                        // a type of nobody's
			sendRaw(t, f, 99, []byte("anything"))
			for _, want := range []Packet{
				{Protocol: 17, Tuple: flow.Tuple{Protocol: flow.UDP, Src: netip.AddrPortFrom(lo, from), Dst: netip.AddrPortFrom(lo, 9)}},
				{Protocol: 132, Tuple: flow.Tuple{Protocol: flow.SCTP, Src: netip.AddrPortFrom(lo, 12345), Dst: netip.AddrPortFrom(lo, 22)}},
				{Protocol: 6, Tuple: flow.Tuple{Protocol: flow.TCP, Src: netip.AddrPortFrom(lo, 12345), Dst: netip.AddrPortFrom(lo, 80)}},
				{Protocol: uint8(icmp), Type: 200, Code: 3, Tuple: flow.Tuple{Src: netip.AddrPortFrom(lo, 0), Dst: netip.AddrPortFrom(lo, 0)}},
				{Protocol: 99, Tuple: flow.Tuple{Src: netip.AddrPortFrom(lo, 0), Dst: netip.AddrPortFrom(lo, 0)}},
			} {
				if err := drops.SetDeadline(soon()); err != nil {
					t.Fatal(err)
				}
				got, err := drops.Next()
				if err != nil {
					t.Fatalf("waiting for %+v: %v", want, err)
				}
				if got.Time.Before(started.Add(-time.Second)) || got.Time.After(time.Now().Add(time.Second)) {
					t.Errorf("logged at %v, sent at %v", got.Time, started)
				}
				if all := (Drop{Time: got.Time, Prefix: "I|group 7", Mark: 0x2a, Hook: Input, In: "lo", Packet: want}); got != all {
					t.Errorf("got  %+v\nwant %+v", got, all)
				}
			}
			sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 8))
			if more, err := drops.Pending(); err != nil || len(more) != 0 || drops.Lost() != 0 {
				t.Errorf("also %+v, %v, %d lost", more, err, drops.Lost())
			}
		})
	}
}

// TestDropsLost: what does not fit into the receive buffer is counted.
func TestDropsLost(t *testing.T) {
	h := open(t)
	if err := h.Apply(nft.Change{Before: watched(nft.IPv4, false).Skeleton()}); err != nil {
		t.Fatal(err)
	}
	drops, err := h.Drops(Group)
	if err != nil {
		t.Fatal(err)
	}
	defer drops.Close()
	small(t, drops.l)
	const n = 300
	lo := netip.AddrPortFrom(loopback(nft.IPv4), 9)
	for range n {
		sendUDP(t, netip.AddrPortFrom(lo.Addr(), 0), lo)
	}
	first, err := drops.Pending()
	if err != nil {
		t.Fatal(err)
	}
	if drops.Lost() != 1 {
		t.Errorf("%d lost before anybody can know how many", drops.Lost())
	}
	sendUDP(t, netip.AddrPortFrom(lo.Addr(), 0), lo)
	more, err := drops.Pending()
	if err != nil || len(more) != 1 {
		t.Fatal(len(more), err)
	}
	if lost := int(drops.Lost()); lost == 0 || len(first)+lost != n {
		t.Errorf("%d seen, %d lost, of %d", len(first), lost, n)
	}
}

func small(t testing.TB, l *listener) {
	t.Helper()
	err := l.conn.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestClose: closing ends a Next that waits, and a deadline does, too.
func TestClose(t *testing.T) {
	h := open(t)
	drops, err := h.Drops(7)
	if err != nil {
		t.Fatal(err)
	}
	if err := drops.SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := drops.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after its deadline: %v", err)
	}
	if err := drops.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := drops.Next()
		ended <- err
	}()
	if err := drops.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	again, err := h.Drops(7)
	if err != nil {
		t.Fatalf("the group is free again: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestTrace: the kernel's trace names every rule that a packet met, with the text
// it was loaded from.
func TestTrace(t *testing.T) {
	for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
		t.Run(f.String(), func(t *testing.T) {
			h := open(t)
			p := watched(f, true)
			if err := h.Apply(nft.Change{Before: p.Skeleton()}); err != nil {
				t.Fatal(err)
			}
			trace, err := h.Trace()
			if err != nil {
				t.Fatal(err)
			}
			defer trace.Close()
			lo := loopback(f)
			from := sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 7))
			sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 9)) // not traced
			if err := trace.SetDeadline(soon()); err != nil {
				t.Fatal(err)
			}
			var events []Event
			for len(events) == 0 || events[len(events)-1].Verdict.String() != "drop" {
				e, err := trace.Next()
				if err != nil {
					t.Fatalf("after %+v: %v", events, err)
				}
				events = append(events, e)
			}
			if more, err := trace.Pending(); err != nil || len(more) != 0 || trace.Lost() != 0 {
				t.Errorf("also %+v, %v, %d lost", more, err, trace.Lost())
			}
			rules, err := h.Rules()
			if err != nil {
				t.Fatal(err)
			}
			Join(events, rules, p)
			packets := Packets(events)
			if len(packets) != 1 {
				t.Fatalf("%d packets", len(packets))
			}
			var got []string
			for _, e := range packets[0] {
				if e.Kind != RuleEvent || e.Rule == nil || e.Table != nft.TableName {
					t.Fatalf("%+v", e)
				}
				got = append(got, fmt.Sprintf("%s: %s # %s: %s, mark %#x", e.Chain, e.Rule.Text, e.Rule.Comment, e.Verdict, e.Mark))
			}
			want := []string{
				"input: udp dport 7 meta nftrace set 1 # traced from here on: continue, mark 0x0",
				"input: meta mark set 0x2a # : continue, mark 0x2a",
				"input: jump judge # policies: jump judge, mark 0x2a",
				`judge: log prefix "I|group 7" group 100 # : continue, mark 0x2a`,
				"judge: udp dport { 7, 9 } drop # NetworkPolicy/app/deny-all: drop, mark 0x2a",
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			tuple := flow.Tuple{Protocol: flow.UDP, Src: netip.AddrPortFrom(lo, from), Dst: netip.AddrPortFrom(lo, 7)}
			if first := events[0]; !first.Told || first.In != "lo" || first.Packet.Tuple != tuple {
				t.Errorf("got %+v, want %v", first.Packet, tuple)
			}
		})
	}
}

// TestTracePolicy: a packet that no rule decides ends at the policy of its chain,
// and a chain that was jumped to returns.
func TestTracePolicy(t *testing.T) {
	h := open(t)
	p := watched(nft.IPv4, true)
	p.Tables[0].Chains[0].Rules = []nft.Rule{{Text: "udp dport 1 drop"}}
	if err := h.Apply(nft.Change{Before: p.Skeleton()}); err != nil {
		t.Fatal(err)
	}
	trace, err := h.Trace()
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	lo := loopback(nft.IPv4)
	sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 7))
	if err := trace.SetDeadline(soon()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "1 ") {
		e, err := trace.Next()
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		got = append(got, fmt.Sprintf("%d %s %s", e.Kind, e.Chain, e.Verdict))
	}
	if want := "3 input continue; 3 input continue; 3 input jump judge; 2 judge continue; 2 input continue; 1 input accept"; strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
}

// TestTraceLost: an overrun is counted, and the trace goes on after it.
func TestTraceLost(t *testing.T) {
	h := open(t)
	if err := h.Apply(nft.Change{Before: watched(nft.IPv4, true).Skeleton()}); err != nil {
		t.Fatal(err)
	}
	trace, err := h.Trace()
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	small(t, trace.l)
	lo := loopback(nft.IPv4)
	for range 100 {
		sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 7))
	}
	events, err := trace.Pending()
	if err != nil || trace.Lost() == 0 || len(events) == 0 || len(events) >= 500 {
		t.Errorf("%d events, %d overruns, %v", len(events), trace.Lost(), err)
	}
	sendUDP(t, netip.AddrPortFrom(lo, 0), netip.AddrPortFrom(lo, 7))
	if events, err = trace.Pending(); err != nil || len(events) == 0 {
		t.Errorf("afterwards %d events, %v", len(events), err)
	}
}
