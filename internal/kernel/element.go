package kernel

import (
	"encoding/binary"

	"github.com/portolan-net/portolan/nft"
)

// littleEndian: numbers of the types that the kernel keeps in the byte order of
// the machine are swapped on the way to it and back.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// maxComment is what nft prints: 127 bytes and a zero byte.
const maxComment = 127

// appendOp appends the element of an op. A range of a single field is two
// elements, its first key and the first key behind it, which says that it is an
// end; the latter is missing where the range reaches the last key there is. A
// range of a concatenation is one element with two keys.
func appendOp(b []byte, op *nft.Op) ([]byte, error) {
	e, s := op.Element, op.Set
	n := size(s.Key, op.Family)
	if len(e.Key) != n || e.End != "" && len(e.End) != n || len(e.Data) != size(s.Data, op.Family) || len(e.Comment) > maxComment {
		return b, misshapen(op)
	}
	end := e.End
	if end == "" {
		end = e.Key
	}
	b, at := openAttr(b, listElem)
	b = appendFields(b, elemKey, s.Key, e.Key, op.Family, s.Interval)
	if s.Interval && len(s.Key) > 1 {
		b = appendFields(b, elemKeyEnd, s.Key, end, op.Family, true)
	}
	if !op.Delete {
		if len(s.Data) > 0 {
			b = appendFields(b, elemData, s.Data, e.Data, op.Family, false)
		}
		if e.Comment != "" {
			b = attrHeader(b, elemUserdata, 2+len(e.Comment)+1)
			b = append(b, udataComment, byte(len(e.Comment)+1))
			b = padded(append(append(b, e.Comment...), 0))
		}
	}
	closeAttr(b, at)
	if s.Interval && len(s.Key) == 1 {
		b = appendEnd(b, s.Key, end, op.Family)
	}
	return b, nil
}

// appendEnd appends the element that ends a range of a single field.
func appendEnd(b []byte, key []nft.Type, last string, f nft.Family) []byte {
	var space [16]byte
	behind := space[:copy(space[:], last)]
	i := key[0].Width(f) - 1
	for ; i >= 0; i-- {
		if behind[i]++; behind[i] != 0 {
			break
		}
	}
	if i < 0 {
		return b
	}
	b, at := openAttr(b, listElem)
	b = appendUint32(b, elemFlags, elemIntervalEnd)
	b = appendFields(b, elemKey, key, string(behind), f, true)
	closeAttr(b, at)
	return b
}

// appendFields appends a key or data. A single field has its own width, those of
// a concatenation fill registers.
func appendFields(b []byte, kind uint16, types []nft.Type, raw string, f nft.Family, ordered bool) []byte {
	b, outer := openAttr(b, kind)
	n := len(raw)
	if len(types) == 1 {
		n = types[0].Width(f)
	}
	b = attrHeader(b, dataValue, n)
	at := len(b)
	b = padded(append(b, raw[:n]...))
	swap(b[at:], types, f, ordered)
	closeAttr(b, outer)
	return b
}

// swap turns fields between the order of a Program and the kernel's. Keys that
// must be ordered, those of intervals, are big-endian in the kernel, too.
func swap(raw []byte, types []nft.Type, f nft.Family, ordered bool) {
	if !littleEndian || ordered {
		return
	}
	for _, t := range types {
		if t.HostOrder() {
			raw[0], raw[1], raw[2], raw[3] = raw[3], raw[2], raw[1], raw[0]
		}
		raw = raw[min(t.Size(f), len(raw)):]
	}
}

// size is the number of bytes of fields in a Program.
func size(types []nft.Type, f nft.Family) int {
	n := 0
	for _, t := range types {
		n += t.Size(f)
	}
	return n
}
