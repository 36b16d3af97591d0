package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Rows are the compiled policies as rows that can be printed and joined, with
// the answers of Judge and without its questions.
//
//	pod ──► class ──┬─► identity      equal for classes with equal permissions
//	                └─► permissions   peers × ports, each with the rule it is from
//	address ──► atom ──► ranges       which addresses no ipBlock tells apart
//
// It remembers what it worked out: one reader at a time.
type Rows struct {
	t        *Tables
	pods     []int32 // by class: the first of its pods, a place in Snapshot.Pods
	ordinals []int32 // by policy: how many before it bear its name
	names    map[groupKey][]portName
	peers    map[ruleKey]*Peers
	pod      podIndex
	atom     atomIndex
}

type groupKey struct {
	group     int32
	direction Direction
}

// ruleKey is one rule of one policy.
type ruleKey struct {
	policy    int32
	direction Direction
	rule      int
}

type portName struct {
	protocol flow.Protocol
	name     string
}

// Rows makes the policies readable as rows. It refuses enforcers that depart
// from the API's letter in what a rule means, naming how.
func (t *Tables) Rows() (*Rows, error) {
	if err := t.readable(); err != nil {
		return nil, err
	}
	r := &Rows{t: t, pods: make([]int32, len(t.classes)), names: map[groupKey][]portName{}, peers: map[ruleKey]*Peers{}}
	for i := len(t.classOf) - 1; i >= 0; i-- {
		if c := t.classOf[i]; c >= 0 {
			r.pods[c] = int32(i)
		}
	}
	seen := map[flow.Object]int32{}
	for i := range t.snapshot.NetworkPolicies {
		o := t.snapshot.NetworkPolicies[i].Object()
		r.ordinals = append(r.ordinals, seen[o])
		seen[o]++
	}
	return r, nil
}

// readable: a flag of the profile that changes what Judge answers, and that rows
// do not express, is an error. Those that say where and when an enforcer judges
// are its callers' concern.
func (t *Tables) readable() error {
	p := t.profile
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"SharedChains", p.SharedChains},
		{"UnresolvedPortOpens", p.UnresolvedPortOpens},
		{"EgressNameWithoutPeer", p.EgressNameWithoutPeer},
		{"EgressBlockIgnoresNames", p.EgressBlockIgnoresNames},
		{"Identities", p.Identities},
	} {
		if f.set {
			return fmt.Errorf("policy rows: enforcer %s departs from the API: %s", p.Name, f.name)
		}
	}
	return nil
}

// Classes is the number of classes; they are numbered from 0.
func (r *Rows) Classes() int { return len(r.t.classes) }

// ClassName says what a class is made of: the same in every Snapshot that has
// pods like these.
func (r *Rows) ClassName(class int) string { return classKey(r.example(class)) }

// example is any pod of the class.
func (r *Rows) example(class int) *cluster.Pod { return &r.t.snapshot.Pods[r.pods[class]] }

// Group numbers the policies that isolate a class in a direction; 0: none, the
// class is not isolated.
func (r *Rows) Group(class int, d Direction) int {
	c := &r.t.classes[class]
	if d == Egress {
		return int(c.egress)
	}
	return int(c.ingress)
}

// Policies are those of a group, in the order of the Snapshot.
func (r *Rows) Policies(group int) []*cluster.NetworkPolicy {
	var list []*cluster.NetworkPolicy
	for _, i := range r.t.groups[group] {
		list = append(list, &r.t.snapshot.NetworkPolicies[i])
	}
	return list
}

// Identity is equal for classes that the same policies isolate in the direction
// and for which their named ports mean the same: such classes have equal
// Permissions. It stays the same from one Snapshot to the next. "" is a class
// that is not isolated.
func (r *Rows) Identity(class int, d Direction) string {
	group := r.Group(class, d)
	if group == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(d.String())
	for _, i := range r.t.groups[group] {
		p := &r.t.snapshot.NetworkPolicies[i]
		fmt.Fprintf(&b, "\x00%s/%s", p.Namespace, p.Name)
		if r.ordinals[i] > 0 {
			fmt.Fprintf(&b, "\x01%d", r.ordinals[i])
		}
	}
	for _, n := range r.portNames(group, d) {
		if numbers := numbersOf(r.example(class), n); len(numbers) > 0 {
			fmt.Fprintf(&b, "\x00%s/%d=%v", n.name, n.protocol, numbers)
		}
	}
	return b.String()
}

// portNames are the names whose meaning depends on the subject: those of
// ingress rules. An egress rule's names are the peers'.
func (r *Rows) portNames(group int, d Direction) []portName {
	if d == Egress {
		return nil
	}
	key := groupKey{int32(group), d}
	if known, ok := r.names[key]; ok {
		return known
	}
	var all []portName
	for _, i := range r.t.groups[group] {
		rules, _ := d.rules(&r.t.snapshot.NetworkPolicies[i])
		for j := range rules {
			for _, p := range rules[j].Ports {
				n := portName{p.Protocol, p.Port.Name}
				if n.name != "" && !slices.Contains(all, n) {
					all = append(all, n)
				}
			}
		}
	}
	r.names[key] = all
	return all
}

// numbersOf are the numbers the pod gives the name, in order and once each.
func numbersOf(p *cluster.Pod, n portName) []uint16 {
	numbers := p.PortNumbers(n.protocol, n.name)
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
