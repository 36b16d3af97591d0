package main

// slips are mistakes that people make about the API, and that implementations
// have made.
var slips = []slip{
	{"except is ignored", "cluster/selector.go", "if e.Contains(addr) {", "if false && e.Contains(addr) {"},
	{"except is ignored where ranges are worked out", "policy/ranges.go", "if e.IsValid() && e.Overlaps(b.CIDR) {", "if false && e.IsValid() {"},
	{"only the first except counts", "policy/ranges.go", "\tfor _, e := range b.Except {\n", "\tfor _, e := range b.Except[:min(1, len(b.Except))] {\n"},
	{"endPort is not included", "policy/judge.go", "q.Port <= pp.EndPort", "q.Port < pp.EndPort"},
	{"endPort is not included in clauses", "policy/clauses.go", "from.Last = pp.EndPort", "from.Last = pp.EndPort - 1"},
	{"endPort is not included in rows", "policy/rows_ports.go", "max(pp.Port.Number, pp.EndPort)", "max(pp.Port.Number, pp.EndPort-1)"},
	{"endPort is forgotten", "policy/judge.go", "return pp.Port.Number <= q.Port && q.Port <= pp.EndPort", "return pp.Port.Number == q.Port"},
	{"an empty egress list admits everything", "policy/judge.go", "\tbest := ruleResult{}\n\trules, field := q.Direction.rules(p)\n", "\tbest := ruleResult{}\n\trules, field := q.Direction.rules(p)\n\tif q.Direction == Egress && len(rules) == 0 {\n\t\treturn ruleResult{m: yes}\n\t}\n"},
	{"an empty ingress list admits everything", "policy/clauses.go", "\trules, _ := d.rules(g.p)\n", "\trules, _ := d.rules(g.p)\n\tif d == Ingress && len(rules) == 0 {\n\t\trules = []cluster.PolicyRule{{}}\n\t}\n"},
	{"a rule without peers is about nobody", "policy/judge.go", "\tif len(r.Peers) == 0 {\n\t\treturn yes, flow.Reason{}\n", "\tif len(r.Peers) == 0 {\n\t\treturn no, flow.Reason{}\n"},
	{"a rule without ports is for no port", "policy/clauses.go", "if len(r.Ports) == 0 {\n\t\t\tg.out = append(g.out, from)", "if len(r.Ports) == 0 && r.Ports != nil {\n\t\t\tg.out = append(g.out, from)"},
	{"NotIn wants the key", "cluster/selector.go", "return !has || !slices.Contains(r.Values, value)", "return has && !slices.Contains(r.Values, value)"},
	{"DoesNotExist is always true", "cluster/selector.go", "\tcase OpDoesNotExist:\n\t\treturn !has\n", "\tcase OpDoesNotExist:\n\t\treturn true\n"},
	{"matchExpressions are ORed", "cluster/selector.go", "\t\tif !s.MatchExpressions[i].Matches(labels) {\n\t\t\treturn false\n\t\t}\n\t}\n\treturn true\n", "\t\tif s.MatchExpressions[i].Matches(labels) {\n\t\t\treturn true\n\t\t}\n\t}\n\treturn len(s.MatchExpressions) == 0\n"},
	{"an empty value is an absent key", "cluster/selector.go", "if got, ok := labels[k]; !ok || got != v {", "if labels[k] != v {"},
	{"podSelector alone selects in every namespace", "policy/judge.go", "return is(party.Pod.Namespace == p.Namespace), flow.Reason{}", "return yes, flow.Reason{}"},
	{"both selectors of a peer are ORed", "policy/judge.go", "if peer.PodSelector != nil && !peer.PodSelector.Matches(party.Pod.Labels) {", "if peer.NamespaceSelector == nil && peer.PodSelector != nil && !peer.PodSelector.Matches(party.Pod.Labels) {"},
	{"an unread namespace is taken for selected", "policy/judge.go", "\t\tcase r.Key != metadataName:\n\t\t\tanswer = min(answer, perhaps)\n", "\t\tcase r.Key != metadataName:\n"},
	{"a named port is any port", "policy/judge.go", "\t\tif n == port {\n", "\t\tif n == port || true {\n"},
	{"a named egress port is the client's", "policy/judge.go", "\tif q.Direction == Ingress {\n\t\treturn q.Subject.Pod\n", "\tif true {\n\t\treturn q.Subject.Pod\n"},
	{"a protocol is not asked", "policy/judge.go", "if pp.Protocol != q.Protocol {", "if pp.Protocol != q.Protocol && pp.Port.Number == 0 {"},
	{"egress isolates ingress, too", "policy/tables.go", "if np.IsolatesIngress {", "if np.IsolatesIngress || np.IsolatesEgress {"},
	{"who may be selected is taken for selected", "reach/group.go", "p.yes, p.perhaps = union(p.yes, found.yes), union(p.perhaps, found.perhaps)", "p.yes, p.perhaps = union(p.yes, union(found.yes, found.perhaps)), nil"},
	{"the last port is left out", "reach/group.go", "int32(keyOf(c.Protocol, c.Last)) + 1}", "int32(keyOf(c.Protocol, c.Last))}"},
}
