package reach

import "github.com/portolan-net/portolan/cluster"

// Cores shares out work among goroutines, which a pure package does not start and
// its caller may: it calls worker for as many as it likes, one call after another,
// and when it has them all hands the functions every number below n, each once. Nil
// does one after another. Package internal/cores has one.
type Cores func(n int, worker func() func(i int))

// FrontsOf are the fronts of Services, in their order, worked out on several
// cores. One of them does beside first, with the Chart itself; nil is nothing.
func (c *Chart) FrontsOf(services []*cluster.Service, cores Cores, beside func()) [][]Front {
	out := make([][]Front, len(services))
	work := func(r *Chart, i int) {
		switch {
		case i > 0:
			out[i-1] = r.Service(services[i-1])
		case beside != nil:
			beside()
		}
	}
	if cores == nil {
		for i := range len(services) + 1 {
			work(c, i)
		}
		return out
	}
	cores(len(services)+1, func() func(int) {
		r := c.Reader()
		return func(i int) { work(r, i) }
	})
	return out
}
