//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/internal/probe"
)

// config sets up the network namespace of the thread it was made on. After the
// first error, which it keeps, it does nothing.
type config struct {
	h      *netlink.Handle
	routes map[tabled]bool // made so far
	err    error
}

type tabled struct {
	to    netip.Prefix
	table int
}

// configure runs f with a config inside a namespace.
func configure(ns *os.File, f func(c *config)) error {
	return within(ns, func() error {
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer h.Close()
		c := &config{h: h, routes: map[tabled]bool{}}
		f(c)
		return c.err
	})
}

// try runs one step, unless an earlier one failed.
func (c *config) try(what string, step func() error) {
	if c.err != nil {
		return
	}
	if err := step(); err != nil {
		c.err = fmt.Errorf("%s: %w", what, err)
	}
}

// dev is a network device of a namespace.
type dev int

func (d dev) link() netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: int(d)}}
}

// up finds a device by its name and sets it up.
func (c *config) up(name string) dev {
	d := dev(0)
	c.try("set "+name+" up", func() error {
		l, err := c.h.LinkByName(name)
		if err != nil {
			return err
		}
		d = dev(l.Attrs().Index)
		return c.h.LinkSetUp(l)
	})
	return d
}

// add makes a device, up at once.
func (c *config) add(l netlink.Link) dev {
	c.try("add "+l.Attrs().Name, func() error { return c.h.LinkAdd(l) })
	return dev(l.Attrs().Index)
}

// bridge makes a bridge that asks nobody for group members.
func (c *config) bridge(name string, mac net.HardwareAddr) dev {
	off := false
	return c.add(&netlink.Bridge{LinkAttrs: attrs(name, mac), MulticastSnooping: &off})
}

func attrs(name string, mac net.HardwareAddr) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name, a.HardwareAddr, a.Flags = name, mac, net.FlagUp
	return a
}

// cable is a pair of devices, one here and one in another namespace.
type cable struct {
	name, alias string // here
	mac         net.HardwareAddr
	bridge      dev // here; 0: none
	peer        string
	peerMAC     net.HardwareAddr
	peerIn      *os.File
	mtu         int // 0: the usual
}

func (c *config) cable(w cable) dev {
	a := attrs(w.name, w.mac)
	a.Alias, a.MasterIndex, a.MTU = w.alias, int(w.bridge), w.mtu
	return c.add(&netlink.Veth{
		LinkAttrs: a, PeerName: w.peer, PeerHardwareAddr: w.peerMAC,
		PeerNamespace: netlink.NsFd(int(w.peerIn.Fd())), PeerMTU: uint32(w.mtu),
	})
}

// carries waits until the kernel lets packets through the near end of a cable
// whose far end was set up after it: it takes note of a carrier later, in a work
// queue. Asking for the device makes it do so now, since Linux 6.8.
func (c *config) carries(d dev) {
	c.wait("carrier", func() (bool, error) {
		l, err := c.h.LinkByIndex(int(d))
		return err == nil && l.Attrs().OperState == netlink.OperUp, err
	})
}

// local waits until an IPv6 address is this host's own: the kernel makes the
// route in a work queue, and not before the device carries. Devices whose carrier
// it is slow to notice are asked for, as in carries.
func (c *config) local(a netip.Addr) {
	if a.Is4() {
		return
	}
	c.wait("address "+a.String(), func() (bool, error) {
		all, err := c.h.RouteGet(a.AsSlice())
		if err == nil && len(all) > 0 && all[0].Type == unix.RTN_LOCAL {
			return true, nil
		}
		links, err := c.h.LinkList()
		for _, l := range links {
			if err == nil {
				_, err = c.h.LinkByIndex(l.Attrs().Index)
			}
		}
		return false, err
	})
}

// wait tries until done.
func (c *config) wait(what string, done func() (bool, error)) {
	c.try(what, func() error {
		for range 5000 {
			if ok, err := done(); ok || err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
		return errors.New("not there after 5 s")
	})
}

// addr gives a device an address, alone in its range. Of several IPv6 addresses
// the kernel prefers one that is not deprecated as a source; of several IPv4
// addresses the first.
func (c *config) addr(d dev, a netip.Addr, first bool) {
	c.try("address "+a.String(), func() error {
		n := &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(a, a.BitLen())), Flags: unix.IFA_F_NODAD}
		if a.Is6() && !first {
			n.ValidLft = 1<<32 - 1 // for ever, and PreferedLft 0
		}
		return c.h.AddrAdd(d.link(), n)
	})
}

