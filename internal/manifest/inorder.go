package manifest

import (
	"iter"
	"runtime"
	"sync"
)

// inOrder does jobs on all processors and hands the results to collect in the
// order of the jobs, until it returns false. worker makes what one goroutine
// works with. Only a few jobs are under way at a time, so what yields them may
// read from a file of any size.
func inOrder[J, R any](jobs iter.Seq[J], worker func() func(J) R, collect func(J, R) bool) {
	type slot struct {
		job  J
		done chan R
	}
	workers := runtime.GOMAXPROCS(0)
	order, todo, stop := make(chan slot, 2*workers), make(chan slot), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		defer close(order)
		defer close(todo)
		for j := range jobs {
			s := slot{j, make(chan R, 1)}
			select {
			case <-stop:
				return
			case order <- s:
				todo <- s
			}
		}
	})
	for range workers {
		all.Go(func() {
			work := worker()
			for s := range todo {
				s.done <- work(s.job)
			}
		})
	}
	stopped := false
	for s := range order {
		if r := <-s.done; !stopped && !collect(s.job, r) {
			stopped = true
			close(stop)
		}
	}
	all.Wait()
}
