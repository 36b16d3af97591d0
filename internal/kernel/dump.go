package kernel

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/nft"
)

// Row is an element as it stands in the kernel.
type Row struct {
	// Key, End, Data and Comment are as in nft.Element; End is "" outside interval
	// sets.
	Key, End, Data, Comment string
	// Packets and Bytes are what a counting set has seen of the element.
	Packets, Bytes uint64
}

// Rows are the elements of a set as they were at one moment, by key. While
// another program changes what is in the namespace, they are read again. A hash
// table that the kernel moves to another size while it is listed may be listed in
// part, or in part twice: it is read until two lists in a row are of one length.
func (h *Handle) Rows(f nft.Family, s *nft.Set) ([]Row, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []stored
	length := -1
	err := h.steady(func() error {
		found = found[:0]
		err := h.dump(msgGetSetElem, protocol(f), func(b []byte) []byte {
			return appendString(appendString(b, listTable, nft.TableName), listSet, s.Name)
		}, func(m *message) {
			for kind, data := range m.attrs() {
				if kind == listElements {
					for _, element := range attrs(data) {
						found = append(found, readElement(element))
					}
				}
			}
		})
		if err != nil {
			return err
		}
		slices.SortFunc(found, byKey)
		if moved := !s.Interval && len(found) != length; moved || twice(found) {
			length = len(found)
			return errChanged
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list set %s %s %s: %w", f, nft.TableName, s.Name, err)
	}
	return rows(found, s, f)
}

// twice reports whether something is listed twice.
func twice(found []stored) bool {
	for i := 1; i < len(found); i++ {
		if byKey(found[i-1], found[i]) == 0 {
			return true
		}
	}
	return false
}

// Count is what an element of a counting set has seen.
type Count struct{ Packets, Bytes uint64 }

// Counters are the counts of a set that counts, by Element.Key + Element.End.
func (h *Handle) Counters(f nft.Family, s *nft.Set) (map[string]Count, error) {
	if !s.Counted {
		return nil, fmt.Errorf("set %s does not count", s.Name)
	}
	all, err := h.Rows(f, s)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]Count, len(all))
	for _, r := range all {
		counts[r.Key+r.End] = Count{Packets: r.Packets, Bytes: r.Bytes}
	}
	return counts, nil
}

// Rule is a rule as it stands in the kernel.
type Rule struct {
	Family       byte // NFPROTO_IPV4 (2), NFPROTO_IPV6 (10), ...
	Table, Chain string
	Handle       uint64
	// Index counts the rules of its chain from 0, as nft.Chain.Rules does.
	Index   int
	Comment string
	Text    string // what Join found in the program
}

