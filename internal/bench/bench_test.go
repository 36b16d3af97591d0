package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/portolan-net/portolan/internal/generate"
)

// Everything that the table tells is measured, and the table fits a terminal.
func TestTable(t *testing.T) {
	folder, written, err := writeDump(t.TempDir(), generate.Cluster(generate.Small, 1), true)
	if err != nil {
		t.Fatal(err)
	}
	f, err := measure(folder)
	if err != nil {
		t.Fatal(err)
	}
	if f.Rectangles == 0 || f.Units == 0 || f.Pods != generate.Small.Pods {
		t.Errorf("%+v", f)
	}
	var out bytes.Buffer
	printFigures(&out, []*figures{f, f, f, f}, []string{size(written), size(written), size(written), size(written)})
	text := out.String()
	for _, r := range rows {
		if !strings.Contains(text, "\n"+r.name) {
			t.Errorf("no row %q", r.name)
		}
		if cell := r.cell(f); strings.HasPrefix(cell, "0") && cell != "0 ns" {
			t.Errorf("%s is %s: not measured", r.name, cell)
		}
	}
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// What `bench list` prints is what policies let through: it has a line for every
// pair of workloads with an open port, and for every range of addresses.
func TestList(t *testing.T) {
	folder, _, err := writeDump(t.TempDir(), generate.Cluster(generate.Small, 1), false)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := list(folder, &out); err != nil {
		t.Fatal(err)
	}
	c, err := chartOf(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	all := workloadsOf(c)
	for i := range all {
		for j := range all {
			if _, some, _ := between(c, &all[i], &all[j]); len(some) > 0 {
				want++
			}
		}
	}
	got := 0
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(line, `"0.0.0.0-`) && !strings.Contains(line, `"192.168.`) {
			got++
		}
	}
	if got != want || want == 0 {
		t.Errorf("%d pairs, want %d", got, want)
	}
}

func TestShort(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"550 ns": 550, "1.00 us": 1000, "52.3 us": 52300, "3.70 ms": 3700 * time.Microsecond, "510 ms": 510 * time.Millisecond,
		"1.00 s": time.Second - 1, "138 s": 138 * time.Second,
	} {
		if got := short(d); got != want {
			t.Errorf("%v is %s, want %s", int64(d), got, want)
		}
	}
	for want, b := range map[string]int64{"?": 0, "1.44 MB": 1440000, "2.37 GB": 2370000000} {
		if got := size(b); got != want {
			t.Errorf("%d is %s, want %s", b, got, want)
		}
	}
	if got := count(150000) + " " + count(100) + " " + count(1000); got != "150,000 100 1,000" {
		t.Error(got)
	}
}

// A line of the command that is wrong is refused before hours are spent.
func TestSizes(t *testing.T) {
	if all, err := sizesOf("100,3000"); err != nil || len(all) != 2 || all[0] != generate.Small || all[1].Policies != 600 {
		t.Errorf("%v, %v", all, err)
	}
	for _, wrong := range []string{"x", "-1", "0", "100,x"} {
		if _, err := sizesOf(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
