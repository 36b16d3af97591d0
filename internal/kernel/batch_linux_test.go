package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/nft"
)

// fronts is a program of one large map, and its first n rows: 12 bytes of key, 4
// of data, as in docs/performance.md.
func fronts(n int) (*nft.Program, *nft.Set, []nft.Op) {
	s := &nft.Set{Name: "fronts", Key: []nft.Type{nft.Addr, nft.Proto, nft.Port}, Data: []nft.Type{nft.Mark}, Typed: "type ipv4_addr . inet_proto . inet_service : mark"}
	ops := make([]nft.Op, n)
	for i := range ops {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		ops[i] = nft.Op{Set: s, Element: &nft.Element{Key: fields(a, tcp, uint16(80)), Data: fields(i + 1)}}
	}
	return &nft.Program{Tables: []*nft.Table{{Sets: []*nft.Set{s}}}}, s, ops
}

// TestSplit: under a limit, ops arrive in their order, and a replaced row is
// never gone between two batches.
func TestSplit(t *testing.T) {
	h := open(t)
	k := everyKind()
	ops := slices.Clone(k.ops)
	for _, op := range k.ops {
		ops = append(ops, deleted(op), op)
	}
	h.sock.limit = 150
	if err := h.Apply(k.change()); err == nil || !strings.HasSuffix(err.Error(), "no room in a message of 150 bytes: raise net.core.wmem_max") {
		t.Error(err)
	}
	for limit := 500; limit < 6000; limit += 500 {
		if err := h.Apply(nft.Change{Before: k.program.Skeleton()}); err != nil {
			t.Fatal(err)
		}
		h.sock.limit = limit
		batches := 0
		for left := ops; len(left) > 0; batches++ {
			rest, err := h.batch.fill(left, limit)
			if err != nil {
				t.Fatal(err)
			}
			n := len(left) - len(rest)
			if n == 0 {
				break
			}
			if len(h.batch.buf) > limit {
				t.Fatalf("a batch of %d bytes under a limit of %d", len(h.batch.buf), limit)
			}
			if len(rest) > 0 && together(&left[n-1], &rest[0]) {
				t.Fatalf("limit %d parts %s from %s", limit, words(&left[n-1]), words(&rest[0]))
			}
			left = rest
		}
		err := h.Apply(nft.Change{Ops: ops})
		if batches < 3 && limit < 2000 {
			t.Fatalf("limit %d: %d batches test nothing", limit, batches)
		}
		if err != nil {
			t.Fatalf("limit %d: %v", limit, err)
		}
		checkHeld(t, h, ops)
	}
}

// TestLimit: the limit is the kernel's own, to the byte.
func TestLimit(t *testing.T) {
	h := open(t)
	if err := unix.SetsockoptInt(h.sock.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 20000); err != nil {
		t.Fatal(err)
	}
	if err := h.sock.measure(); err != nil {
		t.Fatal(err)
	}
	limit := h.sock.limit
	if err := h.sock.send(make([]byte, limit)); err != nil {
		t.Errorf("%d bytes: %v", limit, err)
	}
	if err := h.sock.send(make([]byte, limit+1)); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("%d bytes: %v, want %v", limit+1, err, unix.EMSGSIZE)
	}
}

// TestMany: 100,000 rows, in batches as small as the limit of most machines for
// an ordinary user, and in as few as this one allows.
func TestMany(t *testing.T) {
	h := open(t)
	p, s, ops := fronts(100_000)
	for _, limit := range []int{2*212992 - 32, h.sock.limit} {
		h.sock.limit = limit
		if err := h.Apply(nft.Change{Before: p.Skeleton(), Ops: ops}); err != nil {
			t.Fatal(err)
		}
		checkHeld(t, h, ops)
		empty := nft.Change{}
		for _, op := range ops[:50_000] {
			empty.Ops = append(empty.Ops, deleted(op))
		}
		if err := h.Apply(empty); err != nil {
			t.Fatal(err)
		}
		if held, err := h.Rows(nft.IPv4, s); err != nil || len(held) != 50_000 {
			t.Fatalf("%d rows, %v", len(held), err)
		}
	}
}

