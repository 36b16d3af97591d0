package manifest

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
)

var (
	policyFields = []string{"egress", "ingress", "podSelector", "policyTypes"}
	policyPort   = []string{"endPort", "port", "protocol"}
	policyPeer   = []string{"ipBlock", "namespaceSelector", "podSelector"}
)

func decodePolicy(v value) any {
	v.known(objectFields...)
	v.get("metadata").known(metaFields...)
	spec := v.get("spec")
	spec.known(policyFields...)
	p := &cluster.NetworkPolicy{Meta: v.meta()}
	if s := spec.get("podSelector").selector(); s != nil {
		p.PodSelector = *s
	}
	p.Ingress = policyRules(spec.get("ingress"), "from")
	p.Egress = policyRules(spec.get("egress"), "to")
	types := spec.get("policyTypes")
	for _, t := range types.list() {
		t.need()
		switch t.oneOf("Ingress", "Egress") {
		case "Ingress":
			p.IsolatesIngress = true
		case "Egress":
			p.IsolatesEgress = true
		}
	}
	if !types.present() || len(types.n.kids) == 0 {
		// SetDefaults_NetworkPolicy: "Any policy that does not specify
		// policyTypes implies at least Ingress", and Egress if it has egress rules.
		p.IsolatesIngress = true
		p.IsolatesEgress = len(p.Egress) > 0
	}
	return p
}

// policyRules reads spec.ingress or spec.egress: nil when absent, not nil when
// empty. peers is the field that names the other side.
func policyRules(v value, peers string) []cluster.PolicyRule {
	if !v.present() {
		return nil
	}
	rules := []cluster.PolicyRule{}
	for _, r := range v.list() {
		r.known(peers, "ports")
		rules = append(rules, cluster.PolicyRule{
			Peers:    policyPeers(r.get(peers)),
			Ports:    policyPorts(r.get("ports")),
			Position: r.pos(),
		})
	}
	return rules
}

func policyPorts(v value) []cluster.PolicyPort {
	if !v.present() {
		return nil
	}
	ports := []cluster.PolicyPort{}
	for _, p := range v.list() {
		p.known(policyPort...)
		port := cluster.PolicyPort{
			Protocol: p.get("protocol").protocol(),
			Port:     p.get("port").portRef(),
			Position: p.pos(),
		}
		if end := p.get("endPort"); end.present() {
			port.EndPort = endPort(end, port.Port)
		}
		ports = append(ports, port)
	}
	return ports
}

// endPort checks what the API says: "This field cannot be defined if the port
// field is not defined or if the port field is defined as a named (string)
// port. The endPort must be equal or greater than port."
func endPort(end value, port cluster.PortRef) uint16 {
	n := end.port()
	switch {
	case port.Name != "":
		end.fail("endPort needs a port given by number, and port is the name "+quote(port.Name), "")
	case port.Number == 0:
		end.fail("endPort needs a port to begin the range", "add port: with the first port of the range")
	case n != 0 && n < port.Number:
		end.failf("endPort %d is below port %d", n, port.Number)
	}
	return n
}

func policyPeers(v value) []cluster.PolicyPeer {
	if !v.present() {
		return nil
	}
	peers := []cluster.PolicyPeer{}
	for _, p := range v.list() {
		p.known(policyPeer...)
		peer := cluster.PolicyPeer{
			PodSelector:       p.get("podSelector").selector(),
			NamespaceSelector: p.get("namespaceSelector").selector(),
			IPBlock:           ipBlock(p.get("ipBlock")),
			Position:          p.pos(),
		}
		selectors := peer.PodSelector != nil || peer.NamespaceSelector != nil
		switch {
		case peer.IPBlock != nil && selectors:
			p.fail("a peer is an ipBlock or selectors, not both", "make two peers of it: each begins with its own '-'")
		case peer.IPBlock == nil && !selectors:
			p.fail("a peer names nobody: podSelector, namespaceSelector or ipBlock is required",
				"for every pod of every namespace write namespaceSelector: {}; for everybody leave the whole list out")
		}
		peers = append(peers, peer)
	}
	return peers
}

func ipBlock(v value) *cluster.IPBlock {
	if !v.mapping() {
		return nil
	}
	v.known("cidr", "except")
	b := &cluster.IPBlock{CIDR: v.get("cidr").prefix()}
	for _, e := range v.get("except").list() {
		x := e.prefix()
		if x.IsValid() && b.CIDR.IsValid() && !strictlyWithin(x, b.CIDR) {
			e.failf("except %s is not a part of cidr %s", x, b.CIDR)
		}
		b.Except = append(b.Except, x)
	}
	return b
}

// strictlyWithin is the API server's rule: "must be a strict subset of cidr".
func strictlyWithin(x, cidr netip.Prefix) bool {
	return x.Addr().Is6() == cidr.Addr().Is6() && cidr.Contains(x.Addr()) && cidr.Bits() < x.Bits()
}

// selector reads a metav1.LabelSelector: nil when absent.
func (v value) selector() *cluster.LabelSelector {
	if !v.mapping() {
		return nil
	}
	v.known("matchExpressions", "matchLabels")
	s := &cluster.LabelSelector{MatchLabels: v.get("matchLabels").labels()}
	for _, e := range v.get("matchExpressions").list() {
		s.MatchExpressions = append(s.MatchExpressions, e.requirement())
	}
	return s
}

func (v value) requirement() cluster.Requirement {
	v.known("key", "operator", "values")
	key, op, values := v.get("key"), v.get("operator"), v.get("values")
	key.need()
	op.need()
	r := cluster.Requirement{Key: key.str(), Operator: cluster.Operator(op.oneOf("In", "NotIn", "Exists", "DoesNotExist"))}
	key.checkLabelKey(r.Key)
	for _, item := range values.list() {
		r.Values = append(r.Values, item.labelValue())
	}
	switch r.Operator {
	case cluster.OpIn, cluster.OpNotIn:
		if len(r.Values) == 0 {
			values.failf("operator %s needs values", r.Operator)
		}
	case cluster.OpExists, cluster.OpDoesNotExist:
		if len(r.Values) > 0 {
			values.failf("operator %s takes no values", r.Operator)
		}
	}
	return r
}
