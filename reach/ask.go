package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/walk"
)

// Place is where a connection starts.
type Place struct{ start walk.Start }

// FromPod is a pod: its own network, or for a hostNetwork pod its node. It
// reports false for one that has no network: it has ended, or not begun.
func FromPod(p *cluster.Pod) (Place, bool) {
	switch {
	case p.Finished(), p.HostNetwork && p.Node == "", !p.HostNetwork && len(p.IPs) == 0:
		return Place{}, false
	case p.HostNetwork:
		return Place{walk.Start{Kind: flow.MachineNode, Node: p.Node, Pod: p}}, true
	}
	return Place{walk.Start{Kind: flow.MachinePod, Addrs: p.IPs, Node: p.Node, Pod: p}}, true
}

// FromNode is a process of a node.
func FromNode(name string) Place { return Place{walk.Start{Kind: flow.MachineNode, Node: name}} }

// FromClient is a client outside the cluster.
func FromClient(addrs ...netip.Addr) Place {
	return Place{walk.Start{Kind: flow.MachineClient, Addrs: addrs}}
}

// Target is an address and port that is asked for.
type Target struct {
	flow.Protocol
	Addr netip.AddrPort
	// Pod is the pod, if one was asked for by name: of those that share a node's
	// network it is the one that answers.
	Pod flow.Object
	// Via is the first node for a client outside; "" leaves it to the router.
	Via string
}

// Ask answers one question as path.Ask does. A Via must be a node of the
// Snapshot, and the owner of an address that is a node's.
func (c *Chart) Ask(from Place, to Target) Answer {
	c.onlyUnits()
	return answerOf(c.legs(&from.start, to, true))
}

func (c *Chart) legs(from *start, to Target, fold bool) []leg {
	w := walker{c: c, fold: fold}
	w.Walker = walk.Walker{Model: c.m, Question: walk.Question{From: from, Protocol: to.Protocol, To: to.Addr, Pod: to.Pod, Via: to.Via}}
	return w.legs()
}

func answerOf(legs []leg) Answer { return answerFor(legs, "", nil) }

// sum is the answer of legs, in the order they were walked: what ends where legs
// would part is one way.
func sum(ends []ending) Answer {
	var a Answer
	fates := make([]flow.Fate, 0, len(ends))
	for i, e := range ends {
		if e.number != 0 && i > 0 && ends[i-1].number == e.number {
			continue
		}
		if !slices.Contains(a.Fates, e.fate) {
			a.Fates = append(a.Fates, e.fate)
		}
		if !slices.Contains(a.Seen, e.seen) {
			a.Seen = append(a.Seen, e.seen)
		}
		if a.Legs += e.count; e.fate == flow.Delivered {
			a.Delivered += e.count
		}
		fates = append(fates, e.fate)
	}
	slices.Sort(a.Fates)
	slices.Sort(a.Seen)
	a.Verdict = flow.Sum(fates)
	return a
}
