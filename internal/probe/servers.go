//go:build linux

package probe

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// Listener is where a server listens.
type Listener struct {
	// Protocol is TCP or UDP.
	Protocol flow.Protocol
	// Addr is the address and port. An address that is not valid stands for every
	// address of both families, through one socket; 0.0.0.0 and :: for every one
	// of theirs. Port 0 lets the kernel choose.
	Addr netip.AddrPort
}

// Servers answers on sockets of any places, in one loop. Close ends all.
type Servers struct {
	poll *poller
	done chan struct{}

	// turns counts whole turns of the loop: in each, everything that was ready
	// when it began was handled. wanted is the count up to which it must not rest.
	turns, wanted atomic.Uint64

	mu      sync.Mutex // held while events are handled: nobody closes a socket in use
	sockets map[int]socket
	hungry  []*listening // could not accept, for want of descriptors
	closed  bool
}

// socket is one that the loop of Servers watches.
type socket interface {
	descriptor() int
	// ready is called with the lock held and must not block.
	ready(s *Servers, events uint32)
	// owner is the Server it belongs to.
	owner() *Server
	// idle reports that nothing has come for long enough to close it.
	idle(now time.Time) bool
	// end closes it so that nothing lingers in its namespace.
	end()
}

// Server is one name and its listeners.
type Server struct {
	all   *Servers
	name  string
	addrs []netip.AddrPort
}

// NewServers starts a loop without servers.
func NewServers() (*Servers, error) {
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	s := &Servers{poll: poll, done: make(chan struct{}), sockets: map[int]socket{}}
	go s.run()
	return s, nil
}

// Listen makes a server's sockets in the place, all or none. Every Answer bears
// the name: any UTF-8 up to 4 KiB. A nil place is Here.
func (s *Servers) Listen(place Place, name string, at ...Listener) (*Server, error) {
	if len(name) > maxName || !utf8.ValidString(name) {
		return nil, fmt.Errorf("server name of %d bytes: not UTF-8 of at most %d", len(name), maxName)
	}
	if place == nil {
		place = Here
	}
	v := &Server{all: s, name: name}
	var made []socket
	err := place.Do(func() error {
		for _, l := range at {
			one, err := listen(v, l)
			if err != nil {
				return fmt.Errorf("listen on %s/%s: %w", l.Addr, l.Protocol, err)
			}
			made = append(made, one)
			v.addrs = append(v.addrs, localOf(one.descriptor()))
		}
		return nil
	})
	if err == nil {
		err = s.take(made)
	}
	if err != nil {
		for _, one := range made {
			one.end()
		}
		return nil, err
	}
	return v, nil
}

// listen makes one socket in the namespace of the calling thread.
func listen(v *Server, l Listener) (socket, error) {
	switch l.Protocol {
	case flow.TCP:
		return listenTCP(v, l.Addr)
	case flow.UDP:
		return listenUDP(v, l.Addr)
	default:
		return nil, errors.New("only TCP and UDP sockets exist here")
	}
}

// take watches sockets from now on.
func (s *Servers) take(made []socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the servers are closed")
	}
	for i, one := range made {
		if err := s.watch(one); err != nil {
			for _, before := range made[:i] {
				delete(s.sockets, before.descriptor())
			}
			return err
		}
	}
	return nil
}

// watch starts to watch one. It is called with the lock held.
func (s *Servers) watch(one socket) error {
	fd := one.descriptor()
	if err := s.poll.add(fd, unix.EPOLLIN|unix.EPOLLRDHUP, int32(fd)); err != nil {
		return err
	}
	s.sockets[fd] = one
	return nil
}

// drop closes a socket. It is called with the lock held.
func (s *Servers) drop(one socket) {
	delete(s.sockets, one.descriptor())
	one.end()
}

// feed lets the listeners that had no descriptor left try again. It is called
// with the lock held.
func (s *Servers) feed() {
	for _, l := range s.hungry {
		if s.sockets[l.fd] == socket(l) {
			_ = s.poll.change(l.fd, unix.EPOLLIN, int32(l.fd)) // it is watched, so it can be changed
		}
	}
	s.hungry = nil
}

// sweepEvery is how often sockets nobody uses any more are looked for, and
// feedEvery how often a descriptor, when there was none.
const (
	sweepEvery = time.Second
	feedEvery  = time.Millisecond
)

func (s *Servers) run() {
	defer close(s.done)
	swept, timeout := time.Now(), sweepEvery
	for {
		ready, all, err := s.poll.wait(timeout)
		if err != nil {
			return // the descriptor is gone: Close
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return
		}
		s.feed()
		for _, e := range ready {
			if one := s.sockets[int(e.Fd)]; one != nil {
				one.ready(s, e.Events)
			}
		}
		if now := time.Now(); now.Sub(swept) > sweepEvery {
			swept = now
			for _, one := range s.sockets {
				if one.idle(now) {
					s.drop(one)
				}
			}
		}
		if all {
			s.turns.Add(1)
		}
		timeout = sweepEvery
		switch {
		case s.turns.Load() < s.wanted.Load():
			timeout = 0
		case len(s.hungry) > 0:
			timeout = feedEvery
		}
		s.mu.Unlock()
	}
}

// demand makes the loop turn until n whole turns have been made that begin from
// now on, and returns the count to wait for. In one, whatever has arrived is
// accepted or answered; a connection that it accepts may be read from in the next.
func (s *Servers) demand(n uint64) uint64 {
	target := s.turns.Load() + n + 1 // one is under way
	for {
		wanted := s.wanted.Load()
		if wanted >= target || s.wanted.CompareAndSwap(wanted, target) {
			break
		}
	}
	s.poll.ring()
	return target
}

// turned is the count of turns; once closed, nobody need wait for any.
func (s *Servers) turned() uint64 {
	select {
	case <-s.done:
		return math.MaxUint64
	default:
		return s.turns.Load()
	}
}

// Addrs are the addresses that the server is bound to, in the order of Listen.
func (v *Server) Addrs() []netip.AddrPort { return v.addrs }

// Close ends the server: its listeners, and with a reset its connections.
func (v *Server) Close() {
	s := v.all
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.sockets {
		if one.owner() == v {
			s.drop(one)
		}
	}
}

// Close ends all servers and the loop. A second call does nothing.
func (s *Servers) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	for _, one := range s.sockets {
		one.end()
	}
	s.sockets, s.hungry = nil, nil
	s.mu.Unlock()
	s.poll.ring()
	<-s.done
	s.poll.close()
}
