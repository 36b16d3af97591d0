package kernel

import (
	"errors"
	"fmt"
)

// From linux/netfilter/nfnetlink_conntrack.h.
const (
	subsysConntrack = 1
	msgDelConntrack = subsysConntrack<<8 | 2
)

// Forget deletes every connection that conntrack knows in the namespace, of both
// families: what was let in before is judged again.
func (h *Handle) Forget() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	seq := h.seq
	b, at := openMessage(nil, msgDelConntrack, nlmRequest|nlmAck, seq, unspec, 0)
	closeMessage(b, at)
	if err := h.sock.send(b); err != nil {
		return fmt.Errorf("forget connections: %w", err)
	}
	for {
		data, err := h.sock.receive()
		if errors.Is(err, errNothing) {
			return errors.New("forget connections: the kernel did not answer")
		} else if err != nil {
			return fmt.Errorf("forget connections: %w", err)
		}
		for m := range messages(data) {
			if r, ok := readRefusal(&m); m.kind == nlmsgError && ok && r.seq == seq {
				if r.err != nil {
					return fmt.Errorf("forget connections: %w", r.err)
				}
				return nil
			}
		}
	}
}
