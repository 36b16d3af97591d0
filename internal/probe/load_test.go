//go:build linux

package probe

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// many makes probes that all should connect.
func many(n int, place Place, to ...netip.AddrPort) []Probe {
	probes := make([]Probe, n)
	for i := range probes {
		probes[i] = Probe{Place: place, Protocol: protocols[i%2], To: to[i/2%len(to)]}
	}
	return probes
}

// allSeen fails for each result that is something else.
func allSeen(t testing.TB, results []Result, want flow.Seen) {
	t.Helper()
	wrong := 0
	for i, got := range results {
		if got.Seen != want {
			if wrong++; wrong <= 5 {
				t.Errorf("%d: %+v, want %v", i, got, want)
			}
		}
	}
	if wrong > 5 {
		t.Errorf("%d of %d wrong", wrong, len(results))
	}
}

// TestBusy: with every CPU taken several times over and thousands of probes at
// once, an answer is never taken for silence.
func TestBusy(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	s.mustListen(t, b, "b", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere})
	var stop atomic.Bool
	defer stop.Store(true)
	for range 4 * runtime.GOMAXPROCS(0) {
		go func() {
			for n := 0; !stop.Load(); n++ {
				_ = fmt.Sprint(n) // work for the collector, too
			}
		}()
	}
	probes := many(4000, a, addr("10.0.0.2:80"), addr("[fd00::2]:80"))
	for i := range probes {
		probes[i].Timeout = 50 * time.Millisecond
	}
	allSeen(t, Run(t.Context(), probes, Options{Servers: s}), flow.Connected)
}

// TestLateServers: servers that are kept from running for longer than the
// timeout are waited for, and not sent more than their sockets hold.
func TestLateServers(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	s.mustListen(t, b, "b", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere})
	probes := many(3000, a, addr("10.0.0.2:80"), addr("[fd00::2]:80"))
	for i := range probes {
		probes[i].Timeout = 10 * time.Millisecond
	}
	s.mu.Lock()
	for _, one := range s.sockets {
		if _, ok := one.(*datagrams); ok { // net.core.rmem_default, whatever rmem_max is here
			if err := unix.SetsockoptInt(one.descriptor(), unix.SOL_SOCKET, unix.SO_RCVBUF, 212992/2); err != nil {
				t.Error(err)
			}
		}
	}
	time.AfterFunc(150*time.Millisecond, s.mu.Unlock)
	start := time.Now()
	allSeen(t, Run(t.Context(), probes, Options{Servers: s}), flow.Connected)
	if took := time.Since(start); took < 150*time.Millisecond {
		t.Errorf("answered after %v, while the servers were held", took)
	}
}

// TestLateLoop: what arrives while the loop of the probes is kept from running
// is an answer, however late it is read.
func TestLateLoop(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	s.mustListen(t, b, "b", Listener{flow.TCP, addr("10.0.0.2:80")}, Listener{flow.UDP, addr("10.0.0.2:80")})
	probes := many(40, a, addr("10.0.0.2:80"))
	for i := range probes {
		probes[i].Timeout = 10 * time.Millisecond
	}
	probes = append(probes, Probe{Place: slow{a, 100 * time.Millisecond}, Protocol: flow.UDP, To: addr("10.0.0.2:80")})
	allSeen(t, Run(t.Context(), probes, Options{Servers: s}), flow.Connected)
}

// slow is a place that takes long to get to.
type slow struct {
	*netns
	long time.Duration
}

func (s slow) Do(f func() error) error {
	<-time.After(s.long)
	return s.netns.Do(f)
}

// TestClock: a pause counts as a tick, or two.
func TestClock(t *testing.T) {
	var c clock
	start := time.Now()
	for _, step := range []struct{ at, want time.Duration }{
		{0, 0},
		{tick, tick},
		{2 * tick, 2 * tick},
		{2*tick + time.Hour, 4 * tick},
		{2*tick + time.Hour + time.Millisecond, 4*tick + time.Millisecond},
		{0, 4*tick + time.Millisecond},
	} {
		if got := c.at(start.Add(step.at)); got != step.want {
			t.Errorf("at %v: %v, want %v", step.at, got, step.want)
		}
	}
}

// TestWindow: no more probes are under way than the window admits.
func TestWindow(t *testing.T) {
	a, b := pair(t)
	b.run(t, table+"\nnft add rule inet t in th dport 80 drop")
	probes := many(60, a, addr("10.0.0.2:80"))
	for i := range probes {
		probes[i].Timeout = 50 * time.Millisecond
	}
	start := time.Now()
	allSeen(t, Run(t.Context(), probes, Options{Window: 20}), flow.Timeout)
	if took := time.Since(start); took < 150*time.Millisecond {
		t.Errorf("60 probes of 50 ms, 20 at once, took %v", took)
	}
}

