//go:build linux

package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// end closes a probe's socket and writes its result.
func (r *run) end(a *asked, seen flow.Seen, err error) {
	res := &r.results[a.probe]
	res.Seen, res.Err, res.Took = seen, err, time.Since(a.sent)
	r.leave(a)
	if len(r.parked) > 0 { // it may have freed a port
		r.queue, r.parked = append(r.queue, r.parked[0]), r.parked[1:]
	}
}

// leave closes a probe's socket, and it is not under way any more.
func (r *run) leave(a *asked) {
	last := r.asked[len(r.asked)-1]
	r.asked[a.slot], last.slot = last, a.slot
	r.asked = r.asked[:len(r.asked)-1]
	r.byProbe[a.probe] = nil
	_ = unix.Close(a.fd)
}

// fail ends a probe by an error that a program is told of.
func (r *run) fail(a *asked, err error) { r.end(a, seenOf(err), err) }

// ready handles what happened at a probe's socket.
func (r *run) ready(a *asked, events uint32) {
	switch {
	case a.state == connecting:
		r.shake(a, events)
	case events&unix.EPOLLERR != 0 && r.udp(a) && r.told(a):
	default:
		r.read(a)
	}
}

func (r *run) udp(a *asked) bool { return r.probes[a.probe].Protocol == flow.UDP }

// shake looks how far the handshake is.
func (r *run) shake(a *asked, events uint32) {
	if events&unix.EPOLLERR != 0 && !established(a.fd) {
		if r.told(a) {
			return
		}
		if err := socketError(a.fd); err != nil {
			r.results[a.probe].Handshake = errors.Is(err, unix.ECONNRESET)
			r.fail(a, err)
			return
		}
	}
	if events&unix.EPOLLOUT != 0 && r.connected(a) && events&unix.EPOLLIN != 0 {
		r.read(a) // a server that speaks first, and events come once
	}
}

// established reports whether the handshake is done, so that an ICMP error is
// not for the program.
func established(fd int) bool {
	const tcpEstablished = 1 // net/tcp_states.h
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && info.State == tcpEstablished
}

// told reads the error queue, and reports whether that ended the probe.
func (r *run) told(a *asked) bool {
	for {
		ok, err := queued(a.fd)
		if !ok {
			break
		}
		var icmp *ICMPError
		if !r.udp(a) || !errors.As(err, &icmp) || icmp.told() {
			r.fail(a, err)
			return true
		}
		a.note, a.notes = err, a.notes+1
	}
	if r.udp(a) {
		_ = socketError(a.fd) // the queue has told it already
	}
	return false
}

// connected sends the nonce after the handshake, and reports whether the probe
// goes on. From now on an ICMP error is not for the program, so the socket shall
// not be told of any, either.
func (r *run) connected(a *asked) bool {
	res := &r.results[a.probe]
	res.Handshake, res.Local = true, localOf(a.fd)
	a.state, a.deadline = waiting, r.clock.at(time.Now())+r.timeout(a.probe)
	if err := errorQueue(a.fd, r.probes[a.probe].To.Addr(), 0); err != nil {
		r.end(a, flow.SeenUnknown, err)
		return false
	}
	_ = socketError(a.fd) // what came before
	return r.send(a)
}

// send sends the nonce, and reports whether the probe goes on. What a rule of
// ours drops on the way out is EPERM: the packet is lost, and the error that may
// follow says more.
func (r *run) send(a *asked) bool {
	_, err := unix.Write(a.fd, []byte(a.nonce+"\n"))
	switch {
	case err == nil:
	case errors.Is(err, unix.EPERM):
		a.note = fmt.Errorf("send: %w", err)
	default:
		r.failCall(a, fmt.Errorf("send: %w", err))
		return false
	}
	return true
}

// failCall ends a probe by the error of a call, or by what the error queue says.
func (r *run) failCall(a *asked, err error) {
	if ok, told := queued(a.fd); ok {
		err = told
	}
	r.fail(a, err)
}

var (
	errClosed  = errors.New("closed without an answer: not one of our servers")
	errForeign = errors.New("not an answer of our servers")
)

// read takes what has come, and ends the probe when that is the answer.
func (r *run) read(a *asked) {
	for {
		n, err := unix.Read(a.fd, r.buf[:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil && r.udp(a):
			notes := a.notes
			if r.told(a) {
				return
			}
			if a.notes == notes { // of which the queue knows nothing
				r.fail(a, err)
				return
			}
			continue
		case err != nil:
			r.fail(a, err)
			return
		case n == 0 && !r.udp(a):
			r.end(a, flow.SeenUnknown, errClosed)
			return
		}
		if r.udp(a) {
			a.text = a.text[:0] // each datagram is one
		}
		a.text = append(a.text, r.buf[:n]...)
		if r.understand(a) {
			return
		}
	}
}

// understand reports whether the answer was whole, which ends the probe.
func (r *run) understand(a *asked) bool {
	text, _, whole := bytes.Cut(a.text, []byte("\n"))
	var got Answer
	switch {
	case !whole && !r.udp(a) && len(text) < maxAnswer:
		return false
	case !whole || json.Unmarshal(text, &got) != nil || got.Echo != a.nonce:
		r.end(a, flow.SeenUnknown, errForeign)
	default:
		r.results[a.probe].Answer = got
		r.end(a, flow.Connected, nil)
	}
	return true
}
