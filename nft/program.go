package nft

import (
	"github.com/portolan-net/portolan/flow"
)

// TableName is the name of both tables.
const TableName = "portolan"

// Family is one of the two tables of a program: a set of nftables holds
// addresses of one family.
type Family uint8

// The families.
const (
	IPv4 Family = iota
	IPv6
)

// String is the family in nft's grammar.
func (f Family) String() string {
	if f == IPv6 {
		return "ip6"
	}
	return "ip"
}

// Program is what one node's kernel is to hold.
type Program struct {
	Node    string
	Options Options
	Tables  []*Table // one for each family the cluster uses, IPv4 first
	// Left are objects that no row was made for.
	Left []Left
}

// Table is one family's half of a program.
type Table struct {
	Family Family
	// Sets are declared before Chains.
	Sets   []*Set
	Chains []*Chain
	// parts are the elements, by the object they come from.
	parts []*part
	named map[string]int
	// sharesNames: named is the program's before, to be copied before it is written.
	sharesNames bool
	// What the next program goes on from.
	names    *names
	counts   map[uint32]bool
	timeouts map[uint32]int
}

// Type is the type of one field of a key or of data.
type Type uint8

// The types, with nft's names for them.
const (
	Addr  Type = iota + 1 // ipv4_addr or ipv6_addr, by the table's family
	Proto                 // inet_proto
	Port                  // inet_service
	Mark                  // mark: 32 bits, host byte order in the kernel
	Class                 // classid, the type of meta priority: 32 bits, host byte order
	Slot                  // what numgen yields: 32 bits, host byte order
)

// Size is the number of bytes of a value in a concatenation: every field begins
// at a multiple of four bytes, as in the kernel's registers.
func (t Type) Size(f Family) int {
	if t == Addr && f == IPv6 {
		return 16
	}
	return 4
}

// HostOrder reports whether the kernel keeps values of the type in the byte
// order of the machine. In a Program every number is big-endian.
func (t Type) HostOrder() bool { return t == Mark || t == Class || t == Slot }

// Width is the number of bytes of a value that count, the first ones of Size.
func (t Type) Width(f Family) int {
	switch t {
	case Proto:
		return 1
	case Port:
		return 2
	default:
		return t.Size(f)
	}
}

// Set is the declaration of a set or map.
type Set struct {
	Name string
	// Key are the fields of the key; more than one is a concatenation.
	Key []Type
	// Data are the fields of a map's data; empty: a set.
	Data []Type
	// Typed is the declaration of type or typeof as nft's grammar has it.
	Typed string
	// Interval: keys are ranges, from Element.Key to Element.End, both included.
	Interval bool
	// Counted: every element counts its packets.
	Counted bool
	// Dynamic: the kernel adds elements itself and forgets them after Timeout
	// seconds. A Program holds none.
	Dynamic bool
	Timeout int
	// Dispatch: data is a verdict, and every element leads to a grown chain. Only
	// the program's text adds to it.
	Dispatch bool
	// Grown: there since some Service needs it; see Chain.When.
	Grown bool
	// Comment says what the set is for.
	Comment string
}

// Chain is one chain with its rules.
type Chain struct {
	Name string
	// Hook is "type ... hook ... priority ...; policy ..." of a base chain.
	Hook  string
	Rules []Rule
	// From and When are the dispatch map and the key in it that lead to a grown
	// chain: one that is there since some Service needs it. Programs that follow
	// one another only ever gain such chains.
	From, When string
}

// grown reports whether the chain depends on what Services there are.
func (c *Chain) grown() bool { return c.From != "" }

// Rule is one rule in nft's grammar, with what it is for.
type Rule struct {
	Text    string
	Comment string // at most 127 bytes
}

// Element is one row of a map, or one member of a set. Key, End and Data are the
// fields in the layout of the kernel's registers (Type.Size bytes each, padded
// with zeros behind Type.Width), numbers big-endian.
type Element struct {
	Key string
	// End is the last key of the range in an interval set, "" elsewhere.
	End  string
	Data string
	// Comment goes to the kernel with the element: at most 127 bytes, printable.
	Comment string
	// Origins are the objects the element comes from; for a permission every rule
	// that gives it.
	Origins []flow.Origin
}

// Op is one change to one element.
type Op struct {
	Delete  bool
	Family  Family
	Set     *Set
	Element *Element
}

// Change is what makes a kernel that holds one program hold another: text, then
// the element operations in their order, then text. Ops are ordered so that
// whoever must split them never leaves a row that leads nowhere: what is referred
// to is added before and deleted behind what refers to it. Replacing a row's data
// is a Delete followed by an add of the same key; the two must not be split.
type Change struct {
	Before string // nft text: chains, sets and dispatch that are new; "" mostly
	Ops    []Op
	// After is nft text again: behind a whole load, it opens the gate.
	After string
}
