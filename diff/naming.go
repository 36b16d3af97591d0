package diff

import (
	"cmp"
	"slices"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

// naming folds the numbers of reach.Difference.Pods to names: all pods, namespaces,
// workloads, bare pods.
type naming struct {
	d     *reach.Difference
	info  []reach.UnitInfo
	total map[string]int      // numbers by namespace
	kin   map[flow.Object]int // and by workload
}

func newNaming(d *reach.Difference) *naming {
	n := &naming{d: d, total: map[string]int{}, kin: map[flow.Object]int{}}
	for _, b := range d.Pods {
		u := d.New.Unit(b.New)
		n.info = append(n.info, u)
		n.total[u.Namespace]++
		n.kin[u.Workload]++
	}
	return n
}

// mostBare is how many pods without a workload are named one by one.
const mostBare = 4

// inVersion reports whether a version has pods of the workload, in a network of their
// own.
func (x *comparison) inVersion(v int, o flow.Object) bool {
	if x.owners[v] == nil {
		x.owners[v] = map[flow.Object]bool{}
		for i := range x.s[v].Pods {
			if p := &x.s[v].Pods[i]; !p.HostNetwork {
				x.owners[v][workloadOf(p)] = true
			}
		}
	}
	return x.owners[v][o]
}

// groups names the numbers, in order.
func (n *naming) groups(numbers []int) []Group {
	if len(numbers) == len(n.info) && len(n.total) > 1 {
		return []Group{{Everybody: true, Pods: n.pods(numbers)}}
	}
	byNamespace := map[string][]int{}
	for _, i := range numbers {
		ns := n.info[i].Namespace
		byNamespace[ns] = append(byNamespace[ns], i)
	}
	var out []Group
	for ns, list := range byNamespace {
		if len(list) == n.total[ns] && n.pods(list) > 1 {
			out = append(out, Group{Namespace: ns, Pods: n.pods(list)})
			continue
		}
		byOwner, bare := map[flow.Object][]int{}, map[flow.Object]bool{}
		for _, i := range list {
			o := n.info[i].Workload
			if o.IsZero() && n.info[i].Pods <= mostBare {
				_, pods := n.d.PodsOf(reach.Unit(i))
				for _, p := range pods {
					bare[p.Object()] = true
				}
				continue
			}
			if o.IsZero() {
				o = n.info[i].Example.Object()
			}
			byOwner[o] = append(byOwner[o], i)
		}
		for o := range bare {
			out = append(out, Group{Namespace: ns, Object: o, Pods: 1})
		}
		for o, some := range byOwner {
			out = append(out, Group{Namespace: ns, Object: o, Pods: n.pods(some)})
		}
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), a.Object.Compare(b.Object)) })
	return out
}

// pods counts them; a Unit of the new version may stand under several numbers.
func (n *naming) pods(numbers []int) int {
	seen := map[string]bool{}
	count := 0
	for _, i := range numbers {
		e := n.info[i].Example
		if k := e.Namespace + "/" + e.Name; !seen[k] {
			seen[k] = true
			count += n.info[i].Pods
		}
	}
	return count
}

// workloads lists the pods that one version has and the other has not: a workload that
// has other pods, or more, is in both.
func (x *comparison) workloads() {
	for v, set := range [2]reach.Set{x.d.Gone, x.d.Come} {
		at := map[flow.Object]int{}
		var out []Group
		for u := range set.All {
			for _, p := range x.charts[v].Pods(u) {
				o := workloadOf(p)
				if !x.aboutPod(p) || x.inVersion(1-v, o) {
					continue
				}
				n, ok := at[o]
				if !ok {
					n = len(out)
					at[o] = n
					out = append(out, Group{Namespace: p.Namespace, Object: o})
				}
				out[n].Pods++
			}
		}
		slices.SortFunc(out, func(a, b Group) int { return a.Object.Compare(b.Object) })
		if v == 0 {
			x.r.Gone = out
		} else {
			x.r.Come = out
		}
	}
}
