package reach

import (
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

var sizes = []generate.Size{generate.Small, generate.Medium, generate.Large, generate.Limits}

func bySize(b *testing.B, run func(b *testing.B, size generate.Size)) {
	b.Helper()
	for _, s := range sizes {
		b.Run("pods="+strconv.Itoa(s.Pods), func(b *testing.B) { run(b, s) })
	}
}

func modelOf(tb testing.TB, size generate.Size) *model.Model {
	tb.Helper()
	m, err := model.Compile(generate.Cluster(size, 1))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// cpu is the time this process has spent on any core: what a busy machine does
// not stretch.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, since time.Duration) {
	b.Helper()
	b.ReportMetric(float64(cpu()-since)/1e6/float64(b.N), "cpu-ms/op")
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// From a compiled Model, and from decoded structs.
func BenchmarkCompile(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		before := heap()
		c := Compile(m)
		c.unitsOf()
		bytes, since := int64(heap())-int64(before), cpu()
		for b.Loop() {
			Compile(m).unitsOf()
		}
		reportCPU(b, since)
		b.ReportMetric(float64(bytes)/float64(size.Pods), "bytes/pod")
		b.ReportMetric(float64(c.Units()), "units")
	})
}

func BenchmarkCompileAll(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		s := generate.Cluster(size, 1)
		since := cpu()
		for b.Loop() {
			m, err := model.Compile(s)
			if err != nil {
				b.Fatal(err)
			}
			Compile(m)
		}
		reportCPU(b, since)
	})
}

// Every pod to every pod, all ports.
func BenchmarkFlows(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		n, spent := 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			c := Compile(m)
			b.StartTimer()
			since := cpu()
			n = 0
			for range c.Flows {
				n++
			}
			spent += cpu() - since
		}
		b.ReportMetric(float64(spent)/1e6/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(n), "rectangles")
	})
}

// Every pod to every pod and every Service front from everywhere.
func BenchmarkMap(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		n, parts, spent := 0, 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			c := Compile(m)
			b.StartTimer()
			since := cpu()
			n, parts = 0, 0
			for range c.Flows {
				n++
			}
			for f := range c.Fronts {
				parts += len(f.Outside) + len(f.Nodes) + len(f.Pods)
			}
			spent += cpu() - since
		}
		b.ReportMetric(float64(spent)/1e6/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(n), "rectangles")
		b.ReportMetric(float64(parts), "parts")
	})
}
