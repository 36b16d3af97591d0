package diff

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

// part is what a witness touches of both versions, small enough to be compiled again
// and again: some pods and Services, the policies of some namespaces, everything
// else whole.
type part struct {
	x      *comparison
	s      [2]cluster.Snapshot
	touch  []int // objects that differ in it
	charts map[string]*reach.Chart
}

// touched is what a part is made of, by version.
type touched struct {
	pods     [2][]*cluster.Pod
	services []nsName
}

// partOf cuts both versions. Parts are kept: many witnesses touch the same.
func (x *comparison) partOf(t *touched) *part {
	key := t.key()
	if p := x.parts[key]; p != nil {
		return p
	}
	x.room()
	p := &part{x: x, charts: map[string]*reach.Chart{}}
	x.parts[key] = p
	var namespaces []string
	for v := range x.s {
		for _, pod := range t.pods[v] {
			if !slices.Contains(namespaces, pod.Namespace) {
				namespaces = append(namespaces, pod.Namespace)
			}
		}
	}
	touch := map[int]bool{}
	var nodes map[string]bool
	if len(t.services) == 0 {
		nodes = x.nodesOf(t)
	}
	for v := range x.s {
		s := &p.s[v]
		*s = *x.s[v]
		if nodes != nil {
			s.Nodes = someNodes(s.Nodes, nodes)
		}
		s.Pods, s.Services, s.EndpointSlices, s.NetworkPolicies = nil, nil, nil, nil
		for _, pod := range t.pods[v] {
			s.Pods = append(s.Pods, *pod)
			x.mark(touch, workloadOf(pod))
		}
		for _, ns := range namespaces {
			for _, i := range x.policies[v][ns] {
				s.NetworkPolicies = append(s.NetworkPolicies, x.s[v].NetworkPolicies[i])
				x.mark(touch, x.s[v].NetworkPolicies[i].Object())
			}
		}
		for _, n := range t.services {
			if svc := x.index[v].Service(n.namespace, n.name); svc != nil {
				s.Services = append(s.Services, *svc)
				x.mark(touch, svc.Object())
			}
			for _, i := range x.sliceOf[v][n] {
				s.EndpointSlices = append(s.EndpointSlices, x.s[v].EndpointSlices[i])
			}
			x.mark(touch, sliceObject(n))
		}
	}
	for _, o := range x.changed {
		if !inParts[o.Kind] && !x.isWorkload(o.Object) {
			touch[o.number] = true
		}
	}
	for n := range touch {
		p.touch = append(p.touch, n)
	}
	slices.Sort(p.touch)
	return p
}

// nodesOf are the nodes that a question without a Service can be about: the pods'
// own, those that the Fabric names, those that differ.
func (x *comparison) nodesOf(t *touched) map[string]bool {
	out := map[string]bool{}
	for v := range x.s {
		for _, p := range t.pods[v] {
			out[p.Node] = true
		}
		for _, r := range x.s[v].Fabric.Routers {
			for _, n := range r.Nodes {
				out[n] = true
			}
		}
		for _, n := range x.s[v].Fabric.Nodes {
			out[n.Name] = true
		}
	}
	for _, o := range x.changed {
		if o.Kind == "Node" {
			out[o.Name] = true
		}
	}
	return out
}

// someNodes are those of the names, or all where there are few.
func someNodes(all []cluster.Node, names map[string]bool) []cluster.Node {
	const few = 16
	if len(all) <= few {
		return all
	}
	var out []cluster.Node
	for i := range all {
		if i < few || names[all[i].Name] {
			out = append(out, all[i])
		}
	}
	return out
}

// inParts are kinds of which a part has only some objects.
var inParts = map[string]bool{"NetworkPolicy": true, "Service": true, kindSlice: true}

// isWorkload: changes of pods are told under its name.
func (x *comparison) isWorkload(o flow.Object) bool { return x.isPods[o] }

func (x *comparison) mark(touch map[int]bool, o flow.Object) {
	if n, ok := x.number[o]; ok {
		touch[n] = true
	}
}

func (t *touched) key() string {
	var b strings.Builder
	for v := range t.pods {
		for _, p := range t.pods[v] {
			b.WriteString(p.Namespace + "/" + p.Name + " ")
		}
		b.WriteByte(';')
	}
	for _, s := range t.services {
		b.WriteString(s.namespace + "/" + s.name + " ")
	}
	return b.String()
}

// with is the part's old version with some objects as they are in the new one; nil
// where that makes no cluster.
func (p *part) with(set []int) *reach.Chart {
	var key strings.Builder
	for _, n := range set {
		key.WriteString(strconv.Itoa(n) + " ")
	}
	if c, ok := p.charts[key.String()]; ok {
		return c
	}
	taken := func(o flow.Object) bool {
		n, ok := p.x.number[o]
		return ok && slices.Contains(set, n)
	}
	s := p.mix(taken)
	c, err := p.x.chartOf(s)
	if err != nil {
		c = nil
	}
	p.charts[key.String()] = c
	return c
}

