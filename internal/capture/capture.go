//go:build linux

package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Place is a network namespace: Do runs f on a thread that is in it, and returns
// f's error.
type Place interface {
	Do(f func() error) error
}

// Options bound a capture. The zero value is good for a question or two.
type Options struct {
	// MaxBytes is the size beyond which the file does not grow. 0 is 64 MiB.
	MaxBytes int64
	// Ring is how many packets may wait to be written. 0 is 4096. Each costs 2 KiB.
	Ring int
	// Name is written into the file, as the machine's.
	Name string
}

const (
	defaultMaxBytes = 64 << 20
	defaultRing     = 4096
)

// Stats says what a capture holds, and what it does not.
type Stats struct {
	// Packets are in the file.
	Packets int
	// Cut are those of them that were longer than a slot of the ring (about 1900
	// bytes) and end early.
	Cut int
	// Omitted did not fit into MaxBytes.
	Omitted int
	// Lost came faster than they were written.
	Lost int
}

// Capture is one that is running.
type Capture struct {
	socket *os.File
	ring   *ring
	out    *writer
	done   chan struct{}
	err    error
}

// Start captures all that passes the devices of the place from now on, those that
// are made later too. It needs CAP_NET_RAW there. The file is complete after Stop.
func Start(place Place, file io.Writer, o Options) (*Capture, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Ring <= 0 {
		o.Ring = defaultRing
	}
	c := &Capture{done: make(chan struct{})}
	err := place.Do(func() (err error) {
		c.ring, err = openRing(o.Ring)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	// A file that Go waits for without a thread, and that a deadline wakes.
	c.socket = os.NewFile(uintptr(c.ring.fd), "capture")
	if err := c.socket.SetReadDeadline(time.Time{}); err != nil {
		return nil, errors.Join(fmt.Errorf("capture: %w", err), c.ring.close(), c.socket.Close())
	}
	c.out = newWriter(bufio.NewWriterSize(file, 1<<16), o, c.ring.device)
	go c.run()
	return c, nil
}

// run writes packets until the deadline, which Stop sets.
func (c *Capture) run() {
	defer close(c.done)
	raw, err := c.socket.SyscallConn()
	if err != nil {
		c.err = err
		return
	}
	err = raw.Read(func(uintptr) bool {
		c.drain()
		return false // wait for more
	})
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.err = err
	}
}

func (c *Capture) drain() {
	for {
		p, ok := c.ring.next()
		if !ok {
			return
		}
		c.out.packet(p)
		c.ring.release()
	}
}

// Stop ends the capture and completes the file, which it does not close. What
// passed a device before is in it.
func (c *Capture) Stop() (Stats, error) {
	if err := c.socket.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return Stats{}, fmt.Errorf("capture: %w", err)
	}
	<-c.done
	err := c.ring.detach()
	c.drain()
	lost, errLost := c.ring.lost()
	stats := c.out.stats
	stats.Lost = lost
	if err := errors.Join(c.err, err, errLost, c.out.flush(), c.ring.close(), c.socket.Close()); err != nil {
		return stats, fmt.Errorf("capture: %w", err)
	}
	return stats, nil
}

// device is the name of an interface by its number, or "" when it is gone.
func (r *ring) device(index uint32) string {
	req, err := unix.NewIfreq("")
	if err != nil {
		return ""
	}
	req.SetUint32(index)
	if unix.IoctlIfreq(r.fd, unix.SIOCGIFNAME, req) != nil {
		return ""
	}
	return req.Name()
}