// TestFewDescriptors: a process that may open few files asks fewer at once, and
// a server that cannot accept tries again.
func TestFewDescriptors(t *testing.T) {
	a, b := pair(t)
	s := serve(t)
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	s.mustListen(t, b, "b", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere})
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if was.Cur != was.Max {
		t.Errorf("the limit of descriptors is %d of %d", was.Cur, was.Max)
	}
	few := was
	few.Cur = uint64(open(t)) + 2*spare
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}()
	allSeen(t, Run(t.Context(), many(1000, a, addr("10.0.0.2:80"), addr("[fd00::2]:80")), Options{Servers: s}), flow.Connected)

	for left := 3; left > 2; { // the connections, whose descriptors come back as they close
		s.mu.Lock()
		left = len(s.sockets)
		s.mu.Unlock()
	}

	// Now without any to spare: the server gets one only when others are closed.
	var held []int
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		held = append(held, fd)
	}
	const needed = 3 // an epoll, its bell, a socket
	for _, fd := range held[:needed] {
		unix.Close(fd)
	}
	const wait = 100 * time.Millisecond
	release := time.AfterFunc(wait, func() {
		for _, fd := range held[needed:] {
			unix.Close(fd)
		}
	})
	defer release.Stop()
	probe := Probe{Place: a, Protocol: flow.TCP, To: addr("10.0.0.2:80"), Timeout: 10 * time.Second}
	if got := Run(t.Context(), []Probe{probe}, Options{Servers: s})[0]; got.Seen != flow.Connected || got.Took < wait/2 {
		t.Errorf("without descriptors: %+v", got)
	}
}

// TestManyPods: a thousand servers of several ports on one loop.
func TestManyPods(t *testing.T) {
	n := newNetns(t)
	s := serve(t)
	var probes []Probe
	want := map[netip.AddrPort]string{}
	for i := range 1000 {
		name := fmt.Sprint("pod/", i)
		ip := netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)})
		var at []Listener
		for _, port := range []uint16{80, 443} {
			to := netip.AddrPortFrom(ip, port)
			at = append(at, Listener{flow.TCP, to}, Listener{flow.UDP, to})
			probes = append(probes, Probe{Place: n, Protocol: protocols[i%2], To: to})
			want[to] = name
		}
		s.mustListen(t, n, name, at...)
	}
	results := Run(t.Context(), probes, Options{Servers: s})
	allSeen(t, results, flow.Connected)
	for i, got := range results {
		if got.Answer.Server != want[probes[i].To] {
			t.Fatalf("%v: %+v, want %s", probes[i].To, got, want[probes[i].To])
		}
	}
}

// BenchmarkDropped: 2,000 probes into a hole cost one timeout.
func BenchmarkDropped(b *testing.B) {
	x, y := pair(b)
	y.run(b, table+"\nnft add rule inet t in th dport 80 drop")
	probes := many(2000, x, addr("10.0.0.2:80"), addr("[fd00::2]:80"))
	for b.Loop() {
		allSeen(b, Run(b.Context(), probes, Options{}), flow.Timeout)
	}
}

// BenchmarkConnected: connections a second, over loopback and over a veth.
func BenchmarkConnected(b *testing.B) {
	x, y := pair(b)
	s, err := NewServers()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	anywhere := netip.AddrPortFrom(netip.Addr{}, 80)
	for _, n := range []*netns{x, y} {
		if _, err := s.Listen(n, "server", Listener{flow.TCP, anywhere}, Listener{flow.UDP, anywhere}); err != nil {
			b.Fatal(err)
		}
	}
	for _, to := range []string{"127.0.0.1:80", "[::1]:80", "10.0.0.2:80", "[fd00::2]:80"} {
		for i, proto := range protocols {
			b.Run(fmt.Sprintf("%v/%v", addr(to).Addr(), proto), func(b *testing.B) {
				probes := make([]Probe, 0, 2000)
				for _, p := range many(4000, x, addr(to)) {
					if p.Protocol == protocols[i] {
						probes = append(probes, p)
					}
				}
				for b.Loop() {
					allSeen(b, Run(b.Context(), probes, Options{Servers: s}), flow.Connected)
				}
				b.ReportMetric(float64(b.N*len(probes))/b.Elapsed().Seconds(), "probes/s")
			})
		}
	}
}
