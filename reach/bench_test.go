package reach

import (
	"runtime"
	"strconv"
	"testing"

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
		b.ReportMetric(float64(int64(heap())-int64(before))/float64(size.Pods), "bytes/pod")
		b.ReportMetric(float64(c.Units()), "units")
		runtime.KeepAlive(c)
		for b.Loop() {
			Compile(m).unitsOf()
		}
	})
}

func BenchmarkCompileAll(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		s := generate.Cluster(size, 1)
		for b.Loop() {
			m, err := model.Compile(s)
			if err != nil {
				b.Fatal(err)
			}
			Compile(m)
		}
	})
}

// Every pod to every pod, all ports.
func BenchmarkFlows(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		n := 0
		for b.Loop() {
			b.StopTimer()
			c := Compile(m)
			b.StartTimer()
			n = 0
			for range c.Flows {
				n++
			}
		}
		b.ReportMetric(float64(n), "rectangles")
	})
}