// mix takes some objects from the new version, all others from the old one.
func (p *part) mix(taken func(flow.Object) bool) *cluster.Snapshot {
	a, b := &p.s[0], &p.s[1]
	s := *a
	s.NetworkPolicies = mixed(a.NetworkPolicies, b.NetworkPolicies, taken, (*cluster.NetworkPolicy).Object)
	s.Services = mixed(a.Services, b.Services, taken, (*cluster.Service).Object)
	s.Pods = mixed(a.Pods, b.Pods, taken, workloadOf)
	s.Namespaces = mixed(a.Namespaces, b.Namespaces, taken, func(n *cluster.Namespace) flow.Object { return flow.Object{Kind: "Namespace", Name: n.Name} })
	s.Nodes = mixed(a.Nodes, b.Nodes, taken, func(n *cluster.Node) flow.Object { return flow.Object{Kind: "Node", Name: n.Name} })
	s.MetalLB.Pools = mixed(a.MetalLB.Pools, b.MetalLB.Pools, taken, (*cluster.IPAddressPool).Object)
	s.MetalLB.BGPAdvertisements = mixed(a.MetalLB.BGPAdvertisements, b.MetalLB.BGPAdvertisements, taken, (*cluster.BGPAdvertisement).Object)
	s.MetalLB.L2Advertisements = mixed(a.MetalLB.L2Advertisements, b.MetalLB.L2Advertisements, taken, (*cluster.L2Advertisement).Object)
	s.MetalLB.BGPPeers = mixed(a.MetalLB.BGPPeers, b.MetalLB.BGPPeers, taken, (*cluster.BGPPeer).Object)
	s.Clues = mixed(a.Clues, b.Clues, taken, func(c *cluster.Clue) flow.Object { return c.Object })
	s.Foreign = mixed(a.Foreign, b.Foreign, taken, func(f *cluster.Foreign) flow.Object { return f.Object })
	if taken(fabricObject(p.x.s[1])) {
		s.Fabric = b.Fabric
	}
	s.EndpointSlices = p.x.mixSlices(a.EndpointSlices, b.EndpointSlices, taken)
	s.Unread = unread(a.Unread, b.Unread)
	s.Absent = absent(&s, a.Absent, b.Absent)
	return &s
}

// mixed takes the objects that are to be taken from the new list.
func mixed[T any](old, young []T, taken func(flow.Object) bool, name func(*T) flow.Object) []T {
	if len(old) == len(young) && (len(old) == 0 || &old[0] == &young[0]) {
		return old
	}
	out := make([]T, 0, max(len(old), len(young)))
	for i := range old {
		if !taken(name(&old[i])) {
			out = append(out, old[i])
		}
	}
	for i := range young {
		if taken(name(&young[i])) {
			out = append(out, young[i])
		}
	}
	return out
}

// unread are the lists that were not read of either version, in the namespaces in
// which one of them was not.
func unread(was, now []cluster.Unread) []cluster.Unread {
	out := slices.Clone(was)
	for _, u := range now {
		at := slices.IndexFunc(out, func(o cluster.Unread) bool { return o.Kind == u.Kind })
		if at < 0 {
			out = append(out, u)
			continue
		}
		out[at].Except = slices.DeleteFunc(slices.Clone(out[at].Except), func(ns string) bool { return !slices.Contains(u.Except, ns) })
	}
	return out
}

// absent are the kinds that neither version's objects in the mixture bring in, and
// those that could not be read.
func absent(s *cluster.Snapshot, was, now []string) []string {
	has := map[string]bool{
		"Node": len(s.Nodes) > 0, "Pod": len(s.Pods) > 0, "Service": len(s.Services) > 0, "EndpointSlice": len(s.EndpointSlices) > 0,
		"Namespace": slices.ContainsFunc(s.Namespaces, func(n cluster.Namespace) bool { return !n.Implied }),
	}
	var out []string
	for _, k := range append(slices.Clone(was), now...) {
		if (!has[k] || s.UnreadOf(k) != nil) && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// chartOf compiles a Snapshot once the rules about load balancer addresses have
// taken what they take: its status still shows what a Service had.
func (x *comparison) chartOf(s *cluster.Snapshot) (*reach.Chart, error) {
	m, err := model.CompileOn(x.cores, s)
	if err != nil {
		return nil, err
	}
	if settled, _ := x.settle(m); settled != nil {
		if m, err = model.CompileOn(x.cores, settled); err != nil {
			return nil, err
		}
	}
	return reach.Compile(m), nil
}
