package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/portolan-net/portolan/internal/generate"
)

// row is a line of the table: its name, its figure, and what that is.
type row struct {
	name string
	cell func(*figures) string
	is   string
}

var rows = []row{
	{"policies", func(f *figures) string { return count(f.Policies) }, ""},
	{"Services", func(f *figures) string { return count(f.Services) }, ""},
	{"units", func(f *figures) string { return count(f.Units) }, "pods of one workload whom no policy tells apart"},
	{"load", func(f *figures) string { return short(f.Load.Wall) }, "the dump is read and decoded, once"},
	{"  CPU", func(f *figures) string { return short(f.Load.CPU) }, ""},
	{"compile", func(f *figures) string { return short(f.Compile.Wall) }, "from what was decoded until any verdict can be asked"},
	{"  CPU", func(f *figures) string { return short(f.Compile.CPU) }, ""},
	{"map", func(f *figures) string { return short(f.Map.Wall) }, "every pod to every pod, all ports; every Service from everywhere"},
	{"  CPU", func(f *figures) string { return short(f.Map.CPU) }, ""},
	{"diff", func(f *figures) string { return short(f.Diff.Wall) }, "two compiled versions, 1 % of the policies and a Service changed"},
	{"  CPU", func(f *figures) string { return short(f.Diff.CPU) }, ""},
	{"change, p50", func(f *figures) string { return short(f.ChangeP50) }, "a policy is replaced; what that takes and gives, exactly"},
	{"change, p99", func(f *figures) string { return short(f.ChangeP99) }, "of 2,000, one after another"},
	{"verdict", func(f *figures) string { return short(f.Verdict) }, "what policies say to one packet between two pods; CPU"},
	{"trace, pod", func(f *figures) string { return short(f.FromPod) }, "pod to Service, every hop and reason; CPU, the mean of 1,000"},
	{"trace, outside", func(f *figures) string { return short(f.FromOutside) }, "a client to a load balancer's address by any node; CPU, mean"},
	{"peak memory", func(f *figures) string { return size(f.Peak) }, "resident, of a process that loads, compiles and maps"},
	{"engine a pod", func(f *figures) string { return fmt.Sprintf("%.0f B", f.PerPod) }, "what the compiled Chart keeps beyond the Model"},
}

func printTable(o options, dir string, out, progress io.Writer) error {
	var all []*figures
	var dumps []string
	for _, s := range o.sizes {
		fmt.Fprintf(progress, "bench: %s pods\n", count(s.Pods))
		folder, written, err := writeDump(dir, generate.Cluster(s, 1), true)
		if err != nil {
			return err
		}
		f, err := measureApart(folder)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
		all, dumps = append(all, f), append(dumps, size(written))
	}
	fmt.Fprintf(out, "%s\n\n", machine())
	printFigures(out, all, dumps)
	return nil
}

func printFigures(out io.Writer, all []*figures, dumps []string) {
	printRow(out, "pods", all, func(f *figures) string { return count(f.Pods) })
	printCells(out, "dump", dumps)
	for _, r := range rows {
		printRow(out, r.name, all, r.cell)
	}
	fmt.Fprintf(out, "\n%-15s %s\n", "dump", "JSON as kubectl prints it, of pods as people have them")
	for _, r := range rows {
		if r.is != "" {
			fmt.Fprintf(out, "%-15s %s\n", r.name, r.is)
		}
	}
	fmt.Fprintf(out, "%-15s %s\n", "CPU", "of all cores together; each the best of three, but for load")
}

func printRow(out io.Writer, name string, all []*figures, cell func(*figures) string) {
	var cells []string
	for _, f := range all {
		cells = append(cells, cell(f))
	}
	printCells(out, name, cells)
}

func printCells(out io.Writer, name string, cells []string) {
	fmt.Fprintf(out, "%-16s", name)
	for _, c := range cells {
		fmt.Fprintf(out, "%12s", c)
	}
	fmt.Fprintln(out)
}

// measureApart measures in a process of its own.
func measureApart(folder string) (*figures, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var out, problem bytes.Buffer
	cmd := exec.Command(self, "measure", folder)
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("measure %s: %w: %s", folder, err, problem.String())
	}
	f := &figures{}
	if err := json.Unmarshal(out.Bytes(), f); err != nil {
		return nil, fmt.Errorf("measure %s: %w", folder, err)
	}
	return f, nil
}

// machine is where the figures come from, and what else it did.
func machine() string {
	words := []string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, fmt.Sprintf("%d CPUs", runtime.NumCPU())}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name\t: ")
		if name, _, ok := strings.Cut(rest, "\n"); ok {
			words = append(words, name)
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(text), " ")
		words = append(words, "load "+load)
	}
	return strings.Join(words, ", ")
}

// count prints 150,000.
func count(n int) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// digits prints three of them.
func digits(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func short(d time.Duration) string {
	x, unit := float64(d), "ns"
	for _, larger := range []string{"us", "ms", "s"} {
		if x < 999.5 {
			break
		}
		x, unit = x/1000, larger
	}
	if unit == "ns" {
		return fmt.Sprintf("%.0f ns", x)
	}
	return digits(x) + " " + unit
}

func size(b int64) string {
	if b == 0 {
		return "?"
	}
	x, unit := float64(b)/1e6, "MB"
	if x >= 1000 {
		x, unit = x/1000, "GB"
	}
	return digits(x) + " " + unit
}
