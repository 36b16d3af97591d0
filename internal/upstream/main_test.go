package upstream

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/portolan-net/portolan/internal/lab"
)

// TestMain is three programs: kube-proxy in a node's namespaces, the tests as
// root of namespaces where a lab may be built, and what starts these.
func TestMain(m *testing.M) {
	if IsChild() {
		if err := Serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(leaves) == "" {
		done, code, err := lab.Enter()
		switch {
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		case done:
			os.Exit(code)
		}
	}
	os.Exit(m.Run())
}

// namespace puts the test's goroutine, and its thread for good, into a network
// namespace of its own that holds the addresses on lo, and whose routes lead out
// to a neighbour that never answers. It is gone when the test is.
func namespace(t testing.TB, addrs ...string) {
	t.Helper()
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lo, err := netlink.LinkByName("lo")
	must(err)
	must(netlink.LinkSetUp(lo))
	for _, a := range addrs {
		addr, err := netlink.ParseAddr(a)
		must(err)
		addr.Flags = syscall.IFA_F_NODAD
		must(netlink.AddrAdd(lo, addr))
	}
	up := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "up"}, PeerName: "down"}
	must(netlink.LinkAdd(up))
	must(netlink.LinkSetUp(up))
	down, err := netlink.LinkByName("down")
	must(err)
	must(netlink.LinkSetUp(down))
	for _, gw := range []string{"169.254.1.1", "fe80::1"} {
		gw := net.ParseIP(gw)
		all := &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
		if gw.To4() != nil {
			all = &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
		}
		must(netlink.NeighAdd(&netlink.Neigh{
			LinkIndex: up.Index, IP: gw, HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 1}, State: netlink.NUD_PERMANENT,
		}))
		must(netlink.RouteAdd(&netlink.Route{LinkIndex: up.Index, Dst: all, Gw: gw, Flags: int(netlink.FLAG_ONLINK)}))
	}
}

// nft runs nft in the thread's namespace.
func nft(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("nft", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("nft %s: %v: %s", args, err, out)
	}
	return string(out)
}

// say listens on a TCP address of the thread's namespace and tells everybody who
// connects its own address and the one it saw.
func say(t testing.TB, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // a listener
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			from := netip.MustParseAddrPort(c.RemoteAddr().String()).Addr().Unmap()
			fmt.Fprintf(c, "%s to %s", addr, from)
			c.Close() //nolint:errcheck // said
		}
	}()
}
