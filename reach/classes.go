package reach

import (
	"cmp"
	"slices"
	"strings"

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
	slices.SortFunc(cs.tables, func(a, b int32) int {
		p, q := &pods[first[a]], &pods[first[b]]
		return cmp.Or(strings.Compare(p.Namespace, q.Namespace), p.Owner.Compare(q.Owner), cmp.Compare(first[a], first[b]))
	})
	ours := make([]int32, len(first))
	for i := range ours {
		ours[i] = -1
	}
	for i, n := range cs.tables {
		ours[n] = int32(i)
		p := &pods[first[n]]
		at, known := cs.byName[p.Namespace]
		if !known {
			at = int32(len(cs.namespaces))
			cs.byName[p.Namespace] = at
			cs.namespaces = append(cs.namespaces, p.Namespace)
			cs.spans = append(cs.spans, span{int32(i), int32(i)})
		}
		cs.spans[at].to++
		cs.list = append(cs.list, class{pod: p, namespace: at})
	}
	cs.ofPod = make([]int32, len(pods))
	for i, n := range theirs {
		if cs.ofPod[i] = -1; n >= 0 && !pods[i].Finished() {
			cs.ofPod[i] = ours[n]
		}
	}
	return cs
}

// in are the classes of a namespace.
func (cs *classes) in(namespace string) span {
	if at, ok := cs.byName[namespace]; ok {
		return cs.spans[at]
	}
	return span{}
}
