package kernel

import "fmt"

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
	err := h.ask(msgDelConntrack, nlmRequest|nlmAck, unspec, nothingMore, func(*message) {})
	if err != nil {
		return fmt.Errorf("forget connections: %w", err)
	}
	return nil
}
