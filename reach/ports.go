package reach

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// key is a protocol and port as one number: TCP 0..65535, UDP, SCTP.
type key uint32

const allKeys key = 3 << 16

func keyOf(p flow.Protocol, port uint16) key { return key(p-flow.TCP)<<16 | key(port) }

// PortRange is the ports First to Last of one protocol.
type PortRange struct {
	Protocol    flow.Protocol
	First, Last uint16
}

// Ports is a set of protocols and ports, in order, without overlap, as few
// ranges as possible. Nil is none.
type Ports []PortRange

// AllPorts is every port of every protocol that a Service or policy can name.
func AllPorts() Ports {
	return Ports{{flow.TCP, 0, 65535}, {flow.UDP, 0, 65535}, {flow.SCTP, 0, 65535}}
}

// IsAll reports whether no port is missing.
func (p Ports) IsAll() bool { return p.Count() == int(allKeys) }

// Count is how many ports there are, of 3 × 65536.
func (p Ports) Count() int {
	n := 0
	for _, r := range p {
		n += int(r.Last) - int(r.First) + 1
	}
	return n
}

// Contains reports whether the port is in the set.
func (p Ports) Contains(proto flow.Protocol, port uint16) bool {
	return slices.ContainsFunc(p, func(r PortRange) bool { return r.Protocol == proto && r.First <= port && port <= r.Last })
}

// Equal reports whether two sets are the same.
func (p Ports) Equal(o Ports) bool { return slices.Equal(p, o) }

// Union is the ports of either set.
func (p Ports) Union(o Ports) Ports {
	return portsOf(combine(p.spans(), o.spans(), func(a, b bool) bool { return a || b }))
}

// And is the ports of both sets.
func (p Ports) And(o Ports) Ports {
	return portsOf(combine(p.spans(), o.spans(), func(a, b bool) bool { return a && b }))
}

// Minus is the ports of p that are not in o.
func (p Ports) Minus(o Ports) Ports {
	return portsOf(combine(p.spans(), o.spans(), func(a, b bool) bool { return a && !b }))
}

// String prints "22, 8000-8090, 53/udp", "all", or "none".
func (p Ports) String() string {
	switch {
	case len(p) == 0:
		return "none"
	case p.IsAll():
		return "all"
	}
	words := make([]string, 0, len(p))
	for _, r := range p {
		words = append(words, r.String())
	}
	return strings.Join(words, ", ")
}

// String prints "22", "8000-8090", "53/udp", or "udp" for all ports of it.
func (r PortRange) String() string {
	proto := strings.ToLower(r.Protocol.String())
	if r.First == 0 && r.Last == 65535 {
		return proto
	}
	s := strconv.Itoa(int(r.First))
	if r.Last != r.First {
		s += "-" + strconv.Itoa(int(r.Last))
	}
	if r.Protocol != flow.TCP {
		s += "/" + proto
	}
	return s
}

// spans are the keys of the set.
func (p Ports) spans() []span {
	out := make([]span, 0, len(p))
	for _, r := range p {
		out = appendSpan(out, span{int32(keyOf(r.Protocol, r.First)), int32(keyOf(r.Protocol, r.Last)) + 1})
	}
	return out
}

// portsOf is the inverse of spans: a run of keys ends with its protocol.
func portsOf(spans []span) Ports {
	var out Ports
	for _, s := range spans {
		for at := s.from; at < s.to; {
			end := min(s.to, (at>>16+1)<<16)
			out = append(out, PortRange{flow.TCP + flow.Protocol(at>>16), uint16(at), uint16(end - 1)})
			at = end
		}
	}
	return out
}
