package reach

import (
	"math/rand/v2"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// forget makes some lists of a cluster ones that could not be read as a whole: what
// they hold is known, and there may be more.
func forget(g *generate.Tangled, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a repeatable choice
	for _, kind := range []string{"Node", "Pod", "Service", "EndpointSlice", "L2Advertisement", "BGPPeer"} {
		if r.IntN(3) > 0 {
			continue
		}
		u := cluster.Unread{Kind: kind, Right: "list " + kind}
		for _, n := range g.Snapshot.Namespaces {
			if r.IntN(2) == 0 {
				u.Except = append(u.Except, n.Name)
			}
		}
		g.Snapshot.Absent = append(g.Snapshot.Absent, kind)
		g.Snapshot.Unread = append(g.Snapshot.Unread, u)
	}
}
