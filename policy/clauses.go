package policy

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Clause is what one rule gives by one of its ports, before anybody was looked
// up: what Rows do for a whole Snapshot, for one policy alone and for every
// enforcer. A packet passes an isolated pod if any Clause of its policies holds
// it: it is for the port, and the other end is Everybody, or some selector
// selects it, or some block holds its address.
type Clause struct {
	Rule      int // place among the rules of the direction, or of the other one
	Everybody bool
	Selectors []*cluster.PolicyPeer // those without ipBlock
	Blocks    []*cluster.IPBlock
	// Protocol is ProtocolUnknown for every protocol and port.
	Protocol    flow.Protocol
	First, Last uint16
	// Name, if not empty, stands for the ports that the server calls so.
	Name string
	// Other: the rule is of the other direction. Selectors and blocks are then held
	// against the subject, and the other end is every pod that the policy selects.
	Other bool
	// Known: it is for pods whose labels are known, not for those that may be
	// anybody.
	Known bool
}

// Lookup finds pods for the rules whose ports an enforcer looks up beforehand:
// those with an address of their own that have not finished.
type Lookup interface {
	// Namespace calls until false with a pod of each kind in the namespace.
	Namespace(name string, each func(*cluster.Pod) bool)
	// Peers does so with those that one of the peers selects for certain.
	Peers(namespace string, peers []*cluster.PolicyPeer, each func(*cluster.Pod) bool)
}

// Clauses are those of a policy in a direction, in the order of its rules.
func Clauses(profile *cluster.PolicyProfile, p *cluster.NetworkPolicy, d Direction, pods Lookup) []Clause {
	g := clauseMaker{profile: profile, p: p, pods: pods}
	g.rules(d, false)
	if profile.SharedChains && p.IsolatesIngress && p.IsolatesEgress {
		g.rules(Ingress+Egress-d, true)
	}
	return g.out
}

type clauseMaker struct {
	profile *cluster.PolicyProfile
	p       *cluster.NetworkPolicy
	pods    Lookup
	out     []Clause
}

func (g *clauseMaker) rules(d Direction, other bool) {
	rules, _ := d.rules(g.p)
	for i := range rules {
		r := &rules[i]
		from := Clause{Rule: i, Other: other, Everybody: len(r.Peers) == 0, Last: 65535}
		for j := range r.Peers {
			if b := r.Peers[j].IPBlock; b != nil {
				from.Blocks = append(from.Blocks, b)
			} else {
				from.Selectors = append(from.Selectors, &r.Peers[j])
			}
		}
		if len(r.Ports) == 0 {
			g.out = append(g.out, from)
		}
		for j := range r.Ports {
			g.port(from, &r.Ports[j], r, d)
		}
		if g.profile.UnresolvedPortOpens && len(r.Ports) > 0 && len(from.Selectors) > 0 && !g.resolves(r, d, from.Selectors) {
			from.Blocks, from.Known = nil, true
			g.out = append(g.out, from)
		}
	}
}

func (g *clauseMaker) port(from Clause, pp *cluster.PolicyPort, r *cluster.PolicyRule, d Direction) {
	if pp.Protocol == flow.ProtocolUnknown {
		return
	}
	from.Protocol = pp.Protocol
	switch {
	case pp.Port.IsZero():
	case pp.Port.Name == "":
		from.First, from.Last = pp.Port.Number, pp.Port.Number
		if pp.EndPort != 0 {
			from.Last = pp.EndPort
		}
		if from.Last < from.First {
			return
		}
	case g.profile.EgressNameWithoutPeer && d == Egress && len(r.Peers) == 0:
		for _, n := range g.numbers(pp) {
			from.First, from.Last = n, n
			g.out = append(g.out, from)
		}
		return
	default:
		from.Name = pp.Port.Name
		if g.profile.EgressBlockIgnoresNames && d == Egress {
			from.Blocks = nil
		}
	}
	g.out = append(g.out, from)
}

// numbers are those that the policy's namespace gives a name.
func (g *clauseMaker) numbers(pp *cluster.PolicyPort) []uint16 {
	var all []uint16
	g.pods.Namespace(g.p.Namespace, func(pod *cluster.Pod) bool {
		all = append(all, pod.PortNumbers(pp.Protocol, pp.Port.Name)...)
		return true
	})
	slices.Sort(all)
	return slices.Compact(all)
}

// resolves reports whether a port of the rule is a number, or a name that some
// pod carries on which it is looked up (see nothingResolves).
func (g *clauseMaker) resolves(r *cluster.PolicyRule, d Direction, selectors []*cluster.PolicyPeer) bool {
	for i := range r.Ports {
		if r.Ports[i].Port.Name == "" {
			return true
		}
	}
	found := false
	try := func(pod *cluster.Pod) bool {
		for i := range r.Ports {
			found = found || len(pod.PortNumbers(r.Ports[i].Protocol, r.Ports[i].Port.Name)) > 0
		}
		return !found
	}
	if d == Egress {
		g.pods.Peers(g.p.Namespace, selectors, try)
		return found
	}
	g.pods.Namespace(g.p.Namespace, func(pod *cluster.Pod) bool {
		return !g.p.PodSelector.Matches(pod.Labels) || try(pod)
	})
	return found
}

// MatchesNamespace reports whether a selector selects the namespace for certain,
// and whether it may.
func (t *Tables) MatchesNamespace(s *cluster.LabelSelector, name string) (sure, perhaps bool) {
	m, _ := t.namespaceMatches(s, name)
	return m == yes, m != no
}

// Demanded is one label that every pod the selector selects must have, if there
// is one.
func Demanded(s *cluster.LabelSelector) (label [2]string, ok bool) { return demanded(s) }

// Written is equal for selectors that are written alike.
func Written(s *cluster.LabelSelector) string { return writtenAs(s) }

// ByPlace numbers the classes of the Snapshot's pods, by place; -1 for one that
// is not subject to policy. It must not be changed.
func (t *Tables) ByPlace() []int32 { return t.classOf }

// GroupOf are the policies that isolate a class in a direction, as places in the
// Snapshot; group is equal for equal lists, 0 for none.
func (t *Tables) GroupOf(class int32, d Direction) (group int32, policies []int32) {
	group = t.classes[class].ingress
	if d == Egress {
		group = t.classes[class].egress
	}
	return group, t.groups[group]
}