// TestRefused: an operation that the kernel refuses is named, out of thousands,
// and nothing of its batch is done.
func TestRefused(t *testing.T) {
	h := open(t)
	p, _, ops := fronts(10_000)
	if err := h.Apply(nft.Change{Before: p.Skeleton(), Ops: ops[7_777:7_778]}); err != nil {
		t.Fatal(err)
	}
	err := h.Apply(nft.Change{Ops: ops})
	want := "add element ip portolan fronts { 10.0.30.97 . tcp . 80 : 0x00001e62 }: file exists"
	var refused *OpError
	if err == nil || err.Error() != want || !errors.As(err, &refused) || !errors.Is(err, syscall.EEXIST) || refused.Op.Element != ops[7_777].Element {
		t.Errorf("got %v\nwant %s", err, want)
	}
	checkHeld(t, h, ops[7_777:7_778])

	err = h.Apply(nft.Change{Ops: append(slices.Clone(ops[:5]), deleted(ops[9_000]))})
	want = "delete element ip portolan fronts { 10.0.35.40 . tcp . 80 : 0x00002329 }: no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	checkHeld(t, h, ops[7_777:7_778])

	// The same key with other data is a row that is there.
	other := *ops[7_777].Element
	other.Data = fields(1)
	if err := h.Apply(nft.Change{Ops: []nft.Op{{Set: ops[0].Set, Element: &other}}}); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("other data for a key that is there: %v", err)
	}

	// Every message of a batch fails: more answers than the buffer holds.
	if err := unix.SetsockoptInt(h.sock.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil {
		t.Fatal(err)
	}
	var many []nft.Op
	for range 3000 {
		many = append(many, ops[7_777], deleted(ops[0]))
	}
	if err := h.Apply(nft.Change{Ops: many}); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("a storm of errors: %v", err)
	}
	if err := h.Apply(nft.Change{Ops: ops[:100]}); err != nil {
		t.Errorf("after the storm: %v", err)
	}
}

// TestRefusedRange: ranges that overlap are refused by name, too.
func TestRefusedRange(t *testing.T) {
	h := open(t)
	k := everyKind()
	if err := h.Apply(k.change()); err != nil {
		t.Fatal(err)
	}
	ranges, sources := k.program.Tables[0].Set("ranges"), k.program.Tables[0].Set("sources")
	for _, c := range []struct {
		op   nft.Op
		want string
	}{
		{nft.Op{Set: ranges, Element: &nft.Element{Key: fields("10.96.0.128"), End: fields("10.96.1.0")}}, "add element ip portolan ranges { 10.96.0.128-10.96.1.0 }: file exists"},
		{nft.Op{Delete: true, Set: ranges, Element: &nft.Element{Key: fields("10.96.0.0"), End: fields("10.96.0.7")}}, "delete element ip portolan ranges { 10.96.0.0-10.96.0.7 }: no such file or directory"},
		{nft.Op{Set: sources, Element: &nft.Element{Key: fields("10.96.0.7", "10.96.2.1", uint16(7)), End: fields("10.96.0.7", "10.96.2.1", uint16(7)), Data: fields(9)}}, "add element ip portolan sources { 10.96.0.7 . 10.96.2.1 . 7 : 0x00000009 }: file exists"},
	} {
		if err := h.Apply(nft.Change{Ops: []nft.Op{c.op}}); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	checkHeld(t, h, k.ops)
}

// TestMisshapen: an element that does not fit its set is refused here: the kernel
// would take some of them for something else.
func TestMisshapen(t *testing.T) {
	h := open(t)
	k := everyKind()
	if err := h.Apply(k.change()); err != nil {
		t.Fatal(err)
	}
	for _, e := range []nft.Element{
		{},
		{Key: "short", Data: fields(1)},
		{Key: fields("10.0.0.1", tcp, uint16(1))},
		{Key: fields("10.0.0.1", tcp, uint16(1)), Data: fields(1), End: "x"},
		{Key: fields("10.0.0.1", tcp, uint16(1)), Data: fields(1), Comment: strings.Repeat("x", 128)},
	} {
		err := h.Apply(nft.Change{Ops: []nft.Op{{Set: k.program.Tables[0].Set("fronts"), Element: &e}}})
		if err == nil || !strings.Contains(err.Error(), "do not fit type ipv4_addr . inet_proto . inet_service : mark") {
			t.Errorf("%+v: %v", e, err)
		}
	}
	longest := nft.Element{Key: fields("10.0.0.1", tcp, uint16(1)), Data: fields(1), Comment: strings.Repeat("x", 127)}
	if err := h.Apply(nft.Change{Ops: []nft.Op{{Set: k.program.Tables[0].Set("fronts"), Element: &longest}}}); err != nil {
		t.Error(err)
	}
	listing(t, h)
}

// TestTextRefused: what nft does not take is told with its line.
func TestTextRefused(t *testing.T) {
	h := open(t)
	for _, c := range []struct{ text, want string }{
		{"table ip portolan {\n\tchain c {\n\t\ttype filter hok input;\n\t}\n}\n", "nft: line 3: syntax error, unexpected string, expecting hook\n\ttype filter hok input;"},
		{"table ip portolan {\n\tchain c {\n\t\tjump nowhere\n\t}\n}\n", "nft: line 3: Could not process rule: No such file or directory\n\tjump nowhere"},
	} {
		err := h.Apply(nft.Change{Before: c.text})
		var refused *TextError
		if err == nil || err.Error() != c.want || !errors.As(err, &refused) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
		if out := listing(t, h); out != "" {
			t.Errorf("left %s", out)
		}
	}
	t.Setenv("PATH", "/nowhere")
	if _, err := findNft(); err != nil {
		t.Errorf("nft is not found without a PATH: %v", err)
	}
	if !strings.Contains(ErrNoNft.Error(), "install the package nftables") {
		t.Error(ErrNoNft)
	}
}

// TestElsewhere: a handle stays with its namespace, whichever thread uses it.
func TestElsewhere(t *testing.T) {
	h := open(t)
	other := open(t) // the thread is in another namespace now
	k := everyKind()
	if err := h.Apply(k.change()); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { // on a thread of nobody
		_, err := h.Rows(nft.IPv4, k.program.Tables[0].Set("hash"))
		done <- err
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if out := listing(t, other); out != "" {
		t.Errorf("the other namespace holds %s", out)
	}
	if out := run(t, "nft", "list", "ruleset"); out != "" {
		t.Errorf("the thread changed its namespace: %s", out)
	}
	if out := listing(t, h); !strings.Contains(out, "table ip6 portolan") {
		t.Errorf("the handle's namespace holds %q", out)
	}
}

// sink keeps results from being optimised away.
var sink any

// BenchmarkLoad puts a program in the place of one as large, text included.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := open(b)
			p, _, ops := fronts(n)
			skeleton := p.Skeleton()
			for b.Loop() {
				if err := h.Apply(nft.Change{Before: skeleton, Ops: ops}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
		})
	}
}

