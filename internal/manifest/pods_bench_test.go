package manifest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPods reads dumps of realistic pods from files, 1,000 and 10,000 of
// them, or as many as PODS says:
//
//	PODS=150000 go test -run '^$' -bench Pods -benchtime 1x ./internal/manifest
//
// cpu-s are seconds of all processors together, peak-MB is the most memory that
// the process had at a time.
func BenchmarkPods(b *testing.B) {
	for size := range strings.SplitSeq(cmp.Or(os.Getenv("PODS"), "1000,10000"), ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			b.Fatal(err)
		}
		for _, notation := range []string{"json", "yaml"} {
			b.Run(fmt.Sprintf("%s/%d", notation, n), func(b *testing.B) { benchmarkPods(b, n, notation) })
		}
	}
}

func benchmarkPods(b *testing.B, n int, notation string) {
	name := filepath.Join(b.TempDir(), "pods."+notation)
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if err := writePods(f, n, notation == "yaml"); err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	f.Close()
	b.SetBytes(info.Size())
	forgetPeak(b)
	before := processorTime(b)
	for b.Loop() {
		in, err := Load([]string{name}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if len(in.Snapshot.Pods) != n {
			b.Fatalf("%d pods", len(in.Snapshot.Pods))
		}
	}
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(peak(b), "peak-MB")
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// forgetPeak makes the peak of memory count from now on (proc(5), clear_refs).
func forgetPeak(b *testing.B) {
	b.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil && runtime.GOOS == "linux" {
		b.Log("peak-MB counts from the start of the process:", err)
	}
}

// peak is the process' largest resident set in MB, 0 where that is not known.
func peak(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, _, _ := strings.Cut(rest, "kB")
	n, err := strconv.ParseFloat(strings.TrimSpace(kilobytes), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n * 1024 / 1e6
}
