package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// place is a network namespace and a thread in it.
type place struct {
	jobs chan func()
	ns   *os.File
}

// newPlace makes a namespace that lasts as long as the test.
func newPlace(t testing.TB) *place {
	t.Helper()
	p := &place{jobs: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends here
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			p.ns, err = os.Open("/proc/thread-self/ns/net")
		}
		if err == nil {
			err = linkUp("lo")
		}
		ready <- err
		for job := range p.jobs {
			job()
		}
	}()
	must(t, <-ready)
	t.Cleanup(func() {
		close(p.jobs)
		p.ns.Close() //nolint:errcheck // nothing was written
	})
	return p
}

// do runs f on the place's thread, and waits.
func (p *place) do(f func()) {
	done := make(chan struct{})
	p.jobs <- func() {
		f()
		close(done)
	}
	<-done
}

// try is do for what can fail.
func (p *place) try(t testing.TB, f func() error) {
	t.Helper()
	var err error
	p.do(func() { err = f() })
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func linkUp(name string) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(l)
}

func sysctl(name, value string) error {
	return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0)
}

// road is the way of the packets: client, node n1, server.
//
//	client ── 10.9.1.0/30 ── node ── 10.9.2.0/30 ── server
//	10.2.x.y                                        10.1.x.y, all of them
type road struct{ client, node, server *place }

func newRoad(t testing.TB) *road {
	t.Helper()
	r := &road{newPlace(t), newPlace(t), newPlace(t)}
	r.join(t, r.client, "10.9.1.1/30", "10.9.1.2/30", "client")
	r.join(t, r.server, "10.9.2.1/30", "10.9.2.2/30", "server")
	r.client.try(t, func() error {
		return errors.Join(local(clientBase+"/16"), via("0.0.0.0/0", "10.9.1.2"))
	})
	r.server.try(t, func() error {
		return errors.Join(local(endpointBase+"/16"), via("0.0.0.0/0", "10.9.2.2"))
	})
	r.node.try(t, func() error {
		return errors.Join(sysctl("ipv4/ip_forward", "1"), sysctl("netfilter/nf_conntrack_tcp_timeout_close", "1"),
			address("lo", "172.16.0.1/32"), via(clientBase+"/16", "10.9.1.1"), via(endpointBase+"/16", "10.9.2.1"))
	})
	return r
}

// join wires a place to the node.
func (r *road) join(t testing.TB, p *place, its, nodes, name string) {
	t.Helper()
	r.node.try(t, func() error {
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "node", PeerNamespace: netlink.NsFd(int(p.ns.Fd())),
		})
	})
	r.node.try(t, func() error { return address(name, nodes) })
	p.try(t, func() error { return address("node", its) })
}

func address(link, addr string) error {
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return err
	}
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	return errors.Join(netlink.AddrAdd(l, a), netlink.LinkSetUp(l))
}

func via(dst, gateway string) error {
	_, d, err := net.ParseCIDR(dst)
	if err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{Dst: d, Gw: net.ParseIP(gateway)})
}

// local makes every address of the range the place's own.
func local(dst string) error {
	_, d, err := net.ParseCIDR(dst)
	if err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{LinkIndex: lo.Attrs().Index, Dst: d, Type: syscall.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Table: 255})
}

// reaches connects to every target and expects that each time the server is
// asked at one of the wanted addresses, and by src; if src is none, by anybody
// but the client.
func (r *road) reaches(t testing.TB, src netip.Addr, targets map[netip.AddrPort][]netip.Addr) {
	t.Helper()
	var l net.Listener
	r.server.try(t, func() (err error) {
		l, err = net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", targetPort))
		return err
	})
	defer l.Close() //nolint:errcheck // a listener
	for to, want := range targets {
		r.client.try(t, func() error {
			d := net.Dialer{Timeout: 2 * time.Second, LocalAddr: &net.TCPAddr{IP: client.AsSlice()}}
			if src.IsValid() {
				d.LocalAddr = &net.TCPAddr{IP: src.AsSlice()}
			}
			c, err := d.Dial("tcp4", to.String())
			if err != nil {
				return err
			}
			return c.Close()
		})
		c, err := l.Accept()
		must(t, err)
		here := netip.MustParseAddrPort(c.LocalAddr().String()).Addr()
		from := netip.MustParseAddrPort(c.RemoteAddr().String()).Addr()
		if !slices.Contains(want, here) || from != src && (src.IsValid() || from == client) {
			t.Errorf("%s from %s arrived at %s from %s, not at one of %v", to, src, here, from, want)
		}
		c.Close() //nolint:errcheck // seen
	}
}

// silent expects that a connection from src is never answered.
func (r *road) silent(t testing.TB, src netip.Addr, to netip.AddrPort) {
	t.Helper()
	r.client.do(func() {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: src.AsSlice()}, Timeout: 200 * time.Millisecond}
		c, err := d.Dial("tcp4", to.String())
		var timeout net.Error
		if err == nil {
			c.Close() //nolint:errcheck // it should not be there
		}
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s from %s: %v, not silence", to, src, err)
		}
	})
}

// latencies are those of connections that one thread made one after another,
// sorted, and the time of all.
type latencies struct {
	each  []time.Duration
	whole time.Duration
}

func (l *latencies) at(share float64) time.Duration {
	return l.each[min(int(share*float64(len(l.each))), len(l.each)-1)]
}

// connect makes n connections from src, to the targets in turn, that the server
// refuses. The calls are raw, so that no scheduler of ours is measured.
func (r *road) connect(t testing.TB, src netip.Addr, targets []netip.AddrPort, n int) *latencies {
	t.Helper()
	l := &latencies{each: make([]time.Duration, n)}
	r.client.try(t, func() error {
		out := &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
		if err := netlink.RouteReplace(&netlink.Route{Dst: out, Gw: net.ParseIP("10.9.1.2"), Src: src.AsSlice()}); err != nil {
			return err
		}
		to := make([]syscall.RawSockaddrInet4, len(targets))
		for i, a := range targets {
			to[i] = sockaddr(a)
		}
		start := time.Now()
		for i := range n {
			d, err := refused(&to[i%len(to)])
			if err != nil {
				return fmt.Errorf("connection %d, to %s: %w", i, targets[i%len(to)], err)
			}
			l.each[i] = d
		}
		l.whole = time.Since(start)
		return nil
	})
	slices.Sort(l.each)
	return l
}
