package cores

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// Every number once, and no more workers than there is work.
func TestAll(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		had := make([]atomic.Int32, n)
		workers := 0
		All(n, func() func(int) {
			workers++
			return func(i int) { had[i].Add(1) }
		})
		if workers > n || workers > runtime.GOMAXPROCS(0) || n > 0 && workers == 0 {
			t.Errorf("%d workers for %d", workers, n)
		}
		for i := range had {
			if had[i].Load() != 1 {
				t.Errorf("%d of %d: %d times", i, n, had[i].Load())
			}
		}
	}
}
