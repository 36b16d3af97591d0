package nft

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Skeleton is the program without the rows of its big maps: tables, chains,
// rules, and maps declared empty. It replaces what is there.
func (p *Program) Skeleton() string {
	var b strings.Builder
	for _, t := range p.Tables {
		t.writeSkeleton(&b)
	}
	return b.String()
}

// String is the whole program as a file for nft -f.
func (p *Program) String() string {
	var b strings.Builder
	b.WriteString(p.Skeleton())
	for _, t := range p.Tables {
		for _, s := range t.Sets {
			t.writeElements(&b, s)
		}
	}
	b.WriteString(p.open())
	return b.String()
}

// open lets connections through a gate that is shut while rows are loaded.
func (p *Program) open() string {
	if !p.Options.Policies || !p.Options.FailClosed {
		return ""
	}
	var b strings.Builder
	for _, t := range p.Tables {
		fmt.Fprintf(&b, "flush chain %s %s %s\n", t.Family, TableName, gateChain)
	}
	return b.String()
}

// writeSkeleton declares the table, deletes it with all that was in it, and
// declares it again: nft has had no "destroy" before 1.0.8.
func (t *Table) writeSkeleton(b *strings.Builder) {
	fmt.Fprintf(b, "table %s %s\ndelete table %s %s\ntable %s %s {\n", t.Family, TableName, t.Family, TableName, t.Family, TableName)
	for _, s := range t.Sets {
		s.write(b)
	}
	for _, c := range t.Chains {
		c.write(b)
	}
	b.WriteString("}\n")
	for _, c := range t.Chains {
		t.writeDispatch(b, c)
	}
}

// writeDispatch leads the key of a grown chain to it.
func (t *Table) writeDispatch(b *strings.Builder, c *Chain) {
	if c.grown() {
		fmt.Fprintf(b, "add element %s %s %s { %s : goto %s }\n", t.Family, TableName, c.From, c.When, c.Name)
	}
}

func (s *Set) write(b *strings.Builder) {
	kind := "set"
	if len(s.Data) > 0 || s.Dispatch {
		kind = "map"
	}
	fmt.Fprintf(b, "\t%s %s {\n\t\t%s\n", kind, s.Name, s.Typed)
	var flags []string
	if s.Interval {
		flags = append(flags, "interval")
	}
	if s.Dynamic {
		flags = append(flags, "dynamic", "timeout")
	}
	if len(flags) > 0 {
		fmt.Fprintf(b, "\t\tflags %s\n", strings.Join(flags, ","))
	}
	if s.Dynamic {
		fmt.Fprintf(b, "\t\ttimeout %ds\n\t\tsize %d\n", s.Timeout, maxDynamic)
	}
	if s.Counted {
		b.WriteString("\t\tcounter\n")
	}
	if s.Comment != "" {
		fmt.Fprintf(b, "\t\tcomment %q\n", s.Comment)
	}
	b.WriteString("\t}\n")
}

// maxDynamic bounds what the kernel may add to a set by itself.
const maxDynamic = 65535

func (c *Chain) write(b *strings.Builder) {
	fmt.Fprintf(b, "\tchain %s {\n", c.Name)
	if c.Hook != "" {
		fmt.Fprintf(b, "\t\t%s\n", c.Hook)
	}
	for _, r := range c.Rules {
		b.WriteString("\t\t" + r.Text)
		if r.Comment != "" {
			fmt.Fprintf(b, " comment %q", r.Comment)
		}
		b.WriteString("\n")
	}
	b.WriteString("\t}\n")
}

func (t *Table) writeElements(b *strings.Builder, s *Set) {
	for e := range t.Elements(s.Name) {
		fmt.Fprintf(b, "add element %s %s %s { %s }\n", t.Family, TableName, s.Name, t.Words(s, e))
	}
}

// Words prints an element in nft's grammar: "10.96.0.10 . tcp . 80 : 0x00000001".
func (t *Table) Words(s *Set, e *Element) string {
	var b strings.Builder
	b.WriteString(t.fields(s.Key, e.Key, e.End))
	if e.Comment != "" {
		b.WriteString(" comment " + strconv.Quote(e.Comment))
	}
	if len(s.Data) > 0 {
		b.WriteString(" : " + t.fields(s.Data, e.Data, ""))
	}
	return b.String()
}

// fields prints a key or data; with an end, each field that differs as a range.
func (t *Table) fields(types []Type, from, to string) string {
	var out []string
	at := 0
	for _, ty := range types {
		n := ty.Size(t.Family)
		word := ty.word(from[at : at+n])
		if to != "" && to[at:at+n] != from[at:at+n] {
			word += "-" + ty.word(to[at:at+n])
		}
		out = append(out, word)
		at += n
	}
	return strings.Join(out, " . ")
}

func (t Type) word(raw string) string {
	switch t {
	case Addr:
		a, _ := netip.AddrFromSlice([]byte(raw))
		return a.String()
	case Proto:
		switch raw[0] {
		case 6:
			return "tcp"
		case 17:
			return "udp"
		case 132:
			return "sctp"
		}
		return strconv.Itoa(int(raw[0]))
	case Port:
		return strconv.Itoa(int(raw[0])<<8 | int(raw[1]))
	default:
	}
	n := uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	switch t {
	case Class:
		return fmt.Sprintf("%x:%x", n>>16, n&0xffff)
	case Mark:
		return fmt.Sprintf("0x%08x", n)
	default:
		return strconv.FormatUint(uint64(n), 10)
	}
}
