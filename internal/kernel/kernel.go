package kernel

import (
	"errors"
	"fmt"
	"sync"

	"github.com/portolan-net/portolan/nft"
)

// Handle is the netfilter of one network namespace. Its methods may be called
// from every goroutine; one change runs at a time. Close it.
type Handle struct {
	mu    sync.Mutex
	sock  *socket
	space *namespace
	batch batch
	seq   uint32 // of dumps
}

// Open returns a handle on the network namespace of the calling thread: lock the
// thread (runtime.LockOSThread) if it is not the process's own.
func Open() (*Handle, error) {
	space, err := currentNamespace()
	if err != nil {
		return nil, err
	}
	sock, err := openSocket()
	if err != nil {
		return nil, errors.Join(err, space.close())
	}
	return &Handle{sock: sock, space: space}, nil
}

// Close gives the handle back. What was loaded stays in the kernel.
func (h *Handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return errors.Join(h.sock.close(), h.space.close())
}

// Apply makes a change: its text first, then its element operations. After an error the kernel holds what was done until then, so the caller loads
// its program whole: Apply(nft.Diff(nil, program)). A refused operation is an
// *OpError; adding a key that is there, or deleting one that is not, is refused,
// for then the kernel is not what the caller thinks it is.
func (h *Handle) Apply(c nft.Change) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	limit := h.sock.limit
	if c.Before != "" {
		if err := h.text(c.Before); err != nil {
			return err
		}
		limit = min(limit, quick)
	}
	if err := h.elements(c.Ops, limit); err != nil || c.After == "" {
		return err
	}
	return h.text(c.After)
}

// quick is the size of a batch where a text went before, so that the change is
// more than one transaction anyhow: a load of many rows takes half the time in
// batches that stay in the processor's cache.
const quick = 512 << 10

// retries bounds how often a batch is sent again that the kernel gave up because
// somebody else was faster.
const retries = 10

// elements makes the operations in as few batches of at most limit bytes as can be.
func (h *Handle) elements(ops []nft.Op, limit int) error {
	for len(ops) > 0 {
		left, err := h.batch.fill(ops, limit)
		if err != nil {
			return err
		}
		if len(left) == len(ops) {
			return fmt.Errorf("%s: no room in a message of %d bytes: raise net.core.wmem_max", words(&ops[0]), limit)
		}
		err = h.sock.commit(&h.batch)
		for try := 0; try < retries && again(err); try++ {
			err = h.sock.commit(&h.batch)
		}
		if err != nil {
			return err
		}
		ops = left
	}
	h.batch.forget()
	return nil
}

// keep is how many bytes of a buffer are kept for the next change.
const keep = 1 << 20

// forget lets go of what a large change took.
func (b *batch) forget() {
	b.ops = nil
	if cap(b.buf) > keep {
		b.buf = nil
	}
}

// Remove deletes both tables, in one transaction. That there is none is no
// error.
func (h *Handle) Remove() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := &h.batch
	b.begin()
	for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
		b.table(msgNewTable, nlmRequest|nlmCreate, f)
		b.table(msgDelTable, nlmRequest|nlmAck, f)
	}
	b.finish()
	err := h.sock.commit(b)
	for try := 0; try < retries && again(err); try++ {
		err = h.sock.commit(b)
	}
	if err != nil {
		return fmt.Errorf("delete the tables %s: %w", nft.TableName, err)
	}
	return nil
}

// table appends a message about the whole of a table.
func (b *batch) table(kind, flags uint16, f nft.Family) {
	at := len(b.buf)
	b.buf, _ = openMessage(b.buf, kind, flags, b.lastSeq()+1, protocol(f), 0)
	b.buf = appendString(b.buf, tableName, nft.TableName)
	closeMessage(b.buf, at)
	b.messages = append(b.messages, opened{at: at})
}
