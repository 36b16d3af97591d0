package policy

import (
	"cmp"
	"slices"

	"github.com/portolan-net/portolan/flow"
)

// portSet is a set of ports: every port, or numbers by protocol and, where the
// other end decides what they are, names.
type portSet struct {
	every bool
	spans []span
	names []Port
}

// span is a range of port numbers of one protocol, both ends included. Every
// port of a protocol is 0 to 65535.
type span struct {
	protocol    flow.Protocol
	first, last uint16
}

// portsOf is the set of a rule's ports for one pod, and the names among them
// that the pod does not have. A name of an egress rule is the other end's and
// stays one, unless every port it may stand for is in the set anyway.
func portsOf(r *Rule, d Direction) (set portSet, missing []string) {
	if len(r.Ports) == 0 {
		return portSet{every: true}, nil
	}
	for _, p := range r.Ports {
		switch {
		case p.Name != "" && d == Egress:
			set.names = append(set.names, p)
		case p.Name != "" && len(p.Numbers) == 0:
			missing = append(missing, p.Name)
		case p.Name != "":
			for _, n := range p.Numbers {
				set.spans = append(set.spans, span{p.Protocol, n.Number, n.Number})
			}
		case p.First == 0:
			set.spans = append(set.spans, span{p.Protocol, 0, 65535})
		default:
			set.spans = append(set.spans, span{p.Protocol, p.First, p.Last})
		}
	}
	set.spans = mergeSpans(set.spans)
	set.names = slices.DeleteFunc(set.names, func(p Port) bool { return set.within(p.Protocol, 1, 65535) })
	byName := func(a, b Port) int { return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Name, b.Name)) }
	slices.SortFunc(set.names, byName)
	set.names = slices.CompactFunc(set.names, func(a, b Port) bool { return byName(a, b) == 0 })
	return set, missing
}

// mergeSpans is the union, in order; those that touch become one.
func mergeSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && out[n-1].protocol == s.protocol && int(s.first) <= int(out[n-1].last)+1 {
			out[n-1].last = max(out[n-1].last, s.last)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (s *portSet) isEmpty() bool { return !s.every && len(s.spans)+len(s.names) == 0 }

// holds reports whether every port of o is in s, for certain.
func (s *portSet) holds(o *portSet) bool {
	if s.every {
		return true
	}
	if o.every {
		return false
	}
	for _, x := range o.spans {
		if !s.within(x.protocol, x.first, x.last) {
			return false
		}
	}
	for _, n := range o.names {
		named := slices.ContainsFunc(s.names, func(x Port) bool { return x.Name == n.Name && x.Protocol == n.Protocol })
		if !named && !s.within(n.Protocol, 1, 65535) {
			return false
		}
	}
	return true
}

// within reports whether one range of s holds the ports.
func (s *portSet) within(p flow.Protocol, first, last uint16) bool {
	return slices.ContainsFunc(s.spans, func(x span) bool { return x.protocol == p && x.first <= first && last <= x.last })
}

// addNumbers adds what the same names stand for at other ends, to a set whose names
// are its own.
func (s *portSet) addNumbers(o *portSet) {
	for i := range s.names {
		x := &s.names[i]
		for _, n := range o.names[i].Numbers {
			k := slices.IndexFunc(x.Numbers, func(known NamedPort) bool { return known.Number == n.Number })
			if k < 0 {
				x.Numbers = append(x.Numbers, n)
				continue
			}
			for _, p := range n.Pods {
				if !slices.Contains(x.Numbers[k].Pods, p) {
					x.Numbers[k].Pods = append(x.Numbers[k].Pods, p)
				}
			}
		}
	}
}

// list is the set as ports; none means every port.
func (s *portSet) list() []Port {
	var out []Port
	for _, x := range s.spans {
		p := Port{Protocol: x.protocol, First: x.first, Last: x.last}
		if x.first == 0 {
			p.Last = 0
		}
		out = append(out, p)
	}
	return append(out, s.names...)
}
