package diff

import (
	"maps"
	"reflect"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

// comparison is a Report in progress.
type comparison struct {
	cores   reach.Cores
	focus   Focus
	beyond  bool // what the focus leaves out is told, and not why
	s       [2]*cluster.Snapshot
	index   [2]*cluster.Index
	owners  [2]map[flow.Object]bool // workloads that have pods
	charts  [2]*reach.Chart
	d       *reach.Difference
	r       *Report
	changed []*Object
	number  map[flow.Object]int // of what differs; pods by their workload
	isPods  map[flow.Object]bool
	// slices are the Services whose endpoints differ.
	slices map[nsName]bool
	// loses are Services whose address the rules would take in the old version
	// already: evidently nobody does.
	loses map[flow.Object]bool
	taken map[flow.Object][]flow.Reason // why Services lose theirs in the new one

	names    *naming
	known    [][]int // causes that were found
	parts    map[string]*part
	after    bool // After: bounded
	made     int  // parts so far
	all      *part
	near     map[nsName]*touched
	policies [2]map[string][]int // places in the Snapshots by namespace
	sliceOf  [2]map[nsName][]int // by Service
	changing [2]map[string][]int // of policies, those that differ
	fronts   map[frontIn]*reach.Front
	signs    map[signKey]string
	toldPods map[string]map[nsName]bool
	sharers  map[any][]nsName // Services by what they claim
	// Of the focus: the pods behind its Service, ports by whether it has them, and
	// those outside it of which something is told.
	asked     map[nsName]bool
	ports     map[portID]bool
	elsewhere []portID
}

type nsName struct{ namespace, name string }

// workloadOf is under which name a pod's changes are told: a change of a workload's
// template changes all its pods, under other names perhaps.
func workloadOf(p *cluster.Pod) flow.Object {
	if !p.Owner.IsZero() {
		return p.Owner
	}
	return p.Object()
}

// objects finds what differs.
func (x *comparison) objects() {
	a, b := x.s[0], x.s[1]
	x.isPods = map[flow.Object]bool{}
	compareLists(x, a.NetworkPolicies, b.NetworkPolicies, "NetworkPolicy", func(p *cluster.NetworkPolicy) *cluster.Meta { return &p.Meta })
	compareLists(x, a.Services, b.Services, "Service", func(p *cluster.Service) *cluster.Meta { return &p.Meta })
	compareLists(x, a.Namespaces, b.Namespaces, "Namespace", func(p *cluster.Namespace) *cluster.Meta { return &p.Meta })
	compareLists(x, a.Nodes, b.Nodes, "Node", func(p *cluster.Node) *cluster.Meta { return &p.Meta })
	compareLists(x, a.MetalLB.Pools, b.MetalLB.Pools, "IPAddressPool", func(p *cluster.IPAddressPool) *cluster.Meta { return &p.Meta })
	compareLists(x, a.MetalLB.BGPAdvertisements, b.MetalLB.BGPAdvertisements, "BGPAdvertisement", func(p *cluster.BGPAdvertisement) *cluster.Meta { return &p.Meta })
	compareLists(x, a.MetalLB.L2Advertisements, b.MetalLB.L2Advertisements, "L2Advertisement", func(p *cluster.L2Advertisement) *cluster.Meta { return &p.Meta })
	compareLists(x, a.MetalLB.BGPPeers, b.MetalLB.BGPPeers, "BGPPeer", func(p *cluster.BGPPeer) *cluster.Meta { return &p.Meta })
	x.comparePods()
	x.compareRest()
}

// enumerate gives the objects their places, once the slices are compared too.
func (x *comparison) enumerate() {
	x.compareSlices()
	slices.SortFunc(x.changed, func(p, q *Object) int { return p.Compare(q.Object) })
	for i, o := range x.changed {
		o.number = i
		x.number[o.Object] = i
	}
}

func (x *comparison) add(o flow.Object, how How, at flow.Position, paths []string) {
	x.changed = append(x.changed, &Object{Object: o, How: how, Position: at, Fields: paths})
}

// compareLists finds what differs in two lists of a kind, most often in the same
// order.
func compareLists[T any](x *comparison, a, b []T, kind string, meta func(*T) *cluster.Meta) {
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return
	}
	name := func(t *T) flow.Object {
		m := meta(t)
		return flow.Object{Kind: kind, Namespace: m.Namespace, Name: m.Name}
	}
	i := 0
	for ; i < min(len(a), len(b)) && name(&a[i]) == name(&b[i]); i++ {
		pairOf(x, name(&b[i]), &a[i], &b[i], meta)
	}
	left := make(map[flow.Object]*T, len(a)-i)
	for j := i; j < len(a); j++ {
		left[name(&a[j])] = &a[j]
	}
	for ; i < len(b); i++ {
		o := name(&b[i])
		if was := left[o]; was != nil {
			pairOf(x, o, was, &b[i], meta)
			delete(left, o)
			continue
		}
		x.add(o, Added, meta(&b[i]).Position, nil)
	}
	for o, was := range left {
		x.add(o, Removed, meta(was).Position, nil)
	}
}

