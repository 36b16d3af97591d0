//go:build linux

package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
)

// Blocks of a pcapng file (IETF draft-ietf-opsawg-pcapng) and their options.
//
//	type 4 │ length 4 │ body … │ options … │ length 4      padded to 4 bytes
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockPacket    = 6

	optEnd        = 0
	optHardware   = 2 // of a section
	optProgram    = 4
	optName       = 2 // of an interface
	optResolution = 9

	linkSLL2 = 276 // LINKTYPE_LINUX_SLL2 of the pcap link types
	sll2Size = 20
)

// writer writes a file of the packets of many devices, each of which gets its
// interface block before its first packet.
type writer struct {
	out    *bufio.Writer
	left   int64               // of MaxBytes
	name   func(uint32) string // of a device
	number map[uint32]uint32   // of its interface block
	block  []byte              // scratch
	stats  Stats
	err    error
}

var order = binary.LittleEndian

func newWriter(out *bufio.Writer, o Options, name func(uint32) string) *writer {
	w := &writer{out: out, left: o.MaxBytes, name: name, number: map[uint32]uint32{}}
	w.begin(blockSection)
	w.block = order.AppendUint32(w.block, 0x1A2B3C4D) // whose byte order tells ours
	w.block = order.AppendUint16(w.block, 1)          // version 1.0
	w.block = order.AppendUint16(w.block, 0)
	w.block = order.AppendUint64(w.block, 1<<64-1) // the section's length: not told
	if o.Name != "" {
		w.option(optHardware, []byte(o.Name))
	}
	w.option(optProgram, []byte("portolan"))
	w.option(optEnd, nil)
	w.finish()
	return w
}

// packet writes one, unless the file is full.
func (w *writer) packet(p frame) {
	number, known := w.number[p.device]
	if !known {
		number = uint32(len(w.number))
		if !w.device(p.device) {
			w.stats.Omitted++
			return
		}
		w.number[p.device] = number
	}
	ns := uint64(p.at.UnixNano())
	w.begin(blockPacket)
	w.block = order.AppendUint32(w.block, number)
	w.block = order.AppendUint32(w.block, uint32(ns>>32))
	w.block = order.AppendUint32(w.block, uint32(ns))
	w.block = order.AppendUint32(w.block, uint32(sll2Size+len(p.data)))
	w.block = order.AppendUint32(w.block, uint32(sll2Size+p.length))
	w.block = p.sll2(w.block)
	w.block = pad(append(w.block, p.data...))
	if !w.finish() {
		w.stats.Omitted++
		return
	}
	w.stats.Packets++
	if len(p.data) < p.length {
		w.stats.Cut++
	}
}

// sll2 appends the header that stands for the link's.
func (p frame) sll2(b []byte) []byte {
	big := binary.BigEndian
	b = big.AppendUint16(b, p.protocol)
	b = big.AppendUint16(b, 0)
	b = big.AppendUint32(b, p.device)
	b = big.AppendUint16(b, p.kind)
	b = append(b, p.dir, byte(len(p.address)))
	var address [8]byte
	copy(address[:], p.address)
	return append(b, address[:]...)
}

// device writes an interface block, and reports whether there was room.
func (w *writer) device(index uint32) bool {
	w.begin(blockInterface)
	w.block = order.AppendUint16(w.block, linkSLL2)
	w.block = order.AppendUint16(w.block, 0)
	w.block = order.AppendUint32(w.block, 0) // no limit of length
	if name := w.name(index); name != "" {
		w.option(optName, []byte(name))
	}
	w.option(optResolution, []byte{9}) // 10^-9 s
	w.option(optEnd, nil)
	return w.finish()
}

// begin starts a block of a type.
func (w *writer) begin(kind uint32) {
	w.block = order.AppendUint32(w.block[:0], kind)
	w.block = order.AppendUint32(w.block, 0) // finish knows
}

func (w *writer) option(code uint16, value []byte) {
	w.block = order.AppendUint16(w.block, code)
	w.block = order.AppendUint16(w.block, uint16(len(value)))
	w.block = pad(append(w.block, value...))
}

// finish writes the block, and reports whether there was room. Once there was
// none nothing else is written, so that the file has no holes.
func (w *writer) finish() bool {
	size := len(w.block) + 4
	if int64(size) > w.left || w.err != nil {
		w.left = 0
		return false
	}
	w.left -= int64(size)
	order.PutUint32(w.block[4:], uint32(size))
	w.block = order.AppendUint32(w.block, uint32(size))
	_, w.err = w.out.Write(w.block)
	return w.err == nil
}

// flush completes the file.
func (w *writer) flush() error { return errors.Join(w.err, w.out.Flush()) }

// pad fills up to a multiple of four bytes.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
