package kernel

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/nft"
)

// TestEveryKind: what was loaded stands in nft's own listing, word by word.
func TestEveryKind(t *testing.T) {
	h := open(t)
	k := everyKind()
	if err := h.Apply(k.change()); err != nil {
		t.Fatal(err)
	}
	checkListing(t, h, k)
}

// checkListing looks for every element in what nft prints.
func checkListing(t testing.TB, h *Handle, k *kinds) {
	t.Helper()
	for _, table := range k.program.Tables {
		for _, s := range table.Sets {
			shown := listed(t, h, table, s)
			n := 0
			for i := range k.ops {
				op := &k.ops[i]
				if op.Family != table.Family || op.Set != s {
					continue
				}
				n++
				if words := table.Words(s, op.Element); !strings.Contains(shown, " "+words+" ") {
					t.Errorf("%s %s: %s is missing in\n%s", table.Family, s.Name, words, shown)
				}
			}
			if got := strings.Count(shown, " , ") + 1; n > 0 && got != n {
				t.Errorf("%s %s: %d elements, want %d:\n%s", table.Family, s.Name, got, n, shown)
			}
		}
	}
}

var (
	space   = regexp.MustCompile(`\s+`)
	counted = regexp.MustCompile(` counter packets \d+ bytes \d+`)
	slash   = regexp.MustCompile(`10\.96\.(\d+)\.0/24`)
)

// listed is the elements of a set as nft prints them, on one line, without the
// counters, and with ranges written as ranges.
func listed(t testing.TB, h *Handle, table *nft.Table, s *nft.Set) string {
	t.Helper()
	kind := "set"
	if len(s.Data) > 0 {
		kind = "map"
	}
	out, err := h.nft("", "list", kind, table.Family.String(), nft.TableName, s.Name)
	if err != nil {
		t.Fatal(err)
	}
	_, out, _ = strings.Cut(out, "elements = {")
	out, _, _ = strings.Cut(out, "}")
	out = counted.ReplaceAllString(space.ReplaceAllString(" "+out, " "), "")
	out = slash.ReplaceAllString(out, "10.96.$1.0-10.96.$1.255")
	return strings.ReplaceAll(out, ", ", " , ")
}

// TestAsNft: the kernel holds the same after our messages as after nft's text,
// but for the end that nft puts in front of the first range of a set.
func TestAsNft(t *testing.T) {
	ours := open(t)
	k := everyKind()
	if err := ours.Apply(k.change()); err != nil {
		t.Fatal(err)
	}
	type name struct {
		family nft.Family
		set    string
	}
	held := map[name][]stored{}
	each := func(see func(name, *nft.Set)) {
		for _, table := range k.program.Tables {
			for _, s := range table.Sets {
				see(name{table.Family, s.Name}, s)
			}
		}
	}
	each(func(n name, s *nft.Set) { held[n] = dumped(t, ours, n.family, s) })
	var text strings.Builder
	text.WriteString(k.program.Skeleton())
	for i := range k.ops {
		op := &k.ops[i]
		text.WriteString(words(op) + "\n")
	}
	theirs := open(t)
	if err := theirs.Apply(nft.Change{Before: text.String()}); err != nil {
		t.Fatal(err)
	}
	each(func(n name, s *nft.Set) {
		got, want := held[n], dumped(t, theirs, n.family, s)
		if !slices.Equal(got, want) {
			t.Errorf("%s %s:\nour messages %+v\nnft's text   %+v", n.family, n.set, got, want)
		}
	})
}