// Rules are all rules of the namespace, chain by chain, in their order.
func (h *Handle) Rules() ([]Rule, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []Rule
	err := h.steady(func() error {
		found = found[:0]
		return h.dump(msgGetRule, unspec, nothingMore, func(m *message) {
			if m.kind == msgNewRule {
				found = append(found, readRule(m))
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	type place struct {
		family       byte
		table, chain string
	}
	next := map[place]int{}
	for i := range found {
		at := place{found[i].Family, found[i].Table, found[i].Chain}
		found[i].Index = next[at]
		next[at]++
	}
	return found, nil
}

func readRule(m *message) Rule {
	r := Rule{Family: m.family}
	for kind, data := range m.attrs() {
		switch kind {
		case ruleTable:
			r.Table = text(data)
		case ruleChain:
			r.Chain = text(data)
		case ruleHandle:
			r.Handle = number(data)
		case ruleUserdata:
			r.Comment = comment(data)
		}
	}
	return r
}

// dumpSeq tells the answers to a dump from those to a batch.
const dumpSeq = 1 << 31

// dump asks for a list and passes its messages on.
func (h *Handle) dump(kind uint16, family byte, what func([]byte) []byte, each func(*message)) error {
	return h.ask(kind, nlmRequest|nlmDump, family, what, each)
}

// ask sends a question and reads the answers up to the last.
func (h *Handle) ask(kind, flags uint16, family byte, what func([]byte) []byte, each func(*message)) error {
	h.seq++
	seq := dumpSeq | h.seq
	b, at := openMessage(h.batch.buf[:0], kind, flags, seq, family, 0)
	b = what(b)
	closeMessage(b, at)
	h.batch.buf = b
	if err := h.sock.send(b); err != nil {
		return err
	}
	return h.sock.list(seq, each)
}

// nothingMore is a question without attributes.
func nothingMore(b []byte) []byte { return b }

// generation counts the transactions of the namespace, those that are under way
// included: netfilter counts one before it takes away what the transaction deletes,
// and inserts what it adds before it counts, so an empty transaction waits first
// for whoever is at it.
func (h *Handle) generation() (n uint64, err error) {
	h.batch.begin()
	h.batch.finish()
	if err := h.sock.commit(&h.batch); !errors.Is(err, errNothing) { // it has nothing to acknowledge
		return 0, err
	}
	err = h.ask(msgGetGen, nlmRequest|nlmAck, unspec, nothingMore, func(m *message) {
		for kind, data := range m.attrs() {
			if kind == generationID {
				n = number(data)
			}
		}
	})
	return n, err
}

// steady reads until nothing changed in between. NLM_F_DUMP_INTR does not tell: the
// kernel sets it between the messages of a list, not for a change while it writes
// one or behind the last.
func (h *Handle) steady(read func() error) error {
	var err error
	for range retries {
		var before, after uint64
		if before, err = h.generation(); err != nil {
			return err
		}
		if err = read(); err == nil {
			after, err = h.generation()
			if err == nil && after != before {
				err = errChanged
			}
		}
		if !again(err) && !errors.Is(err, errChanged) {
			return err
		}
	}
	return err
}

var errChanged = errors.New("it keeps changing while it is read")

// list reads the answers to a question, up to the end of a list or to the
// acknowledgement.
func (s *socket) list(seq uint32, each func(*message)) error {
	for {
		data, err := s.receive()
		if err != nil {
			return err
		}
		for m := range messages(data) {
			if m.seq != seq {
				continue
			}
			switch m.kind {
			case nlmsgDone:
				return nil
			case nlmsgError:
				if r, ok := readRefusal(&m); ok {
					return r.err
				}
			default:
				each(&m)
			}
		}
	}
}

// stored is one element of the kernel's: a range of a single field is two.
type stored struct {
	row     Row
	endMark bool
}

func readElement(b []byte) stored {
	var e stored
	for kind, data := range attrs(b) {
		switch kind {
		case elemKey:
			e.row.Key = value(data)
		case elemKeyEnd:
			e.row.End = value(data)
		case elemData:
			e.row.Data = value(data)
		case elemFlags:
			e.endMark = number(data)&elemIntervalEnd != 0
		case elemUserdata:
			e.row.Comment = comment(data)
		case elemExpr:
			e.row.count(data)
		case elemExpressions:
			for _, expression := range attrs(data) {
				e.row.count(expression)
			}
		}
	}
	return e
}

func value(b []byte) string {
	for kind, data := range attrs(b) {
		if kind == dataValue {
			return string(data)
		}
	}
	return ""
}

// count reads an expression of an element, if it is a counter.
func (r *Row) count(b []byte) {
	name := ""
	for kind, data := range attrs(b) {
		switch {
		case kind == exprName:
			name = text(data)
		case kind == exprData && name == "counter":
			for what, n := range attrs(data) {
				switch what {
				case counterBytes:
					r.Bytes = number(n)
				case counterPackets:
					r.Packets = number(n)
				}
			}
		}
	}
}

// rows turns what the kernel stores into the elements of a Program.
func rows(found []stored, s *nft.Set, f nft.Family) ([]Row, error) {
	for i := range found {
		r := &found[i].row
		var fits [3]bool
		r.Key, fits[0] = inProgram(r.Key, s.Key, f, s.Interval)
		r.End, fits[1] = inProgram(r.End, s.Key, f, true)
		r.Data, fits[2] = inProgram(r.Data, s.Data, f, false)
		if !fits[0] || !fits[1] || !fits[2] {
			return nil, fmt.Errorf("set %s %s %s: the kernel's elements do not fit %s", f, nft.TableName, s.Name, s.Typed)
		}
	}
	if s.Interval && len(s.Key) == 1 {
		return ranges(found, s.Key[0].Width(f)), nil
	}
	out := make([]Row, len(found))
	for i := range found {
		out[i] = found[i].row
	}
	return out, nil
}

// inProgram turns a key or data into the layout of a Program; "" stays "".
func inProgram(raw string, types []nft.Type, f nft.Family, ordered bool) (string, bool) {
	if raw == "" {
		return "", true
	}
	n := size(types, f)
	if len(types) == 1 && len(raw) != types[0].Width(f) || len(types) != 1 && len(raw) != n {
		return "", false
	}
	b := make([]byte, n)
	copy(b, raw)
	swap(b, types, f, ordered)
	return string(b), true
}

// byKey orders what is stored; one range ends where the next begins.
func byKey(a, b stored) int {
	if c := strings.Compare(a.row.Key, b.row.Key); c != 0 {
		return c
	}
	if a.endMark != b.endMark {
		if a.endMark {
			return -1
		}
		return 1
	}
	return strings.Compare(a.row.End, b.row.End)
}

// ranges joins the elements where ranges begin with those where they end. width
// is the number of bytes of a key that count.
func ranges(found []stored, width int) []Row {
	var out []Row
	for i := range found {
		if found[i].endMark {
			continue
		}
		r := found[i].row
		r.End = strings.Repeat("\xff", width) + r.Key[width:]
		if i+1 < len(found) {
			r.End = before(found[i+1].row.Key, width)
		}
		out = append(out, r)
	}
	return out
}

// before is the key in front of a key; the first key has none and stays.
func before(key string, width int) string {
	b := []byte(key)
	for i := width - 1; i >= 0; i-- {
		b[i]--
		if b[i] != 0xff {
			return string(b)
		}
	}
	return key
}
