package nft

import (
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Reader follows one packet through a program, rule by rule, and says which rows
// decide: what the kernel looks up and its trace does not tell.
type Reader struct {
	table    *Table
	ctMark   word
	priority word
}

// word is a register as far as it is known.
type word struct {
	value uint32
	known bool
}

// Match is a row that a rule found.
type Match struct {
	Set     *Set
	Element *Element
}

// Reader begins at a packet that no rule has met. It is nil for a family that the
// program has no table of.
func (p *Program) Reader(f Family) *Reader {
	t := p.table(f)
	if t == nil {
		return nil
	}
	return &Reader{table: t, ctMark: word{known: true}, priority: word{known: true}}
}

const (
	field  = `(?:ip6? [sd]addr|meta l4proto|th dport|ct mark(?: & 0x[0-9a-f]+)?|meta priority|numgen random mod \d+)`
	target = `(?:(ct mark|meta priority|meta mark) set )?`
)

var (
	lookups = regexp.MustCompile(target + `(` + field + `(?: \. ` + field + `)*) (?:map |!= )?@([a-z0-9-]+)`)
	assigns = regexp.MustCompile(`(ct mark|meta priority) set (?:(0|[0-9a-f]+:[0-9a-f]+)|ct mark(?: & (0x[0-9a-f]+))?(?: \| (0x[0-9a-f]+))?)(?: |$)`)
)

// Meets follows a rule that matched, of a packet as the rule saw it, and returns
// the rows of the big maps that it found. after is the packet behind the rule's
// chain where that is known: by it the drawn endpoint is told.
func (r *Reader) Meets(rule string, t, after flow.Tuple) []Match {
	var found []Match
	for _, m := range lookups.FindAllStringSubmatch(rule, -1) {
		set := r.table.Set(m[3])
		if set == nil || set.Dispatch || set.Dynamic || strings.Contains(m[0], "!= @") {
			continue
		}
		e := r.find(set, strings.Split(m[2], " . "), t)
		if set.Name == "endpoints" && after.Dst.IsValid() {
			e = r.table.leadingTo(set, string(key(nil).addr(after.Dst.Addr()).port(after.Dst.Port())))
		}
		r.set(m[1], e)
		if e != nil {
			found = append(found, Match{set, e})
		}
	}
	if m := assigns.FindStringSubmatch(rule); m != nil && !strings.Contains(rule, "map @") {
		r.assign(m)
	}
	return found
}

// set writes what a map yielded into a register; nothing found leaves it not
// known, since the rule could only match by a value that we cannot see.
func (r *Reader) set(register string, e *Element) {
	w := word{}
	if e != nil && len(e.Data) == 4 {
		w = word{binary.BigEndian.Uint32([]byte(e.Data)), true}
	}
	switch register {
	case "ct mark":
		r.ctMark = w
	case "meta priority":
		r.priority = w
	}
}

func (r *Reader) assign(m []string) {
	w := r.ctMark
	switch {
	case m[2] != "":
		w = word{class(m[2]), true}
	default:
		if m[3] != "" {
			w.value &= hex(m[3])
		}
		if m[4] != "" {
			w.value |= hex(m[4])
		}
	}
	if m[1] == "ct mark" {
		r.ctMark = w
	} else {
		r.priority = w
	}
}

// class reads "0" and "fffe:1".
func class(s string) uint32 {
	high, low, _ := strings.Cut(s, ":")
	return hex(high)<<16 | hex(low)
}

func hex(s string) uint32 {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// find is the row of a set that the fields lead to, or nil.
func (r *Reader) find(set *Set, fields []string, t flow.Tuple) *Element {
	var k key
	for _, f := range fields {
		longer, ok := r.field(k, f, t)
		if !ok {
			return nil
		}
		k = longer
	}
	if !set.Interval {
		return r.table.find(set.Name, k)
	}
	for e := range r.table.Elements(set.Name) {
		if r.table.within(set, e, string(k)) {
			return e
		}
	}
	return nil
}

func (r *Reader) field(k key, name string, t flow.Tuple) (key, bool) {
	switch {
	case strings.HasSuffix(name, "saddr"):
		return k.addr(t.Src.Addr()), t.Src.Addr().IsValid()
	case strings.HasSuffix(name, "daddr"):
		return k.addr(t.Dst.Addr()), t.Dst.Addr().IsValid()
	case name == "meta l4proto":
		return k.proto(t.Protocol), true
	case name == "th dport":
		return k.port(t.Dst.Port()), true
	case name == "ct mark":
		return k.number(r.ctMark.value), r.ctMark.known
	case name == "meta priority":
		return k.number(r.priority.value), r.priority.known
	}
	return k, false
}

// within reports whether a range holds a key, field by field.
func (t *Table) within(set *Set, e *Element, k string) bool {
	at := 0
	for _, ty := range set.Key {
		n := ty.Size(t.Family)
		if k[at:at+n] < e.Key[at:at+n] || k[at:at+n] > e.End[at:at+n] {
			return false
		}
		at += n
	}
	return true
}

// leadingTo is the row of a map with this data.
func (t *Table) leadingTo(set *Set, data string) *Element {
	for e := range t.Elements(set.Name) {
		if e.Data == data {
			return e
		}
	}
	return nil
}
