package kernel

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/nft"
)

// batch is one transaction of element operations, as the bytes of a sending:
//
//	BEGIN │ NEWSETELEM table set [e e e ...] │ DELSETELEM table set [e ...] │ ... │ END
//
// Neighbours in Ops that do the same to the same set share a message. The kernel
// takes all of a batch or nothing.
type batch struct {
	buf      []byte
	ops      []nft.Op // those that are in it
	messages []opened
	list     int // where the open list of elements begins; 0: no message is open
}

// opened is a message of a batch.
type opened struct {
	at    int // in buf
	first int // in ops
}

const (
	beginSeq = 1 // the sequence number of BEGIN; the messages count on from there
	// The length of an attribute has 16 bits; an element is never longer than
	// longestElement (two keys of 64 bytes, data of 64, a comment of 128, headers).
	longestElement = 512
	longestList    = 1<<16 - 1 - longestElement
)

// fill begins anew with as many ops, from the front, as fit into limit bytes,
// and returns those that are left. It never parts a Delete from the add behind
// it that takes the same key. Without room for a single op it takes none.
func (b *batch) fill(ops []nft.Op, limit int) ([]nft.Op, error) {
	b.begin()
	limit -= headerSize + genSize // END

	b.grow(ops, limit)
	whole, fits := len(b.buf), 0 // up to the last place where the batch may end
	for i := range ops {
		if err := b.add(ops, i); err != nil {
			return ops, err
		}
		if len(b.buf) > limit {
			break
		}
		if i+1 == len(ops) || !together(&ops[i], &ops[i+1]) {
			whole, fits = len(b.buf), i+1
		}
	}
	b.end(whole, fits)
	b.ops = ops[:fits]
	return ops[fits:], nil
}

// grow makes room for ops that are about as long as the first.
func (b *batch) grow(ops []nft.Op, limit int) {
	at := len(b.buf)
	b.buf, _ = appendOp(b.buf, &ops[0]) // add tells what is wrong with it
	first := len(b.buf) - at
	b.buf = slices.Grow(b.buf[:at], min(limit, len(ops)*(first+first/16)+longestElement))
}

// together reports whether b takes the key that a gives up.
func together(a, b *nft.Op) bool {
	return a.Delete && !b.Delete && a.Set.Name == b.Set.Name && a.Family == b.Family && a.Element.Key == b.Element.Key
}

// add appends the op at i, in the open message if it may stand there.
func (b *batch) add(ops []nft.Op, i int) error {
	op := &ops[i]
	if b.list == 0 || len(b.buf)-b.list > longestList || !alike(&ops[i-1], op) {
		b.closeList()
		b.openList(op, i)
	}
	var err error
	b.buf, err = appendOp(b.buf, op)
	return err
}

func alike(a, b *nft.Op) bool {
	return a.Delete == b.Delete && a.Family == b.Family && a.Set.Name == b.Set.Name
}

func (b *batch) openList(op *nft.Op, i int) {
	kind, flags := uint16(msgNewSetElem), uint16(nlmRequest|nlmCreate|nlmExcl)
	if op.Delete {
		kind, flags = msgDelSetElem, nlmRequest
	}
	m := opened{at: len(b.buf), first: i}
	b.buf, _ = openMessage(b.buf, kind, flags, beginSeq+1+uint32(len(b.messages)), protocol(op.Family), 0)
	b.messages = append(b.messages, m)
	b.buf = appendString(b.buf, listTable, nft.TableName)
	b.buf = appendString(b.buf, listSet, op.Set.Name)
	b.buf, b.list = openAttr(b.buf, listElements)
}

func (b *batch) closeList() {
	if b.list != 0 {
		closeAttr(b.buf, b.list)
		closeMessage(b.buf, b.messages[len(b.messages)-1].at)
		b.list = 0
	}
}

// end cuts the batch at a length behind an op, and ends it. The last message
// asks for an acknowledgement: END has one only since Linux 6.10.
func (b *batch) end(length, ops int) {
	b.buf = b.buf[:length]
	for n := len(b.messages); n > 0 && b.messages[n-1].first >= ops; n-- {
		b.messages, b.list = b.messages[:n-1], 0
	}
	if n := len(b.messages); n > 0 {
		last := b.messages[n-1].at
		closeMessage(b.buf, last)
		closeAttr(b.buf, last+listOffset(b.buf[last:]))
		flags := b.buf[last+6:]
		binary.NativeEndian.PutUint16(flags, binary.NativeEndian.Uint16(flags)|nlmAck)
	}
	b.finish()
}

// begin empties the batch; finish ends it.
func (b *batch) begin() {
	var at int
	b.buf, at = openMessage(b.buf[:0], batchBegin, nlmRequest, beginSeq, unspec, subsysNftables)
	closeMessage(b.buf, at)
	b.messages, b.list, b.ops = b.messages[:0], 0, nil
}

func (b *batch) finish() {
	at := len(b.buf)
	b.buf, _ = openMessage(b.buf, batchEnd, nlmRequest, b.lastSeq()+1, unspec, subsysNftables)
	closeMessage(b.buf, at)
	b.list = 0
}

// listOffset is where the list of elements begins in a message: behind the names
// of the table and of the set.
func listOffset(message []byte) int {
	at := headerSize + genSize
	for range 2 {
		at += (int(binary.NativeEndian.Uint16(message[at:])) + 3) &^ 3
	}
	return at
}

func (b *batch) lastSeq() uint32 { return beginSeq + uint32(len(b.messages)) }

// op is the operation at an offset of the message with a sequence number, and
// whether the offset named it: an error without one is about the first of the
// message, or behind it.
func (b *batch) op(seq uint32, offset int) (op *nft.Op, exact bool) {
	i := int(seq) - beginSeq - 1
	if i < 0 || i >= len(b.messages) {
		return nil, false
	}
	m, end := b.messages[i], len(b.ops)
	if i+1 < len(b.messages) {
		end = b.messages[i+1].first
	}
	at := listOffset(b.buf[m.at:]) + 4
	if offset < at {
		return &b.ops[m.first], end-m.first == 1
	}
	var scratch []byte
	for k := m.first; k < end; k++ {
		scratch, _ = appendOp(scratch[:0], &b.ops[k]) // it was encoded before
		if at += len(scratch); offset < at {
			return &b.ops[k], true
		}
	}
	return &b.ops[m.first], end-m.first == 1
}

func protocol(f nft.Family) byte {
	if f == nft.IPv6 {
		return protoIPv6
	}
	return protoIPv4
}

// words says what an op does, as one would type it behind nft.
func words(op *nft.Op) string {
	verb := "add"
	if op.Delete {
		verb = "delete"
	}
	t := nft.Table{Family: op.Family}
	return strings.Join([]string{verb, "element", op.Family.String(), nft.TableName, op.Set.Name, "{", t.Words(op.Set, op.Element), "}"}, " ")
}

// misshapen says that an element does not have the fields of its set.
func misshapen(op *nft.Op) error {
	return fmt.Errorf("element of set %s %s %s: %d bytes of key, %d of its end, %d of data do not fit %s",
		op.Family, nft.TableName, op.Set.Name, len(op.Element.Key), len(op.Element.End), len(op.Element.Data), op.Set.Typed)
}
