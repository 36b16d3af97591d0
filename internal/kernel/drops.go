package kernel

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
)

// Group is the NFLOG group that the rules of a Program log to. Groups belong to
// their network namespace.
const Group = 100

// Drop is a packet that a rule logged. The log statement stands in front of the
// verdict, which is not told.
type Drop struct {
	// Time is when the kernel received the packet; for one that was made on this
	// machine, when it was logged.
	Time time.Time
	// Prefix is the rule's.
	Prefix string
	Mark   uint32
	Hook   Hook
	// In and Out are the names of the devices, "" where the hook has none, or
	// where it is gone by now.
	In, Out string
	Packet
}

// Hook is one of netfilter's hooks (enum nf_inet_hooks).
type Hook uint8

// The hooks.
const (
	Prerouting Hook = iota
	Input
	Forward
	Output
	Postrouting
)

var hookNames = [...]string{"prerouting", "input", "forward", "output", "postrouting"}

// String is the hook's name in nft's grammar.
func (h Hook) String() string {
	if int(h) < len(hookNames) {
		return hookNames[h]
	}
	return fmt.Sprintf("hook %d", uint8(h))
}

// Drops receives what rules log to an NFLOG group. Close it.
type Drops struct {
	stream[Drop]
	next    uint32 // the sequence number to come
	holes   atomic.Uint64
	overrun atomic.Bool // something was lost, and no hole found yet
}

// Drops listens to a group of the handle's namespace. Only one may listen to a
// group: others get syscall.EPERM.
func (h *Handle) Drops(group uint16) (*Drops, error) {
	var l *listener
	err := h.space.within(func() (err error) {
		l, err = listen(0)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := l.configure(group); err != nil {
		if errors.Is(err, syscall.EPERM) {
			err = fmt.Errorf("%w: another program listens to it, or CAP_NET_ADMIN is missing", err)
		}
		return nil, errors.Join(fmt.Errorf("listen to NFLOG group %d: %w", group, err), l.close())
	}
	d := &Drops{}
	d.stream = stream[Drop]{l: l, read: d.take, lost: func() { d.overrun.Store(true) }}
	return d, nil
}

// headers is how much of a packet is asked for: an IPv6 header, extension
// headers, ports.
const headers = 256

// configure asks for the group: every packet at once, numbered, in a message
// that is not longer than it must be, since the kernel accounts for its length.
func (l *listener) configure(group uint16) error {
	b, at := openMessage(nil, msgLogConfig, nlmRequest|nlmAck, 1, unspec, group)
	b = padded(append(attrHeader(b, logCommand, 1), logBind))
	b = attrHeader(b, logMode, 6)
	b = padded(append(b, 0, 0, headers>>8, headers&0xff, logCopyPacket, 0))
	b = appendUint32(b, logThreshold, 1)
	b = appendUint32(b, logBufferSize, 512)
	b = padded(append(attrHeader(b, logFlags, 2), 0, logSequence))
	closeMessage(b, at)
	return l.ask(b)
}

// Lost counts the packets that were logged while the receive buffer was full.
// The kernel numbers them, so the count is exact as soon as another one has
// arrived; until then a loss counts as one.
func (d *Drops) Lost() uint64 {
	n := d.holes.Load()
	if d.overrun.Load() {
		n++
	}
	return n
}

// take reads one message.
func (d *Drops) take(m *message) (Drop, bool) {
	if m.kind != msgLogPacket {
		return Drop{}, false
	}
	r := readLog(m)
	if hole := r.seq - d.next; hole != 0 && r.numbered {
		d.holes.Add(uint64(hole))
		d.overrun.Store(false) // the kernel tells of it before what came before it
	}
	d.next = r.seq + 1
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	r.In, r.Out = d.l.device(r.in), d.l.device(r.out)
	return r.Drop, true
}

// logged is a Drop with what has to be looked up.
type logged struct {
	Drop
	in, out, seq uint32
	numbered     bool
}

// readLog reads a message of NFLOG. What is missing or cannot be read stays
// zero.
func readLog(m *message) logged {
	var l logged
	for kind, data := range m.attrs() {
		switch kind {
		case logHeader:
			if len(data) >= 3 {
				l.Hook = Hook(data[2])
			}
		case logMark:
			l.Mark = uint32(number(data))
		case logTimestamp:
			if len(data) == 16 {
				l.Time = time.Unix(int64(number(data[:8])), 1000*int64(number(data[8:])))
			}
		case logIn:
			l.in = uint32(number(data))
		case logOut:
			l.out = uint32(number(data))
		case logPayload:
			l.Packet, _ = readPacket(data)
		case logPrefix:
			l.Prefix = text(data)
		case logSeq:
			l.seq, l.numbered = uint32(number(data)), true
		}
	}
	return l
}
