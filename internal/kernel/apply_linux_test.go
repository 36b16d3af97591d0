package kernel

import (
	"regexp"
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