// hop is a neighbour by which routes go: a number on its segment. The addresses
// that stand for it are in no packet, only in routes and neighbour tables.
type hop int

func (h hop) addr(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: byte(h >> 8), 15: byte(h)})
	}
	return netip.AddrFrom4([4]byte{169, 254, byte(h >> 8), byte(h)})
}

// mac is the hardware address of the hop's device on a segment.
func (h hop) mac(segment byte) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0x50, segment, 0, byte(h >> 8), byte(h)}
}

// neighbour tells a device where an address is. Such entries do not count toward
// the kernel's limit, which is one for all namespaces (gc_thresh3).
func (c *config) neighbour(d dev, a netip.Addr, mac net.HardwareAddr) {
	c.try("neighbour "+a.String(), func() error {
		return c.h.NeighAdd(&netlink.Neigh{
			LinkIndex: int(d), State: netlink.NUD_PERMANENT, Family: family(a.Is6()), IP: a.AsSlice(), HardwareAddr: mac,
		})
	})
}

// station tells a bridge, or a tunnel, behind which port, or host, a hardware
// address is.
func (c *config) station(port dev, mac net.HardwareAddr, host netip.Addr) {
	c.try("station "+mac.String(), func() error {
		n := &netlink.Neigh{
			LinkIndex: int(port), Family: unix.AF_BRIDGE, State: netlink.NUD_NOARP, Flags: netlink.NTF_MASTER, HardwareAddr: mac,
		}
		if host.IsValid() {
			n.Flags, n.State, n.IP = netlink.NTF_SELF, netlink.NUD_NOARP|netlink.NUD_PERMANENT, host.AsSlice()
		}
		return c.h.NeighSet(n)
	})
}

// route is one entry of a routing table. Without a device packets are lost
// without a word.
type route struct {
	to     netip.Prefix
	table  int // 0: main
	dev    dev
	via    []hop      // none: to is on the device; several: shared by flows
	source netip.Addr // of this host's own packets; zero: the kernel's choice
}

// route makes a route, unless there is one to the same range.
func (c *config) route(r route) {
	if c.routes[tabled{r.to, r.table}] {
		return
	}
	c.routes[tabled{r.to, r.table}] = true
	c.try("route "+r.to.String(), func() error {
		n := &netlink.Route{Dst: ipNet(r.to), Table: r.table, Family: family(r.to.Addr().Is6()), LinkIndex: int(r.dev)}
		if r.source.IsValid() {
			n.Src = r.source.AsSlice()
		}
		v6 := r.to.Addr().Is6()
		switch {
		case r.dev == 0:
			n.Type = unix.RTN_BLACKHOLE
		case len(r.via) == 0:
			n.Scope = unix.RT_SCOPE_LINK
		case len(r.via) == 1:
			n.Gw, n.Flags = r.via[0].addr(v6).AsSlice(), int(netlink.FLAG_ONLINK)
		default:
			n.LinkIndex = 0
			for _, h := range r.via {
				n.MultiPath = append(n.MultiPath, &netlink.NexthopInfo{
					LinkIndex: int(r.dev), Gw: h.addr(v6).AsSlice(), Flags: int(netlink.FLAG_ONLINK),
				})
			}
		}
		return c.h.RouteAdd(n)
	})
}

// rule sends packets to a routing table.
type rule struct {
	v6       bool
	priority int
	table    int
	from     string      // the device they come from; "": any
	sources  probe.Ports // zero: any
	source   netip.Addr
}

func (c *config) rule(r rule) {
	c.try(fmt.Sprintf("rule %d", r.priority), func() error {
		n := netlink.NewRule()
		n.Family, n.Priority, n.Table, n.IifName = family(r.v6), r.priority, r.table, r.from
		if r.sources.High > 0 {
			n.Sport = netlink.NewRulePortRange(r.sources.Low, r.sources.High)
		}
		if r.source.IsValid() {
			n.Src = ipNet(netip.PrefixFrom(r.source, r.source.BitLen()))
		}
		return c.h.RuleAdd(n)
	})
}

// rules loads a table of nftables.
func (c *config) rules(t *rules) { c.try("rules", t.load) }

func family(v6 bool) int {
	if v6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

func ipNet(p netip.Prefix) *net.IPNet {
	p = p.Masked()
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// everywhere is the default route's destination.
func everywhere(v6 bool) netip.Prefix {
	if v6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// only is the range of one address.
func only(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// setUp sets a device of this thread's namespace up.
func setUp(name string) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	c := &config{h: h}
	c.up(name)
	return c.err
}