// dumped is what the kernel stores of a set, sorted.
func dumped(t testing.TB, h *Handle, f nft.Family, s *nft.Set) []stored {
	t.Helper()
	var found []stored
	err := h.dump(msgGetSetElem, protocol(f), func(b []byte) []byte {
		return appendString(appendString(b, listTable, nft.TableName), listSet, s.Name)
	}, func(m *message) {
		for kind, data := range m.attrs() {
			if kind == listElements {
				for _, e := range attrs(data) {
					if s := readElement(e); !s.endMark || strings.Trim(s.row.Key, "\x00") != "" {
						found = append(found, s)
					}
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b stored) int {
		return cmp.Or(strings.Compare(a.row.Key, b.row.Key), strings.Compare(a.row.End, b.row.End), strings.Compare(a.row.Comment, b.row.Comment))
	})
	return found
}

// listing is what nft prints for everything; older versions abort on rules that
// the kernel takes.
func listing(t testing.TB, h *Handle) string {
	t.Helper()
	out, err := h.nft("", "list", "ruleset")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkHeld compares what is in the kernel with a list of adds.
func checkHeld(t testing.TB, h *Handle, ops []nft.Op) {
	t.Helper()
	type place struct {
		family nft.Family
		set    *nft.Set
	}
	want := map[place]map[string]*nft.Element{}
	for _, op := range ops {
		at := place{op.Family, op.Set}
		if want[at] == nil {
			want[at] = map[string]*nft.Element{}
		}
		if op.Delete {
			delete(want[at], op.Element.Key+op.Element.End)
		} else {
			want[at][op.Element.Key+op.Element.End] = op.Element
		}
	}
	for at, elements := range want {
		held, err := h.Rows(at.family, at.set)
		if err != nil {
			t.Fatal(err)
		}
		table := &nft.Table{Family: at.family}
		for _, r := range held {
			e := elements[r.Key+r.End]
			if e == nil {
				t.Errorf("%s %s: %s is in the kernel, and should not", at.family, at.set.Name, table.Words(at.set, &nft.Element{Key: r.Key, End: r.End, Data: r.Data, Comment: r.Comment}))
				continue
			}
			if r.Data != e.Data || r.Comment != e.Comment {
				t.Errorf("%s %s: %s: data %q, comment %q", at.family, at.set.Name, table.Words(at.set, e), r.Data, r.Comment)
			}
		}
		if len(held) != len(elements) {
			t.Errorf("%s %s: %d rows in the kernel, want %d", at.family, at.set.Name, len(held), len(elements))
		}
	}
}

// TestChange: every kind of row is read back as it was written, replaced, and
// deleted.
func TestChange(t *testing.T) {
	h := open(t)
	k := everyKind()
	if err := h.Apply(k.change()); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, h, k.ops)

	replace := nft.Change{}
	for _, op := range k.ops {
		other := *op.Element
		other.Comment = "another"
		if len(op.Set.Data) == 1 && op.Set.Data[0] != nft.Port {
			other.Data = fields(0x07060504)
		}
		replace.Ops = append(replace.Ops, deleted(op), nft.Op{Family: op.Family, Set: op.Set, Element: &other})
	}
	if err := h.Apply(replace); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, h, replace.Ops)

	empty := nft.Change{}
	for _, op := range slices.Backward(k.ops) {
		empty.Ops = append(empty.Ops, deleted(op))
	}
	if err := h.Apply(empty); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, h, empty.Ops)
	if err := h.Apply(nft.Change{Ops: k.ops}); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, h, k.ops)
}

func deleted(op nft.Op) nft.Op {
	op.Delete = true
	return op
}

// TestReplaceWhole: a program takes the place of whatever is there, and Remove
// leaves nothing of ours and all of others'.
func TestReplaceWhole(t *testing.T) {
	h := open(t)
	if err := h.Remove(); err != nil {
		t.Errorf("remove what is not there: %v", err)
	}
	if err := h.Apply(nft.Change{Before: "table ip others { chain c { accept; }\n}\n"}); err != nil {
		t.Fatal(err)
	}
	k := everyKind()
	for range 2 {
		if err := h.Apply(k.change()); err != nil {
			t.Fatal(err)
		}
		checkHeld(t, h, k.ops)
	}
	if err := h.Remove(); err != nil {
		t.Fatal(err)
	}
	if out := listing(t, h); strings.Contains(out, "portolan") || !strings.Contains(out, "table ip others") {
		t.Errorf("left:\n%s", out)
	}
}

// TestRowsWhileChanging: a set that somebody else changes while it is read is
// read as it was at one moment, or not at all. Half of its rows give way to
// others, and these to them, each time in one transaction.
func TestRowsWhileChanging(t *testing.T) {
	h := open(t)
	const half = 1500
	p, s, ops := fronts(3 * half)
	if err := h.Apply(nft.Change{Before: p.Skeleton(), Ops: ops[:2*half]}); err != nil {
		t.Fatal(err)
	}
	other, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var forth, back nft.Change
	for i := range half {
		forth.Ops = append(forth.Ops, deleted(ops[half+i]))
		back.Ops = append(back.Ops, deleted(ops[2*half+i]))
	}
	forth.Ops = append(forth.Ops, ops[2*half:]...)
	back.Ops = append(back.Ops, ops[half:2*half]...)
	first, second := ops[half].Element.Key, ops[2*half].Element.Key
	read := 0
	for range 10 {
		done := make(chan error)
		go func() {
			for range 3 {
				if err := errors.Join(other.Apply(forth), other.Apply(back)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		held, err := h.Rows(nft.IPv4, s)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if errors.Is(err, errChanged) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		read++
		seen := map[string]bool{}
		for _, r := range held {
			seen[r.Key] = true
		}
		if len(held) != 2*half || len(seen) != 2*half || seen[first] == seen[second] {
			t.Errorf("%d rows of %d keys, want %d", len(held), len(seen), 2*half)
		}
	}
	if read == 0 {
		t.Error("the set was never read")
	}
	checkHeld(t, h, ops[:2*half])
}
