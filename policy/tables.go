package policy

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Direction is which side of a connection a policy looks from.
type Direction uint8

// The directions. The zero value is neither.
const (
	Ingress Direction = iota + 1
	Egress
)

// String is the API's word in policyTypes.
func (d Direction) String() string {
	switch d {
	case Ingress:
		return "Ingress"
	case Egress:
		return "Egress"
	}
	return "Direction(0)"
}

// rules returns the policy's rules of the direction, and the field they stand
// in.
func (d Direction) rules(p *cluster.NetworkPolicy) ([]cluster.PolicyRule, string) {
	if d == Egress {
		return p.Egress, "spec.egress"
	}
	return p.Ingress, "spec.ingress"
}

// Tables are the compiled policies of one Snapshot: immutable, safe for any
// number of readers.
type Tables struct {
	snapshot *cluster.Snapshot
	index    *cluster.Index
	profile  *cluster.PolicyProfile

	atoms   atoms
	classes []class
	classOf []int32 // by place in Snapshot.Pods; -1: not subject to policy
	groups  [][]int32
}

// class is all pods of a namespace with equal labels and equal declared ports:
// no policy can tell them apart but by their address.
type class struct {
	namespace       string
	ingress, egress int32 // groups; group 0 is "no policy"
}

// Compile builds the tables. hostNetwork pods belong to no class: the API says
// that how a policy affects them is undefined, and every supported dataplane
// leaves them out ("in the most common case ... treated as node traffic").
func Compile(s *cluster.Snapshot, x *cluster.Index, profile *cluster.PolicyProfile) *Tables {
	t := &Tables{snapshot: s, index: x, profile: profile, classOf: make([]int32, len(s.Pods)), groups: [][]int32{nil}}
	t.atoms = newAtoms(s)
	candidates := byNamespace(s)
	known := map[string]int32{}
	intern := map[string]int32{"": 0}
	var key []byte
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.HostNetwork {
			t.classOf[i] = -1
			continue
		}
		key = appendClassKey(key[:0], p)
		id, ok := known[string(key)]
		if !ok {
			id = int32(len(t.classes))
			known[string(key)] = id
			t.classes = append(t.classes, t.newClass(p, candidates[p.Namespace], intern))
		}
		t.classOf[i] = id
	}
	return t
}

// subjects is one namespace's policies, found by a label they demand where they
// demand one: one policy per pod in one namespace stays linear.
type subjects struct {
	byLabel map[[2]string][]int32
	rest    []int32
}

func byNamespace(s *cluster.Snapshot) map[string]*subjects {
	all := map[string]*subjects{}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		n := all[p.Namespace]
		if n == nil {
			n = &subjects{byLabel: map[[2]string][]int32{}}
			all[p.Namespace] = n
		}
		key, ok := demanded(&p.PodSelector)
		if ok {
			n.byLabel[key] = append(n.byLabel[key], int32(i))
		} else {
			n.rest = append(n.rest, int32(i))
		}
	}
	return all
}

// demanded returns one label that every pod the selector selects must have: the
// smallest key, so that the choice is stable.
func demanded(s *cluster.LabelSelector) (label [2]string, ok bool) {
	var least [2]string
	for k, v := range s.MatchLabels {
		if !ok || k < least[0] {
			least, ok = [2]string{k, v}, true
		}
	}
	return least, ok
}

func (t *Tables) newClass(p *cluster.Pod, policies *subjects, intern map[string]int32) class {
	c := class{namespace: p.Namespace}
	if policies == nil {
		return c
	}
	selecting := slices.Clone(policies.rest)
	for k, v := range p.Labels {
		selecting = append(selecting, policies.byLabel[[2]string{k, v}]...)
	}
	slices.Sort(selecting)
	var in, out []int32
	for _, i := range selecting {
		np := &t.snapshot.NetworkPolicies[i]
		if !np.PodSelector.Matches(p.Labels) {
			continue
		}
		if np.IsolatesIngress {
			in = append(in, i)
		}
		if np.IsolatesEgress {
			out = append(out, i)
		}
	}
	c.ingress, c.egress = t.group(in, intern), t.group(out, intern)
	return c
}

// group hash-conses a list of policies.
func (t *Tables) group(policies []int32, intern map[string]int32) int32 {
	var few [64]byte
	key := few[:0]
	for _, i := range policies {
		key = binary.LittleEndian.AppendUint32(key, uint32(i))
	}
	if id, ok := intern[string(key)]; ok {
		return id
	}
	id := int32(len(t.groups))
	intern[string(key)] = id
	t.groups = append(t.groups, policies)
	return id
}

func classKey(p *cluster.Pod) string { return string(appendClassKey(nil, p)) }

// appendClassKey is equal for pods of one class.
func appendClassKey(b []byte, p *cluster.Pod) []byte {
	b = append(b, p.Namespace...)
	type label struct{ key, value string }
	var few [8]label
	labels := few[:0]
	for k, v := range p.Labels {
		labels = append(labels, label{k, v})
	}
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.key, b.key) })
	for _, l := range labels {
		b = append(append(append(append(b, 0), l.key...), 1), l.value...)
	}
	for _, c := range p.Ports {
		b = append(append(append(b, 2), c.Name...), '/')
		b = append(strconv.AppendUint(b, uint64(c.Port), 10), '/')
		b = strconv.AppendUint(b, uint64(c.Protocol), 10)
	}
	return b
}

// Isolating returns the policies that isolate the pod in the direction, in the
// order of the Snapshot. Empty: the pod is not isolated, everything passes.
func (t *Tables) Isolating(pod *cluster.Pod, d Direction) []*cluster.NetworkPolicy {
	var list []*cluster.NetworkPolicy
	for _, i := range t.isolating(pod, d) {
		list = append(list, &t.snapshot.NetworkPolicies[i])
	}
	return list
}

func (t *Tables) isolating(pod *cluster.Pod, d Direction) []int32 {
	i := t.index.NumberOf(pod)
	if i < 0 || t.classOf[i] < 0 {
		return nil
	}
	c := &t.classes[t.classOf[i]]
	if d == Egress {
		return t.groups[c.egress]
	}
	return t.groups[c.ingress]
}

// Selected reports whether any policy, of either direction, isolates the pod.
func (t *Tables) Selected(pod *cluster.Pod) bool {
	return len(t.isolating(pod, Ingress)) > 0 || len(t.isolating(pod, Egress)) > 0
}

// Under is the same policies under another enforcer.
func (t *Tables) Under(profile *cluster.PolicyProfile) *Tables {
	c := *t
	c.profile = profile
	return &c
}

// Isolates reports whether any policy isolates the pod in the direction.
func (t *Tables) Isolates(pod *cluster.Pod, d Direction) bool { return len(t.isolating(pod, d)) > 0 }

func origin(p *cluster.NetworkPolicy, field string, at flow.Position) flow.Origin {
	if at.Line == 0 {
		at = p.Position
	}
	return flow.Origin{Object: p.Object(), Field: field, Position: at}
}

// ClassOf numbers the pods that no policy can tell apart but by their address;
// -1 for a pod that is not subject to policy.
func (t *Tables) ClassOf(pod *cluster.Pod) int {
	if i := t.index.NumberOf(pod); i >= 0 {
		return int(t.classOf[i])
	}
	return -1
}
