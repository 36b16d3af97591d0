//go:build linux

package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// atOnce is how many sockets are made for one visit of a place, and asked before
// the loop looks at those under way again. One server may get them all, and a UDP
// socket holds 277 small datagrams (net.core.rmem_default, 768 bytes each): the
// next are asked when the servers have taken these.
const atOnce = 256

// held reports that the servers have not.
func (r *run) held() bool { return r.servers != nil && r.servers.turned() < r.pace }

// spare is how many descriptors are left to the rest of the process.
const spare = 64

// ask starts probes as long as there is room.
func (r *run) ask() {
	n := min(len(r.queue), r.window-len(r.asked), atOnce)
	if n <= 0 || r.held() {
		return
	}
	place := r.probes[r.queue[0]].Place
	for i, probe := range r.queue[:n] {
		if r.probes[probe].Place != place {
			n = i
			break
		}
	}
	batch := r.queue[:n]
	r.queue = r.queue[n:]
	fds, err := r.open(place, batch)
	if len(fds) == 0 && err != nil && (len(r.asked) == 0 || !full(err)) {
		for _, probe := range batch {
			r.results[probe].Err = err
		}
		return
	}
	for i, fd := range fds {
		r.start(batch[i], fd)
	}
	if r.servers != nil {
		r.pace = r.servers.demand(1)
	}
	if rest := batch[len(fds):]; len(rest) > 0 {
		r.window = max(len(r.asked), 1) // no more will fit
		r.queue = append(append([]int(nil), rest...), r.queue...)
	}
}

// full reports an error that says there are enough sockets.
func full(err error) bool {
	for _, e := range []unix.Errno{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// open makes sockets for probes of one place, as many as there is room for: each
// probe under way may cost a server of this process a descriptor as well.
func (r *run) open(place Place, batch []int) (fds []int, err error) {
	if place == nil {
		place = Here
	}
	err = place.Do(func() error {
		for _, probe := range batch {
			p := r.probes[probe]
			kind := unix.SOCK_STREAM
			if p.Protocol == flow.UDP {
				kind = unix.SOCK_DGRAM
			}
			fd, err := unix.Socket(family(p.To.Addr()), kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("socket: %w", err)
			}
			// The kernel gives the lowest number that is free.
			if used := len(r.asked) + len(fds); used > 0 && r.limit > 0 && fd+used+spare >= r.limit {
				return errors.Join(unix.EMFILE, unix.Close(fd))
			}
			fds = append(fds, fd)
		}
		return nil
	})
	return fds, err
}

// start sends a probe's SYN or datagram.
func (r *run) start(probe, fd int) {
	p := r.probes[probe]
	r.salt++
	a := &asked{probe: probe, fd: fd, slot: len(r.asked), nonce: fmt.Sprintf("%016x", r.salt), sent: time.Now()}
	r.asked, r.byProbe[probe] = append(r.asked, a), a
	switch err := r.prepare(fd, p); {
	case errors.Is(err, errPorts):
		r.later(a, err)
		return
	case err != nil:
		r.end(a, flow.SeenUnknown, err)
		return
	}
	a.sent = time.Now()
	a.deadline = r.clock.at(a.sent) + r.timeout(probe)
	err := unix.Connect(fd, sockaddr(p.To))
	r.results[probe].Local = localOf(fd)
	switch {
	case err == nil, errors.Is(err, unix.EINPROGRESS), errors.Is(err, unix.EINTR):
	case errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, unix.EAGAIN):
		r.later(a, fmt.Errorf("connect: %w", err)) // the port is taken toward there, or all are
		return
	case errors.Is(err, unix.EINVAL): // a blackhole route of this machine
		r.end(a, flow.Unreachable, fmt.Errorf("connect: %w", err))
		return
	default:
		r.failCall(a, fmt.Errorf("connect: %w", err))
		return
	}
	if err := r.poll.add(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET, int32(probe)); err != nil {
		r.end(a, flow.SeenUnknown, err)
		return
	}
	if p.Protocol == flow.UDP {
		a.state = waiting
		r.send(a)
	}
}

// later puts off a probe whose source ports are taken until another has ended,
// or ends it if there is none.
func (r *run) later(a *asked, err error) {
	r.tries[a.probe]++
	switch {
	case len(r.asked) == 1:
		r.end(a, flow.SeenUnknown, err)
	case r.tries[a.probe] < r.probes[a.probe].Ports.size() && errors.Is(err, unix.EADDRNOTAVAIL):
		r.leave(a)
		r.queue = append(r.queue, a.probe) // the next port of the range
	default:
		r.leave(a)
		r.parked = append(r.parked, a.probe)
	}
}

// errorQueue lets a socket be told of ICMP errors at once and in full, or not.
func errorQueue(fd int, to netip.Addr, on int) error {
	level, option := unix.IPPROTO_IP, unix.IP_RECVERR
	if to.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVERR
	}
	if err := unix.SetsockoptInt(fd, level, option, on); err != nil {
		return fmt.Errorf("error queue: %w", err)
	}
	return nil
}

// prepare sets a socket's options and binds it where the probe wants that.
func (r *run) prepare(fd int, p Probe) error {
	if err := errorQueue(fd, p.To.Addr(), 1); err != nil {
		return err
	}
	if p.Protocol == flow.TCP {
		// A reset on close: no TIME_WAIT keeps the source port from the next probe.
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			return fmt.Errorf("linger: %w", err)
		}
	}
	if p.Ports != (Ports{}) {
		return r.bindPort(fd, p)
	}
	if !p.From.IsValid() {
		return nil
	}
	// The port is chosen by connect, which knows who else it must differ from.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(p.From, 0))); err != nil {
		return fmt.Errorf("bind to %v: %w", p.From, err)
	}
	return nil
}

// errPorts says that a probe's source ports are all taken.
var errPorts = errors.New("no source port is free")

// bindPort takes the next port of the range that is free. Two TCP sockets may
// have the same port toward different destinations; two of UDP would take each
// other's answers.
func (r *run) bindPort(fd int, p Probe) error {
	from := p.From
	if !from.IsValid() {
		from = wildcard(p.To.Addr())
	}
	if p.Protocol == flow.TCP {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	if from.Is6() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	for range p.Ports.size() {
		at := netip.AddrPortFrom(from, r.port(p.Ports))
		err := unix.Bind(fd, sockaddr(at))
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			return fmt.Errorf("bind to %v: %w", at, err)
		}
	}
	return fmt.Errorf("%w: %d-%d: %w", errPorts, p.Ports.Low, p.Ports.High, unix.EADDRINUSE)
}
