package proof

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Drop is where NetworkPolicy ends packets: as it is predicted, or as the log of
// our rules tells it.
type Drop struct {
	Node      string
	Direction policy.Direction
	// Tuple is what the node saw. Source ports are left out.
	Tuple flow.Tuple
	// By are the policies that isolate the pod; none for an address of a pod that
	// nobody knows.
	By []flow.Origin
	// Packets is how many were logged; 0 where it is a prediction.
	Packets int
}

// place is what tells drops apart.
type place struct {
	node      string
	direction policy.Direction
	tuple     flow.Tuple
}

func (d *Drop) place() place { return place{d.Node, d.Direction, d.Tuple} }

func (d *Drop) samePlace(o *Drop) bool { return d.place() == o.place() }

// same reports whether both name the same place and policies.
func (d *Drop) same(o *Drop) bool {
	return d.samePlace(o) && slices.Equal(objects(d.By), objects(o.By))
}

func objects(origins []flow.Origin) []flow.Object {
	var all []flow.Object
	for _, o := range origins {
		all = append(all, o.Object)
	}
	slices.SortFunc(all, flow.Object.Compare)
	return slices.Compact(all)
}

// denials are the drops that a trace predicts.
func denials(t *path.Walked) []Drop {
	var all []Drop
	if t.Fate != flow.DeniedByPolicy {
		return nil
	}
	for i := range t.Hops {
		h := &t.Hops[i]
		for k := range h.Steps {
			s := &h.Steps[k]
			if s.Action != flow.Drop && s.Action != flow.Reject || s.Reason.Code != flow.CodeDenied {
				continue
			}
			d := Drop{Node: h.Machine.Name, Direction: policy.Ingress, Tuple: portless(s.Before), By: s.Origins}
			if s.Hook == flow.Egress {
				d.Direction = policy.Egress
			}
			all = append(all, d)
		}
	}
	return all
}

// portless is a tuple without its source port.
func portless(t flow.Tuple) flow.Tuple {
	t.Src = netip.AddrPortFrom(t.Src.Addr(), 0)
	return t
}

// merge adds drops to those that are known, one for each place and group.
func merge(all, more []Drop) []Drop {
	for _, d := range more {
		i := slices.IndexFunc(all, func(o Drop) bool { return d.same(&o) })
		if i < 0 {
			all = append(all, d)
			continue
		}
		all[i].Packets += d.Packets
	}
	slices.SortStableFunc(all, func(a, b Drop) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Tuple.String(), b.Tuple.String()))
	})
	return all
}
