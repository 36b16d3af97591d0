package reach

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
)

// Cores shares out work, as model.Cores does.
type Cores = model.Cores

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
