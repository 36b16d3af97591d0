//go:build linux

package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is a packet socket of all devices with a ring of slots (TPACKET_V2) that
// the kernel fills and we empty, in order.
//
//	slot   tpacket2_hdr 32 │ sockaddr_ll 20 │ … │ the packet from its IP header on
type ring struct {
	fd      int
	slots   int
	slot    int // the one to read next
	memory  []byte
	dropped int // what the kernel has told so far: it counts from 0 each time
}

const (
	slotSize  = 2048
	blockSize = 1 << 16 // a multiple of a page and of a slot
)

// frame is one packet in a slot. Its bytes are good until release.
type frame struct {
	at       time.Time
	data     []byte
	length   int    // on the wire
	protocol uint16 // of the Ethernet
	device   uint32
	kind     uint16 // ARPHRD_*: what device it is
	dir      uint8  // PACKET_*: to us, to others, outgoing
	address  []byte // the sender's on the link
}

// openRing makes one in the namespace of the calling thread.
func openRing(slots int) (*ring, error) {
	const perBlock = blockSize / slotSize
	blocks := (slots + perBlock - 1) / perBlock
	// Protocol 0: nothing arrives before the ring is there.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	r := &ring{fd: fd, slots: blocks * perBlock}
	err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2)
	if err == nil {
		err = unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq{
			Block_size: blockSize, Block_nr: uint32(blocks), Frame_size: slotSize, Frame_nr: uint32(r.slots),
		})
	}
	if err == nil {
		r.memory, err = unix.Mmap(fd, 0, blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL)})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("packet ring: %w", err), r.close(), unix.Close(fd))
	}
	return r, nil
}

// bigEndian is a number as the network has it.
func bigEndian(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

// status is the word by which kernel and reader hand a slot to each other.
func (r *ring) status() *uint32 {
	return (*uint32)(unsafe.Pointer(&r.memory[r.slot*slotSize])) //nolint:gosec // a slot is aligned
}

// next is the oldest packet that was not released, if there is one.
func (r *ring) next() (frame, bool) {
	if atomic.LoadUint32(r.status())&unix.TP_STATUS_USER == 0 {
		return frame{}, false
	}
	b := r.memory[r.slot*slotSize:][:slotSize]
	head := (*unix.Tpacket2Hdr)(unsafe.Pointer(&b[0])) //nolint:gosec // a slot is aligned
	from := b[unix.SizeofTpacket2Hdr:]                 // struct sockaddr_ll
	hdr := int(head.Net)
	return frame{
		at:       time.Unix(int64(head.Sec), int64(head.Nsec)),
		data:     b[hdr:][:min(int(head.Snaplen), slotSize-hdr)],
		length:   int(head.Len),
		protocol: binary.BigEndian.Uint16(from[2:]),
		device:   binary.NativeEndian.Uint32(from[4:]),
		kind:     binary.NativeEndian.Uint16(from[8:]),
		dir:      from[10],
		address:  from[12:][:min(from[11], 8)],
	}, true
}

// release gives the slot that next returned back to the kernel.
func (r *ring) release() {
	atomic.StoreUint32(r.status(), unix.TP_STATUS_KERNEL)
	r.slot = (r.slot + 1) % r.slots
}

// detach takes the socket off the devices. When it returns no CPU fills a slot:
// to listen to another protocol, one that nobody sends, the kernel leaves the old
// one and waits for all that are in it (packet_do_bind, synchronize_net).
func (r *ring) detach() error {
	const nobodys = unix.ETH_P_LOOPBACK
	if err := unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: bigEndian(nobodys)}); err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	return nil
}

// lost is how many packets found the ring full.
func (r *ring) lost() (int, error) {
	stats, err := unix.GetsockoptTpacketStats(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return r.dropped, fmt.Errorf("statistics: %w", err)
	}
	r.dropped += int(stats.Drops)
	return r.dropped, nil
}

// close gives the memory back. The socket is its file's.
func (r *ring) close() error {
	if r.memory == nil {
		return nil
	}
	err := unix.Munmap(r.memory)
	r.memory = nil
	return err
}
