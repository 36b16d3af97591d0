package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// PodDescription is everything that applies to one pod: the union of what the
// policies that isolate it allow.
type PodDescription struct {
	Pod *cluster.Pod
	// Sides are ingress, then egress.
	Sides [2]PodSide
	// Exempt is true where no policy applies: the pod has the node's network, or
	// none any more.
	Exempt bool
	// Foreign are objects of other engines that may decide about the pod too:
	// what is described is then not all there is.
	Foreign []flow.Object
	Notes   []flow.Reason
}

// PodSide is one direction of a pod. No policy isolates it: everything passes.
type PodSide struct {
	Direction Direction
	Isolating []*cluster.NetworkPolicy
	// Grants are what is allowed; none: nothing is.
	Grants []Grant
}

// Grant is some peers on some ports, and who allows it. Grants of one side with
// the same ports stand together.
type Grant struct {
	Ports []Port // none: every port
	// Peer is one peer, or for addresses all blocks of these ports as one: Ranges
	// is then their union and Block is nil.
	Peer Peer
	By   []flow.Origin
}

// DescribePod puts everything that applies to the pod together.
func (d *Describer) DescribePod(pod *cluster.Pod) *PodDescription {
	out := &PodDescription{Pod: pod}
	for i, dir := range []Direction{Ingress, Egress} {
		out.Sides[i].Direction = dir
	}
	name := pod.Namespace + "/" + pod.Name
	switch {
	case pod.Finished():
		out.Exempt = true
		out.Notes = append(out.Notes, flow.Because(flow.CodeDescribePodFinished, name, string(pod.Phase)))
		return out
	case pod.HostNetwork:
		out.Exempt = true
		out.Notes = append(out.Notes, flow.Because(flow.CodeDescribePodHost, name, pod.Node))
		return out
	}
	for i := range out.Sides {
		out.Notes = append(out.Notes, d.podSide(pod, &out.Sides[i])...)
	}
	d.foreign(out)
	out.Notes = append(out.Notes, d.podNotes(out)...)
	return out
}

// foreign lists what other engines may have to say.
func (d *Describer) foreign(x *PodDescription) {
	for _, f := range d.t.snapshot.Foreign {
		if f.Touches(x.Pod.Namespace) {
			x.Foreign = append(x.Foreign, f.Object)
		}
	}
	if len(x.Foreign) > 0 {
		var names []string
		for _, o := range x.Foreign {
			names = append(names, o.String())
		}
		x.Notes = append(x.Notes, flow.Because(flow.CodeDescribePodForeign, fewNames(names)))
	}
}

func (d *Describer) podNotes(x *PodDescription) []flow.Reason {
	var out []flow.Reason
	if x.Pod.Node != "" {
		out = append(out, flow.Because(flow.CodeDescribePodNode, x.Pod.Node))
	} else {
		out = append(out, flow.Because(flow.CodeDescribeOwnNode))
	}
	out = append(out,
		flow.Because(flow.CodeDescribePodSelf, x.Pod.Namespace+"/"+x.Pod.Name),
		flow.Because(flow.CodeDescribeReplies),
		flow.Because(flow.CodeDescribePodBothEnds),
	)
	return append(out, d.profileNotes()...)
}

// podSide joins the rules of the isolating policies.
func (d *Describer) podSide(pod *cluster.Pod, s *PodSide) []flow.Reason {
	s.Isolating = d.t.Isolating(pod, s.Direction)
	var notes []flow.Reason
	var all []granted
	for _, p := range s.Isolating {
		subjects := Peer{Kind: PeerPods, Known: []*cluster.Pod{pod}}
		side := d.side(p, s.Direction, true, &subjects)
		for i := range side.Rules {
			r := &side.Rules[i]
			ports, missing := portsOf(r, s.Direction)
			for _, name := range missing {
				notes = append(notes, flow.Because(flow.CodeDescribePodNoName, p.Object().String()+" "+r.Origin.Field, name))
			}
			if ports.isEmpty() {
				continue
			}
			for k := range r.Peers {
				all = join(all, granted{d.portsToward(ports, &r.Peers[k]), Grant{Peer: r.Peers[k], By: []flow.Origin{r.Origin}}})
			}
		}
	}
	for i := range all {
		if !covered(all, i) {
			g := all[i].Grant
			g.Ports = all[i].ports.list()
			s.Grants = append(s.Grants, g)
		}
	}
	slices.SortStableFunc(s.Grants, func(a, b Grant) int { return strings.Compare(portKey(a.Ports), portKey(b.Ports)) })
	return notes
}

// granted is a Grant with its ports as a set.
type granted struct {
	ports portSet
	Grant
}

// portsToward is the set with what its names stand for at one peer of the rule.
func (d *Describer) portsToward(set portSet, peer *Peer) portSet {
	names := set.names
	set.names = nil
	for _, x := range names {
		set.names = append(set.names, d.port(&cluster.PolicyPort{Protocol: x.Protocol, Port: cluster.PortRef{Name: x.Name}}, []Peer{*peer}))
	}
	return set
}

// join adds a grant; the same peer on the same ports is one, and so are all
// blocks of the same ports.
func join(all []granted, g granted) []granted {
	for i := range all {
		x := &all[i]
		if portKey(x.ports.list()) != portKey(g.ports.list()) || !x.Peer.joins(&g.Peer) {
			continue
		}
		if !slices.Contains(x.By, g.By[0]) {
			x.By = append(x.By, g.By[0])
		}
		if x.Peer.Kind == PeerBlock {
			x.Peer.addBlock(&g.Peer)
			x.ports.addNumbers(&g.ports)
		}
		return all
	}
	return append(all, g)
}

// joins reports whether two peers can be told as one. The policies of one pod are
// all of its namespace.
func (x *Peer) joins(y *Peer) bool {
	return x.Kind == y.Kind &&
		selectorKey(x.NamespaceSelector) == selectorKey(y.NamespaceSelector) &&
		selectorKey(x.PodSelector) == selectorKey(y.PodSelector)
}

// selectorKey is equal for selectors that select the same by the letter; an
// absent selector selects all, like an empty one.
func selectorKey(s *cluster.LabelSelector) string {
	if s == nil {
		return "<all>"
	}
	return s.String()
}

// addBlock makes x the union of two blocks.
func (x *Peer) addBlock(y *Peer) {
	x.Block = nil
	x.Ranges = MergeRanges(slices.Concat(x.Ranges, y.Ranges))
	x.All = x.All || y.All
	for _, p := range y.Known {
		if !slices.Contains(x.Known, p) {
			x.Known = append(x.Known, p)
		}
	}
	for _, n := range y.Nodes {
		if !slices.Contains(x.Nodes, n) {
			x.Nodes = append(x.Nodes, n)
		}
	}
}

// covered reports whether a grant says nothing more than another one does that
// admits everybody on at least its ports. No two admit everybody on the same ones,
// since they are joined.
func covered(all []granted, i int) bool {
	for j := range all {
		if j != i && all[j].Peer.Kind == PeerEverybody && all[j].ports.holds(&all[i].ports) {
			return true
		}
	}
	return false
}

func portKey(ports []Port) string {
	var b strings.Builder
	for _, p := range ports {
		fmt.Fprintf(&b, "%d %05d %05d %s,", p.Protocol, p.First, p.Last, p.Name)
	}
	return b.String()
}
