package policy

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Open reports whether a rule of the direction lets everybody through on every
// port. A policy that does not isolate the direction is not asked.
func Open(p *cluster.NetworkPolicy, d Direction) bool {
	rules, _ := d.rules(p)
	for i := range rules {
		if len(rules[i].Peers)+len(rules[i].Ports) == 0 {
			return true
		}
	}
	return false
}

// Isolated reports whether policyTypes names the direction.
func Isolated(p *cluster.NetworkPolicy, d Direction) bool {
	if d == Egress {
		return p.IsolatesEgress
	}
	return p.IsolatesIngress
}

// Rules returns the policy's rules of the direction and the field they stand in.
func (d Direction) Rules(p *cluster.NetworkPolicy) ([]cluster.PolicyRule, string) { return d.rules(p) }

// OpensDNS reports whether an egress rule lets anybody be asked on 53/udp, or
// may do so by a name.
func OpensDNS(p *cluster.NetworkPolicy) bool { return opensDNS(p) }

// SelectsNamespace reports whether a namespaceSelector selects the namespace, and
// whether that is known: of one without an object only the name is.
func (t *Tables) SelectsNamespace(s *cluster.LabelSelector, name string) (selects, known bool) {
	m, _ := t.namespaceMatches(s, name)
	return m == yes, m != perhaps
}

// ServiceWith returns the Service behind which these pods stand whose port, and
// not whose target port, the number is, if none of the pods declares the number
// itself; nil if there is none.
func (d *Describer) ServiceWith(proto flow.Protocol, port uint16, servers []*cluster.Pod) (*cluster.Service, *cluster.ServicePort) {
	return d.serviceWith(&Port{Protocol: proto, First: port, Last: port}, servers)
}

// RuleOpens reports whether the ports of a rule hold a port of the server; names
// are the server's, nil has none.
func (t *Tables) RuleOpens(r *cluster.PolicyRule, server *cluster.Pod, proto flow.Protocol, port uint16) bool {
	m, _ := t.portsMatch(nil, r, &Question{Direction: Ingress, Subject: Party{Pod: server}, Protocol: proto, Port: port})
	return m == yes
}
