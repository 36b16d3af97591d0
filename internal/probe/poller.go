//go:build linux

package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// poller is an epoll instance over sockets of any namespaces, with a bell that
// other goroutines may ring.
type poller struct {
	fd, bell int
	events   []unix.EpollEvent

	mu     sync.Mutex // keeps the bell's number from going to another file while it is rung
	closed bool
}

// bellKey is the key of the bell's own events.
const bellKey = -1

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("eventfd: %w", err), unix.Close(fd))
	}
	p := &poller{fd: fd, bell: bell, events: make([]unix.EpollEvent, 1024)}
	if err := p.add(bell, unix.EPOLLIN, bellKey); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// add watches a socket; its events carry the key.
func (p *poller) add(fd int, events uint32, key int32) error {
	err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: key})
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// change sets what is watched for on a socket.
func (p *poller) change(fd int, events uint32, key int32) error {
	err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events, Fd: key})
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// wait returns what is ready, at the latest after the timeout (negative: never);
// all reports that nothing else was ready. The slice is good until the next call.
func (p *poller) wait(timeout time.Duration) (ready []unix.EpollEvent, all bool, err error) {
	ms := -1
	if timeout >= 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	n, err := unix.EpollWait(p.fd, p.events, ms)
	switch {
	case errors.Is(err, unix.EINTR):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("epoll: %w", err)
	}
	ready = p.events[:n]
	for _, e := range ready {
		if e.Fd == bellKey {
			var count [8]byte
			_, _ = unix.Read(p.bell, count[:]) // empty already: somebody rang in between, and was heard
		}
	}
	return ready, n < len(p.events), nil
}

// ring ends a wait. Once closed there is none.
func (p *poller) ring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(p.bell, one[:]) // full: it is ringing
}

func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	_ = unix.Close(p.bell)
	_ = unix.Close(p.fd)
}
