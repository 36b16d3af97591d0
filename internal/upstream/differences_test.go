package upstream

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
)

// difference is something that packets beside kube-proxy do otherwise than
// predicted, for a reason that docs/semantics.md tells.
type difference struct {
	name     string
	explains func(r *random, w *proof.Way) bool
}

var differences = []difference{
	{
		// KUBE-FORWARD drops what conntrack calls INVALID: a node that sees a client's
		// packets and not the pod's replies, which go straight to the router, lets the
		// first packet pass and no other.
		"half a connection in iptables mode",
		func(r *random, w *proof.Way) bool {
			pod := nodeOf(r.before, w.Target.Addr.Addr())
			return r.mode == IPTables && w.Target.Protocol == flow.TCP && strings.HasPrefix(w.From, "external/") == (w.Via != "") &&
				w.Via != "" && pod != "" && pod != w.Via && len(w.Observed) == 1 && w.Observed[0].Seen == flow.Timeout
		},
	},
}

// nodeOf is the node of the pod with an address, "" where it is no pod's.
func nodeOf(s *cluster.Snapshot, a netip.Addr) string {
	for i := range s.Pods {
		if p := &s.Pods[i]; !p.HostNetwork && !p.Finished() && slices.Contains(p.IPs, a) {
			return p.Node
		}
	}
	return ""
}

// unexplained is what of a line differs for no known reason.
func (c *counts) unexplained(r *random, l *proof.Line) []string {
	for i := range l.Ways {
		w := &l.Ways[i]
		if len(w.Differences) == 0 {
			continue
		}
		known := slices.IndexFunc(differences, func(d difference) bool { return d.explains(r, w) })
		if known < 0 {
			return l.Differs
		}
		c.explained[differences[known].name]++
	}
	return nil
}
