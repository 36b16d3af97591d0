package cores

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// All calls worker once for every processor, one call after another. When it has
// them all, they are called with every number below n, each once. It returns when
// all is done.
func All(n int, worker func() func(i int)) {
	var workers []func(int)
	for range min(runtime.GOMAXPROCS(0), n) {
		workers = append(workers, worker())
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for _, do := range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}
