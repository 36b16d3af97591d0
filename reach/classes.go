package reach

import (
	"cmp"
	"maps"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// class is pods of one namespace with the same labels and ports: no selector
// tells them apart. Classes of a namespace stand together.
type class struct {
	pod       *cluster.Pod // one of them
	namespace int32
}

// side is a direction as an index.
type side uint8

const (
	ingress side = iota
	egress
)

func (s side) direction() policy.Direction {
	if s == egress {
		return policy.Egress
	}
	return policy.Ingress
}

func sideOf(d policy.Direction) side {
	if d == policy.Egress {
		return egress
	}
	return ingress
}

// classes are numbered by namespace and example, so that what selectors select
// is few runs.
type classes struct {
	list       []class
	ofPod      []int32 // by place in Snapshot.Pods; -1: not subject to policy, or finished
	namespaces []string
	spans      []span // classes by namespace
	byName     map[string]int32
	tables     []int32 // by class: the number policy.Tables has for it
}

func newClasses(m *model.Model) *classes {
	cs := &classes{byName: map[string]int32{}}
	theirs := m.Policies.ByPlace()
	pods := m.Snapshot.Pods
	first := []int32{} // by their number: the first living pod, if possible with an address
	for i := range pods {
		n := theirs[i]
		for int(n) >= len(first) {
			first = append(first, -1)
		}
		if n >= 0 && !pods[i].Finished() && (first[n] < 0 || len(pods[first[n]].IPs) == 0 && len(pods[i].IPs) > 0) {
			first[n] = int32(i)
		}
	}
	for n, at := range first {
		if at >= 0 {
			cs.tables = append(cs.tables, int32(n))
		}
	}
	cs.order(pods, first)
	ours := make([]int32, len(first))
	for i, n := range cs.tables {
		ours[n] = int32(i)
	}
	cs.ofPod = make([]int32, len(pods))
	for i, n := range theirs {
		if cs.ofPod[i] = -1; n >= 0 && !pods[i].Finished() {
			cs.ofPod[i] = ours[n]
		}
	}
	return cs
}

// order puts the classes in order: by namespace, and there by workload.
func (cs *classes) order(pods []cluster.Pod, first []int32) {
	byName := map[string][]int32{}
	for _, n := range cs.tables {
		name := pods[first[n]].Namespace
		byName[name] = append(byName[name], n)
	}
	cs.tables = cs.tables[:0]
	cs.namespaces = slices.Sorted(maps.Keys(byName))
	for at, name := range cs.namespaces {
		list := byName[name]
		slices.SortFunc(list, func(a, b int32) int {
			return cmp.Or(pods[first[a]].Owner.Compare(pods[first[b]].Owner), cmp.Compare(first[a], first[b]))
		})
		from := int32(len(cs.list))
		for _, n := range list {
			cs.list = append(cs.list, class{pod: &pods[first[n]], namespace: int32(at)})
		}
		cs.tables = append(cs.tables, list...)
		cs.spans = append(cs.spans, span{from, int32(len(cs.list))})
		cs.byName[name] = int32(at)
	}
}

// in are the classes of a namespace.
func (cs *classes) in(namespace string) span {
	if at, ok := cs.byName[namespace]; ok {
		return cs.spans[at]
	}
	return span{}
}
