package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/portolan-net/portolan/nft"
)

var (
	errNothing   = errors.New("no answer")
	errOverrun   = errors.New("answers were lost: the receive buffer is full")
	errTruncated = errors.New("an answer is longer than the receive buffer")
)

// OpError is an element operation that the kernel refused, and with it the batch
// that held it. It wraps the kernel's error (syscall.Errno).
type OpError struct {
	// Op is the operation, or the first of a message of which some operation was
	// refused: Exact tells.
	Op    nft.Op
	Exact bool
	// Detail is the kernel's own remark, mostly "".
	Detail string
	Err    error
}

// Error prints "add element ip portolan fronts { 10.96.0.10 . tcp . 80 : 1 }: file exists".
func (e *OpError) Error() string {
	var b strings.Builder
	b.WriteString(words(&e.Op))
	if !e.Exact {
		b.WriteString(", or one of those behind it")
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Detail != "" {
		fmt.Fprintf(&b, " (%s)", e.Detail)
	}
	return b.String()
}

func (e *OpError) Unwrap() error { return e.Err }

// refusal is what an error message of the kernel says.
type refusal struct {
	seq    uint32
	err    error // nil: an acknowledgement
	detail string
	offset int // of the attribute at fault in the message, 0: not told
}

// readRefusal reads a message of kind nlmsgError; ok is false if it is too short.
func readRefusal(m *message) (r refusal, ok bool) {
	const original = 4 // struct nlmsgerr: the error, then the header it is about
	if len(m.data) < original+headerSize {
		return refusal{}, false
	}
	if code := -int32(binary.NativeEndian.Uint32(m.data)); code != 0 {
		r.err = syscall.Errno(code)
	}
	r.seq = binary.NativeEndian.Uint32(m.data[original+8:])
	if m.flags&nlmAckTLVs == 0 {
		return r, true
	}
	rest := m.data[original+headerSize:]
	if m.flags&nlmCapped == 0 {
		rest = rest[min(len(rest), max(0, int(binary.NativeEndian.Uint32(m.data[original:]))-headerSize)):]
	}
	for kind, data := range attrs(rest) {
		switch {
		case kind == nlmsgErrAttrMsg:
			r.detail = text(data)
		case kind == nlmsgErrAttrOffs && len(data) == 4:
			r.offset = int(binary.NativeEndian.Uint32(data))
		}
	}
	return r, true
}

// commit sends a batch and reads how it went: the acknowledgement of its last
// message, or the first error. Answers to other batches are left over from
// somebody who stopped reading, and are dropped.
func (s *socket) commit(b *batch) error {
	if err := s.send(b.buf); err != nil {
		return fmt.Errorf("send %d element operations in %d bytes: %w", len(b.ops), len(b.buf), err)
	}
	var failed error
	acknowledged, lost := false, false
	for {
		data, err := s.receive()
		switch {
		case errors.Is(err, errNothing):
			return outcome(failed, acknowledged, lost)
		case errors.Is(err, errOverrun), errors.Is(err, errTruncated):
			lost = true
			continue
		case err != nil:
			return fmt.Errorf("read the kernel's answer: %w", err)
		}
		for m := range messages(data) {
			if m.kind != nlmsgError {
				continue
			}
			r, ok := readRefusal(&m)
			switch {
			case !ok:
			case r.err == nil:
				acknowledged = acknowledged || r.seq == b.lastSeq()
			case failed == nil:
				failed = b.refused(&r)
			}
		}
	}
}

// outcome is how a batch went. The first error is the one to tell, even if others
// did not fit into the receive buffer.
func outcome(failed error, acknowledged, lost bool) error {
	switch {
	case failed != nil:
		return failed
	case lost:
		return errOverrun
	case !acknowledged:
		return errNothing
	}
	return nil
}

// refused puts the operation's words before an error. What is said of BEGIN is
// about the whole batch.
func (b *batch) refused(r *refusal) error {
	op, exact := b.op(r.seq, r.offset)
	if op == nil {
		if r.detail != "" {
			return fmt.Errorf("commit %d element operations: %w (%s)", len(b.ops), r.err, r.detail)
		}
		return fmt.Errorf("commit %d element operations: %w", len(b.ops), r.err)
	}
	return &OpError{Op: *op, Exact: exact, Detail: r.detail, Err: r.err}
}