// BenchmarkWhole adds all rows in one batch, and deletes them in one.
func BenchmarkWhole(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := open(b)
			p, _, ops := fronts(n)
			if err := h.Apply(nft.Change{Before: p.Skeleton()}); err != nil {
				b.Fatal(err)
			}
			remove := nft.Change{}
			for _, op := range ops {
				remove.Ops = append(remove.Ops, deleted(op))
			}
			for b.Loop() {
				if err := h.Apply(nft.Change{Ops: ops}); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := h.Apply(remove); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
		})
	}
}

// BenchmarkText grows a table that has many rows by an empty set: what nft itself
// costs.
func BenchmarkText(b *testing.B) {
	for _, n := range []int{0, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := open(b)
			p, _, ops := fronts(n)
			if err := h.Apply(nft.Change{Before: p.Skeleton(), Ops: ops}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := h.Apply(nft.Change{Before: "table ip portolan {\n\tset other {\n\t\ttype ipv4_addr\n\t}\n}\n"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkChange adds and deletes rows of a map that has many others.
func BenchmarkChange(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		for _, k := range []int{1, 100} {
			b.Run(fmt.Sprintf("%d+%d", n, k), func(b *testing.B) {
				h := open(b)
				p, _, ops := fronts(n + k)
				if err := h.Apply(nft.Change{Before: p.Skeleton(), Ops: ops[k:]}); err != nil {
					b.Fatal(err)
				}
				add, remove := nft.Change{Ops: ops[:k]}, nft.Change{}
				for _, op := range add.Ops {
					remove.Ops = append(remove.Ops, deleted(op))
				}
				for b.Loop() { // two changes
					if err := errors.Join(h.Apply(add), h.Apply(remove)); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2, "ns/change")
			})
		}
	}
}

func BenchmarkRows(b *testing.B) {
	h := open(b)
	p, s, ops := fronts(100_000)
	if err := h.Apply(nft.Change{Before: p.Skeleton(), Ops: ops}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		held, err := h.Rows(nft.IPv4, s)
		if err != nil || len(held) != len(ops) {
			b.Fatal(len(held), err)
		}
		sink = held
	}
}
