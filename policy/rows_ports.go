package policy

import (
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Permission is what one rule, by one of its ports, admits at an isolated pod.
type Permission struct {
	// Peers are shared by every Permission of the rule.
	Peers *Peers
	// Only: if not nil, of the peers only pods of these classes count, since no
	// other has the port's name for this number. In order.
	Only []int32
	// Protocol is ProtocolUnknown for every protocol, those without ports too;
	// First and Last are then all ports.
	Protocol    flow.Protocol
	First, Last uint16
	Origin      flow.Origin
}

// Everything reports whether every protocol and port is admitted.
func (p *Permission) Everything() bool { return p.Protocol == flow.ProtocolUnknown }

// Permissions are what the policies of a class admit in a direction, in the
// order of the Snapshot. A packet passes if any of them holds it. For a class
// that is not isolated there are none, and everything passes.
//
// Permissions that nobody can use, such as those of a selector without pods, are
// left out.
func (r *Rows) Permissions(class int, d Direction) []Permission {
	var out []Permission
	for _, i := range r.t.groups[r.Group(class, d)] {
		p := &r.t.snapshot.NetworkPolicies[i]
		rules, field := d.rules(p)
		for j := range rules {
			peers := r.peersOf(ruleKey{i, d, j}, p, &rules[j])
			if peers.Nobody() {
				continue
			}
			from := Permission{Peers: peers, Last: 65535, Origin: origin(p, field+"["+strconv.Itoa(j)+"]", rules[j].Position)}
			if len(rules[j].Ports) == 0 {
				out = append(out, from)
			}
			for k := range rules[j].Ports {
				out = r.addPort(out, from, &rules[j].Ports[k], class, d)
			}
		}
	}
	return out
}

// addPort adds what one port of a rule admits (see portMatches).
func (r *Rows) addPort(out []Permission, from Permission, pp *cluster.PolicyPort, class int, d Direction) []Permission {
	if pp.Protocol == flow.ProtocolUnknown {
		return out
	}
	from.Protocol = pp.Protocol
	name := portName{pp.Protocol, pp.Port.Name}
	switch {
	case pp.Port.IsZero():
		return append(out, from)
	case name.name == "":
		from.First, from.Last = pp.Port.Number, max(pp.Port.Number, pp.EndPort)
		if pp.EndPort != 0 && pp.EndPort < pp.Port.Number {
			return out
		}
		return append(out, from)
	case d == Ingress:
		for _, n := range numbersOf(r.example(class), name) {
			from.First, from.Last = n, n
			out = append(out, from)
		}
		return out
	}
	for _, n := range r.named(name) {
		from.First, from.Last, from.Only = n.port, n.port, n.classes
		if from.usable() {
			out = append(out, from)
		}
	}
	return out
}

// usable: the classes of a named port are among the peers, or may be by their
// pods' addresses.
func (p *Permission) usable() bool {
	return p.Peers.Everybody || p.Peers.Blocks || meet(p.Peers.Classes, p.Only) || meet(p.Peers.Perhaps, p.Only)
}

// meet reports whether two ordered lists have a number in common.
func meet(a, b []int32) bool { return len(common(a, b)) > 0 }

// common are the numbers in both of two ordered lists.
func common(a, b []int32) []int32 {
	var out []int32
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] == b[0]:
			out = append(out, a[0])
			a, b = a[1:], b[1:]
		case a[0] < b[0]:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return out
}

// Anybody reports whether the Permission is everybody's, whatever the address.
func (p *Permission) Anybody() bool { return p.Peers.Everybody && p.Only == nil }

// Classes are those whose pods have the Permission wherever they are; in order.
// Nil where Anybody has it.
func (p *Permission) Classes() []int32 {
	switch {
	case p.Peers.Everybody:
		return p.Only
	case p.Only == nil:
		return p.Peers.Classes
	}
	return common(p.Peers.Classes, p.Only)
}

// Counts reports whether a pod of the class, or -1 for an address without a pod,
// has the Permission if its address is of one of the peers' Atoms.
func (p *Permission) Counts(class int32) bool { return has(p.Only, class) }

// has is in, where nil holds everything.
func has(list []int32, n int32) bool { return list == nil || in(list, n) }

func in(list []int32, n int32) bool {
	_, found := slices.BinarySearch(list, n)
	return found
}

// Doubts are the namespaces whose labels were not read, although they decide
// whether the Permission holds for pods that run there: it must not be given to
// them, and whoever prints it should say so.
func (r *Rows) Doubts(p *Permission) []flow.Reason {
	var names []string
	for _, c := range p.Peers.Perhaps {
		if has(p.Only, c) {
			names = append(names, r.t.classes[c].namespace)
		}
	}
	slices.Sort(names)
	var out []flow.Reason
	for _, n := range slices.Compact(names) {
		out = append(out, flow.Because(flow.CodeNamespaceUnknown, n))
	}
	return out
}

// numbered are the classes that give a name one number.
type numbered struct {
	port    uint16
	classes []int32
}

// named returns what a port name stands for, by the server's class.
func (r *Rows) named(n portName) []numbered {
	if r.pod.ports == nil {
		r.pod.ports = r.portIndex()
	}
	return r.pod.ports[n]
}

func (r *Rows) portIndex() map[portName][]numbered {
	all := map[portName][]numbered{}
	for class := range r.pods {
		for _, p := range r.example(class).Ports {
			if p.Name == "" {
				continue
			}
			key := portName{p.Protocol, p.Name}
			list := all[key]
			at, known := slices.BinarySearchFunc(list, p.Port, func(n numbered, port uint16) int { return int(n.port) - int(port) })
			if !known {
				list = slices.Insert(list, at, numbered{port: p.Port})
				all[key] = list
			}
			if l := list[at].classes; len(l) == 0 || l[len(l)-1] != int32(class) {
				list[at].classes = append(l, int32(class))
			}
		}
	}
	return all
}