func pairOf[T any](x *comparison, o flow.Object, a, b *T, meta func(*T) *cluster.Meta) {
	if a == b || reflect.DeepEqual(a, b) {
		return
	}
	if paths := fields(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), o.Kind); len(paths) > 0 {
		x.add(o, Changed, meta(b).Position, paths)
	}
}

// comparePods finds the workloads of which a pod differs.
func (x *comparison) comparePods() {
	a, b := x.s[0].Pods, x.s[1].Pods
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return
	}
	differ := map[flow.Object]*[2][]*cluster.Pod{}
	i := 0
	mark := func(p *cluster.Pod) { differ[workloadOf(p)] = &[2][]*cluster.Pod{} }
	for ; i < min(len(a), len(b)) && a[i].Name == b[i].Name && a[i].Namespace == b[i].Namespace; i++ {
		if !samePod(&a[i], &b[i]) {
			mark(&a[i])
			mark(&b[i])
		}
	}
	left := map[nsName]*cluster.Pod{}
	for j := i; j < len(a); j++ {
		left[nsName{a[j].Namespace, a[j].Name}] = &a[j]
	}
	for j := i; j < len(b); j++ {
		k := nsName{b[j].Namespace, b[j].Name}
		if was := left[k]; was == nil || !samePod(was, &b[j]) {
			mark(&b[j])
			if was != nil {
				mark(was)
			}
		}
		delete(left, k)
	}
	for _, was := range left {
		mark(was)
	}
	if len(differ) == 0 {
		return
	}
	for v := range x.s {
		for j := range x.s[v].Pods {
			if d := differ[workloadOf(&x.s[v].Pods[j])]; d != nil {
				d[v] = append(d[v], &x.s[v].Pods[j])
			}
		}
	}
	for o, d := range differ {
		x.addWorkload(o, d[0], d[1])
	}
}

func (x *comparison) addWorkload(o flow.Object, was, now []*cluster.Pod) {
	x.isPods[o] = true
	switch {
	case len(was) == 0:
		x.add(o, Added, now[0].Position, nil)
	case len(now) == 0:
		x.add(o, Removed, was[0].Position, nil)
	default:
		x.add(o, Changed, now[0].Position, podFields(was, now))
	}
}

// podFields is what differs between the pods of a workload.
func podFields(was, now []*cluster.Pod) []string {
	all := map[string]bool{}
	for _, p := range now {
		q := was[0]
		for _, o := range was {
			if o.Name == p.Name {
				q = o
				break
			}
		}
		if samePod(q, p) {
			continue
		}
		old := *q
		old.Name = p.Name
		for _, f := range fields(reflect.ValueOf(&old).Elem(), reflect.ValueOf(p).Elem(), "Pod") {
			all[f] = true
		}
	}
	if len(all) == 0 {
		return []string{"spec.replicas"}
	}
	return slices.Sorted(maps.Keys(all))
}

// What stands for things that are no object of their own.
const (
	kindFabric = "Fabric"
	kindSlice  = "EndpointSlice"
)

// compareRest compares what surrounds the cluster.
func (x *comparison) compareRest() {
	a, b := x.s[0], x.s[1]
	if paths := fields(reflect.ValueOf(&a.Fabric).Elem(), reflect.ValueOf(&b.Fabric).Elem(), kindFabric); len(paths) > 0 {
		x.add(fabricObject(b), Changed, b.Fabric.Position, paths)
	}
	compareNamed(x, a.Clues, b.Clues, func(c *cluster.Clue) (flow.Object, flow.Position) { return c.Object, c.Position })
	compareNamed(x, a.Foreign, b.Foreign, func(f *cluster.Foreign) (flow.Object, flow.Position) { return f.Object, f.Position })
}

func fabricObject(s *cluster.Snapshot) flow.Object {
	return flow.Object{Kind: kindFabric, Name: s.Fabric.Name}
}

// compareNamed is for lists with names of their own.
func compareNamed[T any](x *comparison, a, b []T, name func(*T) (flow.Object, flow.Position)) {
	was := map[flow.Object]*T{}
	for i := range a {
		o, _ := name(&a[i])
		was[o] = &a[i]
	}
	for i := range b {
		o, at := name(&b[i])
		old := was[o]
		delete(was, o)
		if old == nil {
			x.add(o, Added, at, nil)
		} else if paths := fields(reflect.ValueOf(old).Elem(), reflect.ValueOf(&b[i]).Elem(), o.Kind); len(paths) > 0 {
			x.add(o, Changed, at, paths)
		}
	}
	for o, old := range was {
		_, at := name(old)
		x.add(o, Removed, at, nil)
	}
}
