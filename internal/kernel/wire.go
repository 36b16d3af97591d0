package kernel

import (
	"encoding/binary"
	"iter"
)

// The parts of linux/netlink.h, linux/netfilter/nfnetlink.h, nf_tables.h and
// nfnetlink_log.h that are spoken here, with the names they have there. They
// stand here, not in a library, so that the encoding also builds and is tested
// where no such kernel is.
const (
	nlmsgError = 2
	nlmsgDone  = 3

	nlmRequest = 0x1
	nlmMulti   = 0x2
	nlmAck     = 0x4
	nlmDump    = 0x300
	nlmExcl    = 0x200
	nlmCreate  = 0x400
	nlmCapped  = 0x100
	nlmAckTLVs = 0x200

	nlmsgErrAttrMsg  = 1
	nlmsgErrAttrOffs = 2

	nlaTypeMask = 0x3fff
	nlaNested   = 0x8000

	subsysUlog     = 4
	subsysNftables = 10
	batchBegin     = 0x10
	batchEnd       = 0x11

	groupNftrace = 9

	msgNewTable   = subsysNftables << 8
	msgDelTable   = subsysNftables<<8 | 2
	msgNewRule    = subsysNftables<<8 | 6
	msgGetRule    = subsysNftables<<8 | 7
	msgNewSetElem = subsysNftables<<8 | 12
	msgGetSetElem = subsysNftables<<8 | 13
	msgDelSetElem = subsysNftables<<8 | 14
	msgGetGen     = subsysNftables<<8 | 16
	msgTrace      = subsysNftables<<8 | 17

	tableName = 1

	ruleTable    = 1
	ruleChain    = 2
	ruleHandle   = 3
	ruleUserdata = 7

	generationID = 1

	listTable    = 1
	listSet      = 2
	listElements = 3
	listElem     = 1

	msgLogPacket = subsysUlog << 8
	msgLogConfig = subsysUlog<<8 | 1

	logCommand    = 1
	logMode       = 2
	logBufferSize = 3
	logThreshold  = 5
	logFlags      = 6
	logBind       = 1
	logCopyPacket = 2
	logSequence   = 1

	logHeader    = 1
	logMark      = 2
	logTimestamp = 3
	logIn        = 4
	logOut       = 5
	logPayload   = 9
	logPrefix    = 10
	logSeq       = 12

	traceTable     = 1
	traceChain     = 2
	traceHandle    = 3
	traceType      = 4
	traceVerdict   = 5
	traceID        = 6
	traceNetwork   = 8
	traceTransport = 9
	traceIn        = 10
	traceOut       = 12
	traceMark      = 14
	tracePolicy    = 16
	verdictCode    = 1
	verdictChain   = 2

	elemKey         = 1
	elemData        = 2
	elemFlags       = 3
	elemUserdata    = 6
	elemExpr        = 7
	elemKeyEnd      = 10
	elemExpressions = 11

	elemIntervalEnd = 1

	dataValue = 1

	exprName       = 1
	exprData       = 2
	counterBytes   = 1
	counterPackets = 2

	udataComment = 0

	unspec     = 0  // NFPROTO_UNSPEC
	protoIPv4  = 2  // NFPROTO_IPV4
	protoIPv6  = 10 // NFPROTO_IPV6
	headerSize = 16 // struct nlmsghdr
	genSize    = 4  // struct nfgenmsg
)

// openMessage appends the headers of a message and returns where it began;
// closeMessage writes its length there.
func openMessage(b []byte, kind, flags uint16, seq uint32, family byte, resource uint16) ([]byte, int) {
	at := len(b)
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, 0) // to the kernel
	b = append(b, family, 0)
	b = binary.BigEndian.AppendUint16(b, resource)
	return b, at
}

func closeMessage(b []byte, at int) { binary.NativeEndian.PutUint32(b[at:], uint32(len(b)-at)) }

// openAttr appends the header of an attribute that holds attributes; closeAttr
// writes its length.
func openAttr(b []byte, kind uint16) ([]byte, int) {
	at := len(b)
	b = binary.NativeEndian.AppendUint16(b, 0)
	return binary.NativeEndian.AppendUint16(b, kind|nlaNested), at
}

func closeAttr(b []byte, at int) { binary.NativeEndian.PutUint16(b[at:], uint16(len(b)-at)) }

// attrHeader appends the header of an attribute with n bytes of data.
func attrHeader(b []byte, kind uint16, n int) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+n))
	return binary.NativeEndian.AppendUint16(b, kind)
}

// padded is b with zeros up to the next multiple of four.
func padded(b []byte) []byte { return append(b, "\x00\x00\x00"[:-len(b)&3]...) }

// appendString appends a string that ends with a zero byte.
func appendString(b []byte, kind uint16, s string) []byte {
	b = append(attrHeader(b, kind, len(s)+1), s...)
	return padded(append(b, 0))
}

func appendUint32(b []byte, kind uint16, n uint32) []byte {
	return binary.BigEndian.AppendUint32(attrHeader(b, kind, 4), n)
}

// message is one message from the kernel.
type message struct {
	kind, flags uint16
	seq         uint32
	family      byte   // of nfgenmsg
	data        []byte // behind nlmsghdr
}

// attrs are the attributes behind nfgenmsg.
func (m *message) attrs() iter.Seq2[uint16, []byte] {
	return attrs(m.data[min(genSize, len(m.data)):])
}

// messages yields what a buffer holds, up to the first thing that is no message.
func messages(b []byte) iter.Seq[message] {
	return func(yield func(message) bool) {
		for len(b) >= headerSize {
			n := int(binary.NativeEndian.Uint32(b))
			if n < headerSize || n > len(b) {
				return
			}
			m := message{
				kind: binary.NativeEndian.Uint16(b[4:]), flags: binary.NativeEndian.Uint16(b[6:]),
				seq: binary.NativeEndian.Uint32(b[8:]), data: b[headerSize:n],
			}
			if n > headerSize {
				m.family = b[headerSize]
			}
			if !yield(m) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}

// attrs yields attributes by kind, up to the first thing that is none.
func attrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			n := int(binary.NativeEndian.Uint16(b))
			if n < 4 || n > len(b) {
				return
			}
			if !yield(binary.NativeEndian.Uint16(b[2:])&nlaTypeMask, b[4:n]) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}

// text is a string of the kernel, without its zero byte.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// number reads a big-endian number of 2, 4 or 8 bytes; anything else is 0.
func number(b []byte) uint64 {
	switch len(b) {
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// comment finds the comment in the user data of an element or a rule: bytes of
// type, length, text with a zero byte, as libnftnl writes them.
func comment(udata []byte) string {
	for len(udata) >= 2 {
		kind, n := udata[0], int(udata[1])
		if n > len(udata)-2 {
			return ""
		}
		if kind == udataComment {
			return text(udata[2 : 2+n])
		}
		udata = udata[2+n:]
	}
	return ""
}
